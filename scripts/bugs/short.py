# SPDX-License-Identifier: GPL-2.0-only
"""--short: what test.sh runs. Every bug is proved (check.py), and one strategy looks for it with a fixed seed and
number of schedules: the same result on every machine. A line a bug.

Not every bug is met by so few schedules, so the number of those that are found has a floor: a change to the core, the
scenarios or the strategy that makes it fall fails the tests.
"""
import os
import tempfile

import builds
import campaign
import check
import engines

# Somewhat less than the short form finds (17), as every change to the generator draws other programs. When it finds a
# good deal more, raise this; lower it only with a reason that the commit gives.
FLOOR, SLACK = 17, 3
STRATEGY, SEED, SCHEDULES = "pos", 1, 2000
CPU_LIMIT = 120  # seconds; takes less than one


def schedules_each(bugs):
    """--schedules counts for each scenario."""
    listed = check.output([builds.program("plain", "mmstress_weave", bugs[0]), "--list"])
    return max(1, SCHEDULES // len(listed.splitlines()))


def describe(bug, row, problem):
    proof = problem or "proved"
    if not row:
        return f"{bug.name}: {proof}"
    what = {"detected": f"found after {row.executions} schedules", "reached": "reached, not noticed",
            "missed": "not met"}.get(row.outcome, f"{row.outcome}: {row.title}")
    return f"{bug.name}: {proof}; {what}"


def hunt(bugs, jobs):
    """{name: row} of a run on each; None if it was interrupted."""
    if not bugs:
        return {}
    builds.build("plain", builds.goals(bugs, ["mmstress_weave"], []))
    engine = engines.Strategy(STRATEGY, preset="plain", schedules=schedules_each(bugs))
    rows = {}

    def on_row(row, job, left):
        rows[job.bug.name] = row

    with tempfile.TemporaryDirectory(prefix="bugs-") as out:
        hunted = campaign.Campaign(out, ("", ""), on_row)
        if not hunted.run([campaign.Job(engine, bug, SEED, CPU_LIMIT) for bug in bugs], jobs):
            return None
    return rows


def short(bugs, problems, jobs, whole):
    """whole: it is about all bugs, so the floor counts. Returns the exit status."""
    checked = check.check(bugs, problems)
    rows = hunt([bug for bug in bugs if not checked[bug.name]], jobs)
    if rows is None:
        return 2
    for bug in bugs:
        print(describe(bug, rows.get(bug.name), checked[bug.name]))
    found = sum(row.outcome == "detected" for row in rows.values())
    bad = sum(problem is not None for problem in checked.values())
    strange = sum(row.outcome in ("other", "error") for row in rows.values())
    proved = len(checked) - bad
    print(f"{proved} of {len(checked)} bugs proved, {found} found by {STRATEGY} in {SCHEDULES:,} schedules, "
          f"{strange} findings to look into")
    return verdict(found, bad + strange, whole)


def verdict(found, bad, whole):
    place = f"FLOOR in {os.path.join('scripts/bugs', os.path.basename(__file__))}"
    if whole and found < FLOOR:
        print(f"fewer are found than the {FLOOR} of {place}: something finds less than it did")
        return 1
    if whole and found > FLOOR + SLACK:
        print(f"more are found than the {FLOOR} of {place}: raise it to {found - SLACK}")
    return 1 if bad else 0
