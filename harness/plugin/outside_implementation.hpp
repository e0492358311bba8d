// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plugin/kernel_library.hpp"

namespace lockstep {

/// The implementation behind a library's functions: checks every answer, keeps plan and workspace together, lays canaries
/// around the workspace of exactly the size that was asked for (see Inspections), and turns statuses into what the harness
/// knows: a reason to skip, or an Error. `definition` and `functions` are borrowed.
Implementation outside_implementation(const Operator& definition, const OutsideKernel& kernel,
                                      const lockstep_implementation& functions, std::int64_t workspace_limit_bytes);

}  // namespace lockstep
