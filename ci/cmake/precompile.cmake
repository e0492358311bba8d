# SPDX-License-Identifier: Apache-2.0
# lockstep_precompile(TARGET [TESTS])
#   The standard library's headers, and GoogleTest's for tests, read once for the target instead of once for each file: a
#   third of the time of most files. Only where there are files enough to pay for it.
#   Every file includes what it uses all the same. Builds with a compiler cache, which knows a precompiled header by its bytes
#   and these differ in every folder, and those of clang have none, and find what a file forgot.
set(precompiles ON)
if(CMAKE_CXX_COMPILER_LAUNCHER OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(precompiles OFF)
endif()
option(LOCKSTEP_PRECOMPILE "Precompile the headers of the standard library" ${precompiles})

function(lockstep_precompile target)
  cmake_parse_arguments(arg "TESTS" "" "" ${ARGN})
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  set(least 8)
  set(headers <algorithm> <array> <chrono> <cmath> <cstdint> <cstring> <filesystem> <functional> <limits> <map> <memory>
    <optional> <set> <span> <sstream> <stdexcept> <string> <string_view> <tuple> <unordered_map> <utility> <vector>)
  if(arg_TESTS)
    set(least 4)
    list(APPEND headers <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  if(LOCKSTEP_PRECOMPILE AND count GREATER_EQUAL least)
    target_precompile_headers(${target} PRIVATE ${headers})
    # GCC 12's optimiser warns of moved strings and vectors where nothing is wrong; that it is the library's own code, where
    # it would hold its tongue, is forgotten once that is precompiled. The builds without keep these warnings.
    target_compile_options(${target} PRIVATE
      "$<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>")
  endif()
endfunction()
