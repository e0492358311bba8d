#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What does not fit into ci/check.sh: every GPU generation, the sanitizers, many seeds, the nightly suite, clang-tidy.
# A failing stage does not stop the others: a night should tell everything that is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/toolchain.sh
. ci/toolchain.sh
# shellcheck source=ci/stages.sh
. ci/stages.sh

usage() {
  cat <<'TEXT'
usage: ci/nightly.sh [--seeds N] [--first-seed S] [--stage NAME]...
  --seeds N       judge with N seeds, faults included (default 20)
  --first-seed S  the first of them (default: today's date as yyyymmdd, printed)
  --stage NAME    only this stage (repeatable): compile_all, tests, release, asan, tsan, check_mode, fuzz, seeds, suite, tidy
  Writes into out/nightly. Exit status 0 when every stage that could run passed.
TEXT
}

fail() {
  echo "nightly: $*" >&2
  exit 2
}

seeds=20
first_seed=$(date -u +%Y%m%d)
stages=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --seeds | --first-seed | --stage) [ $# -ge 2 ] || fail "$1 needs a value" ;;&
    --seeds) seeds=$2 && shift 2 ;;
    --first-seed) first_seed=$2 && shift 2 ;;
    --stage)
      [[ " compile_all tests release asan tsan check_mode fuzz seeds suite tidy " == *" $2 "* ]] ||
        fail "unknown stage '$2'; accepted: compile_all, tests, release, asan, tsan, check_mode, fuzz, seeds, suite, tidy"
      stages+=("$2") && shift 2
      ;;
    *) fail "unknown option '$1'; accepted: --seeds, --first-seed, --stage" ;;
  esac
done
[[ "$seeds" =~ ^[1-9][0-9]*$ ]] || fail "--seeds is '$seeds'; accepted: a whole number from 1"
[[ "$first_seed" =~ ^[0-9]+$ ]] || fail "--first-seed is '$first_seed'; accepted: a whole number"

wanted() { [ "${#stages[@]}" -eq 0 ] || [[ " ${stages[*]} " == *" $1 "* ]]; }

preset=cpu
if find_nvcc >/dev/null; then preset=cuda; fi
out=out/nightly
lockstep=build/$preset/bin/lockstep

# A correct implementation must pass with every seed, and no fault may stay out of reach: each seed is a run of its own.
verify_seeds() {
  local seed status failed=0
  for ((seed = first_seed; seed < first_seed + seeds; seed++)); do
    status=0
    "$lockstep" run --no-timing --seed "$seed" --out "$out/seed_$seed" >"$out/seed_$seed.log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
      failed=$((failed + 1))
      echo "seed $seed: exit status $status, $out/seed_$seed.log ends:"
      tail -n 5 "$out/seed_$seed.log"
    fi
  done
  echo "$((seeds - failed)) of $seeds seeds passed, from $first_seed"
  [ "$failed" -eq 0 ]
}

# What runs in threads of one process: communicators, the ranks of a training; and the pool of workers, which is one thread
# beside processes. The references alone: the emulator's fibers are no threads, and oneDNN's are not compiled for this.
thread_sanitizer() {
  local test tests=(harness_communicator_test kernels_communicator_test suites_collectives_test)
  local program=build/tsan/bin/lockstep
  configure_and_build tsan --target "${tests[@]}" lockstep || return 1
  for test in "${tests[@]}"; do "build/tsan/bin/$test" --gtest_brief=1 || return 1; done
  # A race ends its worker, and is the outcome of a case.
  TSAN_OPTIONS=halt_on_error=1 "$program" run --filter '*/reference.*' --no-timing --no-faults --no-training --workers 2 --out "$out/tsan" || return 1
  "$program" train --model exact,mlp,conv --ranks 2,4 --steps 3 --out "$out/tsan_training"
}

# Host sources only: what nvcc alone accepts is judged by nvcc's own warnings. In a folder of its own: clang reads no
# headers that g++ has precompiled.
tidy() {
  cmake --preset cpu -B build/tidy -DLOCKSTEP_PRECOMPILE=OFF >/dev/null || return 1
  find harness reference kernels suites reports -name '*.cpp' -not -path '*/node_modules/*' -print0 |
    xargs -0 --max-procs="$(nproc)" --max-args=4 clang-tidy --quiet -p build/tidy 2>/dev/null
}

# Every access of every kernel judged: the emulator's check mode over all operators, in four orders of threads. Problems of
# more than 2^27 operations or 2^25 bytes are skips that say so; the suite has smaller ones for every kernel.
check_mode() {
  configure_and_build check --target lockstep harness_simt_test harness_plan_test || return 1
  build/check/bin/harness_simt_test --gtest_brief=1 || return 1
  build/check/bin/harness_plan_test --gtest_brief=1 --gtest_filter='VerifyCase.*' || return 1
  build/check/bin/lockstep verify --suite nightly --filter '*/cuda.*' --gtest_brief=1 --timeout 600 \
    --out "$out/check_mode"
}

# The example's planted faults judged for release, on all problems; ci/check.sh does so on a few. The libraries are those that
# the tests built.
release() {
  local example=build/$preset/example_kernel
  ci/example_kernel/release_test.sh --full "$example/lockstep" "$example/planted_faults"
}

mkdir -p "$out"
run_stage setup ci/setup.sh || { print_stages && exit 1; }

if wanted compile_all; then
  if [ "$preset" = cuda ]; then
    run_stage compile_all configure_and_build cuda_all || true
  else
    skip_stage compile_all "no nvcc on this machine"
  fi
fi
if wanted tests; then run_stage tests env LOCKSTEP_TARGETS=1 ci/check.sh --preset "$preset" || true; fi
if wanted release; then
  if [ -d "build/$preset/example_kernel/planted_faults" ]; then
    run_stage release release || true
  else
    skip_stage release "its libraries are built by the stage tests"
  fi
fi
if wanted asan; then run_stage asan ci/check.sh --asan || true; fi
if wanted tsan; then run_stage tsan thread_sanitizer || true; fi
if wanted check_mode; then run_stage check_mode check_mode || true; fi
if wanted fuzz; then
  if command -v clang++ >/dev/null 2>&1; then
    run_stage fuzz ci/fuzz.sh --runs 1000000 || true
  else
    skip_stage fuzz "clang++ is not installed"
  fi
fi
if wanted seeds || wanted suite; then
  run_stage "build $preset" configure_and_build "$preset" --target lockstep || true
fi
if wanted seeds; then run_stage "seeds ($seeds)" verify_seeds || true; fi
if wanted suite; then
  since=()  # the night before, which this report replaces
  if [ -f "$out/report/report.json" ]; then since=(--baseline "$out/report"); fi
  run_stage suite "$lockstep" run --suite nightly --seed "$first_seed" --out "$out/report" "${since[@]}" || true
fi
if wanted tidy; then
  if command -v clang-tidy >/dev/null 2>&1; then
    run_stage tidy tidy || true
  else
    skip_stage tidy "clang-tidy is not installed"
  fi
fi

print_stages
[ "$stages_failed" -eq 0 ] || { echo "nightly: $stages_failed stages FAILED" && exit 1; }
echo "nightly: passed"
