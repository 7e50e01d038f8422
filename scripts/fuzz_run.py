#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The inner part of fuzz.sh: builds, runs the engines side by side, shows progress, collects findings.

Every target is a Runner: it starts its engine, reads its status lines, and starts it again after a crash until its
time is over. Runners are dealt to lanes, one thread each, that take the machine's cores; a lane runs one at a time.
The committed corpus is only read: seeds are copied to the evolving corpus, which is what the engine writes to.
"""
import argparse
import configparser
import hashlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

MAX_FINDINGS = 20  # files kept of one target in one run
MAX_CRASHES = 60  # after so many crashes, known ones too, a target is given up
MERGE_OVER = 4000  # files in an evolving corpus that make a merge worth its time
WEIGHT = {"fuzz_memdesc": 4, "fuzz_weave_memdesc": 4, "mmstress": 3}  # share of the time; others have 1
LIMITS = ["-rss_limit_mb=2560", "-timeout=25"]  # as OSS-Fuzz runs targets
STRESS = "mmstress"

stop = threading.Event()


def fail(message):
    print("fuzz.sh: " + message, file=sys.stderr)
    sys.exit(2)


class Options(argparse.ArgumentParser):
    def error(self, message):
        fail(message + " (see scripts/fuzz.sh --help)")


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


def fuzz_targets():
    return sorted(name[:-2] for name in os.listdir("fuzz/targets") if re.fullmatch(r"fuzz_\w+\.c", name))


def parse():
    parser = Options(prog="scripts/fuzz.sh", description="Runs the fuzz targets and a stress run for a given time.",
                     epilog="Exit 0: nothing found. 1: something found. 2: could not run.")
    parser.add_argument("--time", type=seconds, default=60, metavar="T",
                        help="wall clock of the run, shared by the targets: 60, 60s, 5m, 1h (default 60s)")
    parser.add_argument("--targets", metavar="A,B", help=f"only these; {STRESS} is one of them")
    parser.add_argument("--jobs", type=positive, default=min(2, os.cpu_count() or 1), metavar="N",
                        help="processes at a time (default 2)")
    parser.add_argument("--keep", default="build", metavar="DIR",
                        help="where corpus/ and findings/ live (default build)")
    parser.add_argument("--afl", action="store_true", help="AFL++ beside libFuzzer, on the same targets")
    options = parser.parse_args()
    known = fuzz_targets() + [STRESS]
    options.targets = options.targets.split(",") if options.targets else known
    for name in options.targets:
        if name not in known:
            fail(f"no target '{name}': there are {', '.join(known)}")
    try:
        os.makedirs(options.keep, exist_ok=True)
    except OSError as error:
        fail(f"cannot use {options.keep}: {error.strerror}")
    return options


def build(preset, programs):
    """Configures and builds; the whole output goes to a log that is shown when it fails."""
    os.makedirs("build/logs", exist_ok=True)
    path = f"build/logs/fuzz-build-{preset}.log"
    print(f"building {preset} ...", flush=True)
    with open(path, "w") as log:
        for command in (["cmake", "--preset", preset], ["cmake", "--build", "--preset", preset, "--target", *programs]):
            try:
                done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            except FileNotFoundError:
                fail(f"{command[0]} is missing: run scripts/setup.sh")
            if done.returncode:
                sys.stderr.write("".join(open(path, errors="replace").readlines()[-20:]))
                fail(f"the {preset} build failed, see {path}")


def slug(text):
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:80] or "crash"


def files_of(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder)) if os.path.isdir(folder) else []


class Finding:
    def __init__(self, title, path, replay):
        self.title, self.path, self.replay, self.count = title, path, replay, 1


class Runner:
    """One target under one engine: counts for the progress line, and the findings."""

    engine = "?"

    def __init__(self, name, options):
        self.name, self.weight = name, WEIGHT.get(name, 1)
        self.findings_dir = os.path.join(options.keep, "findings", name)
        self.budget, self.spent = 0.0, 0.0
        self.done_execs, self.execs, self.seen_at, self.begun = 0, 0, None, None
        self.cov = self.ft = self.corpus = None
        self.findings, self.crashes, self.trouble = [], 0, None
        self.process, self.running = None, False
        os.makedirs(self.findings_dir, exist_ok=True)

    def executions(self):
        """All so far. Engines report at odd times, so in between it goes on at the rate of this process."""
        execs, now = self.execs, time.monotonic()
        if self.running and self.seen_at and execs and self.seen_at > self.begun:
            execs += int(execs / (self.seen_at - self.begun) * min(now - self.seen_at, self.seen_at - self.begun))
        return self.done_execs + execs

    def time_used(self):
        return self.spent + (time.monotonic() - self.begun if self.running else 0)

    def run(self, budget):
        """The lane calls this: runs the engine, again after each crash, until the budget is used up."""
        self.budget = budget
        deadline = time.monotonic() + budget
        while not stop.is_set() and deadline - time.monotonic() >= 1 and not self.trouble:
            before = self.crashes
            self.execs, self.seen_at, self.begun = 0, None, time.monotonic()
            self.running = True
            try:
                self.once(max(1, round(deadline - time.monotonic())))
            except (OSError, subprocess.CalledProcessError) as error:
                self.trouble = str(error)
            finally:
                self.running = False
                self.spent += time.monotonic() - self.begun
                self.done_execs, self.execs = self.done_execs + self.execs, 0
            if self.crashes >= MAX_CRASHES:
                self.trouble = f"given up after {self.crashes} crashes"
            elif self.crashes == before and time.monotonic() < deadline - 2 and not stop.is_set() and not self.trouble:
                self.trouble = f"ended early, see {self.log_path()}"

    def log_path(self):
        return f"build/logs/fuzz-{self.engine}-{self.name}.log"

    def start(self, command, env=None, limit=None, tty=False):
        """Runs command, hands each line to self.line(), returns (exit code, all lines but status lines).

        tty: it shows its status only to a terminal, so it gets one, if there is one to be had.
        """
        env = {**os.environ, **(env or {})}
        kept = []
        try:
            reader, writer = pty.openpty() if tty else os.pipe()
        except OSError:
            reader, writer = os.pipe()
        process = subprocess.Popen(command, stdout=writer, stderr=writer, stdin=subprocess.DEVNULL,
                                   start_new_session=True, env=env)
        os.close(writer)
        self.process = process
        if stop.is_set():
            self.interrupt()
        watchdog = threading.Timer(limit, process.kill) if limit else None
        if watchdog:
            watchdog.start()
        with open(self.log_path(), "w") as log:
            log.write(" ".join(command) + "\n")
            for line in lines_of(reader):
                if not self.line(line) and len(kept) < 20000:
                    kept.append(line)
                    log.write(line)
        code = process.wait()
        if watchdog:
            watchdog.cancel()
        self.process = None
        return code, kept

    def interrupt(self, sig=signal.SIGINT):
        process = self.process
        if process and process.poll() is None:
            process.send_signal(sig)

    def line(self, line):
        return False

    def found(self, title, lines, crash, suffix, replay):
        """Files crash, the input that fails, and what the engine said, unless there is one of this title already."""
        self.crashes += 1
        for finding in self.findings:
            if finding.title == title:
                finding.count += 1
                return
        if len(self.findings) >= MAX_FINDINGS:
            return
        digest = hashlib.sha1("".join(lines).encode()).hexdigest()[:8]
        base = os.path.join(self.findings_dir, f"{slug(title)}-{digest}")
        with open(base + ".log", "w") as log:
            log.writelines(lines)
        if crash:
            shutil.move(crash, base + suffix)
        path = base + (suffix if crash else ".log")
        self.findings.append(Finding(title, path, replay.format(path)))


def lines_of(descriptor):
    """Lines, ended by either of \\n and \\r, of a pipe or a terminal (whose end is an error)."""
    with os.fdopen(descriptor, "r", errors="replace") as stream:
        try:
            yield from stream
        except OSError:
            pass


def title_of(lines):
    """RULE in FUNC of the mm core's own report, else what the sanitizer or engine calls it and the functions of ours."""
    for pattern in (r"mmfuzz: BUG: (.+? in \w+)", r"SUMMARY: \w+: ([\w -]+)", r"ERROR: (.+)", r'mmstress: found "(.+?)"'):
        for line in lines:
            match = re.search(pattern, line)
            if not match:
                continue
            if not line.startswith("SUMMARY"):
                return match[1].strip()
            return " ".join([match[1].strip(), "in", " and ".join(functions_of(lines)) or "?"])
    return "unnamed crash"


