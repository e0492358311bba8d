// SPDX-License-Identifier: Apache-2.0
// Layer normalisation of float32 rows, forward, in two kernels: the first leaves each row's mean and reciprocal deviation in
// the workspace, the second writes packs of four elements. Compiled once per fault that is planted in it (FAULT_...=1), to
// see that judging such a library finds the fault; without a definition it is sound.
#include "harness/plugin/lockstep_kernels.hpp"

namespace library = lockstep::library;

namespace {

constexpr int kThreads = 128, kPack = 4;

#if FAULT_index_overflow
using Offset = int;  // the product of a row and its pitch does not fit
#else
using Offset = std::int64_t;
#endif

#if FAULT_low_precision
using Sum = __nv_bfloat16;  // promised is float32
__device__ Sum zero() { return __float2bfloat16(0.0f); }
__device__ Sum added(Sum sum, float term) { return __float2bfloat16(__bfloat162float(sum) + term); }
__device__ float value_of(Sum sum) { return __bfloat162float(sum); }
#else
using Sum = float;
__device__ Sum zero() { return 0.0f; }
__device__ Sum added(Sum sum, float term) { return sum + term; }
__device__ float value_of(Sum sum) { return sum; }
#endif

/// The sum over the block, in every thread.
__device__ float block_sum(float value) {
#if FAULT_nondeterministic
  LOCKSTEP_SHARED(float, total);
  __syncthreads();
  if (threadIdx.x == 0) total = 0.0f;
  __syncthreads();
  atomicAdd(&total, value);  // in whatever order the threads come
  __syncthreads();
  return total;
#else
  LOCKSTEP_SHARED(float, partial, [kThreads]);
#if FAULT_divergent_barrier
  if (threadIdx.x < 32) __syncthreads();
#else
  __syncthreads();  // the sums of the call before have been read
#endif
  partial[threadIdx.x] = value;
#if !FAULT_race
  __syncthreads();
#endif
  float total = 0.0f;
  for (int thread = 0; thread < kThreads; ++thread) total += partial[thread];
  return total;
#endif
}

__global__ void row_statistics(const float* x, float2* statistics, int columns, Offset x_pitch, float eps) {
  const float* const row = x + static_cast<Offset>(blockIdx.x) * x_pitch;
  Sum sum = zero();
  for (int c = threadIdx.x; c < columns; c += kThreads) sum = added(sum, row[c]);
  const float mean = block_sum(value_of(sum)) / static_cast<float>(columns);
  Sum squares = zero();
  for (int c = threadIdx.x; c < columns; c += kThreads) squares = added(squares, (row[c] - mean) * (row[c] - mean));
  const float variance = block_sum(value_of(squares)) / static_cast<float>(columns);
  if (threadIdx.x == 0) statistics[blockIdx.x] = make_float2(mean, rsqrtf(variance + eps));
}

__device__ float normalized(float x, float2 statistics, const float* weight, const float* bias, int column) {
  const float value = (x - statistics.x) * statistics.y;
  return value * (weight ? weight[column] : 1.0f) + (bias ? bias[column] : 0.0f);
}

template <bool kPacked>
__global__ void normalize(const float* x, const float2* statistics, const float* weight, const float* bias, float* y,
                          int columns, Offset x_pitch, Offset y_pitch) {
  const float* const row = x + static_cast<Offset>(blockIdx.x) * x_pitch;
  float* const y_row = y + static_cast<Offset>(blockIdx.x) * y_pitch;
  const float2 of_row = statistics[blockIdx.x];
#if FAULT_read_unwritten
  // The output before anybody has written it, which changes nothing.
  if (threadIdx.x == 0 && y_row[0] == 1e30f) y_row[0] = 0.0f;
#endif
  int done = 0;
  if constexpr (kPacked) {
    done = columns / kPack * kPack;
    for (int c = kPack * threadIdx.x; c < done; c += kPack * kThreads) {
      const float4 pack = *reinterpret_cast<const float4*>(row + c);
      const float4 result = make_float4(normalized(pack.x, of_row, weight, bias, c),
                                        normalized(pack.y, of_row, weight, bias, c + 1),
                                        normalized(pack.z, of_row, weight, bias, c + 2),
                                        normalized(pack.w, of_row, weight, bias, c + 3));
      *reinterpret_cast<float4*>(y_row + c) = result;
    }
  }
#if FAULT_missing_tail
  const int end = columns / kThreads * kThreads;
#else
  const int end = columns;
#endif
  for (int c = done + threadIdx.x; c < end; c += kThreads) y_row[c] = normalized(row[c], of_row, weight, bias, c);
#if FAULT_input_overwritten
  if (threadIdx.x == 0) const_cast<float*>(row)[columns - 1] = of_row.x;
#endif
#if FAULT_read_past_end
  // Four bytes behind the last row, which change nothing.
  if (threadIdx.x == 0 && blockIdx.x + 1 == gridDim.x && row[columns] == 1e30f) y_row[0] = y_row[0] + 0.0f;
#endif
}

struct TwoPasses {
  static constexpr library::Description description{"layer_norm", LOCKSTEP_FORWARD, "two_passes"};

