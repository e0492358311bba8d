// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/communicator.hpp"

#include <numeric>
#include <utility>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

/// Elements from the start of the larger buffer to the smaller one where the two are in place; the larger is `out` of a
/// gather and `in` of a reduce_scatter.
std::int64_t in_place_offset(const Call& call, int rank) {
  switch (call.collective) {
    case Collective::reduce_scatter:
    case Collective::all_gather: return rank * call.count;
    case Collective::all_gather_uneven:
      return std::accumulate(call.counts.begin(), call.counts.begin() + rank, std::int64_t{0});
    default: return 0;
  }
}

}  // namespace

void Communicator::reject(const Call& call, const std::string& why) const {
  throw Error("rank " + std::to_string(rank()) + ": " + describe(call) + ": " + why);
}

void Communicator::check_overlap(const Call& call, std::int64_t in_count, std::int64_t out_count) const {
  const auto element = static_cast<std::int64_t>(size_in_bytes(call.dtype));
  const auto* in = static_cast<const std::byte*>(call.in);
  const auto* out = static_cast<const std::byte*>(call.out);
  const std::less<const std::byte*> before;
  if (!in || !out || in_count == 0 || out_count == 0) return;
  if (!before(in, out + out_count * element) || !before(out, in + in_count * element)) return;
  const std::int64_t offset = in_place_offset(call, rank()) * element;
  const bool scatters = call.collective == Collective::reduce_scatter;
  if (call.collective != Collective::all_to_all && (scatters ? in + offset == out : out + offset == in)) return;
  reject(call, call.collective == Collective::all_to_all
                   ? "its two buffers overlap; accepted: buffers that lie apart"
                   : "its two buffers overlap; accepted: buffers that lie apart, or exactly in place");
}

std::int64_t& Communicator::calls_made(Collective collective, int peer) {
  if (!is_point_to_point(collective)) return collectives_;
  std::vector<std::int64_t>& messages = collective == Collective::send ? sent_ : received_;
  messages.resize(static_cast<std::size_t>(size()));
  return messages[static_cast<std::size_t>(peer)];
}

Call Communicator::begin(Collective collective, DType dtype, std::int64_t count, int peer) {
  Call call{.collective = collective, .dtype = dtype, .count = count, .peer = peer, .step = step_, .label = label_};
  const bool point_to_point = is_point_to_point(collective);
  if (point_to_point || collective == Collective::broadcast)
    if (peer < 0 || peer >= size() || (point_to_point && peer == rank()))
      reject(call, "there is no such rank; accepted: 0 to " + std::to_string(size() - 1) +
                       (point_to_point ? ", but not the rank itself" : ""));
  call.number = calls_made(collective, peer) + 1;
  return call;
}

Call Communicator::checked(Call call, ConstBuffer in, Buffer out) {
  call.in = in.data;
  call.out = out.data;
  if (in.count < 0 || out.count < 0) reject(call, "a negative count");
  if ((in.count > 0 && !in.data) || (out.count > 0 && !out.data)) reject(call, "a null buffer");
  check_overlap(call, in.count, out.count);
  ++calls_made(call.collective, call.peer);
  TrafficCount& traffic = traffic_[static_cast<std::size_t>(call.collective)];
  ++traffic.calls;
  traffic.bytes += payload_bytes(call, size());
  return call;
}

Call Communicator::reducing(Collective collective, ConstBuffer in, Buffer out, Reduction reduction) {
  Call call = begin(collective, in.dtype, out.count);
  call.reduction = reduction;
  const std::int64_t parts = collective == Collective::reduce_scatter ? size() : 1;
  if (in.dtype != out.dtype || in.count != parts * out.count)
    reject(call, "it reads " + std::to_string(in.count) + " elements and writes " + std::to_string(out.count) +
                     "; accepted: one dtype, and " + std::to_string(parts) + " read for each that is written");
  if (in.dtype == DType::u8) reject(call, "u8 is not reduced; accepted: f64, f32, f16, bf16, i64");
  return checked(std::move(call), in, out);
}

