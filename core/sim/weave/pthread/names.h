/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of functions and lines in reports about pthread programs, from their debug information. */
#ifndef WEAVE_PTHREAD_NAMES_H
#define WEAVE_PTHREAD_NAMES_H

/** names_load() - read the debug information, once for all children, and name places by it from now on */
void names_load(void);

#endif /* WEAVE_PTHREAD_NAMES_H */
