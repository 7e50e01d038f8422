/* SPDX-License-Identifier: GPL-2.0-only */
/* The last lines of the kernel's log: printed before a finding, or all of them with MMFUZZ_LINUX_LOG set. */
#ifndef MMFUZZ_LINUX_LOG_H
#define MMFUZZ_LINUX_LOG_H

/** log_print() - the last lines, to stderr; forgets them */
void log_print(void);
/** log_forget() - a run begins */
void log_forget(void);

#endif /* MMFUZZ_LINUX_LOG_H */