def functions_of(lines):
    """The innermost function of this project in each of a report's first stacks: two for a race, otherwise one."""
    functions, stacks = [], 2 if any("data race" in line for line in lines) else 1
    wanted = False
    for line in lines:
        if re.search(r"#0 ", line):
            wanted = len(functions) < stacks
        frame = re.match(r"\s*(?:\x1b\S*)?\s*#\d+ (?:0x[0-9a-f]+ in )?(\w+) \S*/(?:core|fuzz|stress)/", line)
        if frame and wanted:
            functions.append(frame[1])
            wanted = False
    return functions


class FuzzRunner(Runner):
    """What libFuzzer and AFL++ share: seeds, options, the crash file."""

    def __init__(self, name, options):
        super().__init__(name, options)
        self.corpus_dir = os.path.join(options.keep, "corpus", name)
        os.makedirs(self.corpus_dir, exist_ok=True)
        for seed in files_of(f"corpus/{name}") + files_of(f"corpus/regressions/{name}"):
            data = open(seed, "rb").read()
            path = os.path.join(self.corpus_dir, hashlib.sha1(data).hexdigest())
            if not os.path.exists(path):
                with open(path, "wb") as copy:
                    copy.write(data)

    def crashed(self, raw, lines):
        """Files a raw input as a crash file, under the title that mmreplay gives it."""
        replay, wrapped = "build/asan/bin/mmreplay", raw + ".mmf"
        subprocess.run([replay, "--timeout=30", "--wrap", "--target", self.name, raw, "-o", wrapped],
                       capture_output=True, check=False)
        if not os.path.exists(wrapped):
            self.found(title_of(lines) + " (mmreplay cannot wrap it)", lines, raw, ".bin",
                       f"build/asan/bin/{self.name} {{}}")
            return
        done = subprocess.run([replay, "--timeout=30", "--title", wrapped], capture_output=True, text=True,
                              errors="replace", check=False)
        title = done.stdout.strip() or title_of(lines) + " (not when replayed alone)"
        self.found(title, lines, wrapped, ".mmf", replay + " {}")


