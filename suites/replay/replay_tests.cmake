# SPDX-License-Identifier: Apache-2.0
# pytorch_agreement, pytorch_training: `lockstep replay` against PyTorch itself, on calls and on training cases drawn by a
# seed that the test prints. The seed is fixed, so that a change is judged on what it changed; without --seed the programs
# draw another one each time. Included where the target `lockstep` exists. What is missing for them is said in the test's
# output, and the test counts as skipped.
if(NOT DEFINED LOCKSTEP_TORCH_PYTHON)
  # Debian's interpreter first: python3-torch belongs to it, whatever other python3 comes first in PATH.
  find_program(LOCKSTEP_TORCH_PYTHON python3 HINTS /usr/bin NO_CMAKE_PATH NO_CMAKE_ENVIRONMENT_PATH)
endif()
function(lockstep_pytorch_test name program seed)
  if(LOCKSTEP_TORCH_PYTHON)
    add_test(NAME ${name} COMMAND "${LOCKSTEP_TORCH_PYTHON}" -B "${program}" --seed ${seed}
             --lockstep $<TARGET_FILE:lockstep>)
  else()
    add_test(NAME ${name} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: this check needs python3 with PyTorch")
  endif()
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 SKIP_REGULAR_EXPRESSION "^skipped:" TIMEOUT 900)
endfunction()
lockstep_pytorch_test(pytorch_agreement "${CMAKE_CURRENT_LIST_DIR}/pytorch_check.py" 21)
lockstep_pytorch_test(pytorch_training "${CMAKE_CURRENT_LIST_DIR}/../training/pytorch_training.py" 5)
