# SPDX-License-Identifier: GPL-2.0-only
"""--check: each folder of stress/bugs is whole, its patch applies, its input proves the bug and nothing else.

A line for each that is not so. Programs of the plain build are asked first; what shows only in the asan build is asked
there.
"""
import os
import subprocess
import tempfile

import builds
from catalogue import Invalid, check_patch

PRESETS = ("plain", "asan")


def replayer(bug, preset):
    """mmreplay_weave runs programs in sequence as well, and has the checks of MM_DEBUG in every build; but in sequence
    nobody there asks AddressSanitizer."""
    return "mmreplay" if preset == "asan" and bug.bug_class == "sequential" else "mmreplay_weave"


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def replay(program, target, path):
    """The title of what fails when the bytes in path are run, None if nothing does."""
    done = subprocess.run([program, "--timeout=30", "--title", "--target", target, path], capture_output=True,
                          text=True, errors="replace")
    if done.returncode not in (0, 1):
        raise Invalid(f"{program} cannot run it: {(done.stderr.splitlines() or ['?'])[-1]}")
    return done.stdout.strip() if done.returncode else None


def assemble(program, bug, path):
    done = subprocess.run([program, "--assemble", bug.path("input.txt"), "-o", path], capture_output=True, text=True)
    if done.returncode:
        raise Invalid(f"input.txt cannot be assembled: {done.stderr.strip()}")


def proven_title(bug, preset):
    """The title by which input.txt fails in this build, None if it does not; raises Invalid if the sound core fails."""
    name = replayer(bug, preset)
    clean, mutant = builds.program(preset, name), builds.program(preset, name, bug)
    if not os.path.exists(mutant):
        raise Invalid(f"the mutant does not build: see build/logs/bugs-build-{preset}.log")
    with tempfile.TemporaryDirectory(prefix="bugs-") as tmp:
        path = os.path.join(tmp, "input")
        assemble(clean, bug, path)
        title = replay(clean, bug.target(), path)
        if title:
            raise Invalid(f"input.txt fails on the core without the bug: {title}")
        return replay(mutant, bug.target(), path)


def check_input(bug, preset):
    """Whether it is proven; raises Invalid if something else is."""
    title = proven_title(bug, preset)
    if title and not bug.expects(title):
        raise Invalid(f"input.txt fails with a title that no expect: matches: {title}")
    return title is not None


def say(results, bug, problem):
    results[bug.name] = problem
    if problem:
        print(f"{bug.name}: {problem}", flush=True)


def check(bugs, problems):
    """Checks bugs; problems: those that could not even be read. Returns {name: problem or None}."""
    results = {}
    for name, problem in problems:
        results[name] = problem
        print(f"{name}: {problem}", flush=True)
    left = []
    for bug in bugs:
        try:
            check_patch(bug)
            left.append(bug)
        except Invalid as problem:
            say(results, bug, str(problem))
    for preset in PRESETS:
        if not left:
            break
        goals = {goal for bug in left for goal in builds.goals([bug], [replayer(bug, preset)], [replayer(bug, preset)])}
        builds.build(preset, sorted(goals), keep_going=True)
        again = []
        for bug in left:
            try:
                if check_input(bug, preset):
                    say(results, bug, None)
                else:
                    again.append(bug)
            except Invalid as problem:
                say(results, bug, str(problem))
        left = again
    for bug in left:
        say(results, bug, f"input.txt does not trigger the bug (builds tried: {', '.join(PRESETS)})")
    return results
