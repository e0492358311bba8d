# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the program, and what a project elsewhere needs to hand its kernels to it (find_package(lockstep)).
# A build with sanitizers is not installed: its emulator would need them in every library.
if(TARGET simt_emulated)
  include(CMakePackageConfigHelpers)
  set(package_folder lib/cmake/lockstep)
  set_target_properties(lockstep PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS lockstep RUNTIME DESTINATION bin)
  install(TARGETS simt_emulated simt_checked simt_checked_runtime EXPORT lockstepTargets ARCHIVE DESTINATION lib)
  install(EXPORT lockstepTargets NAMESPACE lockstep:: DESTINATION ${package_folder})

  # Headers keep their paths, so that a kernel's source reads the same inside the tree and outside of it.
  install(DIRECTORY "${LOCKSTEP_ROOT}/harness/simt" DESTINATION ${LOCKSTEP_INSTALLED_HEADERS}/harness
          FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
  install(FILES "${LOCKSTEP_ROOT}/harness/data/error.hpp" DESTINATION ${LOCKSTEP_INSTALLED_HEADERS}/harness/data)
  install(FILES "${LOCKSTEP_ROOT}/harness/plugin/lockstep_kernels.h" "${LOCKSTEP_ROOT}/harness/plugin/lockstep_kernels.hpp"
                "${LOCKSTEP_ROOT}/harness/plugin/checked_tensors.hpp"
          DESTINATION ${LOCKSTEP_INSTALLED_HEADERS}/harness/plugin)

  set(config "${CMAKE_BINARY_DIR}/package")
  configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/lockstepConfig.cmake.in" "${config}/lockstepConfig.cmake"
                                INSTALL_DESTINATION ${package_folder})
  write_basic_package_version_file("${config}/lockstepConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${config}/lockstepConfig.cmake" "${config}/lockstepConfigVersion.cmake"
                "${CMAKE_CURRENT_LIST_DIR}/lockstep_add_kernels.cmake" "${CMAKE_CURRENT_LIST_DIR}/lockstep_kernels.map"
          DESTINATION ${package_folder})
endif()

if(LOCKSTEP_TESTS AND TARGET simt_emulated)
  set(example "${LOCKSTEP_ROOT}/ci/example_kernel")
  set(home "${CMAKE_BINARY_DIR}/example_kernel")
  add_test(NAME example_kernel COMMAND "${example}/readme_test.sh" "${CMAKE_BINARY_DIR}" "${home}")
  set_tests_properties(example_kernel PROPERTIES TIMEOUT 600 FIXTURES_SETUP installed_lockstep)
  add_test(NAME planted_faults COMMAND "${example}/planted_faults_test.sh" "${home}/lockstep" "${home}/planted_faults")
  set_tests_properties(planted_faults PROPERTIES TIMEOUT 900 FIXTURES_REQUIRED installed_lockstep
    FIXTURES_SETUP libraries_with_planted_faults)
  add_test(NAME release_of_planted_faults
           COMMAND "${example}/release_test.sh" "${home}/lockstep" "${home}/planted_faults")
  set_tests_properties(release_of_planted_faults PROPERTIES TIMEOUT 900
    FIXTURES_REQUIRED "installed_lockstep;libraries_with_planted_faults")
endif()
