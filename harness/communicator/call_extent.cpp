// SPDX-License-Identifier: Apache-2.0
#include "harness/communicator/call_extent.hpp"

#include <numeric>

namespace lockstep {

std::int64_t elements_read(const Call& call, int rank, int ranks) {
  switch (call.collective) {
    case Collective::all_reduce:
    case Collective::all_gather:
    case Collective::all_gather_uneven:
    case Collective::send: return call.count;
    case Collective::reduce_scatter:
    case Collective::all_to_all: return call.count * ranks;
    case Collective::broadcast: return rank == call.peer ? call.count : 0;
    case Collective::receive:
    case Collective::barrier: return 0;
  }
  return 0;
}

std::int64_t elements_written(const Call& call, int ranks) {
  switch (call.collective) {
    case Collective::all_reduce:
    case Collective::reduce_scatter:
    case Collective::broadcast:
    case Collective::receive: return call.count;
    case Collective::all_gather:
    case Collective::all_to_all: return call.count * ranks;
    case Collective::all_gather_uneven: return std::accumulate(call.counts.begin(), call.counts.end(), std::int64_t{0});
    case Collective::send:
    case Collective::barrier: return 0;
  }
  return 0;
}

}  // namespace lockstep
