// SPDX-License-Identifier: Apache-2.0
// Shuffles, votes and reductions of a warp, for the emulator.
#pragma once

#include <cstring>
#include <type_traits>

#include "harness/simt/execution.hpp"

namespace lockstep::simt {

/// Copies, for every lane of the mask, `kBytes` from the operand of the lane it reads from into its result.
template <unsigned kBytes>
void exchange_rows(WarpExchange& exchange, unsigned mask, const void*) {
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    const unsigned source = exchange.source[lane];
    if (!((mask >> source) & 1u)) throw_absent_source(lane, source, mask);
    std::memcpy(exchange.result[lane], exchange.operand[source], kBytes);
  }
}

enum class ShuffleKind { index, up, down, exclusive_or };

template <ShuffleKind kKind, unsigned kBytes>
inline constexpr WarpOperation kShuffle{kKind == ShuffleKind::index  ? "__shfl_sync"
                                        : kKind == ShuffleKind::up   ? "__shfl_up_sync"
                                        : kKind == ShuffleKind::down ? "__shfl_down_sync"
                                                                     : "__shfl_xor_sync",
                                        &exchange_rows<kBytes>};

/// The lane that `lane` reads from when the warp is cut into segments of `width` lanes; its own where CUDA says so.
template <ShuffleKind kKind>
constexpr unsigned shuffle_source(unsigned lane, unsigned operand, unsigned width) {
  const unsigned first = lane & ~(width - 1), last = first + width - 1;
  if constexpr (kKind == ShuffleKind::index) {
    return first + (operand & (width - 1));
  } else if constexpr (kKind == ShuffleKind::up) {
    return operand <= lane - first ? lane - operand : lane;
  } else if constexpr (kKind == ShuffleKind::down) {
    return operand <= last - lane ? lane + operand : lane;
  } else {
    const unsigned source = (lane ^ operand) & (kWarpLanes - 1);
    return source <= last ? source : lane;  // an earlier segment may be read, a later one not
  }
}

template <ShuffleKind kKind, class Value>
inline Value shuffle(unsigned mask, Value value, unsigned operand, int width, const char* file, int line) {
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) <= 16);
  // Few row sizes, so that the lanes of one warp meet in the same operation whatever the type of the value.
  constexpr unsigned kBytes = sizeof(Value) <= 4 ? 4 : sizeof(Value) <= 8 ? 8 : 16;
  if (width < 1 || width > 32 || (width & (width - 1)) != 0)
    throw_bad_argument("width of a shuffle", width, "1, 2, 4, 8, 16, 32", file, line);
  const unsigned lane = this_thread->lane;
  WarpExchange& exchange = *this_thread->exchange;
  std::memcpy(exchange.operand[lane], &value, sizeof(Value));
  exchange.source[lane] = static_cast<std::uint8_t>(shuffle_source<kKind>(lane, operand, static_cast<unsigned>(width)));
  wait_for_lanes(mask, kShuffle<kKind, kBytes>, nullptr, file, line);
  std::memcpy(&value, exchange.result[lane], sizeof(Value));
  return value;
}

/// Leaves in every lane of the mask the combination, as a tree, of the operands of all lanes of the mask. With all
/// lanes of a power-of-two group this is the order of a butterfly of xor shuffles.
template <class Value, class Operator>
void reduce_rows(WarpExchange& exchange, unsigned mask, const void* context) {
  const auto& combine = *static_cast<const Operator*>(context);
  Value values[kWarpLanes];
  unsigned count = 0;
  for (unsigned rest = mask; rest != 0; rest &= rest - 1)
    std::memcpy(static_cast<void*>(&values[count++]), exchange.operand[__builtin_ctz(rest)], sizeof(Value));
  while (count > 1) {
    const unsigned half = (count + 1) / 2;
    for (unsigned i = 0; i + half < count; ++i) values[i] = combine(values[i], values[i + half]);
    count = half;
  }
  for (unsigned rest = mask; rest != 0; rest &= rest - 1)
    std::memcpy(exchange.result[__builtin_ctz(rest)], static_cast<const void*>(&values[0]), sizeof(Value));
}

template <class Value, class Operator>
inline constexpr WarpOperation kReduce{"warp reduction", &reduce_rows<Value, Operator>};

template <class Value, class Operator>
inline Value reduce_lanes(unsigned mask, Value value, const Operator& combine, const char* file, int line) {
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) <= 16);
  const unsigned lane = this_thread->lane;
  WarpExchange& exchange = *this_thread->exchange;
  std::memcpy(exchange.operand[lane], static_cast<const void*>(&value), sizeof(Value));
  wait_for_lanes(mask, kReduce<Value, Operator>, &combine, file, line);
  std::memcpy(static_cast<void*>(&value), exchange.result[lane], sizeof(Value));
  return value;
}

/// The lanes of the mask whose predicate holds.
unsigned vote(unsigned mask, bool predicate, const char* file, int line);
/// The lanes of the mask whose value equals the caller's.
unsigned match_any(unsigned mask, unsigned long long value, const char* file, int line);
/// All lanes of the mask meet and see each other's writes.
void synchronize_lanes(unsigned mask, const char* file, int line);

