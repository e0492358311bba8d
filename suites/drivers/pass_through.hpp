// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/data/error.hpp"

namespace lockstep {

/// Arguments handed on to a library that takes (argc, argv) and removes what it knows. Throws Error for an argument that
/// does not begin with the library's prefix: it is a misspelt option of ours.
class PassThrough {
 public:
  PassThrough(const std::vector<std::string>& extras, const std::string& prefix) : texts_{"lockstep"} {
    for (const std::string& extra : extras) {
      if (extra.rfind(prefix, 0) != 0)
        throw Error("unknown option '" + extra + "'; accepted: the options of --help and those beginning with " +
                    prefix);
      texts_.push_back(extra);
    }
    for (std::string& text : texts_) pointers_.push_back(text.data());
    count_ = static_cast<int>(pointers_.size());
    pointers_.push_back(nullptr);
  }

  int& count() { return count_; }
  char** values() { return pointers_.data(); }
  /// Throws Error naming what the library left over.
  void reject_rest() const {
    if (count_ > 1)
      throw Error("option '" + std::string(pointers_[1]) +
                  "': the library that it is for knows no such name or value; accepted: its own flags");
  }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
  int count_ = 0;
};

}  // namespace lockstep
