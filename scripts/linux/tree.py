# SPDX-License-Identifier: GPL-2.0-only
"""Configures a Linux tree for the simulated machine (core/linux/arch): .config, generated headers, flags, the list of its
files. Writes below build/linux only; the tree stays as it is. Compiles nothing of mm.
"""
import glob
import os
import re
import shutil
import subprocess

from errors import Failed

ARCH = "core/linux/arch"
FRAGMENT = "core/linux/config"
FRAGMENT_LOCKDEP = "core/linux/config.lockdep"
SOURCES = "core/linux/sources"
FEATURES = "core/linux/features"
CLANG = "clang-19"
# Kconfig and generated headers are made by these.
PROGRAMS = ("make", "flex", "bison", "bc", "ld", "objcopy", "cmake", "ninja")
# Whatever this is: the oldest kind of tree that has what core/linux asks for.
NEEDED = ("mm/page_alloc.c", "mm/page_isolation.c", "mm/migrate.c", "include/linux/cleanup.h",
          "include/linux/alloc_tag.h", "mm/folio-compat.c", "scripts/kconfig/conf.c")


def call(command, what, **more):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", **more)
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()] or lines or ["no message"]
        raise Failed(f"{what}: {telling[0].strip()}")
    return done.stdout


def write(path, text):
    """As a whole, and only if it says something new, so that nothing is compiled again for it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


class Tree:
    def __init__(self, path, without=(), lockdep=False):
        """without: features that it is to be taken not to have; lockdep: the build is one that has the tree's lockdep"""
        self.path, self.without, self.lockdep = path, without, lockdep
        if not os.path.exists(os.path.join(path, "Makefile")) or not os.path.isdir(os.path.join(path, "mm")):
            raise Failed(f"{path} is no Linux tree: it has no Makefile and mm/")
        # CMake would give ninja the names of lists of what was read in quotes; it finds none of them, and nothing is
        # compiled again after a change. The kernel's own make does not take spaces and colons either.
        odd = re.search(r"[^\w/.+,@=-]", os.path.abspath(path), re.ASCII)
        if odd:
            raise Failed(f"{path}: the build cannot cope with '{odd[0]}' in the path: say a symbolic link to it")
        makefile = self.text("Makefile")
        part = {name: re.search(rf"^{name} =[ \t]*(\S*)", makefile, re.M) for name in
                ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION")}
        if not part["VERSION"] or not part["PATCHLEVEL"]:
            raise Failed(f"{path}/Makefile says no VERSION: is it a Linux tree?")
        self.version = ".".join(part[name][1] for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if part[name])
        self.version += part["EXTRAVERSION"][1] if part["EXTRAVERSION"] else ""
        lacking = [name for name in NEEDED if not os.path.exists(os.path.join(path, name))]
        if lacking:
            raise Failed(f"Linux {self.version} in {path} has no {lacking[0]}: mmfuzz needs 6.12 or newer, with kconfig")

    def text(self, name):
        try:
            with open(os.path.join(self.path, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def sources(self, config):
        """Of the list those that the tree has, and that the configuration has, where the list says which option: [place]."""
        with open(SOURCES, encoding="utf-8") as file:
            lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
        return [name for name, *options in lines if all(config.get(option) == "y" for option in options) and
                os.path.exists(os.path.join(self.path, name))]

    def features(self):
        """HAVE_* of what the tree has, by what its files say."""
        have, names = [], []
        with open(FEATURES, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    name, path, pattern = line.split(None, 2)
                    names.append(name)
                    if name not in self.without and re.search(pattern.strip(), self.text(path), re.M):
                        have.append(name)
        unknown = [name for name in self.without if name not in names]
        if unknown:
            raise Failed(f"no feature '{unknown[0]}': there are {', '.join(names)} ({FEATURES})")
        return have


def kconfig_program(tree, folder):
    """The tree's own conf, as a newer Kconfig needs a newer one."""
    out = os.path.join(folder, "kconfig")
    program = os.path.join(out, "scripts/kconfig/conf")
    if not os.path.exists(program):
        os.makedirs(out, exist_ok=True)
        call(["make", "-s", "-C", tree.path, f"O={os.path.abspath(out)}", "ARCH=um", "LLVM=-19", "allnoconfig"],
             f"Linux {tree.version}: its kconfig cannot be built")
    return os.path.abspath(program)


def fragment(tree, place):
    """What is asked for on top of allnoconfig, as one file."""
    text = ""
    for name in (FRAGMENT, FRAGMENT_LOCKDEP) if tree.lockdep else (FRAGMENT,):
        with open(name, encoding="utf-8") as file:
            text += file.read()
    path = os.path.join(place, "fragment")
    write(path, text)
    return path


def configure(tree, folder):
    """The tree's .config and include/generated/autoconf.h."""
    conf = kconfig_program(tree, folder)
    # Apart: it writes anew what has not changed, and everything would be compiled again.
    place = os.path.abspath(os.path.join(folder, "configured"))
    os.makedirs(place, exist_ok=True)
    arch = os.path.relpath(os.path.abspath(ARCH), os.path.join(os.path.realpath(tree.path), "arch"))
    env = {"PATH": os.environ["PATH"], "srctree": tree.path, "SRCARCH": arch, "ARCH": "mmfuzz",
           "KERNELVERSION": tree.version, "CC": CLANG, "CLANG_FLAGS": "-fintegrated-as", "LD": "ld.lld-19",
           "AR": "llvm-ar-19", "NM": "llvm-nm-19", "OBJCOPY": "llvm-objcopy-19", "HOSTCC": CLANG, "RUSTC": "false",
           "BINDGEN": "false", "PAHOLE": "false", "PAHOLE_VERSION": "0", "RUSTC_VERSION_TEXT": "",
           "CC_VERSION_TEXT": call([CLANG, "--version"], CLANG).splitlines()[0],
           "KCONFIG_CONFIG": os.path.join(place, ".config"), "KCONFIG_ALLCONFIG": fragment(tree, place)}
    for mode in ("--allnoconfig", "--syncconfig"):
        call([conf, mode, os.path.join(tree.path, "Kconfig")], f"Linux {tree.version} cannot be configured", env=env,
             cwd=place)
    for name in ("include/generated/autoconf.h", ".config"):
        with open(os.path.join(place, name), encoding="utf-8") as file:
            write(os.path.join(folder, name), file.read())
    with open(os.path.join(place, ".config"), encoding="utf-8") as file:
        config = dict(re.findall(r"^(CONFIG_\w+)=(.*)$", file.read(), re.M))
    if tree.lockdep and config.get("CONFIG_PROVE_LOCKING") != "y":
        raise Failed(f"Linux {tree.version}: its lockdep cannot be had: CONFIG_PROVE_LOCKING asks for more than core/linux/arch has")
    return config


def wrappers(tree, folder):
    """<asm/X.h> for each X that is generic and that our arch does not have."""
    made = set()
    for kind, target in (("include/asm-generic", "asm"), ("include/uapi/asm-generic", "uapi/asm")):
        for path in glob.glob(os.path.join(tree.path, kind, "*.h")):
            name = os.path.basename(path)
            if target == "asm" and os.path.exists(os.path.join(ARCH, "include/asm", name)):
                continue
            made.add(os.path.join(target, name))
            write(os.path.join(folder, target, name), f"#include <asm-generic/{name}>\n")
    return made


def flags(tree, folder):
    """How a file of the tree is compiled: what all builds share."""
    here = os.path.abspath(folder)
    return ["-nostdinc", f"-I{os.path.abspath(ARCH)}/include", f"-I{here}/headers", f"-I{here}/include",
            f"-I{tree.path}/include", f"-I{tree.path}/include/uapi", f"-I{here}/headers/uapi", f"-I{tree.path}",
            f"--include={tree.path}/include/linux/compiler-version.h", f"--include={tree.path}/include/linux/kconfig.h",
            *([f"--include={os.path.abspath(ARCH)}/include/asm/untraced.h"] if tree.lockdep else []),
            f"--include={tree.path}/include/linux/compiler_types.h", f"--include={here}/headers/mmfuzz_features.h",
            # Findings are named by paths within the tree, wherever it is.
            f'-DMMFUZZ_TREE="{tree.path}/"',
            "-D__KERNEL__", '-DKBUILD_MODFILE="mm"', '-DKBUILD_MODNAME="mm"', '-DKBUILD_BASENAME="mm"', "-std=gnu11",
            "-fms-extensions", "-fshort-wchar", "-funsigned-char", "-fno-common", "-fno-strict-aliasing", "-fno-strict-overflow", "-fno-stack-protector", "-fPIE",
            "-fno-omit-frame-pointer", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-w",
            "-Werror=implicit-function-declaration", "-Werror=incompatible-pointer-types", "-Werror=int-conversion"]


def constants(tree, folder, common, name, source):
    """A header of constants that only the compiler knows, the way the tree's own build makes it: from the assembly."""
    if not os.path.exists(os.path.join(tree.path, source)):
        return
    text = call([CLANG, *common, "-DGENERATING_BOUNDS", "-S", "-o", "-", os.path.join(tree.path, source)],
                f"Linux {tree.version}: {source} cannot be compiled")
    lines = re.findall(r'^\s*\.ascii\s*"->([^"#\s]+) [\$#]*(\S+) ([^"]*)"', text, re.M)
    write(os.path.join(folder, f"headers/generated/{name}.h"),
          "".join(f"#define {symbol} {value} /* {what} */\n" for symbol, value, what in lines))


def prepare(tree, folder):
    """Everything that compiling needs, in folder."""
    for program in (CLANG, *PROGRAMS):
        if not shutil.which(program):
            raise Failed(f"{program} is missing: run scripts/setup.sh")
    os.makedirs(folder, exist_ok=True)
    config = configure(tree, folder)
    headers = os.path.join(folder, "headers")
    wrappers(tree, headers)
    hz = config.get("CONFIG_HZ", "100")
    write(f"{headers}/generated/timeconst.h",
          call(["bc", "-q", os.path.join(tree.path, "kernel/time/timeconst.bc")], "timeconst.h", input=hz + "\n"))
    write(f"{headers}/generated/utsrelease.h", f'#define UTS_RELEASE "{tree.version}-mmfuzz"\n')
    write(f"{headers}/generated/utsversion.h", '#define UTS_VERSION "mmfuzz"\n')
    write(f"{headers}/generated/compile.h", "")
    write(f"{headers}/generated/asm-offsets.h", "")
    number = [int(part) for part in re.findall(r"\d+", tree.version)[:3]] + [0, 0]
    write(f"{headers}/linux/version.h", f"#define LINUX_VERSION_CODE {number[0] * 65536 + number[1] * 256}\n"
          "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))\n")
    write(f"{headers}/mmfuzz_features.h", "".join(f"#define {name} 1\n" for name in tree.features() +
                                                   (["MMFUZZ_LOCKDEP"] if tree.lockdep else [])))
    common = flags(tree, folder)
    if not os.path.exists(f"{headers}/generated/bounds.h"):
        write(f"{headers}/generated/bounds.h", "")
    constants(tree, folder, common, "bounds", "kernel/bounds.c")
    constants(tree, folder, common, "rq-offsets", "kernel/sched/rq-offsets.c")
    write(os.path.join(folder, "tree.cmake"), "".join(
        [f'set(MMFUZZ_LINUX_TREE "{tree.path}")\n', f'set(MMFUZZ_LINUX_VERSION "{tree.version}")\n',
         f"set(MMFUZZ_LINUX_LOCKDEP {'ON' if tree.lockdep else 'OFF'})\n",
         "set(MMFUZZ_LINUX_SOURCES\n", *(f'\t"{tree.path}/{name}"\n' for name in tree.sources(config)), ")\n",
         "set(MMFUZZ_LINUX_FLAGS\n", *(f"\t[==[{flag}]==]\n" for flag in common), ")\n"]))
