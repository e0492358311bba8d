// SPDX-License-Identifier: Apache-2.0
#include "reference/reduction.hpp"

#include "harness/data/error.hpp"

namespace lockstep {

Reduction read_reduction(const Parameters& parameters) {
  const std::string word = parameters.text("reduction", "mean");
  if (word == "mean" || word == "elementwise_mean") return Reduction::mean;  // the old name still counts
  if (word == "sum") return Reduction::sum;
  if (word == "none") return Reduction::none;
  throw Refused(word + " is not a valid value for reduction");
}

}  // namespace lockstep
