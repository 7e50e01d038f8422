# SPDX-License-Identifier: GPL-2.0-only
"""Trees of Debian's linux-source packages, unpacked in the user's cache: nothing of Linux enters the repository."""
import os
import re
import shutil
import subprocess

from errors import Failed

# What is read of a tree. All Kconfig files, since each is sourced by another.
WANTED = ("*/Kconfig*", "*/Makefile*", "*/Kbuild*", "*/include/*", "*/mm/*", "*/kernel/*", "*/lib/*", "*/scripts/*",
          "*/arch/um/*", "*/arch/x86/um/*", "*/drivers/virtio/*", "*/drivers/base/*")


def cache():
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mmfuzz")


def installed(package):
    """The version of an installed package, or None."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package], capture_output=True,
                          text=True)
    words = done.stdout.split()
    return words[1] if done.returncode == 0 and words[:1] == ["installed"] else None


def install(package):
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print(f"installing {package} ...", flush=True)
    done = subprocess.run([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "install", "-y",
                           "--no-install-recommends", package], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["apt-get failed"])[-1]
        raise Failed(f"package {package} cannot be installed ({said}): say --tree with a tree of your own")


def folder(package, version):
    """Where its tree is, or is to be."""
    # A path must not need quotes (scripts/linux/tree.py), and versions of Debian have "~".
    return os.path.join(cache(), re.sub(r"[^\w.+-]", "-", f"{package}_{version}"))


def tree(version):
    """The folder of the package's tree."""
    package = f"linux-source-{version}"
    if shutil.which("dpkg-query") is None:
        raise Failed(f"this system has no Debian packages, so no {package}: say --tree")
    if not installed(package):
        install(package)
    place = folder(package, installed(package))
    if not os.path.isdir(place):
        unpack(f"/usr/src/{package}.tar.xz", place)
    return place


def unpack(archive, place):
    print(f"unpacking {os.path.basename(archive)} ...", flush=True)
    part = place + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    done = subprocess.run(["tar", "-xf", archive, "-C", part, "--strip-components=1", "--wildcards", *WANTED],
                          capture_output=True, text=True)
    if done.returncode:
        # The first line tells; on a full disk each file has one, and the last only says that there were others.
        shutil.rmtree(part, ignore_errors=True)
        raise Failed(f"{archive} cannot be unpacked into {place}: {(done.stderr.splitlines() or ['tar failed'])[0]}")
    os.rename(part, place)
