// SPDX-License-Identifier: Apache-2.0
// CUDA's atomic functions and memory operations for the emulator. Blocks may run on several OS threads, so these are
// atomic indeed; relaxed, as CUDA's are.
#pragma once

#include <cstring>
#include <type_traits>

#include "harness/simt/device_math.hpp"
#include "harness/simt/narrow_types.hpp"

namespace lockstep::simt {

/// Stores change(old) where old is, in one step, and returns old. Compares the bits, so NaN and -0 are kept exactly.
template <class Value, class Change>
inline Value change_atomically(Value* address, const Change& change) {
  using Bits = std::conditional_t<sizeof(Value) == 2, unsigned short,
                                  std::conditional_t<sizeof(Value) == 4, unsigned, unsigned long long>>;
  static_assert(sizeof(Bits) == sizeof(Value));
  auto* word = reinterpret_cast<Bits*>(address);
  Bits before = __atomic_load_n(word, __ATOMIC_RELAXED);
  for (;;) {
    Value old;
    std::memcpy(static_cast<void*>(&old), &before, sizeof(Value));
    const Value changed = change(old);
    Bits after;
    std::memcpy(&after, static_cast<const void*>(&changed), sizeof(Value));
    if (__atomic_compare_exchange_n(word, &before, after, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return old;
  }
}

}  // namespace lockstep::simt

namespace lockstep::simt::dialect {

#define LOCKSTEP_ATOMIC_INTEGER(type)                                                                                 \
  inline type atomicAdd(type* address, type value) { return __atomic_fetch_add(address, value, __ATOMIC_RELAXED); }   \
  inline type atomicExch(type* address, type value) { return __atomic_exchange_n(address, value, __ATOMIC_RELAXED); } \
  inline type atomicCAS(type* address, type expected, type desired) {                                                 \
    __atomic_compare_exchange_n(address, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);              \
    return expected;                                                                                                  \
  }                                                                                                                   \
  inline type atomicAnd(type* address, type value) { return __atomic_fetch_and(address, value, __ATOMIC_RELAXED); }   \
  inline type atomicOr(type* address, type value) { return __atomic_fetch_or(address, value, __ATOMIC_RELAXED); }     \
  inline type atomicXor(type* address, type value) { return __atomic_fetch_xor(address, value, __ATOMIC_RELAXED); }   \
  inline type atomicMax(type* address, type value) {                                                                  \
    return change_atomically(address, [value](type old) { return old < value ? value : old; });                       \
  }                                                                                                                   \
  inline type atomicMin(type* address, type value) {                                                                  \
    return change_atomically(address, [value](type old) { return value < old ? value : old; });                       \
  }

LOCKSTEP_ATOMIC_INTEGER(int)
LOCKSTEP_ATOMIC_INTEGER(unsigned)
LOCKSTEP_ATOMIC_INTEGER(unsigned long long)
#undef LOCKSTEP_ATOMIC_INTEGER

inline int atomicSub(int* address, int value) { return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED); }
inline unsigned atomicSub(unsigned* address, unsigned value) {
  return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED);
}
/// Counts up to `last` and starts again at 0.
inline unsigned atomicInc(unsigned* address, unsigned last) {
  return change_atomically(address, [last](unsigned old) { return old >= last ? 0u : old + 1u; });
}
inline unsigned atomicDec(unsigned* address, unsigned last) {
  return change_atomically(address, [last](unsigned old) { return old == 0u || old > last ? last : old - 1u; });
}

inline float atomicAdd(float* address, float value) {
  return change_atomically(address, [value](float old) { return old + value; });
}
inline double atomicAdd(double* address, double value) {
  return change_atomically(address, [value](double old) { return old + value; });
}
inline __half atomicAdd(__half* address, __half value) {
  return change_atomically(address, [value](__half old) { return old + value; });
}
inline __nv_bfloat16 atomicAdd(__nv_bfloat16* address, __nv_bfloat16 value) {
  return change_atomically(address, [value](__nv_bfloat16 old) { return old + value; });
}
inline __half2 atomicAdd(__half2* address, __half2 value) {
  return change_atomically(address, [value](__half2 old) { return __hadd2(old, value); });
}
inline __nv_bfloat162 atomicAdd(__nv_bfloat162* address, __nv_bfloat162 value) {
  return change_atomically(address, [value](__nv_bfloat162 old) { return __hadd2(old, value); });
}
inline float atomicExch(float* address, float value) {
  return change_atomically(address, [value](float) { return value; });
}

inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// Loads and stores with a hint for the caches: here plain ones.
#define LOCKSTEP_HINTED_LOAD(name)          \
  template <class Value>                    \
  inline Value name(const Value* address) { \
    return *address;                        \
  }
#define LOCKSTEP_HINTED_STORE(name)                                     \
  template <class Value>                                                \
  inline void name(Value* address, std::type_identity_t<Value> value) { \
    *address = value;                                                   \
  }
LOCKSTEP_HINTED_LOAD(__ldg)
LOCKSTEP_HINTED_LOAD(__ldca)
LOCKSTEP_HINTED_LOAD(__ldcg)
LOCKSTEP_HINTED_LOAD(__ldcs)
LOCKSTEP_HINTED_LOAD(__ldlu)
LOCKSTEP_HINTED_LOAD(__ldcv)
LOCKSTEP_HINTED_STORE(__stwb)
LOCKSTEP_HINTED_STORE(__stcg)
LOCKSTEP_HINTED_STORE(__stcs)
LOCKSTEP_HINTED_STORE(__stwt)
#undef LOCKSTEP_HINTED_LOAD
#undef LOCKSTEP_HINTED_STORE

}  // namespace lockstep::simt::dialect
