#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""held_for.py RELEASE.json CHECKS WORDS: is the candidate held by one of these checks, for a reason that says this, with a
smallest case? Both are regular expressions. Prints the reason found; exit status 1 where there is none."""
import json
import re
import sys

path, checks, words = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    sheet = json.load(file)
for reason in sheet["reasons"]:
    if re.fullmatch(checks, reason["check"]) and re.search(words, reason["message"]) and reason.get("smallest"):
        print(f"{sheet['candidate']}: {reason['check']}: {reason['message']}\n  smallest: {reason['smallest_rerun']}")
        sys.exit(0)
sys.exit(1)
