# SPDX-License-Identifier: GPL-2.0-only
"""Folders of bugs, whole and broken (catalogue.py)."""
import os
import tempfile
import unittest

import catalogue
import sample


class Folder(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.folder = tmp.name

    def invalid(self, readme):
        sample.write(self.folder, "b", readme)
        bugs, problems = catalogue.load(folder=self.folder)
        self.assertEqual((bugs, len(problems)), ([], 1))
        self.assertNotIn("\n", problems[0][1])
        return problems[0][1]

    def matter(self, **change):
        values = {"linux": "-", "bug_class": "race", "memory": "sc", "expect": "rule in func", **change}
        return sample.README.format(**values)

    def test_whole(self):
        bug = sample.bug(self.folder, linux="ad53f92eb416 0123456789ab", expect="rule in func\nexpect: other rule in *")
        self.assertEqual((bug.bug_class, bug.memory, bug.linux), ("race", "sc", ["ad53f92eb416", "0123456789ab"]))
        self.assertTrue(bug.expects("rule in func") and bug.expects("other rule in g"))
        self.assertFalse(bug.expects("rule in function"))
        self.assertEqual(bug.target(), "fuzz_weave_memdesc")
        self.assertEqual(sample.bug(self.folder, bug_class="sequential").target(), "fuzz_memdesc")

    def test_stronger_memories(self):
        for memory, bug_class, stronger in (("sc", "race", ()), ("tso", "weak", ("sc",)),
                                            ("lkmm", "weak", ("sc", "tso"))):
            self.assertEqual(sample.bug(self.folder, memory=memory, bug_class=bug_class).stronger_memories(), stronger)

    def test_digest_is_of_the_patch_only(self):
        first = sample.bug(self.folder).digest
        self.assertEqual(sample.bug(self.folder, expect="rule in g").digest, first)
        self.assertNotEqual(sample.bug(self.folder, patch=sample.PATCH + "\n").digest, first)

    def test_front_matter(self):
        for readme, said in (("# No front matter\n", "front matter"),
                             (self.matter(bug_class="racy"), "'racy'"), (self.matter(memory="x86"), "'x86'"),
                             (self.matter(memory="lkmm"), "weak"), (self.matter(bug_class="weak"), "weak"),
                             (self.matter(linux="ad53"), "'ad53'"), (self.matter(expect="*"), "match anything"),
                             (self.matter(expect="rule in f\nmemory: sc"), "memory"),
                             (self.matter(expect="rule in f\nsince: 6.1"), "since"),
                             (self.matter().replace("expect: rule in func\n", ""), "expect")):
            with self.subTest(said):
                self.assertIn(said, self.invalid(readme))

    def test_missing_file(self):
        sample.write(self.folder, "b", self.matter())
        os.remove(os.path.join(self.folder, "b", "input.txt"))
        self.assertEqual(catalogue.load(folder=self.folder), ([], [("b", "input.txt is missing")]))


class Patch(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.folder, self.core = tmp.name, os.path.join(tmp.name, "core")
        os.mkdir(self.core)
        with open(os.path.join(self.core, "x.c"), "w", encoding="utf-8") as file:
            file.write("sound();\n")

    def test_applies(self):
        catalogue.check_patch(sample.bug(self.folder), self.core)

    def test_does_not(self):
        for change, said in ((("sound", "other"), "does not apply"), (("core/mm/x.c", "core/mm/y.c"), "does not apply"),
                             (("b/core/mm", "b/fuzz"), "b/fuzz"), (("sim_reached", "unsound"), "sim_reached")):
            with self.subTest(said):
                bug = sample.bug(self.folder, patch=sample.PATCH.replace(*change))
                with self.assertRaisesRegex(catalogue.Invalid, said):
                    catalogue.check_patch(bug, self.core)


if __name__ == "__main__":
    unittest.main()
