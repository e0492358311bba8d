// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "kernels/cross_entropy/settings.hpp"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/group_lanes.cuh"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/row_lanes.cuh"
#include "kernels/shared/scalar.cuh"

// How the threads of a block share the logits of rows. A team of threads owns a row at a time and walks over rows; `kPack`
// neighbours of a row are moved at once. Reductions are trees of fixed shape, whose result every thread of the team has.
namespace lockstep::LOCKSTEP_BACKEND {

/// kLanes lanes of a warp to a row.
template <int kLanes>
struct LaneTeam {
  static constexpr bool kRowsAreApart = false;
  static __device__ __forceinline__ int member() { return static_cast<int>(threadIdx.x) % kLanes; }
  static __device__ __forceinline__ int members() { return kLanes; }
  static __device__ __forceinline__ int row_in_block() { return static_cast<int>(threadIdx.x) / kLanes; }
  static __device__ __forceinline__ std::int64_t rows_per_block() { return blockDim.x / kLanes; }
  static __device__ __forceinline__ float maximum(float value) { return lanes_max<kLanes>(value); }
  static __device__ __forceinline__ float sum(float value) { return lanes_sum<kLanes>(value); }
  /// Sum over the block of what members 0 hold; thread 0 has it.
  static __device__ __forceinline__ float sum_of_teams(float value) { return block_sum(value); }
  static __device__ __forceinline__ bool speaks_for_block() { return threadIdx.x == 0; }
};

/// A block to a row.
struct BlockTeam {
  static constexpr bool kRowsAreApart = false;
  static __device__ __forceinline__ int member() { return static_cast<int>(threadIdx.x); }
  static __device__ __forceinline__ int members() { return static_cast<int>(blockDim.x); }
  static __device__ __forceinline__ int row_in_block() { return 0; }
  static __device__ __forceinline__ std::int64_t rows_per_block() { return 1; }
  static __device__ __forceinline__ float maximum(float value) { return block_max(value); }
  static __device__ __forceinline__ float sum(float value) { return block_sum(value); }
  static __device__ __forceinline__ float sum_of_teams(float value) { return block_sum(value); }
  static __device__ __forceinline__ bool speaks_for_block() { return threadIdx.x == 0; }
};

/// A column of threads to a row, neighbouring lanes to neighbouring rows: for classes that lie apart.
struct ColumnTeam {
  static constexpr bool kRowsAreApart = true;
  static __device__ __forceinline__ int member() { return static_cast<int>(threadIdx.y); }
  static __device__ __forceinline__ int members() { return static_cast<int>(blockDim.y); }
  static __device__ __forceinline__ int row_in_block() { return static_cast<int>(threadIdx.x); }
  static __device__ __forceinline__ std::int64_t rows_per_block() { return kGroupLanes; }
  static __device__ __forceinline__ float maximum(float value) { return column_join(value, Larger{}); }
  static __device__ __forceinline__ float sum(float value) { return column_join(value, Added{}); }
  static __device__ __forceinline__ float sum_of_teams(float value) {
    return threadIdx.y == 0 ? warp_sum(value) : 0.0f;
  }
  static __device__ __forceinline__ bool speaks_for_block() { return threadIdx.x == 0 && threadIdx.y == 0; }
};

/// One row as a member of its team sees it: its first kPacks packs are held in registers, those behind are read again
/// each time.
template <class Scalar, class Team, int kPack, int kPacks>
class LogitRow {
 public:
  /// `row` beyond the last has no classes, but its team takes part in the reductions.
  __device__ __forceinline__ LogitRow(const Scalar* input, const GroupLayout& layout, std::int64_t row)
      : classes_(row < layout.groups ? static_cast<int>(layout.length) : 0), stride_(1) {
    if constexpr (Team::kRowsAreApart) stride_ = layout.element_stride;
    first_ = 0;
    // GroupLayout::row_pitch, which the device cannot call.
    const std::int64_t pitch = layout.axes == 0 ? layout.length : layout.strides[0];
    if (classes_ > 0)
      first_ = Team::kRowsAreApart ? first_of_group(layout, static_cast<std::uint32_t>(row)) : row * pitch;
    from_ = input + first_;
    float largest = -INFINITY;
#pragma unroll
    for (int k = 0; k < kPacks; ++k)
      if (own(k) < classes_) {
        load(own(k), held_[k]);
#pragma unroll
        for (int i = 0; i < kPack; ++i) largest = fmaxf(largest, held_[k][i]);
      }
    for (int c = own(kPacks); c < classes_; c += own_step()) {
      float values[kPack];
      load(c, values);
#pragma unroll
      for (int i = 0; i < kPack; ++i) largest = fmaxf(largest, values[i]);
    }
    maximum_ = Team::maximum(largest);
    float total = 0.0f;
    each_pack([&](int, const float(&values)[kPack]) {
#pragma unroll
      for (int i = 0; i < kPack; ++i) total += expf(values[i] - maximum_);
    });
    total_ = Team::sum(total);
    log_total_ = logf(total_);
  }

