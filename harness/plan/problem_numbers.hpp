// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/problem.hpp"

namespace lockstep {

/// Where an integer of a problem stands: an extent of a given shape, or an element of a parameter that is one integer or a
/// list of them.
struct NumberPlace {
  bool in_shape = true;
  /// Which shape or parameter, and which axis or element of it.
  std::size_t entry = 0, position = 0;
};

/// The integers that a parameter's token lists ("3x2", "_1", "empty"), or nothing where it is something else.
std::optional<std::vector<std::int64_t>> integer_list(const std::string& token);

/// Every integer of a problem, shapes first.
std::vector<NumberPlace> number_places(const Problem& problem);
std::int64_t number_at(const Problem& problem, const NumberPlace& place);
void set_number(Problem& problem, const NumberPlace& place, std::int64_t value);

/// Elements of the largest given shape, without overflow; infinite extents of 2^63 included.
double largest_given_elements(const Problem& problem);

}  // namespace lockstep
