/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine (machine.c) gives to the kernel's world and the other files of the host's side need as well. The kernel's
 * own declaration is in arch/include/asm/host.h.
 */
#ifndef MMFUZZ_LINUX_MACHINE_H
#define MMFUZZ_LINUX_MACHINE_H

/* One turn of a loop that only waits for other CPUs. */
void mmfuzz_relax(void);

#endif