  /// Calls visit(c, values) for each of this member's packs; the values are the logits of classes c, c + 1, ...
  template <class Visit>
  __device__ __forceinline__ void each_pack(Visit visit) const {
#pragma unroll
    for (int k = 0; k < kPacks; ++k)
      if (own(k) < classes_) visit(own(k), held_[k]);
    for (int c = own(kPacks); c < classes_; c += own_step()) {
      float values[kPack];
      load(c, values);
      visit(c, values);
    }
  }

  /// Elements from the tensor's first to that of class `c`.
  __device__ __forceinline__ std::int64_t offset(int c) const { return first_ + c * stride_; }
  __device__ __forceinline__ float logit(std::int64_t c) const { return to_float(from_[c * stride_]); }
  __device__ __forceinline__ float probability(float value) const { return expf(value - maximum_) / total_; }
  /// -l of a logit.
  __device__ __forceinline__ float surprise(float value) const { return log_total_ - (value - maximum_); }

 private:
  __device__ __forceinline__ int own(int k) const { return (k * Team::members() + Team::member()) * kPack; }
  __device__ __forceinline__ int own_step() const { return Team::members() * kPack; }
  __device__ __forceinline__ void load(int c, float (&values)[kPack]) const {
    if constexpr (kPack == 1) {
      values[0] = to_float(from_[c * stride_]);
    } else {
      const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(from_ + c);
#pragma unroll
      for (int i = 0; i < kPack; ++i) values[i] = to_float(pack.values[i]);
    }
  }

  int classes_;
  std::int64_t stride_, first_;
  const Scalar* from_;
  float maximum_, total_, log_total_;
  float held_[kPacks][kPack];
};

/// What the rows are compared with, on the device. Probabilities lie as the logits do.
template <class Scalar>
struct Targets {
  const std::int64_t* classes;  // null: probabilities
  const Scalar* probabilities;
  const Scalar* weight;  // null: 1
  TargetSettings settings;

  __device__ __forceinline__ bool is_kept(std::int64_t row) const {
    return !classes || classes[row] != settings.ignore_index;
  }
  __device__ __forceinline__ float weight_of(std::int64_t c) const { return weight ? to_float(weight[c]) : 1.0f; }
  /// Weight times a value, without a product where there are no weights.
  __device__ __forceinline__ float weighted(std::int64_t c, float value) const {
    return weight ? to_float(weight[c]) * value : value;
  }
  /// q of class `c` for probabilities.
  __device__ __forceinline__ float share(int c, float given) const {
    return weighted(c, settings.smooths ? settings.kept_share * given + settings.even_share : given);
  }
  /// q of class `c` of a kept row whose target is `target`.
  __device__ __forceinline__ float share_of_class(int c, std::int64_t target) const {
    const float even = settings.smooths ? settings.even_share : 0.0f;
    return weighted(c, c == target ? settings.kept_share + even : even);
  }
};

}  // namespace lockstep::LOCKSTEP_BACKEND
