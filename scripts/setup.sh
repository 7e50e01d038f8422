#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what mmfuzz needs on Debian 12; does nothing when all of it is there. Exit 2: something is missing that
# cannot be installed from here, named in one line.
set -euo pipefail

packages=(
	git cmake ninja-build pkg-config python3 zip patch
	clang-19 llvm-19 lld-19 libclang-rt-19-dev
	clang-14 libclang-rt-14-dev
	gcc-12 afl++
	liburcu-dev libcmocka-dev libcjson-dev libdw-dev uthash-dev libmimalloc-dev
	valgrind gnuplot-nox
	make flex bison bc binutils xz-utils linux-source-6.12
)

case "${1:-}" in
"") ;;
-h | --help)
	echo "usage: scripts/setup.sh - installs, where missing: ${packages[*]}"
	exit 0
	;;
*)
	echo "setup.sh: unknown option $1: it takes none" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "setup.sh: no apt on this system: install by hand what Debian 12 calls ${packages[*]}" >&2
	exit 2
fi

# dpkg-query fails for a package that it never heard of and still lists the others.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
	grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "setup.sh: missing and not root: apt-get install ${missing[*]}" >&2
		exit 2
	fi
	as_root=(sudo -n)
fi

echo "setup.sh: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
if ! log=$("${apt[@]}" update 2>&1 && "${apt[@]}" install -y --no-install-recommends "${missing[@]}" 2>&1); then
	tail -n 20 <<<"$log" >&2
	echo "setup.sh: apt-get could not install ${missing[*]}" >&2
	exit 2
fi
