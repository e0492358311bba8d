// SPDX-License-Identifier: Apache-2.0
#include "harness/device/guarded_tensor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr DType kDtypes[]{DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::u8};
constexpr Layout kLayouts[]{Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned};
constexpr std::uint8_t kFirst = GuardedTensor::kFirstPoison, kSecond = GuardedTensor::kSecondPoison;

std::uint8_t* bytes_of(const GuardedTensor& tensor) { return static_cast<std::uint8_t*>(tensor.view().data); }

/// A device whose memory the host cannot read: what is not copied is not seen. Backed by host memory all the same.
class FarDevice final : public Device {
 public:
  DeviceKind kind() const override { return DeviceKind::gpu; }
  bool shares_host_memory() const override { return false; }
  void* allocate(std::size_t bytes) override { return host_->allocate(bytes); }
  void release(void* memory) noexcept override { host_->release(memory); }
  void copy_to_device(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void copy_to_host(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void synchronize() override {}
  void* stream() const override { return nullptr; }

 private:
  std::unique_ptr<Device> host_ = make_host_device(DeviceKind::cpu);
};

Values counted(DType dtype, const Shape& shape) {
  Values values(dtype, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, static_cast<double>(i % 100 + 1));
  return values;
}

class GuardedTensorTest : public ::testing::Test {
 protected:
  GuardedTensor made(DType dtype, const Shape& shape, Layout layout, std::uint8_t poison = kFirst) {
    GuardedTensor tensor(*device_, dtype, shape, layout);
    tensor.poison(poison);
    return tensor;
  }
  void set(GuardedTensor& tensor, std::int64_t index, double value) {
    const TensorView& view = tensor.view();
    store_element(view.data, view.dtype, offset_of(index, view.shape, view.strides), value);
  }
  std::unique_ptr<Device> device_ = make_host_device(DeviceKind::cpu);
};

TEST_F(GuardedTensorTest, WhatIsWrittenReadsBackInEveryLayoutAndDtype) {
  for (const DType dtype : kDtypes)
    for (const Layout layout : kLayouts) {
      const Values values = counted(dtype, {2, 3, 2, 5});
      GuardedTensor tensor(*device_, dtype, values.shape(), layout);
      tensor.write(values);
      EXPECT_EQ(tensor.damage(), std::nullopt) << name_of(dtype) << name_of(layout);
      EXPECT_EQ(tensor.first_unwritten(), -1) << name_of(dtype) << name_of(layout);
      const TensorView& view = tensor.view();
      for (std::int64_t i = 0; i < values.count(); ++i)
        ASSERT_EQ(load_element(view.data, dtype, offset_of(i, view.shape, view.strides)), values[i])
            << name_of(layout) << i;
    }
}

TEST_F(GuardedTensorTest, FirstPoisonIsNanInEveryFloatingDtypeAndBothDiffer) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16}) {
    const GuardedTensor first = made(dtype, {3}, Layout::contiguous);
    EXPECT_TRUE(std::isnan(load_element(first.view().data, dtype, 2))) << name_of(dtype);
    const GuardedTensor second = made(dtype, {3}, Layout::contiguous, kSecond);
    EXPECT_NE(std::memcmp(first.view().data, second.view().data, size_in_bytes(dtype)), 0);
  }
  EXPECT_EQ(load_element(made(DType::i64, {3}, Layout::contiguous).view().data, DType::i64, 0), -1);
}

TEST_F(GuardedTensorTest, EveryGuardByteCounts) {
  for (const Layout layout : kLayouts) {
    GuardedTensor tensor(*device_, DType::f32, {2, 3, 2, 5}, layout);
    const auto span = static_cast<std::ptrdiff_t>(4 * span_in_elements(tensor.view().shape, tensor.view().strides));
    const auto guard = static_cast<std::ptrdiff_t>(GuardedTensor::kGuardBytes);
    for (std::ptrdiff_t distance = 1; distance <= guard; ++distance) {
      tensor.write(counted(DType::f32, {2, 3, 2, 5}));
      bytes_of(tensor)[-distance] ^= 1;
      ASSERT_EQ(tensor.damage(),
                "1 bytes written before the tensor, the first " + std::to_string(distance) + " bytes ahead of it")
          << name_of(layout);
      tensor.write(counted(DType::f32, {2, 3, 2, 5}));
      bytes_of(tensor)[span + distance - 1] ^= 0x80;
      ASSERT_EQ(tensor.damage(),
                "1 bytes written behind the tensor, the first " + std::to_string(distance - 1) + " bytes past its end")
          << name_of(layout);
    }
  }
}

