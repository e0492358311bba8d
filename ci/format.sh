#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the C++ and CUDA sources against .clang-format; --fix rewrites them.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  '') action=(--dry-run --Werror) ;;
  --fix) action=(-i) ;;
  -h | --help) echo "usage: ci/format.sh [--fix]" && exit 0 ;;
  *) echo "format: unknown option '$1'; accepted: --fix" >&2 && exit 2 ;;
esac

# Releases of clang-format lay out the same file differently, so one release is the judge. It is Debian 12's.
judge=14
program=
for candidate in "clang-format-$judge" clang-format; do
  if "$candidate" --version 2>/dev/null | grep -q "version $judge\."; then program=$candidate && break; fi
done
if [ -z "$program" ]; then
  echo "format: skipped: the style is that of clang-format $judge, which is not installed"
  exit 0
fi

mapfile -t sources < <(find harness reference kernels suites reports -type f \
  \( -name '*.cpp' -o -name '*.hpp' -o -name '*.cu' -o -name '*.cuh' \) -not -path '*/node_modules/*' | sort)
"$program" "${action[@]}" "${sources[@]}" || { echo "format: rewrite with ci/format.sh --fix" >&2 && exit 1; }
echo "format: ${#sources[@]} files"