  static std::string unsupported(const library::Problem& problem) {
    if (problem.dtype() != LOCKSTEP_F32) return "f32 alone";
    if (!problem.input("x").is_contiguous() &&
        (problem.layout() != LOCKSTEP_STRIDED || problem.integers("normalized_shape").size() != 1))
      return "the elements of a row do not lie next to each other";
    if (problem.workspace_limit_bytes() < workspace_for(Extents(problem).rows)) return "the workspace is too small";
    return "";
  }
  /// A thread sums every 128th element; the partial sums are added one after another.
  static void contract(const library::Problem&, lockstep_contract& contract) { contract.partial_sums = 1; }

  explicit TwoPasses(const library::Problem& problem)
      : x(problem.input("x")), y(problem.output("y")), extents(problem),
        eps(static_cast<float>(problem.real("eps", 1e-5))) {
    if (problem.has_input("weight")) weight = problem.input("weight").as<const float>();
    if (problem.has_input("bias")) bias = problem.input("bias").as<const float>();
  }
  std::int64_t workspace_bytes() const {
#if FAULT_workspace_overrun
    return workspace_for(extents.rows) - std::int64_t{sizeof(float)};
#else
    return workspace_for(extents.rows);
#endif
  }
  void launch(const library::Launch& launch) const {
    if (extents.rows == 0) return;
    const lockstep::LaunchShape shape{dim3(static_cast<unsigned>(extents.rows)), dim3(kThreads), 0};
    auto* const statistics = static_cast<float2*>(launch.workspace);
    const auto columns = static_cast<int>(extents.columns);
    const auto x_pitch = static_cast<Offset>(pitch_of(x)), y_pitch = static_cast<Offset>(pitch_of(y));
    lockstep::launch(row_statistics, shape, launch.stream, x.as<const float>(), statistics, columns, x_pitch, eps);
#if FAULT_wrong_stream
    const lockstep::Stream stream = nullptr;
#else
    const lockstep::Stream stream = launch.stream;
#endif
#if FAULT_unaligned_vectors
    const bool packed = true;
#else
    const bool packed = takes_packs(x) && takes_packs(y);
#endif
    lockstep::launch(packed ? normalize<true> : normalize<false>, shape, stream, x.as<const float>(),
                     static_cast<const float2*>(statistics), weight, bias, y.as<float>(), columns, x_pitch, y_pitch);
  }

 private:
  struct Extents {
    explicit Extents(const library::Problem& problem) {
      for (const std::int64_t extent : problem.integers("normalized_shape")) columns *= extent;
      rows = columns == 0 ? 0 : problem.output("y").count() / columns;
    }
    std::int64_t columns = 1, rows = 0;
  };
  static std::int64_t workspace_for(std::int64_t rows) { return rows * std::int64_t{sizeof(float2)}; }
  std::int64_t pitch_of(const library::Tensor& tensor) const {
    return tensor.is_contiguous() ? extents.columns : tensor.strides[tensor.strides.size() - 2];
  }
  bool takes_packs(const library::Tensor& tensor) const {
    return tensor.is_aligned(sizeof(float4)) && pitch_of(tensor) % kPack == 0;
  }

  library::Tensor x, y;
  const float *weight = nullptr, *bias = nullptr;
  Extents extents;
  float eps;
};

}  // namespace

LOCKSTEP_KERNELS(TwoPasses)
