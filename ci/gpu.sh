#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Verifies and times what ten minutes allow on a machine that has a GPU, the CUDA toolkit, cuDNN and NCCL and nothing
# else: no compiler, no set-up, no network. It runs the folder that the preset gpu built elsewhere; first the kernels
# that no emulator runs, then the suite release from its beginning.
set -euo pipefail
invoked_from=$PWD
cd "$(dirname "$0")/.."
# shellcheck source=ci/toolchain.sh
. ci/toolchain.sh

usage() {
  cat <<'TEXT'
usage: ci/gpu.sh OUT [option of `lockstep run`...]
  Writes into the folder OUT: report.json and report.html (verified and timed), doctor.txt (what the machine is),
  gpu_only.txt (the kernels that only a GPU runs, on all of their problems, within a minute), train_nccl_N (training judged
  with N ranks over NCCL on the GPUs there are, within 30 s each), sanitizer.txt (compute-sanitizer over the smallest
  problems, where it is installed), stages.txt (what took how long).
  LOCKSTEP_GPU_DIR      folder of the program (default build/gpu/bin; make it with
                        `cmake --preset gpu && cmake --build --preset gpu`)
  LOCKSTEP_GPU_SECONDS  time limit of all together (default 570); at the limit the report holds what was done, which may
                        be less than the suite
  The exit status is that of `lockstep run`; 1 where only those in gpu_only.txt or a training over NCCL did not pass or
  the sanitizer found an error; 124 at the time limit.
TEXT
}

fail() {
  echo "gpu: $*" >&2
  exit 2
}

case "${1:-}" in
  -h | --help) usage && exit 0 ;;
  '' | -*) fail "the first argument is the folder to write into; see ci/gpu.sh --help" ;;
esac
out=$1
shift
[[ "$out" == /* ]] || out=$invoked_from/$out
limit_seconds=${LOCKSTEP_GPU_SECONDS:-570}
[[ "$limit_seconds" =~ ^[1-9][0-9]*$ ]] || fail "LOCKSTEP_GPU_SECONDS is '$limit_seconds'; accepted: whole seconds"
folder=${LOCKSTEP_GPU_DIR:-$PWD/build/gpu/bin}
[[ "$folder" == /* ]] || folder=$invoked_from/$folder
lockstep=$folder/lockstep
[ -x "$lockstep" ] || fail "no program $lockstep; build the preset gpu, or name its folder in LOCKSTEP_GPU_DIR"
gpu_answers || fail "no GPU on this machine: neither nvidia-smi nor /dev/nvidia0 shows one"
mkdir -p "$out" 2>/dev/null || fail "the folder $out cannot be made"
[ -w "$out" ] || fail "the folder $out cannot be written"

# The program's own libraries lie beside it; those of the toolkit may lie outside the loader's search path.
toolkit=
if nvcc=$(find_nvcc); then toolkit=$(dirname "$(dirname "$(realpath "$nvcc")")"); fi
export LD_LIBRARY_PATH="$folder${toolkit:+:$toolkit/lib64}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
missing=$(ldd "$lockstep" | awk '$3 == "not" { print $1 }')
[ -z "$missing" ] || fail "$lockstep needs ${missing//$'\n'/, }, not found; add its folder to LD_LIBRARY_PATH"

sanitizer=$(command -v compute-sanitizer || true)
[ -n "$sanitizer" ] || [ ! -x "${toolkit:-/nonexistent}/bin/compute-sanitizer" ] ||
  sanitizer=$toolkit/bin/compute-sanitizer

# within SECONDS COMMAND...: interrupts at the limit as Ctrl-C would, so that a report is still written, and kills
# what ignores that. --foreground leaves workers to the program, whose duty is to end them.
within() { timeout --foreground --signal=INT --kill-after=20 "$@"; }

: >"$out/stages.txt"
# note NAME OUTCOME: one line per stage, on the terminal and in the folder.
note() { printf '%4d s  %s: %s\n' "$SECONDS" "$1" "$2" | tee -a "$out/stages.txt"; }

status=0
within 60 "$lockstep" doctor >"$out/doctor.txt" 2>&1 </dev/null || status=$?
note doctor "exit status $status, $out/doctor.txt"

# Nothing else has judged these, so they do not wait for their place in the suite.
judged=0
within 60 "$lockstep" verify --suite release --filter '*/cuda.warpgroup*' --out "$out/gpu_only" \
  >"$out/gpu_only.txt" 2>&1 </dev/null || judged=$?
case $judged in
  0) note gpu_only "$(grep -cE '^\[       OK \]' "$out/gpu_only.txt") cases passed" ;;
  3)
    note gpu_only "skipped: none is for this GPU, see $out/gpu_only.txt"
    judged=0
    ;;
  124 | 137) note gpu_only "not finished in 60 s, see $out/gpu_only.txt" ;;
  *) note gpu_only "FAILED with exit status $judged, see $out/gpu_only.txt" ;;
