// SPDX-License-Identifier: GPL-2.0-only
/*
 * The litmus tests, and what is known of them: names and outcomes as in Maranget, Sarkar and Sewell's tutorial (2012),
 * in the kernel's tools/memory-model/litmus-tests and in the paper on its model (ASPLOS 2018). The axioms, which
 * test_litmus.c holds against each of them, fill in the variants that are not printed there.
 *
 * A name lists the threads: po: nothing in between, mb, wmb, rmb: that barrier, rel: a release store, acq: an acquire
 * load, data and addr: a dependency.
 */
#include "litmus.h"

/* clang-format off */
#define R(l)		{ LITMUS_READ, LITMUS_ONCE, l, 0, false }
#define R_ACQ(l)	{ LITMUS_READ, LITMUS_ACQUIRE, l, 0, false }
#define R_ADDR(l)	{ LITMUS_READ, LITMUS_ONCE, l, 0, true }
#define W(l, v)		{ LITMUS_WRITE, LITMUS_ONCE, l, v, false }
#define W_REL(l, v)	{ LITMUS_WRITE, LITMUS_RELEASE, l, v, false }
#define W_DATA(l, v)	{ LITMUS_WRITE, LITMUS_ONCE, l, v, true }
#define XCHG(l, v)	{ LITMUS_XCHG, LITMUS_FULL, l, v, false }
#define XCHG_ONCE(l, v)	{ LITMUS_XCHG, LITMUS_ONCE, l, v, false }
#define XCHG_ACQ(l, v)	{ LITMUS_XCHG, LITMUS_ACQUIRE, l, v, false }
#define MB		{ LITMUS_FENCE, LITMUS_FULL, 0, 0, false }
#define WMB		{ LITMUS_FENCE, LITMUS_RELEASE, 0, 0, false }
#define RMB		{ LITMUS_FENCE, LITMUS_ACQUIRE, 0, 0, false }

#define P(...)		{ __VA_ARGS__ }
#define THREADS(...)	.steps = { __VA_ARGS__ }
#define READS(...)	.reads = { __VA_ARGS__ }
#define FINAL(...)	.final = { __VA_ARGS__ }

#define never	LITMUS_FORBIDDEN
#define seen	LITMUS_ALLOWED
#define unseen	LITMUS_NOT_SHOWN
#define VERDICT(sc, tso, lkmm) .verdict = { sc, tso, lkmm }

