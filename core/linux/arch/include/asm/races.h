/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * data_race() for detectors of races: stands before every file in builds that have one. The tree's <linux/kcsan-checks.h>
 * defines two empty functions that data_race() calls before and after; here the definitions get names that nobody
 * uses, and the calls are ours.
 */
#ifndef ASM_MMFUZZ_RACES_H
#define ASM_MMFUZZ_RACES_H

void mmfuzz_races_off(void);
void mmfuzz_races_on(void);

/* With it the tree would take KCSAN's own names, and define these away. */
#undef __SANITIZE_THREAD__
/* As in a kernel with KCSAN; what is volatile is marked (host/tsan.c, core/sim/weave/runtime.c). */
#undef __data_racy
#define __data_racy volatile

#define __kcsan_disable_current(arg) MMFUZZ_KCSAN_OFF_##arg
#define MMFUZZ_KCSAN_OFF_	     mmfuzz_races_off()
#define MMFUZZ_KCSAN_OFF_void	     mmfuzz_kcsan_off(void)
#define __kcsan_enable_current(arg)  MMFUZZ_KCSAN_ON_##arg
#define MMFUZZ_KCSAN_ON_	     mmfuzz_races_on()
#define MMFUZZ_KCSAN_ON_void	     mmfuzz_kcsan_on(void)

#endif /* ASM_MMFUZZ_RACES_H */
