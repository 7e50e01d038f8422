# SPDX-License-Identifier: GPL-2.0-only
"""The newest tree of Debian's suites (newest.py): an apt that is made up, or the real one with an archive in a folder."""
import os
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import debian
import newest
import sample
from errors import Failed

MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "main.py")
URIS = """'http://one.example/debian/dists/bookworm/InRelease' one 0
'http://one.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' one 0
'http://one.example/debian-security/dists/bookworm-security/main/binary-amd64/Packages.xz' security 0
'http://browser.example/deb/dists/stable/main/binary-amd64/Packages.xz' browser 0
'http://flat.example/deb/./Packages.xz' flat 0
'cdrom://[Debian 12]/dists/bookworm/main/binary-amd64/Packages.xz' disc 0
"""
NAMES = """linux-source-7.9 - Linux kernel source for version 7.9 with Debian patches
linux-source-7.10 - Linux kernel source for version 7.10 with Debian patches
linux-source-6.12 - Linux kernel source for version 6.12 with Debian patches
"""
MADISON = """linux-source-7.9 | 7.9.3-1 | http://one.example/debian testing/main amd64 Packages
linux-source-7.10 | 7.10~rc1-1~exp1 | http://one.example/debian sid/main amd64 Packages
linux-source-7.10 | 7.10.1-1 | http://one.example/debian sid/main amd64 Packages
"""
# What a call prints is a file, and so is what it fails with.
APT = """#!/bin/sh
echo "$0 $*" >>{fake}/calls
case "$*" in
*--print-uris*) what=uris ;;
*update) what=update ;;
*indextargets*) what=suites ;;
*search*) what=names ;;
*madison*) what=madison ;;
*download*) what=download; cp {fake}/*.deb . ;;
esac
[ ! -e {fake}/$what ] || cat {fake}/$what
[ ! -e {fake}/$what.fails ] || {{ cat {fake}/$what.fails >&2; exit 100; }}
"""


