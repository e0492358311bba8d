// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/conformance.hpp"

#include "harness/data/error.hpp"
#include "harness/simt/cooperative_groups.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

namespace cg = cooperative_groups;
namespace wmma = nvcuda::wmma;

constexpr int kThreads = 64;

/// `values` has room for 64 doubles a thread; results go to values[i * 64 + thread].
class Results {
 public:
  __device__ explicit Results(double* values) : next_(values + threadIdx.x) {}
  template <class Value>
  __device__ void put(Value value) {
    *next_ = static_cast<double>(value);
    next_ += kThreads;
  }

 private:
  double* next_;
};

__global__ void shuffles_and_votes(double* values) {
  Results results(values);
  const int thread = static_cast<int>(threadIdx.x);
  const auto real = static_cast<float>(thread) * 0.5f;
  results.put(__shfl_sync(0xffffffffu, real, 5));
  results.put(__shfl_sync(0xffffffffu, thread, thread * 3, 8));
  results.put(__shfl_up_sync(0xffffffffu, real, 3));
  results.put(__shfl_up_sync(0xffffffffu, thread, 5, 16));
  results.put(__shfl_down_sync(0xffffffffu, static_cast<double>(real), 7));
  results.put(__shfl_down_sync(0xffffffffu, thread, 9, 16));
  results.put(__shfl_xor_sync(0xffffffffu, real, 16));
  results.put(__shfl_xor_sync(0xffffffffu, thread, 12, 8));
  results.put(__half2float(__shfl_xor_sync(0xffffffffu, __float2half(real), 1)));
  results.put(__ballot_sync(0xffffffffu, thread % 3 == 1));
  results.put(__any_sync(0xffffffffu, thread == 40));
  results.put(__all_sync(0xffffffffu, thread < 40));
  results.put(__match_any_sync(0xffffffffu, thread / 5));
  int equal = 0;
  results.put(__match_all_sync(0xffffffffu, thread / 32, &equal));
  results.put(equal);
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  results.put(__reduce_add_sync(0xffffffffu, thread - 20));
  results.put(__reduce_min_sync(0xffffffffu, thread - 20));
  results.put(__reduce_max_sync(0xffffffffu, static_cast<unsigned>(thread - 20)));
  results.put(__reduce_xor_sync(0xffffffffu, static_cast<unsigned>(thread)));
#endif
  if (thread % 32 < 8) results.put(__shfl_xor_sync(0xffu, thread, 3));
  __syncwarp();
  results.put(__syncthreads_count(thread % 7 == 0));
  results.put(__syncthreads_and(thread < 50));
  results.put(__syncthreads_or(thread == 50));
}

template <unsigned kSize>
__device__ void use_tile(Results& results) {
  const auto tile = cg::tiled_partition<kSize>(cg::this_thread_block());
  const auto value = static_cast<int>(threadIdx.x);
  results.put(tile.thread_rank());
  results.put(tile.meta_group_rank());
  results.put(tile.meta_group_size());
  results.put(cg::reduce(tile, value, cg::plus<int>()));
  results.put(cg::reduce(tile, static_cast<float>(value), cg::greater<float>()));
  results.put(cg::reduce(tile, value, cg::less<int>()));
  results.put(tile.shfl_down(value, 1));
  results.put(tile.shfl_xor(value, kSize / 2));
  results.put(tile.ballot(value % 3 == 0));
  tile.sync();
}

__global__ void groups(double* values) {
  Results results(values);
  use_tile<4>(results);
  use_tile<16>(results);
  use_tile<32>(results);
  const cg::thread_block block = cg::this_thread_block();
  results.put(block.thread_rank() + 100 * block.size());
  block.sync();
}