class LibFuzzer(FuzzRunner):
    engine = "libfuzzer"

    def flags(self):
        flags = list(LIMITS)
        if os.path.exists(f"fuzz/targets/{self.name}.dict"):
            flags.append(f"-dict=fuzz/targets/{self.name}.dict")
        config = configparser.ConfigParser()
        if config.read(f"fuzz/targets/{self.name}.options") and config.has_section("libfuzzer"):
            flags += [f"-{key}={value}" for key, value in config["libfuzzer"].items() if key != "dict"]
        return flags

    def merge(self):
        if len(os.listdir(self.corpus_dir)) <= MERGE_OVER:
            return
        merged = self.corpus_dir + ".merged"
        shutil.rmtree(merged, ignore_errors=True)
        os.makedirs(merged)
        code, _ = self.start([f"build/asan/bin/{self.name}", *LIMITS, "-merge=1", merged, self.corpus_dir])
        if code == 0 and not stop.is_set():
            shutil.rmtree(self.corpus_dir)
            os.rename(merged, self.corpus_dir)
        shutil.rmtree(merged, ignore_errors=True)

    def once(self, left):
        begun = time.monotonic()
        self.merge()
        left = max(1, round(left - (time.monotonic() - begun)))
        raw_dir = os.path.join(self.findings_dir, "raw")
        shutil.rmtree(raw_dir, ignore_errors=True)
        os.makedirs(raw_dir)
        code, lines = self.start([f"build/asan/bin/{self.name}", *self.flags(), "-print_final_stats=1",
                                  f"-max_total_time={left}", f"-artifact_prefix={raw_dir}/", self.corpus_dir],
                                 limit=left + 40)
        artifacts = [path for path in files_of(raw_dir) if not os.path.basename(path).startswith("slow-unit-")]
        for path in artifacts:
            # A seed that crashes would crash each restart before it gets anywhere.
            seed = os.path.join(self.corpus_dir, hashlib.sha1(open(path, "rb").read()).hexdigest())
            if os.path.exists(seed):
                os.remove(seed)
            self.crashed(path, lines)
        shutil.rmtree(raw_dir, ignore_errors=True)
        if code and not artifacts and not stop.is_set():
            self.trouble = f"ended with code {code}, see {self.log_path()}"

    def line(self, line):
        match = re.match(r"#(\d+)\s+\w+\s+(?:cov: (\d+) )?(?:ft: (\d+) )?(?:corp: (\d+))?", line)
        if match:
            self.execs, self.seen_at = int(match[1]), time.monotonic()
            if match[2]:
                self.cov = max(self.cov or 0, int(match[2]))
            if match[3]:
                self.ft = max(self.ft or 0, int(match[3]))
            if match[4]:
                self.corpus = int(match[4])
            return True
        match = re.match(r"stat::number_of_executed_units:\s*(\d+)", line)
        if match:
            self.execs, self.seen_at = int(match[1]), None
        return line.startswith("#")


