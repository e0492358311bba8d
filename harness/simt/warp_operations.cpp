// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/warp_operations.hpp"

#include "harness/simt/block_runner.hpp"
#include "harness/simt/check_mode.hpp"

namespace lockstep::simt {
namespace {

template <class Value>
Value row(const unsigned char (&bytes)[16]) {
  Value value;
  std::memcpy(&value, bytes, sizeof(Value));
  return value;
}

/// Calls `visit(lane)` for each lane of the mask, in ascending order.
template <class Visit>
void for_each_lane(unsigned mask, const Visit& visit) {
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) visit(static_cast<unsigned>(__builtin_ctz(rest)));
}

void complete_vote(WarpExchange& exchange, unsigned mask, const void*) {
  unsigned ballot = 0;
  for_each_lane(mask, [&](unsigned lane) { ballot |= row<unsigned>(exchange.operand[lane]) << lane; });
  for_each_lane(mask, [&](unsigned lane) { std::memcpy(exchange.result[lane], &ballot, sizeof(ballot)); });
}

void complete_match(WarpExchange& exchange, unsigned mask, const void*) {
  using Bits = unsigned long long;
  for_each_lane(mask, [&](unsigned lane) {
    unsigned equal = 0;
    for_each_lane(mask, [&](unsigned other) {
      const bool same = row<Bits>(exchange.operand[lane]) == row<Bits>(exchange.operand[other]);
      equal |= static_cast<unsigned>(same) << other;
    });
    std::memcpy(exchange.result[lane], &equal, sizeof(equal));
  });
}

void complete_synchronization(WarpExchange&, unsigned mask, const void*) {
  if constexpr (check::kIsOn) check::join_lanes(static_cast<const SimulatedThread*>(this_thread)->warp, mask);
}

constexpr WarpOperation kVote{"vote", &complete_vote};
constexpr WarpOperation kMatch{"match", &complete_match};
constexpr WarpOperation kSynchronize{"__syncwarp", &complete_synchronization};

template <class Value>
unsigned ask(unsigned mask, const WarpOperation& operation, Value value, const char* file, int line) {
  const unsigned lane = this_thread->lane;
  WarpExchange& exchange = *this_thread->exchange;
  std::memcpy(exchange.operand[lane], &value, sizeof(value));
  wait_for_lanes(mask, operation, nullptr, file, line);
  return row<unsigned>(exchange.result[lane]);
}

}  // namespace

unsigned vote(unsigned mask, bool predicate, const char* file, int line) {
  return ask(mask, kVote, static_cast<unsigned>(predicate), file, line);
}

unsigned match_any(unsigned mask, unsigned long long value, const char* file, int line) {
  return ask(mask, kMatch, value, file, line);
}

void synchronize_lanes(unsigned mask, const char* file, int line) {
  wait_for_lanes(mask, kSynchronize, nullptr, file, line);
}

}  // namespace lockstep::simt
