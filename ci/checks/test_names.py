#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A test stands beside what it tests: <stem>_test.cpp beside <stem>.hpp, .cpp, .cu or .cuh. A test of how several
files work together is listed, with its subject, in ci/checks/joint_tests.txt."""
from __future__ import annotations

from pathlib import Path

import tree

LIST = "ci/checks/joint_tests.txt"


def check(root: Path) -> list[str]:
    violations = []
    listed: set[str] = set()
    if (root / LIST).is_file():
        for number, line in enumerate(tree.lines(root / LIST), 1):
            if not line.strip() or line.startswith("#"):
                continue
            path, _, subject = line.partition(":")
            listed.add(path.strip())
            if not (root / path.strip()).is_file():
                violations.append(f"{LIST}:{number}: {path.strip()} does not exist")
            elif not subject.strip():
                violations.append(f"{LIST}:{number}: {path.strip()} has no subject; accepted: PATH: SUBJECT")
    for path in tree.repository(root):
        relative = path.relative_to(root).as_posix()
        if not path.name.endswith("_test.cpp") or relative in listed:
            continue
        stem = path.name[: -len("_test.cpp")]
        if not any((path.parent / (stem + suffix)).is_file() for suffix in tree.CPP_SUFFIXES):
            violations.append(f"{relative}: nothing called {stem} beside it; rename it, or list it in {LIST}")
    return violations


if __name__ == "__main__":
    tree.main(check)
