// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/data/random.hpp"
#include "harness/plan/case.hpp"

namespace lockstep {

/// Tokens of parameters that drawing tries, by the parameter's name: the ends of a documented range and what lies just
/// beyond them, or a parameter that no listed problem has.
using ParameterTokens = std::map<std::string, std::vector<std::string>>;

/// What a drawn problem may cost: elements of all its tensors together, and arithmetic operations.
struct DrawLimits {
  double elements = 1 << 16;
  double operations = 3e7;
};

/// What the operator's contract says of a problem before there are data.
struct Contract {
  /// PyTorch's message where it is refused, what cannot be read where it is malformed, else empty.
  std::string refusal;
  bool is_malformed = false;
  bool takes() const { return refusal.empty() && !is_malformed; }
};
Contract contract_of(const Operator& definition, const Problem& problem);

struct DrawnProblem {
  Problem problem;
  Contract contract;
  /// The listed problem it was made of, which the contract takes; dtype, layout and fill are the drawn ones.
  Problem origin;
};

/// Draws problems of an operator around the edges of tiles and the limits of its parameters. What shapes and parameters
/// there are it takes from the problems that are listed for the operator: it changes one of these by a few steps. Numbers
/// become 0, 1, powers of two and one beside them, multiples of a warp, primes; numbers that are equal mostly move together,
/// others keep their ratio; axes come and go; parameters go, or get tokens that other problems have, that `more` names, or
/// that lie at and around 0 and 1. About three of four are problems that the contract takes.
class ProblemDrawer {
 public:
  /// `entry` is borrowed.
  ProblemDrawer(const Catalogued& entry, const ParameterTokens& more, DrawLimits limits = {});

  /// False where no listed problem is within the limits.
  bool can_draw() const { return !templates_.empty(); }
  /// The same for the same seed and number, whatever was drawn before.
  DrawnProblem draw(std::uint64_t seed, std::uint64_t number) const;

 private:
  bool is_within_limits(const Problem& problem) const;
  void change(Problem& problem, RandomStream& stream) const;
  void change_numbers(Problem& problem, RandomStream& stream) const;
  void change_parameter(Problem& problem, RandomStream& stream) const;

  const Catalogued& entry_;
  DrawLimits limits_;
  std::vector<Problem> templates_;
  std::map<std::string, std::set<std::string>> tokens_;
  std::vector<DType> dtypes_;
  std::vector<Fill> fills_;
};

}  // namespace lockstep