Call Communicator::moving(Collective collective, ConstBuffer in, Buffer out) {
  const std::int64_t ranks = size();
  const bool gathers = collective == Collective::all_gather;
  Call call = begin(collective, in.dtype, gathers ? in.count : in.count / ranks);
  if (in.dtype != out.dtype || out.count != (gathers ? ranks * in.count : in.count) ||
      (!gathers && in.count % ranks != 0))
    reject(call, "it reads " + std::to_string(in.count) + " elements and writes " + std::to_string(out.count) +
                     "; accepted: one dtype, and " +
                     (gathers ? std::to_string(ranks) + " written for each that is read"
                              : "as many read as written, a multiple of " + std::to_string(ranks)));
  return checked(std::move(call), in, out);
}

Call Communicator::gathering_uneven(ConstBuffer in, Buffer out, std::span<const std::int64_t> counts) {
  Call call = begin(Collective::all_gather_uneven, in.dtype, in.count);
  call.counts.assign(counts.begin(), counts.end());
  if (counts.size() != static_cast<std::size_t>(size()))
    reject(call,
           std::to_string(counts.size()) + " counts; accepted: one for each of " + std::to_string(size()) + " ranks");
  for (const std::int64_t count : counts)
    if (count < 0) reject(call, "a negative count");
  if (in.dtype != out.dtype || in.count != counts[static_cast<std::size_t>(rank())] ||
      out.count != std::accumulate(counts.begin(), counts.end(), std::int64_t{0}))
    reject(call, "it reads " + std::to_string(in.count) + " elements and writes " + std::to_string(out.count) +
                     "; accepted: one dtype, this rank's count, and the sum of counts");
  return checked(std::move(call), in, out);
}

Call Communicator::with_peer(Collective collective, ConstBuffer in, Buffer out, int peer) {
  const ConstBuffer side = collective == Collective::receive ? ConstBuffer(out) : in;
  return checked(begin(collective, side.dtype, side.count, peer), in, out);
}

Call Communicator::meeting() { return checked(begin(Collective::barrier, DType::u8, 0), {}, {}); }

TrafficCount Communicator::total_traffic() const {
  TrafficCount total;
  for (const TrafficCount& each : traffic_) {
    total.calls += each.calls;
    total.bytes += each.bytes;
  }
  return total;
}

void Communicator::all_reduce(ConstBuffer in, Buffer out, Reduction reduction) {
  run(reducing(Collective::all_reduce, in, out, reduction));
}
void Communicator::reduce_scatter(ConstBuffer in, Buffer out, Reduction reduction) {
  run(reducing(Collective::reduce_scatter, in, out, reduction));
}
void Communicator::all_gather(ConstBuffer in, Buffer out) { run(moving(Collective::all_gather, in, out)); }
void Communicator::all_gather_uneven(ConstBuffer in, Buffer out, std::span<const std::int64_t> counts) {
  run(gathering_uneven(in, out, counts));
}
void Communicator::broadcast(Buffer in_out, int root) { run(with_peer(Collective::broadcast, in_out, in_out, root)); }
void Communicator::all_to_all(ConstBuffer in, Buffer out) { run(moving(Collective::all_to_all, in, out)); }
void Communicator::send(ConstBuffer in, int to) { run(with_peer(Collective::send, in, {}, to)); }
void Communicator::receive(Buffer out, int from) { run(with_peer(Collective::receive, {}, out, from)); }
void Communicator::barrier() { run(meeting()); }

Handle Communicator::start_all_reduce(ConstBuffer in, Buffer out, Reduction reduction) {
  return start(reducing(Collective::all_reduce, in, out, reduction));
}
Handle Communicator::start_reduce_scatter(ConstBuffer in, Buffer out, Reduction reduction) {
  return start(reducing(Collective::reduce_scatter, in, out, reduction));
}
Handle Communicator::start_all_gather(ConstBuffer in, Buffer out) {
  return start(moving(Collective::all_gather, in, out));
}
Handle Communicator::start_all_gather_uneven(ConstBuffer in, Buffer out, std::span<const std::int64_t> counts) {
  return start(gathering_uneven(in, out, counts));
}
Handle Communicator::start_broadcast(Buffer in_out, int root) {
  return start(with_peer(Collective::broadcast, in_out, in_out, root));
}
Handle Communicator::start_all_to_all(ConstBuffer in, Buffer out) {
  return start(moving(Collective::all_to_all, in, out));
}
Handle Communicator::start_send(ConstBuffer in, int to) { return start(with_peer(Collective::send, in, {}, to)); }
Handle Communicator::start_receive(Buffer out, int from) {
  return start(with_peer(Collective::receive, {}, out, from));
}
Handle Communicator::start_barrier() { return start(meeting()); }

}  // namespace lockstep
