// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "reports/release_report.hpp"
#include "suites/release/release_request.hpp"

namespace lockstep {

/// What the compiler said of the candidate's kernels when this program was built: from kernel_resources.json in `folder`,
/// which builds with CUDA leave beside the program. The kernels of a candidate are those of its source file, which is named
/// by direction and idea; where no file is, all files of the operator that are not of another direction. Returns why there
/// are none, or nothing. Throws Error for a file that cannot be read.
std::optional<std::string> read_kernel_figures(const std::filesystem::path& folder, const ReleaseSubject& subject,
                                               reports::Release& release);

/// "forward_warp_per_row<__nv_bfloat16, 1, 32>" of a mangled name; names that are not C++ stay as they are.
std::string readable_kernel_name(const std::string& mangled);

}  // namespace lockstep
