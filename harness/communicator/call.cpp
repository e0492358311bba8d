// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/call.hpp"

#include <numeric>

#include "harness/data/error.hpp"

namespace lockstep {

std::string_view name_of(Collective collective) {
  switch (collective) {
    case Collective::all_reduce: return "all_reduce";
    case Collective::reduce_scatter: return "reduce_scatter";
    case Collective::all_gather: return "all_gather";
    case Collective::all_gather_uneven: return "all_gather_uneven";
    case Collective::broadcast: return "broadcast";
    case Collective::all_to_all: return "all_to_all";
    case Collective::send: return "send";
    case Collective::receive: return "receive";
    case Collective::barrier: return "barrier";
  }
  return "";
}

std::string_view name_of(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum: return "sum";
    case Reduction::max: return "max";
    case Reduction::min: return "min";
  }
  return "";
}

bool is_point_to_point(Collective collective) {
  return collective == Collective::send || collective == Collective::receive;
}

Buffer buffer_of(const TensorView& tensor) {
  if (!tensor.is_contiguous())
    throw Error("communicator: the tensor of shape " + to_text(tensor.shape) +
                " is a strided view; accepted: contiguous");
  return {tensor.data, tensor.count(), tensor.dtype};
}

namespace {

/// "call 3 send(1024 f32 to rank 1)".
std::string what(const Call& call) {
  std::string text = is_point_to_point(call.collective) ? "message " : "call ";
  text += std::to_string(call.number) + ' ' + std::string(name_of(call.collective));
  if (call.collective == Collective::barrier) return text;
  const bool reduces = call.collective == Collective::all_reduce || call.collective == Collective::reduce_scatter;
  text += '(';
  if (reduces) text += std::string(name_of(call.reduction)) + " of ";
  text += std::to_string(call.count) + ' ' + std::string(name_of(call.dtype));
  if (call.collective == Collective::all_gather_uneven) {
    text += ", counts";
    for (const std::int64_t count : call.counts) text += ' ' + std::to_string(count);
  }
  if (call.collective == Collective::broadcast) text += " from rank " + std::to_string(call.peer);
  if (call.collective == Collective::send) text += " to rank " + std::to_string(call.peer);
  if (call.collective == Collective::receive) text += " from rank " + std::to_string(call.peer);
  return text + ')';
}

}  // namespace

std::string describe(const Call& call) {
  std::string text = what(call);
  if (call.step >= 0) text += " in step " + std::to_string(call.step);
  if (!call.label.empty()) text += ", " + call.label;
  return text;
}

bool matches(const Call& one, const Call& other) {
  if (one.collective != other.collective || one.number != other.number || one.dtype != other.dtype) return false;
  if (one.collective == Collective::all_gather_uneven) return one.counts == other.counts;
  return one.reduction == other.reduction && one.count == other.count && one.peer == other.peer;
}

std::int64_t payload_bytes(const Call& call, int ranks) {
  const auto element = static_cast<std::int64_t>(size_in_bytes(call.dtype));
  switch (call.collective) {
    case Collective::barrier: return 0;
    case Collective::reduce_scatter:
    case Collective::all_gather:
    case Collective::all_to_all: return call.count * ranks * element;
    case Collective::all_gather_uneven:
      return std::accumulate(call.counts.begin(), call.counts.end(), std::int64_t{0}) * element;
    default: return call.count * element;
  }
}

double bus_factor(Collective collective, int ranks) {
  const double others = static_cast<double>(ranks - 1) / ranks;
  switch (collective) {
    case Collective::all_reduce: return 2 * others;
    case Collective::reduce_scatter:
    case Collective::all_gather:
    case Collective::all_gather_uneven:
    case Collective::all_to_all: return others;
    case Collective::barrier: return 0;
    default: return 1;
  }
}

}  // namespace lockstep
