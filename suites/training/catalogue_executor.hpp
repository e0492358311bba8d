// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/autograd/executor.hpp"
#include "harness/plan/case.hpp"

namespace lockstep {

/// Computes an operator by the first implementation of the preferred backends that takes the problem here, and by the
/// formula where none does. On a CPU the vendor's library makes training as quick as it can be; own kernels run under the
/// emulator, for correctness.
class CatalogueExecutor final : public Executor {
 public:
  /// The catalogue is borrowed. Vendors' CPU libraries run on one thread per executor: ranks are the parallelism.
  CatalogueExecutor(const Catalogue& catalogue, std::vector<Backend> preferred);

  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>& wanted) override;

  /// How often each implementation ran, by "<operator>.<direction>/<implementation>".
  const std::map<std::string, std::int64_t>& launches() const { return launches_; }

 private:
  const Implementation* choose(const Problem& problem);
  Device& device_for(Backend backend);

  const Catalogue& catalogue_;
  std::vector<Backend> preferred_;
  std::unique_ptr<Device> cpu_, kernels_;
  ReferenceExecutor reference_;
  std::map<std::string, const Implementation*> chosen_;
  std::map<std::string, std::int64_t> launches_;
};

}  // namespace lockstep
