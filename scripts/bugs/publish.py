# SPDX-License-Identifier: GPL-2.0-only
"""--report: writes docs/bugs-table.md, docs/bugs.csv, docs/bugs-clean.csv and docs/bugs.svg from the results."""
import os
import platform
import re
import subprocess

import builds
import campaign
import engines
import report
import results

DOCS = "docs"
FEW_BUGS = 5  # so many are named in the command that is said


def machine():
    """What the figures depend on: the processor, how many cores, the system."""
    name = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            match = re.search(r"^model name\s*: (.+)", file.read(), re.M)
            name = match[1] if match else name
    except OSError:
        pass
    return f"{os.cpu_count()} cores of {name}, Linux {platform.release().split('-')[0]}"


def commands(rows):
    """What was called to make the rows: one command for each budget."""
    seeds = max((row.seed for row in rows), default=0)
    texts = []
    for budget in sorted({row.budget for row in rows if "@" not in row.engine}, reverse=True):
        these = [row for row in rows if row.budget == budget and "@" not in row.engine]
        ran = {row.engine for row in these}
        some = [engine.name for engine in engines.ENGINES if engine.name in ran]
        chosen = "" if len(some) == len(engines.ENGINES) else "".join(f" --engine {name}" for name in some)
        bugs = {row.bug for row in these}
        few = "".join(f" --bug {bug}" for bug in sorted(bugs)) if len(bugs) <= FEW_BUGS else ""
        texts.append(f"`./scripts/bugs.sh{chosen}{few} --budget {budget}s --seeds {seeds}`")
    return texts


def left_out(rows):
    """How many runs there are not, and why, as far as can be told."""
    seeds = max((row.seed for row in rows), default=0)
    decided = open_ = 0
    for pair in {(row.engine, row.bug) for row in rows}:
        these = [row for row in rows if (row.engine, row.bug) == pair]
        missed = sum(row.outcome in ("missed", "reached") for row in these)
        if 2 * missed >= seeds:
            decided += seeds - len(these)
        else:
            open_ += seeds - len(these)
    texts = [f"{decided} were left out as most runs had missed the bug already (`--until-decided`)"] if decided else []
    texts += [f"{open_} are still to be made"] if open_ else []
    return f"{len(rows)} runs" + (": " + "; ".join(texts) if texts else "")


def sources(rows):
    """"Commit A", or which engine was run at which commit where not all were at one."""
    ran = {}
    for row in rows:
        ran.setdefault(row.commit, set()).add(row.engine)
    if len(ran) == 1:
        return f"Commit {next(iter(ran))}"
    texts = []
    for commit, names in sorted(ran.items()):
        some = {name.partition("@")[0] for name in names}
        texts.append(f"{commit} ({', '.join(engine.name for engine in engines.ENGINES if engine.name in some)})")
    return "Commits " + ", ".join(texts)


def head(rows):
    budgets = "; ".join(f"{budget} CPU seconds: {whom}" for budget, whom in report.budgets(rows))
    return ["Made by " + ",\n".join(commands(rows)) + f"\nand `./scripts/bugs.sh --report`; {left_out(rows)}.\n"
            f"{sources(rows)}; {machine()}.\n"
            "How to read it: [bugs.md](bugs.md); all runs: [bugs.csv](bugs.csv).",
            "A cell is **median** (least-most) over the seeds that were run, n/m where only n of m runs found it;\n"
            "*never*: most runs did not; *reached*: the bug did harm, nothing noticed; -: it was not even met; empty: not "
            f"run.\nA run had {budgets}."]


def draw(script, path):
    try:
        done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise builds.Failed("gnuplot is missing: run scripts/setup.sh") from error
    if done.returncode or not done.stdout.startswith("<?xml"):
        raise builds.Failed(f"gnuplot: {(done.stderr.splitlines() or ['wrote nothing'])[-1]}")
    replace(path, done.stdout)


def replace(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def publish(options, bugs, docs=DOCS):
    path = os.path.join(options.out, campaign.RESULTS)
    rows = report.current(results.read(path), bugs)
    if not rows:
        raise builds.Failed(f"{path} has no runs of these bugs: nothing to report")
    clean = results.read(os.path.join(options.out, campaign.CLEAN))
    table = report.Table(rows, bugs, [engine.name for engine in engines.ENGINES])
    text = report.text(table, engines.STRATEGIES, clean, head(rows))
    draw(report.plot(table, max(row.budget for row in rows)), f"{docs}/bugs.svg")
    replace(f"{docs}/bugs-table.md", text)
    results.write(f"{docs}/bugs.csv", sorted(rows, key=lambda row: (row.bug, row.engine, row.seed)))
    if clean:
        results.write(f"{docs}/bugs-clean.csv", clean)
    for what, figure in [*report.goals(table, engines.STRATEGIES), ("findings on the sound core",
                                                                    report.quiet_summary(clean))]:
        print(f"{what}: {figure}")
    print(f"wrote {docs}/bugs-table.md, {docs}/bugs.csv, {docs}/bugs.svg")
    return campaign.say_strange(rows, options)