class Afl(FuzzRunner):
    engine = "afl"

    def __init__(self, name, options):
        super().__init__(name, options)
        self.out = os.path.join(options.keep, "afl", name)
        self.filed = set()

    def once(self, left):
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        env = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1", "AFL_FAST_CAL": "1",
               "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_SKIP_CRASHES": "1",
               "AFL_FUZZER_STATS_UPDATE_INTERVAL": "2"}
        listed = subprocess.run(["build/asan/bin/mmreplay", "--list-targets"], capture_output=True, text=True, check=True)
        if re.search(rf"^{self.name} +program$", listed.stdout, re.M):
            env["AFL_CUSTOM_MUTATOR_LIBRARY"] = os.path.abspath("build/plain/bin/afl_mutator.so")
        if self.name.startswith("fuzz_weave_"):
            env["MMFUZZ_SCHEDULES"] = "1"
        watch = threading.Thread(target=self.watch, daemon=True)
        watch.start()
        code, _ = self.start(["afl-fuzz", "-i", self.corpus_dir, "-o", self.out, "-V", str(left), "-m", "none",
                              "-t", "25000", "--", f"build/afl/bin/{self.name}"], env, limit=left + 40)
        self.read_stats()
        for path in files_of(os.path.join(self.out, "default", "crashes")):
            if os.path.basename(path).startswith("id:"):
                done = subprocess.run([f"build/asan/bin/{self.name}", *LIMITS, path], capture_output=True, text=True,
                                      errors="replace")
                self.crashed(path, done.stderr.splitlines(True))
        if code and not stop.is_set():
            self.trouble = f"ended with code {code}, see {self.log_path()}"

    def watch(self):
        while self.running and not stop.wait(2):
            self.read_stats()

    def read_stats(self):
        try:
            text = open(os.path.join(self.out, "default", "fuzzer_stats")).read()
        except OSError:
            return
        stats = dict(re.findall(r"(\w+)\s+: (.*)", text))
        self.execs, self.seen_at = int(stats.get("execs_done", 0)), None
        self.cov, self.corpus = int(stats.get("edges_found", 0)), int(stats.get("corpus_count", 0))


class Stress(Runner):
    """mmstress: real threads under TSan. A round that fails ends the process; the next gets another seed."""

    engine = "stress"

    def once(self, left):
        seed = int.from_bytes(os.urandom(4), "little")
        save = os.path.join(self.findings_dir, "raw")
        shutil.rmtree(save, ignore_errors=True)
        os.makedirs(save)
        command = ["build/tsan/bin/mmstress", "--scenario=all", "--cpus=4", f"--time={left}s", f"--seed={seed}"]
        code, lines = self.start([*command, f"--save={save}"], limit=left + 40, tty=True)
        if code == 1 or code < 0 and not stop.is_set():
            again = re.search(r"to try again: mmstress (.*)", "".join(lines))
            replay = f"{command[0]} {again[1].strip()}" if again else " ".join(command)
            self.found(title_of(lines), lines, next(iter(files_of(save)), None), ".mmf", replay)
        elif code and not stop.is_set():
            self.trouble = f"ended with code {code}: {lines[-1].strip() if lines else 'no output'}"
        shutil.rmtree(save, ignore_errors=True)

    def line(self, line):
        match = re.match(r"\s*(\d+) ops ", line) or re.match(r"sum +\d+ +(\d+)", line)
        if match:
            self.execs, self.seen_at = int(match[1]), time.monotonic()
        return bool(match)


def lanes_of(runners, jobs):
    """Deals the runners, heavy ones first, to the lane that has least; each lane then fills the whole time.

    In a lane the light ones come first, as each may take a little longer than it should, and the stress run comes
    last: if it hangs, nobody waits for it.
    """
    lanes = [[] for _ in range(min(jobs, len(runners)))]
    for runner in sorted(runners, key=lambda r: -r.weight):
        min(lanes, key=lambda lane: sum(r.weight for r in lane)).append(runner)
    return [sorted(lane, key=lambda r: (r.name == STRESS, r.weight)) for lane in lanes]


