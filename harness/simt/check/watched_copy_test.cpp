// SPDX-License-Identifier: Apache-2.0
// Kernels on tensors of a host that does not check: memory of the test's own.
#include "harness/simt/check/watched_copy.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "harness/simt/check/testing/checked_launch.hpp"

namespace lockstep::emulated {
namespace {

using simt::check::HostTensor;
using simt::check::WatchedCopy;

/// Copies `count` elements, each `step` behind the one before.
__global__ void copy(const float* in, float* out, int count, int step) {
  for (int i = 0; i < count; ++i) out[i * step] = in[i * step];
}

struct Host {
  alignas(256) float elements[64];
  Host() {
    for (int i = 0; i < 64; ++i) elements[i] = static_cast<float>(i);
  }
  HostTensor tensor(const char* name, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                    int first = 0) {
    return {.name = name,
            .data = elements + first,
            .element_bytes = sizeof(float),
            .shape = std::move(shape),
            .strides = std::move(strides)};
  }
};

float* data_of(const WatchedCopy& copied) { return static_cast<float*>(copied.data()); }

TEST(WatchedCopy, KernelsWorkOnItAndTheHostHasTheResult) {
  Host in, out;
  WatchedCopy x(in.tensor("x", {4, 5}, {5, 1})), y(out.tensor("y", {20}, {1}, 3));
  x.bring(true);
  y.bring(false);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(y.data()) % 256, 12u) << "as the host's memory is aligned";
  expect_silent(copy, {1, 1}, data_of(x), data_of(y), 20, 1);
  in.elements[0] = -1;
  y.take_back();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(out.elements[3 + i], static_cast<float>(i));
  EXPECT_EQ(out.elements[2], 2.0f);
  EXPECT_EQ(out.elements[23], 23.0f);
  x.bring(true);
  EXPECT_EQ(data_of(x)[0], -1.0f);
}

TEST(WatchedCopy, ReadsPastTheEndAreFound) {
  Host in, out;
  WatchedCopy x(in.tensor("x", {20}, {1})), y(out.tensor("y", {64}, {1}));
  x.bring(true);
  y.bring(false);
  EXPECT_CONTAINS(expect_found(FaultKind::out_of_bounds, copy, {1, 1}, data_of(x), data_of(y), 21, 1),
                  "reads 4 bytes of 'x', 0 bytes past its end at 80");
}

TEST(WatchedCopy, ReadsOfOutputsThatNobodyWroteAreFound) {
  Host in, out;
  WatchedCopy x(in.tensor("x", {20}, {1})), y(out.tensor("y", {20}, {1}));
  x.bring(true);
  y.bring(false);
  EXPECT_CONTAINS(expect_found(FaultKind::uninitialised_read, copy, {1, 1}, data_of(y), data_of(x), 20, 1),
                  "reads 4 bytes of 'y' + 0; nobody has written it");
}

TEST(WatchedCopy, GapsOfStridesAreNobodys) {
  Host in, out;
  WatchedCopy rows(in.tensor("rows", {3, 4}, {10, 1})), column(in.tensor("column", {6, 1}, {10, 1})),
      y(out.tensor("y", {64}, {1}));
  for (WatchedCopy* const copied : {&rows, &column, &y}) copied->bring(true);
  expect_silent(copy, {1, 1}, data_of(rows), data_of(y), 4, 1);
  expect_silent(copy, {1, 1}, data_of(column), data_of(y), 6, 10);
  expect_found(FaultKind::out_of_bounds, copy, {1, 1}, data_of(rows), data_of(y), 5, 1);
  expect_found(FaultKind::out_of_bounds, copy, {1, 1}, data_of(rows) + 9, data_of(y), 1, 1);
  expect_found(FaultKind::out_of_bounds, copy, {1, 1}, data_of(column), data_of(y), 2, 1);
  // Channels last: no gaps, in another order.
  WatchedCopy image(in.tensor("image", {1, 4, 2, 3}, {24, 1, 12, 4}));
  image.bring(true);
  expect_silent(copy, {1, 1}, data_of(image), data_of(y), 24, 1);
}

/// Memory of which three pages far apart are ever touched.
class Reservation {
 public:
  static constexpr std::int64_t kPitch = std::int64_t{1} << 31;  // in elements
  Reservation()
      : bytes_(static_cast<std::size_t>(2 * kPitch + 4) * sizeof(float)),
        memory_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~Reservation() { munmap(memory_, bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  float* elements() const { return static_cast<float*>(memory_); }

 private:
  std::size_t bytes_;
  void* memory_;
};

__global__ void increment_rows(float* rows, std::int64_t pitch) {
  rows[static_cast<std::int64_t>(blockIdx.x) * pitch + threadIdx.x] += 1.0f;
}

TEST(WatchedCopy, WideGapsTakeNoMemory) {
  const Reservation reservation;
  float* const host = reservation.elements();
  for (std::int64_t row = 0; row < 3; ++row) host[row * Reservation::kPitch + 3] = static_cast<float>(row);
  WatchedCopy rows(HostTensor{
      .name = "rows", .data = host, .element_bytes = 4, .shape = {3, 4}, .strides = {Reservation::kPitch, 1}});
  rows.bring(true);
  EXPECT_EQ(outcome_of({}, increment_rows, {3, 4}, data_of(rows), Reservation::kPitch).message, "");
  rows.take_back();
  for (std::int64_t row = 0; row < 3; ++row)
    EXPECT_EQ(host[row * Reservation::kPitch + 3], static_cast<float>(row) + 1.0f);
  expect_found(FaultKind::out_of_bounds, increment_rows, {3, 5}, data_of(rows), Reservation::kPitch);
}

TEST(WatchedCopy, OfNothingIsNothing) {
  Host in;
  WatchedCopy absent(HostTensor{.name = "absent"}), empty(in.tensor("empty", {4, 0}, {1, 1}));
  absent.bring(true);
  absent.take_back();
  EXPECT_EQ(absent.data(), nullptr);
  empty.bring(true);
  expect_found(FaultKind::out_of_bounds, copy, {1, 1}, data_of(empty), data_of(empty), 1, 1);
}

}  // namespace
}  // namespace lockstep::emulated
