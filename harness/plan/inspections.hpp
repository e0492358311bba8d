// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// What an implementation's own memory must still look like once its launches have finished: `prepare` adds inspections to
/// the scope that is open on its thread, and whoever runs the launches asks for findings after synchronising. A launch
/// cannot look itself, since on a GPU it returns before the work is done, and since it is what is timed.
class Inspections {
 public:
  /// Says what is wrong, or nothing.
  using Inspection = std::function<std::optional<std::string>()>;

  Inspections();
  ~Inspections();
  Inspections(const Inspections&) = delete;
  Inspections& operator=(const Inspections&) = delete;

  /// Adds to the innermost scope of this thread; dropped where none is open, as when a case is timed.
  static void add(Inspection inspection);
  /// The first finding.
  std::optional<std::string> finding() const;

 private:
  Inspections* previous_;
  std::vector<Inspection> inspections_;
};

}  // namespace lockstep
