# SPDX-License-Identifier: GPL-2.0-only
"""How what engines leave behind is read (engines.py)."""
import json
import os
import tempfile
import unittest
from unittest import mock

import engines
import titles
import tree


def ended(why="exit", code=1, stuck=False):
    return tree.Ended(why, code, 1.0, 1.0, stuck)


class Read(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.work, self.replayed = tmp.name, []

    def write(self, name, text=""):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def attempt(self, kind, text="", clock=iter, **ended_as):
        """An attempt that ran and printed text; what it replays fails by the title "replayed in f"."""
        attempt = kind(None, self.work)
        attempt.target = "fuzz_weave_memdesc"
        attempt.count = "schedules"
        times = iter(range(100))
        for line in text.splitlines(True):
            attempt.line(line, lambda: next(times))
        with mock.patch.object(attempt, "replay", lambda path, target: setattr(attempt, "title", "replayed in f")):
            attempt.finish(ended(**ended_as))
        return attempt

    def test_libfuzzer(self):
        self.write("found-crash-1")
        attempt = self.attempt(engines.LibFuzzerAttempt,
                               "#3\tNEW    cov: 1\nmmfuzz: planted bug reached\nmmfuzz: BUG: rule in func: x\n"
                               "==1== ERROR: libFuzzer: deadly signal\nstat::number_of_executed_units: 6216\n")
        self.assertEqual((attempt.executions, attempt.title), (6216, "replayed in f"))
        self.assertEqual((attempt.reached_cpu, attempt.found_cpu), (0, 1))
        self.assertNotIn("NEW", "".join(attempt.lines))

    def test_libfuzzer_timeout_is_not_replayed(self):
        self.write("found-timeout-1")
        attempt = self.attempt(engines.LibFuzzerAttempt, "==1== ERROR: libFuzzer: timeout after 10 seconds\n")
        self.assertEqual(attempt.title, titles.TIMEOUT)

    def test_slow_units_are_no_finding(self):
        self.write("found-slow-unit-1")
        attempt = self.attempt(engines.LibFuzzerAttempt, "stat::number_of_executed_units: 5\n", why="budget", code=0)
        self.assertEqual((attempt.title, attempt.artifact, attempt.executions), (None, None, 5))

    def test_afl(self):
        self.write("out/default/fuzzer_stats", "start_time        : 1\nexecs_done        : 55575\n")
        path = self.write("out/default/crashes/id:000000,sig:06")
        attempt = self.attempt(engines.AflAttempt, "mmfuzz: planted bug reached\n", code=0)
        self.assertEqual((attempt.executions, attempt.artifact, attempt.title), (55575, path, "replayed in f"))

    def test_afl_stops_at_a_hang(self):
        attempt = engines.AflAttempt(None, self.work)
        self.assertFalse(attempt.until())
        self.write("out/default/hangs/id:000000")
        self.assertTrue(attempt.until())

    def test_mmstress(self):
        self.write("summary.json", json.dumps({"schedules": 77}))
        attempt = self.attempt(engines.StressAttempt,
                               'mmfuzz: BUG: rule in func: x\nmmstress: found "rule in func" in x\n')
        self.assertEqual((attempt.executions, attempt.title), (77, "rule in func"))

    def test_mmstress_that_was_killed(self):
        attempt = self.attempt(engines.StressAttempt, why="budget", code=-9, stuck=True)
        self.assertEqual((attempt.executions, attempt.title), (None, titles.TIMEOUT))

    def test_interrupted_at_its_budget_is_no_finding(self):
        self.assertIsNone(self.attempt(engines.StressAttempt, why="budget", code=1).title)

    def test_a_death_without_a_word(self):
        self.assertEqual(self.attempt(engines.StressAttempt, code=-11).title, "exit -11")
        self.assertIsNone(self.attempt(engines.StressAttempt, code=2).title)


class Command(unittest.TestCase):
    def test_options_of_the_target(self):
        self.assertIn("-max_len=4104", engines.target_flags("fuzz_memdesc"))

    def test_names_differ(self):
        names = [engine.name for engine in engines.ENGINES + engines.NEGATIVE]
        self.assertEqual(len(names), len(set(names)))
        for name in names:
            self.assertEqual(engines.find(name).name, name)

    def test_regressions_are_left_out(self):
        with tempfile.TemporaryDirectory() as work:
            for engine in engines.ENGINES:
                folder = os.path.join(work, engine.name)
                os.makedirs(folder)
                command = engine.attempt(engines.CORE, 7, folder).command
                self.assertFalse([word for word in command if "regressions" in word], command)
                self.assertTrue([word for word in command if word in ("7", "-seed=7")], command)


if __name__ == "__main__":
    unittest.main()
