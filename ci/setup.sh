#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Lockstep needs from the distribution's own packages, and says what it does. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
usage: ci/setup.sh [--report]
  Installs the missing Debian or Ubuntu packages and the test dependencies of reports/html.
  --report   only what ci/report.sh needs: no PyTorch, no browser, no clang tools
TEXT
}

# To build and run everything; the suites link GoogleTest and Google Benchmark, so these are no test-only packages.
build_packages=(g++ cmake ninja-build libgtest-dev libgmock-dev libbenchmark-dev nlohmann-json3-dev libcli11-dev
  libdnnl-dev zlib1g-dev dataset-fashion-mnist)
# To check: PyTorch judges the references, chromium opens the page, the clang tools judge the source, clang compiles
# kernels for the check mode beside g++ and the fuzz targets.
check_packages=(python3 python3-numpy python3-torch libopenblas0-pthread chromium clang libclang-rt-dev clang-format
  clang-tidy)
# Without these a check is skipped with its reason; not every release of Ubuntu has them as packages.
optional_packages=" python3-torch libopenblas0-pthread chromium clang libclang-rt-dev clang-format clang-tidy dataset-fashion-mnist "

fail() {
  echo "setup: $*" >&2
  exit 1
}

case "${1:-}" in
  '') packages=("${build_packages[@]}" "${check_packages[@]}") for_report=no ;;
  --report) packages=("${build_packages[@]}") for_report=yes ;;
  -h | --help) usage && exit 0 ;;
  *) usage >&2 && exit 2 ;;
esac
[ $# -le 1 ] || fail "too many arguments; accepted: --report"

# Distributions differ in whether npm comes with node, so the programs count, not the packages.
if [ "$for_report" = no ]; then
  command -v node >/dev/null 2>&1 || packages+=(nodejs)
  command -v npm >/dev/null 2>&1 || packages+=(npm)
fi

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  fail "no apt on this machine; accepted: Debian 12, Ubuntu 24.04 or later (packages: ${packages[*]})"
fi

is_installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    # A compiler or a build tool from elsewhere serves as well as the package.
    case "$package" in
      g++ | cmake) if command -v "$package" >/dev/null 2>&1; then continue; fi ;;
      ninja-build) if command -v ninja >/dev/null 2>&1; then continue; fi ;;
    esac
    is_installed "$package" || echo "$package"
  done
}

# as_root COMMAND...: before a person sudo may ask for a password (it reads the terminal), elsewhere it must not wait.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 2 ]; then
    sudo "$@"
  else
    sudo --non-interactive "$@"
  fi
}

# run_apt_get COMMAND...: quiet unless it fails; waits for another package manager to finish.
run_apt_get() {
  local log
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 --quiet --yes "$@" \
    >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

install_packages() {
  local missing wanted=() package
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -eq 0 ]; then
    echo "setup: all ${#packages[@]} packages are installed"
    return
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    fail "packages are missing, and this is neither root nor is there sudo; as root: apt-get install ${missing[*]}"
  fi
  echo "setup: reading the package lists"
  run_apt_get update || fail "apt-get update failed (see above); without it: apt-get install ${missing[*]}"
  for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then
      wanted+=("$package")
    elif [[ "$optional_packages" == *" $package "* ]]; then
      echo "setup: this release has no package $package; what needs it is skipped and says so"
    else
      fail "this release has no package $package; it needs Debian 12 or Ubuntu 24.04 or later"
    fi
  done
  [ "${#wanted[@]}" -gt 0 ] || return 0
  echo "setup: installing ${wanted[*]}"
  run_apt_get install --no-install-recommends "${wanted[@]}" || fail "apt-get install failed (see above)"
}

# The page's browser test needs one npm package, pinned by the lock file; the browser is the distribution's.
install_page_test() {
  local folder=reports/html log
  if [ ! -f "$folder/package-lock.json" ]; then
    echo "setup: $folder has no package-lock.json; nothing to install from npm"
  elif ! command -v npm >/dev/null 2>&1; then
    echo "setup: no npm on this machine; the page test is skipped and says so"
  elif cmp --silent "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"; then
    echo "setup: $folder has its npm packages"
  else
    echo "setup: npm ci in $folder"
    log=$(mktemp)
    if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$log" 2>&1 </dev/null; then
      head -n 8 "$log" >&2
      rm -f "$log"
      fail "npm ci failed in $folder (see above)"
    fi
    rm -f "$log"
    # npm rewrites its own copy, so ours tells whether the lock file has changed since.
    cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"
  fi
}

install_packages
[ "$for_report" = yes ] || install_page_test
