// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/autograd/autograd.hpp"

// Steps of the graph that move numbers and compute none, and the addition by which gradients accumulate. All are
// differentiable any number of times. Dimensions may be negative, as in PyTorch.
namespace lockstep {

/// The sum of two tensors of one shape; of two floating dtypes the result has the wider, as PyTorch promotes types.
Variable add(Autograd& autograd, const Variable& a, const Variable& b);

/// The same elements in row-major order under another shape; one extent may be -1. Throws Error with PyTorch's message
/// where the counts differ.
Variable reshape(Autograd& autograd, const Variable& x, Shape shape);

/// Axis i of the result is axis order[i] of x. Throws Error unless order is a permutation of the axes.
Variable permute(Autograd& autograd, const Variable& x, const std::vector<std::int64_t>& order);

/// Elements start .. start + length of axis `dim`. Throws Error with PyTorch's message where they do not exist.
Variable narrow(Autograd& autograd, const Variable& x, std::int64_t dim, std::int64_t start, std::int64_t length);

/// The tensors one behind the other along axis `dim`; their other extents and dtypes are equal. Throws Error for none.
Variable concatenate(Autograd& autograd, const std::vector<Variable>& parts, std::int64_t dim);

/// The contents rounded to another floating dtype; the gradient is rounded back.
Variable cast(Autograd& autograd, const Variable& x, DType dtype);

}  // namespace lockstep
