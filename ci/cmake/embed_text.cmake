# SPDX-License-Identifier: Apache-2.0
# embed_text(TARGET FUNCTION FILE...)
#   Compiles the joined text of the files into TARGET as `std::string FUNCTION()`, where FUNCTION is qualified
#   (lockstep::reports::page_script). The text is embedded anew whenever a file changes, so the binary needs no files.
#   Files outside the current source folder are named by their full path.
if(NOT EMBED_OUTPUT)
  set(LOCKSTEP_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")
  function(embed_text target function)
    string(REGEX REPLACE "^.*::" "" stem "${function}")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded/${stem}.cpp")
    set(inputs)
    foreach(file IN LISTS ARGN)
      get_filename_component(path "${file}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
      list(APPEND inputs "${path}")
    endforeach()
    string(JOIN "|" joined ${inputs})
    add_custom_command(OUTPUT "${output}"
      COMMAND "${CMAKE_COMMAND}" "-DEMBED_OUTPUT=${output}" "-DEMBED_FUNCTION=${function}" "-DEMBED_INPUTS=${joined}"
        -P "${LOCKSTEP_EMBED_SCRIPT}"
      DEPENDS ${inputs} "${LOCKSTEP_EMBED_SCRIPT}" VERBATIM COMMENT "Embedding ${stem}")
    target_sources(${target} PRIVATE "${output}")
  endfunction()
  return()
endif()

# Script mode. A compiler limits the length of one literal, so the text goes out as bytes.
string(REPLACE "|" ";" inputs "${EMBED_INPUTS}")
set(hexadecimal "")
foreach(input IN LISTS inputs)
  file(READ "${input}" part HEX)
  string(APPEND hexadecimal "${part}")
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hexadecimal}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes
  "${bytes}")
string(REGEX MATCH "^(.*)::([^:]+)$" whole "${EMBED_FUNCTION}")
file(WRITE "${EMBED_OUTPUT}" "// Made by embed_text.cmake.\n#include <string>\n\nnamespace ${CMAKE_MATCH_1} {\n"
  "namespace {\nconstexpr unsigned char bytes[] = {\n${bytes}0};\n}  // namespace\n\nstd::string ${CMAKE_MATCH_2}();\n"
  "std::string ${CMAKE_MATCH_2}() {\n  return std::string(reinterpret_cast<const char*>(bytes), sizeof(bytes) - 1);\n"
  "}\n}  // namespace ${CMAKE_MATCH_1}\n")
