// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "harness/plan/implementation.hpp"
#include "harness/plan/operator.hpp"
#include "reference/channel_planes.hpp"

namespace lockstep {

/// The tensors of a problem of one of batch_norm's parts (batch_norm_statistics, batch_norm_normalize, ...) by name.
struct BatchNormPart {
  ChannelPlanes op;

  BatchNormPart(const Operator& definition, const Problem& problem, const Tensors& tensors);

  /// The memory of a tensor, null where the problem has none of that name. Everything per channel is float.
  const void* input(std::string_view name) const { return find(signature_.inputs, tensors_.inputs, name); }
  const float* floats(std::string_view name) const { return static_cast<const float*>(input(name)); }
  void* output(std::string_view name) const { return find(signature_.outputs, tensors_.outputs, name); }
  float* output_floats(std::string_view name) const { return static_cast<float*>(output(name)); }

  bool activations_aligned(std::size_t bytes) const;
  bool channels_aligned(std::size_t bytes) const;

 private:
  static void* find(const std::vector<TensorSpec>& specs, const std::vector<TensorView>& views, std::string_view name);

  Signature signature_;
  Tensors tensors_;
};

/// What no kernel of a part takes: strided views, and more values of a channel than fit in 32 bits.
std::optional<std::string> not_dense_part(const Problem& problem);

/// Contracts of the kernels that sum slabs: chains of additions as batch_norm's own, combined by the threads that
/// ColumnSlabs::combining gives a channel.
PrecisionContract slab_sums_contract(const Problem& problem);
/// Of kernels without a sum.
PrecisionContract elementwise_contract(const Problem& problem);

}  // namespace lockstep
