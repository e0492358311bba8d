#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Feeds every reader of outside data, and the command line, what libFuzzer thinks up; what breaks one stays in out/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/toolchain.sh
. ci/toolchain.sh

targets=(npy problem report case_reader idx_file worker_answer library_answers command_line)

usage() {
  cat <<TEXT
usage: ci/fuzz.sh [--seconds N | --runs N] [--target NAME]...
  --seconds N    how long each target runs (default 120)
  --runs N       how many inputs each target takes, instead
  --target NAME  only this one (repeatable): ${targets[*]}
  Needs clang with its runtime (packages clang and libclang-rt-dev). Begins with ci/corpus/NAME; finds go to
  out/fuzz/NAME. Exit status 0 when no input broke a reader.
TEXT
}

fail() {
  echo "fuzz: $*" >&2
  exit 2
}

limit=(-max_total_time=120)
chosen=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --seconds | --runs)
      [ $# -ge 2 ] && [[ "$2" =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a whole number from 1"
      if [ "$1" = --runs ]; then limit=("-runs=$2"); else limit=("-max_total_time=$2"); fi
      shift 2
      ;;
    --target)
      [ $# -ge 2 ] && [[ " ${targets[*]} " == *" $2 "* ]] || fail "--target needs one of: ${targets[*]}"
      chosen+=("$2") && shift 2
      ;;
    *) fail "unknown option '$1'; accepted: --seconds, --runs, --target" ;;
  esac
done
[ "${#chosen[@]}" -gt 0 ] || chosen=("${targets[@]}")
command -v clang++ >/dev/null 2>&1 || fail "no clang++ on this machine; accepted: clang 14 or later"

configure_and_build fuzz --target "${chosen[@]/%/_fuzz}"
failed=0
for target in "${chosen[@]}"; do
  out=out/fuzz/$target
  mkdir -p "$out/corpus"
  status=0
  # New inputs are kept apart from the tree's; an input of more than 64 KiB shows nothing that a shorter one does not.
  "build/fuzz/bin/${target}_fuzz" "${limit[@]}" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$out/" "$out/corpus" "ci/corpus/$target" >"$out/log" 2>&1 </dev/null || status=$?
  rm -rf /dev/shm/lockstep_fuzz_??????  # libFuzzer ends without destructors
  runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$out/log")
  if [ "$status" -eq 0 ]; then
    echo "fuzz: $target: ${runs:-0} inputs, none broke it"
  else
    failed=$((failed + 1))
    echo "fuzz: $target: BROKEN after ${runs:-an unknown number of} inputs; $out/log ends:"
    tail -n 12 "$out/log"
  fi
done
[ "$failed" -eq 0 ] || { echo "fuzz: $failed of ${#chosen[@]} targets FAILED" && exit 1; }
echo "fuzz: passed"
