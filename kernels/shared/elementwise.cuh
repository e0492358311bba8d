// SPDX-License-Identifier: Apache-2.0
// Idea: one kernel for every element-by-element function of tensors of one shape; operators differ in a functor.
// Layout: tensors are rows of neighbours (one row where they are dense, in whatever order of axes). A block of 256
// threads takes a tile of packs of 16 bytes; each thread loads all its packs before it computes, so that several
// accesses per input are in flight, which is what keeps the memory busy. Rows that start off a 16-byte boundary are
// peeled at both ends, as long as all tensors are off by the same; else single elements are moved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/device/device.hpp"
#include "harness/plan/implementation.hpp"
#include "kernels/shared/merged_axes.hpp"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

inline constexpr int kElementwiseThreads = 256;
/// Blocks that must fit a multiprocessor at once: 1024 threads with 64 bytes under way each are the bytes that Hopper
/// needs in flight. It limits a thread to 64 registers.
inline constexpr int kElementwiseBlocks = 4;
/// Fewest threads along a row: enough for the elements peeled off both ends (at most 2 x 7).
inline constexpr int kFewestRowThreads = 16;
inline constexpr int kPackBytes = 16;

/// Where the rows of one tensor start.
template <class Scalar>
struct RowsOf {
  Scalar* first;
  std::int64_t pitch;
};

template <class Scalar, int kInputs, int kOutputs>
struct ElementwiseTensors {
  RowsOf<const Scalar> inputs[kInputs];
  RowsOf<Scalar> outputs[kOutputs];
  std::int64_t rows, columns;
};

template <class Function, class Scalar, int kInputs, int kOutputs>
__device__ __forceinline__ void elementwise_at(const Function& function,
                                               const ElementwiseTensors<Scalar, kInputs, kOutputs>& tensors,
                                               std::int64_t row, std::int64_t column) {
  float arguments[kInputs], results[kOutputs];
#pragma unroll
  for (int i = 0; i < kInputs; ++i)
    arguments[i] = to_float(tensors.inputs[i].first[row * tensors.inputs[i].pitch + column]);
  function(arguments, results);
#pragma unroll
  for (int o = 0; o < kOutputs; ++o)
    tensors.outputs[o].first[row * tensors.outputs[o].pitch + column] = from_float<Scalar>(results[o]);
}

/// Elements of the row before its first 16-byte boundary.
template <class Scalar>
__device__ __forceinline__ std::int64_t elements_before_boundary(const Scalar* row) {
  return static_cast<std::int64_t>(-reinterpret_cast<std::uintptr_t>(row) % kPackBytes) /
         static_cast<std::int64_t>(sizeof(Scalar));
}

template <class Function, class Scalar, int kInputs, int kOutputs, int kPack, int kInFlight>
__global__ void __launch_bounds__(kElementwiseThreads, kElementwiseBlocks)
    elementwise_rows(Function function, ElementwiseTensors<Scalar, kInputs, kOutputs> tensors) {
  using Moved = Pack<Scalar, kPack>;
  // Packs wait as words: as 16-bit elements each would take a register of its own.
  using Held = std::conditional_t<kPack == 1, Moved, uint4>;
  const int lane = static_cast<int>(threadIdx.x), lanes = static_cast<int>(blockDim.x);
  const std::int64_t row_step = static_cast<std::int64_t>(gridDim.y) * blockDim.y;
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.y) * blockDim.y + threadIdx.y; row < tensors.rows;
       row += row_step) {
    std::int64_t head = 0;
    if constexpr (kPack > 1) {
      head = elements_before_boundary(tensors.outputs[0].first + row * tensors.outputs[0].pitch);
      head = head < tensors.columns ? head : tensors.columns;
    }
    const std::int64_t packs = (tensors.columns - head) / kPack;
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * lanes * kInFlight + lane;
    // Within a tile 32 bits are enough, which leaves more registers for packs.
    const int left = static_cast<int>(packs - first < lanes * kInFlight ? packs - first : lanes * kInFlight);

    Held loaded[kInFlight][kInputs];
#pragma unroll
    for (int i = 0; i < kInputs; ++i) {
      const auto* from =
          reinterpret_cast<const Held*>(tensors.inputs[i].first + row * tensors.inputs[i].pitch + head) + first;
#pragma unroll
      for (int k = 0; k < kInFlight; ++k)
        if (k * lanes < left) loaded[k][i] = from[k * lanes];
    }
#pragma unroll
    for (int k = 0; k < kInFlight; ++k)
      if (k * lanes < left) {
        Moved arrived[kInputs], stored[kOutputs];
        memcpy(arrived, loaded[k], sizeof(arrived));
#pragma unroll
        for (int element = 0; element < kPack; ++element) {
          float arguments[kInputs], results[kOutputs];
#pragma unroll
          for (int i = 0; i < kInputs; ++i) arguments[i] = to_float(arrived[i].values[element]);
          function(arguments, results);
#pragma unroll
          for (int o = 0; o < kOutputs; ++o) stored[o].values[element] = from_float<Scalar>(results[o]);
        }
#pragma unroll
        for (int o = 0; o < kOutputs; ++o) {
          auto* to = reinterpret_cast<Moved*>(tensors.outputs[o].first + row * tensors.outputs[o].pitch + head) + first;
          to[k * lanes] = stored[o];
        }
      }

    if constexpr (kPack > 1) {  // the ends that are no whole pack, by the threads of the row's first block
      const std::int64_t loose = tensors.columns - packs * kPack;
      if (blockIdx.x == 0 && lane < loose)
        elementwise_at(function, tensors, row, lane < head ? lane : lane + packs * kPack);
    }
  }
}