struct BitAnd {
  unsigned operator()(unsigned a, unsigned b) const { return a & b; }
};
struct BitOr {
  unsigned operator()(unsigned a, unsigned b) const { return a | b; }
};
struct BitXor {
  unsigned operator()(unsigned a, unsigned b) const { return a ^ b; }
};
// Added as unsigned, which wraps as the device does, where int would overflow.
struct WrappingAdd {
  template <class Value>
  Value operator()(Value a, Value b) const {
    return static_cast<Value>(static_cast<unsigned>(a) + static_cast<unsigned>(b));
  }
};
struct Smaller {
  template <class Value>
  Value operator()(Value a, Value b) const {
    return b < a ? b : a;
  }
};
struct Larger {
  template <class Value>
  Value operator()(Value a, Value b) const {
    return a < b ? b : a;
  }
};

}  // namespace lockstep::simt

// Default arguments that are evaluated at the call: the place in the kernel, without a macro around the name.
#define LOCKSTEP_CALL_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

namespace lockstep::simt::dialect {

template <class Value>
inline Value __shfl_sync(unsigned mask, Value value, int source_lane, int width = 32, LOCKSTEP_CALL_SITE) {
  return shuffle<ShuffleKind::index>(mask, value, static_cast<unsigned>(source_lane), width, file, line);
}
template <class Value>
inline Value __shfl_up_sync(unsigned mask, Value value, unsigned delta, int width = 32, LOCKSTEP_CALL_SITE) {
  return shuffle<ShuffleKind::up>(mask, value, delta, width, file, line);
}
template <class Value>
inline Value __shfl_down_sync(unsigned mask, Value value, unsigned delta, int width = 32, LOCKSTEP_CALL_SITE) {
  return shuffle<ShuffleKind::down>(mask, value, delta, width, file, line);
}
template <class Value>
inline Value __shfl_xor_sync(unsigned mask, Value value, int lane_mask, int width = 32, LOCKSTEP_CALL_SITE) {
  return shuffle<ShuffleKind::exclusive_or>(mask, value, static_cast<unsigned>(lane_mask), width, file, line);
}

inline void __syncwarp(unsigned mask = 0xffffffffu, LOCKSTEP_CALL_SITE) { synchronize_lanes(mask, file, line); }
inline unsigned __ballot_sync(unsigned mask, int predicate, LOCKSTEP_CALL_SITE) {
  return vote(mask, predicate != 0, file, line);
}
inline int __any_sync(unsigned mask, int predicate, LOCKSTEP_CALL_SITE) {
  return vote(mask, predicate != 0, file, line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, LOCKSTEP_CALL_SITE) {
  return vote(mask, predicate != 0, file, line) == mask;
}
// CUDA promises no more than that the caller is among the active lanes, and this is the least it may answer: code that
// takes the mask for the lanes of its branch finds itself alone here and shows its mistake.
inline unsigned __activemask() { return 1u << this_thread->lane; }

template <class Value>
inline unsigned __match_any_sync(unsigned mask, Value value, LOCKSTEP_CALL_SITE) {
  static_assert(std::is_trivially_copyable_v<Value> && (sizeof(Value) == 4 || sizeof(Value) == 8));
  unsigned long long bits = 0;
  std::memcpy(&bits, &value, sizeof(Value));
  return match_any(mask, bits, file, line);
}
template <class Value>
inline unsigned __match_all_sync(unsigned mask, Value value, int* all_equal, LOCKSTEP_CALL_SITE) {
  const bool equal = __match_any_sync(mask, value, file, line) == mask;
  *all_equal = equal;
  return equal ? mask : 0u;
}

inline unsigned __reduce_add_sync(unsigned mask, unsigned value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, WrappingAdd{}, file, line);
}
inline int __reduce_add_sync(unsigned mask, int value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, WrappingAdd{}, file, line);
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, Smaller{}, file, line);
}
inline int __reduce_min_sync(unsigned mask, int value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, Smaller{}, file, line);
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, Larger{}, file, line);
}
inline int __reduce_max_sync(unsigned mask, int value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, Larger{}, file, line);
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, BitAnd{}, file, line);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, BitOr{}, file, line);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(mask, value, BitXor{}, file, line);
}

inline void __syncthreads(LOCKSTEP_CALL_SITE) { wait_for_block(file, line); }
inline int __syncthreads_count(int predicate, LOCKSTEP_CALL_SITE) {
  return static_cast<int>(count_over_block(predicate != 0, file, line));
}
inline int __syncthreads_or(int predicate, LOCKSTEP_CALL_SITE) {
  return count_over_block(predicate != 0, file, line) != 0;
}
inline int __syncthreads_and(int predicate, LOCKSTEP_CALL_SITE) {
  return count_over_block(predicate == 0, file, line) == 0;
}
[[noreturn]] inline void __trap(LOCKSTEP_CALL_SITE) { throw_trap(file, line); }

}  // namespace lockstep::simt::dialect
