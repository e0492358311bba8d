// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_verdict.hpp"

#include <array>
#include <cstdio>
#include <exception>

#include "harness/data/error.hpp"
#include "suites/replay/agreement.hpp"
#include "suites/replay/case_run.hpp"

namespace lockstep {
namespace {

const ComputedArray* find_array(const std::vector<ComputedArray>& arrays, const std::string& name) {
  for (const ComputedArray& array : arrays)
    if (array.name == name) return &array;
  return nullptr;
}

CaseVerdict simple(VerdictKind kind, std::string text) {
  CaseVerdict verdict;
  verdict.kind = kind;
  verdict.text = std::move(text);
  return verdict;
}

/// Compares what the case expects with what was computed, array by array.
class Comparisons {
 public:
  Comparisons(const CaseDescription& description, const NamedValues& expected, const OperatorRun& exact,
              const OperatorRun& run, DType dtype, bool is_block)
      : description_(description),
        expected_(expected),
        exact_(exact),
        run_(run),
        // A block hands results on: later steps see other numbers than the case's wherever something rounds.
        is_drifted_(dtype != DType::f64 && (run.inputs_were_rounded || is_block)) {}

  void compare(const std::string& name) {
    const Values& expected = expected_.at(name);
    const ComputedArray* computed = find_array(run_.arrays, name);
    if (!computed) {
      // A direction that was not served has its reason elsewhere.
      if (run_.not_served.empty()) add_difference(name + " was not computed");
      return;
    }
    ++count_;
    if (const ComputedArray* truth = find_array(exact_.arrays, name)) {
      const ArrayAgreement formula = compare_exact(name, truth->got, expected, description_.equal_nan);
      if (!formula.agrees) return add_difference(formula.difference + " (the formula in float64)");
    }
    const auto error = description_.float32_errors.find(name);
    const ArrayAgreement agreement =
        compare_array(*computed, {.expected = &expected,
                                  .float32_error = error == description_.float32_errors.end() ? 0 : error->second,
                                  .equal_nan = description_.equal_nan,
                                  .is_drifted = is_drifted_});
    if (!agreement.agrees) return add_difference(agreement.difference);
    if (worst_name_.empty() || agreement.worst_in_limits > worst_) {
      worst_ = agreement.worst_in_limits;
      worst_name_ = name;
    }
  }

  CaseVerdict verdict() const {
    if (!differences_.empty()) return simple(VerdictKind::differs, differences_);
    if (!run_.not_served.empty())
      return simple(VerdictKind::not_served, run_.not_served + (count_ > 0 ? "; what was served agrees" : ""));
    if (count_ == 0) return simple(VerdictKind::computed, "nothing to compare with");
    std::array<char, 32> worst{};
    std::snprintf(worst.data(), worst.size(), "%.2g", worst_);
    return simple(VerdictKind::agreed, std::to_string(count_) + (count_ == 1 ? " array" : " arrays") + ", worst " +
                                           worst_name_ + " at " + worst.data() + " of its limit");
  }

 private:
  void add_difference(const std::string& difference) {
    differences_ += (differences_.empty() ? "" : "; ") + difference;
  }

  const CaseDescription& description_;
  const NamedValues& expected_;
  const OperatorRun& exact_;
  const OperatorRun& run_;
  bool is_drifted_;
  int count_ = 0;
  double worst_ = 0;
  std::string worst_name_, differences_;
};

CaseVerdict refused(const CaseDescription& description, const std::string& message) {
  const bool must = description.expect_error.has_value();
  CaseVerdict verdict = simple(must ? VerdictKind::refused_as_it_must : VerdictKind::refused_but_must_not, message);
  verdict.refusal = message;
  return verdict;
}

CaseVerdict judge_described(const CaseDescription& description, const Catalogue& catalogue, ReplayMachine& machine) {
  CaseProblem item;
  OperatorRun exact;
  NamedValues expected;
  try {
    item = translate_case(description, catalogue);
    if (!item.not_served.empty()) return simple(VerdictKind::not_served, item.not_served);
    exact = run_case(item, description, [&](const Problem& problem, const NamedValues& arrays) {
      return evaluate_in_double(*item.entry, problem, arrays);
    });
  } catch (const Refused& refusal) {
    return refused(description, refusal.what());
  } catch (const Error& error) {
    // Where PyTorch refuses the call, parameters that the operator cannot even read are a refusal as well.
    if (item.entry && description.expect_error) return refused(description, error.what());
    throw;
  }
  expected = read_case_arrays(description, description.expected);
  expected.merge(read_case_arrays(description, description.grads));

  OperatorRun run;
  try {
    run = run_case(item, description, [&](const Problem& problem, const NamedValues& arrays) {
      return machine.run(*item.entry, problem, arrays);
    });
  } catch (const Refused& refusal) {
    return refused(description, refusal.what());
  } catch (const std::exception& failure) {
    return simple(VerdictKind::failed, failure.what());
  }
  CaseVerdict verdict;
  if (description.expect_error) {
    verdict = simple(VerdictKind::not_refused_but_must_be,
                     description.expect_error->empty() ? "" : "PyTorch: " + *description.expect_error);
  } else {
    Comparisons comparisons(description, expected, exact, run, machine.dtype(), item.block != nullptr);
    for (const auto* names : {&description.expected, &description.grads})
      for (const std::string& name : *names) comparisons.compare(name);
    verdict = comparisons.verdict();
  }
  verdict.skip_reason = run.not_served;
  verdict.arrays = std::move(run.arrays);
  return verdict;
}

}  // namespace

std::string_view name_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::agreed: return "agreed";
    case VerdictKind::computed: return "computed";
    case VerdictKind::refused_as_it_must: return "refused as it must";
    case VerdictKind::differs: return "differs";
    case VerdictKind::refused_but_must_not: return "refused but must not";
    case VerdictKind::not_refused_but_must_be: return "not refused but must be";
    case VerdictKind::failed: return "failed";
    case VerdictKind::not_served: return "not served";
    case VerdictKind::unreadable: return "unreadable";
  }
  return "";
}

CaseVerdict judge_case(const std::filesystem::path& folder, const Catalogue& catalogue, ReplayMachine& machine) {
  try {
    return judge_described(read_case_description(folder), catalogue, machine);
  } catch (const std::exception& error) {
    // Messages of operators do not know the case; those of the readers begin with its path.
    std::string text = error.what();
    if (text.find(folder.string()) == std::string::npos) text = (folder / "case.json").string() + ": " + text;
    CaseVerdict verdict = simple(VerdictKind::unreadable, text);
    verdict.skip_reason = text;
    return verdict;
  }
}

}  // namespace lockstep
