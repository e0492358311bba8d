// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/stress_case.hpp"

#include <exception>
#include <optional>

#include "harness/data/error.hpp"
#include "harness/device/gpu_events.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/scratch_device.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

/// One problem with its data on a device and its truth, before which launches are brought.
class Trial {
 public:
  Trial(const Case& item, Device& device, const StressOptions& options)
      : item_(item),
        device_(device),
        options_(options),
        signature_(item.definition->signature(item.problem())),
        values_(draw_inputs(*item.definition, item.problem(), signature_, options.seed)),
        inputs_(place_inputs(device, item.problem(), signature_, values_)),
        outputs_(place_outputs(device, item.problem(), signature_)),
        tensors_(views_of(inputs_, outputs_)),
        contract_(item.implementation->contract(item.problem())),
        judge_(*item.definition, item.problem(), signature_, values_, contract_, options.coverage, options.seed) {
    for (const auto& tensor : inputs_) input_hashes_.push_back(tensor->hash());
  }

  std::optional<std::string> unsupported(const Device& scratch) const {
    return item_.implementation->unsupported(item_.problem(), scratch);
  }
  Launch prepare(Device& scratch) { return item_.implementation->prepare(item_.problem(), tensors_, scratch); }

  /// Poisons, launches, waits and judges; says what is wrong, or nothing. `name` is that of the launch.
  std::optional<std::string> launch_and_judge(const Launch& launch, const simt::Settings& settings,
                                              const std::string& name) {
    // Other poison each time, so that what nobody writes differs between two launches.
    const std::uint8_t poison = launches_++ % 2 == 0 ? GuardedTensor::kFirstPoison : GuardedTensor::kSecondPoison;
    for (const auto& output : outputs_) output->poison(poison);
    {
      const simt::SettingsScope scope(settings);
      launch();
      device_.synchronize();
    }
    for (const auto& output : outputs_) output->download();
    const std::uint64_t bits = hash_of(outputs_);
    const bool repeats = first_bits_ && *first_bits_ == bits;
    if (!repeats)
      if (const Judgement judgement = judge_.judge(outputs_); judgement.failure)
        return name + ": " + judgement.failure->message;
    if (const auto damage = damage_around()) return name + ": " + *damage;
    if (first_bits_ && !repeats && varied_in_.empty()) varied_in_ = name;
    if (!first_bits_) first_bits_ = bits;
    return std::nullopt;
  }

  StressFinding determinism() const {
    const std::string varied = varied_in_ + " gave other bits than the first launch";
    if (!contract_.deterministic)
      return {Stress::determinism, Outcome::skipped,
              "not promised; " + (varied_in_.empty() ? "the bits did not vary here" : varied)};
    if (varied_in_.empty()) return {Stress::determinism, Outcome::passed, ""};
    return {Stress::determinism, Outcome::failed, varied + ", but the contract promises determinism"};
  }

 private:
  std::optional<std::string> damage_around() {
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (const auto damage = outputs_[i]->damage()) return signature_.outputs[i].name + ": " + *damage;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i]->download();
      if (inputs_[i]->hash() != input_hashes_[i]) return "input " + signature_.inputs[i].name + " was overwritten";
      if (const auto damage = inputs_[i]->damage()) return "input " + signature_.inputs[i].name + ": " + *damage;
    }
    return std::nullopt;
  }

  const Case& item_;
  Device& device_;
  const StressOptions& options_;
  Signature signature_;
  std::vector<Values> values_;
  PlacedTensors inputs_, outputs_;
  Tensors tensors_;
  PrecisionContract contract_;
  Judge judge_;
  std::vector<std::uint64_t> input_hashes_;
  std::optional<std::uint64_t> first_bits_;
  std::string varied_in_;
  int launches_ = 0;
};

/// The finding of `body`, which says what is wrong or nothing.
template <class Body>
StressFinding finding(Stress stress, Body body) {
  try {
    if (std::optional<std::string> wrong = body()) return {stress, Outcome::failed, std::move(*wrong)};
    return {stress, Outcome::passed, ""};
  } catch (const std::exception& error) {
    return {stress, Outcome::failed, error.what()};
  }
}

StressFinding try_launches(Trial& trial, const Launch& launch, int launches) {
  return finding(Stress::repeated_launches, [&]() -> std::optional<std::string> {
    for (int k = 1; k <= launches; ++k)
      if (auto wrong = trial.launch_and_judge(launch, {}, "launch " + std::to_string(k))) return wrong;
    return std::nullopt;
  });
}

