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
    : inner_(inner), link_(link), queue_([this](const Call& call, bool) {
        inner_.run(call);
        // After the real call, since only then have all ranks arrived.
        std::this_thread::sleep_for(std::chrono::duration<double>(modelled_seconds(call, size(), link_)));
      }) {
  if (!(link.latency_seconds >= 0) || !(link.seconds_per_byte >= 0))
    throw Error("modelled link: latency_seconds and seconds_per_byte; accepted: 0 and more");
}

}  // namespace lockstep
