# SPDX-License-Identifier: Apache-2.0
"""The files that the checks of this folder judge, and how a check reports."""
from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# What a build, a run or a package manager makes; .gitignore names the same.
GENERATED = re.compile(r"^(build|build-.*|out|node_modules|__pycache__)$")
# The folders of the repository; whatever else lies in the root is somebody's output.
HOUSE = ("harness", "reference", "kernels", "suites", "reports", "ci", ".ci")
CPP_SUFFIXES = frozenset({".hpp", ".cpp", ".cu", ".cuh"})


def files(folder: Path) -> Iterator[Path]:
    """Every file below folder, sorted."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or GENERATED.match(path.name):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def repository(root: Path) -> Iterator[Path]:
    """Every file of the repository: those in its root and those in its folders."""
    yield from (path for path in sorted(root.iterdir())
                if path.is_file() and not path.is_symlink() and path.name != ".git")  # a file in a second work tree
    for folder in HOUSE:
        if (root / folder).is_dir():
            yield from files(root / folder)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def without_comments(source: str) -> str:
    """C++ or CUDA source with its comments blanked out; line numbers stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
    return token.sub(lambda m: m[0] if m[0].startswith('"') else re.sub(r"[^\n]", " ", m[0]), source)


def main(check: Callable[[Path], list[str]]) -> None:
    """Runs check over the repository, or over the folder named on the command line; one line per violation."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    violations = check(root)
    for violation in violations:
        print(violation)
    sys.exit(1 if violations else 0)
