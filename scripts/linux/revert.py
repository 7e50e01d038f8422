# SPDX-License-Identifier: GPL-2.0-only
"""Known fixes of Linux, taken back (core/linux/reverts): the files that a fix changed are written anew below
build/linux, the tree stays as it is, and of a finished build those steps are done again, into a folder of their own, in
which one of these files or what came of it takes part. Then its input fails there, and passes in the build with the fix.
Must not know what a fix is about.
"""
import fnmatch
import json
import os
import re
import subprocess
import tempfile

import edit
import tree as trees
from errors import Failed

REVERTS = "core/linux/reverts"
KEYS = ("linux", "class", "tree", "expect")
CLASSES = ("sequential", "race")
PROGRAMS = ("fuzz_linux", "fuzz_weave_linux", "mmreplay", "mmreplay_weave", "mmstress", "mmstress_weave")


def names():
    if not os.path.isdir(REVERTS):
        return []
    return sorted(name for name in os.listdir(REVERTS) if os.path.isdir(os.path.join(REVERTS, name)))


class Revert:
    def __init__(self, name):
        self.name, self.folder = name, os.path.join(REVERTS, name)
        if name not in names():
            raise Failed(f"no revert '{name}': there are {', '.join(names()) or 'none'} ({REVERTS})")
        self.operations = edit.parse(self.text("edit"), os.path.join(self.folder, "edit"))
        matter = front_matter(self.text("README.md"), self.folder)
        self.linux, self.tree, self.expect = matter["linux"][0], matter["tree"][0], matter["expect"]
        # A sequential one fails on either machine; in sequence it is the smaller claim.
        woven = matter["class"][0] == "race"
        self.target = "fuzz_weave_linux" if woven else "fuzz_linux"
        self.replayer = "mmreplay_weave" if woven else "mmreplay"

    def text(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                return file.read()
        except OSError:
            raise Failed(f"{self.folder}: {name} is missing") from None

    def expects(self, title):
        return any(fnmatch.fnmatchcase(title, pattern) for pattern in self.expect)

    def shadow(self, tree, folder):
        """Writes the files that it changes to folder, at their places in the tree. [their names]"""
        def read(name):
            text = tree.text(name)
            if not text:
                raise LookupError(f"no file {name}")
            return text
        try:
            texts = edit.edited(self.operations, read)
        except LookupError as error:
            raise Failed(f"{self.name}: Linux {tree.version} does not have it: {error}") from None
        for name, text in texts.items():
            # What points into the file points into the tree's.
            trees.write(os.path.join(folder, name), f'#line 1 "{os.path.join(tree.path, name)}"\n{text}')
        return sorted(texts)


def front_matter(text, name):
    """{key: values} of what stands between two lines of --- ahead of a text."""
    match = re.match(r"---\n(.*?)\n---\n.", text, re.S)
    values = {key: [] for key in KEYS}
    for line in match[1].splitlines() if match else []:
        key, _, value = line.partition(": ")
        if key not in values or not value.strip():
            raise Failed(f"{name}: README.md: '{line}' is none of the keys {', '.join(KEYS)}")
        values[key].append(value.strip())
    for key in KEYS:
        if not values[key] or (key != "expect" and len(values[key]) > 1):
            times = "" if key == "expect" else " once"
            raise Failed(f"{name}: README.md: '{key}: ...' must be there{times}, between ---")
    if values["class"][0] not in CLASSES:
        raise Failed(f"{name}: README.md: class is none of {', '.join(CLASSES)}")
    return values


class Step:
    """A step of a finished build. Its words are paths, or something else that no file has the name of."""
    def __init__(self, base, edge):
        self.output, self.command, self.source = edge["output"], edge["command"], edge["file"]
        self.words = {os.path.normpath(os.path.join(base, word)): word
                      for word in re.findall(r"[^\s'\"=]+", self.command)}


class Variant:
    """A build of base, a build folder of CMake's, with other files of the tree, in out."""
    def __init__(self, base, out, tree, shadow, files):
        self.base, self.out, self.shadow = os.path.abspath(base), os.path.abspath(out), os.path.abspath(shadow)
        self.files = [os.path.join(os.path.realpath(tree), name) for name in files]
        self.tree = tree
        self.done = 0

    def ninja(self, *arguments):
        done = subprocess.run(["ninja", "-C", self.base, "-t", *arguments], capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{self.base}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        return done.stdout

    def changed_objects(self):
        """Outputs of the compiler that one of the files was read for."""
        objects, output = set(), None
        for line in self.ninja("deps").splitlines():
            if line and not line.startswith(" "):
                output = line.split(": #deps")[0]
            elif os.path.realpath(os.path.join(self.base, line.strip())) in self.files:
                objects.add(output)
        return objects

    def steps(self, targets):
        """Those to be done, in order: on the way from a changed object to one of the targets."""
        steps = [Step(self.base, edge) for edge in json.loads(self.ninja("compdb")) if edge["command"]]
        by_output = {os.path.join(self.base, step.output): step for step in steps}
        objects, known = self.changed_objects(), {}

        def needed(path):
            """Whether it is to be made; its steps then are in order."""
            if path in known:
                return known[path]
            known[path] = False
            step = by_output.get(path)
            if step:
                inputs = [needed(word) for word in step.words if word in by_output and word != path]
                known[path] = any(inputs) or step.output in objects
                if known[path]:
                    order.append(step)
            return known[path]
        order = []
        for target in targets:
            if not needed(os.path.join(self.base, "bin", target)):
                raise Failed(f"{target} is not in {self.base}, or nothing of the tree is in it")
        return order

    def place(self, path):
        return os.path.join(self.out, os.path.relpath(path, self.base))

    def note(self, output):
        """Where it is written down how an output was made."""
        return os.path.join(self.out, "commands", os.path.relpath(output, self.out))

    def command(self, step, made):
        """The step's, with the paths of what is made here."""
        words = {word: self.place(path) for path, word in step.words.items()
                 if path in made or path.removesuffix(".d") in made}
        text = re.sub(r"[^\s'\"=]+", lambda match: words.get(match[0], match[0]), step.command)
        if step.output in made.objects:
            source = os.path.realpath(step.source)
            if source in self.files:
                here = os.path.join(self.shadow, os.path.relpath(source, os.path.realpath(self.tree)))
                text = text.replace(f"-c {step.source}", f"-c {here}")
            # Before the tree's own, for what includes the changed file; and what that file has beside it in the tree.
            beside = "".join(f" -iquote {folder}" for folder in sorted({os.path.dirname(file) for file in self.files}))
            text = text.replace(" -nostdinc ", f" -nostdinc -I{self.shadow}/include -I{self.shadow}{beside} ", 1)
        return text

    def build(self, targets):
        order = self.steps(targets)
        made = Made(os.path.join(self.base, step.output) for step in order)
        made.objects = self.changed_objects()
        for step in order:
            command = self.command(step, made)
            output = self.place(os.path.join(self.base, step.output))
            if self.is_new(output, command, step, made):
                continue
            os.makedirs(os.path.dirname(output), exist_ok=True)
            done = subprocess.run(command, shell=True, cwd=self.base, capture_output=True, text=True, errors="replace")
            if done.returncode:
                lines = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line] or ["no message"]
                raise Failed(f"{os.path.relpath(output)}: {lines[0]}")
            trees.write(self.note(output), command)
            self.done += step.output in made.objects
        return self.done

    def is_new(self, output, command, step, made):
        """The same command has made it, of what has not changed since."""
        try:
            with open(self.note(output), encoding="utf-8") as file:
                if file.read() != command:
                    return False
            age = os.stat(output).st_mtime
            inputs = [self.place(path) if path in made else path for path in step.words]
            inputs += [os.path.join(self.base, step.output)]
            if step.output in made.objects:
                inputs += [os.path.join(folder, name) for folder, _, names in os.walk(self.shadow) for name in names]
            return all(os.stat(path).st_mtime <= age for path in inputs if os.path.isfile(path) and path != output)
        except OSError:
            return False


class Made(set):
    """Paths in the base that this build has of its own; objects: those of the compiler."""


def build(tree, folder, preset, name, targets, only_prove=False):
    """Returns the folder of the build of which one fix is taken back. only_prove: with what prove() asks for only."""
    revert = Revert(name)
    top = f"{folder}-{name}"
    shadow = os.path.join(top, "tree")
    files = revert.shadow(tree, shadow)
    out = os.path.join(top, preset)
    variant = Variant(os.path.join(folder, preset), out, tree.path, shadow, files)
    # Not every preset has an engine for the fuzz targets.
    all_programs = [name for name in PROGRAMS if os.path.exists(os.path.join(folder, preset, "bin", name))]
    count = variant.build(targets or ([revert.replayer] if only_prove else all_programs))
    print(f"{name} {preset}: {count} files compiled, programs are in {out}/bin", flush=True)
    return out


def title_of(revert, out):
    """How its input fails in the build in out; None: it does not."""
    program = os.path.join(out, "bin", revert.replayer)
    with tempfile.TemporaryDirectory(prefix="revert-") as tmp:
        path = os.path.join(tmp, "input")
        for arguments in (["--assemble", os.path.join(revert.folder, "input.txt"), "-o", path],
                          ["--target", revert.target, "--title", path]):
            done = subprocess.run([program, *arguments], capture_output=True, text=True, errors="replace")
            if done.returncode not in (0, 1):
                raise Failed(f"{program}: {(done.stderr.splitlines() or ['it ended without a word'])[-1]}")
    return done.stdout.strip() if done.returncode else None


def prove(version, sound, outs):
    """Replays the inputs made for this tree: all in the sound build, and those of outs, {name: build}, where their fix
    is taken back. Returns how many of these did not do as they should."""
    wrong = 0
    for name in names():
        revert = Revert(name)
        if not fnmatch.fnmatchcase(version, revert.tree):
            print(f"{name}: its input is for Linux {revert.tree}")
            continue
        title = title_of(revert, sound)
        if title:
            print(f"{name}: its input fails with the fix too: {title}")
            wrong += 1
        elif name in outs:
            title = title_of(revert, outs[name])
            right = title is not None and revert.expects(title)
            print(f"{name}: {'proved' if right else 'not proved'}: {title or 'its input does not fail'}", flush=True)
            wrong += not right
        else:
            print(f"{name}: passes with the fix", flush=True)
    return wrong
