#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No source over 400 lines, no folder's README over 40, no file with a name that gathers everything."""
from __future__ import annotations

import re
from pathlib import Path

import tree

SOURCE_LINES = 400
README_LINES = 40
SOURCES = tree.CPP_SUFFIXES | {".def", ".py", ".sh", ".cmake", ".css", ".js", ".mjs"}
GATHERS_EVERYTHING = re.compile(r"(^|[_.-])(common|utils?|misc|helpers?)([_.-]|$)")


def limit_of(path: Path, root: Path) -> int | None:
    if path.name == "README.md":
        return None if path.parent == root else README_LINES
    return SOURCE_LINES if path.suffix in SOURCES or path.name == "CMakeLists.txt" else None


def check(root: Path) -> list[str]:
    violations = []
    for path in tree.repository(root):
        relative = path.relative_to(root).as_posix()
        if GATHERS_EVERYTHING.search(path.name.lower()):
            violations.append(f"{relative}: a name for everything; accepted: the name of the one idea in the file")
        limit = limit_of(path, root)
        count = len(tree.lines(path)) if limit else 0
        if limit and count > limit:
            violations.append(f"{relative}: {count} lines; accepted: {limit}")
    return violations


if __name__ == "__main__":
    tree.main(check)
