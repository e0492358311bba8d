// SPDX-License-Identifier: Apache-2.0
// The compiler calls the hooks, for accesses of every width. Compiled without instrumentation these tests fail, and a test
// of the build runs them so and expects that.
#include <gtest/gtest.h>

#include "harness/simt/check/checker.hpp"
#include "harness/simt/check/testing/checked_launch.hpp"
#include "harness/simt/check_mode.hpp"

namespace lockstep::emulated {
namespace {

template <class Element>
__global__ void assign(const Element* in, Element* out) {
  *out = *in;
}

template <class Element>
__global__ void change(Element* both) {
  *both = static_cast<Element>(*both + 1);
}

struct Triple {
  float values[3];
};
struct Large {
  double values[9];
};

/// A launch of one thread makes as many findings as it makes kinds of mistakes: reads what nobody wrote.
template <class Element>
void expect_read_is_seen(const char* bytes) {
  const GlobalTensor<Element> in("in", 1, false), out("out", 1, false);
  EXPECT_CONTAINS(expect_found(FaultKind::uninitialised_read, assign<Element>, {1, 1}, in.data(), out.data()),
                  std::string("reads ") + bytes + " bytes of 'in' + 0");
  simt::mark_global(in.data(), sizeof(Element), simt::GlobalContent::written);
  expect_silent(assign<Element>, {1, 1}, in.data(), out.data());
  expect_silent(assign<Element>, {1, 1}, out.data(), in.data());  // all of it was written
}

TEST(Hooks, FireForEveryWidth) {
  EXPECT_TRUE(simt::check_mode());
  expect_read_is_seen<char>("1");
  expect_read_is_seen<short>("2");
  expect_read_is_seen<__nv_bfloat16>("2");
  expect_read_is_seen<float>("4");
  expect_read_is_seen<double>("8");
  expect_read_is_seen<float2>("8");
  expect_read_is_seen<float4>("16");
  expect_read_is_seen<Triple>("12");
  expect_read_is_seen<Large>("72");
}

TEST(Hooks, AreCounted) {
  const GlobalTensor<int> in("in", 1), out("out", 1);
  const std::uint64_t before = simt::check::Checker::instance().accesses();
  launch(assign<int>, {1, 1}, nullptr, in.data(), out.data());
  EXPECT_GE(simt::check::Checker::instance().accesses(), before + 2);
}

/// A compiler may leave out the read of a word that it goes on to write.
TEST(Hooks, SeeTheReadBeforeAWrite) {
  const GlobalTensor<float> single("single", 1, false);
  EXPECT_EQ(outcome_of({}, change<float>, {1, 1}, single.data()).kind, FaultKind::uninitialised_read);
  const GlobalTensor<short> narrow("narrow", 1, false);
  EXPECT_EQ(outcome_of({}, change<short>, {1, 1}, narrow.data()).kind, FaultKind::uninitialised_read);
}

__global__ void change_atomically(int* integer, float* real, unsigned* pattern, __half* half) {
  atomicAdd(integer, 1);
  atomicAdd(real, 1.0f);
  atomicCAS(pattern, 0u, 1u);
  atomicMax(pattern, 3u);
  atomicAdd(half, static_cast<__half>(1));
}

TEST(Hooks, CarryOutAtomicOperations) {
  const GlobalTensor<int> integer("integer", 1);
  const GlobalTensor<float> real("real", 1);
  const GlobalTensor<unsigned> pattern("pattern", 1);
  const GlobalTensor<__half> half("half", 1);
  launch(change_atomically, {2, 32}, nullptr, integer.data(), real.data(), pattern.data(), half.data());
  EXPECT_EQ(*integer.data(), 64);
  EXPECT_EQ(*real.data(), 64.0f);
  EXPECT_EQ(*pattern.data(), 3u);
  EXPECT_EQ(static_cast<float>(*half.data()), 64.0f);
  const GlobalTensor<int> unwritten("unwritten", 1, false);
  EXPECT_EQ(outcome_of({}, change_atomically, {1, 1}, unwritten.data(), real.data(), pattern.data(), half.data()).kind,
            FaultKind::uninitialised_read);
}

constexpr int kVectorLine = __LINE__ + 2;
__global__ void read_vector(const float* in, float* out) {
  const float4& four = *reinterpret_cast<const float4*>(in);
  out[0] = four.x + four.y + four.z + four.w;
}

TEST(Hooks, MisalignedVector) {
  const GlobalTensor<float> in("in", 8), out("out", 1);
  const std::string found = expect_found(FaultKind::misaligned, read_vector, {1, 1}, in.data() + 1, out.data());
  EXPECT_CONTAINS(found, at_line(kVectorLine));
  EXPECT_CONTAINS(found, "no multiple of 16");
  EXPECT_CONTAINS(found, "'in' + 4");
  expect_silent(read_vector, {1, 1}, in.data() + 4, out.data());
#ifndef __clang__  // which does not look at the alignment of what it copies as a whole
  const GlobalTensor<float4> fours("fours", 2);
  expect_found(FaultKind::misaligned, assign<float4>, {1, 1}, reinterpret_cast<const float4*>(in.data() + 1),
               fours.data());
#endif
}

__global__ void fill_and_move(char* bytes, std::size_t count) {
  memset(bytes, 1, count);
  memmove(bytes + 1, bytes, count - 1);
  memcpy(bytes, bytes + count / 2, count / 2);
}

TEST(Hooks, SeeFillsAndCopies) {
  const GlobalTensor<char> bytes("bytes", 300, false);
  expect_silent(fill_and_move, {1, 1}, bytes.data(), std::size_t{300});
  EXPECT_CONTAINS(expect_found(FaultKind::out_of_bounds, fill_and_move, {1, 1}, bytes.data(), std::size_t{301}),
                  "writes 301 bytes of 'bytes', 0 bytes past its end at 300");
}

}  // namespace
}  // namespace lockstep::emulated
