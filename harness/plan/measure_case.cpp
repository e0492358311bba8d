// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/measure_case.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "harness/device/gpu_events.hpp"
#include "harness/device/named_range.hpp"
#include "harness/measure/cpu_timer.hpp"
#include "harness/measure/gpu_timer.hpp"
#include "harness/plan/case_inputs.hpp"

namespace lockstep {
namespace {

/// The tensors of one call; a GPU rotates over several sets, so that L2 does not hold the next call's inputs.
struct BufferSet {
  std::vector<std::unique_ptr<GuardedTensor>> inputs, outputs;
  Launch launch;
};

std::size_t bytes_of(const Signature& signature) {
  std::size_t bytes = 0;
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list)
      bytes += static_cast<std::size_t>(element_count(spec.shape)) * size_in_bytes(spec.dtype);
  return bytes;
}

// Beyond this many sets the case is so small that its time is launch latency anyway.
constexpr std::size_t kMostSets = 64;

std::size_t sets_needed(const Device& device, const Signature& signature) {
  if (device.kind() != DeviceKind::gpu) return 1;
  const std::size_t rotation = 3 * gpu_l2_bytes();
  return std::clamp<std::size_t>(rotation / std::max<std::size_t>(bytes_of(signature), 1) + 1, 2, kMostSets);
}

void time_and_judge(const Case& item, Device& device, const MeasurePolicy& policy, const VerifyOptions& options,
                    TimedCase& timed) {
  const Problem& problem = item.problem();
  const Signature signature = item.definition->signature(problem);
  const std::vector<Values> inputs = draw_inputs(*item.definition, problem, signature, options.seed);
  std::vector<BufferSet> sets(sets_needed(device, signature));
  std::vector<std::function<void()>> launches;
  for (BufferSet& set : sets) {
    set.inputs = place_inputs(device, problem, signature, inputs);
    set.outputs = place_outputs(device, problem, signature);
    set.launch = item.implementation->prepare(problem, views_of(set.inputs, set.outputs), device);
    launches.push_back(set.launch);
  }
  std::vector<Measurement> measurements;
  if (device.kind() == DeviceKind::gpu) {
    const NamedRange range(device, item.id());
    measurements = measure_on_gpu(device, launches, policy);
  } else {
    measurements.push_back(measure_on_cpu(launches[0], policy));
  }

  const Judge judge(*item.definition, problem, signature, inputs, item.implementation->contract(problem),
                    options.coverage, options.seed);
  // The first and the last, which may be one.
  for (std::size_t k = 0; k < sets.size(); k += std::max<std::size_t>(sets.size() - 1, 1)) {
    for (const auto& output : sets[k].outputs) output->download();
    const Judgement judgement = judge.judge(sets[k].outputs);
    timed.verdict.margins = judgement.margins;
    if (judgement.failure) {
      timed.verdict.outcome = Outcome::failed;
      timed.verdict.failure = judgement.failure;
      timed.verdict.reason = "the outputs that were timed are wrong: " + judgement.failure->message;
      return;
    }
  }
  timed.verdict.outcome = Outcome::passed;
  timed.measurements = std::move(measurements);
}

}  // namespace

TimedCase measure_case(const Case& item, Device& device, const MeasurePolicy& policy, const VerifyOptions& options) {
  TimedCase timed;
  timed.verdict.device = device.kind();
  if (device.kind() == DeviceKind::emulated) {
    timed.verdict.reason = "emulated runs are judged, never timed";
    return timed;
  }
  try {
    if (const auto reason = item.implementation->unsupported(item.problem(), device))
      timed.verdict.reason = *reason;
    else
      time_and_judge(item, device, policy, options, timed);
  } catch (const Refused& refusal) {
    timed.verdict.outcome = Outcome::refused;
    timed.verdict.reason = refusal.what();
  } catch (const std::exception& error) {
    timed.verdict.outcome = Outcome::failed;
    timed.verdict.reason = error.what();
  }
  return timed;
}

}  // namespace lockstep
