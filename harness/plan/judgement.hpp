// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/device/guarded_tensor.hpp"
#include "harness/numerics/gates.hpp"
#include "harness/plan/operator.hpp"
#include "harness/plan/sample.hpp"

namespace lockstep {

/// How far a set of outputs is from the truth.
struct Margins {
  double worst_bound = 0, worst_rms = 0;
  std::int64_t elements_total = 0, elements_judged = 0, not_correctly_rounded = 0;
  bool exact_gate = false;
};

/// Worst error per cell of a coarse grid over one output; cells nobody judged are negative.
struct FailureMap {
  std::int64_t rows = 0, columns = 0;
  std::vector<double> cells;
};

/// The first reason to reject, with the worst element of the worst output.
struct Failure {
  std::string output;
  /// What is wrong in one sentence.
  std::string message;
  Shape index;
  double expected = 0, got = 0, error_in_bounds = 0;
  Gate gate = Gate::none;
  std::int64_t failing_elements = 0;
  FailureMap map;
};

struct Judgement {
  Margins margins;
  std::optional<Failure> failure;
};

/// The truth of a problem on given inputs, ready to judge any number of outputs under one contract.
class Judge {
 public:
  /// `inputs` and `signature` are borrowed. Throws what the operator's formulas throw.
  Judge(const Operator& definition, const Problem& problem, const Signature& signature,
        const std::vector<Values>& inputs, const PrecisionContract& contract, Coverage coverage, std::uint64_t seed);

  /// Judges downloaded outputs: canaries and gaps, unwritten elements, then the gates on the sample and on every NaN or
  /// infinity outside it (on 4096 of them, evenly spaced, where there are more).
  Judgement judge(const std::vector<std::unique_ptr<GuardedTensor>>& outputs) const;

  const std::vector<std::int64_t>& sample(std::size_t output) const { return samples_[output]; }
  /// Truth with allowance of one element; computed once.
  const Tracked& expected(std::size_t output, std::int64_t sample_position) const;
  const PrecisionContract& contract() const { return contract_; }
  Demand demand(std::size_t output) const;

 private:
  void judge_output(std::size_t output, const GuardedTensor& tensor, Judgement& judgement) const;

  const Problem& problem_;
  const Signature& signature_;
  PrecisionContract contract_;
  std::unique_ptr<Evaluator<Tracked>> evaluator_;
  std::vector<std::vector<std::int64_t>> samples_;
  mutable std::vector<std::vector<Tracked>> expected_;
};

}  // namespace lockstep
