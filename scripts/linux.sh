#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the backend linux, and what runs on it, from mm/*.c of a Linux tree: --help. The work is done by scripts/linux/*.py.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec python3 -B scripts/linux/main.py "$@"
