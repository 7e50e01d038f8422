# SPDX-License-Identifier: GPL-2.0-only
"""What the table says of the runs that it was made of (publish.py)."""
import tempfile
import unittest

import engines
import publish
import sample


class Head(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.bug = sample.bug(tmp.name, "some-bug")

    def made_by(self, *runs):
        """runs: (engine, seed) and what else of a row is not as usual"""
        rows = [sample.row(self.bug, engine=engine, seed=seed, **more[0] if more else {}) for engine, seed, *more in runs]
        return "\n".join(publish.head(rows))

    def test_names_the_engines_that_ran(self):
        self.assertIn("`./scripts/bugs.sh --engine seq --engine pos --bug some-bug --budget 60s --seeds 1`\nand",
                      self.made_by(("pos", 1), ("seq", 1)))

    def test_names_none_when_all_did(self):
        self.assertIn("`./scripts/bugs.sh --bug some-bug --budget 60s --seeds 1`\nand",
                      self.made_by(*((engine.name, 1) for engine in engines.ENGINES)))

    def test_one_command_for_each_budget(self):
        text = self.made_by(("seq", 1), ("pos", 1, {"budget": 20}))
        self.assertIn("`./scripts/bugs.sh --engine seq --bug some-bug --budget 60s --seeds 1`,\n"
                      "`./scripts/bugs.sh --engine pos --bug some-bug --budget 20s --seeds 1`\nand", text)
        self.assertIn("A run had 60 CPU seconds: seq; 20 CPU seconds: pos.", text)

    def test_a_campaign_that_is_not_over_says_so(self):
        self.assertIn("3 runs: 1 are still to be made.", self.made_by(("seq", 1), ("seq", 2), ("pos", 1)))

    def test_says_which_engine_ran_at_which_commit(self):
        self.assertIn("\nCommit c0ffee; ", self.made_by(("seq", 1, {"commit": "c0ffee"}), ("pos", 1, {"commit": "c0ffee"})))
        self.assertIn("\nCommits b00 (pos), c0ffee (seq, pos); ",
                      self.made_by(("seq", 1, {"commit": "c0ffee"}), ("pos", 1, {"commit": "b00"}),
                                   ("pos@sc", 1, {"commit": "c0ffee"})))

    def test_runs_that_would_decide_nothing_are_not_missing(self):
        runs = [("seq", seed) for seed in range(1, 6)] + [("pos", seed, {"outcome": "missed"}) for seed in range(1, 4)]
        self.assertIn("8 runs: 2 were left out as most runs had missed the bug already (`--until-decided`).",
                      self.made_by(*runs))


if __name__ == "__main__":
    unittest.main()
