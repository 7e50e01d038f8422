# SPDX-License-Identifier: GPL-2.0-only
"""The engines: how each is started on a mutant, and how what it found is read. One Attempt is one run of one of them.

Each engine is used as a person would use it: from the committed corpus or the built-in scenarios, with the options of
its target. The inputs that prove the bugs (stress/bugs/*/input.txt) are not in the corpus, and corpus/regressions is
left out: inputs that once failed would find again what they have found.
"""
import configparser
import glob
import json
import os
import re
import subprocess

import builds
import titles
from catalogue import MEMORIES, read_text

STRATEGIES = ("random", "pct", "pos", "bounded")
NEGATIVE_BUDGET = 10
LIMITS = ["-rss_limit_mb=2560"]
SYMBOLIZER = "/usr/lib/llvm-19/bin/llvm-symbolizer"
SANITIZER_OPTIONS = ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")
CORE = None  # the sound core, in place of a bug


def environment(**more):
    """Of all programs: functions have names in reports wherever mmfuzz was set up."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AFL_", "MMFUZZ_"))}
    symbolizer = f"external_symbolizer_path={SYMBOLIZER}" if os.path.exists(SYMBOLIZER) else ""
    return {**env, **dict.fromkeys(SANITIZER_OPTIONS, symbolizer), **more}


class Engine:
    """What all engines share.

    weight: how many of --jobs it takes; unit: what its executions are; budget: CPU seconds that it is given at most,
    whatever --budget says; clean: {preset: programs without a bug that it needs}
    """

    weight, unit, budget, clean = 1, "executions", float("inf"), {}

    def __init__(self, name, presets):
        self.name, self.presets = name, presets  # {preset: programs}

    def applies(self, bug):
        return True

    def ends(self):
        """Whether a run may come to an end by itself, with nothing found."""
        return False

    def attempt(self, bug, seed, work):
        """The Attempt to find bug (CORE: the sound core) with this seed; work: an empty folder, absolute."""
        raise NotImplementedError


class Attempt:
    """One run. line() and until() are called while it runs, finish() afterwards; then the results stand in it."""

    def __init__(self, bug, work):
        self.bug, self.work = bug, work
        self.command, self.env = [], environment()
        self.lines, self.found_cpu, self.reached_cpu = [], None, None
        self.title, self.executions, self.artifact = None, None, None

    def line(self, line, cpu):
        """A line of output. When a finding begins is taken now: writing its stacks out takes time of its own."""
        if self.reached_cpu is None and titles.REACHED in line:
            self.reached_cpu = cpu()
        if self.found_cpu is None and titles.FOUND.search(line):
            self.found_cpu = cpu()
        if self.keep(line) and len(self.lines) < 20000:
            self.lines.append(line)

    def keep(self, line):
        return True

    def until(self):
        return False

    def finish(self, ended):
        self.title = titles.of_log(self.lines)
        if not self.title and ended.stuck:
            self.title = titles.TIMEOUT
        if not self.title and ended.why == "exit" and ended.code not in (0, 2):
            self.title = f"exit {ended.code}"

    def replay(self, path, target):
        """Takes the title that the mutant's mmreplay gives to an input, if it fails again."""
        name = "mmreplay_weave" if "weave" in target else "mmreplay"
        done = subprocess.run([os.path.abspath(builds.program("asan", name, self.bug)), "--timeout=30", "--title",
                               "--target", target, path], env=environment(), text=True, capture_output=True,
                              errors="replace")
        if done.returncode == 1 and done.stdout.strip():
            self.title = done.stdout.strip()


def corpus_folders(target, work):
    """An empty one that libFuzzer writes to, and the committed one that it begins from, which must stay as it is. Not a
    copy of it: inputs of the same size are read in the order of the folder, and another order would be another run."""
    folder = os.path.join(work, "corpus")
    os.makedirs(folder)
    return [folder, os.path.abspath(f"corpus/{target}")]


def target_flags(target):
    """Of the target's .options file, as OSS-Fuzz applies them."""
    config = configparser.ConfigParser()
    if not config.read(f"fuzz/targets/{target}.options") or not config.has_section("libfuzzer"):
        return []
    return [f"-{key}={value}" for key, value in config["libfuzzer"].items() if key != "dict"]


class LibFuzzer(Engine):
    """seq and fuzz_weave: a target under ASan and UBSan."""

    def __init__(self, name, target, sequential):
        replayer = "mmreplay_weave" if "weave" in target else "mmreplay"
        super().__init__(name, {"asan": [target, replayer]})
        self.target, self.sequential = target, sequential

    def applies(self, bug):
        """One CPU at a time: nothing races."""
        return not self.sequential or bug is CORE or bug.bug_class == "sequential"

    def attempt(self, bug, seed, work):
        attempt = LibFuzzerAttempt(bug, work)
        attempt.target = self.target
        # -reload=0: else the engine rereads by the clock what it has written, and the seed decides nothing.
        attempt.command = [os.path.abspath(builds.program("asan", self.target, bug)), *LIMITS,
                           *target_flags(self.target), f"-seed={seed}", "-reload=0", "-print_final_stats=1",
                           f"-artifact_prefix={work}/found-", *corpus_folders(self.target, work)]
        return attempt


class LibFuzzerAttempt(Attempt):
    def keep(self, line):
        return not re.match(r"#\d+\s+(NEW|REDUCE|RELOAD|pulse) ", line)

    def finish(self, ended):
        super().finish(ended)
        for line in self.lines:
            match = re.match(r"stat::number_of_executed_units:\s*(\d+)", line)
            if match:
                self.executions = int(match[1])
        found = [path for path in glob.glob(f"{self.work}/found-*") if "/found-slow-" not in path]
        if found:
            self.artifact = found[0]
            if self.title != titles.TIMEOUT:
                self.replay(self.artifact, self.target)


