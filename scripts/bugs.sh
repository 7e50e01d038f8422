#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The bug benchmark: plants each bug of stress/bugs and measures what every engine needs to find it; see
# scripts/bugs.sh --help and docs/bugs.md. Exit 0: as it should be. 1: something to look into. 2: could not run, or was
# interrupted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case " $* " in
*" -h "* | *" --help "*) ;;
*) scripts/setup.sh ;;
esac
exec python3 scripts/bugs/main.py "$@"
