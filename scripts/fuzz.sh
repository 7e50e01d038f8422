#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds and runs every fuzz target and a stress run for a given time; see scripts/fuzz.sh --help.
# Exit 0: nothing found. 1: something found. 2: could not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case " $* " in
*" -h "* | *" --help "*) ;;
*) scripts/setup.sh ;;
esac
exec python3 scripts/fuzz_run.py "$@"
