// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Key of the parameter that makes a problem's inputs plain. Operators do not read it; drawing does. Being part of the
/// problem's label, it makes an id draw the same numbers again.
inline constexpr std::string_view kPlainData = "data";

/// One input whose elements are zero (or one), but for some that stay as drawn and some that are one.
struct PlainInput {
  std::string name;
  /// All elements one instead of zero.
  bool ones = false;
  /// Row-major indices, ascending, of the elements that stay as drawn, and of those that are one among zeros.
  std::vector<std::int64_t> drawn, one;
};

/// Token of a parameter: inputs joined by +, each `name.zero` or `name.one` with its other elements behind it. "d5" is
/// drawn element 5, "d7to9" are 7, 8 and 9, "o12" is a one: x.zero.d5.d7to9.o12+g_y.one
std::string plain_data_token(const std::vector<PlainInput>& inputs);
/// Throws Error naming the part that cannot be read.
std::vector<PlainInput> parse_plain_data(std::string_view token);

/// The problem without its parameter `data`: the numbers that are drawn depend on this one's label.
Problem without_plain_data(Problem problem);

/// Makes drawn inputs plain as the problem's parameter `data` says, and does nothing without it. Of integers zero is the
/// lowest number that is drawn and one the next, where there is a next; positive tensors hold ones for zeros; where
/// Fill::exact draws nothing but zeros, ones are zeros. Names of inputs that this direction does not have are passed over:
/// a backward's id also describes its forward. Throws Error for an element past the end of its input.
void make_plain(const Problem& problem, const Signature& signature, std::vector<Values>& inputs);

}  // namespace lockstep
