// SPDX-License-Identifier: Apache-2.0
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {

Fuzzing synthetic_fuzzing() {
  return {.first = 0,
          .rows = {{"conv2d.forward", "", "accepted", "", 80, 0},
                   {"conv2d.forward", "", "refused", "expected # channels, but got # channels", 12, 17},
                   {"conv2d.forward", "", "malformed", "stride has # values", 3, 20},
                   {"conv2d.forward", "cuda.tiled", "unsupported", "groups of #", 9, 2},
                   {"conv2d.forward", hostile_text, "failed", hostile_text, 2, 31},
                   {"gelu.forward", "", "accepted", "", 4, 1},
                   {"gelu.forward", "", "malformed", "approximate=sine", 1, 99}}};
}

}  // namespace lockstep::reports
