# SPDX-License-Identifier: GPL-2.0-only
"""Builds by CMake, with progress, and what identifies the sources that were measured."""
import hashlib
import os
import re
import subprocess
import sys
import time

# Whoever changes one of these changes what is measured. The bugs' patches have digests of their own.
MEASURED = ("CMakeLists.txt", "CMakePresets.json", "weave.cmake", "core", "fuzz", "stress", "corpus/fuzz_memdesc",
            "corpus/fuzz_weave_memdesc")
NOT_MEASURED = re.compile(r"^stress/bugs/|(^|/)tests/|\.md$")


class Failed(Exception):
    """The environment is at fault: one line."""


def git(*args):
    try:
        done = subprocess.run(["git", *args], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"git {args[0]} failed: bugs.sh needs a git checkout") from error
    return done.stdout


def commit():
    """The commit, and -dirty if something that is measured is not as it says."""
    name = git("rev-parse", "--short=12", "HEAD").decode().strip()
    changed = git("status", "--porcelain", "-z", "--", *MEASURED).decode().split("\0")
    return name + ("-dirty" if any(line and not NOT_MEASURED.search(line[3:]) for line in changed) else "")


def tree():
    """A digest of all that is measured, committed or not."""
    digest = hashlib.sha1()
    files = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *MEASURED).decode().split("\0")
    for path in sorted(set(files)):
        if path and not NOT_MEASURED.search(path) and os.path.isfile(path):
            with open(path, "rb") as file:
                digest.update(path.encode() + b"\0" + hashlib.sha1(file.read()).digest())
    return digest.hexdigest()[:12]


def program(preset, name, bug=None):
    return f"build/{preset}/bugs/{bug.name}/{name}" if bug else f"build/{preset}/bin/{name}"


def goals(bugs, programs, clean):
    """CMake's targets: programs of each mutant, and the sound ones."""
    return [f"bug_{bug.name}_{name}" for bug in bugs for name in programs] + list(clean)


class Progress:
    """ninja's [3/40] as a line that is rewritten on a terminal, and said now and then elsewhere."""

    def __init__(self, preset):
        self.preset, self.said, self.tty = preset, time.monotonic(), sys.stdout.isatty()
        print(f"building {preset} ...", end="" if self.tty else "\n", flush=True)

    def line(self, line):
        match = re.match(r"\[(\d+)/(\d+)\]", line)
        now = time.monotonic()
        if not match or now - self.said < (0.2 if self.tty else 15):
            return
        self.said = now
        text = f"building {self.preset}: {match[1]} of {match[2]}"
        print(f"\r{text}   " if self.tty else text, end="" if self.tty else "\n", flush=True)

    def end(self):
        if self.tty:
            print(f"\rbuilding {self.preset}: done{' ' * 20}", flush=True)


def run_logged(command, log, each):
    log.write(" ".join(command) + "\n")
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   text=True, errors="replace")
    except FileNotFoundError as error:
        raise Failed(f"{command[0]} is missing: run scripts/setup.sh") from error
    with process:
        try:
            for line in process.stdout:
                log.write(line)
                each(line)
        except BaseException:
            process.terminate()
            raise
    return process.returncode


def build(preset, targets, keep_going=False):
    """Returns whether all was built; raises Failed if not, unless keep_going."""
    os.makedirs("build/logs", exist_ok=True)
    path = f"build/logs/bugs-build-{preset}.log"
    progress = Progress(preset)
    with open(path, "w", encoding="utf-8") as log:
        status = run_logged(["cmake", "--preset", preset], log, progress.line)
        if status:
            raise Failed(f"cmake --preset {preset} failed, see {path}")
        command = ["cmake", "--build", "--preset", preset, "--target", *targets]
        status = run_logged(command + ["--", "-k", "0"] if keep_going else command, log, progress.line)
    progress.end()
    if status and not keep_going:
        with open(path, encoding="utf-8", errors="replace") as log:
            sys.stderr.write("".join(log.readlines()[-15:]))
        raise Failed(f"the {preset} build failed, see {path}")
    return status == 0
