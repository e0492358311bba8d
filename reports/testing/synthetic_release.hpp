// SPDX-License-Identifier: Apache-2.0
#pragma once
// Invented releases for the tests: nothing in them was measured.

#include "reports/release_report.hpp"

namespace lockstep::reports {

// `held`: for three reasons; else released on a GPU, with speed. `hostile`: names that would break out of the page.
Release synthetic_release(bool held, bool hostile = false);

}  // namespace lockstep::reports
