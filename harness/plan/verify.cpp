// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/verify.hpp"

#include <chrono>
#include <exception>
#include <new>

#include "harness/data/error.hpp"
#include "harness/device/named_range.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/check_mode_bound.hpp"
#include "harness/plan/inspections.hpp"
#include "harness/simt/check_mode.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// One launch: how the emulator orders its threads, and with what the outputs are poisoned before it.
struct Pass {
  simt::Order order;
  std::uint8_t poison;
  std::string_view order_name;
  double preemption = 0;
};

// The second pass must leave other poison than the first, so that an element neither writes differs between them.
std::vector<Pass> passes_on(DeviceKind device) {
  constexpr std::uint8_t first = GuardedTensor::kFirstPoison, second = GuardedTensor::kSecondPoison;
  if (device != DeviceKind::emulated) return {{simt::Order::forward, first, ""}, {simt::Order::forward, second, ""}};
  std::vector<Pass> passes{{simt::Order::forward, first, "forward"},
                           {simt::Order::reverse, second, "reverse"},
                           {simt::Order::random, first, "random"}};
  if (simt::check_mode()) passes.push_back({simt::Order::random, second, "preempted", 0.02});
  return passes;
}

void fail(CaseResult& result, std::string message) {
  result.outcome = Outcome::failed;
  if (!result.failure) result.failure.emplace();
  if (result.failure->message.empty()) result.failure->message = message;
  result.reason = std::move(message);
}

/// Downloads the inputs and says which one was changed, or written around.
std::optional<std::string> input_damage(const Signature& signature, const PlacedTensors& inputs,
                                        const std::vector<std::uint64_t>& hashes) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i]->download();
    if (inputs[i]->hash() != hashes[i]) return "input " + signature.inputs[i].name + " was overwritten";
    if (const auto damage = inputs[i]->damage()) return "input " + signature.inputs[i].name + ": " + *damage;
  }
  return std::nullopt;
}

void keep_worst(Margins& all, const Margins& one) {
  all.worst_bound = std::max(all.worst_bound, one.worst_bound);
  all.worst_rms = std::max(all.worst_rms, one.worst_rms);
  all.elements_total = std::max(all.elements_total, one.elements_total);
  all.elements_judged = std::max(all.elements_judged, one.elements_judged);
  all.not_correctly_rounded = std::max(all.not_correctly_rounded, one.not_correctly_rounded);
  all.exact_gate = all.exact_gate || one.exact_gate;
}

void run_and_judge(const Case& item, Device& device, const VerifyOptions& options, CaseResult& result) {
  Stopwatch watch;
  const Problem& problem = item.problem();
  const Signature signature = item.definition->signature(problem);
  const std::vector<Values> inputs = draw_inputs(*item.definition, problem, signature, options.seed);
  const auto placed_inputs = place_inputs(device, problem, signature, inputs);
  const auto placed_outputs = place_outputs(device, problem, signature);
  const Tensors tensors = views_of(placed_inputs, placed_outputs);
  std::vector<std::uint64_t> hashes;
  for (const auto& tensor : placed_inputs) hashes.push_back(tensor->hash());
  result.fill_seconds = watch.lap();

  const PrecisionContract contract = item.implementation->contract(problem);
  const Inspections inspections;
  const Launch launch = item.implementation->prepare(problem, tensors, device);
  const Judge judge(*item.definition, problem, signature, inputs, contract, options.coverage, options.seed);
  std::optional<std::uint64_t> first_bits;
  result.deterministic = contract.deterministic ? Determinism::yes : Determinism::not_promised;
  for (const Pass& pass : passes_on(device.kind())) {
    for (const auto& output : placed_outputs) output->poison(pass.poison);
    result.judge_seconds += watch.lap();
    {
      const simt::SettingsScope scope(
          {.order = pass.order, .seed = options.seed, .os_threads = 1, .preemption = pass.preemption});
      const NamedRange range(device, item.id());
      launch();
      device.synchronize();
    }
    result.run_seconds += watch.lap();
    if (const auto finding = inspections.finding()) return fail(result, *finding);
    if (!pass.order_name.empty()) result.orders.emplace_back(pass.order_name);
    for (const auto& output : placed_outputs) output->download();
    const std::uint64_t bits = hash_of(placed_outputs);
    const bool repeats = first_bits && *first_bits == bits;
    if (!repeats) {  // equal bits have been judged already
      const Judgement judgement = judge.judge(placed_outputs);
      keep_worst(result.margins, judgement.margins);
      if (judgement.failure) {
        result.failure = judgement.failure;
        std::string message = judgement.failure->message;
        if (!pass.order_name.empty()) message += " (threads in " + std::string(pass.order_name) + " order)";
        // A launch that spoils its inputs makes the next one wrong: the cause comes first.
        if (const auto damage = input_damage(signature, placed_inputs, hashes)) message = *damage + "; " + message;
        return fail(result, std::move(message));
      }
    } else {
      for (std::size_t i = 0; i < placed_outputs.size(); ++i)
        if (const auto damage = placed_outputs[i]->damage())
          return fail(result, signature.outputs[i].name + ": " + *damage);
    }
    if (first_bits && !repeats && contract.deterministic) {
      result.deterministic = Determinism::no;
      return fail(result, "two launches on the same input gave different bits, but the contract promises determinism");
    }
    first_bits = bits;
  }
  if (const auto damage = input_damage(signature, placed_inputs, hashes)) return fail(result, *damage);
  result.judge_seconds += watch.lap();
  result.outcome = Outcome::passed;
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed: return "passed";
    case Outcome::failed: return "failed";
    case Outcome::blind: return "blind";
    case Outcome::skipped: return "skipped";
    case Outcome::crashed: return "crashed";
    case Outcome::timed_out: return "timed_out";
    case Outcome::refused: return "refused";
  }
  return "";
}

std::string_view name_of(Determinism determinism) {
  switch (determinism) {
    case Determinism::yes: return "yes";
    case Determinism::no: return "no";
    case Determinism::not_promised: return "not_promised";
    case Determinism::not_checked: return "not_checked";
  }
  return "";
}

CaseResult verify_case(const Case& item, Device& device, const VerifyOptions& options) {
  CaseResult result;
  result.device = device.kind();
  try {
    if (const auto reason = item.implementation->unsupported(item.problem(), device)) {
      result.reason = *reason;
      return result;
    }
    if (simt::check_mode() && device.kind() == DeviceKind::emulated)
      if (const auto reason = beyond_check_mode(item.definition->cost(item.problem()))) {
        result.reason = *reason;
        return result;
      }
    run_and_judge(item, device, options, result);
  } catch (const Refused& refusal) {
    result.outcome = Outcome::refused;
    result.reason = refusal.what();
  } catch (const std::bad_alloc&) {
    fail(result, "out of memory: more was asked for than the process may have");
  } catch (const std::exception& error) {
    fail(result, error.what());
  }
  return result;
}

}  // namespace lockstep
