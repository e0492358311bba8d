# SPDX-License-Identifier: Apache-2.0
get_filename_component(LOCKSTEP_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
# Options that every target shares. Warnings become errors in the presets (CMAKE_COMPILE_WARNING_AS_ERROR needs 3.24,
# so the presets set LOCKSTEP_WERROR).
option(LOCKSTEP_WERROR "Treat warnings as errors" OFF)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

add_library(lockstep_options INTERFACE)
target_include_directories(lockstep_options INTERFACE "${LOCKSTEP_ROOT}")
# No contraction: a*b+c must round twice on the host, or the float reference would differ from machine to machine.
target_compile_options(lockstep_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-ffp-contract=off>"
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${LOCKSTEP_WERROR}>>:-Werror>"
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${LOCKSTEP_NATIVE}>>:-march=native>")
if(LOCKSTEP_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LOCKSTEP_FUZZ needs clang, which has libFuzzer; CMAKE_CXX_COMPILER is ${CMAKE_CXX_COMPILER}")
  endif()
  set(LOCKSTEP_SANITIZE ON)
  target_compile_options(lockstep_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(LOCKSTEP_SANITIZE_THREADS)
  if(LOCKSTEP_SANITIZE)
    message(FATAL_ERROR "LOCKSTEP_SANITIZE and LOCKSTEP_SANITIZE_THREADS exclude each other")
  endif()
  target_compile_options(lockstep_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=thread;-fno-omit-frame-pointer>")
  target_link_options(lockstep_options INTERFACE -fsanitize=thread)
endif()
if(LOCKSTEP_SANITIZE)
  target_compile_options(lockstep_options INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined;-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  target_link_options(lockstep_options INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(lockstep_options INTERFACE LOCKSTEP_SANITIZE=1)
endif()
