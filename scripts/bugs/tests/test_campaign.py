# SPDX-License-Identifier: GPL-2.0-only
"""Campaigns with made-up engines (campaign.py): what is run, kept, resumed and refused."""
import argparse
import contextlib
import io
import os
import tempfile
import threading
import unittest
from unittest import mock

import builds
import campaign
import engines
import results
import sample

SOURCE = ("c0ffee", "7ee")
FINDS = "echo 'mmfuzz: planted bug reached'; echo 'mmfuzz: BUG: rule in func: x'; exit 1"


class Shell(engines.Engine):
    """Runs a line of shell."""

    def __init__(self, name, script, weight=1):
        super().__init__(name, {})
        self.script, self.weight, self.runs = script, weight, []

    def attempt(self, bug, seed, work):
        self.runs.append((bug.name if bug else "", seed))
        attempt = engines.Attempt(bug, work)
        attempt.command = ["bash", "-c", self.script, "bash", str(seed)]
        return attempt


class Campaign(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.out, self.bugs = tmp.name, [sample.bug(os.path.join(tmp.name, "bugs"), name) for name in ("a", "b")]
        self.source = SOURCE

    def measure(self, *chosen, bugs=None, **options):
        options = argparse.Namespace(**{"out": self.out, "seeds": 1, "budget": 60, "jobs": 2, "resume_anyway": False,
                                        "until_decided": False,
                                        "bug": None, **options})
        self.said, errors = io.StringIO(), io.StringIO()
        with mock.patch.multiple(builds, commit=lambda: self.source[0], tree=lambda: self.source[1]), \
                contextlib.redirect_stdout(self.said), contextlib.redirect_stderr(errors):
            return campaign.measure(options, bugs or self.bugs, chosen)

    def rows(self):
        return results.read(os.path.join(self.out, campaign.RESULTS))

    def outcome(self, script, **options):
        status = self.measure(Shell("e", script), bugs=self.bugs[:1], **options)
        return status, self.rows()[-1].outcome

    def test_outcomes(self):
        self.assertEqual(self.outcome(FINDS), (0, "detected"))
        self.assertEqual(self.rows()[-1].title, "rule in func")

    def test_budget_without_a_finding(self):
        self.assertEqual(self.outcome("while true; do :; done", budget=1), (0, "missed"))

    def test_says_what_it_can_cost_and_that_it_goes_on(self):
        with mock.patch.object(campaign, "QUIET", 0):
            self.measure(Shell("e", "while true; do :; done"), bugs=self.bugs[:1], budget=1)
        self.assertTrue(self.said.getvalue().startswith("1 runs: 0:00:01 of CPU time at most, 0:00:00 on 2 idle cores\n"),
                        self.said.getvalue())
        self.assertRegex(self.said.getvalue(), r"\n\[0/1\] e on a, seed 1: \d of 1 CPU s so far\n")

    def test_reached_is_not_detected(self):
        self.assertEqual(self.outcome("echo 'mmfuzz: planted bug reached'; while true; do :; done", budget=1),
                         (0, "reached"))
        self.assertIsNotNone(self.rows()[-1].reached)

    def test_another_finding_is_kept(self):
        self.assertEqual(self.outcome("echo 'mmfuzz: BUG: other rule in g: x'; exit 1"), (1, "other"))
        with open(os.path.join(self.out, "findings", "e-a-1.log"), encoding="utf-8") as log:
            self.assertIn("other rule in g", log.read())
        self.assertIn("to look into: e on a, seed 1: other: other rule in g", self.said.getvalue())

    def test_an_engine_that_cannot_run(self):
        self.assertEqual(self.outcome("exit 2"), (1, "error"))
        self.assertEqual(self.outcome("exit 0", seeds=2), (1, "error"))

    def test_all_of_it_once(self):
        one, two = Shell("one", FINDS), Shell("two", FINDS, weight=2)
        self.assertEqual(self.measure(one, two, seeds=2), 0)
        wanted = sorted((bug, seed) for bug in ("a", "b") for seed in (1, 2))
        self.assertEqual((sorted(one.runs), sorted(two.runs)), (wanted, wanted))
        self.assertEqual(self.measure(one, two, seeds=3), 0)
        self.assertEqual(len(one.runs), 6)
        self.assertEqual(len(self.rows()), 12)
        self.assertEqual(self.measure(one, two, seeds=3), 0)
        self.assertEqual(len(one.runs), 6)

    def test_interruption_keeps_what_is_done(self):
        """The second run interrupts everything; the same command then does what is left."""
        stops = []

        class Stopping(Shell):
            def attempt(self, bug, seed, work):
                if seed == 2 and not stops:
                    stops.append(seed)
                    os.kill(os.getpid(), campaign.signal.SIGTERM)
                return super().attempt(bug, seed, work)

        engine = Stopping("e", "[ $1 = 1 ] || sleep 1; " + FINDS)
        self.assertEqual(self.measure(engine, bugs=self.bugs[:1], seeds=3, jobs=1), 2)
        self.assertEqual([row.seed for row in self.rows()], [1])
        self.assertEqual(self.measure(engine, bugs=self.bugs[:1], seeds=3, jobs=1), 0)
        self.assertEqual([row.seed for row in self.rows()], [1, 2, 3])
        self.assertEqual(os.listdir(os.path.join(self.out, "work")), [])

    def test_other_sources(self):
        engine = Shell("e", FINDS)
        self.measure(engine)
        self.source = ("beef", "other")
        with self.assertRaisesRegex(builds.Failed, "c0ffee.*--resume-anyway"):
            self.measure(engine)
        self.assertEqual(self.measure(engine, resume_anyway=True), 0)
        self.assertEqual(len(engine.runs), 2)

    def test_a_changed_patch_is_measured_again(self):
        engine = Shell("e", FINDS)
        self.measure(engine)
        self.bugs[0] = sample.bug(os.path.join(self.out, "bugs"), "a", patch=sample.PATCH + "\n")
        self.measure(engine)
        self.assertEqual(sorted(engine.runs), [("a", 1), ("a", 1), ("b", 1)])

    def test_sound_core(self):
        options = {"bugs": [engines.CORE], "budget": 1}
        self.assertEqual(self.measure(Shell("e", "while true; do :; done"), **options), 0)
        self.assertEqual([row.outcome for row in self.rows()], ["quiet"])
        self.assertEqual(self.measure(Shell("f", FINDS), **options), 1)
        self.assertEqual([row.outcome for row in self.rows()], ["quiet", "other"])

    def test_found_under_a_model_that_is_too_strong(self):
        self.assertEqual(self.measure(Shell("pos@sc", FINDS)), 1)

    def test_no_more_runs_when_the_median_is_decided(self):
        never = Shell("never", "while true; do :; done")
        self.measure(never, seeds=5, budget=1, jobs=1, bugs=self.bugs[:1], until_decided=True)
        self.assertEqual([row.seed for row in self.rows()], [1, 2, 3])

    def test_all_runs_while_it_is_not(self):
        once = Shell("once", f'[ "$1" = 1 ] || while true; do :; done; {FINDS}')
        self.measure(once, seeds=3, budget=1, jobs=1, bugs=self.bugs[:1], until_decided=True)
        self.assertEqual([row.outcome for row in self.rows()], ["detected", "missed", "missed"])


class Plan(unittest.TestCase):
    def test_seeds_in_turn_and_wide_engines_last(self):
        narrow, wide = Shell("narrow", ""), Shell("wide", "", weight=2)
        jobs = campaign.plan([wide, narrow], [engines.CORE], 2, 60)
        self.assertEqual([(job.seed, job.engine.name) for job in jobs],
                         [(1, "narrow"), (1, "wide"), (2, "narrow"), (2, "wide")])

    def test_which_engine_for_which_bug(self):
        with tempfile.TemporaryDirectory() as tmp:
            bugs = {name: sample.bug(tmp, name, **more) for name, more in (
                ("seq", {"bug_class": "sequential"}), ("race", {}), ("tso", {"bug_class": "weak", "memory": "tso"}),
                ("lkmm", {"bug_class": "weak", "memory": "lkmm"}))}
        applies = {name: {engine.name for engine in engines.ENGINES + engines.NEGATIVE if engine.applies(bug)}
                   for name, bug in bugs.items()}
        self.assertIn("seq", applies["seq"])
        self.assertNotIn("seq", applies["race"] | applies["tso"] | applies["lkmm"])
        self.assertEqual({name for name in applies["lkmm"] if name.startswith("pos")}, {"pos", "pos@sc", "pos@tso"})
        self.assertEqual({name for name in applies["tso"] if name.startswith("pos")}, {"pos", "pos@sc"})
        self.assertEqual(len(applies["race"]), len(engines.ENGINES) - 1)

    def test_budget_of_negative_runs_is_short(self):
        engine = engines.find("pos@sc")
        with tempfile.TemporaryDirectory() as tmp:
            bug = sample.bug(tmp, bug_class="weak", memory="tso")
        self.assertEqual([campaign.plan([engine], [bug], 1, budget)[0].budget for budget in (5, 60)],
                         [5, engines.NEGATIVE_BUDGET])


class Slots(unittest.TestCase):
    def test_never_more_than_there_are(self):
        slots, stop = campaign.Slots(2), threading.Event()
        self.assertEqual(slots.take(2, stop), 2)
        threading.Timer(0.1, slots.give, (2,)).start()
        self.assertEqual(slots.take(1, stop), 1)
        self.assertEqual(slots.free, 1)

    def test_more_than_there_ever_are(self):
        self.assertEqual(campaign.Slots(1).take(2, threading.Event()), 1)


if __name__ == "__main__":
    unittest.main()
