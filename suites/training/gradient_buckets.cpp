// SPDX-License-Identifier: Apache-2.0
#include "suites/training/gradient_buckets.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep {

std::vector<GradientBucket> assign_buckets(const std::vector<BucketItem>& parameters, std::int64_t first_bucket_bytes,
                                           std::int64_t bucket_bytes) {
  std::vector<std::size_t> backwards(parameters.size());
  std::iota(backwards.rbegin(), backwards.rend(), std::size_t{0});
  return assign_buckets(parameters, backwards, first_bucket_bytes, bucket_bytes);
}

std::vector<GradientBucket> assign_buckets(const std::vector<BucketItem>& parameters,
                                           const std::vector<std::size_t>& order, std::int64_t first_bucket_bytes,
                                           std::int64_t bucket_bytes) {
  if (first_bucket_bytes < 1 || bucket_bytes < 1)
    throw Error("buckets of " + std::to_string(std::min(first_bucket_bytes, bucket_bytes)) +
                " bytes; accepted: at least 1");
  constexpr auto kNowhere = static_cast<std::size_t>(-1);
  std::vector<std::size_t> place(parameters.size(), kNowhere);
  for (std::size_t at = 0; at < order.size(); ++at) {
    if (order.size() != parameters.size() || order[at] >= place.size() || place[order[at]] != kNowhere)
      throw Error("an order of gradients for " + std::to_string(parameters.size()) +
                  " parameters; accepted: each of them once");
    place[order[at]] = at;
  }
  std::vector<GradientBucket> closed;
  std::map<DType, GradientBucket> open;
  std::map<DType, int> closed_of_dtype;
  for (const std::size_t i : order) {
    const BucketItem& item = parameters[i];
    GradientBucket& bucket = open[item.dtype];
    bucket.dtype = item.dtype;
    bucket.count += item.count;
    bucket.parameters.push_back(i);
    const std::int64_t limit = closed_of_dtype[item.dtype] == 0 ? first_bucket_bytes : bucket_bytes;
    if (bucket.count * static_cast<std::int64_t>(size_in_bytes(item.dtype)) < limit) continue;
    closed.push_back(std::move(bucket));
    open.erase(item.dtype);
    ++closed_of_dtype[item.dtype];
  }
  for (auto& [dtype, bucket] : open) closed.push_back(std::move(bucket));
  // The later a bucket's last parameter comes in the walk, the later it fills.
  std::sort(closed.begin(), closed.end(), [&](const GradientBucket& a, const GradientBucket& b) {
    return place[a.parameters.back()] < place[b.parameters.back()];
  });
  return closed;
}

}  // namespace lockstep
