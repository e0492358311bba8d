// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/planted_fault.hpp"

#include <algorithm>

namespace lockstep::simt {
namespace {

thread_local PlantedFaultScope* current_scope = nullptr;

}  // namespace

PlantedFaultScope::PlantedFaultScope(PlantedFault fault, int place)
    : fault_(fault), place_(static_cast<std::size_t>(place)) {
  if (current_scope != nullptr) throw Error("a fault is planted already: one at a time");
  current_scope = this;
}

PlantedFaultScope::~PlantedFaultScope() { current_scope = nullptr; }

PlantedFaultScope* PlantedFaultScope::current() { return current_scope; }

bool PlantedFaultScope::passes(SourcePlace at) {
  const auto known =
      std::find_if(places_.begin(), places_.end(), [&at](const SourcePlace& place) { return same_place(place, at); });
  const auto number = static_cast<std::size_t>(known - places_.begin());
  if (known == places_.end()) places_.push_back(at);
  was_planted_ = was_planted_ || number == place_;
  return number == place_;
}

}  // namespace lockstep::simt
