// SPDX-License-Identifier: Apache-2.0
// Compiled with -fsanitize=alignment, as the kernels of libraries are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"

#if !defined(LOCKSTEP_SANITIZE)
namespace lockstep::LOCKSTEP_BACKEND {
namespace {

__global__ void copy_vectors(const float* from, float* to) {
  const auto* vectors = reinterpret_cast<const float4*>(from);
  const float4 vector = vectors[threadIdx.x];
  float* const place = to + 4 * threadIdx.x;
  place[0] = vector.x;
  place[1] = vector.y;
  place[2] = vector.z;
  place[3] = vector.w;
}

__global__ void store_pairs(float* to) { reinterpret_cast<float2*>(to)[threadIdx.x] = make_float2(1, 2); }

TEST(MisalignedAccess, AVectorLoadOffItsBoundaryIsAFault) {
  alignas(16) float from[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  float to[8] = {};
  launch(copy_vectors, {dim3(1), dim3(2), 0}, nullptr, &from[0], &to[0]);
  EXPECT_EQ(to[7], 8);
  try {
    launch(copy_vectors, {dim3(1), dim3(2), 0}, nullptr, &from[1], &to[0]);
    FAIL() << "a misaligned load went through";
  } catch (const simt::KernelFault& fault) {
    EXPECT_EQ(fault.kind(), simt::FaultKind::misaligned);
    EXPECT_THAT(fault.what(), testing::HasSubstr("block (0,0,0), thread (0,0,0)"));
    EXPECT_THAT(fault.what(), testing::HasSubstr("misaligned_access_test.cpp:"));
    EXPECT_THAT(fault.what(), testing::HasSubstr("4 bytes past a multiple of 16"));
  }
  launch(copy_vectors, {dim3(1), dim3(1), 0}, nullptr, &from[4], &to[0]);  // the next launch works as ever
  EXPECT_EQ(to[0], 5);
}

TEST(MisalignedAccess, AVectorStoreOffItsBoundaryIsAFault) {
  alignas(8) float to[6] = {};
  launch(store_pairs, {dim3(1), dim3(2), 0}, nullptr, &to[0]);
  EXPECT_EQ(to[3], 2);
  EXPECT_THROW(launch(store_pairs, {dim3(1), dim3(2), 0}, nullptr, &to[1]), simt::KernelFault);
}

}  // namespace
}  // namespace lockstep::LOCKSTEP_BACKEND
#endif
