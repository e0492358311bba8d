// SPDX-License-Identifier: Apache-2.0
#include "suites/training/gradient_buckets.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep {

std::vector<GradientBucket> assign_buckets(const std::vector<BucketItem>& parameters, std::int64_t first_bucket_bytes,
                                           std::int64_t bucket_bytes) {
  if (first_bucket_bytes < 1 || bucket_bytes < 1)
    throw Error("buckets of " + std::to_string(std::min(first_bucket_bytes, bucket_bytes)) +
                " bytes; accepted: at least 1");
  std::vector<GradientBucket> closed;
  std::map<DType, GradientBucket> open;
  std::map<DType, int> closed_of_dtype;
  for (std::size_t i = parameters.size(); i-- > 0;) {
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
  std::sort(closed.begin(), closed.end(),
            [](const GradientBucket& a, const GradientBucket& b) { return a.parameters.back() > b.parameters.back(); });
  return closed;
}

}  // namespace lockstep
