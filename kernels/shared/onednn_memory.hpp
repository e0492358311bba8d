// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LOCKSTEP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>

#include "harness/data/error.hpp"
#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// The CPU engine and an in-order stream of this thread.
inline dnnl::engine& onednn_engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}
inline dnnl::stream& onednn_stream() {
  static thread_local dnnl::stream stream(onednn_engine());
  return stream;
}

inline dnnl::memory::data_type onednn_type(DType dtype) {
  switch (dtype) {
    case DType::f32: return dnnl::memory::data_type::f32;
    case DType::f16: return dnnl::memory::data_type::f16;
    case DType::bf16: return dnnl::memory::data_type::bf16;
    default: throw Error("oneDNN takes f32, f16, bf16; got " + std::string(name_of(dtype)));
  }
}

/// Descriptor of dimensions with given strides; a scalar becomes one dimension of extent 1.
inline dnnl::memory::desc onednn_layout(DType dtype, const Shape& shape, const Strides& strides) {
  if (shape.empty()) return {{1}, onednn_type(dtype), dnnl::memory::dims{1}};
  return {shape, onednn_type(dtype), dnnl::memory::dims(strides)};
}
inline dnnl::memory::desc onednn_layout(const TensorView& view) {
  return onednn_layout(view.dtype, view.shape, view.strides);
}

/// The tensor's own memory, seen through another shape where the operator flattens axes.
inline dnnl::memory onednn_memory(const TensorView& view) { return {onednn_layout(view), onednn_engine(), view.data}; }
inline dnnl::memory onednn_memory(const TensorView& view, const Shape& shape) {
  return {onednn_layout(view.dtype, shape, row_major_strides(shape)), onednn_engine(), view.data};
}

}  // namespace lockstep
#endif
