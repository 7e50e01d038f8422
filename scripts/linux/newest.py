# SPDX-License-Identifier: GPL-2.0-only
"""The newest linux-source that Debian has, whatever suites this system is set up for: found and fetched by an apt state of
the user's own (~/.cache/mmfuzz/apt) from the mirror that the system's apt uses. Nothing is installed from there, and the
system's apt is only asked. Lists and packages are checked as apt always checks them; where it cannot, there is no tree.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import debian
from errors import Failed

# In sid first of all; the others are for mirrors that do not have it, and keyrings that do not know it. No experimental.
SUITES = ("sid", "testing", "stable-backports")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
OS_RELEASE = "/etc/os-release"
# What an entry may call Debian's suites where it does not name the system's release.
CLASSES = ("stable", "testing", "unstable", "sid", "oldstable")
DAY = 24 * 60 * 60
# MiB that lists, and a package with what is unpacked of it, take at most; and a limit in seconds for what hangs, as apt's
# unpacking of lists does on a full disk.
LISTS, TREE = 150, 1200
LIMIT = 600

# Of the system's settings proxies, credentials and the like hold here too. What runs behind its updates is not for these, and
# whatever has been allowed there, an archive that is not signed is none.
SETTINGS = """#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
"""


def call(command, **more):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, "LC_ALL": "C"},
                          **more)


def call_group(command, **more):
    """The same of a program whose helpers have to end with it, however it ends."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                          env={**os.environ, "LC_ALL": "C"}, start_new_session=True, **more) as process:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            out, err = "", f"E: {command[0]} was stopped after {LIMIT} s"
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def need(size):
    """Fails where there is less room than so many MiB."""
    free = shutil.disk_usage(debian.cache()).free >> 20
    if free < size:
        raise Failed(f"{debian.cache()}: {free} MiB free, and Debian's newest tree needs {size}: make room, or say --tree")


def reason(done):
    """The one line of apt's or dpkg's that says most: which key is missing, before that nothing is signed."""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    for start in (r"\w: (GPG error: .*)", r"E: (.*)", r"Err:\d+ (.*)", "(tar: .*)", r"(?:W|dpkg-deb: error): (.*)", "(.*)"):
        for line in lines:
            match = re.fullmatch(start, line)
            if match:
                return match[1]
    return "no message"


def release():
    """The name of the system's release, or None."""
    try:
        with open(OS_RELEASE, encoding="utf-8") as file:
            name = re.search(r'^VERSION_CODENAME="?([\w-]+)', file.read(), re.M)
    except OSError:
        return None
    return name[1] if name else None


def mirrors():
    """Where the system's apt has Debian's own suites from, by apt's own reading of its sources, in whatever form they are."""
    done = call(["apt-get", "update", "--print-uris"])
    if done.returncode:
        raise Failed(f"apt cannot read its sources ({reason(done)}): mend them, or say --tree")
    found = re.findall(r"^'([^'\s\[]+)/dists/([\w.-]+)/main/binary-", done.stdout, re.M)
    # Others too call a suite "stable", so that counts only where nothing has the release's name. Whether it is Debian's is
    # seen by the key.
    for names in ((release(),), CLASSES):
        uris = sorted({uri for uri, suite in found if suite in names and not uri.startswith("cdrom:")})
        if uris:
            return uris
    raise Failed("apt's sources name no archive of Debian with suites like bookworm or stable: say --tree")


