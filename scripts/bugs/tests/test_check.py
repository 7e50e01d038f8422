# SPDX-License-Identifier: GPL-2.0-only
"""What --check must notice (check.py), planted in copies of a bug's folder, with programs that are really built."""
import contextlib
import io
import os
import shutil
import tempfile
import unittest
from unittest import mock

import builds
import catalogue
import check
import main

BUG = "pageblock-type-before-lock"


class Check(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.folder = os.path.join(tmp.name, BUG)
        shutil.copytree(os.path.join(catalogue.FOLDER, BUG), self.folder)

    def change(self, file, old, new):
        path = os.path.join(self.folder, file)
        text = catalogue.read_text(path)
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new))

    def check(self):
        """What is said of the copy, without the progress of the build."""
        bugs, problems = catalogue.load(folder=os.path.dirname(self.folder))
        said = io.StringIO()
        with contextlib.redirect_stdout(said), mock.patch.object(check, "PRESETS", ("plain",)):
            status = main.run_check(bugs, problems)
        lines = [line for line in said.getvalue().splitlines() if not line.startswith("building ")]
        self.assertEqual(lines[-1], f"{1 - status} of 1 bugs proved")
        return status, lines[:-1]

    def must_say(self, text):
        status, lines = self.check()
        self.assertEqual((status, len(lines)), (1, 1), lines)
        self.assertTrue(lines[0].startswith(f"{BUG}: ") and text in lines[0], lines[0])

    def test_as_it_is(self):
        self.assertEqual(self.check(), (0, []))

    def test_patch_does_not_apply(self):
        self.change("bug.patch", " \tzone_lock(zone);", " \tzone_lock(another);")
        self.must_say("bug.patch does not apply to core/mm any more: Hunk #1 FAILED")

    def test_input_does_not_trigger(self):
        with open(os.path.join(self.folder, "input.txt"), "w", encoding="utf-8") as file:
            file.write("machine profile=tiny cpus=2 pcp_high=0 pcp_batch=0 flags=0\n"
                       "cpu0: s0 = contig_range(pfn=0, nr=1)\n")
        self.must_say("input.txt does not trigger the bug (builds tried: plain)")

    def test_input_is_no_program(self):
        with open(os.path.join(self.folder, "input.txt"), "w", encoding="utf-8") as file:
            file.write("nonsense\n")
        self.must_say("input.txt cannot be assembled: mmreplay: ")

    def test_wrong_title(self):
        self.change("README.md", "expect: free list of another type in *", "expect: a rule in nowhere")
        self.must_say("no expect: matches: free list of another type in add_to_free_list")

    def test_input_fails_without_the_bug(self):
        """The mutant in place of the sound core."""
        mutant = builds.program("plain", "mmreplay_weave", catalogue.load([BUG])[0][0])
        self.check()  # builds it
        with mock.patch.object(builds, "program", lambda preset, name, bug=None: mutant):
            self.must_say("input.txt fails on the core without the bug: free list of another type")

    def test_broken_folder(self):
        self.change("README.md", "class: race", "class: unclear")
        self.must_say("'unclear' is none of sequential, race, weak")


if __name__ == "__main__":
    unittest.main()
