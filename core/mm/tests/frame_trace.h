/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A listener for tests (struct mmfuzz_trace): where each frame is, as an oracle would know it from the events alone.
 *
 * An event that does not fit the frame's place ends the test at once. Atomic, since events come from all CPUs.
 */
#ifndef MM_TESTS_FRAME_TRACE_H
#define MM_TESTS_FRAME_TRACE_H

#include "machine.h"

enum frame_place { FRAME_ABSENT, FRAME_FREE, FRAME_OUT };

static unsigned char frame_places[4096];

static __maybe_unused enum frame_place frame_place(unsigned long pfn)
{
	return READ_ONCE(frame_places[pfn]);
}

static void frame_move(unsigned long pfn, unsigned long nr, unsigned char from, unsigned char to)
{
	for (unsigned long end = pfn + nr; pfn < end; pfn++) {
		/* Relaxed: the listener must not order CPUs that the core does not. */
		unsigned char old = __atomic_exchange_n(&frame_places[pfn], to, __ATOMIC_RELAXED);

		if (old != from)
			mm_bug("event does not fit", pfn, "from %u to %u, but it was %u", from, to, old);
	}
}

static void frame_alloc(pfn_t pfn, order_t order)
{
	frame_move(pfn.pfn, 1ul << order.order, FRAME_FREE, FRAME_OUT);
}

static void frame_free(pfn_t pfn, order_t order)
{
	frame_move(pfn.pfn, 1ul << order.order, FRAME_OUT, FRAME_FREE);
}

static void frame_online(pfn_t pfn, unsigned long nr)
{
	frame_move(pfn.pfn, nr, FRAME_ABSENT, FRAME_FREE);
}

static void frame_offline(pfn_t pfn, unsigned long nr)
{
	frame_move(pfn.pfn, nr, FRAME_FREE, FRAME_ABSENT);
}

/* After boot() or reset(). */
static __maybe_unused void frame_trace_start(void)
{
	static const struct mmfuzz_trace trace = {
		.alloc = frame_alloc, .free = frame_free, .online = frame_online, .offline = frame_offline
	};

	memset(frame_places, FRAME_ABSENT, sizeof(frame_places));
	for (unsigned long pfn = 0; pfn < max_pfn; pfn++)
		if (pfn_to_online_page(pfn) && !word_is_misc(page_word(pfn_to_page(pfn)), MISC_RESERVED))
			frame_places[pfn] = FRAME_FREE;
	be->set_trace(&trace);
}

/* After a finding was caught. */
static __maybe_unused void fresh(void)
{
	be->reset();
	frame_trace_start();
}

static __maybe_unused unsigned long frames_in(enum frame_place place, unsigned long pfn, unsigned long nr)
{
	unsigned long found = 0;

	for (unsigned long end = pfn + nr; pfn < end; pfn++)
		found += frame_place(pfn) == place;
	return found;
}

/* Everything was given back: quiesce, and the machine must be as it was booted. */
static __maybe_unused void assert_as_booted(void)
{
	be->quiesce();
	be->check_idle();
	assert_int_equal(frames_in(FRAME_OUT, 0, max_pfn), 0);
	assert_int_equal(frames_in(FRAME_FREE, 0, max_pfn), stats_now().managed);
}

#endif /* MM_TESTS_FRAME_TRACE_H */
