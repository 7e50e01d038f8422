# SPDX-License-Identifier: GPL-2.0-only
"""Runs engines on mutants, several at a time, and keeps what came out: a CSV file, and the files of what is to be
looked into. An interruption loses only the runs under way; the same command goes on where it was.
"""
import contextlib
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

RESULTS, CLEAN = "results.csv", "clean.csv"
QUIET = 60  # seconds without a line until one says that all goes on


@dataclasses.dataclass
class Job:
    """One run to do. bug: engines.CORE for the sound core."""

    engine: engines.Engine
    bug: object
    seed: int
    budget: int

    def on(self):
        return self.bug.name if self.bug else "the sound core"

    def name(self):
        return f"{self.engine.name} on {self.on()}, seed {self.seed}"

    def slug(self):
        return f"{self.engine.name}-{self.bug.name if self.bug else 'core'}-{self.seed}"

    def key(self, source):
        """As results.Row.key() of the row that it will make."""
        return (self.engine.name, self.bug.name if self.bug else "", self.seed, self.budget, source,
                self.bug.digest if self.bug else "")


def plan(chosen, bugs, seeds, budget):
    """All seeds 1 before any seed 2, so that an early end leaves something of everything; of each, those that take
    several cores at the end, as cores stand idle until enough of them are free."""
    jobs = [Job(engine, bug, seed, min(budget, engine.budget)) for seed in range(1, seeds + 1) for bug in bugs
            for engine in chosen if engine.applies(bug)]
    return sorted(jobs, key=lambda job: (job.seed, job.engine.weight))


def decided(job, rows, seeds):
    """Whether rows say already that most runs of all seeds do not find the bug: the median is never, whatever follows."""
    missed = [row for row in rows if (row.engine, row.bug, row.budget) == (job.engine.name, job.on(), job.budget)
              and row.patch == job.bug.digest and row.outcome in ("missed", "reached")]
    return 2 * len(missed) >= seeds


def build_for(jobs):
    """Builds what the jobs need, and nothing else."""
    wanted = {}
    for job in jobs:
        for preset, programs in job.engine.presets.items():
            goals = builds.goals([job.bug], programs, []) if job.bug else programs
            wanted.setdefault(preset, {}).update(dict.fromkeys(goals))
        for preset, programs in job.engine.clean.items():
            wanted.setdefault(preset, {}).update(dict.fromkeys(programs))
    for preset, goals in wanted.items():
        builds.build(preset, list(goals))


def run(job, out, source, stop, alive):
    """Runs one job; None if it was interrupted. alive(cpu): as of tree.run()."""
    work = os.path.abspath(os.path.join(out, "work", job.slug()))
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    try:
        attempt = job.engine.attempt(job.bug, job.seed, work)
        ended = tree.run(attempt.command, attempt.env, job.budget, attempt.line, stop, attempt.until,
                         cwd=work, alive=alive)
        if stop.is_set():
            return None
        attempt.finish(ended)
        row = row_of(job, attempt, ended, source)
        if row.outcome in ("other", "error"):
            keep(os.path.join(out, "findings"), job, attempt)
        return row
    finally:
        shutil.rmtree(work, ignore_errors=True)


def row_of(job, attempt, ended, source):
    # Who has schedules to do may be done with them; whoever else ends by itself, and found nothing, could not run.
    failed = not attempt.title and ended.why == "exit" and (ended.code != 0 or not job.engine.ends())
    cpu = attempt.found_cpu if attempt.title and attempt.found_cpu is not None else ended.cpu
    return results.Row(
        engine=job.engine.name, bug=job.bug.name if job.bug else "", bug_class=job.bug.bug_class if job.bug else "",
        seed=job.seed, outcome=results.judge(job.bug, attempt.title, attempt.reached_cpu, failed), cpu=cpu,
        reached=attempt.reached_cpu, executions=attempt.executions, unit=job.engine.unit, wall=ended.wall,
        title=attempt.title or (f"exit {ended.code}" if failed else ""), budget=job.budget, commit=source[0],
        tree=source[1], patch=job.bug.digest if job.bug else "")


def keep(folder, job, attempt):
    """The log and the input of what is to be looked into."""
    base = os.path.join(folder, job.slug())
    os.makedirs(folder, exist_ok=True)
    with open(base + ".log", "w", encoding="utf-8") as log:
        log.write(" ".join(attempt.command) + "\n")
        log.writelines(attempt.lines)
    if attempt.artifact:
        shutil.copy(attempt.artifact, base + ".input")


