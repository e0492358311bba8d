// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "harness/data/dtype.hpp"

namespace lockstep {

/// What the assignment needs to know of a parameter.
struct BucketItem {
  DType dtype = DType::f32;
  std::int64_t count = 0;
};

/// Parameters whose gradients are reduced in one message: indices into the list of parameters, all of one dtype.
struct GradientBucket {
  DType dtype = DType::f32;
  std::int64_t count = 0;
  std::vector<std::size_t> parameters;
};

/// DistributedDataParallel's rule (torch, _compute_bucket_assignment_by_size), walked from the last parameter to the
/// first, since the backward reaches the last layers first: a parameter joins the open bucket of its dtype, and a bucket
/// that has reached its limit is closed, so buckets overshoot and a huge tensor is a bucket of its own. The first bucket
/// of each dtype has the first limit, all others the second. Buckets come in the order in which they fill.
/// Throws Error for a limit below 1 byte.
std::vector<GradientBucket> assign_buckets(const std::vector<BucketItem>& parameters, std::int64_t first_bucket_bytes,
                                           std::int64_t bucket_bytes);

/// The same rule walked in a given order, such as that in which gradients arrived: each parameter's index once. Throws
/// Error for an order that is none.
std::vector<GradientBucket> assign_buckets(const std::vector<BucketItem>& parameters,
                                           const std::vector<std::size_t>& order, std::int64_t first_bucket_bytes,
                                           std::int64_t bucket_bytes);

}  // namespace lockstep
