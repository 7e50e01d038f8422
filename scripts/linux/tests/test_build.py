# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a tree that does not compile or link (build.py)."""
import unittest

import build

NINJA = """[1/9] Building C object core/linux/CMakeFiles/linux_objects.dir/./trees/l/mm/page_alloc.c.o
FAILED: core/linux/CMakeFiles/linux_objects.dir/./trees/l/mm/page_alloc.c.o
/usr/bin/clang-19 -O2 -Werror=implicit-function-declaration -c {path}
{path}:1204:9: error: {message}
 1204 |         return frob(page);
      |                ^
{path}:1301:2: error: another one
2 errors generated.
ninja: build stopped: subcommand failed.
"""
TWICE = """FAILED: core/linux/linux.o
link.py: ld: /b/linux_objects.dir/./kernel/instep.c.o:(.bss.high_memory+0x0): multiple definition of `high_memory'; \
/b/linux_objects.dir/./trees/l/mm/mm_init.c.o:(.bss.high_memory+0x0): first defined here
ninja: build stopped: subcommand failed.
"""


class Explain(unittest.TestCase):
    def test_a_file_of_the_tree(self):
        text = NINJA.format(path="/trees/l/mm/page_alloc.c", message="call to undeclared function 'frob'")
        self.assertEqual(build.explain(text), "/trees/l/mm/page_alloc.c:1204: call to undeclared function 'frob' "
                         "(the tree's own fault, or what it expects of an architecture: core/linux/arch)")

    def test_a_file_of_ours(self):
        text = NINJA.format(path="/src/core/linux/kernel/door.c", message="too many arguments")
        self.assertEqual(build.explain(text), "/src/core/linux/kernel/door.c:1204: too many arguments "
                         "(a prototype that this tree has otherwise: probe it in core/linux/features)")

    def test_a_header_that_is_missing(self):
        text = NINJA.format(path="/trees/l/mm/a.c", message="x").replace(": error: x", ": fatal error: 'asm/b.h' file not found")
        self.assertRegex(build.explain(text), r"^/trees/l/mm/a\.c:1204: 'asm/b\.h' file not found \(.*core/linux/arch\)$")

    def test_a_name_that_the_tree_has_now(self):
        self.assertRegex(build.explain(TWICE), r"^high_memory is defined by mm_init\.c too: make it __weak")

    def test_anything_else_is_one_line(self):
        self.assertEqual(build.explain("a\nerror: no space left\nb\n"), "error: no space left")
        self.assertEqual(build.explain("a\nb\n"), "b")
        self.assertEqual(build.explain(""), "no message")


if __name__ == "__main__":
    unittest.main()
