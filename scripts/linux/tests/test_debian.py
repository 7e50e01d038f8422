# SPDX-License-Identifier: GPL-2.0-only
"""Packages that there are and are not (debian.py)."""
import os
import subprocess
import tempfile
import unittest
from unittest import mock

import debian
from errors import Failed


def answers(**by_program):
    """subprocess.run() that knows these programs: (exit, stdout, stderr)."""
    def run(command, **_):
        program = next(word for word in command if word in by_program or word.replace("-", "_") in by_program)
        return subprocess.CompletedProcess(command, *by_program[program.replace("-", "_")])
    return run


class Debian(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = tmp.name
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": self.tmp})
        patch.start()
        self.addCleanup(patch.stop)

    def test_a_version_that_there_is_not(self):
        apt = (100, "", "E: Unable to locate package linux-source-9.99\n")
        with mock.patch("subprocess.run", answers(dpkg_query=(1, "", "no"), apt_get=apt)), mock.patch("builtins.print"):
            with self.assertRaisesRegex(Failed, "^package linux-source-9.99 cannot be installed .*Unable to locate"):
                debian.tree("9.99")

    def test_another_system(self):
        with mock.patch("shutil.which", lambda name: None):
            with self.assertRaisesRegex(Failed, "no Debian packages, so no linux-source-6.12: say --tree"):
                debian.tree("6.12")

    def test_unpacked_once(self):
        folder = os.path.join(self.tmp, "mmfuzz", "linux-source-6.12_6.12.117-1")
        installed = answers(dpkg_query=(0, "installed 6.12.117-1", ""), tar=(0, "", ""))
        with mock.patch("subprocess.run", installed), mock.patch("builtins.print") as said:
            self.assertEqual(debian.tree("6.12"), folder)
            self.assertEqual(debian.tree("6.12"), folder)
        self.assertEqual(said.call_count, 1)
        self.assertTrue(os.path.isdir(folder))

    def test_a_version_with_a_tilde_makes_a_path_that_needs_no_quotes(self):
        installed = answers(dpkg_query=(0, "installed 6.12.117-1~deb12u1", ""), tar=(0, "", ""))
        with mock.patch("subprocess.run", installed), mock.patch("builtins.print"):
            self.assertEqual(os.path.basename(debian.tree("6.12")), "linux-source-6.12_6.12.117-1-deb12u1")

    def test_an_archive_that_is_broken_leaves_no_tree(self):
        broken = answers(dpkg_query=(0, "installed 6.12.117-1", ""), tar=(2, "", "tar: Unexpected EOF\n"))
        with mock.patch("subprocess.run", broken), mock.patch("builtins.print"):
            with self.assertRaisesRegex(Failed, "cannot be unpacked .*Unexpected EOF"):
                debian.tree("6.12")
        self.assertFalse(os.path.exists(os.path.join(self.tmp, "mmfuzz", "linux-source-6.12_6.12.117-1")))


if __name__ == "__main__":
    unittest.main()
