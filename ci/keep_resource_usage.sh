#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# keep_resource_usage.sh OBJECT COMPILER ARGUMENT...: compiles, and keeps what ptxas says of registers, spills and shared
# memory as OBJECT.ptxas instead of showing it. Everything else that the compiler says is shown.
set -uo pipefail
object=$1
shift
said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
"$@" 2>"$said" || status=$?
# What belongs to it: lines of ptxas info, and the indented line of stack and spills.
grep -E '^ptxas info|^ +[0-9]+ bytes stack frame' "$said" >"$object.ptxas" || true
grep -vE '^ptxas info|^ +[0-9]+ bytes stack frame' "$said" >&2 || true
[ "$status" -eq 0 ] || rm -f "$object.ptxas"
exit "$status"