__global__ void memory(double* values) {
  LOCKSTEP_SHARED(float, tile, [kThreads / 8][9]);
  LOCKSTEP_SHARED(unsigned, counter);
  LOCKSTEP_SHARED(float4, quads, [kThreads]);
  LOCKSTEP_DYNAMIC_SHARED(int, dynamic);
  Results results(values);
  const int thread = static_cast<int>(threadIdx.x);
  if (thread == 0) counter = 0;
  tile[thread / 8][thread % 8] = static_cast<float>(thread);
  dynamic[thread] = 1;
  quads[thread] = make_float4(1, 2, 3, static_cast<float>(thread));
  __syncthreads();
  results.put(tile[thread % 8][thread / 8]);
  results.put(reinterpret_cast<const float*>(quads)[thread * 4 + 3]);
  atomicAdd(&counter, 2u);
  atomicMax(&dynamic[1], thread);
  atomicExch(&dynamic[2], 9);
  atomicAdd(reinterpret_cast<float*>(&dynamic[3]), 0.0f);
  atomicInc(reinterpret_cast<unsigned*>(&dynamic[4]), 4);
  __threadfence_block();
  __syncthreads();
  results.put(counter);
  results.put(dynamic[1] + dynamic[2]);
  results.put(dynamic[4]);
  __pipeline_memcpy_async(&quads[thread], &values[0] + 2 * (thread % 4), 16, 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  results.put(quads[thread].w);
  __stcs(values + 63 * kThreads + thread, 4.0);
  results.put(__ldcs(values + 63 * kThreads + thread));
}

template <class Narrow>
__device__ void use_narrow(Results& results, float x, float y, float z) {
  const Narrow a = x, b = y, c = z;
  results.put(float(a + b));
  results.put(float(a - b));
  results.put(float(a * b));
  results.put(float(a / b));
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  results.put(float(__hfma(a, b, c)));
#else
  results.put(float(c));
#endif
  results.put(float(__hmax(a, b)));
  results.put(float(__hmin(a, -b)));
  results.put(float(__habs(-a)));
  results.put(__hgt(a, b));
  results.put(a <= b);
  results.put(float(Narrow(x * 1.0e-5f)));
  results.put(float(Narrow(x * 12345.67)));
}

__global__ void arithmetic(double* values) {
  Results results(values);
  const float x = 1.0f + static_cast<float>(threadIdx.x) * 0.0371f, y = 2.7f - x, z = -x * y;
  use_narrow<__half>(results, x, y, z);
  use_narrow<__nv_bfloat16>(results, x, y, z);
  const float2 pair = __half22float2(__hadd2(__floats2half2_rn(x, y), __float2half2_rn(z)));
  results.put(pair.x);
  results.put(pair.y);
  const float2 brain = __bfloat1622float2(__hmul2(__floats2bfloat162_rn(x, y), __float2bfloat162_rn(z)));
  results.put(brain.x);
  results.put(brain.y);
  results.put(__frsqrt_rn(x));
  results.put(__fmaf_rn(x, y, z));
  results.put(__fdiv_rn(x, z));
  results.put(__fsqrt_rn(x));
  results.put(max(x, y));
  results.put(min(-1, static_cast<int>(threadIdx.x)));
  results.put(__popc(threadIdx.x * 77u) + __clz(static_cast<int>(threadIdx.x)) + __ffs(static_cast<int>(threadIdx.x)));
  results.put(__brev(threadIdx.x));
  results.put(__byte_perm(threadIdx.x * 0x01020304u, 0x80706050u, 0xf521u));
  results.put(__umulhi(threadIdx.x * 0x9e3779b9u, 12345u));
  results.put(__float_as_int(x));
  results.put(__half_as_ushort(__float2half(y)) + __bfloat16_as_ushort(__float2bfloat16(y)));
}

__global__ void matrices(double* values) {
  LOCKSTEP_SHARED(__half, a, [16][16]);
  LOCKSTEP_SHARED(__half, b, [16][16]);
  LOCKSTEP_SHARED(float, d, [16][16]);
  Results results(values);
  const int thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < 256; i += kThreads) {
    a[i / 16][i % 16] = static_cast<float>(i * 5 % 13 - 6);
    b[i / 16][i % 16] = static_cast<float>(i * 3 % 11 - 5);
  }
  __syncthreads();
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  unsigned words_a[4], words_b[4];
  load_four_matrices(words_a, &a[thread % 16][thread % 32 / 16 * 8]);
  load_four_matrices_transposed(words_b, &b[thread % 16][thread % 32 / 16 * 8]);
  const unsigned first_b[2] = {words_b[0], words_b[1]};
  float sums[4] = {1, 2, 3, 4};
  multiply_m16n8k16<__half>(sums, words_a, first_b);
  for (float sum : sums) results.put(sum);
  const unsigned tf32_a[4] = {round_to_tf32(1.5f), round_to_tf32(static_cast<float>(thread % 32)), 0,
                              round_to_tf32(-2)};
  const unsigned tf32_b[2] = {round_to_tf32(static_cast<float>(thread % 5)), round_to_tf32(3.1f)};
  multiply_m16n8k8_tf32(sums, tf32_a, tf32_b);
  for (float sum : sums) results.put(sum);
#endif
  if (thread < 32) {
    wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::col_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
    wmma::fill_fragment(sum, 1.0f);
    wmma::load_matrix_sync(left, &a[0][0], 16);
    wmma::load_matrix_sync(right, &b[0][0], 16);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(&d[0][0], sum, 16, wmma::mem_row_major);
  }
  __syncthreads();
  for (int i = thread; i < 256; i += kThreads) results.put(d[i / 16][i % 16]);
}

/// Memory that host and kernel both reach.
class SharedValues {
 public:
  SharedValues() {
#ifdef __CUDACC__
    check(cudaMallocManaged(&data_, kCount * sizeof(double)));
#else
    data_ = new double[kCount];
#endif
    for (int i = 0; i < kCount; ++i) data_[i] = 0;
  }
  ~SharedValues() {
#ifdef __CUDACC__
    cudaFree(data_);
#else
    delete[] data_;
#endif
  }
  SharedValues(const SharedValues&) = delete;
  SharedValues& operator=(const SharedValues&) = delete;

  double* data() { return data_; }
  std::vector<double> copy() const {
#ifdef __CUDACC__
    check(cudaDeviceSynchronize());
#endif
    return {data_, data_ + kCount};
  }

 private:
#ifdef __CUDACC__
  static void check(cudaError_t status) {
    if (status != cudaSuccess) throw Error(std::string("conformance kernels: ") + cudaGetErrorString(status));
  }
#endif
  static constexpr int kCount = 64 * kThreads;
  double* data_ = nullptr;
};

ConformanceResult run(const char* name, void (*kernel)(double*)) {
  SharedValues values;
  launch(kernel, LaunchShape{1, kThreads, kThreads * sizeof(int)}, nullptr, values.data());
  return {name, values.copy()};
}

}  // namespace

std::vector<ConformanceResult> run_conformance() {
  return {run("shuffles_and_votes", shuffles_and_votes), run("groups", groups), run("memory", memory),
          run("arithmetic", arithmetic), run("matrices", matrices)};
}

#ifdef __CUDACC__
bool has_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}
#endif

}  // namespace lockstep::LOCKSTEP_BACKEND
