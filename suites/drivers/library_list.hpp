// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/plan/verify.hpp"
#include "harness/plugin/kernel_library.hpp"
#include "suites/drivers/selection.hpp"

namespace lockstep {

/// A library, or a kernel of one, that cannot be judged: an outcome of the run like any other.
struct LibraryFailure {
  /// "mine", or "mine.warp_per_row"
  std::string name;
  std::string path;
  Outcome outcome = Outcome::failed;
  std::string reason;

  /// "library.load/mine/path=mine.so": in the grammar of ids, but of no operator.
  std::string id() const;
};

/// The catalogue with the kernels of --load, and what did not come in. This process knows them by name alone: it never loads
/// a library, whose very loading may crash or hang; a child process lists them, workers run them.
class ListedLibraries {
 public:
  /// Throws Error for a file that is missing, or two libraries of one name.
  ListedLibraries(const Catalogue& own, const Selection& selection, const std::string& program);

  const Catalogue& catalogue() const { return catalogue_; }
  const std::vector<LibraryFailure>& failures() const { return failures_; }
  /// What the libraries list; of them, what the catalogue has a place for.
  const std::vector<OutsideKernel>& kernels() const { return kernels_; }
  /// As Selection::select, without what belongs to libraries that failed; nothing at all is then no error.
  std::vector<Case> select() const;

 private:
  Selection selection_;
  std::vector<LibraryFailure> failures_;
  std::vector<OutsideKernel> kernels_;
  Catalogue catalogue_;
};

/// The body of the child: loads the library and prints its list, or why there is none, as one line of JSON.
int describe_library(const std::string& path);

}  // namespace lockstep