TEST_F(GuardedTensorTest, NoConstantSurvivesInTheGuards) {
  // A canary of one repeated byte would miss exactly the kernel that writes that byte.
  GuardedTensor tensor = made(DType::u8, {4}, Layout::contiguous);
  for (int value = 0; value < 256; ++value) {
    tensor.poison(kFirst);
    std::memset(bytes_of(tensor) + 4, value, 4);
    ASSERT_THAT(tensor.damage().value_or(""), HasSubstr("behind the tensor")) << value;
    tensor.poison(kFirst);
    std::memset(bytes_of(tensor) - 4, value, 4);
    ASSERT_THAT(tensor.damage().value_or(""), HasSubstr("before the tensor")) << value;
  }
}

TEST_F(GuardedTensorTest, AnEarlierPoisonRenewsTheGuards) {
  GuardedTensor tensor = made(DType::f32, {4}, Layout::contiguous);
  bytes_of(tensor)[-1] ^= 1;
  EXPECT_NE(tensor.damage(), std::nullopt);
  tensor.poison(kSecond);
  EXPECT_EQ(tensor.damage(), std::nullopt);
}

TEST_F(GuardedTensorTest, GapsOfStridedRowsAreGuarded) {
  for (const std::uint8_t poison : {kFirst, kSecond}) {
    GuardedTensor tensor = made(DType::f16, {2, 2, 5}, Layout::strided, poison);
    EXPECT_EQ(tensor.damage(), std::nullopt);
    for (std::int64_t row = 0; row < 3; ++row)
      for (std::int64_t byte = 0; byte < 6; ++byte) {  // rows of 5 with a gap of 3, 2 bytes each
        tensor.poison(poison);
        bytes_of(tensor)[(row * 8 + 5) * 2 + byte] ^= 4;
        ASSERT_EQ(tensor.damage(), "bytes written into the gap behind row " + std::to_string(row));
      }
  }
}

TEST_F(GuardedTensorTest, RowsWithoutNeighboursHaveNoGap) {
  const GuardedTensor row = made(DType::f32, {1, 5}, Layout::strided),
                      column = made(DType::f32, {5, 1}, Layout::strided);
  EXPECT_EQ(row.damage(), std::nullopt);
  EXPECT_EQ(column.damage(), std::nullopt);
  EXPECT_EQ(span_in_elements(column.view().shape, column.view().strides), 17);
}

TEST_F(GuardedTensorTest, UnalignedLiesOneElementPastTheAlignment) {
  for (const DType dtype : kDtypes) {
    const GuardedTensor aligned = made(dtype, {7}, Layout::contiguous), shifted = made(dtype, {7}, Layout::unaligned);
    EXPECT_TRUE(aligned.view().is_aligned(256));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(shifted.view().data) % 256, size_in_bytes(dtype)) << name_of(dtype);
  }
}

TEST_F(GuardedTensorTest, FirstUnwrittenIsRowMajorInEveryLayoutAndDtype) {
  const Shape shape{2, 3, 2, 5};
  for (const std::uint8_t poison : {kFirst, kSecond})
    for (const DType dtype : kDtypes)
      for (const Layout layout : kLayouts) {
        GuardedTensor tensor = made(dtype, shape, layout, poison);
        for (std::int64_t i = 0; i < 60; ++i) {
          ASSERT_EQ(tensor.first_unwritten(), i) << name_of(dtype) << " " << name_of(layout);
          set(tensor, i, 3.0);
        }
        EXPECT_EQ(tensor.first_unwritten(), -1) << name_of(dtype) << " " << name_of(layout);
      }
}

