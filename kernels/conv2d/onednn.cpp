// SPDX-License-Identifier: Apache-2.0
// oneDNN's direct convolution. Weights, and activations that are not channels-last, are handed over in the blocked
// layouts that oneDNN picks; the reorders into and out of them are part of the launch, and so of its time. Activations
// that are channels-last are taken as they lie.
#include "kernels/conv2d/onednn.hpp"

#include <memory>
#include <vector>

#include "kernels/conv2d/geometry.hpp"
#include "kernels/shared/onednn_dtypes.hpp"
#include "kernels/shared/onednn_memory.hpp"

namespace lockstep {

std::optional<std::string> no_conv2d_in_onednn(DType dtype) {
  if (dtype == DType::f16) return "oneDNN 2 has no f16 convolution on the CPU";
  return not_on_this_processor_in_onednn(dtype);
}

#ifdef LOCKSTEP_WITH_ONEDNN
namespace {

using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;
using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

/// Primitives in the order in which they run.
class Chain {
 public:
  void add(dnnl::primitive primitive, Arguments arguments) {
    steps_.emplace_back(std::move(primitive), std::move(arguments));
  }
  /// What stands in `given`, in the layout `wanted`.
  memory read(const memory& given, const memory::desc& wanted) {
    if (given.get_desc() == wanted) return given;
    const memory own(wanted, onednn_engine());
    copy(given, own);
    return own;
  }
  void copy(const memory& from, const memory& to) {
    add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }
  void run() const {
    for (const auto& [primitive, arguments] : steps_) primitive.execute(onednn_stream(), arguments);
    onednn_stream().wait();
  }

 private:
  std::vector<std::pair<dnnl::primitive, Arguments>> steps_;
};

/// Somewhere to write in the layout `wanted`: the result itself where it lies so.
memory written(const memory& result, const memory::desc& wanted) {
  return result.get_desc() == wanted ? result : memory(wanted, onednn_engine());
}

/// The problem in oneDNN's terms.
struct Description {
  Conv2d op;
  DType dtype;
  bool as_it_lies;

  explicit Description(const Problem& problem)
      : op(problem), dtype(problem.dtype), as_it_lies(channels_are_innermost(problem)) {}

  static memory activation(const TensorView& tensor) { return onednn_memory(image_view(tensor).tensor); }
  memory weights(const TensorView& tensor) const {
    const Shape& w = op.weight_shape;
    return onednn_memory(tensor, op.groups == 1 ? w : Shape{op.groups, w[0] / op.groups, w[1], w[2], w[3]});
  }
  /// The descriptor from which oneDNN picks a layout.
  static memory::desc any(const memory& of) {
    return {of.get_desc().dims(), of.get_desc().data_type(), memory::format_tag::any};
  }
  memory::desc any_activation(const memory& of) const { return as_it_lies ? of.get_desc() : any(of); }
  memory::desc bias() const { return onednn_layout(dtype, {op.out_channels}, {1}); }

  memory::dims strides() const { return {op.stride.height, op.stride.width}; }
  /// oneDNN counts the elements left out.
  memory::dims dilates() const { return {op.dilation.height - 1, op.dilation.width - 1}; }
  memory::dims before() const { return {op.padding.height, op.padding.width}; }
  memory::dims behind() const { return {op.padding_after.height, op.padding_after.width}; }

  convolution_forward::primitive_desc forward(const memory::desc& x, const memory::desc& w,
                                              const memory::desc& y) const {
    constexpr auto kKind = dnnl::prop_kind::forward_training;
    constexpr auto kDirect = dnnl::algorithm::convolution_direct;
    if (op.bias)
      return {convolution_forward::desc(kKind, kDirect, x, w, bias(), y, strides(), dilates(), before(), behind()),
              onednn_engine()};
    return {convolution_forward::desc(kKind, kDirect, x, w, y, strides(), dilates(), before(), behind()),
            onednn_engine()};
  }
};

}  // namespace

Launch conv2d_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Description d(problem);
  const memory x = d.activation(tensors.inputs[0]), weights = d.weights(tensors.inputs[1]),
               y = d.activation(tensors.outputs[0]);
  const auto plan = d.forward(d.any_activation(x), d.any(weights), d.any_activation(y));
  auto chain = std::make_shared<Chain>();
  const memory result = written(y, plan.dst_desc());
  Arguments arguments{{DNNL_ARG_SRC, chain->read(x, plan.src_desc())},
                      {DNNL_ARG_WEIGHTS, chain->read(weights, plan.weights_desc())},
                      {DNNL_ARG_DST, result}};
  if (d.op.bias) arguments.emplace(DNNL_ARG_BIAS, onednn_memory(tensors.inputs[2]));
  chain->add(convolution_forward(plan), std::move(arguments));
  if (result != y) chain->copy(result, y);
  return [chain] { chain->run(); };
}

Launch conv2d_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  constexpr auto kDirect = dnnl::algorithm::convolution_direct;
  const Description d(problem);
  const memory x = d.activation(tensors.inputs[0]), weights = d.weights(tensors.inputs[1]),
               g = d.activation(tensors.inputs[2]);
  const memory d_x = d.activation(tensors.outputs[0]), d_weight = d.weights(tensors.outputs[1]);
  const memory::desc any_x = d.any_activation(x), any_weight = d.any(weights), any_g = d.any_activation(g);
  const auto hint = d.forward(any_x, any_weight, any_g);
  auto chain = std::make_shared<Chain>();

  const convolution_backward_data::primitive_desc data_plan(
      convolution_backward_data::desc(kDirect, any_x, any_weight, any_g, d.strides(), d.dilates(), d.before(),
                                      d.behind()),
      onednn_engine(), hint);
  const memory data_result = written(d_x, data_plan.diff_src_desc());
  chain->add(convolution_backward_data(data_plan), {{DNNL_ARG_DIFF_DST, chain->read(g, data_plan.diff_dst_desc())},
                                                    {DNNL_ARG_WEIGHTS, chain->read(weights, data_plan.weights_desc())},
                                                    {DNNL_ARG_DIFF_SRC, data_result}});
  if (data_result != d_x) chain->copy(data_result, d_x);

  using Weights = convolution_backward_weights;
  const auto description =
      d.op.bias
          ? Weights::desc(kDirect, any_x, any_weight, d.bias(), any_g, d.strides(), d.dilates(), d.before(), d.behind())
          : Weights::desc(kDirect, any_x, any_weight, any_g, d.strides(), d.dilates(), d.before(), d.behind());
  const Weights::primitive_desc weights_plan(description, onednn_engine(), hint);
  const memory weights_result = written(d_weight, weights_plan.diff_weights_desc());
  Arguments arguments{{DNNL_ARG_SRC, chain->read(x, weights_plan.src_desc())},
                      {DNNL_ARG_DIFF_DST, chain->read(g, weights_plan.diff_dst_desc())},
                      {DNNL_ARG_DIFF_WEIGHTS, weights_result}};
  if (d.op.bias) arguments.emplace(DNNL_ARG_DIFF_BIAS, onednn_memory(tensors.outputs[2]));
  chain->add(Weights(weights_plan), std::move(arguments));
  if (weights_result != d_weight) chain->copy(weights_result, d_weight);
  return [chain] { chain->run(); };
}
#endif

}  // namespace lockstep
