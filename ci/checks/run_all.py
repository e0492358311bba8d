#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves by planted violations that every check can fail, then runs every check over the repository."""
from __future__ import annotations

import sys
from pathlib import Path

import self_test


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    failures = self_test.failures()
    for failure in failures:
        print(f"self_test: {failure}")
    violations = 0
    for module in self_test.CHECKS:
        for violation in module.check(root):
            print(f"{module.__name__}: {violation}")
            violations += 1
    print(f"checks: {len(self_test.CHECKS)} checks, {violations} violations; "
          f"{len(self_test.PLANTED)} violations planted, {len(failures)} self-test failures")
    return 1 if failures or violations else 0


if __name__ == "__main__":
    sys.exit(main())
