// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/data/tensor_view.hpp"
#include "harness/data/values.hpp"

namespace lockstep {

/// The machine, or a limit that was set, does not give so much address space.
class NoAddressSpace : public Error {
 public:
  using Error::Error;
};

/// A tensor on the host whose rows (runs of the last axis) lie so far apart that the first and the last are more than 2^31
/// elements from one another. The memory in between is reserved and never touched. For shapes with at least two rows and no
/// empty axis.
class FarTensor {
 public:
  /// Whether a shape has rows to lay apart.
  static bool takes(const Shape& shape);
  /// Throws NoAddressSpace.
  FarTensor(DType dtype, const Shape& shape);
  ~FarTensor();
  FarTensor(const FarTensor&) = delete;
  FarTensor& operator=(const FarTensor&) = delete;

  const TensorView& view() const { return view_; }
  /// Fills rows with `poison` and the stretch on both sides of each with canaries.
  void poison(std::uint8_t poison);
  void write(const Values& values);
  /// The elements, row-major, as bytes.
  std::vector<std::uint8_t> bytes() const;
  /// What was written beside a row.
  std::optional<std::string> damage() const;

 private:
  std::uint8_t* row(std::int64_t index) const;

  std::size_t element_bytes_, row_bytes_, mapped_bytes_;
  std::int64_t rows_;
  void* memory_;
  TensorView view_;
};

}  // namespace lockstep
