# SPDX-License-Identifier: GPL-2.0-only
"""Runs CMake on a prepared tree, and says what a tree lacks where it cannot be compiled."""
import os
import re
import subprocess

from errors import Failed


def explain(text):
    """The first error of a compiler or linker in ninja's output, as one line that says where to answer it."""
    error = re.search(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$", text, re.M)
    if not error:
        twice = re.search(r"\(\S*\): multiple definition of `(\w+)'; (\S+?)\.o:", text)
        if twice:
            return (f"{twice[1]} is defined by {os.path.basename(twice[2])} too: "
                    "make it __weak in core/linux/kernel, or probe for it in core/linux/features")
        lines = [line for line in text.splitlines() if "error" in line.lower()] or text.splitlines()[-1:]
        return lines[0].strip() if lines else "no message"
    path, line, message = error.groups()
    answer = "the tree's own fault, or what it expects of an architecture: core/linux/arch"
    if "/core/linux/kernel/" in path:
        answer = "a prototype that this tree has otherwise: probe it in core/linux/features"
    return f"{path}:{line}: {message} ({answer})"


def build(folder, preset, targets):
    out = os.path.join(folder, preset)
    done = subprocess.run(["cmake", "--preset", preset, "-B", out, f"-DMMFUZZ_LINUX={os.path.abspath(folder)}"],
                          capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise Failed(f"cmake on {folder}: {explain(done.stderr)}")
    print(f"building {preset} ...", flush=True)
    done = subprocess.run(["cmake", "--build", out, "--target", *(targets or ["linux"])], capture_output=True, text=True,
                          errors="replace")
    if done.returncode:
        raise Failed(f"{preset}: {explain(done.stdout + done.stderr)}")
    compiled = len(re.findall(r"^\[\d+/\d+\] Building C object ", done.stdout, re.M))
    print(f"{preset}: {compiled} files compiled")
    for line in done.stdout.splitlines():
        if line.startswith("mmfuzz: "):
            print(line[len("mmfuzz: "):])
