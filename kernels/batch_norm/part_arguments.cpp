// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/part_arguments.hpp"

#include <limits>

#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/geometry.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {
namespace {

/// Whether every tensor of the list that is an activation, or every one that is not, lies on a multiple of `bytes`.
bool aligned(const std::vector<TensorSpec>& specs, const std::vector<TensorView>& views, bool activations,
             std::size_t bytes) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (specs[i].takes_layout == activations && !views[i].is_aligned(bytes)) return false;
  return true;
}

}  // namespace

BatchNormPart::BatchNormPart(const Operator& definition, const Problem& problem, const Tensors& tensors)
    : op(problem.shape("x")), signature_(definition.signature(problem)), tensors_(tensors) {}

void* BatchNormPart::find(const std::vector<TensorSpec>& specs, const std::vector<TensorView>& views,
                          std::string_view name) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (specs[i].name == name) return views[i].data;
  return nullptr;
}

bool BatchNormPart::activations_aligned(std::size_t bytes) const {
  return aligned(signature_.inputs, tensors_.inputs, true, bytes) &&
         aligned(signature_.outputs, tensors_.outputs, true, bytes);
}

bool BatchNormPart::channels_aligned(std::size_t bytes) const {
  return aligned(signature_.inputs, tensors_.inputs, false, bytes);
}

std::optional<std::string> not_dense_part(const Problem& problem) {
  if (problem.layout == Layout::strided)
    return "strided views are not taken; accepted: contiguous, channels_last, unaligned";
  if (ChannelPlanes(problem.shape("x")).count() > std::numeric_limits<std::int32_t>::max())
    return "more than 2^31 values per channel";
  return std::nullopt;
}

PrecisionContract slab_sums_contract(const Problem& problem) {
  const ChannelPlanes op(problem.shape("x"));
  return float_accumulation(lies_in_planes(problem)
                                ? PlaneSlabs::partial_sums(op, ColumnSlabs::combining(PlaneSlabs::slabs(op)))
                                : ColumnSlabs::partial_sums(op));
}

PrecisionContract elementwise_contract(const Problem&) { return float_accumulation(1); }

}  // namespace lockstep