class Afl(Engine):
    """AFL++ with the project's mutator. Its build has no sanitizer: what only ASan sees it does not find."""

    target = "fuzz_weave_memdesc"

    def __init__(self, name):
        super().__init__(name, {"afl": [self.target], "asan": ["mmreplay_weave"]})
        self.clean = {"plain": ["afl_mutator"]}

    def attempt(self, bug, seed, work):
        attempt = AflAttempt(bug, work)
        attempt.target = self.target
        # AFL_DEBUG_CHILD: the target's standard error, which tells that the bug was reached, comes with ours.
        attempt.env = environment(
            AFL_NO_UI="1", AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1",
            AFL_BENCH_UNTIL_CRASH="1", AFL_SKIP_CRASHES="1", AFL_DEBUG_CHILD="1", MMFUZZ_SCHEDULES="1",
            AFL_CUSTOM_MUTATOR_LIBRARY=os.path.abspath("build/plain/bin/afl_mutator.so"))
        for name in SANITIZER_OPTIONS:
            del attempt.env[name]  # AFL++ refuses those that do not suit it
        attempt.command = ["afl-fuzz", "-i", os.path.abspath(f"corpus/{self.target}"), "-o", f"{work}/out",
                           "-m", "none", "-t", "10000", "-s", str(seed), "--",
                           os.path.abspath(builds.program("afl", self.target, bug))]
        return attempt


class AflAttempt(Attempt):
    def saved(self, folder):
        return sorted(glob.glob(f"{self.work}/out/default/{folder}/id:*"))

    def until(self):
        """A seed of the corpus that fails is passed over by AFL++, and an input that hangs is put aside."""
        return self.found_cpu is not None or bool(self.saved("hangs"))

    def finish(self, ended):
        super().finish(ended)
        try:
            text = read_text(f"{self.work}/out/default/fuzzer_stats")
            self.executions = int(re.search(r"^execs_done +: (\d+)", text, re.M)[1])
        except (OSError, TypeError):
            self.executions = None  # it ended before it wrote any
        found = self.saved("crashes") or self.saved("hangs")
        if found:
            self.artifact = found[0]
            self.replay(self.artifact, self.target)


class Strategy(Engine):
    """mmstress on the woven machine, one strategy.

    In the asan build, which has the checks of MM_DEBUG as well: a schedule takes 8 to 15 % more CPU time there than in
    the plain build, schedules and titles are the same, and what only those checks see is found too.

    memory: instead of the strongest model under which the bug shows, for the runs in which it must not
    schedules: of each scenario, instead of as long as the budget lasts
    """

    unit = "schedules"

    def __init__(self, strategy, memory=None, preset="asan", schedules=None):
        super().__init__(f"{strategy}@{memory}" if memory else strategy, {preset: ["mmstress_weave"]})
        self.strategy, self.memory, self.preset, self.schedules = strategy, memory, preset, schedules
        if memory:
            self.budget = NEGATIVE_BUDGET

    def applies(self, bug):
        return not self.memory or (bug is not CORE and self.memory in bug.stronger_memories())

    def ends(self):
        return self.schedules is not None

    def attempt(self, bug, seed, work):
        attempt = StressAttempt(bug, work)
        attempt.count = "schedules"
        memory = self.memory or (bug.memory if bug else MEMORIES[-1])
        length = ["--schedules", str(self.schedules)] if self.schedules else ["--time", "1000h"]
        attempt.command = [os.path.abspath(builds.program(self.preset, "mmstress_weave", bug)), "--machine", "weave",
                           "--strategy", self.strategy, "--memory", memory, "--jobs", "1", "--seed", str(seed), *length,
                           "--json", f"{work}/summary.json", "--save", work]
        return attempt


class Threads(Engine):
    """mmstress on real threads. As many as a person would use, and both cores: so it counts twice."""

    weight, unit = 2, "operations"

    def __init__(self, name, preset):
        super().__init__(name, {preset: ["mmstress"]})
        self.preset = preset

    def attempt(self, bug, seed, work):
        attempt = StressAttempt(bug, work)
        attempt.count = "operations"
        attempt.command = [os.path.abspath(builds.program(self.preset, "mmstress", bug)), "--scenario", "all",
                           "--cpus", "4", "--seed", str(seed), "--time", "1000h", "--json", f"{work}/summary.json",
                           "--save", work]
        return attempt


class StressAttempt(Attempt):
    def finish(self, ended):
        super().finish(ended)
        try:
            with open(f"{self.work}/summary.json", encoding="utf-8") as file:
                self.executions = int(json.load(file)[self.count])
        except (OSError, ValueError, KeyError):
            self.executions = None  # it was killed
        found = glob.glob(f"{self.work}/*.crash")
        if found:
            self.artifact = found[0]


ENGINES = [LibFuzzer("seq", "fuzz_memdesc", True), LibFuzzer("fuzz_weave", "fuzz_weave_memdesc", False),
           Afl("afl_weave"), *(Strategy(strategy) for strategy in STRATEGIES), Threads("stress_asan", "asan"),
           Threads("stress_tsan", "tsan")]
# Runs of weak-memory bugs under models that are too strong for them, in which nothing may be found.
NEGATIVE = [Strategy(strategy, memory) for memory in MEMORIES[:-1] for strategy in STRATEGIES]


def find(name):
    return next((engine for engine in ENGINES + NEGATIVE if engine.name == name), None)
