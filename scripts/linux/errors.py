# SPDX-License-Identifier: GPL-2.0-only
"""What linux.sh gives up with."""


class Failed(Exception):
    """One line: what is wrong with what, and what to do."""
