# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts of this folder: named stages, each timed, and one table of them at the end.

stage_table=()
stages_failed=0

# run_stage NAME COMMAND...: runs it with no standard input, prints its start and end, records its time.
# Returns the command's status, so that a script may stop at the first failure or go on.
run_stage() {
  local name=$1 began=$SECONDS status=0 outcome=passed
  shift
  echo "== $name"
  "$@" </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    outcome="FAILED ($status)"
    stages_failed=$((stages_failed + 1))
  fi
  stage_table+=("$(printf '%-22s %6d s  %s' "$name" $((SECONDS - began)) "$outcome")")
  echo "== $name: $outcome, $((SECONDS - began)) s"
  return "$status"
}

# skip_stage NAME REASON: what cannot run here is in the table all the same.
skip_stage() {
  echo "== $1: skipped: $2"
  stage_table+=("$(printf '%-22s %8s  skipped: %s' "$1" - "$2")")
}

print_stages() {
  echo "== stages"
  [ "${#stage_table[@]}" -eq 0 ] || printf '%s\n' "${stage_table[@]}"
  printf '%-22s %6d s\n' total "$SECONDS"
}
