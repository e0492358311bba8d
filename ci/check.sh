#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command that a change must pass: sets up, checks the source, builds everything, runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/toolchain.sh
. ci/toolchain.sh
# shellcheck source=ci/stages.sh
. ci/stages.sh

usage() {
  cat <<'TEXT'
usage: ci/check.sh [--asan | --preset NAME]
  Builds preset cuda where nvcc is found (the kernels are compiled for sm_90; no GPU is needed), else cpu, and runs
  all tests. Under 30 minutes on two cores, set-up included.
  --asan         the preset asan: everything under AddressSanitizer and UndefinedBehaviorSanitizer
  --preset NAME  cpu, cuda, cuda_all or asan
TEXT
}

preset=
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --asan) preset=asan && shift ;;
    --preset)
      [ $# -ge 2 ] || { echo "check: --preset needs a name: cpu, cuda, cuda_all or asan" >&2 && exit 2; }
      preset=$2
      shift 2
      ;;
    *) echo "check: unknown option '$1'; accepted: --asan, --preset NAME" >&2 && exit 2 ;;
  esac
done
case "$preset" in
  '') if find_nvcc >/dev/null 2>&1; then preset=cuda; else preset=cpu; fi ;;
  cpu | asan) ;;
  cuda | cuda_all)
    find_nvcc >/dev/null || { echo "check: preset $preset needs nvcc, which is not found" >&2 && exit 2; }
    ;;
  *) echo "check: unknown preset '$preset'; accepted: cpu, cuda, cuda_all, asan" >&2 && exit 2 ;;
esac

log=build/$preset/ctest.log

# Thousands of passing tests would bury the one that failed: their lines stay in the log, all others are shown at once.
# The closing lines are kept for the end of this script.
run_tests() {
  ctest --preset "$preset" 2>&1 | tee "$log" | awk '
    /^[0-9]+% tests passed/ { closing = 1 }
    closing || /^ +Start +[0-9]+: / || /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed +[0-9.]+ sec$/ { next }
    { print; fflush() }'
  return "${PIPESTATUS[0]}"
}

# The last lines say it all: which tests failed, how many of how many, how long.
finish() {
  local status=$?
  print_stages
  if [ "$status" -eq 0 ]; then echo "check: passed (preset $preset)"; else echo "check: FAILED (preset $preset)"; fi
  if [ -f "$log" ]; then
    sed -n '/^The following tests FAILED:/,/^[^ \t].*after/p' "$log" | grep -E '^(The following|\s)' || true
    grep -E '^([0-9]+% tests passed|Total Test time)' "$log" || true
  fi
  [ "$status" -eq 0 ] || exit 1
}
rm -f "$log"
trap finish EXIT

run_stage setup ci/setup.sh
run_stage checks ci/checks/run_all.py
run_stage format ci/format.sh
run_stage "build $preset" configure_and_build "$preset"
run_stage "tests $preset" run_tests
