// SPDX-License-Identifier: Apache-2.0
// mma.sync, ldmatrix and the rounding to tf32 for kernels on both machines: thin functions around the instructions,
// which have no spelling in CUDA C++. Fragments lie in registers as the PTX manual draws them (sections "Matrix
// Fragments for mma.m16n8k16 / m16n8k8"). All 32 lanes of a warp call together. Below compute capability 8.0 they trap.
// (nvcuda::wmma, which CUDA C++ does have, is used as it is; the emulator's is in wmma.hpp.)
#pragma once

#ifdef __CUDACC__

namespace lockstep {
inline namespace machine_gpu {

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define LOCKSTEP_MATRIX_INSTRUCTION(...) __trap()
#else
#define LOCKSTEP_MATRIX_INSTRUCTION(...) asm volatile(__VA_ARGS__)
#endif

/// d = a b + d for 16-bit inputs: a is 16 x 16 (eight values a lane, two in each word), b 16 x 8 (four), d 16 x 8 in
/// float (four). `Element` is __half or __nv_bfloat16.
template <class Element>
__device__ __forceinline__ void multiply_m16n8k16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]);

template <>
__device__ __forceinline__ void multiply_m16n8k16<__half>(float (&d)[4], const unsigned (&a)[4],
                                                          const unsigned (&b)[2]) {
  LOCKSTEP_MATRIX_INSTRUCTION(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

template <>
__device__ __forceinline__ void multiply_m16n8k16<__nv_bfloat16>(float (&d)[4], const unsigned (&a)[4],
                                                                 const unsigned (&b)[2]) {
  LOCKSTEP_MATRIX_INSTRUCTION(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// d = a b + d for tf32 inputs (from round_to_tf32): a is 16 x 8, b 8 x 8, d 16 x 8 in float.
__device__ __forceinline__ void multiply_m16n8k8_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  LOCKSTEP_MATRIX_INSTRUCTION(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The bits of x rounded to tf32 (10 mantissa bits), ties away from zero.
__device__ __forceinline__ unsigned round_to_tf32(float x) {
  unsigned bits = 0;
  LOCKSTEP_MATRIX_INSTRUCTION("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
}

/// Four 8 x 8 matrices of 16-bit elements from shared memory: lane 8 i + r passes the address (16-byte aligned) of row
/// r of matrix i; word i of lane l gets elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4 of matrix i.
__device__ __forceinline__ void load_four_matrices(unsigned (&words)[4], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  LOCKSTEP_MATRIX_INSTRUCTION("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                              : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                              : "r"(address)
                              : "memory");
}

/// The same, each matrix transposed on the way.
__device__ __forceinline__ void load_four_matrices_transposed(unsigned (&words)[4], const void* row) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  LOCKSTEP_MATRIX_INSTRUCTION("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                              : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                              : "r"(address)
                              : "memory");
}
#undef LOCKSTEP_MATRIX_INSTRUCTION

}  // namespace machine_gpu
}  // namespace lockstep

#else

#include "harness/simt/narrow_types.hpp"
#include "harness/simt/warp_operations.hpp"

namespace lockstep::simt {

/// The registers of one lane. Products are exact, and sums truncated as the device's matrix units do: truncating_sums.hpp
/// has how, and sets whose.
struct MatrixRegisters {
  float* d;
  const unsigned* a;
  const unsigned* b;
};
void multiply_half(const MatrixRegisters& registers, const char* file, int line);
void multiply_bfloat16(const MatrixRegisters& registers, const char* file, int line);
void multiply_tf32(const MatrixRegisters& registers, const char* file, int line);
void load_matrices(unsigned* words, const void* row, bool transposed, const char* file, int line);

}  // namespace lockstep::simt

namespace lockstep {
inline namespace machine_emulated {

template <class Element>
inline void multiply_m16n8k16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], LOCKSTEP_CALL_SITE) {
  if constexpr (std::is_same_v<Element, simt::dialect::__half>) {
    simt::multiply_half({.d = d, .a = a, .b = b}, file, line);
  } else {
    static_assert(std::is_same_v<Element, simt::dialect::__nv_bfloat16>);
    simt::multiply_bfloat16({.d = d, .a = a, .b = b}, file, line);
  }
}
inline void multiply_m16n8k8_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], LOCKSTEP_CALL_SITE) {
  simt::multiply_tf32({.d = d, .a = a, .b = b}, file, line);
}
inline unsigned round_to_tf32(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7f800000u) == 0x7f800000u) return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fffffffu : bits;
  return (bits + 0x1000u) & 0xffffe000u;  // half a unit added to the magnitude: ties go away from zero
}
inline void load_four_matrices(unsigned (&words)[4], const void* row, LOCKSTEP_CALL_SITE) {
  simt::load_matrices(words, row, false, file, line);
}
inline void load_four_matrices_transposed(unsigned (&words)[4], const void* row, LOCKSTEP_CALL_SITE) {
  simt::load_matrices(words, row, true, file, line);
}

}  // namespace machine_emulated
}  // namespace lockstep

#endif
