/* SPDX-License-Identifier: GPL-2.0-only */
/* There are no signals. */
struct sigcontext {
	unsigned long ip;
};
