#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Judges the libraries of planted_faults/ with an installed Lockstep: the sound one passes, each fault is found and named.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: planted_faults_test.sh PREFIX BUILD_FOLDER" >&2 && exit 2; }
prefix=$(realpath "$1")
build=$2
cmake -S "$(dirname "$0")/planted_faults" -B "$build" -DCMAKE_PREFIX_PATH="$prefix" -DLOCKSTEP_CUDA=OFF
cmake --build "$build" --parallel 2

missed=0
# expect STATUS WORDS LIBRARY: judges it on all problems of its operator; WORDS as in grep -E.
expect() {
  local status=0 log=$build/$3.log
  "$prefix/bin/lockstep" verify --load "$build/$3.so" --suite nightly --filter 'layer_norm.forward/*.two_passes/*' \
    --gtest_brief=1 --out "$build/$3" >"$log" 2>&1 || status=$?
  if [ "$status" -eq "$1" ] && grep -qE "$2" "$log"; then
    echo "$3: status $status, $(grep -cE "$2" "$log") lines: $(grep -m 1 -E "$2" "$log")"
  else
    echo "$3: status $status instead of $1, or nothing of '$2':" && tail -n 30 "$log"
    missed=$((missed + 1))
  fi
}
expect 0 'PASSED' sound_emulated
expect 1 'was never written|bound gate' missing_tail_emulated
expect 1 'gate allows' low_precision_emulated
expect 1 'different bits, but the contract promises determinism' nondeterministic_emulated
expect 1 'input x was overwritten' input_overwritten_emulated
expect 1 'workspace: [0-9]+ bytes written behind the tensor' workspace_overrun_emulated
expect 1 'wrong stream at .*two_passes.cu:[0-9]+' wrong_stream_emulated
expect 1 'misaligned access in block .* at .*two_passes.cu:[0-9]+' unaligned_vectors_emulated
expect 1 'divergent barrier in block .* at .*two_passes.cu:[0-9]+' divergent_barrier_emulated
# Shared memory that nobody has written yet reads as the very NaN that outputs are poisoned with.
expect 1 'was never written|gate allows' race_emulated
expect 1 'rows more than 2\^31 elements apart|killed by signal 11' index_overflow_emulated
# What only shows where every access is looked at.
if [ -e "$build/read_past_end_checked.so" ]; then
  expect 0 'PASSED' sound_checked
  expect 1 'out of bounds.* at .*two_passes.cu:[0-9]+' read_past_end_checked
  expect 1 'race.* at .*two_passes.cu:[0-9]+' race_checked
else
  echo "planted_faults_test: this Lockstep has no check mode; reads past the end of a tensor are not judged"
fi
[ "$missed" -eq 0 ] || { echo "planted_faults_test: $missed libraries not judged as they should be" && exit 1; }