esac

# Ranks as processes over NCCL, which may share a GPU: whether the collectives are right, and nothing of their speed. With
# this learning rate the exact model is judged bit for bit.
trained=0
for ranks in 1 2 4; do
  if grep -q 'ranks over NCCL' "$out/doctor.txt"; then
    note "train over NCCL" "skipped: $(sed -n 's/.*ranks over NCCL: //p' "$out/doctor.txt")"
    break
  fi
  modes=(--mode distributed_data_parallel)
  if [ "$ranks" -gt 1 ]; then modes+=(--mode data_parallel); fi
  folder_of_ranks=$out/train_nccl_$ranks
  mkdir -p "$folder_of_ranks"
  ended=0
  within 30 "$lockstep" train --transport nccl --ranks "$ranks" "${modes[@]}" --model exact,mlp,conv --rows 8 --steps 3 \
    --lr 0.03125 --momentum 0 --rank-timeout 10 --out "$folder_of_ranks" >"$folder_of_ranks/output.txt" 2>&1 </dev/null || ended=$?
  note "train over NCCL, $ranks ranks" "exit status $ended, $folder_of_ranks/output.txt"
  [ "$ended" -eq 0 ] || trained=1
done

# 20 s for a program that is slow to stop, and a minute for the sanitizer, which comes last.
reserved_seconds=20
if [ -n "$sanitizer" ]; then reserved_seconds=80; fi
run_seconds=$((limit_seconds - SECONDS - reserved_seconds))
[ "$run_seconds" -ge 1 ] || run_seconds=1
status=0
within "$run_seconds" "$lockstep" run --suite release --out "$out" "$@" </dev/null || status=$?
case $status in
  124) note run "stopped at $run_seconds s; the report holds what was done" ;;
  137) note run "killed: it did not stop within 20 s of the limit" ;;
  *) note run "exit status $status" ;;
esac
if [ "$status" -eq 0 ] && { [ "$trained" -ne 0 ] || [ "$judged" -ne 0 ]; }; then status=1; fi

if [ -n "$sanitizer" ]; then
  extra=0
  within 60 "$sanitizer" --tool memcheck --error-exitcode 99 "$lockstep" verify --suite smoke --filter '*/cuda.*' \
    --out "$out/sanitizer" >"$out/sanitizer.txt" 2>&1 </dev/null || extra=$?
  case $extra in
    0) note compute-sanitizer "no error" ;;
    99)
      note compute-sanitizer "ERRORS, see $out/sanitizer.txt"
      [ "$status" -ne 0 ] || status=1
      ;;
    124 | 137) note compute-sanitizer "not finished in 60 s" ;;
    *) note compute-sanitizer "ended with $extra, see $out/sanitizer.txt" ;;
  esac
else
  note compute-sanitizer "skipped: not installed"
fi

# doctor.txt was written just before the run, so an older page is another run's.
if [ -f "$out/report.html" ] && [ ! "$out/report.html" -ot "$out/doctor.txt" ]; then
  echo "gpu: $out/report.html"
else
  echo "gpu: no page was written (exit status $status)" >&2
fi
exit "$status"
