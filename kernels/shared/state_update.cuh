// SPDX-License-Identifier: Apache-2.0
// Idea: one kernel for the steps of optimisers: parameters and gradients of one type, state in float, all read once and
// written once. Steps differ in a functor.
// Layout: a thread takes a pack of four neighbours of every tensor: 16 bytes of float, 8 of 16-bit types.
// Fast because nothing but memory counts here: all loads of a thread (up to 80 bytes) are under way before the first
// result, and the state, which is most of the traffic, moves in full 16 bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/device/device.hpp"
#include "harness/plan/implementation.hpp"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

inline constexpr int kUpdateThreads = 256;
inline constexpr int kUpdatePack = 4;

/// Arrays have no length 0.
template <int kCount>
inline constexpr int kAtLeastOne = kCount > 0 ? kCount : 1;

template <class Scalar, int kRead, int kWritten>
struct UpdateTensors {
  const Scalar *p, *grad;
  const float* state[kAtLeastOne<kRead>];
  Scalar* p_out;
  float* state_out[kAtLeastOne<kWritten>];
  std::int64_t count;
};

template <class Update, class Scalar, int kRead, int kWritten>
__device__ __forceinline__ void update_element(const Update& update,
                                               const UpdateTensors<Scalar, kRead, kWritten>& tensors, std::int64_t i) {
  float state[kAtLeastOne<kRead>] = {}, state_out[kAtLeastOne<kWritten>];
#pragma unroll
  for (int k = 0; k < kRead; ++k) state[k] = tensors.state[k][i];
  tensors.p_out[i] = from_float<Scalar>(update(to_float(tensors.p[i]), to_float(tensors.grad[i]), state, state_out));
#pragma unroll
  for (int k = 0; k < kWritten; ++k) tensors.state_out[k][i] = state_out[k];
}

template <int kPack, class Update, class Scalar, int kRead, int kWritten>
__global__ void __launch_bounds__(kUpdateThreads)
    update_packs(Update update, UpdateTensors<Scalar, kRead, kWritten> tensors) {
  const std::int64_t pack = static_cast<std::int64_t>(blockIdx.x) * kUpdateThreads + threadIdx.x;
  const std::int64_t first = pack * kPack;
  if (first >= tensors.count) return;
  if (tensors.count - first < kPack) {  // the loose end
    for (std::int64_t i = first; i < tensors.count; ++i) update_element(update, tensors, i);
    return;
  }
  using Values = Pack<Scalar, kPack>;
  using States = Pack<float, kPack>;
  const Values p = reinterpret_cast<const Values*>(tensors.p)[pack];
  const Values grad = reinterpret_cast<const Values*>(tensors.grad)[pack];
  States states[kAtLeastOne<kRead>], states_out[kAtLeastOne<kWritten>];
#pragma unroll
  for (int k = 0; k < kRead; ++k) states[k] = reinterpret_cast<const States*>(tensors.state[k])[pack];
  Values p_out;
#pragma unroll
  for (int i = 0; i < kPack; ++i) {
    float state[kAtLeastOne<kRead>] = {}, state_out[kAtLeastOne<kWritten>];
#pragma unroll
    for (int k = 0; k < kRead; ++k) state[k] = states[k].values[i];
    p_out.values[i] = from_float<Scalar>(update(to_float(p.values[i]), to_float(grad.values[i]), state, state_out));
#pragma unroll
    for (int k = 0; k < kWritten; ++k) states_out[k].values[i] = state_out[k];
  }
  reinterpret_cast<Values*>(tensors.p_out)[pack] = p_out;
#pragma unroll
  for (int k = 0; k < kWritten; ++k) reinterpret_cast<States*>(tensors.state_out[k])[pack] = states_out[k];
}

/// Launch of `update(p, grad, const float (&state)[], float (&state_out)[]) -> p_out` on every element. Inputs: p, grad,
/// kRead states; outputs: p_out, kWritten states; dense and in one order, not empty.
template <class Scalar, int kRead, int kWritten, class Update>
Launch update_launch(Update update, const Tensors& given, const Device& device) {
  UpdateTensors<Scalar, kRead, kWritten> tensors{};
  tensors.p = given.inputs[0].as<const Scalar>();
  tensors.grad = given.inputs[1].as<const Scalar>();
  tensors.p_out = given.outputs[0].as<Scalar>();
  for (int k = 0; k < kRead; ++k) tensors.state[k] = given.inputs[static_cast<std::size_t>(2 + k)].as<const float>();
  for (int k = 0; k < kWritten; ++k) tensors.state_out[k] = given.outputs[static_cast<std::size_t>(1 + k)].as<float>();
  tensors.count = given.outputs[0].count();
  const auto is_aligned = [](const TensorView& view) {
    return view.is_aligned(kUpdatePack * static_cast<std::size_t>(size_in_bytes(view.dtype)));
  };
  const bool in_packs = std::all_of(given.inputs.begin(), given.inputs.end(), is_aligned) &&
                        std::all_of(given.outputs.begin(), given.outputs.end(), is_aligned);
  const int pack = in_packs ? kUpdatePack : 1;
  const std::int64_t tile = static_cast<std::int64_t>(pack) * kUpdateThreads,
                     blocks = (tensors.count + tile - 1) / tile;
  return [=, stream = device.stream()] {
    if (in_packs)
      launch(update_packs<kUpdatePack, Update, Scalar, kRead, kWritten>, {blocks, kUpdateThreads}, stream, update,
             tensors);
    else
      launch(update_packs<1, Update, Scalar, kRead, kWritten>, {blocks, kUpdateThreads}, stream, update, tensors);
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
