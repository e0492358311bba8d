#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Judges the libraries of planted_faults/ with an installed Lockstep: the sound one passes, each fault is found and named.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: planted_faults_test.sh PREFIX BUILD_FOLDER" >&2 && exit 2; }
prefix=$(realpath "$1")
build=$2
cmake -S "$(dirname "$0")/planted_faults" -B "$build" -DCMAKE_PREFIX_PATH="$prefix" -DLOCKSTEP_CUDA=OFF
faults=(missing_tail low_precision nondeterministic input_overwritten workspace_overrun wrong_stream unaligned_vectors
  index_overflow race divergent_barrier)
# These show only where every access is looked at; of the rest, one stands for all.
checked=(sound read_past_end read_unwritten race)
cmake --build "$build" --parallel 2 --target sound_emulated "${faults[@]/%/_emulated}" "${checked[@]/%/_checked}"

missed=0
suite=nightly
# expect STATUS WORDS LIBRARY: judges it on the suite's problems of its operator; WORDS as in grep -E.
expect() {
  local status=0 log=$build/$3.log
  "$prefix/bin/lockstep" verify --load "$build/$3.so" --suite "$suite" --filter 'layer_norm.forward/*.two_passes/*' \
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

suite=smoke
expect 0 'PASSED' sound_checked
expect 1 "access out of bounds in block .* at .*two_passes.cu:[0-9]+: reads 4 bytes of 'x', 0 bytes past its end" \
  read_past_end_checked
expect 1 "uninitialised read in block .* at .*two_passes.cu:[0-9]+: reads 4 bytes of 'y'" read_unwritten_checked
expect 1 'race in block .* at .*two_passes.cu:[0-9]+: .* wrote at .*two_passes.cu:[0-9]+' race_checked
[ "$missed" -eq 0 ] || { echo "planted_faults_test: $missed libraries not judged as they should be" && exit 1; }
