// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace lockstep {

struct Catalogued;
struct Problem;

/// Records, while it lives, for which parameters and shapes this thread's problems are asked: what an operator takes, said
/// by the operator itself. Scopes nest; the innermost one records.
class AskedNames {
 public:
  AskedNames();
  ~AskedNames();
  AskedNames(const AskedNames&) = delete;
  AskedNames& operator=(const AskedNames&) = delete;

  const std::set<std::string, std::less<>>& names() const { return names_; }

  /// Called where a problem looks a name up.
  static void note(std::string_view name);

 private:
  AskedNames* outer_;
  std::set<std::string, std::less<>> names_;
};

/// Throws Error naming the first key of the problem's label that the operator never asks for, in none of its listed problems
/// either (a parameter may matter in one direction only), and those that it takes: a misspelt parameter would be its default.
void refuse_unknown_names(const Catalogued& entry, const Problem& problem);

}  // namespace lockstep
