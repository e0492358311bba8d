# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts of this folder: where the CUDA toolkit lies, whether a GPU answers, how to build a preset.

# Prints the path of nvcc: what CUDACXX names, else PATH, else the toolkit folders that installers use, newest first.
# Nothing on standard output and status 1 where there is none.
find_nvcc() {
  local candidate
  if [ -n "${CUDACXX:-}" ]; then
    command -v "$CUDACXX" && return 0
    echo "toolchain: CUDACXX names '$CUDACXX', which is no program; searching elsewhere" >&2
  fi
  command -v nvcc && return 0
  while IFS= read -r candidate; do
    if [ -x "$candidate" ]; then
      echo "$candidate"
      return 0
    fi
  done < <(
    printf '%s\n' "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" "${CUDA_PATH:+$CUDA_PATH/bin/nvcc}" /usr/local/cuda/bin/nvcc
    compgen -G '/usr/local/cuda-*/bin/nvcc' | sort --version-sort --reverse
    compgen -G '/opt/cuda*/bin/nvcc' | sort --version-sort --reverse
  )
  return 1
}

# True where a GPU and its driver answer; some containers pass the device through without nvidia-smi.
gpu_answers() {
  if command -v nvidia-smi >/dev/null 2>&1; then
    nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU '
  else
    compgen -G '/dev/nvidia[0-9]*' >/dev/null
  fi
}

# configure_and_build PRESET [cmake --build option...]: shows warnings and errors, and on a terminal the progress.
configure_and_build() {
  local preset=$1 nvcc log
  shift
  if nvcc=$(find_nvcc); then export CUDACXX=$nvcc; fi
  # A compiler cache, where there is one, turns a second build into seconds; nothing depends on it.
  if command -v ccache >/dev/null 2>&1; then
    export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
    export CMAKE_CUDA_COMPILER_LAUNCHER=${CMAKE_CUDA_COMPILER_LAUNCHER-ccache}
  fi
  mkdir -p "build/$preset"
  log=build/$preset/configure.log
  cmake --preset "$preset" >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
  if [ -t 1 ]; then
    cmake --build --preset "$preset" --parallel "$(nproc)" "$@"
  else
    cmake --build --preset "$preset" --parallel "$(nproc)" "$@" -- --quiet
  fi
}
