# SPDX-License-Identifier: GPL-2.0-only
"""What the table says of the runs that it was made of (publish.py)."""
import argparse
import tempfile
import unittest

import engines
import publish
import sample

OPTIONS = argparse.Namespace(budget=60)


class Head(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.bug = sample.bug(tmp.name, "some-bug")

    def made_by(self, *runs):
        return publish.head(OPTIONS, [sample.row(self.bug, engine=engine, seed=seed) for engine, seed in runs])[0]

    def test_names_the_engines_that_ran(self):
        self.assertIn("`./scripts/bugs.sh --engine seq --engine pos --budget 60s --seeds 1`, and",
                      self.made_by(("pos", 1), ("seq", 1)))

    def test_names_none_when_all_did(self):
        self.assertIn("`./scripts/bugs.sh --budget 60s --seeds 1`, and",
                      self.made_by(*((engine.name, 1) for engine in engines.ENGINES)))

    def test_a_campaign_that_is_not_over_says_so(self):
        self.assertIn("--seeds 2`, not to its end: 3 of 4 runs, and",
                      self.made_by(("seq", 1), ("seq", 2), ("pos", 1)))


if __name__ == "__main__":
    unittest.main()
