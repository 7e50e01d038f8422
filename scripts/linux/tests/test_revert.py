# SPDX-License-Identifier: GPL-2.0-only
"""Known fixes taken back: folders of core/linux/reverts, the files that they change, what is built again (revert.py)."""
import contextlib
import glob
import io
import os
import stat
import subprocess
import tempfile
import unittest
from unittest import mock

import revert
import sample
import tree
from errors import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
README = "---\nlinux: 0123456789ab\nclass: {kind}\ntree: 6.12.*\nexpect: wrong sum in *\n---\n# A bug\n"
EDIT = "in mm/sum.c sum\nreplace a \\+ b => a - b\n"
SUM = '#include "beside.h"\nint sum(int a, int b)\n{\n\treturn a + b;\n}\n'
# A build of two programs, of which one has the file in it; by the compiler alone, so that the test is quick.
NINJA = """
rule cc
  command = cc -nostdinc -MD -MF $out.d -o $out -c $in
  depfile = $out.d
  deps = gcc
rule ar
  command = rm -f $out && ar qc $out $in
rule ld
  command = cc -o $out $in
build o/sum.o: cc {tree}/mm/sum.c
build o/main.o: cc {tree}/mm/main.c
build o/other.o: cc {tree}/mm/other.c
build o/sum.a: ar o/sum.o
build bin/add: ld o/main.o o/sum.a
build bin/other: ld o/other.o
"""


