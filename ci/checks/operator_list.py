#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""reference/operators.def is the one list of operators: each has its files, and no operator's files are without it."""
from __future__ import annotations

import re
from pathlib import Path

import tree

LIST = "reference/operators.def"
# Folders of kernels that belong to no single operator.
NOT_OPERATORS = {"shared", "communicator"}


def files_of(operator: str) -> list[str]:
    return [f"reference/{operator}.hpp", f"reference/{operator}.cpp", f"reference/{operator}_test.cpp",
            f"kernels/{operator}/list.cpp", f"suites/operators/{operator}.cpp"]


def check(root: Path) -> list[str]:
    if not (root / LIST).is_file():
        return [f"{LIST}: the list of operators is missing"]
    violations = []
    listed: list[str] = []
    for number, line in enumerate(tree.lines(root / LIST), 1):
        entry = re.fullmatch(r"OPERATOR\(([a-z][a-z0-9_]*)\)", line.split("//")[0].strip())
        if entry and entry[1] in listed:
            violations.append(f"{LIST}:{number}: {entry[1]} is listed twice")
        elif entry:
            listed.append(entry[1])
        elif "OPERATOR" in line.split("//")[0] and not line.lstrip().startswith("#"):
            violations.append(f"{LIST}:{number}: unreadable '{line.strip()}'; accepted: OPERATOR(name)")
    if not listed:
        violations.append(f"{LIST}: lists no operator")
    violations += [f"{LIST}: {operator} is listed, but {path} does not exist"
                   for operator in listed for path in files_of(operator) if not (root / path).is_file()]
    built = {path.parent.name for path in root.glob("kernels/*/list.cpp")} - NOT_OPERATORS
    built |= {path.stem for path in root.glob("suites/operators/*.cpp") if (root / f"reference/{path.name}").is_file()}
    violations += [f"{LIST}: {operator} has kernels or problems, but is not listed"
                   for operator in sorted(built - set(listed))]
    return violations


if __name__ == "__main__":
    tree.main(check)
