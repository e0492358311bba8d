# SPDX-License-Identifier: Apache-2.0
# Every third party in one place. Required ones stop the configuration with a sentence; optional ones say what is lost.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
if(LOCKSTEP_TESTS)
  find_package(GTest REQUIRED)
endif()
