# SPDX-License-Identifier: GPL-2.0-only
"""What the rows say: figures, the tables of docs/bugs-table.md, the plot. Measures nothing.

A run that did not find its bug counts as one that takes for ever: so a median is a figure only if more than half of the
runs found it, and no engine looks better for giving up.
"""
import itertools
import math
import statistics

import results

NEVER = math.inf
# Of the plot's lines, in the order of the engines: as different as nine can be.
COLOURS = ("#7f7f7f", "#d62728", "#ff7f0e", "#9edae5", "#1f77b4", "#2ca02c", "#17becf", "#e377c2", "#9467bd")


def current(rows, bugs):
    """The rows of these bugs as they are now, of the largest budget of each engine and bug; judged by the titles that are
    expected now."""
    known = {bug.name: bug for bug in bugs}
    largest, kept = {}, []
    for row in rows:
        if row.bug in known and row.patch == known[row.bug].digest:
            pair = row.engine, row.bug
            largest[pair] = max(row.budget, largest.get(pair, 0))
    for row in rows:
        bug = known.get(row.bug)
        if bug and row.patch == bug.digest and row.budget == largest[row.engine, row.bug]:
            if row.outcome != "error":
                row.outcome = results.judge(bug, row.title, row.reached)
            row.bug_class = bug.bug_class
            kept.append(row)
    return kept


def budgets(rows):
    """[(CPU seconds, "what they were given to")], the most usual one last."""
    whom = {}
    for row in rows:
        if "@" not in row.engine:
            whom.setdefault(row.budget, {}).setdefault(row.engine, set()).add(row.bug)
    usual = {}
    for budget, engines in whom.items():
        for engine, bugs in engines.items():
            if len(bugs) > len(usual.get(engine, (0, ()))[1]):
                usual[engine] = budget, bugs
    texts = []
    for budget in sorted(whom, reverse=True):
        parts = [engine if usual[engine][0] == budget else f"{engine} on {', '.join(sorted(bugs))}"
                 for engine, bugs in whom[budget].items()]
        texts.append((budget, ", ".join(parts)))
    return texts


class Cell:
    """The runs of one engine on one bug."""

    def __init__(self, rows):
        self.rows = rows
        self.found = [row for row in rows if row.outcome == "detected"]
        self.reached = any(row.reached is not None for row in rows)
        self.cpu = self.of(lambda row: row.cpu)
        self.executions = self.of(lambda row: row.executions if row.executions is not None else NEVER)

    def of(self, value):
        return sorted(value(row) if row.outcome == "detected" else NEVER for row in self.rows)

    def median_cpu(self):
        return statistics.median_high(self.cpu) if self.rows else NEVER

    def median_executions(self):
        return statistics.median_high(self.executions) if self.rows else NEVER

    def show(self, values, form):
        """"median (least-most)", and n/m where only n of m runs found it."""
        if not self.rows:
            return ""
        if any(row.outcome in ("other", "error") for row in self.rows):
            return "*to look into*"
        if not self.found:
            return "*reached*" if self.reached else "-"
        median = statistics.median_high(values)
        finite = [value for value in values if value != NEVER]
        if not finite:
            return "?"
        text = f"**{form(median)}**" if median != NEVER else "never"
        if len(values) > 1:
            text += f" ({form(finite[0])}-{form(finite[-1])})"
        return text + (f" {len(self.found)}/{len(self.rows)}" if len(self.found) < len(self.rows) else "")


