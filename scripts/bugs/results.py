# SPDX-License-Identifier: GPL-2.0-only
"""Rows of results and the CSV files that they are in. Runs nothing.

A file is only ever replaced as a whole, so that an interruption loses no more than the run under way.
"""
import csv
import dataclasses
import os

# detected: by a title that the bug may have; reached: but nothing noticed; missed; other: found by another title, which
# is to be looked into; quiet: nothing found in the sound core; error: the engine could not run.
OUTCOMES = ("detected", "reached", "missed", "other", "quiet", "error")


@dataclasses.dataclass
class Row:
    """One run. cpu: seconds at the detection, else of all; reached: seconds when the bug first did harm."""

    engine: str
    bug: str
    bug_class: str
    seed: int
    outcome: str
    cpu: float
    reached: float = None
    executions: int = None
    unit: str = ""
    wall: float = 0.0
    title: str = ""
    budget: int = 0
    commit: str = ""
    tree: str = ""
    patch: str = ""

    def key(self):
        """Runs of the same key are the same measurement."""
        return self.engine, self.bug, self.seed, self.budget, self.tree, self.patch


FIELDS = [field.name for field in dataclasses.fields(Row)]


def parse(values):
    """A Row from the strings of a CSV file."""
    row = Row(**{name: values[name] for name in FIELDS})
    row.seed, row.budget, row.cpu, row.wall = int(row.seed), int(row.budget), float(row.cpu), float(row.wall)
    row.reached = float(row.reached) if row.reached else None
    row.executions = int(row.executions) if row.executions else None
    if row.outcome not in OUTCOMES:
        raise ValueError(row.outcome)
    return row


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        try:
            return [parse(values) for values in reader]
        except (KeyError, ValueError, TypeError) as error:
            raise OSError(0, f"line {reader.line_num} is not one of ours ({error})", path) from error


def write(path, rows):
    with open(path + ".new", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            values = dataclasses.asdict(row)
            for name in ("cpu", "reached", "wall"):
                values[name] = "" if values[name] is None else f"{values[name]:.2f}"
            writer.writerow({name: "" if value is None else value for name, value in values.items()})
    os.replace(path + ".new", path)


def judge(bug, title, reached, failed=False):
    """The outcome of a run that ended with title, or without any. bug: None for the sound core."""
    if failed:
        return "error"
    if title:
        return "detected" if bug and bug.expects(title) else "other"
    if not bug:
        return "quiet"
    return "missed" if reached is None else "reached"
