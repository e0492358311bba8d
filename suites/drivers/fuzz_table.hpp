// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "reports/fuzz_report.hpp"

namespace lockstep {

/// What came of drawn problems, counted. Numbers in reasons are left out, so that the table stays short however many
/// problems there were.
class FuzzTable {
 public:
  /// Of the operator's contract. `operation`: "conv2d.forward". `verdict`: "accepted", "refused" or "malformed". `reason`: why,
  /// in words; empty where accepted. `number`: of the drawn problem.
  void add(const std::string& operation, const std::string& verdict, const std::string& reason, std::uint64_t number);
  /// Of an implementation, "cuda.tiled": "unsupported", "failed" and the other outcomes that are no pass.
  void add(const std::string& operation, const std::string& implementation, const std::string& verdict,
           const std::string& reason, std::uint64_t number);
  std::int64_t count(const std::string& verdict) const;

  /// One line per operation, verdict and reason, with how often and the number of the first.
  std::string text() const;
  /// The same for a report.
  std::vector<reports::DrawnRow> rows() const;

 private:
  struct Entry {
    std::int64_t count = 0;
    std::uint64_t first = 0;
  };
  /// By operation, implementation, verdict and reason.
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Entry> entries_;
};

/// A text with # for every number and every list of numbers.
std::string without_numbers(const std::string& text);

}  // namespace lockstep
