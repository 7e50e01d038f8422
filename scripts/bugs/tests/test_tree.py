# SPDX-License-Identifier: GPL-2.0-only
"""Programs and their descendants under a budget (tree.py)."""
import os
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import tree

BUSY = "while true; do :; done"


def alive(mark):
    """Processes with mark in their command line."""
    done = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if mark in line and not line.startswith("Z")]


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tree.adopt_orphans()

    def setUp(self):
        self.lines, self.stop = [], threading.Event()
        self.mark = f"mark-{os.getpid()}-{id(self)}"

    def run_shell(self, script, budget=60, **more):
        """What is marked must be gone afterwards, whatever happened."""
        try:
            return tree.run(["bash", "-c", script, self.mark], dict(os.environ), budget,
                            lambda line, cpu: self.lines.append((line, cpu())), self.stop, **more)
        finally:
            # A signal that was sent is not yet an end: on a busy machine that takes its time.
            for _ in range(200):
                if not alive(self.mark):
                    break
                time.sleep(0.05)
            self.assertEqual(alive(self.mark), [])

    def test_end_by_itself(self):
        ended = self.run_shell("echo one; echo two >&2; exit 3")
        self.assertEqual((ended.why, ended.code, ended.stuck), ("exit", 3, False))
        self.assertEqual([line for line, _ in self.lines], ["one\n", "two\n"])

    def test_budget(self):
        ended = self.run_shell(BUSY, budget=0.3)
        self.assertEqual((ended.why, ended.stuck), ("budget", False))
        self.assertGreaterEqual(ended.cpu, 0.3)

    def test_waiting_costs_nothing(self):
        self.assertLess(self.run_shell("sleep 0.5").cpu, 0.4)

    def test_descendants_count(self):
        """Those that run, in a session of their own as AFL++'s are, and those that have ended."""
        script = f"trap exit INT; setsid bash -c '{BUSY}' {self.mark} & wait"
        self.assertEqual(self.run_shell(script, budget=0.3).why, "budget")
        short = f"trap exit INT; while true; do bash -c 'for i in {{1..9999}}; do :; done' {self.mark}; done"
        self.assertEqual(self.run_shell(short, budget=0.3).why, "budget")

    def test_orphans_do_not_survive(self):
        script = f"setsid bash -c 'bash -c \"{BUSY}\" {self.mark} & sleep 0.3' {self.mark}; sleep 0.3"
        self.assertEqual(self.run_shell(script).why, "exit")
        self.assertEqual(self.run_shell(f"setsid bash -c '{BUSY}' {self.mark}").why, "exit")

    def test_stuck(self):
        with mock.patch.multiple(tree, END_CPU=0.2, END_WALL=30):
            ended = self.run_shell(f"trap '' INT; {BUSY}", budget=0.2)
        self.assertEqual((ended.why, ended.stuck), ("budget", True))

    def test_stuck_without_work(self):
        with mock.patch.multiple(tree, END_CPU=30, END_WALL=0.2):
            ended = self.run_shell("trap '' INT; while true; do read -t 1 < <(:) || sleep 0.01; done", budget=0.1)
        self.assertTrue(ended.stuck)

    def test_interruption(self):
        threading.Timer(0.2, self.stop.set).start()
        ended = self.run_shell(f"trap '' INT; {BUSY}")
        self.assertEqual((ended.why, ended.stuck), ("interrupted", False))

    def test_until(self):
        asked = []
        self.assertEqual(self.run_shell(BUSY, until=lambda: asked.append(1) or len(asked) > 1).why, "budget")
        self.assertEqual(len(asked), 2)

    def test_cpu_at_a_line(self):
        busy = "import time\nwhile time.process_time() < 0.3: pass\nprint('x', flush=True)\n" \
               "while time.process_time() < 0.9: pass"
        ended = self.run_shell(f'{sys.executable} -c "{busy}"')
        self.assertTrue(0.25 <= self.lines[0][1] < ended.cpu - 0.2, (self.lines, ended.cpu))


if __name__ == "__main__":
    unittest.main()
