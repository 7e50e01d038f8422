# SPDX-License-Identifier: GPL-2.0-only
"""linux.sh as it is called: one line for what is wrong, exit 2 (main.py)."""
import os
import subprocess
import sys
import tempfile
import unittest

import sample

MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "main.py")


class Main(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = tmp.name

    def refused(self, *options):
        done = subprocess.run([sys.executable, "-B", MAIN, *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Alinux\.sh: .*\n\Z")
        return done.stderr

    def test_options(self):
        self.assertIn("--help", self.refused("--nonsense"))
        self.assertIn("--help", self.refused("--tree", "a", "--debian", "6.12"))
        self.assertIn("--help", self.refused("--preset", "fast"))

    def test_no_tree(self):
        self.assertIn("is no Linux tree", self.refused("--tree", self.tmp))

    def test_names(self):
        sample.make_tree(self.tmp)
        for name in ("../up", "a/b", ".", "-x y"):
            self.assertIn("it names a folder", self.refused("--tree", self.tmp, f"--name={name}"))

    def test_a_revert_that_there_is_not(self):
        sample.make_tree(self.tmp)
        self.assertIn("no revert 'nonsense': there are ", self.refused("--tree", self.tmp, "--revert", "nonsense"))

    def test_a_tree_whose_kconfig_is_none(self):
        sample.make_tree(self.tmp)
        folder = os.path.basename(self.tmp)
        self.addCleanup(subprocess.run, ["rm", "-rf", f"build/linux/{folder}"], cwd=os.path.join(os.path.dirname(MAIN), "../.."))
        self.assertIn("its kconfig cannot be built", self.refused("--tree", self.tmp, f"--name={folder}"))


if __name__ == "__main__":
    unittest.main()
