/* SPDX-License-Identifier: GPL-2.0-only */
/* The data races that are known of Linux (core/linux/races): they are no findings. */
#ifndef MMFUZZ_LINUX_RACES_H
#define MMFUZZ_LINUX_RACES_H

#include <stdbool.h>

/** race_is_known() - whether the list has the pair; @func and @other_func in the order of their names */
bool race_is_known(const char *func, const char *other_func);

/** races_watch() - from here on, or no more, the list is asked for ThreadSanitizer's reports (tsan.c) */
#if SIM_TSAN
void races_watch(bool on);
#else
static inline void races_watch(bool on)
{
	(void)on;
}
#endif

#endif /* MMFUZZ_LINUX_RACES_H */
