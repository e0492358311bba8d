#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copies beside a program the shared libraries that it needs and that a machine with the CUDA toolkit, cuDNN and NCCL
# and nothing else may lack. The preset gpu runs it behind the link; the program finds them by its rpath $ORIGIN.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -f "$1" ]; then
  echo "usage: ci/bundle.sh PROGRAM" >&2
  exit 2
fi
program=$1
folder=$(dirname "$program")

# libc must match the machine's own loader and driver, and the NVIDIA libraries its own toolkit: neither is copied.
machines_own='^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|cuda|cudart|cublas|cublasLt|cudnn.*|nccl|nv.*))\.so'

missing=$(ldd "$program" | awk '$3 == "not" { print $1 }' | grep -vE "$machines_own" || true)
if [ -n "$missing" ]; then
  echo "bundle: $program needs ${missing//$'\n'/, }, which is not on this machine" >&2
  exit 1
fi
ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' | while read -r name path; do
  if [[ "$name" =~ $machines_own ]] || [ "$path" -ef "$folder/$name" ]; then continue; fi
  cp --dereference --update "$path" "$folder/$name"
done
