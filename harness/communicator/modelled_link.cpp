// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/modelled_link.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

int steps_of(Collective collective, int ranks) {
  switch (collective) {
    case Collective::all_reduce: return 2 * (ranks - 1);
    case Collective::send:
    case Collective::receive: return 1;
    case Collective::barrier: return std::bit_width(static_cast<unsigned>(ranks - 1));
    default: return ranks - 1;
  }
}

}  // namespace

double modelled_seconds(const Call& call, int ranks, LinkModel link) {
  if (ranks == 1) return 0;
  const int steps = steps_of(call.collective, ranks);
  if (call.collective == Collective::all_gather_uneven) {
    const std::int64_t largest = *std::max_element(call.counts.begin(), call.counts.end());
    return steps * (link.latency_seconds + static_cast<double>(largest) *
                                               static_cast<double>(size_in_bytes(call.dtype)) * link.seconds_per_byte);
  }
  return steps * link.latency_seconds +
         bus_factor(call.collective, ranks) * static_cast<double>(payload_bytes(call, ranks)) * link.seconds_per_byte;
}

ModelledLink::ModelledLink(Communicator& inner, LinkModel link)
    : inner_(inner),
      link_(link),
      queue_([this](const Call& call, const CallOrigin& origin) { carry_out(call, origin.made); }) {
  if (!(link.latency_seconds >= 0) || !(link.seconds_per_byte >= 0))
    throw Error("modelled link: latency_seconds and seconds_per_byte; accepted: 0 and more");
}

ModelledLink::Clock::time_point ModelledLink::made_by_all(const Call& call, Clock::time_point made) {
  std::int64_t ticks = made.time_since_epoch().count();
  Call latest = call;
  latest.collective = Collective::all_reduce;
  latest.reduction = Reduction::max;
  latest.dtype = DType::i64;
  latest.count = 1;
  latest.in = latest.out = &ticks;
  latest.peer = -1;
  latest.counts.clear();
  inner_.run(latest);
  return Clock::time_point(Clock::duration(ticks));
}

void ModelledLink::carry_out(const Call& call, Clock::time_point made) {
  const auto transfer =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(modelled_seconds(call, size(), link_)));
  if (is_point_to_point(call.collective)) {
    inner_.run(call);
    std::this_thread::sleep_for(transfer);
    return;
  }
  const Clock::time_point begin = std::max(made_by_all(call, made), free_from_);
  inner_.run(call);
  free_from_ = begin + transfer;
  std::this_thread::sleep_until(free_from_);
}

}  // namespace lockstep
