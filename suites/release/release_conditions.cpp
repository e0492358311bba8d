// SPDX-License-Identifier: Apache-2.0
#include "suites/release/release_conditions.hpp"

#include <fstream>
#include <set>

#include "reports/number_text.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/release/edge_problems.hpp"
#include "suites/release/task_stage.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kMostAsked = 400;
// Of what is free: the rest of the machine wants to live.
constexpr double kShareOfMemory = 0.8;

double available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  for (double kibibytes = 0; file >> key >> kibibytes;) {
    if (key == "MemAvailable:") return 1024 * kibibytes;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

void add_declined(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
                  ReleaseFindings& findings) {
  std::vector<Task> tasks;
  std::vector<std::string> reasons;
  for (const auto& [item, reason] : findings.declined()) {
    for (const ReleaseSide& side : subject.sides)
      if (side.direction == item.problem().direction && side.baseline && tasks.size() < kMostAsked) {
        tasks.push_back({.kind = TaskKind::contract, .id = Case{item.definition, side.baseline, item.listed}.id()});
        reasons.push_back(reason);
      }
  }
  const auto results = run_stage("asking the baseline", request.machine.pool(program), std::move(tasks));
  std::map<std::string, std::int64_t> taken;
  for (std::size_t i = 0; i < results.size(); ++i)
    if (results[i] && results[i]->contract) ++taken[reasons[i]];
  for (const auto& [reason, count] : taken)
    findings.condition("It declines what the baseline takes",
                       reports::plural(count, "problem") + ": " + (reason.empty() ? "no reason is given" : reason));
}

/// What both promise on each of `bases`, asked in workers: a library's contract is a call into it.
void add_weaker_promises(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
                         const std::map<Direction, std::vector<ListedProblem>>& bases, ReleaseFindings& findings) {
  std::vector<Task> tasks;
  for (const ReleaseSide& side : subject.sides) {
    if (!side.baseline) continue;
    for (const ListedProblem& listed : bases.at(side.direction))
      for (const Implementation* one : {side.candidate, side.baseline})
        tasks.push_back({.kind = TaskKind::contract, .id = Case{subject.entry->definition, one, listed}.id()});
  }
  const auto results = run_stage("asking for promises", request.machine.pool(program), std::move(tasks));
  std::set<std::string> said;
  for (std::size_t i = 0; i + 1 < results.size(); i += 2) {
    if (!results[i] || !results[i]->contract || !results[i + 1] || !results[i + 1]->contract) continue;
    for (const std::string& words : weaker_promises(*results[i]->contract, *results[i + 1]->contract))
      if (said.insert(words).second) findings.condition("It promises less than the baseline", words);
  }
}

}  // namespace

std::vector<std::string> weaker_promises(const PrecisionContract& candidate, const PrecisionContract& baseline) {
  std::vector<std::string> list;
  const auto say = [&](bool weaker, const std::string& words) {
    if (weaker) list.push_back(words);
  };
  const auto in_words = [](double value) { return reports::significant(value, 2); };
  say(candidate.roundoff() > baseline.roundoff(), "it accumulates in " + std::string(name_of(candidate.accumulation)) +
                                                      ", the baseline in " +
                                                      std::string(name_of(baseline.accumulation)));
  say(candidate.operand_roundoff > baseline.operand_roundoff,
      "it rounds operands by " + in_words(candidate.operand_roundoff) + " before multiplying, the baseline by " +
          in_words(baseline.operand_roundoff));
  say(candidate.truncation_per_term > baseline.truncation_per_term,
      "its sums truncate " + in_words(candidate.truncation_per_term) + " units of 2^-24 a term, the baseline's " +
          in_words(baseline.truncation_per_term));
  say(candidate.variance == VarianceAlgorithm::one_pass && baseline.variance != VarianceAlgorithm::one_pass,
      "its variance is E[x^2] - E[x]^2, the baseline's is not");
  for (const auto& [name, ulp] : {std::pair("exp", &PrecisionContract::exp_ulp),
                                  {"erf", &PrecisionContract::erf_ulp},
                                  {"tanh", &PrecisionContract::tanh_ulp},
                                  {"log", &PrecisionContract::log_ulp},
                                  {"rsqrt", &PrecisionContract::rsqrt_ulp},
                                  {"erf near zero", &PrecisionContract::erf_absolute}})
    say(candidate.*ulp > baseline.*ulp, std::string("its ") + name + " may err by " + in_words(candidate.*ulp) +
                                            ", the baseline's by " + in_words(baseline.*ulp));
  say(candidate.flushes_subnormals && !baseline.flushes_subnormals, "it may flush subnormal results to zero");
  say(!candidate.unbiased && baseline.unbiased, "its roundings are biased, so only the bound judges it, not the rms");
  say(!candidate.deterministic && baseline.deterministic, "it does not promise determinism, the baseline does");
  say(!candidate.copies_keep_zero_sign && baseline.copies_keep_zero_sign, "a copied -0 may become 0");
  return list;
}

void add_conditions(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
                    const std::map<Direction, std::vector<ListedProblem>>& bases, ReleaseFindings& findings) {
  for (const ReleaseSide& side : subject.sides)
    if (!side.baseline)
      findings.condition("No baseline for the " + std::string(name_of(side.direction)),
                         request.baseline + " does not have it; the candidate was judged by itself");
  add_weaker_promises(request, subject, program, bases, findings);
  add_declined(request, subject, program, findings);
}

std::optional<std::string> too_large(const ListedProblem& listed, double seconds_per_element, double seconds_left,
                                     const Operator& definition, const Selection& machine, DeviceKind device) {
  const bool gpu = device == DeviceKind::gpu;
  const MemoryNeed need = memory_need(definition, listed.problem, !gpu);
  const auto bytes = [](double count) { return reports::byte_size(static_cast<std::int64_t>(count)); };
  const double host = kShareOfMemory * available_bytes();
  if (need.host_bytes > host)
    return "needs " + bytes(need.host_bytes) + " of memory; " + bytes(host) + " may be taken here";
  if (machine.memory_limit_gibibytes > 0 && need.host_bytes > machine.memory_limit_gibibytes * 1073741824.0)
    return "needs " + bytes(need.host_bytes) + " of memory, more than --memory-limit allows";
  if (gpu) {
    const auto environment = describe_environment();
    if (environment.gpu && need.device_bytes > kShareOfMemory * static_cast<double>(environment.gpu->memory_bytes))
      return "needs " + bytes(need.device_bytes) + " of the GPU's memory";
  }
  double elements = 0;
  const Signature signature = definition.signature(listed.problem);
  for (const auto* list : {&signature.inputs, &signature.outputs})
    for (const TensorSpec& spec : *list) elements += static_cast<double>(element_count(spec.shape));
  const double seconds = elements * seconds_per_element;
  if (seconds > seconds_left)
    return "takes about " + reports::long_duration(seconds) + " here, as fast as smaller ones went; " +
           (seconds_left > 0 ? reports::long_duration(seconds_left) + " of --minutes may go into it"
                             : "nothing of --minutes was left");
  return std::nullopt;
}

}  // namespace lockstep
