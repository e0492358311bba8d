# SPDX-License-Identifier: Apache-2.0
# lockstep_add_kernels(NAME SOURCES file.cu... [DEFINITIONS NAME=VALUE...])
#   Shared libraries of kernels for `lockstep verify --load`, from one source each:
#     NAME           for a GPU, by nvcc, where there is one
#     NAME_emulated  for the emulator, by the C++ compiler
#     NAME_checked   for the emulator's check mode: every access is judged (harness/simt/check/README.md)
#   All of them are called NAME in reports. They export the two functions of harness/plugin/lockstep_kernels.h and nothing
#   else. Includes are found from the current source folder; more is added to the targets as to any other.
set(LOCKSTEP_KERNELS_MAP "${CMAKE_CURRENT_LIST_DIR}/lockstep_kernels.map")

function(lockstep_add_kernels name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEFINITIONS")
  if(NOT arg_SOURCES OR DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lockstep_add_kernels(${name} ${arg_UNPARSED_ARGUMENTS}): accepted: "
                        "NAME SOURCES file.cu... [DEFINITIONS NAME=VALUE...]")
  endif()
  set(sources "")
  set(wrappers "")
  foreach(source IN LISTS arg_SOURCES)
    get_filename_component(path "${source}" ABSOLUTE)
    list(APPEND sources "${path}")
    # The C++ compiler gets a file that includes the source, since one file cannot have two languages.
    get_filename_component(stem "${source}" NAME)
    set(wrapper "${CMAKE_CURRENT_BINARY_DIR}/${name}_emulated_sources/${stem}.cpp")
    file(CONFIGURE OUTPUT "${wrapper}" CONTENT "#include \"${path}\"\n" @ONLY)
    list(APPEND wrappers "${wrapper}")
  endforeach()

  set(targets "")
  foreach(flavour emulated checked)
    if(TARGET lockstep::simt_${flavour})
      add_library(${name}_${flavour} MODULE ${wrappers})
      target_link_libraries(${name}_${flavour} PRIVATE lockstep::simt_${flavour})
      list(APPEND targets ${name}_${flavour})
    endif()
  endforeach()
  if(TARGET ${name}_checked)  # its tensors are handed to the check mode, see harness/plugin/checked_tensors.hpp
    target_compile_definitions(${name}_checked PRIVATE LOCKSTEP_LIBRARY_EMULATED=1 LOCKSTEP_LIBRARY_CHECKED=1)
  endif()
  if(LOCKSTEP_CUDA AND CMAKE_CUDA_COMPILER)
    add_library(${name} MODULE ${sources})
    set_source_files_properties(${sources} PROPERTIES LANGUAGE CUDA)
    set_target_properties(${name} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_VISIBILITY_PRESET hidden
      CUDA_RUNTIME_LIBRARY Static)
    target_include_directories(${name} PRIVATE
      $<TARGET_PROPERTY:lockstep::simt_emulated,INTERFACE_INCLUDE_DIRECTORIES>)
    # Of the emulator only what both machines share: the check of launch shapes.
    target_link_libraries(${name} PRIVATE $<TARGET_FILE:lockstep::simt_emulated>)
    list(APPEND targets ${name})
  endif()
  foreach(target IN LISTS targets)
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
    target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})
    # Undefined names are an error here and not when the library is loaded.
    target_link_options(${target} PRIVATE "LINKER:--version-script=${LOCKSTEP_KERNELS_MAP}" LINKER:-z,defs
      LINKER:--exclude-libs,ALL)
    set_target_properties(${target} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
      POSITION_INDEPENDENT_CODE ON LINK_DEPENDS "${LOCKSTEP_KERNELS_MAP}")
  endforeach()
endfunction()
