#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes one relocatable object of the kernel's: what the door (gate.h) does not reach is thrown out, what is still asked
for and nobody answers becomes a function that ends in a finding with its name, and all names but the door's turn local.
"""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# What the project and the compiler's runtimes have. Everything else has to be answered in core/linux/kernel.
OURS = re.compile(r"^(gate_|mmfuzz_|sim_|weave_|__start_mmfuzz|__stop_mmfuzz|__start___sanc|__stop___sanc|__tsan_|__asan_|"
                  r"__ubsan_|__sanitizer_|__sancov|_GLOBAL_|mem(cpy|set|move|cmp)$)")
# What the compiler makes of plain accesses for ThreadSanitizer goes to host/tsan.c.
PLAIN = re.compile(r"^__tsan_(?:unaligned_|volatile_)?(?:read|write)\d+$")
# Sections are thrown out of objects that nobody reaches, but for those of the compiler's runtimes.
DATA = ("R_X86_64_GOTPCREL", "R_X86_64_REX_GOTPCRELX", "R_X86_64_GOTPCRELX", "R_AARCH64_LD64_GOT_LO12_NC")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "multiple definition" in line or "error" in line]
        sys.exit("link.py: " + "\n".join(lines[:5] or done.stderr.splitlines()[:5]))
    return done.stdout


def door():
    """What gate.h declares for kernel/ to define."""
    with open(os.path.join(HERE, "gate.h"), encoding="utf-8") as file:
        text = file.read()
    kernel = text[text.index("/* kernel/"):text.index("/* host/")]
    return re.findall(r"\b(gate_\w+)\(", kernel)


def unanswered(path):
    """{symbol: whether it is data} of what the object refers to and nobody has."""
    wanted = {}
    for line in run("readelf", "-rW", path).splitlines():
        words = line.split()
        if len(words) >= 5 and words[2].startswith("R_"):
            wanted.setdefault(words[4], set()).add(words[2])
    undefined = {line.split()[-1] for line in run("nm", "-u", path).splitlines()}
    return {symbol: kinds <= set(DATA) for symbol, kinds in wanted.items()
            if symbol in undefined and not OURS.search(symbol)}


def check_initcalls(objects):
    """The linker takes them by the names of files, and is silent where there is no such file: the call would never come."""
    with open(os.path.join(HERE, "kernel.lds"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        keep = re.search(r"KEEP\(\*(\S+\.o)\((\.initcall\S+)\)\)(.*)", line)
        if not keep:
            continue
        name, section, comment = keep.groups()
        of_name = [path for path in objects if path.endswith(name)]
        if not any(re.search(rf"\s{re.escape(section)}\s", run("readelf", "-SW", path)) for path in of_name) and \
           not ("where the tree has it" in comment and not of_name):
            sys.exit(f"core/linux/kernel.lds:{number}:1: error: {section} of {name} is in no object: that call would be lost")


def report(path, missing):
    """A line of how many are unanswered, and all of them in a file."""
    data = sorted(symbol for symbol, is_data in missing.items() if is_data)
    functions = sorted(symbol for symbol, is_data in missing.items() if not is_data)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(f"function {symbol}\n" for symbol in functions))
        file.write("".join(f"data {symbol}\n" for symbol in data))
    if functions:
        print(f"mmfuzz: {len(functions)} functions that core/linux/kernel does not answer end in a finding: {path}")
    if data:
        print(f"mmfuzz: data of the kernel's that reads 0, for want of a file: {' '.join(data)}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cc", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--tsan", action="store_true", help="plain accesses call mmfuzz_tsan_* of host/tsan.c")
    options.add_argument("--races", action="store_true", help="data_race() has to call arch/include/asm/races.h's functions")
    options.add_argument("objects", nargs="+")
    options = options.parse_args()
    check_initcalls(options.objects)
    roots = door()
    whole, stubs = options.out + ".whole.o", options.out + ".stubs"
    run("ld", "-r", "-z", "noexecstack", "--gc-sections", *(f"--undefined={root}" for root in roots), "-T",
        os.path.join(HERE, "kernel.lds"), "-o", whole, *options.objects)
    if options.races and not re.search(r"\bU mmfuzz_races_off$", run("nm", "-u", whole), re.M):
        sys.exit("core/linux/arch/include/asm/races.h:1:1: error: this tree's data_race() does not call what is there")
    missing = unanswered(whole)
    with open(stubs + ".c", "w", encoding="utf-8") as file:
        file.write("void mmfuzz_unanswered(const char *name);\n")
        for symbol, data in sorted(missing.items()):
            if data:
                file.write(f"__attribute__((weak)) char {symbol}[4096];\n")
            else:
                file.write(f'__attribute__((weak)) void {symbol}(void) {{ mmfuzz_unanswered("{symbol}"); }}\n')
    run(options.cc, "-O1", "-fPIE", "-w", "-c", "-o", stubs + ".o", stubs + ".c")
    run("ld", "-r", "-z", "noexecstack", "-o", options.out, whole, stubs + ".o")
    called = {line.split()[-1] for line in run("nm", "-u", options.out).splitlines()} if options.tsan else ()
    run("objcopy", *(f"--keep-global-symbol={root}" for root in roots),
        *(f"--redefine-sym={name}={name.replace('__', 'mmfuzz_', 1)}" for name in called if PLAIN.match(name)), options.out)
    report(options.out + ".unanswered", missing)


if __name__ == "__main__":
    main()
