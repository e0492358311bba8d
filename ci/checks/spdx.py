#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source names its licence in its first lines; every C++ header is guarded by #pragma once."""
from __future__ import annotations

from pathlib import Path

import tree

LICENCE = "SPDX-License-Identifier: Apache-2.0"
SOURCES = tree.CPP_SUFFIXES | {".def", ".py", ".sh", ".cmake", ".css", ".js", ".mjs", ".html"}
# A script's first line is its interpreter, a page's its doctype.
FIRST_LINES = 3


def check(root: Path) -> list[str]:
    violations = []
    if not (root / "LICENSE").is_file():
        violations.append("LICENSE: the licence's text is missing")
    for path in tree.repository(root):
        if path.suffix not in SOURCES and path.name not in {"CMakeLists.txt", "run"}:
            continue
        relative = path.relative_to(root).as_posix()
        text = tree.lines(path)
        if not any(LICENCE in line for line in text[:FIRST_LINES]):
            violations.append(f"{relative}: no licence; accepted in the first {FIRST_LINES} lines: {LICENCE}")
        if path.suffix in {".hpp", ".cuh"} and "#pragma once" not in text:
            violations.append(f"{relative}: no #pragma once")
    return violations


if __name__ == "__main__":
    tree.main(check)
