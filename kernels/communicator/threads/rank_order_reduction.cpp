// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/threads/rank_order_reduction.hpp"

#include <algorithm>
#include <cstring>
#if defined(__F16C__) && defined(__AVX__)
#include <immintrin.h>
#endif

namespace lockstep {
namespace {

// A block of partial sums stays in the first-level cache while the ranks are added one after the other.
constexpr std::int64_t kBlock = 1024;

struct Sum {
  template <class T>
  T operator()(T a, T b) const {
    return a + b;
  }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};
struct Max {
  template <class T>
  T operator()(T a, T b) const {
    return (a > b || a != a) ? a : b;
  }
};
struct Min {
  template <class T>
  T operator()(T a, T b) const {
    return (a < b || a != a) ? a : b;
  }
};

BFloat16 narrow(float value, BFloat16) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  // Ties to even by adding just under half a unit, or half where the kept part is odd.
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t quiet = (bits >> 16) | 0x40u;
  return {static_cast<std::uint16_t>(value != value ? quiet : rounded)};
}
Float16 narrow(float value, Float16) { return Float16::from(value); }

template <class T>
void widen_all(const T* from, float* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = to_float(from[i]);
}
template <class T>
void narrow_all(const float* from, T* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = narrow(from[i], T{});
}
#if defined(__F16C__) && defined(__AVX__)
// What no compiler vectorises from the portable form.
void widen_all(const Float16* from, float* to, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  for (; i < count; ++i) to[i] = to_float(from[i]);
}
void narrow_all(const float* from, Float16* to, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  for (; i < count; ++i) to[i] = narrow(from[i], Float16{});
}
#endif

template <class T, class Op>
void combine(T* accumulated, const T* more, std::int64_t count, Op op) {
  for (std::int64_t i = 0; i < count; ++i) accumulated[i] = op(accumulated[i], more[i]);
}

/// Two ranks, the whole in one pass: each element is read once from either and written once to each output.
template <class T, class Op>
void reduce_two(const T* a, const T* b, T* first, T* second, std::int64_t count, Op op) {
  // Outputs equal inputs exactly or lie apart, so no element written is read later.
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const T value = op(a[i], b[i]);
    first[i] = value;
    second[i] = value;
  }
}

template <class T>
const T* input_of(std::span<const void* const> inputs, std::size_t rank, std::int64_t first) {
  return static_cast<const T*>(inputs[rank]) + first;
}

template <class T>
void write_to_all(const T* values, std::span<void* const> outputs, std::int64_t first, std::int64_t count) {
  for (void* output : outputs)
    std::memcpy(static_cast<T*>(output) + first, values, static_cast<std::size_t>(count) * sizeof(T));
}

template <class T, class Op>
void reduce_wide(std::span<const void* const> inputs, std::span<void* const> outputs, std::int64_t count, Op op) {
  if (inputs.size() == 2 && outputs.size() == 2) {
    reduce_two(input_of<T>(inputs, 0, 0), input_of<T>(inputs, 1, 0), static_cast<T*>(outputs[0]),
               static_cast<T*>(outputs[1]), count, op);
    return;
  }
  T accumulated[kBlock];
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t block = std::min(kBlock, count - first);
    std::memcpy(accumulated, input_of<T>(inputs, 0, first), static_cast<std::size_t>(block) * sizeof(T));
    for (std::size_t rank = 1; rank < inputs.size(); ++rank)
      combine(accumulated, input_of<T>(inputs, rank, first), block, op);
    write_to_all(accumulated, outputs, first, block);
  }
}

template <class T, class Op>
void reduce_narrow(std::span<const void* const> inputs, std::span<void* const> outputs, std::int64_t count, Op op) {
  float accumulated[kBlock], widened[kBlock];
  T rounded[kBlock];
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t block = std::min(kBlock, count - first);
    widen_all(input_of<T>(inputs, 0, first), accumulated, block);
    for (std::size_t rank = 1; rank < inputs.size(); ++rank) {
      widen_all(input_of<T>(inputs, rank, first), widened, block);
      combine(accumulated, widened, block, op);
    }
    narrow_all(accumulated, rounded, block);
    write_to_all(rounded, outputs, first, block);
  }
}

template <class Op>
void reduce_with(DType dtype, std::span<const void* const> inputs, std::span<void* const> outputs, std::int64_t count,
                 Op op) {
  switch (dtype) {
    case DType::f64: return reduce_wide<double>(inputs, outputs, count, op);
    case DType::f32: return reduce_wide<float>(inputs, outputs, count, op);
    case DType::i64: return reduce_wide<std::int64_t>(inputs, outputs, count, op);
    case DType::f16: return reduce_narrow<Float16>(inputs, outputs, count, op);
    case DType::bf16: return reduce_narrow<BFloat16>(inputs, outputs, count, op);
    case DType::u8: return;  // refused before it comes here
  }
}

}  // namespace

void reduce_in_rank_order(Reduction reduction, DType dtype, std::span<const void* const> inputs,
                          std::span<void* const> outputs, std::int64_t count) noexcept {
  switch (reduction) {
    case Reduction::sum: return reduce_with(dtype, inputs, outputs, count, Sum{});
    case Reduction::max: return reduce_with(dtype, inputs, outputs, count, Max{});
    case Reduction::min: return reduce_with(dtype, inputs, outputs, count, Min{});
  }
}

}  // namespace lockstep