def drive(lane, total):
    """One lane's thread. What one runner leaves of its time goes to those after it."""
    end = time.monotonic() + total
    for i, runner in enumerate(lane):
        if stop.is_set():
            return
        left = end - time.monotonic()
        runner.run(left * runner.weight / sum(r.weight for r in lane[i:]))


def human(number):
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            return f"{number / (1e3 if unit == 'k' else size):.{0 if unit == 'k' else 2}f}{unit}"
    return str(int(number))


def clock(left):
    left = max(0, round(left))
    return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}" if left >= 3600 else f"{left // 60}:{left % 60:02}"


class Progress:
    """The live line: rewritten in place on a terminal, otherwise a new one every few seconds."""

    def __init__(self, runners, total):
        self.runners, self.begun, self.total = runners, time.monotonic(), total
        self.tty = sys.stdout.isatty()
        self.every = 0.5 if self.tty else max(5, min(60, total / 12))
        self.printed = 0.0

    def show(self, last=False):
        now = time.monotonic()
        if now - self.printed < self.every and not last:
            return
        self.printed = now
        running = [r for r in self.runners if r.running]
        text = "{} left  exec {}  {}/s  cov {}  corpus {}  findings {}  [{}]".format(
            clock(self.begun + self.total - now), human(sum(r.executions() for r in self.runners)),
            human(sum(r.executions() / max(r.time_used(), 1) for r in running)),
            *(sum(getattr(r, k) or 0 for r in self.runners if r.engine == "libfuzzer") for k in ("cov", "corpus")),
            sum(len(r.findings) for r in self.runners), " ".join(r.name for r in running))
        if self.tty:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r" + text[:width].ljust(width) + ("\n" if last else ""))
            sys.stdout.flush()
        else:
            print(text, flush=True)


def summary(runners):
    rows = [("target", "engine", "time", "executions", "exec/s", "cov", "ft", "corpus", "findings")]
    for r in runners:
        rows.append((r.name, r.engine, clock(r.spent), f"{r.executions():,}",
                     f"{round(r.executions() / max(r.spent, 1)):,}",
                     *("-" if v is None else str(v) for v in (r.cov, r.ft, r.corpus)), str(len(r.findings))))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))))
    for r in runners:
        for finding in r.findings:
            print(f"\n{r.name}: {finding.title}" + (f" (seen {finding.count} times)" if finding.count > 1 else ""))
            print(f"  file    {finding.path}")
            print(f"  replay  {finding.replay}")
    for r in runners:
        if r.trouble:
            print(f"\n{r.name} ({r.engine}): {r.trouble}")


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    options = parse()
    targets = [name for name in options.targets if name != STRESS]
    if options.afl and not shutil.which("afl-fuzz"):
        fail("no afl-fuzz: run scripts/setup.sh")
    if targets:
        build("asan", [*targets, "mmreplay"])
    if STRESS in options.targets:
        build("tsan", [STRESS])
    if options.afl and targets:
        build("afl", targets)
        build("plain", ["afl_mutator"])

    try:
        runners = [Stress(name, options) if name == STRESS else LibFuzzer(name, options) for name in options.targets]
        if options.afl:
            runners += [Afl(name, options) for name in targets]
    except OSError as error:
        fail(f"cannot use {error.filename}: {error.strerror}")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"running {', '.join(dict.fromkeys(r.name for r in runners))} for {clock(options.time)}, Ctrl-C ends it",
          flush=True)
    progress = Progress(runners, options.time)
    threads = [threading.Thread(target=drive, args=(lane, options.time), daemon=True)
               for lane in lanes_of(runners, options.jobs)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and not stop.is_set():
        progress.show()
        time.sleep(0.2)
    if stop.is_set():
        for sig, patience in ((signal.SIGINT, 10), (signal.SIGKILL, 10)):
            for runner in runners:
                runner.interrupt(sig)
            patience += time.monotonic()
            while any(thread.is_alive() for thread in threads) and time.monotonic() < patience:
                time.sleep(0.1)
    progress.show(last=True)
    summary(runners)
    if any(r.findings for r in runners):
        return 1
    return 2 if any(r.trouble for r in runners) else 0


if __name__ == "__main__":
    sys.exit(main())
