// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/inspections.hpp"

#include <utility>

namespace lockstep {
namespace {

thread_local Inspections* innermost = nullptr;

}  // namespace

Inspections::Inspections() : previous_(innermost) { innermost = this; }
Inspections::~Inspections() { innermost = previous_; }

void Inspections::add(Inspection inspection) {
  if (innermost) innermost->inspections_.push_back(std::move(inspection));
}

std::optional<std::string> Inspections::finding() const {
  for (const Inspection& inspection : inspections_)
    if (auto found = inspection()) return found;
  return std::nullopt;
}

}  // namespace lockstep
