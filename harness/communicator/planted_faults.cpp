// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/planted_faults.hpp"

#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "harness/communicator/call_extent.hpp"
#include "harness/data/error.hpp"

namespace lockstep {
namespace {

/// Turns the lowest bit of the last of `count` elements: little-endian, so it is in the element's first byte.
void turn_last_bit(void* data, std::int64_t count, DType dtype) {
  const auto size = static_cast<std::int64_t>(size_in_bytes(dtype));
  static_cast<std::byte*>(data)[(count - 1) * size] ^= std::byte{1};
}

/// The elements that this rank gives; of all_gather_uneven as the ranks compare it.
std::int64_t& elements_given(Call& call, int rank) {
  return call.collective == Collective::all_gather_uneven ? call.counts[static_cast<std::size_t>(rank)] : call.count;
}

/// What wrong_element chooses from: what the call writes, for send what it sends.
std::int64_t elements_to_change(const Call& call, int ranks) {
  return call.collective == Collective::send ? call.count : elements_written(call, ranks);
}

/// A call without elements has none to lose or to change.
bool takes_effect(CommunicationFault fault, Call call, int rank, int ranks) {
  if (fault == CommunicationFault::wrong_count) return elements_given(call, rank) > 0;
  if (fault == CommunicationFault::wrong_element) return elements_to_change(call, ranks) > 0;
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
    : inner_(inner),
      faults_(std::move(faults)),
      queue_([this](const Call& call, const CallOrigin&) { execute(call); }) {}

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
  if (!takes_effect(fault.fault, call, rank(), size())) return inner_.run(call);
  ++planted_;
  switch (fault.fault) {
    case CommunicationFault::drop: return;
    case CommunicationFault::repeat: inner_.run(call); return inner_.run(call);
    case CommunicationFault::reorder: held_ = call; return;
    case CommunicationFault::delay:
      std::this_thread::sleep_for(std::chrono::duration<double>(fault.delay_seconds));
      return inner_.run(call);
    case CommunicationFault::die:
      dead_ = true;
      throw Error("rank " + std::to_string(rank()) + ": " + describe(call) + ": planted fault: the rank died");
    case CommunicationFault::wrong_count: {
      Call shorter = call;
      --elements_given(shorter, rank());
      return inner_.run(shorter);
    }
    case CommunicationFault::wrong_element: return run_with_wrong_element(call);
  }
}

void PlantedFaults::run_with_wrong_element(const Call& call) {
  const std::int64_t count = elements_to_change(call, size());
  if (call.collective != Collective::send) {
    inner_.run(call);
    return turn_last_bit(call.out, count, call.dtype);
  }
  const auto* from = static_cast<const std::byte*>(call.in);
  std::vector<std::byte> payload(from, from + static_cast<std::size_t>(count) * size_in_bytes(call.dtype));
  turn_last_bit(payload.data(), count, call.dtype);
  Call changed = call;
  changed.in = payload.data();
  inner_.run(changed);
}

}  // namespace lockstep
