/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds for speed (without MMFUZZ_DEBUG): without the checks that the kernel's users do not have either. Stands behind the
 * configuration, before all else.
 */
#ifndef ASM_MMFUZZ_QUICK_H
#define ASM_MMFUZZ_QUICK_H

#undef CONFIG_DEBUG_VM
#undef CONFIG_DEBUG_VM_PGFLAGS
#undef CONFIG_DEBUG_LIST
#undef CONFIG_LIST_HARDENED
/* lib/list_debug.c is compiled all the same, and called by nobody. */
#define __list_valid_slowpath

#endif /* ASM_MMFUZZ_QUICK_H */
