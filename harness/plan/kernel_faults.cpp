// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/kernel_faults.hpp"

#include <limits>
#include <optional>

#include "harness/plan/case_inputs.hpp"
#include "harness/plan/inspections.hpp"
#include "harness/plan/verify.hpp"
#include "harness/simt/planted_fault.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

using simt::PlantedFault;
using simt::PlantedFaultScope;

/// The bits that an implementation leaves in its outputs, whatever they are worth.
class Launches {
 public:
  Launches(const Operator& definition, const Implementation& implementation, const Problem& problem, Device& device,
           std::uint64_t seed)
      : device_(device), signature_(definition.signature(problem)) {
    inputs_ = place_inputs(device, problem, signature_, draw_inputs(definition, problem, signature_, seed));
    outputs_ = place_outputs(device, problem, signature_);
    launch_ = implementation.prepare(problem, views_of(inputs_, outputs_), device);
  }

  /// Nothing where the launch ended with a report of the emulator.
  std::optional<std::uint64_t> bits(const simt::Settings& order) {
    for (const auto& output : outputs_) output->poison(GuardedTensor::kFirstPoison);
    try {
      const simt::SettingsScope scope(order);
      launch_();
      device_.synchronize();
    } catch (const simt::KernelFault&) {
      return std::nullopt;
    }
    for (const auto& output : outputs_) output->download();
    return hash_of(outputs_);
  }

 private:
  Device& device_;
  Signature signature_;
  PlacedTensors inputs_, outputs_;
  Launch launch_;
};

constexpr int kRandomOrders = 6;

}  // namespace

void add_kernel_faults(const Operator& definition, const Implementation& implementation, const Problem& problem,
                       Device& device, std::uint64_t seed, std::vector<FaultTrial>& trials) {
  if (implementation.unsupported(problem, device)) return;
  const Case item{&definition, &implementation, {problem, "", ""}};
  const auto is_caught = [&] { return verify_case(item, device, {.seed = seed}).outcome == Outcome::failed; };
  const auto add = [&](const char* id, const char* description, bool caught) {
    trials.push_back({.fault = id,
                      .description = description,
                      .applies = true,
                      .caught = caught,
                      .effect_in_gates = std::numeric_limits<double>::infinity(),
                      .equivalent = {}});
  };
  for (int place = 0;; ++place) {
    PlantedFaultScope planted(PlantedFault::lane_absent, place);
    const bool caught = is_caught();
    if (!planted.was_reached()) break;
    if (planted.was_planted()) add("lane_absent", "a lane does not come to a warp operation that names it", caught);
  }
  if (!implementation.contract(problem).deterministic) return;
  Launches launches(definition, implementation, problem, device, seed);
  const std::optional<std::uint64_t> right = launches.bits({});
  for (int place = 0;; ++place) {
    PlantedFaultScope planted(PlantedFault::barrier_removed, place);
    bool changes = false;
    for (const simt::Settings& order : simt::every_order(kRandomOrders)) {
      changes = launches.bits(order) != right;
      if (changes || !planted.was_reached()) break;
    }
    if (!planted.was_reached()) break;
    if (changes) add("barrier_removed", "a __syncthreads removed from a kernel", is_caught());
  }
}

}  // namespace lockstep
