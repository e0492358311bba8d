#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A check that cannot fail is worth nothing: each violation below is planted in a small clean repository and must be
reported there, in words that name it; the clean repository itself must pass."""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import fast_math
import file_length
import layers
import no_traces
import operator_list
import spdx
import test_names

CHECKS: list[ModuleType] = [layers, file_length, operator_list, spdx, no_traces, fast_math, test_names]

_CPP = "// SPDX-License-Identifier: Apache-2.0\n"
_HEADER = _CPP + "#pragma once\n"
_SCRIPT = "# SPDX-License-Identifier: Apache-2.0\n"
CLEAN = {
    "LICENSE": "the text\n",
    "README.md": "line\n" * 120,
    "CMakeLists.txt": _SCRIPT + "# use_" + "fast_math is forbidden\nadd_compile_options(-Wall)\n",
    "harness/README.md": "line\n" * 40,
    "harness/data/dtype.hpp": _HEADER + "#include <vector>\n#include <sys/mman.h>\n",
    "harness/data/dtype_test.cpp": _CPP + '#include "harness/data/dtype.hpp"\n#include <gtest/gtest.h>\n',
    "harness/data/folder_test.cpp": _CPP,
    "harness/device/stream.cpp": _CPP + "#include <cuda_runtime.h>\n#include <nvtx3/nvToolsExt.h>\n",
    "harness/plan/case.cpp": _CPP + "#include <nlohmann/json.hpp>\n",
    "reference/operators.def": _CPP + "OPERATOR(relu)\n",
    "reference/relu.hpp": _HEADER + '#include "harness/data/dtype.hpp"\n// #include <cudnn.h>\n',
    "reference/relu.cpp": _CPP + "#include <cmath>\n",
    "reference/relu_test.cpp": _CPP + "#include <gmock/gmock.h>\n",
    "kernels/relu/list.cpp": (_CPP + '#include "reference/relu.hpp"\n#include <cudnn_v9.h>\n'
                              "#include <oneapi/dnnl/dnnl.hpp>\n"),
    "kernels/shared/list.cpp": _CPP,
    "suites/operators/relu.cpp": _CPP + '#include "kernels/relu/list.hpp"\n#include <benchmark/benchmark.h>\n',
    "suites/operators/problem_sets.cpp": (_CPP + '#include "reports/report.hpp"\n#include <CLI/CLI.hpp>\n'
                                         "#include <zlib.h>\n"),
    "reports/report.hpp": _HEADER + "#include <nlohmann/json.hpp>\n",
    "reports/html/package-lock.json": '{"integrity": "sha512-abc"}\n',
    "ci/checks/joint_tests.txt": "# comment\nharness/data/folder_test.cpp: dtype and shape together\n",
    "build/leftover.cpp": "no licence, and generated, so of no interest\n",
    "reports/html/node_modules/x/utils.js": "somebody else's\n",
    "my_run/report.html": "what a user let be written here\n",
}


class Plant(NamedTuple):
    check: ModuleType
    path: str
    text: str | None  # None removes the file
    report: str  # what the violation must say


PLANTED = [
    Plant(layers, "harness/data/x.cpp", '#include "reference/relu.hpp"\n', 'harness includes "reference/relu.hpp"'),
    Plant(layers, "reference/x.hpp", ' #  include "kernels/relu/list.hpp"\n', "x.hpp:1: reference includes"),
    Plant(layers, "kernels/relu/x.cu", '#include "suites/x.hpp"\n', "kernels includes"),
    Plant(layers, "kernels/relu/x.cuh", '#include "reports/report.hpp"\n', "kernels includes"),
    Plant(layers, "reports/x.cpp", '#include "reference/relu.hpp"\n', "reports includes"),
    Plant(layers, "harness/data/x.cpp", '/* a\n*/ int a;\n#include "dtype.hpp"\n', "x.cpp:3: includes \"dtype.hpp\""),
    Plant(layers, "harness/data/x.cpp", "#include <harness/data/dtype.hpp>\n", "headers are quoted"),
    Plant(layers, "harness/data/x.cpp", "#include HEADER\n", "includes the macro HEADER"),
    Plant(layers, "reference/x.cpp", "#include <cuda_runtime.h>\n", "CUDA runtime is seen only by"),
    Plant(layers, "reference/x.cpp", "#include <nlohmann/json.hpp>\n", "nlohmann/json is seen only by"),
    Plant(layers, "reference/x.cpp", "#include <unistd.h>\n", "only the standard library"),
    Plant(layers, "harness/measure/x.cpp", "#include <cuda_runtime_api.h>\n", "CUDA runtime is seen only by"),
    Plant(layers, "harness/device/x.cpp", "#include <cudnn.h>\n", "cuDNN is seen only by"),
    Plant(layers, "suites/x.cpp", "#include <nccl.h>\n", "NCCL is seen only by"),
    Plant(layers, "suites/x.cpp", "#include <mpi.h>\n", "MPI is seen only by"),
    Plant(layers, "suites/x.cpp", "#include <cublas_v2.h>\n", "cuBLAS is seen only by"),
    Plant(layers, "reports/x.cpp", "#include <zlib.h>\n", "zlib is seen only by"),
    Plant(layers, "harness/plan/x.cpp", "#include <gtest/gtest.h>\n", "GoogleTest is seen only by"),
    Plant(layers, "harness/measure/x.cpp", "#include <benchmark/benchmark.h>\n", "Google Benchmark is seen only by"),
    Plant(layers, "kernels/x.cpp", "#include <CLI/CLI.hpp>\n", "CLI11 is seen only by"),
    Plant(layers, "suites/x.cpp", "#include <boost/any.hpp>\n", "not in the table"),
    Plant(file_length, "kernels/relu/x.cu", "\n" * 401, "401 lines; accepted: 400"),
    Plant(file_length, "ci/x.sh", "\n" * 401, "401 lines"),
    Plant(file_length, "reports/html/page.mjs", "\n" * 401, "401 lines"),
    Plant(file_length, "harness/README.md", "line\n" * 41, "41 lines; accepted: 40"),
    Plant(file_length, "harness/data/utils.hpp", "", "a name for everything"),
    Plant(file_length, "harness/data/shape_utils.hpp", "", "a name for everything"),
    Plant(operator_list, "reference/operators.def", None, "is missing"),
    Plant(operator_list, "reference/operators.def", "// none\n", "lists no operator"),
    Plant(operator_list, "reference/operators.def", "OPERATOR(relu)\nOPERATOR(relu)\n", ":2: relu is listed twice"),
    Plant(operator_list, "reference/operators.def", "OPERATOR(relu) OPERATOR(x)\n", "unreadable"),
    Plant(operator_list, "reference/operators.def", "OPERATOR(relu)\nOPERATOR(gelu)\n", "gelu is listed, but"),
    Plant(operator_list, "reference/relu_test.cpp", None, "relu is listed, but reference/relu_test.cpp"),
    Plant(operator_list, "suites/operators/relu.cpp", None, "relu is listed, but suites/operators/relu.cpp"),
    Plant(operator_list, "kernels/gelu/list.cpp", "", "gelu has kernels or problems, but is not listed"),
    Plant(spdx, "kernels/relu/x.cu", "int a;\n", "kernels/relu/x.cu: no licence"),
    Plant(spdx, "reference/operators.def", "OPERATOR(relu)\n", "no licence"),
    Plant(spdx, "ci/x.py", "\n\n\n" + _SCRIPT, "no licence"),
    Plant(spdx, "suites/CMakeLists.txt", "project(x)\n", "no licence"),
    Plant(spdx, "reports/x.hpp", _CPP, "no #pragma once"),
    Plant(spdx, "LICENSE", None, "LICENSE: the licence's text is missing"),
    Plant(no_traces, "ci/x.sh", "cd /" + "work/main\n", "x.sh:1: a path of one machine"),
    Plant(no_traces, "README.md", "see `/" + "home/someone/x`\n", "a path of one machine"),
    Plant(no_traces, "suites/x.cpp", 'open("/' + 'tmp/x")\n', "a path of one machine"),
    Plant(no_traces, "reports/baselines/x.json", '{"executable": "/' + 'root"}\n', "a path of one machine"),
    Plant(no_traces, "reports/html/package-lock.json", '{"resolved": "http' + 's://x/y.tgz"}\n', "a download address"),
    Plant(no_traces, "ci/setup.sh", "pip install -i http" + "s://pypi" + ".org/simple\n", "a package host"),
    Plant(fast_math, "CMakeLists.txt", "add_compile_options(-f" + "fast-math)\n", "CMakeLists.txt:1: -ffast"),
    Plant(fast_math, "CMakePresets.json", '{"CMAKE_CUDA_FLAGS": "--use_' + 'fast_math"}\n', "no fast-math anywhere"),
    Plant(fast_math, "kernels/x.cmake", "set(CMAKE_CXX_FLAGS -O" + "fast)\n", "no fast-math anywhere"),
    Plant(fast_math, "reference/x.cpp", '#pragma GCC optimize("fast-math")\n', "no fast-math anywhere"),
    Plant(test_names, "harness/data/shapes_test.cpp", "", "nothing called shapes beside it"),
    Plant(test_names, "ci/checks/joint_tests.txt", "harness/gone_test.cpp: x\n", "gone_test.cpp does not exist"),
    Plant(test_names, "ci/checks/joint_tests.txt", "harness/data/folder_test.cpp:\n", "has no subject"),
]


def build(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def failures() -> list[str]:
    """What a check reports wrongly or fails to report; empty when all is well."""
    wrong = []
    written = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"tree", "self_test", "run_all"}
    wrong += [f"{name} is not in CHECKS, so nothing runs it" for name in sorted(written - {c.__name__ for c in CHECKS})]
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), CLEAN)
            wrong += [f"{check.__name__} rejects the clean repository: {line}" for line in check.check(Path(folder))]
        if not any(plant.check is check for plant in PLANTED):
            wrong.append(f"{check.__name__} has no planted violation")
    for plant in PLANTED:
        files = {path: text for path, text in (CLEAN | {plant.path: plant.text}).items() if text is not None}
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), files)
            found = plant.check.check(Path(folder))
        if not any(plant.report in line for line in found):
            wrong.append(f"{plant.check.__name__} misses '{plant.report}' planted in {plant.path}; it reported {found}")
    return wrong


if __name__ == "__main__":
    result = failures()
    for line in result:
        print(line)
    sys.exit(1 if result else 0)
