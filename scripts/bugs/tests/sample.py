# SPDX-License-Identifier: GPL-2.0-only
"""Made-up bugs and rows for the tests."""
import os

import catalogue
import results

README = """---
linux: {linux}
class: {bug_class}
memory: {memory}
expect: {expect}
---
# It fails

Every time.
"""
PATCH = "--- a/core/mm/x.c\n+++ b/core/mm/x.c\n@@ -1,1 +1,1 @@\n-sound();\n+sim_reached(true);\n"


def bug(folder, name="some-bug", linux="ad53f92eb416", bug_class="race", memory="sc", expect="rule in func",
        patch=PATCH):
    """A folder with a bug in it, read."""
    write(folder, name, README.format(linux=linux, bug_class=bug_class, memory=memory, expect=expect), patch)
    return catalogue.Bug(os.path.join(folder, name))


def write(folder, name, readme, patch=PATCH):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    for file, text in (("README.md", readme), ("bug.patch", patch), ("input.txt", "machine cpus=1\n")):
        with open(os.path.join(folder, name, file), "w", encoding="utf-8") as stream:
            stream.write(text)


def row(bug, engine="pos", seed=1, outcome="detected", cpu=1.0, title="rule in func", executions=100, budget=60,
        **more):
    return results.Row(engine=engine, bug=bug.name if bug else "", bug_class=bug.bug_class if bug else "", seed=seed,
                       outcome=outcome, cpu=cpu, title=title if outcome in ("detected", "other") else "",
                       executions=executions, budget=budget, patch=bug.digest if bug else "",
                       **{"unit": "schedules", "commit": "c0ffee", "tree": "7ee", **more})