class Apt:
    """apt with lists and settings of its own."""

    def __init__(self):
        self.folder = os.path.join(debian.cache(), "apt")
        self.sources = os.path.join(self.folder, "sources.list")
        self.settings = os.path.join(self.folder, "apt.conf")
        # A copy of the sources that the lists are of, as old as they are.
        self.fetched = os.path.join(self.folder, "fetched")

    def run(self, program, *arguments, **more):
        private = {"Dir::Etc::sourcelist": self.sources, "Dir::Etc::sourceparts": "-",
                   "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                   "Dir::State::lists": os.path.join(self.folder, "lists"), "Dir::State::status": "/dev/null",
                   "Dir::Cache": os.path.join(self.folder, "cache")}
        options = [word for name, value in private.items() for word in ("-o", f"{name}={value}")]
        return call_group([program, "-c", self.settings, *options, *arguments], **more)

    def update(self):
        """Has the lists of all suites that there are, at most a day old. What could not be renewed is used as it is."""
        native = call(["dpkg", "--print-architecture"]).stdout.strip()
        text = "".join(f"deb [arch={native} target=Packages signed-by={KEYRING}] {uri} {suite} main\n"
                       for uri in mirrors() for suite in SUITES)
        if read(self.fetched) == text and 0 <= time.time() - os.stat(self.fetched).st_mtime < DAY:
            return
        if not os.path.exists(KEYRING):
            raise Failed(f"no {KEYRING} to check Debian's other suites by: install debian-archive-keyring, or say --tree")
        need(LISTS)
        for name in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        write(self.settings, SETTINGS)
        write(self.sources, text)
        print(f"fetching the lists of {', '.join(SUITES)} ...", flush=True)
        done = self.run("apt-get", "update")
        suites = self.suites()
        if not suites:
            raise Failed(f"Debian's other suites cannot be looked through ({reason(done)}): say --tree with a tree of your own")
        if done.returncode:
            # Tried again the next time.
            print(f"not all lists could be fetched, going by those of {', '.join(suites)}: {reason(done)}", flush=True)
        else:
            write(self.fetched, text)

    def suites(self):
        """Those whose lists are there."""
        there = set(self.run("apt-get", "indextargets", "--format", "$(RELEASE)").stdout.split())
        return [suite for suite in SUITES if suite in there]

    def newest(self):
        """(package, version)"""
        found = self.run("apt-cache", "search", "--names-only", r"^linux-source-[0-9]+[.][0-9]+$").stdout
        names = re.findall(r"^(linux-source-\d+\.\d+) ", found, re.M)
        best = None
        for line in self.run("apt-cache", "madison", *names).stdout.splitlines() if names else ():
            name, version = (word.strip() for word in line.split("|")[:2])
            if name in names and (best is None or newer(version, best[1])):
                best = name, version
        if best is None:
            raise Failed(f"{', '.join(self.suites())} of Debian's have no linux-source: say --tree with a tree of your own")
        return best

    def fetch(self, package, version, folder):
        """Unpacks the package's tree, whole or not at all."""
        need(TREE)
        with tempfile.TemporaryDirectory(dir=debian.cache(), prefix="fetch-") as tmp:
            print(f"fetching {package} {version} ...", flush=True)
            done = self.run("apt-get", "-qq", "download", f"{package}={version}", cwd=tmp)
            files = [name for name in os.listdir(tmp) if name.endswith(".deb")]
            if done.returncode or len(files) != 1:
                # Likely there is a newer one: the lists are fetched anew the next time.
                with contextlib.suppress(FileNotFoundError):
                    os.remove(self.fetched)
                raise Failed(f"{package} {version} cannot be fetched ({reason(done)}): say --tree with a tree of your own")
            deb = os.path.join(tmp, files[0])
            done = call(["dpkg-deb", "-x", deb, tmp])
            archive = os.path.join(tmp, "usr/src", f"{package}.tar.xz")
            if done.returncode or not os.path.exists(archive):
                said = reason(done) if done.returncode else f"it has no /usr/src/{package}.tar.xz"
                raise Failed(f"{package} {version} cannot be unpacked ({said}): say --tree with a tree of your own")
            os.remove(deb)
            debian.unpack(archive, folder)


def newer(version, other):
    return call(["dpkg", "--compare-versions", version, "gt", other]).returncode == 0


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def tree():
    """The folder of the newest tree."""
    for program in ("apt-get", "apt-cache", "dpkg", "dpkg-deb"):
        if shutil.which(program) is None:
            raise Failed(f"this system has no {program}, so no packages of Debian: say --tree")
    apt = Apt()
    try:
        os.makedirs(debian.cache(), exist_ok=True)
        apt.update()
        package, version = apt.newest()
        print(f"Debian's newest: {package} {version}", flush=True)
        folder = debian.folder(package, version)
        if not os.path.isdir(folder):
            apt.fetch(package, version, folder)
    except OSError as error:
        raise Failed(f"{error.filename or debian.cache()}: {error.strerror}: no place for Debian's newest tree") from None
    return folder
