# SPDX-License-Identifier: GPL-2.0-only
"""What the short form makes of its rows (short.py)."""
import contextlib
import io
import tempfile
import unittest

import sample
import short


class Short(unittest.TestCase):
    def verdict(self, *args):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = short.verdict(*args)
        return status, said.getvalue()

    def test_floor(self):
        status, said = self.verdict(short.FLOOR - 1, 0, True)
        self.assertEqual(status, 1)
        self.assertIn("FLOOR in scripts/bugs/short.py", said)
        self.assertEqual(self.verdict(short.FLOOR, 0, True), (0, ""))
        self.assertEqual(self.verdict(0, 0, False), (0, ""))

    def test_says_when_to_raise_it(self):
        status, said = self.verdict(short.FLOOR + short.SLACK + 2, 0, True)
        self.assertEqual(status, 0)
        self.assertIn(f"raise it to {short.FLOOR + 2}", said)

    def test_what_is_wrong_fails(self):
        self.assertEqual(self.verdict(short.FLOOR, 1, True), (1, ""))

    def test_lines(self):
        with tempfile.TemporaryDirectory() as tmp:
            bug = sample.bug(tmp)
        for outcome, said in (("detected", "found after 100 schedules"), ("reached", "reached, not noticed"),
                              ("missed", "not met"), ("other", "other: rule in func")):
            self.assertEqual(short.describe(bug, sample.row(bug, outcome=outcome), None), f"some-bug: proved; {said}")
        self.assertEqual(short.describe(bug, None, "input.txt is missing"), "some-bug: input.txt is missing")


if __name__ == "__main__":
    unittest.main()
