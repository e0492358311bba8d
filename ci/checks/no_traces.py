#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing of the machine that a file was made on: no paths that a user does not have, no address of a package host."""
from __future__ import annotations

import re
from pathlib import Path

import tree

# Written in pieces, or this file would hold what it forbids.
_FOLDERS = ["work", "home", "root", "farm", "Users"]
MACHINE_PATH = re.compile(r"(?<![\w.$})*/-])/(?:" + "|".join(_FOLDERS) + r")(?:/|\b(?![\w-]))"
                          + r"|(?<![\w.$})/-])/" + r"tmp/[\w.]|[.]{2}/" + "shared/")
# A lock file pins by hash; the address it would add is one mirror's.
LOCKED_ADDRESS = re.compile(r'"resolved"\s*:\s*"https?:')
_HOSTS = ["registry.npmjs" + ".org", "pypi" + ".org", "files.pythonhosted" + ".org", "conda" + ".anaconda.org",
          "deb.debian" + ".org", "archive.ubuntu" + ".com"]
PACKAGE_HOST = re.compile(r"https?://[^\s\"'<>]*(?:" + "|".join(map(re.escape, _HOSTS)) + ")", re.IGNORECASE)
RULES = [(MACHINE_PATH, "a path of one machine"), (LOCKED_ADDRESS, "a download address in a lock file"),
         (PACKAGE_HOST, "the address of a package host")]


def check(root: Path) -> list[str]:
    violations = []
    for path in tree.repository(root):
        data = path.read_bytes()
        if b"\0" in data:  # no text: a picture or an array
            continue
        for number, line in enumerate(data.decode("utf-8", errors="replace").splitlines(), 1):
            for pattern, what in RULES:
                found = pattern.search(line)
                if found:
                    violations.append(f"{path.relative_to(root).as_posix()}:{number}: {what}: {found[0]}")
    return violations


if __name__ == "__main__":
    tree.main(check)
