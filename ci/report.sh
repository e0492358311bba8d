#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From nothing to the report: sets up, builds the program, runs the smoke suite, prints where the page lies.
set -euo pipefail
invoked_from=$PWD
cd "$(dirname "$0")/.."
# shellcheck source=ci/toolchain.sh
. ci/toolchain.sh

usage() {
  cat <<'TEXT'
usage: ci/report.sh [option of `lockstep run`...]
  Installs what is missing, builds, and runs `lockstep run --suite smoke --out out/report`.
  The CUDA kernels are compiled where there is a toolkit and a GPU; elsewhere they run under the emulator.
  Each case is timed in two processes, not the three of `lockstep run`, to be done within a quarter of an hour.
  Options are passed on; --suite, --out and --rounds replace the ones above. The exit status is that of lockstep:
  0 all passed, 1 something failed, 2 wrong call, 3 nothing ran, 130 interrupted.
TEXT
}

out=out/report
suite=(--suite smoke)
rounds=(--rounds 2)
options=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --suite | --suite=*) suite=() ;;&
    --rounds | --rounds=*) rounds=() ;;&
    --out)
      [ $# -ge 2 ] || { echo "report: --out needs a folder" >&2 && exit 2; }
      out=$2
      shift 2
      ;;
    --out=*) out=${1#--out=} && shift ;;
    *) options+=("$1") && shift ;;
  esac
done
# A folder that the caller names is relative to where the caller stands.
[[ "$out" == /* || "$out" == out/report ]] || out=$invoked_from/$out

ci/setup.sh --report

preset=cpu
if find_nvcc >/dev/null && gpu_answers; then preset=cuda; fi
echo "report: building preset $preset"
configure_and_build "$preset" --target lockstep || { echo "report: the build failed (see above)" >&2 && exit 1; }

# A page of an earlier run must not pass for this one's.
began=build/$preset/report.began
touch "$began"
status=0
"build/$preset/bin/lockstep" run "${suite[@]}" "${rounds[@]}" --out "$out" "${options[@]}" </dev/null || status=$?
if [ -f "$out/report.html" ] && [ ! "$out/report.html" -ot "$began" ]; then
  echo "report: $(realpath "$out/report.html") ($SECONDS s in all, exit status $status)"
else
  echo "report: no page was written (exit status $status)" >&2
fi
exit "$status"
