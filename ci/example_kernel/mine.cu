// SPDX-License-Identifier: Apache-2.0
// Layer normalisation, forward: one block per row, which sums the row, then its centred squares, then writes.
#include "harness/plugin/lockstep_kernels.hpp"

namespace library = lockstep::library;

namespace {

constexpr int kThreads = 128;

__device__ float to_float(float value) { return value; }
__device__ float to_float(__half value) { return __half2float(value); }
__device__ float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }
__device__ void assign(float& to, float value) { to = value; }
__device__ void assign(__half& to, float value) { to = __float2half(value); }
__device__ void assign(__nv_bfloat16& to, float value) { to = __float2bfloat16(value); }

/// The sum over the block, in every thread.
__device__ float block_sum(float value) {
  LOCKSTEP_SHARED(float, partial, [kThreads / 32]);
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  __syncthreads();  // the sums of the call before have been read
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  float total = 0.0f;
  for (int warp = 0; warp < kThreads / 32; ++warp) total += partial[warp];
  return total;
}

template <class Scalar>
__global__ void normalize_row(const Scalar* x, const Scalar* weight, const Scalar* bias, Scalar* y, std::int64_t columns,
                              std::int64_t x_pitch, std::int64_t y_pitch, float eps) {
  const Scalar* const x_row = x + static_cast<std::int64_t>(blockIdx.x) * x_pitch;
  Scalar* const y_row = y + static_cast<std::int64_t>(blockIdx.x) * y_pitch;
  float total = 0.0f;
  for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) total += to_float(x_row[c]);
  const float mean = block_sum(total) / static_cast<float>(columns);
  float squares = 0.0f;
  for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) {
    const float centred = to_float(x_row[c]) - mean;
    squares += centred * centred;
  }
  const float rstd = rsqrtf(block_sum(squares) / static_cast<float>(columns) + eps);
  for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) {
    float value = (to_float(x_row[c]) - mean) * rstd;
    if (weight) value *= to_float(weight[c]);
    if (bias) value += to_float(bias[c]);
    assign(y_row[c], value);
  }
}

struct BlockPerRow {
  static constexpr library::Description description{"layer_norm", LOCKSTEP_FORWARD, "block_per_row"};

  static std::string unsupported(const library::Problem& problem) {
    if (problem.dtype() != LOCKSTEP_F32 && problem.dtype() != LOCKSTEP_F16 && problem.dtype() != LOCKSTEP_BF16)
      return "f32, f16 and bf16 alone";
    const library::Tensor x = problem.input("x");
    if (!x.is_contiguous() && (problem.layout() != LOCKSTEP_STRIDED || problem.integers("normalized_shape").size() != 1))
      return "the elements of a row do not lie next to each other";
    return "";
  }
  /// A thread sums every 128th element; the partial sums are added by a tree. What is not set stays as CUDA documents it.
  static void contract(const library::Problem& problem, lockstep_contract& contract) {
    contract.partial_sums = std::clamp<std::int64_t>(columns_of(problem), 1, kThreads);
  }

  explicit BlockPerRow(const library::Problem& problem)
      : x(problem.input("x")), y(problem.output("y")), columns(columns_of(problem)),
        rows(columns == 0 ? 0 : y.count() / columns), eps(static_cast<float>(problem.real("eps", 1e-5))) {
    if (problem.has_input("weight")) weight = problem.input("weight").data;
    if (problem.has_input("bias")) bias = problem.input("bias").data;
  }
  void launch(const library::Launch& launch) const {
    switch (x.dtype) {
      case LOCKSTEP_F32: return launch_as<float>(launch);
      case LOCKSTEP_F16: return launch_as<__half>(launch);
      default: return launch_as<__nv_bfloat16>(launch);
    }
  }

 private:
  static std::int64_t columns_of(const library::Problem& problem) {
    std::int64_t columns = 1;
    for (const std::int64_t extent : problem.integers("normalized_shape")) columns *= extent;
    return columns;
  }
  std::int64_t pitch_of(const library::Tensor& tensor) const {
    return tensor.is_contiguous() ? columns : tensor.strides[tensor.strides.size() - 2];
  }
  template <class Scalar>
  void launch_as(const library::Launch& launch) const {
    if (rows == 0) return;
    lockstep::launch(normalize_row<Scalar>, {dim3(static_cast<unsigned>(rows)), dim3(kThreads), 0}, launch.stream,
                     x.as<const Scalar>(), static_cast<const Scalar*>(weight), static_cast<const Scalar*>(bias),
                     y.as<Scalar>(), columns, pitch_of(x), pitch_of(y), eps);
  }

  library::Tensor x, y;
  const void *weight = nullptr, *bias = nullptr;
  std::int64_t columns, rows;
  float eps;
};

}  // namespace

LOCKSTEP_KERNELS(BlockPerRow)
