// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "harness/data/narrow_float.hpp"
#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// What ranks do together. all_gather_uneven: every rank gives its own number of elements.
enum class Collective : std::uint8_t {
  all_reduce,
  reduce_scatter,
  all_gather,
  all_gather_uneven,
  broadcast,
  all_to_all,
  send,
  receive,
  barrier
};
inline constexpr int kCollectives = 9;

/// Of the same element of all ranks. An average is the caller's business, since frameworks divide at different places.
enum class Reduction : std::uint8_t { sum, max, min };

std::string_view name_of(Collective collective);
std::string_view name_of(Reduction reduction);
/// Whether it concerns two ranks only.
bool is_point_to_point(Collective collective);

template <class T>
consteval DType dtype_of() {
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, Float16>) return DType::f16;
  if constexpr (std::is_same_v<T, BFloat16>) return DType::bf16;
  if constexpr (std::is_same_v<T, std::int64_t>) return DType::i64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return DType::u8;
}

/// `count` neighbouring elements to write, borrowed: they must live until the call has returned, or its handle was waited
/// for. On host memory for ranks that are threads, on the rank's device for NCCL.
struct Buffer {
  void* data = nullptr;
  std::int64_t count = 0;
  DType dtype = DType::f32;
};

/// The same, to read.
struct ConstBuffer {
  const void* data = nullptr;
  std::int64_t count = 0;
  DType dtype = DType::f32;

  ConstBuffer() = default;
  ConstBuffer(const void* from, std::int64_t elements, DType type) : data(from), count(elements), dtype(type) {}
  ConstBuffer(const Buffer& buffer) : data(buffer.data), count(buffer.count), dtype(buffer.dtype) {}
};

template <class T>
Buffer buffer_of(std::vector<T>& values) {
  return {values.data(), static_cast<std::int64_t>(values.size()), dtype_of<T>()};
}
template <class T>
ConstBuffer buffer_of(const std::vector<T>& values) {
  return {values.data(), static_cast<std::int64_t>(values.size()), dtype_of<T>()};
}
/// Throws Error where the tensor is not contiguous.
Buffer buffer_of(const TensorView& tensor);

/// One call of one rank, as transports and decorators see it.
struct Call {
  Collective collective = Collective::barrier;
  Reduction reduction = Reduction::sum;
  DType dtype = DType::f32;
  /// Elements: of the whole buffer (all_reduce, broadcast, send, receive), of one rank's part (reduce_scatter,
  /// all_gather, all_to_all), of this rank's part (all_gather_uneven).
  std::int64_t count = 0;
  const void* in = nullptr;
  void* out = nullptr;
  /// broadcast: the rank that gives. send, receive: the other rank. Else -1.
  int peer = -1;
  /// all_gather_uneven: elements by rank, the same on every rank.
  std::vector<std::int64_t> counts = {};
  /// Collectives are numbered from 1 per rank, messages from 1 per pair and direction. Ranks compare these numbers, so
  /// that a call which one rank left out is noticed at the next one, even if that looks the same.
  std::int64_t number = 0;
  /// What the caller was doing, for messages: a training step (-1: none), and a label such as "bucket 2".
  std::int64_t step = -1;
  std::string label = {};
};

/// "call 12 all_reduce(sum of 1024 f32) in step 3, bucket 2".
std::string describe(const Call& call);

/// Whether two ranks' calls belong together: same collective, number, reduction, dtype, counts and root.
bool matches(const Call& one, const Call& other);

/// Bytes of the payload as nccl-tests counts them: the whole buffer for all_reduce, broadcast, send and receive; one
/// rank's part times ranks for reduce_scatter, all_gather and all_to_all; the sum of parts for all_gather_uneven.
std::int64_t payload_bytes(const Call& call, int ranks);

/// Bus bandwidth = payload / seconds * this. Source: nccl-tests, doc/PERFORMANCE.md: 2(n-1)/n for all_reduce, (n-1)/n for
/// those that move one rank's part, 1 for broadcast, send and receive; 0 for barrier.
double bus_factor(Collective collective, int ranks);

}  // namespace lockstep
