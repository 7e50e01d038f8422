# SPDX-License-Identifier: GPL-2.0-only
"""The planted bugs: reads the folders of stress/bugs and says what is wrong with one. Runs nothing of mmfuzz."""
import fnmatch
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

FOLDER = "stress/bugs"
CLASSES = ("sequential", "race", "weak")
MEMORIES = ("sc", "tso", "lkmm")  # from the strongest model to the weakest
KEYS = ("linux", "class", "memory", "expect")
FILES = ("README.md", "bug.patch", "input.txt")


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Invalid(Exception):
    """What is wrong with a bug's folder, in one line."""


class Bug:
    """One folder of stress/bugs."""

    def __init__(self, folder, name=None):
        self.folder, self.name = folder, name or os.path.basename(folder)
        for file in FILES:
            if not os.path.isfile(self.path(file)):
                raise Invalid(f"{file} is missing")
        matter = front_matter(read_text(self.path("README.md")))
        self.linux, self.expect = matter["linux"], matter["expect"]
        self.bug_class, self.memory = matter["class"], matter["memory"]
        # What a measurement depends on: a pattern or a sentence may be mended without measuring again.
        with open(self.path("bug.patch"), "rb") as patch:
            self.digest = hashlib.sha1(patch.read()).hexdigest()[:8]

    def path(self, file):
        return os.path.join(self.folder, file)

    def expects(self, title):
        return any(fnmatch.fnmatchcase(title, pattern) for pattern in self.expect)

    def target(self):
        """The fuzz target that proves it."""
        return "fuzz_memdesc" if self.bug_class == "sequential" else "fuzz_weave_memdesc"

    def stronger_memories(self):
        """The models under which it must not show."""
        return MEMORIES[:MEMORIES.index(self.memory)]


def front_matter(text):
    """The keys between the --- lines; linux and expect have one value a line."""
    match = re.match(r"---\n(.*?)\n---\n(.+)", text, re.S)
    if not match:
        raise Invalid("README.md: no front matter between two lines of ---, with a text behind it")
    values = {key: [] for key in KEYS}
    for line in match[1].splitlines():
        pair = re.fullmatch(r"(\w+): +(\S.*?)\s*", line)
        if not pair or pair[1] not in values:
            raise Invalid(f"README.md: '{line}' is none of the keys {', '.join(KEYS)}")
        values[pair[1]].append(pair[2])
    for key in KEYS:
        if not values[key] or (len(values[key]) > 1 and key in ("class", "memory")):
            raise Invalid(f"README.md: {key}: must be there{' once' if key in ('class', 'memory') else ''}")
    matter = {**values, "class": values["class"][0], "memory": values["memory"][0]}
    matter["linux"] = [word for line in values["linux"] for word in re.split(r"[ ,]+", line)]
    check_values(matter)
    return matter


def check_values(matter):
    if matter["class"] not in CLASSES:
        raise Invalid(f"README.md: class: '{matter['class']}' is none of {', '.join(CLASSES)}")
    if matter["memory"] not in MEMORIES:
        raise Invalid(f"README.md: memory: '{matter['memory']}' is none of {', '.join(MEMORIES)}")
    if (matter["class"] == "weak") != (matter["memory"] != "sc"):
        raise Invalid(f"README.md: class {matter['class']} with memory {matter['memory']}: weak ones, and no others, "
                      "need a memory model weaker than sc")
    for commit in matter["linux"]:
        if commit != "-" and not re.fullmatch(r"[0-9a-f]{12,40}", commit):
            raise Invalid(f"README.md: linux: '{commit}' is no hash of at least 12 digits, nor -")
    for pattern in matter["expect"]:
        if not re.search(r"[A-Za-z]{3}", pattern):
            raise Invalid(f"README.md: expect: '{pattern}' would match anything")


def load(names=None, folder=None):
    """The bugs, by name, and what is wrong with the others: ([Bug], [(name, problem)])."""
    folder = folder or FOLDER
    bugs, problems = [], []
    for name in sorted(os.listdir(folder)):
        if not os.path.isdir(os.path.join(folder, name)) or (names and name not in names):
            continue
        try:
            bugs.append(Bug(os.path.join(folder, name)))
        except Invalid as problem:
            problems.append((name, str(problem)))
    return bugs, problems


def check_patch(bug, core="core/mm"):
    """Raises Invalid unless the patch changes core/mm only, and applies to it exactly."""
    text = read_text(bug.path("bug.patch"))
    changed = re.findall(r"^\+\+\+ (\S+)", text, re.M)
    wrong = [path for path in changed if not path.startswith("b/core/mm/")]
    if not changed or wrong:
        raise Invalid(f"bug.patch changes {wrong[0] if wrong else 'nothing'}: it must be a diff of b/core/mm/...")
    if "sim_reached(" not in text:
        raise Invalid("bug.patch does not say where it does harm: no sim_reached()")
    with tempfile.TemporaryDirectory(prefix="bugs-") as tmp:
        shutil.copytree(core, os.path.join(tmp, "core/mm"), ignore=shutil.ignore_patterns("tests"))
        done = subprocess.run(["patch", "-p1", "--fuzz=0", "--batch", "--dry-run", "-d", tmp,
                               "-i", os.path.abspath(bug.path("bug.patch"))], capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        said = next((line for line in lines if "FAILED" in line), lines[0] if lines else "?")
        raise Invalid(f"bug.patch does not apply to core/mm any more: {said.strip()}")