const struct litmus litmus_table[] = {
	/* Store buffering: both miss what the other wrote. */
	{ "SB+po+po", THREADS(P(W(x, 1), R(y)), P(W(y, 1), R(x))),
	  READS({ 0 }, { 0 }), VERDICT(never, seen, seen) },
	{ "SB+mb+po", THREADS(P(W(x, 1), MB, R(y)), P(W(y, 1), R(x))),
	  READS({ 0 }, { 0 }), VERDICT(never, seen, seen) },
	{ "SB+mb+mb", THREADS(P(W(x, 1), MB, R(y)), P(W(y, 1), MB, R(x))),
	  READS({ 0 }, { 0 }), VERDICT(never, never, never) },
	{ "SB+wmb+wmb", THREADS(P(W(x, 1), WMB, R(y)), P(W(y, 1), WMB, R(x))),
	  READS({ 0 }, { 0 }), VERDICT(never, seen, seen) },
	{ "SB+rmb+rmb", THREADS(P(W(x, 1), RMB, R(y)), P(W(y, 1), RMB, R(x))),
	  READS({ 0 }, { 0 }), VERDICT(never, seen, seen) },
	{ "SB+rel-acq+rel-acq", THREADS(P(W_REL(x, 1), R_ACQ(y)), P(W_REL(y, 1), R_ACQ(x))),
	  READS({ 0 }, { 0 }), VERDICT(never, seen, seen) },
	{ "SB+rfi+rfi", THREADS(P(W(x, 1), R(x), R(y)), P(W(y, 1), R(y), R(x))),
	  READS({ 1, 0 }, { 1, 0 }), VERDICT(never, seen, seen) },
	{ "SB+xchg+xchg", THREADS(P(XCHG(x, 1), R(y)), P(XCHG(y, 1), R(x))),
	  READS({ 0, 0 }, { 0, 0 }), VERDICT(never, never, never) },
	{ "SB+xchg_once+xchg_once", THREADS(P(XCHG_ONCE(x, 1), R(y)), P(XCHG_ONCE(y, 1), R(x))),
	  READS({ 0, 0 }, { 0, 0 }), VERDICT(never, never, seen) },

	/* Message passing: the flag is there, the data is not. */
	{ "MP+po+po", THREADS(P(W(x, 1), W(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+wmb+po", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+po+rmb", THREADS(P(W(x, 1), W(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+wmb+rmb", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "MP+rmb+wmb", THREADS(P(W(x, 1), RMB, W(y, 1)), P(R(y), WMB, R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+mb+mb", THREADS(P(W(x, 1), MB, W(y, 1)), P(R(y), MB, R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "MP+mb+po", THREADS(P(W(x, 1), MB, W(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+rel+acq", THREADS(P(W(x, 1), W_REL(y, 1)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "MP+rel+po", THREADS(P(W(x, 1), W_REL(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+po+acq", THREADS(P(W(x, 1), W(y, 1)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+wmb+addr", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), R_ADDR(x))), .pointer = y, .target = x,
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "MP+rel+addr", THREADS(P(W(x, 1), W_REL(y, 1)), P(R(y), R_ADDR(x))), .pointer = y, .target = x,
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "MP+po+addr", THREADS(P(W(x, 1), W(y, 1)), P(R(y), R_ADDR(x))), .pointer = y, .target = x,
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "MP+rel+xchg_once+acq", THREADS(P(W(x, 1), W_REL(y, 1)), P(XCHG_ONCE(y, 2)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1 }, { 2, 0 }), VERDICT(never, never, never) },
	{ "MP+rel+data+acq", THREADS(P(W(x, 1), W_REL(y, 1)), P(R(y), W_DATA(y, 2)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1 }, { 2, 0 }), VERDICT(never, never, seen) },
	/* The read goes back before one that a store depends on: data, and control, which is not told from it. */
	{ "PPOAA", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), W_DATA(z, 1), R(z), R_ADDR(x))),
	  .pointer = z, .target = x,
	  READS({ 0 }, { 1, 1, 0 }), VERDICT(never, never, never) },
	{ "PPOCA", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), W(z, 1), R(z), R_ADDR(x))),
	  .pointer = z, .target = x,
	  READS({ 0 }, { 1, 1, 0 }), VERDICT(never, never, unseen) },

	/* What would be an unlock and a lock, of one thread or of two: then the Linux model forbids it. */
	{ "ISA2+rel+xchg_acq+rmb", THREADS(P(W(x, 1), W_REL(z, 1)), P(XCHG_ACQ(z, 2), W(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, unseen) },
	{ "MP+rel-xchg_acq+rmb", THREADS(P(W(x, 1), W_REL(z, 1), XCHG_ACQ(w, 1), W(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, unseen) },

	/* Load buffering: each reads what the other writes later. */
	{ "LB+po+po", THREADS(P(R(x), W(y, 1)), P(R(y), W(x, 1))),
	  READS({ 1 }, { 1 }), VERDICT(never, never, unseen) },
	{ "LB+acq+po", THREADS(P(R_ACQ(x), W(y, 1)), P(R(y), W(x, 1))),
	  READS({ 1 }, { 1 }), VERDICT(never, never, unseen) },
	{ "LB+wmb+rmb", THREADS(P(R(x), WMB, W(y, 1)), P(R(y), RMB, W(x, 1))),
	  READS({ 1 }, { 1 }), VERDICT(never, never, unseen) },
	{ "LB+data+data", THREADS(P(R(x), W_DATA(y, 1)), P(R(y), W_DATA(x, 1))),
	  READS({ 1 }, { 1 }), VERDICT(never, never, never) },
	{ "LB+mb+mb", THREADS(P(R(x), MB, W(y, 1)), P(R(y), MB, W(x, 1))),
	  READS({ 1 }, { 1 }), VERDICT(never, never, never) },
	{ "LB+acq+rel", THREADS(P(R_ACQ(x), W(y, 1)), P(R(y), W_REL(x, 1))),
	  READS({ 1 }, { 1 }), VERDICT(never, never, never) },

	/* S: the flag is there, and yet the reader's own store is the older one. */
	{ "S+po+po", THREADS(P(W(x, 2), W(y, 1)), P(R(y), W(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, seen) },
	{ "S+po+data", THREADS(P(W(x, 2), W(y, 1)), P(R(y), W_DATA(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, seen) },
	{ "S+po+acq", THREADS(P(W(x, 2), W(y, 1)), P(R_ACQ(y), W(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, seen) },
	{ "S+wmb+po", THREADS(P(W(x, 2), WMB, W(y, 1)), P(R(y), W(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, unseen) },
	{ "S+wmb+data", THREADS(P(W(x, 2), WMB, W(y, 1)), P(R(y), W_DATA(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, never) },
	{ "S+wmb+acq", THREADS(P(W(x, 2), WMB, W(y, 1)), P(R_ACQ(y), W(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, never) },
	{ "S+rel+acq", THREADS(P(W(x, 2), W_REL(y, 1)), P(R_ACQ(y), W(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, never) },
	{ "S+mb+mb", THREADS(P(W(x, 2), MB, W(y, 1)), P(R(y), MB, W(x, 1))),
	  READS({ 0 }, { 1 }), FINAL([x] = 2), VERDICT(never, never, never) },

	/* R: the later of two stores, and yet the first thread's other store is missed. */
	{ "R+po+po", THREADS(P(W(x, 1), W(y, 1)), P(W(y, 2), R(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, seen, seen) },
	{ "R+po+mb", THREADS(P(W(x, 1), W(y, 1)), P(W(y, 2), MB, R(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, never, seen) },
	{ "R+mb+po", THREADS(P(W(x, 1), MB, W(y, 1)), P(W(y, 2), R(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, seen, seen) },
	{ "R+wmb+mb", THREADS(P(W(x, 1), WMB, W(y, 1)), P(W(y, 2), MB, R(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, never, seen) },
	{ "R+rel+mb", THREADS(P(W(x, 1), W_REL(y, 1)), P(W(y, 2), MB, R(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, never, seen) },
	{ "R+mb+acq", THREADS(P(W(x, 1), MB, W(y, 1)), P(W_REL(y, 2), R_ACQ(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, seen, seen) },
	{ "R+mb+mb", THREADS(P(W(x, 1), MB, W(y, 1)), P(W(y, 2), MB, R(x))),
	  READS({ 0 }, { 0 }), FINAL([y] = 2), VERDICT(never, never, never) },

	/* Two writers, each of whose first stores is the last one. */
	{ "2+2W+po+po", THREADS(P(W(x, 1), W(y, 2)), P(W(y, 1), W(x, 2))),
	  FINAL([x] = 1, [y] = 1), VERDICT(never, never, seen) },
	{ "2+2W+wmb+po", THREADS(P(W(x, 1), WMB, W(y, 2)), P(W(y, 1), W(x, 2))),
	  FINAL([x] = 1, [y] = 1), VERDICT(never, never, seen) },
	{ "2+2W+wmb+wmb", THREADS(P(W(x, 1), WMB, W(y, 2)), P(W(y, 1), WMB, W(x, 2))),
	  FINAL([x] = 1, [y] = 1), VERDICT(never, never, unseen) },
	{ "2+2W+rel+rel", THREADS(P(W(x, 1), W_REL(y, 2)), P(W(y, 1), W_REL(x, 2))),
	  FINAL([x] = 1, [y] = 1), VERDICT(never, never, unseen) },
	{ "2+2W+mb+mb", THREADS(P(W(x, 1), MB, W(y, 2)), P(W(y, 1), MB, W(x, 2))),
	  FINAL([x] = 1, [y] = 1), VERDICT(never, never, never) },

	/* Write to read causality: what a second thread has seen, and told a third one of. */
	{ "WRC+po+po", THREADS(P(W(x, 1)), P(R(x), W(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "WRC+data+rmb", THREADS(P(W(x, 1)), P(R(x), W_DATA(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "WRC+acq+acq", THREADS(P(W(x, 1)), P(R_ACQ(x), W(y, 1)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "WRC+wmb+rmb", THREADS(P(W(x, 1)), P(R(x), WMB, W(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, unseen) },
	{ "WRC+rel+po", THREADS(P(W(x, 1)), P(R(x), W_REL(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "WRC+rel+rmb", THREADS(P(W(x, 1)), P(R(x), W_REL(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "WRC+rel+acq", THREADS(P(W(x, 1)), P(R(x), W_REL(y, 1)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "WRC+mb+mb", THREADS(P(W(x, 1)), P(R(x), MB, W(y, 1)), P(R(y), MB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },

	/* Independent reads of independent writes: two readers disagree on which came first. */
	{ "IRIW+po+po", THREADS(P(W(x, 1)), P(R(x), R(y)), P(W(y, 1)), P(R(y), R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "IRIW+rmb+rmb", THREADS(P(W(x, 1)), P(R(x), RMB, R(y)), P(W(y, 1)), P(R(y), RMB, R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "IRIW+acq+acq", THREADS(P(W_REL(x, 1)), P(R_ACQ(x), R(y)), P(W_REL(y, 1)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "IRIW+mb+mb", THREADS(P(W(x, 1)), P(R(x), MB, R(y)), P(W(y, 1)), P(R(y), MB, R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }, { 1, 0 }), VERDICT(never, never, never) },

	/* Coherence: of one location there is one order of stores, and nobody sees it backwards. */
	{ "CoRR", THREADS(P(W(x, 1)), P(R(x), R(x))),
	  READS({ 0 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "CoRR2", THREADS(P(W(x, 1)), P(W(x, 2)), P(R(x), R(x)), P(R(x), R(x))),
	  READS({ 0 }, { 0 }, { 1, 2 }, { 2, 1 }), VERDICT(never, never, never) },
	{ "CoRW", THREADS(P(R(x), W(x, 1)), P(W(x, 2))),
	  READS({ 2 }), FINAL([x] = 2), VERDICT(never, never, never) },
	{ "CoWR", THREADS(P(W(x, 1), R(x)), P(W(x, 2))),
	  READS({ 2 }), FINAL([x] = 1), VERDICT(never, never, never) },
	{ "CoWW", THREADS(P(W(x, 1), W(x, 2))),
	  FINAL([x] = 1), VERDICT(never, never, never) },
	{ "CoW-xchg_once", THREADS(P(W(x, 1), XCHG_ONCE(x, 2))),
	  READS({ 0 }), VERDICT(never, never, never) },
	{ "CoRR+rel+acq", THREADS(P(W(x, 1)), P(R(x), W_REL(y, 1)), P(R_ACQ(y), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },

	/* ISA2: message passing by way of a third thread. */
	{ "ISA2+po+po+po", THREADS(P(W(x, 1), W(y, 1)), P(R(y), W(z, 1)), P(R(z), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "ISA2+wmb+data+rmb", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), W_DATA(z, 1)), P(R(z), RMB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "ISA2+mb+data+po", THREADS(P(W(x, 1), MB, W(y, 1)), P(R(y), W_DATA(z, 1)), P(R(z), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, seen) },
	{ "ISA2+mb+data+rmb", THREADS(P(W(x, 1), MB, W(y, 1)), P(R(y), W_DATA(z, 1)), P(R(z), RMB, R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "ISA2+wmb+rel+acq", THREADS(P(W(x, 1), WMB, W(y, 1)), P(R(y), W_REL(z, 1)), P(R_ACQ(z), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },
	{ "ISA2+rel+acq-rel+acq", THREADS(P(W(x, 1), W_REL(y, 1)), P(R_ACQ(y), W_REL(z, 1)), P(R_ACQ(z), R(x))),
	  READS({ 0 }, { 1 }, { 1, 0 }), VERDICT(never, never, never) },

	/* Read to write causality: a reader between a writer and one who has missed him. */
	{ "RWC+po+po", THREADS(P(W(x, 1)), P(R(x), R(y)), P(W(y, 1), R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }), VERDICT(never, seen, seen) },
	{ "RWC+rmb+mb", THREADS(P(W(x, 1)), P(R(x), RMB, R(y)), P(W(y, 1), MB, R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }), VERDICT(never, never, seen) },
	{ "RWC+acq+mb", THREADS(P(W_REL(x, 1)), P(R_ACQ(x), R(y)), P(W(y, 1), MB, R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }), VERDICT(never, never, seen) },
	{ "RWC+mb+mb", THREADS(P(W(x, 1)), P(R(x), MB, R(y)), P(W(y, 1), MB, R(x))),
	  READS({ 0 }, { 1, 0 }, { 0 }), VERDICT(never, never, never) },

	/* Z6.0: what a chain of releases tells is not known to everybody. */
	{ "Z6.0+rel+acq-rel+mb", THREADS(P(W(x, 1), W_REL(y, 1)), P(R_ACQ(y), W_REL(z, 1)), P(W(z, 2), MB, R(x))),
	  READS({ 0 }, { 1 }, { 0 }), FINAL([z] = 2), VERDICT(never, never, seen) },
};
/* clang-format on */

const unsigned int litmus_nr = ARRAY_SIZE(litmus_table);
