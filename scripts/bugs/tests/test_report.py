# SPDX-License-Identifier: GPL-2.0-only
"""What figures are made of rows (report.py), and rows of files (results.py)."""
import dataclasses
import os
import tempfile
import unittest

import report
import results
import sample
from report import NEVER


class WithFolder(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.folder = tmp.name

    def bug(self, name="some-bug", **more):
        return sample.bug(self.folder, name, **more)


class Judging(WithFolder):
    def test_outcomes(self):
        bug = self.bug()
        self.assertEqual(results.judge(bug, "rule in func", 0.1), "detected")
        self.assertEqual(results.judge(bug, "rule in other", 0.1), "other")
        self.assertEqual(results.judge(bug, None, 0.1), "reached")
        self.assertEqual(results.judge(bug, None, None), "missed")
        self.assertEqual(results.judge(bug, None, None, failed=True), "error")
        self.assertEqual(results.judge(None, None, None), "quiet")
        self.assertEqual(results.judge(None, "rule in func", None), "other")

    def test_again_by_the_patterns_of_now(self):
        row = sample.row(self.bug(), title="new rule in f", outcome="other", reached=0.5)
        bug = self.bug(expect="new rule in *")
        self.assertEqual([r.outcome for r in report.current([row], [bug])], ["detected"])

    def test_rows_of_other_patches_do_not_count(self):
        row = sample.row(self.bug())
        self.assertEqual(report.current([row], [self.bug(patch=sample.PATCH + "\n")]), [])
        self.assertEqual(len(report.current([row], [self.bug()])), 1)

    def test_of_several_budgets_the_largest_counts(self):
        rows = [sample.row(self.bug(), engine=engine, budget=budget)
                for engine, budget in (("pos", 20), ("pos", 60), ("pct", 20))]
        self.assertEqual([(row.engine, row.budget) for row in report.current(rows, [self.bug()])],
                         [("pos", 60), ("pct", 20)])

    def test_says_which_bugs_had_another_budget(self):
        bugs = [sample.bug(self.folder, name) for name in ("a", "b", "c")]
        rows = [sample.row(bug, budget=60 if bug.name == "c" else 20) for bug in bugs]
        self.assertEqual(report.budgets(rows), [(60, "pos on c"), (20, "pos")])


class Csv(WithFolder):
    def test_round_trip(self):
        path = os.path.join(self.folder, "r.csv")
        rows = [sample.row(self.bug(), title='a, "b" in c', reached=0.25),
                sample.row(self.bug(), outcome="missed", executions=None), sample.row(None, outcome="quiet", cpu=60.0)]
        results.write(path, rows)
        self.assertEqual(results.read(path), rows)
        self.assertEqual([row.key() for row in results.read(path)], [row.key() for row in rows])

    def test_key_has_all_that_makes_another_measurement(self):
        row = sample.row(self.bug())
        for change in ({"engine": "pct"}, {"bug": "x"}, {"seed": 2}, {"budget": 5}, {"tree": "x"}, {"patch": "x"}):
            self.assertNotEqual(dataclasses.replace(row, **change).key(), row.key())
        self.assertEqual(dataclasses.replace(row, title="x", cpu=3, outcome="missed").key(), row.key())

    def test_none_yet(self):
        self.assertEqual(results.read(os.path.join(self.folder, "none.csv")), [])

    def test_damage(self):
        path = os.path.join(self.folder, "r.csv")
        results.write(path, [sample.row(self.bug())])
        with open(path, "a", encoding="utf-8") as file:
            file.write("pos,b\n")
        with self.assertRaisesRegex(OSError, "line 3"):
            results.read(path)


class Cells(WithFolder):
    def cell(self, *values):
        """Of CPU seconds; None: not found, "reached": neither, but met."""
        bug = self.bug()
        return report.Cell([
            sample.row(bug, seed=seed, cpu=value, executions=int(value * 100)) if isinstance(value, float) else
            sample.row(bug, seed=seed, cpu=60.0, outcome=value or "missed", reached=1.0 if value else None)
            for seed, value in enumerate(values, 1)])

    def test_median_and_range(self):
        cell = self.cell(5.0, 1.0, 3.0, 2.0, 4.0)
        self.assertEqual((cell.median_cpu(), cell.median_executions()), (3.0, 300))
        self.assertEqual(cell.show(cell.cpu, report.cpu_seconds), "**3.0** (1.0-5.0)")
        self.assertEqual(cell.show(cell.executions, report.number), "**300** (100-500)")

    def test_runs_that_find_nothing_take_for_ever(self):
        self.assertEqual(self.cell(1.0, 2.0, 3.0, None, None).median_cpu(), 3.0)
        cell = self.cell(1.0, 2.0, None, None, None)
        self.assertEqual(cell.median_cpu(), NEVER)
        self.assertEqual(cell.show(cell.cpu, report.cpu_seconds), "never (1.0-2.0) 2/5")
        self.assertEqual(self.cell(1.0, None).median_cpu(), NEVER)

    def test_none_found(self):
        cell = self.cell(None, "reached")
        self.assertEqual(cell.show(cell.cpu, report.cpu_seconds), "*reached*")
        self.assertEqual(self.cell(None).show([NEVER], report.cpu_seconds), "-")
        self.assertEqual(report.Cell([]).show([], report.cpu_seconds), "")

    def test_what_nobody_looked_into_is_not_hidden(self):
        bug = self.bug()
        cell = report.Cell([sample.row(bug), sample.row(bug, seed=2, outcome="other")])
        self.assertEqual(cell.show(cell.cpu, report.cpu_seconds), "*to look into*")


class Figures(WithFolder):
    def setUp(self):
        super().setUp()
        self.bugs = [self.bug("a"), self.bug("b"), self.bug("c", bug_class="sequential"),
                     self.bug("d", bug_class="weak", memory="lkmm")]

    def table(self, *rows):
        return report.Table(list(rows), self.bugs, ["seq", "fuzz_weave", "pos", "stress_tsan"])

    def goals(self, *rows):
        return dict(report.goals(self.table(*rows), ["pos"]))

    def test_shares(self):
        a, b, c, _ = self.bugs
        goals = self.goals(sample.row(a, "fuzz_weave", cpu=4.0), sample.row(b, "fuzz_weave", cpu=50.0),
                           sample.row(c, "seq", cpu=31.0), sample.row(b, "pos", outcome="missed"))
        self.assertEqual(goals["bugs found by some engine"], "3 of 4 (75 %)")
        self.assertEqual(goals["race bugs that fuzz_weave finds within 60 CPU s (median)"], "2 of 2 (100 %)")
        self.assertEqual(goals["race bugs that fuzz_weave finds within 5 CPU s (median)"], "1 of 2 (50 %)")
        self.assertEqual(goals["sequential bugs that seq finds within 30 CPU s (median)"], "0 of 1 (0 %)")

    def test_against_tsan_only_what_both_find(self):
        a, b, _, _ = self.bugs
        rows = [sample.row(a, "fuzz_weave", cpu=2.0), sample.row(a, "stress_tsan", cpu=30.0),
                sample.row(b, "fuzz_weave", cpu=1.0), sample.row(b, "stress_tsan", cpu=60.0, outcome="missed")]
        table = self.table(*rows)
        self.assertEqual(report.ratios(table, "fuzz_weave", "stress_tsan", self.bugs), [15.0])
        goals = self.goals(*rows)
        what = "fuzz_weave against stress_tsan, CPU s, median of the 1 race bugs that both find"
        self.assertIn("15 times as fast", goals[what])
        self.assertEqual(goals["race bugs that stress_tsan does not find (median)"], "b")

    def test_too_strong_models(self):
        weak = self.bugs[3]
        what = "runs under a memory model too strong for the bug in which it was found all the same"
        self.assertEqual(self.goals(sample.row(weak, "pos@sc", outcome="missed"),
                                    sample.row(weak, "pos@tso", outcome="reached"))[what], "0 of 2 (0 %)")
        self.assertEqual(self.goals(sample.row(weak, "pos@sc"))[what], "1 of 1 (100 %)")

    def test_missed_list(self):
        a, b, _, _ = self.bugs
        text = report.missed(self.table(sample.row(a, "pos"), sample.row(b, "pos", outcome="reached", reached=1.0)))
        self.assertEqual(text, "- **pos**: b (reached)")

    def test_text_has_all_bugs_and_engines(self):
        a, _, c, _ = self.bugs
        text = report.text(self.table(sample.row(a), sample.row(c, "seq")), ["pos"], [], ["head"])
        self.assertIn("| [a](../", text)
        self.assertIn("| bug | pos |", text)
        self.assertIn("findings on the sound core | not run", text)
        for line in text.splitlines():
            self.assertTrue(line.isascii(), line)

    def test_sound_core(self):
        rows = [sample.row(None, "seq", outcome="quiet", cpu=60.0), sample.row(None, "pos", outcome="other", cpu=30.0)]
        self.assertIn("1 findings in 2 runs", report.quiet_summary(rows))
        self.assertIn("0 findings in 1 runs (CPU time: seq 1 min)", report.quiet_summary(rows[:1]))

    def test_curve_counts_what_the_median_finds_in_time(self):
        self.assertEqual(report.curve([3.0, NEVER, 0.01, 70.0], 0.05, 60), [(0.05, 0), (0.05, 1), (3.0, 2), (60, 2)])

    def test_plot_has_a_line_an_engine(self):
        a = self.bugs[0]
        rows = [sample.row(a), sample.row(a, "stress_tsan"), sample.row(self.bugs[3], "pos@sc")]
        script = report.plot(self.table(*rows), 60)
        self.assertEqual(script.count(" with steps "), 2)
        self.assertIn('title "pos: 1 of 1"', script)


class Numbers(unittest.TestCase):
    def test_number(self):
        for value, text in ((0, "0"), (9999, "9,999"), (12345, "12.3 k"), (1234567, "1.23 M"), (2.5e9, "2.5 G"),
                            (NEVER, "never")):
            self.assertEqual(report.number(value), text)

    def test_cpu_seconds(self):
        for value, text in ((0.144, "0.14"), (1.44, "1.4"), (14.4, "14"), (NEVER, "never")):
            self.assertEqual(report.cpu_seconds(value), text)


if __name__ == "__main__":
    unittest.main()
