// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>

#include "kernels/layer_norm/row_pack.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/layer_norm.hpp"

// d_weight and d_bias are sums over rows. Blocks that walk rows leave their parts in a workspace of float, and a second
// kernel adds the parts of a column in an order that never changes: no atomics, the same bits in every run.
namespace lockstep::LOCKSTEP_BACKEND {

// Two blocks for each of the H200's 132 multiprocessors; a number of its own, so that results do not depend on the device.
inline constexpr std::int64_t kMostParts = 264;
inline constexpr int kPartLanes = 32;

/// gradient[column] = sum of parts[part * columns + column]. A block takes 32 columns (threadIdx.x); its 32 threads to a
/// column (threadIdx.y) take every 32nd part and join by a tree. blockIdx.y chooses d_weight or d_bias.
template <class Scalar>
__global__ void __launch_bounds__(kPartLanes * 32)
    add_parts(const float* __restrict__ parts, int count, int columns, Scalar* __restrict__ d_weight,
              Scalar* __restrict__ d_bias) {
  LOCKSTEP_SHARED(float, joined, [kPartLanes][32]);
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int column = static_cast<int>(blockIdx.x) * 32 + x;
  const float* const own = parts + static_cast<std::int64_t>(blockIdx.y) * count * columns;
  float total = 0.0f;
  if (column < columns)
    for (int part = y; part < count; part += kPartLanes)
      total += own[static_cast<std::int64_t>(part) * columns + column];
  joined[y][x] = total;
  for (int distance = kPartLanes / 2; distance > 0; distance /= 2) {
    __syncthreads();
    if (y < distance) joined[y][x] += joined[y + distance][x];
  }
  if (y == 0 && column < columns) (blockIdx.y == 0 ? d_weight : d_bias)[column] = from_float<Scalar>(joined[0][x]);
}

/// Workspace for the parts of both sums, and the launch that adds them.
template <class Scalar>
class ParameterGradients {
 public:
  /// `wanted`: blocks that the rows could keep busy.
  ParameterGradients(const LayerNorm& op, const Tensors& tensors, Device& device, std::int64_t wanted)
      : columns_(static_cast<int>(op.columns)),
        parts_(static_cast<int>(std::min(wanted, kMostParts))),
        stream_(device.stream()) {
    if (!op.has_weight) return;
    d_weight_ = tensors.outputs[1].as<Scalar>();
    if (op.has_bias) d_bias_ = tensors.outputs[2].as<Scalar>();
    const auto bytes = 2 * sizeof(float) * static_cast<std::size_t>(parts_) * static_cast<std::size_t>(columns_);
    memory_ = std::make_shared<DeviceMemory>(device, std::max<std::size_t>(bytes, 1));
  }

  /// Blocks to launch, each of which leaves one part.
  int parts() const { return parts_; }
  /// Parts of d_weight [parts, columns]; null where no gradient of parameters is wanted.
  float* of_weight() const { return memory_ ? static_cast<float*>(memory_->get()) : nullptr; }
  /// Parts of d_bias [parts, columns]; null without d_weight.
  float* of_bias() const { return memory_ ? of_weight() + static_cast<std::int64_t>(parts_) * columns_ : nullptr; }
  void add() const {
    if (!memory_) return;
    launch(add_parts<Scalar>,
           {dim3(static_cast<unsigned>((columns_ + 31) / 32), d_bias_ ? 2 : 1), dim3(32, kPartLanes), 0}, stream_,
           of_weight(), parts_, columns_, d_weight_, d_bias_);
  }

 private:
  int columns_, parts_;
  Stream stream_;
  Scalar* d_weight_ = nullptr;
  Scalar* d_bias_ = nullptr;
  std::shared_ptr<DeviceMemory> memory_;
};

}  // namespace lockstep::LOCKSTEP_BACKEND
