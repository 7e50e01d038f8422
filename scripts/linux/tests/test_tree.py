# SPDX-License-Identifier: GPL-2.0-only
"""What is taken for a tree, and what is read of it (tree.py)."""
import glob
import os
import re
import tempfile
import unittest
from unittest import mock

import sample
import tree
from errors import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class Trees(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(ROOT)
        self.tmp = tmp.name

    def refused(self, pattern, path=None):
        with self.assertRaisesRegex(Failed, pattern) as caught:
            tree.Tree(path or self.tmp)
        self.assertNotIn("\n", str(caught.exception))

    def test_a_folder_that_is_no_tree(self):
        self.refused("is no Linux tree: it has no Makefile and mm/")
        self.refused("/nowhere is no Linux tree", "/nowhere")

    def test_a_path_that_needs_quotes(self):
        for odd in ("~", " ", ":", "'", "$"):
            path = os.path.join(self.tmp, f"linux{odd}6")
            sample.make_tree(path)
            self.refused(f"the build cannot cope with '{re.escape(odd)}' in the path: say a symbolic link to it$", path)

    def test_a_makefile_of_something_else(self):
        sample.make_tree(self.tmp, makefile="all:\n\ttrue\n")
        self.refused("says no VERSION")

    def test_without_kconfig(self):
        sample.make_tree(self.tmp, without=["scripts/kconfig/conf.c"])
        self.refused(r"Linux 6\.12\.7 in .* has no scripts/kconfig/conf\.c: mmfuzz needs 6\.12 or newer, with kconfig")

    def test_too_old(self):
        sample.make_tree(self.tmp, makefile="VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 0\n",
                         without=["include/linux/cleanup.h", "include/linux/alloc_tag.h"])
        self.refused(r"Linux 5\.10\.0 in .* has no include/linux/cleanup\.h: mmfuzz needs 6\.12")

    def test_version(self):
        for makefile, version in ((sample.MAKEFILE, "6.12.7"),
                                  ("VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n", "7.2.0-rc3")):
            sample.make_tree(self.tmp, makefile=makefile)
            self.assertEqual(tree.Tree(self.tmp).version, version)

    def test_features_are_what_files_say(self):
        sample.make_tree(self.tmp, include__linux__gfp="typedef unsigned int acr_flags_t;\n")
        # A pattern may go over lines.
        sample.put(self.tmp, "lib/xarray.c", "node = xas_alloc(xas, shift);\n\tif (!node)\n\t\tbreak;\n")
        self.assertEqual(tree.Tree(self.tmp).features(), ["HAVE_ACR_FLAGS", "FAULT_XARRAY_KEEPS_NODES"])
        self.assertEqual(tree.Tree(self.tmp, ["HAVE_ACR_FLAGS"]).features(), ["FAULT_XARRAY_KEEPS_NODES"])

    def test_what_is_asked_for_is_probed_for(self):
        asked = set()
        for path in glob.glob("core/linux/kernel/*.c"):
            with open(path, encoding="utf-8") as file:
                asked.update(re.findall(r"^#\s*ifn?def ((?:HAVE|FAULT)_\w+)", file.read(), re.M))
        with open(tree.FEATURES, encoding="utf-8") as file:
            names = [line.split()[0] for line in file if line.strip() and not line.startswith("#")]
        self.assertEqual(asked - set(names), set())
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_only_files_that_the_tree_has(self):
        sample.make_tree(self.tmp)
        self.assertEqual(tree.Tree(self.tmp).sources({}),
                         ["mm/migrate.c", "mm/folio-compat.c"])

    def test_files_of_an_option(self):
        sample.make_tree(self.tmp)
        sample.put(self.tmp, "lib/debug_locks.c", "")
        self.assertNotIn("lib/debug_locks.c", tree.Tree(self.tmp).sources({"CONFIG_LOCKDEP": "n"}))
        self.assertIn("lib/debug_locks.c", tree.Tree(self.tmp).sources({"CONFIG_LOCKDEP": "y"}))

    def test_what_lockdep_asks_for(self):
        sample.make_tree(self.tmp)
        for lockdep in (False, True):
            path = tree.fragment(tree.Tree(self.tmp, lockdep=lockdep), os.path.join(self.tmp, f"{lockdep}"))
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            self.assertIn("CONFIG_COMPACTION=y", lines)
            self.assertEqual("CONFIG_PROVE_LOCKING=y" in lines, lockdep)
            # Kconfig would take the last one.
            names = [line.split("=")[0] for line in lines if not line.startswith("#")]
            self.assertEqual(len(names), len(set(names)))

    def test_a_tree_without_lockdep(self):
        sample.make_tree(self.tmp)

        def nothing_chosen(conf, *arguments, env=None, cwd=None):
            for name in ("include/generated/autoconf.h", ".config"):
                sample.put(cwd, name, "")
        with mock.patch("tree.kconfig_program", lambda *arguments: "conf"), \
             mock.patch("tree.call", lambda command, what, **more: nothing_chosen(*command, **more) if "env" in more else "\n"):
            self.assertEqual(tree.configure(tree.Tree(self.tmp), os.path.join(self.tmp, "build")), {})
            with self.assertRaisesRegex(Failed, r"^Linux 6\.12\.7: its lockdep cannot be had: CONFIG_PROVE_LOCKING "):
                tree.configure(tree.Tree(self.tmp, lockdep=True), os.path.join(self.tmp, "build"))

    def test_a_program_is_missing(self):
        sample.make_tree(self.tmp)
        with mock.patch("shutil.which", lambda name: None if name == "flex" else "/bin/" + name):
            with self.assertRaisesRegex(Failed, "^flex is missing: run scripts/setup.sh$"):
                tree.prepare(tree.Tree(self.tmp), os.path.join(self.tmp, "build"))

    def test_what_says_the_same_is_not_written_again(self):
        path = os.path.join(self.tmp, "header.h")
        tree.write(path, "one")
        os.utime(path, (1, 1))
        tree.write(path, "one")
        self.assertEqual(os.stat(path).st_mtime, 1)
        tree.write(path, "two")
        self.assertNotEqual(os.stat(path).st_mtime, 1)


if __name__ == "__main__":
    unittest.main()
