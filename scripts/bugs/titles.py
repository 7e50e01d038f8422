# SPDX-License-Identifier: GPL-2.0-only
"""The title of a finding, from what a program said. Pure functions of text.

The same titles as mmreplay's: RULE in FUNC of the core's own reports, else TOOL: KIND in FUNC of a sanitizer's summary.
"""
import re

REACHED = "mmfuzz: planted bug reached"  # SIM_REACHED_LINE in core/sim/include/sim/bug.h
TIMEOUT = "timeout"
SANITIZER = "Address|UndefinedBehavior|Thread|Leak"

# The first line that any of these match is where something was found.
FOUND = re.compile(rf"mmfuzz: BUG: |ERROR: (?:{SANITIZER})Sanitizer|WARNING: ThreadSanitizer|: runtime error: "
                   r"|ERROR: libFuzzer|mmstress: found \"|mmstress: a worker died")


def of_core(line):
    """Of "mmfuzz: BUG: RULE in FUNC: ..."; two functions where two accesses race."""
    match = re.search(r"mmfuzz: BUG: (.+? in \w+(?: / \w+)?): ", line)
    return match[1] if match else None


def of_summary(line):
    """Of "SUMMARY: TOOL: KIND PLACE in FUNC": the place goes; where no function is known, it stays, without column."""
    match = re.search(rf"SUMMARY: ((?:{SANITIZER})Sanitizer): (.+)", line)
    if not match:
        return None
    if " leaked in " in match[2]:
        return "LeakSanitizer: memory leak"
    place = re.fullmatch(r"(.+?) (?:(\S*/)?(\S+?)(?::(\d+))?(?::\d+)?|\(.*\))(?: in (\S+).*)?\s*", match[2])
    if not place:
        return f"{match[1]}: {match[2].strip()}"
    if place[5]:
        return f"{match[1]}: {place[1]} in {place[5]}"
    where = f" at {place[3]}:{place[4]}" if place[3] and place[4] else ""
    return f"{match[1]}: {place[1]}{where}"


def of_mmstress(line):
    """Of mmstress's own line, where that says more than that there was a sanitizer's report."""
    match = re.search(r'mmstress: found "(.+?)" in ', line)
    if match and match[1] not in ("sanitizer report", "data race"):
        return TIMEOUT if match[1].startswith("timeout in ") else match[1]
    match = re.search(r"mmstress: a worker died of signal (\d+)", line)
    return f"killed by signal {match[1]}" if match else None


def of_libfuzzer(line):
    """Of the engine's own line, where no other says more."""
    if "ERROR: libFuzzer: timeout" in line:
        return TIMEOUT
    match = re.search(r"ERROR: libFuzzer: ([\w -]+)", line)
    return f"libFuzzer: {match[1].strip()}" if match else None


def of_log(lines):
    """The title of the first finding in a program's output, or None. A core's report comes before what follows it."""
    for of in (of_core, of_summary, of_mmstress, of_libfuzzer):
        for line in lines:
            title = of(line)
            if title:
                return title
    return None
