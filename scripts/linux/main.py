#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The inner part of linux.sh: options, and the steps from a tree to programs that run on it."""
import argparse
import os
import re
import sys
import time

import build
import debian
import newest
import revert
import tree
from errors import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRESETS = ("plain", "asan", "tsan")


class Options(argparse.ArgumentParser):
    def error(self, message):
        fail(message + " (see scripts/linux.sh --help)")


def fail(message):
    print("linux.sh: " + message, file=sys.stderr)
    sys.exit(2)


def parser():
    options = Options(prog="scripts/linux.sh", description="Builds the backend linux from mm/*.c of a Linux tree, which "
                      "stays as it is, and the programs that run on it.",
                      epilog="Programs are in build/linux/NAME/PRESET/bin. Exit 0: built. 1: --prove found a revert "
                      "that does not do as it should. 2: could not be built.")
    source = options.add_mutually_exclusive_group()
    source.add_argument("--tree", metavar="DIR", help="a Linux tree")
    source.add_argument("--debian", metavar="VERSION", default="6.12",
                        help="the tree of the package linux-source-VERSION, which is installed if need be (default 6.12); "
                        "'newest': of the newest one in Debian's suites, which is only fetched")
    options.add_argument("--name", help="of the folder below build/linux (default: the version of the tree)")
    options.add_argument("--preset", action="append", choices=PRESETS, help="build; may be repeated (default asan)")
    options.add_argument("--target", action="append", default=[], metavar="T", help="only this program; may be repeated")
    options.add_argument("--without", action="append", default=[], metavar="F",
                         help="as if the tree did not have this feature or fault; may be repeated: what is known of a "
                         "tree and kept out of the way (docs/findings) is found again")
    options.add_argument("--lockdep", action="store_true", help="with the tree's own lockdep, which tells of locks that "
                         "could be waited for in a circle, in build/linux/NAME-lockdep: slower")
    options.add_argument("--revert", action="append", default=[], metavar="FIX",
                         help="also build with this known fix taken back (core/linux/reverts, or 'all'), in "
                         "build/linux/NAME-FIX; may be repeated: each has a build of its own")
    options.add_argument("--prove", action="store_true", help="replay the inputs of core/linux/reverts: they pass with "
                         "the fix, and fail in the builds of --revert, which are of one program then")
    options.add_argument("--fetch", action="store_true", help="only: unpack the tree of --debian, and say where it is")
    options.add_argument("--prepare", action="store_true", help="only: configure the tree, compile nothing")
    return options


def unpacked(version):
    return newest.tree() if version == "newest" else debian.tree(version)


def reverts(options, source, folder, preset):
    """Builds those that were asked for. Returns how many were found not to do as they should."""
    outs = {name: revert.build(source, folder, preset, name, options.target, options.prove) for name in options.revert}
    return revert.prove(source.version, os.path.join(folder, preset), outs) if options.prove else 0


def main():
    begun, wrong = time.monotonic(), 0
    options = parser().parse_args()
    os.chdir(ROOT)
    try:
        path = os.path.abspath(options.tree) if options.tree else unpacked(options.debian)
        if options.fetch:
            print(f"tree: {path}")
            return
        source = tree.Tree(path, options.without, options.lockdep)
        print(f"Linux {source.version}: {path}", flush=True)
        if "all" in options.revert:
            options.revert = revert.names()
        for name in options.revert:
            revert.Revert(name)
        if options.name and not re.fullmatch(r"\w[\w.+-]*", options.name):
            raise Failed(f"--name {options.name}: letters, digits and . + - _ only, as it names a folder")
        folder = os.path.join("build", "linux", (options.name or source.version) + ("-lockdep" if options.lockdep else ""))
        tree.prepare(source, folder)
        print("features: " + (", ".join(source.features()) or "none"), flush=True)
        if not options.prepare:
            for preset in options.preset or ["asan"]:
                build.build(folder, preset, options.target)
                wrong += reverts(options, source, folder, preset)
    except Failed as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted")
    print(f"done in {time.monotonic() - begun:.0f} s", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
