// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/fault_power.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/collectives/collective_case.hpp"

namespace lockstep {
namespace {

// A rank that is late by more than the limit, and no healthy rank of a busy machine.
constexpr double kArrivalLimit = 20, kShortArrivalLimit = 0.2, kDelay = 0.6;

/// Why all ranks making the same mistake changes no result; see noticeable_faults.
bool is_harmless_on_every_rank(CommunicationFault fault, Collective collective) {
  if (fault == CommunicationFault::delay) return true;
  if (collective == Collective::barrier) return fault != CommunicationFault::die;
  return fault == CommunicationFault::repeat && collective != Collective::all_reduce && !is_point_to_point(collective);
}

bool has_no_elements(CommunicationFault fault, Collective collective) {
  return collective == Collective::barrier &&
         (fault == CommunicationFault::wrong_count || fault == CommunicationFault::wrong_element);
}

bool comes_in_its_turn(CommunicationFault fault, Collective collective) {
  return fault == CommunicationFault::reorder && collective == Collective::send;
}

/// Whether only the time limit can end it: a rank is late, or ranks wait for messages that nobody sends.
bool needs_the_limit(const PlantedFault& fault) {
  if (fault.fault == CommunicationFault::delay) return true;
  return is_point_to_point(fault.collective) &&
         (fault.fault == CommunicationFault::drop || fault.fault == CommunicationFault::reorder ||
          fault.fault == CommunicationFault::repeat);
}

CollectiveCase case_with(Collective collective, bool started) {
  CollectiveCase problem{.collective = collective, .dtype = DType::f32, .count = 1000, .started = started};
  if (collective == Collective::receive) problem.collective = Collective::send;  // one case makes both calls
  problem.in_place = collective == Collective::all_reduce;  // where a repeated call adds to its own result
  return problem;
}

}  // namespace

std::vector<PlantedFault> noticeable_faults(int ranks) {
  std::vector<PlantedFault> faults;
  for (int collective = 0; collective < kCollectives; ++collective)
    for (int kind = 0; kind < kCommunicationFaults; ++kind)
      for (const int rank : {ranks - 1, kEveryRank}) {
        const PlantedFault fault{.fault = static_cast<CommunicationFault>(kind),
                                 .collective = static_cast<Collective>(collective),
                                 .nth = 2,
                                 .rank = rank,
                                 .delay_seconds = kDelay};
        if (rank != kEveryRank && comes_in_its_turn(fault.fault, fault.collective)) continue;
        if (has_no_elements(fault.fault, fault.collective)) continue;
        if (rank == kEveryRank && is_harmless_on_every_rank(fault.fault, fault.collective)) continue;
        faults.push_back(fault);
      }
  return faults;
}

std::string label_of(const PlantedFault& fault) {
  return std::string(name_of(fault.collective)) + '/' + std::string(name_of(fault.fault)) +
         ",rank=" + (fault.rank == kEveryRank ? "every" : std::to_string(fault.rank));
}

bool FaultOutcome::caught() const {
  return std::any_of(failures.begin(), failures.end(), [](const std::string& failure) { return !failure.empty(); });
}

FaultOutcome plant(const PlantedFault& fault, int ranks, bool started) {
  FaultOutcome outcome{.fault = fault, .planted = 0, .failures = {}};
  std::atomic<int> planted{0};
  const auto body = [&](Communicator& transport) {
    const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
    PlantedFaults faulty(transport, {fault});
    std::string wrong;
    try {
      for (std::uint64_t call = 1; call <= 3 && wrong.empty(); ++call)
        wrong = check_collective(faulty, *host, case_with(fault.collective, started), call);
    } catch (const Error& error) {
      wrong = error.what();
    }
    planted += faulty.planted();
    if (!wrong.empty()) throw Error(wrong);
  };
  outcome.failures = failures_of_ranks(
      ranks, body, {.arrival_limit_seconds = needs_the_limit(fault) ? kShortArrivalLimit : kArrivalLimit});
  outcome.planted = planted;
  return outcome;
}

}  // namespace lockstep
