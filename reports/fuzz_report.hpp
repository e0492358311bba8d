// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `lockstep fuzz` drew, and what became of it: the block `fuzzing` of a report.

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::reports {

// Drawn problems of one operation with one verdict for one reason.
struct DrawnRow {
  std::string operation = {};       // "conv2d.forward"
  std::string implementation = {};  // whose verdict; "" for that of the operator's contract
  // Of the contract: "accepted", "refused", "malformed". Of an implementation: "unsupported", or how it failed.
  std::string verdict = {};
  std::string reason = {};  // with # for every number
  std::int64_t count = 0;
  std::uint64_t first = 0;  // number of the first of them, for `lockstep fuzz --first`
};

// Empty (no problem was drawn) in the reports of other commands.
struct Fuzzing {
  std::uint64_t first = 0;  // number of the first problem
  std::vector<DrawnRow> rows = {};

  // Problems on which the contract has this verdict; `problems`: any.
  std::int64_t by_contract(const std::string& verdict) const;
  std::int64_t problems() const;
};

}  // namespace lockstep::reports
