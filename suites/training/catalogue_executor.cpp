// SPDX-License-Identifier: Apache-2.0
#include "suites/training/catalogue_executor.hpp"

#include <algorithm>
#include <deque>

#include "kernels/shared/library_threads.hpp"

namespace lockstep {
namespace {

/// Tensors of a launch in host memory: wide dtypes where they are, 16-bit ones packed for the launch.
class HostTensors {
 public:
  TensorView input(const Values& values) {
    TensorView view = view_of(const_cast<Values&>(values));
    if (is_packed(values.dtype())) store(values, view.data, view.strides);
    return view;
  }
  TensorView output(Values& values) {
    const TensorView view = view_of(values);
    if (is_packed(values.dtype())) unpack_.push_back({&values, view});
    return view;
  }
  void unpack_outputs() {
    for (const auto& [values, view] : unpack_) *values = load(view.data, view.dtype, view.shape, view.strides);
  }

 private:
  static bool is_packed(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::u8; }

  TensorView view_of(Values& values) {
    TensorView view{nullptr, values.dtype(), values.shape(), row_major_strides(values.shape())};
    if (is_packed(values.dtype()))
      view.data =
          packed_.emplace_back(static_cast<std::size_t>(values.count()) * size_in_bytes(values.dtype()) + 16).data();
    else if (values.floats())
      view.data = values.floats();
    else if (values.doubles())
      view.data = values.doubles();
    else
      view.data = values.integers();
    return view;
  }

  std::deque<std::vector<std::byte>> packed_;
  std::vector<std::pair<Values*, TensorView>> unpack_;
};

}  // namespace

CatalogueExecutor::CatalogueExecutor(const Catalogue& catalogue, std::vector<Backend> preferred)
    : catalogue_(catalogue),
      preferred_(std::move(preferred)),
      cpu_(make_host_device(DeviceKind::cpu)),
      kernels_(make_host_device(DeviceKind::emulated)) {
  limit_library_threads(1);
}

Device& CatalogueExecutor::device_for(Backend backend) { return backend == Backend::cuda ? *kernels_ : *cpu_; }

const Implementation* CatalogueExecutor::choose(const Problem& problem) {
  const std::string key = problem.operation() + "/" + problem.label();
  const auto known = chosen_.find(key);
  if (known != chosen_.end()) return known->second;
  const Implementation* chosen = nullptr;
  const auto& operators = catalogue_.operators();
  const auto entry = std::find_if(operators.begin(), operators.end(), [&](const Catalogued& item) {
    return item.definition->name() == problem.operator_name;
  });
  if (entry == operators.end()) return chosen_[key] = nullptr;
  for (const Backend backend : preferred_)
    for (const Implementation& candidate : entry->implementations) {
      if (chosen || candidate.direction != problem.direction || candidate.backend != backend) continue;
      Device& device = device_for(backend);
      if (runs_on(backend, device.kind()) && !candidate.unsupported(problem, device)) chosen = &candidate;
    }
  return chosen_[key] = chosen;
}

std::vector<Values> CatalogueExecutor::run(const Operator& definition, const Problem& problem,
                                           const Signature& signature, const std::vector<const Values*>& inputs,
                                           const std::vector<bool>& wanted) {
  const Implementation* implementation = problem.dtype == DType::f64 ? nullptr : choose(problem);
  ++launches_[problem.operation() + "/" + (implementation ? implementation->name() : "reference")];
  if (!implementation) return reference_.run(definition, problem, signature, inputs, wanted);
  HostTensors host;
  Tensors tensors;
  for (const Values* values : inputs) tensors.inputs.push_back(host.input(*values));
  std::vector<Values> outputs;
  outputs.reserve(signature.outputs.size());
  for (const TensorSpec& spec : signature.outputs) outputs.emplace_back(spec.dtype, spec.shape);
  for (Values& values : outputs) tensors.outputs.push_back(host.output(values));
  Device& device = device_for(implementation->backend);
  implementation->prepare(problem, tensors, device)();
  device.synchronize();
  host.unpack_outputs();
  return outputs;
}

}  // namespace lockstep