class Table:
    """Cells by bug and engine."""

    def __init__(self, rows, bugs, engines):
        """engines: names, in the order of columns."""
        self.bugs, self.rows = bugs, rows
        by_key = {}
        for row in rows:
            by_key.setdefault((row.bug, row.engine), []).append(row)
        self.engines = [name for name in engines if any(key[1] == name for key in by_key)]
        self.cells = {(bug.name, engine): Cell(by_key.get((bug.name, engine), [])) for bug in bugs for engine in
                      dict.fromkeys([*engines, *(key[1] for key in by_key)])}

    def cell(self, bug, engine):
        return self.cells.get((bug.name, engine)) or Cell([])

    def of_class(self, *classes):
        return [bug for bug in self.bugs if bug.bug_class in classes]

    def medians(self, engine, bugs):
        """Median CPU seconds of the bugs that the engine was run on."""
        cells = [self.cell(bug, engine) for bug in bugs]
        return [cell.median_cpu() for cell in cells if cell.rows]

    def found_by_any(self, bug, engines):
        return any(self.cell(bug, engine).found for engine in engines)


def number(value):
    """In three digits."""
    if value == NEVER:
        return "never"
    if value >= 1e6:
        return f"{value / 1e6:.3g} M" if value < 1e9 else f"{value / 1e9:.3g} G"
    if value >= 1e4:
        return f"{value / 1e3:.3g} k"
    return f"{value:,}"


def cpu_seconds(value):
    if value == NEVER:
        return "never"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def share(part, whole):
    return f"{part} of {whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")


def within(medians, limit):
    return share(sum(value <= limit for value in medians), len(medians))


def ratios(table, engine, other, bugs):
    """By how many times engine is faster than other, for each bug that both find in the median."""
    pairs = [(table.cell(bug, engine).median_cpu(), table.cell(bug, other).median_cpu()) for bug in bugs]
    return sorted(slow / max(fast, 0.01) for fast, slow in pairs if NEVER not in (fast, slow))


