// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/communicator/call.hpp"
#include "harness/data/error.hpp"
#include "harness/data/values.hpp"

namespace lockstep {

/// The elements as a message. Throws Error for 16-bit contents, which are held wider than they are.
inline Buffer message_of(Values& values) {
  if (values.dtype() == DType::f32) return {values.floats(), values.count(), DType::f32};
  if (values.dtype() == DType::f64) return {values.doubles(), values.count(), DType::f64};
  if (values.dtype() == DType::i64) return {values.integers(), values.count(), DType::i64};
  throw Error("tensors of dtype " + std::string(name_of(values.dtype())) + " are not sent; accepted: f64, f32, i64");
}

}  // namespace lockstep
