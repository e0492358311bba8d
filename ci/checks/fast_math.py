#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No option that lets a compiler change the arithmetic: under it a NaN can pass every comparison."""
from __future__ import annotations

import re
from pathlib import Path

import tree

FORBIDDEN = re.compile(
    "-f" + "fast-math|-O" + "fast|use_" + "fast_math|-funsafe-math-optimizations|-fassociative-math|-ffinite-math-only"
    "|-freciprocal-math|-fno-signed-zeros|-ffp-contract=fast|--?ftz=true|--?prec-(?:div|sqrt)=false")
IN_SOURCE = re.compile(r'(?:pragma\s+GCC\s+optimize|__attribute__|_Pragma|gnu::optimize).*(?:fast-math|Ofast)')
BUILD_FILES = frozenset({".cmake", ".sh", ".json"})


def check(root: Path) -> list[str]:
    violations = []
    for path in tree.repository(root):
        relative = path.relative_to(root).as_posix()
        builds = path.suffix in BUILD_FILES or path.name == "CMakeLists.txt"
        if builds:
            text, pattern = "\n".join(line.split("#")[0] for line in tree.lines(path)), FORBIDDEN
        elif path.suffix in tree.CPP_SUFFIXES:
            text, pattern = tree.without_comments(path.read_text(encoding="utf-8", errors="replace")), IN_SOURCE
        else:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found = pattern.search(line)
            if found:
                violations.append(f"{relative}:{number}: {found[0]}: no fast-math anywhere")
    return violations


if __name__ == "__main__":
    tree.main(check)