def markdown(rows):
    """A Markdown table; the first row is its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def engine_table(table):
    rows = [["engine", "bugs run", "found in the median", "in some run", "median CPU s", "median executions",
             "reached only"]]
    for engine in table.engines:
        cells = [table.cell(bug, engine) for bug in table.bugs if table.cell(bug, engine).rows]
        usual = [cell for cell in cells if cell.median_cpu() != NEVER]
        rows.append([engine, str(len(cells)), str(len(usual)), str(sum(bool(cell.found) for cell in cells)),
                     cpu_seconds(statistics.median(cell.median_cpu() for cell in usual)) if usual else "",
                     number(round(statistics.median(cell.median_executions() for cell in usual))) if usual else "",
                     str(sum(cell.reached and not cell.found for cell in cells))])
    return markdown(rows)


def bug_table(table, bugs, show):
    engines = [engine for engine in table.engines if any(table.cell(bug, engine).rows for bug in bugs)]
    rows = [["bug", *engines]]
    rows += [[f"[{bug.name}](../{bug.folder}/README.md)", *(show(table.cell(bug, engine)) for engine in engines)]
             for bug in bugs]
    return markdown(rows)


def names(bugs):
    return ", ".join(bug.name for bug in bugs) or "none"


def goals(table, strategies):
    """The figures that the benchmark is there for: [(what, figure)]."""
    race, sequential, weak = table.of_class("race"), table.of_class("sequential"), table.of_class("weak")
    fuzz = table.medians("fuzz_weave", race)
    tsan = [bug for bug in race if table.cell(bug, "stress_tsan").rows]
    lines = [("bugs found by some engine", share(sum(table.found_by_any(bug, table.engines) for bug in table.bugs),
                                                 len(table.bugs))),
             ("race bugs that fuzz_weave finds within 60 CPU s (median)", within(fuzz, 60)),
             ("race bugs that fuzz_weave finds within 5 CPU s (median)", within(fuzz, 5)),
             ("sequential bugs that seq finds within 30 CPU s (median)", within(table.medians("seq", sequential), 30))]
    lines += [(f"weak-memory bugs that {engine} finds within 60 CPU s (median)",
               within(table.medians(engine, weak), 60)) for engine in strategies if table.medians(engine, weak)]
    negative = [row for row in table.rows if "@" in row.engine]
    lines.append(("runs under a memory model too strong for the bug in which it was found all the same",
                  share(sum(row.outcome != "missed" and row.outcome != "reached" for row in negative), len(negative))))
    for engine in ["fuzz_weave", *strategies]:
        faster = ratios(table, engine, "stress_tsan", race)
        if faster:
            lines.append((f"{engine} against stress_tsan, CPU s, median of the {len(faster)} race bugs that both find",
                          f"{statistics.median(faster):.3g} times as fast"))
    lines.append(("race bugs that stress_tsan does not find (median)",
                  names([bug for bug in tsan if table.cell(bug, "stress_tsan").median_cpu() == NEVER])
                  if tsan else "not run"))
    return lines


def missed(table):
    """What each engine does not find in the median."""
    lines = []
    for engine in table.engines:
        parts = []
        for bug in table.bugs:
            cell = table.cell(bug, engine)
            if cell.rows and cell.median_cpu() == NEVER:
                found = f" ({len(cell.found)}/{len(cell.rows)})" if cell.found else " (reached)" if cell.reached else ""
                parts.append(bug.name + found)
        lines.append(f"- **{engine}**: {', '.join(parts) or 'none'}")
    return "\n".join(lines)


def quiet_summary(rows):
    """Of the runs on the sound core."""
    if not rows:
        return "not run"
    found = [row for row in rows if row.outcome != "quiet"]
    by_engine = {}
    for row in rows:
        by_engine.setdefault(row.engine, []).append(row.cpu)
    spent = ", ".join(f"{engine} {sum(cpu) / 60:.0f} min" for engine, cpu in by_engine.items())
    return f"{len(found)} findings in {len(rows)} runs (CPU time: {spent})"


def text(table, strategies, clean, head):
    """docs/bugs-table.md. head: how it was made, in lines."""
    parts = ["# The bug benchmark: results", *head,
             "![bugs found over CPU time](bugs.svg)",
             "## What it is to reach", markdown([["", ""], *goals(table, strategies),
                                                 ("findings on the sound core", quiet_summary(clean))]),
             "## Engines", engine_table(table)]
    for title, show in (("CPU seconds", lambda cell: cell.show(cell.cpu, cpu_seconds)),
                        ("Executions", lambda cell: cell.show(cell.executions, number))):
        for bug_class in ("sequential", "race", "weak"):
            bugs = table.of_class(bug_class)
            if bugs:
                parts += [f"## {title}: {bug_class} bugs", bug_table(table, bugs, show)]
    parts += ["## Not found in the median", missed(table)]
    return "\n\n".join(parts) + "\n"


def curve(medians, least, budget):
    """Points of a staircase: how many bugs are found after so many CPU seconds."""
    finite = sorted(value for value in medians if value <= budget)
    points = [(least, 0)]
    for count, value in enumerate(finite, 1):
        points.append((max(value, least), count))
    return points + [(budget, len(finite))]


def plot(table, budget, least=0.05):
    """A gnuplot script, with its data."""
    data, lines = [], []
    for engine, colour in zip(table.engines, itertools.cycle(COLOURS)):
        medians = table.medians(engine, table.bugs)
        points = curve(medians, least, budget)
        data.append(f"${engine} << EOD\n" + "".join(f"{x:.3f} {y}\n" for x, y in points) + "EOD\n")
        lines.append(f'${engine} using 1:2 with steps lw 2 lc rgb "{colour}" title "{engine.replace("_", " ")}: '
                     f'{points[-1][1]} of {len(medians)}"')
    return "\n".join(data) + f"""
set terminal svg size 900,560 font "sans-serif,13" background "white"
set logscale x
set xrange [{least}:{budget}]
set yrange [0:{len(table.bugs) + 1}]
set format x "%g"
set xlabel "CPU seconds (logarithmic)"
set ylabel "bugs found (median of the seeds)"
set grid
set key outside right top reverse Left samplen 3
plot {", ".join(lines)}
"""
