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


def head(options, rows):
    commits = sorted({row.commit for row in rows})
    seeds = max((row.seed for row in rows), default=0)
    ran = {row.engine for row in rows}
    some = [engine.name for engine in engines.ENGINES if engine.name in ran]
    chosen = "" if len(some) == len(engines.ENGINES) else "".join(f" --engine {name}" for name in some)
    command = f"./scripts/bugs.sh{chosen} --budget {options.budget}s --seeds {seeds}"
    whole = seeds * len({(row.engine, row.bug) for row in rows})
    left = "" if len(rows) == whole else f", not to its end: {len(rows)} of {whole} runs"
    return [f"Made by `{command}`{left}, and `./scripts/bugs.sh --report --budget {options.budget}s`;\n"
            f"commit {', '.join(commits)}; {machine()}.\n"
            "How to read it: [bugs.md](bugs.md); all runs: [bugs.csv](bugs.csv).",
            f"A cell is **median** (least-most) over the seeds that were run, n/m where only n of m runs found it, within "
            f"{options.budget} CPU seconds;\n*never*: most runs did not; *reached*: the bug did harm, nothing noticed; "
            "-: it was not even met; empty: not run."]


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
    rows = report.current(results.read(path), bugs, options.budget)
    if not rows:
        raise builds.Failed(f"{path} has no runs of these bugs with a budget of {options.budget} s: nothing to report")
    clean = results.read(os.path.join(options.out, campaign.CLEAN))
    table = report.Table(rows, bugs, [engine.name for engine in engines.ENGINES])
    text = report.text(table, engines.STRATEGIES, clean, head(options, rows))
    draw(report.plot(table, options.budget), f"{docs}/bugs.svg")
    replace(f"{docs}/bugs-table.md", text)
    results.write(f"{docs}/bugs.csv", sorted(rows, key=lambda row: (row.bug, row.engine, row.seed)))
    if clean:
        results.write(f"{docs}/bugs-clean.csv", clean)
    for what, figure in [*report.goals(table, engines.STRATEGIES), ("findings on the sound core",
                                                                    report.quiet_summary(clean))]:
        print(f"{what}: {figure}")
    print(f"wrote {docs}/bugs-table.md, {docs}/bugs.csv, {docs}/bugs.svg")
    return campaign.say_strange(rows, options)
