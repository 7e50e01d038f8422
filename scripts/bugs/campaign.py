# SPDX-License-Identifier: GPL-2.0-only
"""Runs engines on mutants, several at a time, and keeps what came out: results.csv, and the files of what is to be looked
into. An interruption loses only the runs under way; the same command goes on where it was.
"""
import dataclasses
import os
import shutil
import signal
import sys
import threading
import time

import builds
import engines
import results
import tree


@dataclasses.dataclass
class Job:
    """One run to do."""

    engine: engines.Engine
    bug: object
    seed: int
    budget: int

    def name(self):
        return f"{self.engine.name} on {self.bug.name if self.bug else 'the sound core'}, seed {self.seed}"


def plan(chosen, bugs, seeds, budget):
    """All seeds 1 before any seed 2, so that an early end leaves something of everything."""
    return [Job(engine, bug, seed, budget) for seed in range(1, seeds + 1) for bug in bugs for engine in chosen
            if engine.applies(bug)]


def build_for(jobs):
    """Builds what the jobs need, and nothing else."""
    wanted = {}
    for job in jobs:
        for preset, programs in job.engine.presets.items():
            goals = wanted.setdefault(preset, {})
            goals.update(dict.fromkeys(builds.goals([job.bug], programs, []) if job.bug else programs))
            goals.update(dict.fromkeys(getattr(job.engine, "clean", {}).get(preset, [])))
    for preset, goals in wanted.items():
        builds.build(preset, list(goals))


def run(job, out, source, stop):
    """Runs one job; None if it was interrupted."""
    work = os.path.abspath(os.path.join(out, "work", f"{job.engine.name}-{job.bug.name if job.bug else 'core'}-{job.seed}"))
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    try:
        attempt = job.engine.attempt(job.bug, job.seed, work)
        ended = tree.run(attempt.command, attempt.env, job.budget, attempt.line, stop, attempt.until, cwd=work)
        if stop.is_set():
            return None
        attempt.finish(ended)
        row = row_of(job, attempt, ended, source)
        if row.outcome in ("other", "error"):
            row.title = row.title or f"exit {ended.code}"
            keep(os.path.join(out, "findings"), job, attempt)
        return row
    finally:
        shutil.rmtree(work, ignore_errors=True)


def row_of(job, attempt, ended, source):
    failed = not attempt.title and ended.why == "exit"
    cpu = attempt.found_cpu if attempt.title and attempt.found_cpu is not None else ended.cpu
    return results.Row(
        engine=job.engine.name, bug=job.bug.name if job.bug else "", bug_class=job.bug.bug_class if job.bug else "",
        seed=job.seed, outcome=results.judge(job.bug, attempt.title, attempt.reached_cpu, failed), cpu=cpu,
        reached=attempt.reached_cpu, executions=attempt.executions, unit=job.engine.unit, wall=ended.wall,
        title=attempt.title or "", budget=job.budget, commit=source[0], tree=source[1],
        patch=job.bug.digest if job.bug else "")


def keep(folder, job, attempt):
    """The log and the input of what is to be looked into."""
    base = os.path.join(folder, f"{job.engine.name}-{job.bug.name if job.bug else 'core'}-{job.seed}")
    os.makedirs(folder, exist_ok=True)
    with open(base + ".log", "w", encoding="utf-8") as log:
        log.write(" ".join(attempt.command) + "\n")
        log.writelines(attempt.lines)
    if attempt.artifact:
        shutil.copy(attempt.artifact, base + ".input")


class Slots:
    """--jobs of them; a run takes as many as its engine uses cores. First come, first served: else those that need two
    would wait until the end."""

    def __init__(self, number):
        self.number, self.free, self.condition = number, number, threading.Condition()

    def take(self, weight, stop):
        weight = min(weight, self.number)
        with self.condition:
            while self.free < weight and not stop.is_set():
                self.condition.wait(0.2)
            self.free -= weight
        return weight

    def give(self, weight):
        with self.condition:
            self.free += weight
            self.condition.notify_all()


class Campaign:
    """The jobs that are left, and the rows that are there."""

    def __init__(self, path, out, rows, source):
        self.path, self.out, self.rows, self.source = path, out, rows, source
        self.stop, self.lock, self.trouble = threading.Event(), threading.Lock(), None
        self.done = self.total = 0

    def do(self, job):
        try:
            row = run(job, self.out, self.source, self.stop)
            if row:
                self.add(row, job)
        except OSError as error:
            self.trouble = f"{job.name()}: {error}"
            self.stop.set()

    def add(self, row, job):
        with self.lock:
            self.rows.append(row)
            results.write(self.path, self.rows)
            self.done += 1
            print(f"[{self.done}/{self.total}] {job.name()}: {describe(row)}", flush=True)

    def run(self, jobs, slots):
        """Runs all jobs; returns the rows that are new."""
        self.done, self.total, before = 0, len(jobs), len(self.rows)
        pool, running = Slots(slots), []
        for job in jobs:
            weight = pool.take(job.engine.weight, self.stop)
            if self.stop.is_set():
                break

            def work(job=job, weight=weight):
                self.do(job)
                pool.give(weight)

            running = [thread for thread in running if thread.is_alive()]
            running.append(threading.Thread(target=work))
            running[-1].start()
        for thread in running:
            while thread.is_alive():
                thread.join(0.2)  # a signal is only seen between
        return self.rows[before:]


def describe(row):
    count = f"{row.executions:,} {row.unit}" if row.executions is not None else row.unit + " unknown"
    text = f"{row.outcome} after {row.cpu:.2f} CPU s, {count}"
    if row.reached is not None and row.outcome != "missed":
        text += f", reached at {row.reached:.2f}"
    return text + (f": {row.title}" if row.title else "")


def measure(options, bugs, chosen):
    os.makedirs(options.out, exist_ok=True)
    source = (builds.commit(), builds.tree())
    path = os.path.join(options.out, "results.csv")
    rows = results.read(path)
    if any(row.tree != source[1] for row in rows):
        raise builds.Failed(f"{path} has results of other sources ({rows[-1].commit}, now {source[0]}): "
                            "give another --out, or remove it")
    campaign = Campaign(path, options.out, rows, source)
    have = {row.key() for row in rows}
    jobs = [job for job in plan(chosen, bugs, options.seeds, options.budget)
            if (job.engine.name, job.bug.name, job.seed, job.budget, source[1], job.bug.digest) not in have]
    build_for(jobs)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: campaign.stop.set())
    begun = time.monotonic()
    new = campaign.run(jobs, options.jobs)
    print(f"{len(new)} runs in {(time.monotonic() - begun) / 60:.1f} min, results in {path}")
    if campaign.trouble:
        raise builds.Failed(campaign.trouble)
    if campaign.stop.is_set():
        print("bugs.sh: interrupted: the same command goes on from here", file=sys.stderr)
        return 2
    return 1 if any(row.outcome in ("other", "error") for row in new) else 0
