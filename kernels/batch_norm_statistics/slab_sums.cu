// SPDX-License-Identifier: Apache-2.0
// Idea: a rank's batch is cut into slabs as batch_norm cuts it; a first launch leaves each slab's sums, a second combines
// those of a channel.
// Layout: planes: a block per (channel, slab), 16 values per thread; channels side by side: a block per slab of rows, 8
// packs per thread. The combination: 8 channels per block, up to 64 threads share a channel's slabs.
// Fast because: x is read once, in packs of up to 16 bytes with all of a thread's loads in flight; both passes over a slab
// run from registers.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/column_statistics.cuh"
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/batch_norm/plane_statistics.cuh"
#include "kernels/batch_norm/slab_layout.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/operators.hpp"
#include "reference/value_count.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Total, deviations, squares: in this order in both layouts.
constexpr int kSums = kSlabRows;
static_assert(sizeof(SlabSums) == kSums * sizeof(float));

struct Statistics {
  float *mean, *m2, *count;
  /// The digits of the count.
  float high, low;
};

__global__ void combine_slabs(const float* __restrict__ partial, SlabLayout layout, Statistics out,
                              std::int64_t channels) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kCombinedChannels + threadIdx.x;
  const bool inside = channel < channels && layout.count > 0;
  const auto sums = [&](unsigned slab, SlabRow row) { return partial[layout.at(slab, row, channel)]; };
  float total = 0.0f, squares = 0.0f;
  for (unsigned slab = threadIdx.y; inside && slab < layout.slabs; slab += blockDim.y) total += sums(slab, kTotal);
  total = combine_sum(total);
  const float mean = inside ? total / static_cast<float>(layout.count) : 0.0f;
  for (unsigned slab = threadIdx.y; inside && slab < layout.slabs; slab += blockDim.y) {
    const float values = layout.values(slab), distance = sums(slab, kTotal) / values - mean;
    squares += sums(slab, kSquares) + distance * fmaf(values, distance, 2.0f * sums(slab, kDeviations));
  }
  squares = combine_sum(squares);
  if (threadIdx.y != 0 || channel >= channels) return;
  out.mean[channel] = mean;
  out.m2[channel] = squares;
  if (channel != 0) return;
  out.count[0] = out.high;
  out.count[1] = out.low;
}

/// The pass over x, then the combination.
template <class Pass>
Launch with_combination(const BatchNormPart& part, const SlabLayout& layout, Device& device, Pass pass) {
  const std::int64_t channels = part.op.channels;
  const ValueCount count{part.op.count()};
  const Statistics out{part.output_floats("mean"), part.output_floats("m2"), part.output_floats("count"),
                       static_cast<float>(count.digit(0)), static_cast<float>(count.digit(1))};
  auto memory = std::make_shared<DeviceMemory>(device, layout.bytes(channels, kSums));
  return [=, stream = device.stream()] {
    pass(memory->get());
    launch(combine_slabs, combine_shape(channels, layout.slabs), stream, static_cast<const float*>(memory->get()),
           layout, out, channels);
  };
}

}  // namespace

Launch batch_norm_statistics_slab_sums(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormPart part(batch_norm_statistics_operator(), problem, tensors);
  const void* const x = part.input("x");
  if (!lies_in_planes(problem))
    return with_columns(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(part.op, pack());
      return with_combination(part, SlabLayout::of_columns(part.op, columns, kSums), device, [=](void* partial) {
        launch(column_slab_statistics<Scalar, pack()>, columns.shape(), stream, static_cast<const Scalar*>(x),
               static_cast<float*>(partial), columns);
      });
    });
  return with_planes(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(part.op, pack());
    const SlabLayout layout = SlabLayout::of_planes(part.op, kSums);
    const LaunchShape shape{LaunchExtent(part.op.channels * layout.slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return with_combination(part, layout, device, [=](void* partial) {
      launch(slab_statistics<Scalar, pack()>, shape, stream, static_cast<const Scalar*>(x),
             static_cast<SlabSums*>(partial), planes, layout.slabs);
    });
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