StressFinding try_orders(Trial& trial, const Launch& launch, DeviceKind kind, int random_orders) {
  if (kind != DeviceKind::emulated)
    return {Stress::thread_orders, Outcome::skipped, "only the emulator can choose the order of threads"};
  return finding(Stress::thread_orders, [&]() -> std::optional<std::string> {
    for (const simt::Settings& settings : simt::every_order(random_orders))
      if (auto wrong = trial.launch_and_judge(launch, settings, simt::text(settings))) return wrong;
    return std::nullopt;
  });
}

StressFinding try_graph(Trial& trial, const Launch& launch, Device& device) {
  if (device.kind() != DeviceKind::gpu) return {Stress::graph_capture, Outcome::skipped, "needs a GPU"};
  return finding(Stress::graph_capture, [&]() -> std::optional<std::string> {
    GpuGraph graph(device, {launch});
    for (int replay = 1; replay <= 2; ++replay)
      if (auto wrong = trial.launch_and_judge([&] { graph.replay(device); }, {}, "replay " + std::to_string(replay)))
        return wrong;
    return std::nullopt;
  });
}

/// With exactly as much scratch memory as it asked for, and with none.
void try_scratch_limits(Trial& trial, Device& device, std::size_t asked, std::vector<StressFinding>& findings) {
  if (asked == 0) {
    for (const Stress stress : {Stress::least_scratch, Stress::no_scratch})
      findings.push_back({stress, Outcome::skipped, "it asks for no scratch memory"});
    return;
  }
  findings.push_back(finding(Stress::least_scratch, [&]() -> std::optional<std::string> {
    ScratchDevice scratch(device, asked);
    if (const auto why = trial.unsupported(scratch)) return "it declines what it asked for itself: " + *why;
    const Launch launch = trial.prepare(scratch);
    if (auto wrong = trial.launch_and_judge(launch, {}, "a launch")) return wrong;
    return scratch.damage();
  }));
  std::string declined;
  StressFinding none = finding(Stress::no_scratch, [&]() -> std::optional<std::string> {
    ScratchDevice scratch(device, 0);
    Launch launch;
    try {
      if (const auto why = trial.unsupported(scratch)) throw Error(*why);
      launch = trial.prepare(scratch);
    } catch (const Error& error) {
      declined = std::string("declines: ") + error.what();
      return std::nullopt;
    }
    return trial.launch_and_judge(launch, {}, "a launch");
  });
  if (none.outcome == Outcome::passed) none.reason = declined;
  findings.push_back(std::move(none));
}

}  // namespace

std::string_view name_of(Stress stress) {
  switch (stress) {
    case Stress::repeated_launches: return "repeated_launches";
    case Stress::thread_orders: return "thread_orders";
    case Stress::determinism: return "determinism";
    case Stress::scratch_memory: return "scratch_memory";
    case Stress::least_scratch: return "least_scratch";
    case Stress::no_scratch: return "no_scratch";
    case Stress::graph_capture: return "graph_capture";
    case Stress::far_strides: return "far_strides";
  }
  return "";
}

StressResult stress_case(const Case& item, Device& device, const StressOptions& options) {
  StressResult result;
  try {
    if (item.implementation->unsupported(item.problem(), device)) return result;
    Trial trial(item, device, options);
    ScratchDevice scratch(device);
    {
      const Launch launch = trial.prepare(scratch);
      result.findings.push_back(try_launches(trial, launch, options.launches));
      result.findings.push_back(try_orders(trial, launch, device.kind(), options.random_orders));
      result.findings.push_back(try_graph(trial, launch, device));
      result.scratch_bytes = scratch.most_bytes();
      if (result.scratch_bytes == 0)
        result.findings.push_back({Stress::scratch_memory, Outcome::skipped, "it asks for no scratch memory"});
      else
        result.findings.push_back(finding(Stress::scratch_memory, [&] { return scratch.damage(); }));
    }
    try_scratch_limits(trial, device, result.scratch_bytes, result.findings);
    result.findings.push_back(trial.determinism());
  } catch (const Refused&) {
    result.findings.clear();
  } catch (const std::exception& error) {
    result.findings.push_back({Stress::repeated_launches, Outcome::failed, error.what()});
  }
  return result;
}

}  // namespace lockstep
