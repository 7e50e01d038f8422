/* SPDX-License-Identifier: GPL-2.0-only */
/* The last lines of the kernel's log, for who reads a finding. */
#ifndef MMFUZZ_LINUX_LOG_H
#define MMFUZZ_LINUX_LOG_H

/** log_print() - the last lines, to stderr, and no second time */
void log_print(void);
/** log_forget() - a run begins */
void log_forget(void);

#endif /* MMFUZZ_LINUX_LOG_H */
