#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the chain harness <- reference <- kernels <- suites, with reports beside it, and the table of
third parties. Read from the #include lines, which are root-relative, so the check is exact."""
from __future__ import annotations

import re
from pathlib import Path

import tree

MAY_INCLUDE = {
    "harness": {"harness"},
    "reference": {"harness", "reference"},
    "kernels": {"harness", "reference", "kernels"},
    "reports": {"harness", "reports"},
    "suites": {"harness", "reference", "kernels", "reports", "suites"},
}
# Pattern of the header, what to call it, and the folders that may see it. A test may see GoogleTest anywhere.
THIRD_PARTIES = [
    (r"(gtest|gmock)/", "GoogleTest", ["suites"]),
    (r"benchmark/", "Google Benchmark", ["suites"]),
    (r"CLI/", "CLI11", ["suites"]),
    (r"zlib\.h$", "zlib", ["suites"]),
    (r"nlohmann/", "nlohmann/json", ["reports", "harness/plan", "suites"]),
    (r"cudnn", "cuDNN", ["kernels"]),
    (r"cublas", "cuBLAS", ["kernels"]),
    (r"nccl", "NCCL", ["kernels"]),
    (r"mpi\.h$", "MPI", ["kernels"]),
    (r"(oneapi/)?dnnl", "oneDNN", ["kernels"]),
    (r"(nvml\.h|nvtx3/|nvToolsExt)", "NVML and NVTX", ["harness/device"]),
    (r"cuda_(runtime|runtime_api|profiler_api)\.h$", "the CUDA runtime", ["harness/device", "harness/simt", "kernels"]),
    # The language of kernels: nvcc's headers, or the emulator's stand-ins, chosen in harness/simt.
    (r"(cuda_fp16|cuda_bf16|cuda_fp8|cooperative_groups|mma|cuda_pipeline|vector_types|device_launch_parameters)",
     "CUDA's device headers", ["harness/device", "harness/simt", "kernels"]),
    (r"cuda\.h$", "the CUDA driver", ["harness/device", "kernels"]),
]
# The operating system and the compiler, for everyone but reference.
SYSTEM = re.compile(
    r"((sys|linux|netinet|arpa|sanitizer)/.*"
    r"|(unistd|fcntl|signal|spawn|poll|dlfcn|pthread|sched|termios|time|ucontext|execinfo|cxxabi|cpuid|immintrin"
    r"|x86intrin|omp|malloc|errno|dirent|link|elf|netdb|pwd|getopt|stdlib|string|math|stdint|stddef|stdio|setjmp)\.h)$")
# A standard C++ header has no suffix and no folder.
STANDARD = re.compile(r"[a-z_0-9]+$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<([^>]+)>|"([^"]+)"|(\S+))', re.MULTILINE)


def judge(folder: str, relative: str, angle: str | None, quoted: str | None, macro: str | None) -> str | None:
    """Why this file may not have this include; None where it may."""
    if macro:
        return f"includes the macro {macro}; accepted: a header's name, so that this check can read it"
    target = (quoted or angle or "").split("/")[0]
    if target in MAY_INCLUDE:
        if angle:
            return f"includes <{angle}>; the repository's own headers are quoted"
        if target in MAY_INCLUDE[folder]:
            return None
        return f"{folder} includes \"{quoted}\"; accepted: {', '.join(sorted(MAY_INCLUDE[folder]))}"
    if quoted:
        return f"includes \"{quoted}\"; accepted: paths from the repository's root, such as \"{folder}/...\""
    for pattern, name, folders in THIRD_PARTIES:
        if not re.match(pattern, angle):
            continue
        test_may = name == "GoogleTest" and relative.endswith("_test.cpp")
        if test_may or any(relative.startswith(place + "/") for place in folders):
            return None
        return f"includes <{angle}>; {name} is seen only by {', '.join(folders)}"
    if STANDARD.match(angle):
        return None
    if SYSTEM.match(angle):
        return "includes <" + angle + ">; reference sees only the standard library" if folder == "reference" else None
    return f"includes <{angle}>, which is not in the table of third parties (ci/checks/layers.py)"


def check(root: Path) -> list[str]:
    violations = []
    for folder in MAY_INCLUDE:
        if not (root / folder).is_dir():
            violations.append(f"{folder}: the folder is missing")
            continue
        for path in tree.files(root / folder):
            if path.suffix not in tree.CPP_SUFFIXES | {".def"}:
                continue
            relative = path.relative_to(root).as_posix()
            source = tree.without_comments(path.read_text(encoding="utf-8", errors="replace"))
            for found in INCLUDE.finditer(source):
                reason = judge(folder, relative, *found.groups())
                if reason:
                    violations.append(f"{relative}:{source.count(chr(10), 0, found.start()) + 1}: {reason}")
    return violations


if __name__ == "__main__":
    tree.main(check)
