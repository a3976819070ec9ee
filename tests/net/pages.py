# SPDX-License-Identifier: BSD-3-Clause
"""Configuration that a page of control/mta shows: what is told is what is tested."""
import os
import re

MTA_PAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "control", "mta")


def snippet(page, name, exchanges=()):
    """The block of a page marked file=NAME; each (text, other text) must be there, and is exchanged."""
    with open(os.path.join(MTA_PAGES, page), encoding="utf-8") as file:
        found = re.findall(rf"^```\w* file={re.escape(name)}\n(.*?)^```$", file.read(), re.M | re.S)
    if len(found) != 1:
        raise RuntimeError(f"{page}: {len(found)} blocks of {name}")
    text = found[0]
    for old, new in exchanges:
        if old not in text:
            raise RuntimeError(f"{page}, {name}: no \"{old}\"")
        text = text.replace(old, new)
    return text
