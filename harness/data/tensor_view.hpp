// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/data/dtype.hpp"
#include "harness/data/shape.hpp"

namespace lockstep {

/// A tensor's memory, borrowed: `data` points at the element of index 0 (on the device that runs the case), strides are in
/// elements.
struct TensorView {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  Strides strides;

  std::int64_t count() const { return element_count(shape); }
  bool is_contiguous() const { return strides == row_major_strides(shape); }
  /// Whether the first element lies on a multiple of `bytes`.
  bool is_aligned(std::size_t bytes) const { return reinterpret_cast<std::uintptr_t>(data) % bytes == 0; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

}  // namespace lockstep
