#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the commands of README.md, section "Judge a kernel of your own", as they stand there, in a home folder of its own.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: readme_test.sh BUILD_FOLDER HOME_FOLDER" >&2 && exit 2; }
build=$(realpath "$1")
rm -rf "$2" && mkdir -p "$2"
HOME=$(realpath "$2")
export HOME
cd "$(dirname "$0")/../.."

commands=$(awk '/^## / { inside = ($0 == "## Judge a kernel of your own") } inside && sub(/^    /, "")' README.md)
case "$commands" in
  *'cmake --install build/cpu'*--load*) ;;
  *) echo "readme_test: README.md has no commands that install Lockstep and load a library" >&2 && exit 1 ;;
esac
# The one thing that differs: which build is installed.
bash -euxo pipefail -c "${commands//build\/cpu/$build}"
