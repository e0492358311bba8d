// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LOCKSTEP_WITH_CUDA
#include <cudnn.h>

#include <limits>
#include <memory>
#include <string>
#include <type_traits>

#include "harness/data/dtype.hpp"
#include "harness/data/error.hpp"
#include "harness/data/shape.hpp"
#include "harness/device/device.hpp"

namespace lockstep {

/// Throws Error naming the call and where it stands when a cuDNN call did not succeed.
inline void cudnn_check(cudnnStatus_t status, const char* call, const char* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw Error(std::string("cuDNN: ") + cudnnGetErrorString(status) + " in " + call + " at " + file + ":" +
              std::to_string(line));
}
#define LOCKSTEP_CUDNN_CHECK(call) ::lockstep::cudnn_check((call), #call, __FILE__, __LINE__)

/// Frees a cuDNN object by the function that belongs to its type.
struct CudnnDelete {
  void operator()(cudnnHandle_t handle) const { cudnnDestroy(handle); }
  void operator()(cudnnTensorDescriptor_t description) const { cudnnDestroyTensorDescriptor(description); }
  void operator()(cudnnActivationDescriptor_t description) const { cudnnDestroyActivationDescriptor(description); }
  void operator()(cudnnOpTensorDescriptor_t description) const { cudnnDestroyOpTensorDescriptor(description); }
  void operator()(cudnnFilterDescriptor_t description) const { cudnnDestroyFilterDescriptor(description); }
  void operator()(cudnnConvolutionDescriptor_t description) const { cudnnDestroyConvolutionDescriptor(description); }
  void operator()(cudnnPoolingDescriptor_t description) const { cudnnDestroyPoolingDescriptor(description); }
  void operator()(cudnnReduceTensorDescriptor_t description) const { cudnnDestroyReduceTensorDescriptor(description); }
};
/// Shared, so that a Launch that is copied keeps what it uses.
template <class Object>
using CudnnOwner = std::shared_ptr<std::remove_pointer_t<Object>>;

template <class Object>
CudnnOwner<Object> make_cudnn(cudnnStatus_t (*create)(Object*), const char* call) {
  Object object = nullptr;
  cudnn_check(create(&object), call, __FILE__, __LINE__);
  return CudnnOwner<Object>(object, CudnnDelete{});
}

/// A handle that launches on the device's stream.
inline CudnnOwner<cudnnHandle_t> make_cudnn_handle(const Device& device) {
  auto handle = make_cudnn<cudnnHandle_t>(&cudnnCreate, "cudnnCreate");
  LOCKSTEP_CUDNN_CHECK(cudnnSetStream(handle.get(), static_cast<cudaStream_t>(device.stream())));
  return handle;
}

inline cudnnDataType_t cudnn_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return CUDNN_DATA_DOUBLE;
    case DType::f32: return CUDNN_DATA_FLOAT;
    case DType::f16: return CUDNN_DATA_HALF;
    case DType::bf16: return CUDNN_DATA_BFLOAT16;
    default: throw Error("cuDNN takes f64, f32, f16, bf16; got " + std::string(name_of(dtype)));
  }
}

/// An extent or stride as cuDNN's int; throws Error where it does not fit.
inline int cudnn_extent(std::int64_t extent) {
  if (extent > std::numeric_limits<int>::max())
    throw Error("cuDNN takes extents and strides below 2^31; got " + std::to_string(extent));
  return static_cast<int>(extent);
}

/// Four axes with their strides in elements; operators with fewer or more fold their shapes to four.
inline CudnnOwner<cudnnTensorDescriptor_t> make_cudnn_tensor(DType dtype, const Shape& shape, const Strides& strides) {
  if (shape.size() != 4) throw Error("make_cudnn_tensor takes four axes; got " + to_text(shape));
  auto tensor = make_cudnn<cudnnTensorDescriptor_t>(&cudnnCreateTensorDescriptor, "cudnnCreateTensorDescriptor");
  const auto e = [&](std::size_t axis) { return cudnn_extent(shape[axis]); };
  const auto s = [&](std::size_t axis) { return cudnn_extent(strides[axis]); };
  LOCKSTEP_CUDNN_CHECK(
      cudnnSetTensor4dDescriptorEx(tensor.get(), cudnn_type(dtype), e(0), e(1), e(2), e(3), s(0), s(1), s(2), s(3)));
  return tensor;
}

}  // namespace lockstep
#endif
