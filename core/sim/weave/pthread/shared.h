/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a parent and its forked children share, at the same address: what a strategy learns in one
 * child serves the next. Grows only; one process uses it at a time.
 */
#ifndef WEAVE_PTHREAD_SHARED_H
#define WEAVE_PTHREAD_SHARED_H

#include <stddef.h>

/** shared_realloc() - like realloc(), zeroed beyond what was there; 0 bytes: free. Ends the process with 2 when there is no more */
void *shared_realloc(void *ptr, size_t bytes);

#endif /* WEAVE_PTHREAD_SHARED_H */