class Newest(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = tmp.name
        self.cache = os.path.join(self.tmp, "cache", "mmfuzz")
        self.patch(mock.patch.dict(os.environ, {"XDG_CACHE_HOME": os.path.join(self.tmp, "cache"),
                                                "PATH": f"{self.tmp}/bin:{os.environ['PATH']}"}))
        self.patch(mock.patch.object(newest, "OS_RELEASE", os.path.join(self.tmp, "os-release")))
        self.patch(mock.patch.object(newest, "KEYRING", os.path.join(self.tmp, "keyring.gpg")))
        self.patch(mock.patch.object(debian, "WANTED", ("*/mm/*",)))
        self.patch(mock.patch.object(newest, "TREE", 1))
        self.patch(mock.patch.object(newest, "LISTS", 1))
        self.said = self.patch(mock.patch("builtins.print"))
        self.put("os-release", "ID=debian\nVERSION_CODENAME=bookworm\n")
        self.put("keyring.gpg", "")

    def patch(self, patch):
        self.addCleanup(patch.stop)
        return patch.start()

    def put(self, name, text):
        sample.put(self.tmp, name, text)

    def make_apt(self, **texts):
        for program in ("apt-get", "apt-cache"):
            self.put(f"bin/{program}", APT.format(fake=self.tmp))
            os.chmod(os.path.join(self.tmp, "bin", program), 0o755)
        for name, text in {"uris": URIS, "suites": "sid\ntesting\n", "names": NAMES, "madison": MADISON, **texts}.items():
            self.put(name.replace("_", "."), text)

    def make_package(self, name="linux-source-7.10"):
        source = os.path.join(self.tmp, "package", "usr", "src")
        sample.make_tree(os.path.join(source, "tree"), makefile=sample.MAKEFILE.replace("6", "7").replace("12", "10"))
        self.put("package/DEBIAN/control", f"Package: {name}\nVersion: 7.10.1-1\nArchitecture: all\nMaintainer: a@b\n"
                 "Description: c\n")
        for command in (["tar", "-C", source, "-cJf", os.path.join(source, f"{name}.tar.xz"), "--remove-files", "tree"],
                        ["dpkg-deb", "--build", os.path.join(self.tmp, "package"), os.path.join(self.tmp, "a.deb")]):
            subprocess.run(command, check=True, capture_output=True)

    def calls(self, what):
        with open(os.path.join(self.tmp, "calls"), encoding="utf-8") as file:
            return [line for line in file if what in line]

    def refused(self, pattern):
        with self.assertRaisesRegex(Failed, pattern) as caught:
            newest.tree()
        self.assertNotIn("\n", str(caught.exception))
        if os.path.isdir(self.cache):
            self.assertLessEqual(set(os.listdir(self.cache)), {"apt"})

    # ---- what apt is asked ----

    def test_found_fetched_and_unpacked(self):
        self.make_apt()
        self.make_package()
        self.assertEqual(newest.tree(), os.path.join(self.cache, "linux-source-7.10_7.10.1-1"))
        self.assertTrue(os.path.exists(os.path.join(self.cache, "linux-source-7.10_7.10.1-1/mm/page_alloc.c")))
        self.assertEqual(sorted(os.listdir(self.cache)), ["apt", "linux-source-7.10_7.10.1-1"])

    def test_once_a_day(self):
        self.make_apt()
        self.make_package()
        newest.tree()
        newest.tree()
        self.assertEqual((len(self.calls(" update\n")), len(self.calls("download"))), (1, 1))
        old = time.time() - newest.DAY - 1
        os.utime(os.path.join(self.cache, "apt/fetched"), (old, old))
        newest.tree()
        self.put("uris", URIS.replace("one.example", "two.example"))
        newest.tree()
        self.assertEqual((len(self.calls(" update\n")), len(self.calls("download"))), (3, 1))

    def test_the_systems_apt_is_only_asked(self):
        self.make_apt()
        self.make_package()
        newest.tree()
        for line in self.calls(""):
            if "--print-uris" not in line:
                for name in ("Dir::Etc::sourcelist", "Dir::State::lists", "Dir::Cache"):
                    self.assertIn(f"-o {name}={self.cache}/apt", line)
                self.assertIn("-o Dir::Etc::sourceparts=- ", line)
        self.assertEqual(self.calls(" install"), [])

    def test_only_the_mirror_of_the_systems_release(self):
        self.make_apt()
        self.make_package()
        newest.tree()
        with open(os.path.join(self.cache, "apt/sources.list"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual([line.split("] ")[1] for line in lines],
                         [f"http://one.example/debian {suite} main" for suite in newest.SUITES])
        for line in lines:
            self.assertIn(f"signed-by={newest.KEYRING}]", line)

    # ---- what can be wrong ----

    def test_offline(self):
        self.make_apt(suites="", update_fails="Reading...\nE: Failed to fetch x  Temporary failure resolving 'one.example'\n"
                      "E: Some index files failed to download.\n")
        self.refused("^Debian's other suites cannot be looked through .*Temporary failure resolving 'one.example'.*--tree")

    def test_a_key_that_is_not_there_is_named(self):
        self.make_apt(suites="", update_fails="W: GPG error: x sid InRelease: NO_PUBKEY 12\nE: x is not signed.\n")
        self.refused("NO_PUBKEY 12")

    def test_lists_that_cannot_be_renewed_are_used(self):
        self.make_apt(update_fails="E: Failed to fetch x\n")
        self.make_package()
        newest.tree()
        self.assertIn("going by those of sid, testing: Failed to fetch x", str(self.said.call_args_list))
        self.assertFalse(os.path.exists(os.path.join(self.cache, "apt/fetched")))

    def test_no_such_package(self):
        self.make_apt(names="", madison="")
        self.refused("^sid, testing of Debian's have no linux-source: say --tree")

    def test_another_archive(self):
        self.make_apt(uris="'http://flat.example/deb/./Packages.xz' flat 0\n")
        self.refused("^apt's sources name no archive of Debian")
        self.put("uris.fails", "E: Malformed entry 1\n")
        self.refused(r"^apt cannot read its sources \(Malformed entry 1\)")

    def test_a_package_that_cannot_be_fetched(self):
        self.make_apt(download_fails="E: 404  Not Found\n")
        self.refused(r"^linux-source-7\.10 7\.10\.1-1 cannot be fetched \(404  Not Found\)")
        # There may be a newer one by now.
        self.refused("cannot be fetched")
        self.assertEqual(len(self.calls(" update\n")), 2)

    def test_packages_that_are_none(self):
        self.make_apt()
        self.put("a.deb", "no deb")
        self.refused(r"^linux-source-7\.10 7\.10\.1-1 cannot be unpacked \(.+\): say --tree")
        self.make_package("linux-source-7.9")
        self.refused(r"cannot be unpacked \(it has no /usr/src/linux-source-7\.10\.tar\.xz\)")

    def test_no_room(self):
        self.make_apt()
        self.make_package()
        with mock.patch.object(newest, "TREE", 1 << 40):
            self.refused(r"MiB free, and Debian's newest tree needs 1099511627776: make room, or say --tree$")
        with mock.patch.object(newest, "LISTS", 1 << 40), mock.patch.object(newest, "DAY", 0):
            self.refused("MiB free, ")
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": os.path.join(self.tmp, "uris")}):
            with self.assertRaisesRegex(Failed, "^/.*/uris/mmfuzz: Not a directory: no place for Debian's newest tree$"):
                newest.tree()

    def test_what_hangs_is_stopped_with_its_helpers(self):
        self.make_apt()
        self.put("bin/apt-cache", f"#!/bin/sh\nsleep 600 &\necho $! >{self.tmp}/helper\nwait\n")
        with mock.patch.object(newest, "LIMIT", 0.5):
            self.refused("have no linux-source")
        with open(os.path.join(self.tmp, "helper"), encoding="utf-8") as file:
            helper = int(file.read())
        for _ in range(100):
            if not alive(helper):
                break
            time.sleep(0.1)
        self.assertFalse(alive(helper))

    def test_another_system(self):
        with mock.patch("shutil.which", lambda name: None):
            self.refused("^this system has no apt-get, so no packages of Debian: say --tree$")

    def test_no_keyring(self):
        self.make_apt()
        os.remove(newest.KEYRING)
        self.refused(r"^no /.*/keyring\.gpg to check Debian's other suites by: install debian-archive-keyring, or say --tree$")

    def test_one_line_and_exit_2(self):
        self.make_apt(uris="")
        done = subprocess.run([sys.executable, "-B", MAIN, "--debian", "newest", "--fetch"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Alinux\.sh: apt's sources name no archive of Debian.*\n\Z")

    # ---- the real apt ----

    def configure(self, *entries, sources=""):
        """The system's apt, with these sources."""
        self.put("etc/sources.list", "".join(f"{entry}\n" for entry in entries))
        self.put("etc/sources.list.d/more.sources", sources)
        self.put("apt.conf", f'Dir::Etc "{self.tmp}/etc";\nAcquire::AllowInsecureRepositories "true";\n')
        self.patch(mock.patch.dict(os.environ, {"APT_CONFIG": os.path.join(self.tmp, "apt.conf")}))

    def test_both_forms_of_sources(self):
        self.configure("deb [arch=amd64] http://list.example/debian bookworm main contrib",
                       "deb http://list.example/debian bookworm-updates main", "deb http://other.example/debian bookworm contrib",
                       sources="Types: deb deb-src\nURIs: http://parts.example/debian/\nSuites: bookworm\nComponents: main\n\n"
                       "Types: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n")
        self.assertEqual(newest.mirrors(), ["http://list.example/debian", "http://parts.example/debian"])

    def test_a_release_by_its_class(self):
        self.configure("deb http://list.example/debian stable main")
        self.assertEqual(newest.mirrors(), ["http://list.example/debian"])

    def test_an_archive_that_is_not_signed_is_refused(self):
        archive = os.path.join(self.tmp, "archive")
        for suite in newest.SUITES:
            self.put(f"archive/dists/{suite}/Release", f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\n")
            self.put(f"archive/dists/{suite}/main/binary-amd64/Packages", "")
        # apt reads it as another user.
        os.chmod(self.tmp, 0o755)
        self.configure(f"deb [trusted=yes] file:{archive} bookworm main")
        self.refused("^Debian's other suites cannot be looked through .* is not signed")


def alive(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