class Slots:
    """--jobs of them; a run takes as many as its engine uses cores. First come, first served."""

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
    """Jobs, and the rows that they make.

    on_row(row, job, left): called for each new row, one at a time; left: a text that says how much there is to do
    needless(job): asked when its turn has come
    """

    def __init__(self, out, source, on_row, needless=lambda job: False):
        self.out, self.source, self.on_row, self.needless = out, source, on_row, needless
        self.stop, self.lock, self.trouble = threading.Event(), threading.Lock(), None
        self.rows, self.total, self.begun = [], 0, time.monotonic()
        self.said = self.begun

    def do(self, job, slots, weight):
        try:
            row = run(job, self.out, self.source, self.stop, lambda cpu: self.alive(job, cpu))
            if row:
                with self.lock:
                    self.rows.append(row)
                    self.on_row(row, job, self.left())
                    self.said = time.monotonic()
        except Exception as error:  # of a thread: nobody else would see it
            self.trouble = f"{job.name()}: {error!r}"
            self.stop.set()
        finally:
            slots.give(weight)

    def alive(self, job, cpu):
        with self.lock:
            if time.monotonic() - self.said >= QUIET:
                self.said = time.monotonic()
                print(f"{self.left()} {job.name()}: {cpu:.0f} of {job.budget} CPU s so far", flush=True)

    def left(self):
        done = len(self.rows)
        if not done:
            return f"[0/{self.total}]"
        seconds = (time.monotonic() - self.begun) / done * (self.total - done)
        return f"[{done}/{self.total}, {clock(seconds)} left]"

    def run(self, jobs, number):
        """Runs all jobs, number of them at a time, until Ctrl-C or SIGTERM. Returns whether all were done."""
        self.total, self.begun = len(jobs), time.monotonic()
        self.said = self.begun
        slots, running = Slots(number), []
        with self.interruptible():
            for job in jobs:
                weight = slots.take(job.engine.weight, self.stop)
                if self.stop.is_set():
                    break
                with self.lock:
                    needless = self.needless(job)
                    self.total -= needless
                if needless:
                    slots.give(weight)
                    continue
                running = [thread for thread in running if thread.is_alive()]
                running.append(threading.Thread(target=self.do, args=(job, slots, weight)))
                running[-1].start()
            for thread in running:
                while thread.is_alive():
                    thread.join(0.2)  # a signal is only seen between
        if self.trouble:
            raise builds.Failed(self.trouble)
        return not self.stop.is_set()

    @contextlib.contextmanager
    def interruptible(self):
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, lambda *_: self.stop.set()) for number in signals]
        yield
        for number, handler in zip(signals, before):
            signal.signal(number, handler)


def clock(seconds):
    seconds = round(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def estimate(jobs, cores):
    """What the campaign can take, before it begins: what finds its bug ends sooner."""
    cpu = sum(job.budget for job in jobs)
    return f"{len(jobs)} runs: {clock(cpu)} of CPU time at most, {clock(cpu / cores)} on {cores} idle cores"


def describe(row):
    count = f"{row.executions:,} {row.unit}" if row.executions is not None else f"{row.unit} unknown"
    text = f"{row.outcome} after {row.cpu:.2f} CPU s, {count}"
    if row.reached is not None and row.outcome != "missed":
        text += f", reached at {row.reached:.2f}"
    return text + (f": {row.title}" if row.title else "")


def earlier_rows(path, source, resume_anyway):
    """What is in the file already; refuses what was measured on other sources."""
    rows = results.read(path)
    others = [row for row in rows if row.tree != source[1]]
    if others and not resume_anyway:
        raise builds.Failed(f"{path} has results of other sources (commit {others[0].commit}, now {source[0]}): say "
                            "another --out, remove it, or say --resume-anyway if the difference cannot matter")
    return rows


def measure(options, bugs, chosen, file=RESULTS):
    """Does what is not in the file yet. bugs: [engines.CORE] for the sound core. Returns the exit status."""
    os.makedirs(options.out, exist_ok=True)
    source = (builds.commit(), builds.tree())
    path = os.path.join(options.out, file)
    rows = earlier_rows(path, source, options.resume_anyway)
    sources = {row.tree for row in rows} | {source[1]}
    have = {row.key() for row in rows}
    jobs = [job for job in plan(chosen, bugs, options.seeds, options.budget)
            if not any(job.key(known) in have for known in sources)]
    build_for(jobs)
    print(estimate(jobs, options.jobs), flush=True)

    def on_row(row, job, left):
        rows.append(row)
        results.write(path, rows)
        print(f"{left} {job.name()}: {describe(row)}", flush=True)

    def needless(job):
        return options.until_decided and job.bug is not engines.CORE and decided(job, rows, options.seeds)

    campaign = Campaign(options.out, source, on_row, needless)
    if not campaign.run(jobs, options.jobs):
        print(f"bugs.sh: interrupted, {len(campaign.rows)} of {len(jobs)} runs done: the same command goes on from "
              "here", file=sys.stderr)
        return 2
    print(f"{len(campaign.rows)} runs, {len(rows)} in {path}")
    return say_strange([row for row in rows if job_of(row, options, chosen)], options)


def job_of(row, options, chosen):
    """Whether the row is of what was asked for now."""
    return row.engine in [engine.name for engine in chosen] and (not options.bug or row.bug in options.bug)


def strange(row):
    """Whether somebody has to look into it."""
    return row.outcome in ("other", "error") or ("@" in row.engine and row.outcome == "detected")


def say_strange(rows, options):
    found = [row for row in rows if strange(row)]
    for row in found:
        print(f"to look into: {row.engine} on {row.bug or 'the sound core'}, seed {row.seed}: {row.outcome}: "
              f"{row.title}")
    if found:
        print(f"logs and inputs are in {options.out}/findings")
    return 1 if found else 0
