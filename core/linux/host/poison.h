/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may not be touched: the contents of frames that were freed, and objects that were. ASan reports who touches it,
 * and the woven machine who does without an order to the free. Only what was freed since the machine began or was reset is
 * poisoned, so that a reset costs what has happened, not what there is.
 */
#ifndef MMFUZZ_LINUX_POISON_H
#define MMFUZZ_LINUX_POISON_H

/** poison_frames() - they have left their owner; poison_lift() - they have one. @order: of a block */
void poison_frames(unsigned long pfn, unsigned int order);
void poison_lift(unsigned long pfn, unsigned int order);
/** poison_forget() - nothing is poisoned; nobody runs */
void poison_forget(void);

#endif /* MMFUZZ_LINUX_POISON_H */