/// Tensors of one shape as rows; false where they are no rows of neighbours (never the case for tensors of one layout).
template <class Scalar, int kInputs, int kOutputs>
bool as_rows(const std::vector<TensorView>& inputs, const std::vector<TensorView>& outputs,
             ElementwiseTensors<Scalar, kInputs, kOutputs>& tensors) {
  std::vector<Strides> strides;
  for (const TensorView& output : outputs) strides.push_back(output.strides);
  for (const TensorView& input : inputs) strides.push_back(input.strides);
  std::vector<MergedAxis> axes = merge_axes(outputs[0].shape, strides);
  const std::vector<std::int64_t> ones(strides.size(), 1);
  if (axes.empty() || axes.back().strides != ones) axes.push_back({1, ones});  // rows of one element each
  if (axes.size() > 2) return false;
  tensors.columns = axes.back().extent;
  tensors.rows = axes.size() == 2 ? axes[0].extent : 1;
  const auto pitch = [&](std::size_t tensor) { return axes.size() == 2 ? axes[0].strides[tensor] : 0; };
  for (int o = 0; o < kOutputs; ++o)
    tensors.outputs[o] = {outputs[static_cast<std::size_t>(o)].as<Scalar>(), pitch(static_cast<std::size_t>(o))};
  for (int i = 0; i < kInputs; ++i)
    tensors.inputs[i] = {inputs[static_cast<std::size_t>(i)].as<const Scalar>(),
                         pitch(static_cast<std::size_t>(kOutputs + i))};
  return true;
}

/// Whether all tensors are equally far from a 16-byte boundary in every row.
template <class Scalar, int kInputs, int kOutputs>
bool rows_are_in_step(const ElementwiseTensors<Scalar, kInputs, kOutputs>& tensors) {
  const auto phase = [](const Scalar* first) { return reinterpret_cast<std::uintptr_t>(first) % kPackBytes; };
  const auto differs = [&](const Scalar* first, std::int64_t pitch) {
    return phase(first) != phase(tensors.outputs[0].first) ||
           (pitch - tensors.outputs[0].pitch) % kFullPack<Scalar> != 0;
  };
  for (const auto& input : tensors.inputs)
    if (differs(input.first, input.pitch)) return false;
  for (const auto& output : tensors.outputs)
    if (differs(output.first, output.pitch)) return false;
  return true;
}

template <int kPack, class Function, class Scalar, int kInputs, int kOutputs>
Launch elementwise_launch_in_packs(Function function, const ElementwiseTensors<Scalar, kInputs, kOutputs>& tensors,
                                   Stream stream) {
  constexpr int kInFlight = kInputs + kOutputs == 2 ? 4 : 2;  // what 64 registers hold
  // A whole row's packs may be one more than the whole packs behind its head; idle threads cost nothing.
  const std::int64_t packs = (tensors.columns + kPack - 1) / kPack;
  int lanes = kElementwiseThreads;
  while (tensors.rows > 1 && lanes > kFewestRowThreads && lanes / 2 >= packs) lanes /= 2;
  const int rows_per_block = tensors.rows > 1 ? kElementwiseThreads / lanes : 1;
  const std::int64_t tile = static_cast<std::int64_t>(lanes) * kInFlight;
  constexpr std::int64_t kMostRowBlocks = 65535;
  const std::int64_t row_blocks = std::min((tensors.rows + rows_per_block - 1) / rows_per_block, kMostRowBlocks);
  const LaunchExtent grid((packs + tile - 1) / tile, row_blocks), block(lanes, rows_per_block);
  return [=] {
    launch(elementwise_rows<Function, Scalar, kInputs, kOutputs, kPack, kInFlight>, {grid, block}, stream, function,
           tensors);
  };
}

/// Launch of `function(const float (&arguments)[kInputs], float (&results)[kOutputs])` on every element, or nothing
/// where the tensors' layouts do not go together. The views have one shape, not empty; strides of 0 are not taken.
template <class Scalar, int kInputs, int kOutputs, class Function>
Launch elementwise_launch_if_rows(Function function, const std::vector<TensorView>& inputs,
                                  const std::vector<TensorView>& outputs, const Device& device) {
  ElementwiseTensors<Scalar, kInputs, kOutputs> tensors;
  if (!as_rows(inputs, outputs, tensors)) return nullptr;
  if (rows_are_in_step(tensors))
    return elementwise_launch_in_packs<kFullPack<Scalar>>(function, tensors, device.stream());
  return elementwise_launch_in_packs<1>(function, tensors, device.stream());
}

/// The same for tensors of one layout, which always go together; throws Error where they do not.
template <class Scalar, int kInputs, int kOutputs, class Function>
Launch elementwise_launch(Function function, const std::vector<TensorView>& inputs,
                          const std::vector<TensorView>& outputs, const Device& device) {
  Launch made = elementwise_launch_if_rows<Scalar, kInputs, kOutputs>(function, inputs, outputs, device);
  if (!made)
    throw Error("elementwise kernel: tensors of shape " + to_text(outputs[0].shape) +
                " whose axes lie in different orders; accepted: one layout for all");
  return made;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
