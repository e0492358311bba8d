// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/planted_faults.hpp"

#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>
#include <utility>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

std::int64_t elements_written(const Call& call, int ranks) {
  switch (call.collective) {
    case Collective::all_gather:
    case Collective::all_to_all: return call.count * ranks;
    case Collective::all_gather_uneven: return std::accumulate(call.counts.begin(), call.counts.end(), std::int64_t{0});
    case Collective::barrier: return 0;
    default: return call.count;
  }
}

/// Turns the lowest bit of the last of `count` elements: little-endian, so it is in the element's first byte.
void turn_last_bit(void* data, std::int64_t count, DType dtype) {
  const auto size = static_cast<std::int64_t>(size_in_bytes(dtype));
  static_cast<std::byte*>(data)[(count - 1) * size] ^= std::byte{1};
}

/// One element less on this rank; false where there is none.
bool shorten(Call& call, int rank) {
  std::int64_t& count =
      call.collective == Collective::all_gather_uneven ? call.counts[static_cast<std::size_t>(rank)] : call.count;
  if (count == 0 || call.collective == Collective::barrier) return false;
  --count;
  return true;
}

}  // namespace

std::string_view name_of(CommunicationFault fault) {
  switch (fault) {
    case CommunicationFault::drop: return "drop";
    case CommunicationFault::repeat: return "repeat";
    case CommunicationFault::reorder: return "reorder";
    case CommunicationFault::delay: return "delay";
    case CommunicationFault::die: return "die";
    case CommunicationFault::wrong_count: return "wrong_count";
    case CommunicationFault::wrong_element: return "wrong_element";
  }
  return "";
}

PlantedFaults::PlantedFaults(Communicator& inner, std::vector<PlantedFault> faults)
    : inner_(inner), faults_(std::move(faults)), queue_([this](const Call& call, bool) { execute(call); }) {}

const PlantedFault* PlantedFaults::fault_of(const Call& call) {
  const std::int64_t nth = ++calls_[static_cast<std::size_t>(call.collective)];
  for (const PlantedFault& fault : faults_)
    if (fault.collective == call.collective && fault.nth == nth && (fault.rank == kEveryRank || fault.rank == rank()))
      return &fault;
  return nullptr;
}

void PlantedFaults::execute(const Call& call) {
  const PlantedFault* fault = fault_of(call);
  if (dead_)
    throw Error("rank " + std::to_string(rank()) + ": " + describe(call) + ": planted fault: the rank is dead");
  const std::optional<Call> held = std::exchange(held_, std::nullopt);
  if (fault)
    execute_with(*fault, call);
  else
    inner_.run(call);
  if (held) inner_.run(*held);
}

void PlantedFaults::execute_with(const PlantedFault& fault, const Call& call) {
  Call changed = call;
  std::vector<std::byte> payload;
  switch (fault.fault) {
    case CommunicationFault::drop: break;
    case CommunicationFault::repeat:
      inner_.run(call);
      inner_.run(call);
      break;
    case CommunicationFault::reorder: held_ = call; break;
    case CommunicationFault::delay:
      std::this_thread::sleep_for(std::chrono::duration<double>(fault.delay_seconds));
      inner_.run(call);
      break;
    case CommunicationFault::die:
      dead_ = true;
      ++planted_;
      throw Error("rank " + std::to_string(rank()) + ": " + describe(call) + ": planted fault: the rank died");
    case CommunicationFault::wrong_count:
      if (!shorten(changed, rank())) --planted_;
      inner_.run(changed);
      break;
    case CommunicationFault::wrong_element: {
      const std::int64_t count = elements_written(call, size());
      if (count == 0) {
        --planted_;
      } else if (call.collective == Collective::send) {
        const auto* from = static_cast<const std::byte*>(call.in);
        payload.assign(from, from + static_cast<std::size_t>(count) * size_in_bytes(call.dtype));
        turn_last_bit(payload.data(), count, call.dtype);
        changed.in = payload.data();
      }
      inner_.run(changed);
      if (count > 0 && call.out) turn_last_bit(call.out, count, call.dtype);
      break;
    }
  }
  ++planted_;
}

}  // namespace lockstep
