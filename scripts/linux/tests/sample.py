# SPDX-License-Identifier: GPL-2.0-only
"""Made-up trees for the tests: the files that are asked for, and nothing of Linux in them."""
import os

import tree

MAKEFILE = """VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 7
EXTRAVERSION =
"""


def make_tree(folder, makefile=MAKEFILE, without=(), **texts):
    """without: of what a tree must have. texts: {place, "/" written as "__": text}."""
    put(folder, "Makefile", makefile)
    for name in tree.NEEDED:
        if name not in without:
            put(folder, name, "")
    for name, text in texts.items():
        put(folder, name.replace("__", "/") + ".h", text)
    return folder


def put(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
