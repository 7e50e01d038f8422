# SPDX-License-Identifier: GPL-2.0-only
"""Runs a program and its descendants until they have used so many seconds of CPU time. Knows nothing of fuzzing.

Wall-clock time would make the figures depend on who else uses the machine. It is only a guard against what waits for
ever.
"""
import ctypes
import os
import resource
import secrets
import signal
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
POLL = 0.05  # seconds between two looks whether a program has ended
LOOK_MAX = 0.5  # the CPU time of all of it, which is dearer, is asked for less often while it has long to go
PR_SET_CHILD_SUBREAPER = 36
END_CPU, END_WALL = 20, 120  # seconds that a program has to end in when it is asked to


def adopt_orphans():
    """Descendants whose parent dies become our children, not init's, so that none is lost sight of."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processes():
    """{pid: (parent, start, ticks of it and of the children that it has waited for)} of all processes."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
        except OSError:
            continue  # it has ended
        found[int(name)] = (int(fields[1]), int(fields[19]), sum(int(field) for field in fields[11:15]))
    return found


MARK = "BUGS_RUN"  # in the environment of all that belongs to a run


class Tree:
    """A process and its descendants, of which it keeps track also when those between have ended."""

    def __init__(self, pid, mark):
        self.pid, self.members, self.cpu = pid, {}, 0.0
        self.mark, self.lock = f"{MARK}={mark}".encode(), threading.Lock()

    def orphan(self, pid):
        """Whether pid, a child of ours now, is of this run."""
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return self.mark in file.read().split(b"\0")
        except OSError:
            return False

    def sample(self):
        """Seconds of CPU time so far. Never less than it said before: a process that nobody waits for takes its own
        with it."""
        with self.lock:
            now = processes()
            self.members = {pid: start for pid, start in self.members.items() if pid in now and now[pid][1] == start}
            pending = [self.pid] if self.pid in now else []
            pending += self.members
            children = {}
            for pid, (parent, _, _) in now.items():
                children.setdefault(parent, []).append(pid)
            pending += [pid for pid in children.get(os.getpid(), []) if pid not in self.members and self.orphan(pid)]
            seen = set()
            while pending:
                pid = pending.pop()
                if pid not in seen:
                    seen.add(pid)
                    self.members[pid] = now[pid][1]
                    pending += children.get(pid, [])
            self.cpu = max(self.cpu, sum(now[pid][2] for pid in seen) / TICKS)
            return self.cpu

    def kill(self, patience=10):
        """Ends all of it, and waits until nothing is left."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.sample()
            alive = [pid for pid in self.members if pid != self.pid]
            for pid in alive:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, os.WNOHANG)  # an orphan that became ours
                except (ProcessLookupError, ChildProcessError):
                    pass
            if not alive:
                return
            time.sleep(0.02)


class Ended:
    """How a run ended. why: exit, budget, interrupted; stuck: it did not end when it was asked to."""

    def __init__(self, why, code, cpu, wall, stuck):
        self.why, self.code, self.cpu, self.wall, self.stuck = why, code, cpu, wall, stuck


def start(command, env, cwd=None):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                            env=env, cwd=cwd, start_new_session=True)


def ended(process, tree):
    """Whether it has. Its CPU time to the microsecond comes with its status."""
    if process.returncode is not None:
        return True
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return False
    process.returncode = os.waitstatus_to_exitcode(status)
    tree.cpu = max(tree.cpu, usage.ru_utime + usage.ru_stime)
    return True


def ask_to_end(process, tree, give_up):
    """SIGINT, and SIGKILL if that does not help. Returns whether it was stuck."""
    begun, cpu = time.monotonic(), tree.sample()
    os.kill(process.pid, signal.SIGINT)
    while not ended(process, tree):
        if give_up.is_set() or tree.sample() - cpu > END_CPU or time.monotonic() - begun > END_WALL:
            process.kill()
            process.wait()
            return not give_up.is_set()
        time.sleep(POLL)
    return False


def run(command, env, budget, on_line, stop, until=lambda: False, cwd=None, alive=lambda cpu: None):
    """Runs command for at most budget CPU seconds.

    on_line(line, cpu): each line of its output; cpu() is what has been used by then
    stop: an Event: everything is to end at once
    until: asked now and then: whether the run has what it wants
    alive(cpu): called now and then, while it runs
    """
    mark = secrets.token_hex(8)
    process = start(command, {**env, MARK: mark}, cwd)
    tree = Tree(process.pid, mark)
    reader = threading.Thread(target=read, args=(process.stdout, on_line, tree.sample), daemon=True)
    begun, why, stuck, look = time.monotonic(), "exit", False, 0
    reader.start()
    while not ended(process, tree):
        now = time.monotonic()
        if now >= look:
            cpu = tree.sample()
            look = now + min((budget - cpu) / 20, LOOK_MAX)
            alive(cpu)
        if stop.is_set() or until() or cpu >= budget or now - begun > 20 * budget + END_WALL:
            why = "interrupted" if stop.is_set() else "budget"
            stuck = ask_to_end(process, tree, stop)
            break
        time.sleep(POLL)
    tree.kill()
    reader.join(10)
    return Ended(why, process.returncode, tree.cpu, time.monotonic() - begun, stuck)


def read(stream, on_line, cpu):
    with stream:
        for line in stream:
            on_line(line.decode(errors="replace"), cpu)


def no_core_files():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