TEST_F(GuardedTensorTest, OfTwoUnwrittenElementsInChannelsLastTheRowMajorFirstIsNamed) {
  GuardedTensor tensor(*device_, DType::f32, {1, 3, 2, 2}, Layout::channels_last);
  tensor.write(counted(DType::f32, {1, 3, 2, 2}));
  // Row-major 3 = [0,0,1,1] lies at offset 9 in memory, row-major 4 = [0,1,0,0] at offset 1.
  for (const std::int64_t index : {3, 4}) {
    const TensorView& view = tensor.view();
    std::memset(view.as<float>() + offset_of(index, view.shape, view.strides), kFirst, 4);
  }
  EXPECT_EQ(offset_of(3, tensor.view().shape, tensor.view().strides), 9);
  EXPECT_EQ(tensor.first_unwritten(), 3);
}

TEST_F(GuardedTensorTest, PoisonBytesInsideAWrittenElementAreNoPoison) {
  GuardedTensor tensor = made(DType::f32, {3}, Layout::contiguous);
  for (std::int64_t i = 0; i < 3; ++i) {  // three of four bytes, and across a border, but never a whole element
    const std::uint8_t element[4] = {0xff, 0xff, 0xff, 0x3f}, other[4] = {0x00, 0xff, 0xff, 0xff};
    std::memcpy(bytes_of(tensor) + 4 * i, i % 2 ? element : other, 4);
  }
  EXPECT_EQ(tensor.first_unwritten(), -1);
  std::memset(bytes_of(tensor) + 8, 0xff, 4);
  EXPECT_EQ(tensor.first_unwritten(), 2);
}

TEST_F(GuardedTensorTest, HashSeesEveryElementAndNothingElse) {
  for (const Layout layout : kLayouts) {
    GuardedTensor tensor(*device_, DType::f32, {2, 3, 2, 5}, layout);
    tensor.write(counted(DType::f32, {2, 3, 2, 5}));
    const std::uint64_t before = tensor.hash();
    for (std::int64_t i = 0; i < 60; ++i) {
      set(tensor, i, 1000.0);
      EXPECT_NE(tensor.hash(), before) << name_of(layout) << " " << i;
      set(tensor, i, static_cast<double>(i + 1));
    }
    EXPECT_EQ(tensor.hash(), before);
    bytes_of(tensor)[-1] ^= 1;
    if (layout == Layout::strided) bytes_of(tensor)[4 * 5] ^= 1;  // the gap behind the first row
    EXPECT_EQ(tensor.hash(), before) << name_of(layout);
  }
}

TEST_F(GuardedTensorTest, EmptyTensorsAreGuardedToo) {
  for (const Layout layout : kLayouts) {
    GuardedTensor tensor = made(DType::f32, {2, 0, 3, 4}, layout);
    EXPECT_EQ(tensor.first_unwritten(), -1);
    EXPECT_EQ(tensor.damage(), std::nullopt);
    tensor.write(Values(DType::f32, {2, 0, 3, 4}));
    bytes_of(tensor)[0] ^= 1;
    EXPECT_THAT(tensor.damage().value_or(""), HasSubstr("behind the tensor")) << name_of(layout);
  }
}

TEST(GuardedTensorOnAFarDevice, SeesWhatWasDownloadedAndSendsWhatWasWritten) {
  FarDevice device;
  GuardedTensor tensor(device, DType::f32, {4}, Layout::contiguous);
  tensor.write(counted(DType::f32, {4}));
  EXPECT_NE(tensor.view().data, tensor.host_view().data);
  EXPECT_EQ(load_element(tensor.view().data, DType::f32, 3), 4.0);
  store_element(tensor.view().data, DType::f32, 3, 9.0);
  bytes_of(tensor)[16] ^= 1;
  EXPECT_EQ(load_element(tensor.host_view().data, DType::f32, 3), 4.0);
  EXPECT_EQ(tensor.damage(), std::nullopt);
  tensor.download();
  EXPECT_EQ(load_element(tensor.host_view().data, DType::f32, 3), 9.0);
  EXPECT_THAT(tensor.damage().value_or(""), HasSubstr("behind the tensor"));
  tensor.poison(kSecond);
  EXPECT_EQ(bytes_of(tensor)[0], kSecond);  // renewed on the device as well
  tensor.download();
  EXPECT_EQ(tensor.damage(), std::nullopt);
  EXPECT_EQ(tensor.first_unwritten(), 0);
}

}  // namespace
}  // namespace lockstep
