# SPDX-License-Identifier: GPL-2.0-only
"""Edit scripts: what they do to a function, and what they refuse (edit.py)."""
import unittest

import edit
from errors import Failed

TEXT = """/* twice(): take(lock) */
static int other(int a)
{
	take(lock);
	return a;
}

static struct thing *
twice(int a,
      int b)
{
	int c = 0; /* take(lock) here: a; b */

	take(lock);
	if (a > b && twice_as(";", b))
		c = look(a,
			 b);
	for (;;) {
		give(lock);
		return c;
	}
}

int twice_as(int a);
"""


def run(*lines, text=TEXT):
    script = "\n".join(("# A comment.", "", "in a.c twice", *lines))
    return edit.edited(edit.parse(script, "edit"), {"a.c": text}.__getitem__)["a.c"]


class Edit(unittest.TestCase):
    def only(self, old, new, *lines):
        """Nothing else changes, and no line moves."""
        self.assertEqual(run(*lines), TEXT.replace(old, new))

    def test_replace(self):
        self.only("a > b &&", "false &&", "replace a > b => false")

    def test_a_group_of_the_match(self):
        self.only("look(a,\n			 b)", "see(b, a)", r"replace look\((\w+),\s*(\w+)\) => see(\2, \1)")

    def test_delete_takes_the_statement(self):
        self.only('if (a > b && twice_as(";", b))\n		c = look(a,\n			 b);', ";\n\n", r"delete look\(")

    def test_before_and_after(self):
        self.only("give(lock);", " note(); give(lock);", r"before give\( => note();")
        self.only("give(lock);", "give(lock); note(); ", r"after give\( => note();")

    def test_one_after_the_other(self):
        self.only("a > b", "a < b", "replace a > b => a != b", "replace a != b => a < b")

    def test_comments_and_other_functions_are_not_seen(self):
        self.only("\n	take(lock);\n	if", "\n	;\n	if", r"delete take\(lock")

    def refused(self, pattern, *lines, text=TEXT):
        with self.assertRaisesRegex(LookupError, pattern):
            run(*lines, text=text)

    def test_another_tree(self):
        self.refused(r"^nothing of 'gone' in twice\(\) of a\.c$", "delete gone")
        self.refused(r"^2 matches of '\\block\\b' in twice\(\) of a\.c$", r"delete \block\b")
        self.refused(r"^no function twice\(\) in a\.c$", "delete give", text="int twice(int a);\n")
        self.refused(r"^no function twice\(\) in a\.c$", "delete give", text=TEXT + TEXT)

    def test_scripts_that_are_none(self):
        for script in ("", "delete x", "in a.c f", "in a.c\ndelete x", "in a.c f\nmove x", "in a.c f\nreplace x",
                       "in a.c f\ndelete x => y", "in a.c f\nreplace ( => y"):
            with self.assertRaisesRegex(Failed, "^edit:?") as caught:
                edit.parse(script, "edit")
            self.assertNotIn("\n", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
