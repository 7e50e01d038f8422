#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The inner part of bugs.sh: options, and which part of the work they ask for."""
import argparse
import os
import re
import signal
import sys

import builds
import campaign
import catalogue
import check
import engines
import publish
import short
import tree


def fail(message):
    print("bugs.sh: " + message, file=sys.stderr)
    sys.exit(2)


class Options(argparse.ArgumentParser):
    def error(self, message):
        fail(message + " (see scripts/bugs.sh --help)")


def seconds(text):
    match = re.fullmatch(r"(\d+)([smh]?)", text)
    value = int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time: say 60, 60s, 5m or 1h")
    return value


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)


def parser():
    names = ", ".join(engine.name for engine in engines.ENGINES)
    options = Options(prog="scripts/bugs.sh", description="Measures what each engine needs to find each planted bug.",
                      epilog="Exit 0: as it should be. 1: something to look into. 2: could not run, or interrupted.")
    options.add_argument("--engine", action="append", metavar="E", help=f"only this one; may be repeated: {names}")
    options.add_argument("--bug", action="append", metavar="B", help="only this one; may be repeated, see --list")
    options.add_argument("--budget", type=seconds, default=60, metavar="T",
                         help="CPU time that a run may take: 60, 60s, 5m, 1h (default 60s)")
    options.add_argument("--seeds", type=positive, default=5, metavar="N",
                         help="runs of each: seeds 1 to N (default 5)")
    options.add_argument("--until-decided", action="store_true",
                         help="no more runs of an engine on a bug when so many have missed it that the median is never")
    options.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="N",
                         help="cores to use (default: all)")
    options.add_argument("--out", default="build/bugs", metavar="DIR", help="where results go (default build/bugs)")
    options.add_argument("--resume-anyway", action="store_true",
                         help="take results of other sources for results of these")
    mode = options.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true",
                      help="only: folders whole, patches apply, inputs prove their bugs")
    mode.add_argument("--short", action="store_true",
                      help="only: --check, and whether one strategy finds each bug in a few schedules; for test.sh")
    mode.add_argument("--clean", action="store_true",
                      help="the engines on the core without a bug, where they must find nothing")
    mode.add_argument("--report", action="store_true",
                      help="only: write docs/bugs-table.md, bugs.csv and bugs.svg from the results")
    mode.add_argument("--list", action="store_true", help="only: the bugs and what they are")
    return options


def parse(argv=None):
    options = parser().parse_args(argv)
    for name in options.engine or []:
        if not engines.find(name):
            fail(f"no engine '{name}': there are {', '.join(engine.name for engine in engines.ENGINES)}")
    return options


def load(options):
    bugs, problems = catalogue.load(options.bug)
    for name in options.bug or []:
        if name not in [bug.name for bug in bugs] + [name for name, _ in problems]:
            fail(f"no bug '{name}': see scripts/bugs.sh --list")
    return bugs, problems


def list_bugs(bugs, problems):
    for bug in bugs:
        print(f"{bug.name:32} {bug.bug_class:10} {bug.memory:4} {' '.join(bug.linux)}")
    for name, problem in problems:
        print(f"{name:32} {problem}")
    return 1 if problems else 0


def run_check(bugs, problems):
    results = check.check(bugs, problems)
    bad = sum(problem is not None for problem in results.values())
    print(f"{len(results) - bad} of {len(results)} bugs proved")
    return 1 if bad else 0


def measure(options, bugs):
    chosen = [engines.find(name) for name in options.engine] if options.engine else engines.ENGINES + engines.NEGATIVE
    if options.clean:
        return campaign.measure(options, [engines.CORE], chosen, campaign.CLEAN)
    return campaign.measure(options, bugs, chosen)


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    options = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # also ends what is being built
    bugs, problems = load(options)
    tree.no_core_files()
    try:
        if options.list:
            return list_bugs(bugs, problems)
        if options.check:
            return run_check(bugs, problems)
        tree.adopt_orphans()
        if options.short:
            return short.short(bugs, problems, options.jobs, not options.bug)
        if problems:
            fail("{}: {} (see scripts/bugs.sh --check)".format(*problems[0]))
        if options.report:
            return publish.publish(options, bugs)
        return measure(options, bugs)
    except builds.Failed as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted")
    except OSError as error:
        fail(f"cannot use {error.filename}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
