# SPDX-License-Identifier: Apache-2.0
# Run at every build: writes OUTPUT only when its text changes, so that nothing is compiled again without need.
# Inputs: ROOT, OUTPUT, BUILD_TYPE, CUDA (ON/OFF), CUDA_TOOLKIT.
find_program(GIT git)
set(revision "")
set(dirty false)
if(GIT)
  execute_process(COMMAND ${GIT} -C "${ROOT}" rev-parse --short=12 HEAD OUTPUT_VARIABLE revision
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${GIT} -C "${ROOT}" status --porcelain OUTPUT_VARIABLE changes ERROR_QUIET)
  if(NOT changes STREQUAL "")
    set(dirty true)
  endif()
endif()
if(CUDA)
  set(cuda true)
else()
  set(cuda false)
endif()
set(text "// Generated; do not edit.
#include \"suites/drivers/build_info.hpp\"
namespace lockstep {
const BuildInfo& build_info() {
  static const BuildInfo info{\"${BUILD_TYPE}\", \"${revision}\", ${dirty}, ${cuda}, \"${CUDA_TOOLKIT}\"};
  return info;
}
}  // namespace lockstep
")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT "${old}" STREQUAL "${text}")
  file(WRITE "${OUTPUT}" "${text}")
endif()