class Reverts(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(ROOT)
        self.tmp = tmp.name
        self.trees = sample.make_tree(os.path.join(self.tmp, "tree"))
        patch = mock.patch.object(revert, "REVERTS", os.path.join(self.tmp, "reverts"))
        patch.start()
        self.addCleanup(patch.stop)

    def put(self, name, text, folder="reverts/minus"):
        sample.put(os.path.join(self.tmp, folder), name, text)

    def make(self, kind="sequential"):
        self.put("README.md", README.format(kind=kind))
        self.put("edit", EDIT)
        self.put("input.txt", "")
        self.put("mm/sum.c", SUM, "tree")
        self.put("mm/beside.h", "/* here */\n", "tree")
        self.put("mm/main.c", "int sum(int, int);\nint main(void)\n{\n\treturn sum(3, 2);\n}\n", "tree")
        self.put("mm/other.c", "int main(void)\n{\n\treturn 0;\n}\n", "tree")
        return tree.Tree(self.trees)

    def refused(self, pattern, function, *arguments):
        with self.assertRaisesRegex(Failed, pattern) as caught:
            function(*arguments)
        self.assertNotIn("\n", str(caught.exception))

    def test_folders_that_are_none(self):
        self.refused("^no revert 'minus': there are none", revert.Revert, "minus")
        self.make()
        self.refused("^no revert '../minus': there are minus", revert.Revert, "../minus")
        for text in ("# A bug\n", README.format(kind="odd"), README.format(kind="race").replace("tree", "for"),
                     README.format(kind="race").replace("linux: 0123456789ab\n", "")):
            self.put("README.md", text)
            self.refused("minus: README.md: ", revert.Revert, "minus")
        os.remove(os.path.join(self.tmp, "reverts/minus/edit"))
        self.refused("minus: edit is missing$", revert.Revert, "minus")

    def test_a_tree_that_does_not_have_it(self):
        source = self.make()
        self.put("mm/sum.c", SUM.replace("a + b", "b + a"), "tree")
        self.refused(r"^minus: Linux 6\.12\.7 does not have it: nothing of 'a \\\+ b' in sum\(\) of mm/sum\.c$",
                     revert.Revert("minus").shadow, source, os.path.join(self.tmp, "shadow"))
        os.remove(os.path.join(self.trees, "mm/sum.c"))
        self.refused("does not have it: no file mm/sum.c$", revert.Revert("minus").shadow, source, self.tmp)

    def test_the_tree_stays_as_it_is(self):
        source, shadow = self.make(), os.path.join(self.tmp, "shadow")
        self.assertEqual(revert.Revert("minus").shadow(source, shadow), ["mm/sum.c"])
        with open(os.path.join(shadow, "mm/sum.c"), encoding="utf-8") as file:
            self.assertEqual(file.read(), f'#line 1 "{self.trees}/mm/sum.c"\n' + SUM.replace("a + b", "a - b"))
        with open(os.path.join(self.trees, "mm/sum.c"), encoding="utf-8") as file:
            self.assertEqual(file.read(), SUM)

    def variant(self, source):
        base, out, shadow = (os.path.join(self.tmp, name) for name in ("base", "out", "shadow"))
        files = revert.Revert("minus").shadow(source, shadow)
        return revert.Variant(base, out, source.path, shadow, files)

    def test_what_is_built_again(self):
        source, base = self.make(), os.path.join(self.tmp, "base")
        self.put("build.ninja", NINJA.format(tree=self.trees), "base")
        for name in ("bin", "o"):
            os.makedirs(os.path.join(base, name))
            os.makedirs(os.path.join(self.tmp, "out", name))
        subprocess.run(["ninja", "-C", base], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.variant(source).build(["add"]), 1)
        self.assertEqual(subprocess.run([os.path.join(base, "bin/add")], check=False).returncode, 5)
        self.assertEqual(subprocess.run([os.path.join(self.tmp, "out/bin/add")], check=False).returncode, 1)
        self.assertEqual(sorted(os.listdir(os.path.join(self.tmp, "out/o"))), ["sum.a", "sum.o", "sum.o.d"])
        self.assertEqual(self.variant(source).build(["add"]), 0)
        self.put("edit", EDIT.replace("a - b", "a * b"))
        self.assertEqual(self.variant(source).build(["add"]), 1)
        self.assertEqual(subprocess.run([os.path.join(self.tmp, "out/bin/add")], check=False).returncode, 6)
        self.refused("^other is not in .*, or nothing of the tree is in it$", self.variant(source).build, ["other"])

    def test_an_edit_that_does_not_compile(self):
        source, base = self.make(), os.path.join(self.tmp, "base")
        self.put("build.ninja", NINJA.format(tree=self.trees), "base")
        os.makedirs(os.path.join(base, "bin"))
        subprocess.run(["ninja", "-C", base], check=True, stdout=subprocess.DEVNULL)
        self.put("edit", EDIT.replace("a - b", "a - nobody"))
        self.refused(r"mm/sum\.c:4:\d+: error: .*nobody", self.variant(source).build, ["add"])

    def replayers(self, **titles):
        """Programs in builds of these names, that fail with these titles or pass."""
        for name, title in titles.items():
            path = os.path.join(self.tmp, name, "bin/mmreplay")
            sample.put(os.path.dirname(path), "mmreplay", "#!/bin/sh\n[ $1 = --assemble ] && exit 0\n" +
                       (f"echo '{title}'\nexit 1\n" if title else "exit 0\n"))
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return {name: os.path.join(self.tmp, name) for name in titles}

    def prove(self, sound, minus=None, version="6.12.7"):
        outs = self.replayers(sound=sound, minus=minus)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            wrong = revert.prove(version, outs["sound"], {"minus": outs["minus"]} if minus is not None else {})
        return wrong, said.getvalue()

    def test_prove(self):
        self.make()
        self.assertEqual(self.prove("", "wrong sum in add"), (0, "minus: proved: wrong sum in add\n"))
        self.assertEqual(self.prove("", "crash in add"), (1, "minus: not proved: crash in add\n"))
        self.assertEqual(self.prove("", ""), (1, "minus: not proved: its input does not fail\n"))
        self.assertEqual(self.prove("wrong sum in add", "wrong sum in add"),
                         (1, "minus: its input fails with the fix too: wrong sum in add\n"))
        self.assertEqual(self.prove(""), (0, "minus: passes with the fix\n"))
        self.assertEqual(self.prove("wrong sum in add", version="7.2.0"), (0, "minus: its input is for Linux 6.12.*\n"))


class Folders(unittest.TestCase):
    """Those of this project."""

    def setUp(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(ROOT)

    def test_each_is_whole(self):
        self.assertGreaterEqual(len(revert.names()), 6)
        kinds = [revert.Revert(name).target for name in revert.names()]
        self.assertGreaterEqual(kinds.count("fuzz_weave_linux"), 3)
        for name in revert.names():
            self.assertIn("machine profile=", revert.Revert(name).text("input.txt"), name)

    def test_none_holds_lines_of_linux(self):
        for path in glob.glob("core/linux/reverts/*/edit"):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    self.assertRegex(line, r"^(#|in |replace |delete |before |after )", path)


if __name__ == "__main__":
    unittest.main()
