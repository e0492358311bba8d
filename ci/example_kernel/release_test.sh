#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Judges the libraries that planted_faults_test.sh built for release, with an installed Lockstep: the sound one is released,
# each fault is held, by the check that is there for it and with its smallest case. Libraries with a fault are judged on a few
# problems; with --full on all, as the sound one.
set -euo pipefail
few=(--problem x=3x130,normalized_shape=130,dtype=f32)
for layout in strided unaligned; do few+=(--problem "x=5x36,normalized_shape=36,dtype=f32,layout=$layout"); done
if [ "${1-}" = --full ]; then few=() && shift; fi
[ $# -eq 2 ] || { echo "usage: release_test.sh [--full] PREFIX BUILD_FOLDER" >&2 && exit 2; }
prefix=$(realpath "$1")
build=$(realpath "$2")

missed=0
# release LIBRARY OPTION...: judges it; the sheet lies in its folder.
release() {
  status=0
  local name=${1%_emulated}
  "$prefix/bin/lockstep" release layer_norm --candidate "${name%_checked}.two_passes" --baseline cuda.warp_per_row \
    --load "$build/$1.so" --direction forward --no-timing --minutes 0.05 --shrink-seconds 3 --shrink-total 9 \
    --out "$build/release_$1" "${@:2}" >"$build/release_$1.log" 2>&1 || status=$?
}
# expect_hold CHECKS WORDS LIBRARY: status 1, and a reason of one of these checks that says this and has a smallest case that
# the sheet can show again. CHECKS and WORDS are regular expressions.
expect_hold() {
  release "$3" "${few[@]}"
  if [ "$status" -eq 1 ] && python3 "$(dirname "$0")/held_for.py" "$build/release_$3/release.json" "$1" "$2"; then return; fi
  echo "$3: status $status instead of 1, or not held for $1, '$2':" && tail -n 40 "$build/release_$3.log"
  missed=$((missed + 1))
}

release sound_emulated
if [ "$status" -eq 0 ] && grep -q '^RELEASE  layer_norm sound.two_passes' "$build/release_sound_emulated.log"; then
  grep '^RELEASE' "$build/release_sound_emulated.log"
else
  echo "sound_emulated: status $status instead of 0:" && cat "$build/release_sound_emulated.log"
  missed=$((missed + 1))
fi
expect_hold 'problems|tile_edges' 'was never written|bound gate' missing_tail_emulated
expect_hold 'problems|tile_edges' 'gate allows' low_precision_emulated
expect_hold 'determinism' 'different bits|other bits' nondeterministic_emulated
expect_hold 'problems|repeated_launches' 'input x was overwritten' input_overwritten_emulated
expect_hold 'scratch_memory' 'written behind the end' workspace_overrun_emulated
expect_hold 'streams' 'wrong stream at .*two_passes.cu:[0-9]+' wrong_stream_emulated
expect_hold 'layouts' 'misaligned access .*two_passes.cu:[0-9]+' unaligned_vectors_emulated
expect_hold 'far_strides' '.' index_overflow_emulated
# What every access shows: race_checked.so lies beside this one.
expect_hold 'check_mode' 'race in block .* at .*two_passes.cu:[0-9]+' race_emulated
expect_hold 'check_mode' "out of bounds in block .* at .*two_passes.cu:[0-9]+: reads 4 bytes of 'x'" read_past_end_checked
expect_hold 'check_mode' 'uninitialised read in block .* at .*two_passes.cu:[0-9]+' read_unwritten_checked
[ "$missed" -eq 0 ] || { echo "release_test: $missed libraries not judged as they should be" && exit 1; }
