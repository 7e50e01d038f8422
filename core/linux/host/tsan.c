// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data races on the free-running machine: between the kernel's code and ThreadSanitizer's runtime. What the compiler makes
 * the kernel's code call for a plain access comes here (link.py renames the calls) and is handed on as KCSAN would see it;
 * of what ThreadSanitizer then finds, known pairs (races.h) are passed over, and another pair becomes a finding.
 *
 * The kernel's code only: the harness around it calls the runtime itself, and its races are reported as everywhere else. All
 * functions of the runtime hand on by jumps, since the address that they return to is what the report names.
 */
#include <sim/compiler.h>

#if SIM_TSAN

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include "../gate.h"
#include "races.h"

#define MAX_PCS	  64
#define NAME_SIZE 120

/* Of ThreadSanitizer's runtime. */
int __tsan_get_report_data(void *report, const char **description, int *count, int *stack_count,
			   int *mop_count, int *loc_count, int *mutex_count, int *thread_count,
			   int *unique_tid_count, void **sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void *report, unsigned long idx, int *tid, void **addr, int *size,
			  int *write, int *atomic, void **trace, unsigned long trace_size);
void __sanitizer_symbolize_pc(void *pc, const char *fmt, char *out_buf, size_t out_buf_size);
/* Asked before a report is printed: true passes over it. C++: __tsan::OnReport(const ReportDesc *, bool). */
bool tsan_on_report(void *report,
		    bool suppressed) __asm__("_ZN6__tsan8OnReportEPKNS_10ReportDescEb");

void mmfuzz_races_off(void);
void mmfuzz_races_on(void);

/* ---- accesses ---- */

/* In data_race(): KCSAN does not look. */
static __thread unsigned int off;
/* There is a finding; somebody tells it. */
static bool found;
static bool told;

static void __cold report(void);

void mmfuzz_races_off(void)
{
	off++;
}

void mmfuzz_races_on(void)
{
	off--;
}

/* Whether the access is none of the detector's business. */
static __always_inline bool is_off(void)
{
	/* Acquire: pairs with the release in tsan_on_report(). */
	if (unlikely(smp_load_acquire(&found)))
		report();
	return off;
}

#define JUMP __attribute__((musttail)) return

/* Of each: what the runtime has, and ours, which the kernel's code calls. */
#define PLAIN(kind, size)                               \
	void __tsan_##kind##size(void *addr);           \
	void mmfuzz_tsan_##kind##size(void *addr);      \
	void mmfuzz_tsan_##kind##size(void *addr)       \
	{                                               \
		if (!is_off())                          \
			JUMP __tsan_##kind##size(addr); \
	}

PLAIN(read, 1)
PLAIN(read, 2)
PLAIN(read, 4)
PLAIN(read, 8)
PLAIN(read, 16)
PLAIN(unaligned_read, 2)
PLAIN(unaligned_read, 4)
PLAIN(unaligned_read, 8)
PLAIN(unaligned_read, 16)
PLAIN(write, 16)
PLAIN(unaligned_write, 16)

/*
 * An aligned write of a word or less counts as marked: the runtime is told of a read-modify-write that changes nothing, and
 * the write itself follows. Were it told of a plain write, the rule could be applied to the report only; but with a report
 * the runtime forgets who read and wrote there, and races that count would be missed.
 */
#define WRITE(kind, size, bits)                                                                  \
	u##bits __tsan_atomic##bits##_fetch_add(volatile u##bits *addr, u##bits add, int order); \
	void mmfuzz_tsan_##kind##size(void *addr);                                               \
	void mmfuzz_tsan_##kind##size(void *addr)                                                \
	{                                                                                        \
		if (is_off())                                                                    \
			return;                                                                  \
		if (unlikely(!IS_ALIGNED((unsigned long)addr, size)))                            \
			JUMP __tsan_unaligned_write##size(addr);                                 \
		__tsan_atomic##bits##_fetch_add(addr, 0, __ATOMIC_RELAXED);                      \
	}

void __tsan_unaligned_write2(void *addr);
void __tsan_unaligned_write4(void *addr);
void __tsan_unaligned_write8(void *addr);
#define __tsan_unaligned_write1 __tsan_unaligned_write2 /* a byte is never unaligned */
WRITE(write, 1, 8)
WRITE(write, 2, 16)
WRITE(write, 4, 32)
WRITE(write, 8, 64)
WRITE(unaligned_write, 2, 16)
WRITE(unaligned_write, 4, 32)
WRITE(unaligned_write, 8, 64)
WRITE(volatile_write, 1, 8)
WRITE(volatile_write, 2, 16)
WRITE(volatile_write, 4, 32)
WRITE(volatile_write, 8, 64)

/* Volatile is as good as READ_ONCE(). */
#define VOLATILE_READ(size, bits)                                                 \
	u##bits __tsan_atomic##bits##_load(const volatile u##bits *a, int order); \
	void mmfuzz_tsan_volatile_read##size(void *addr);                         \
	void mmfuzz_tsan_volatile_read##size(void *addr)                          \
	{                                                                         \
		if (!is_off())                                                    \
			__tsan_atomic##bits##_load(addr, __ATOMIC_RELAXED);       \
	}

VOLATILE_READ(1, 8)
VOLATILE_READ(2, 16)
VOLATILE_READ(4, 32)
VOLATILE_READ(8, 64)

/* ---- reports ---- */

struct side {
	void *pcs[MAX_PCS]; /* of calls; innermost first */
	unsigned int nr;
	unsigned int maker; /* the one of them that names the access */
	char name[NAME_SIZE];
	int size;
	int write;
	int atomic;
};

static bool watching;
/* MMFUZZ_RACES=list: all that are not known are told, and none is a finding. */
static bool listing;
static unsigned int nr_known;
/* Written by tsan_on_report(), which the runtime calls under its locks; then it is of whoever reports. */
static struct side sides[2];

/* What stands for memcpy() and the like says nothing: its caller does. */
static bool is_copy(const char *name)
{
	static const char *const copies[] = { "memcpy", "memmove", "memset", "memcmp" };

	if (!strncmp(name, "__tsan_", 7))
		name += 7;
	for (unsigned int i = 0; i < ARRAY_SIZE(copies); i++) {
		if (!strcmp(name, copies[i]))
			return true;
	}
	return false;
}

static void read_side(void *report, unsigned int i)
{
	struct side *side = &sides[i];
	char place[512];
	void *addr;
	int tid;

	memset(side, 0, sizeof(*side));
	__tsan_get_report_mop(report, i, &tid, &addr, &side->size, &side->write, &side->atomic,
			      side->pcs, MAX_PCS);
	while (side->nr < MAX_PCS && side->pcs[side->nr])
		side->nr++;
	for (; side->maker < side->nr; side->maker++) {
		if (!gate_place((unsigned long)side->pcs[side->maker], side->name, NAME_SIZE, place,
				sizeof(place)))
			snprintf(side->name, NAME_SIZE, "<null>");
		if (!is_copy(side->name))
			break;
	}
}

static bool in_order(void)
{
	return strcmp(sides[0].name, sides[1].name) <= 0;
}

static void print_side(const struct side *side, const char *intro)
{
	char text[1024];

	/* Of a write that counts as marked nobody knows any more whether it is: see WRITE(). */
	fprintf(stderr, "  %s%s of %d byte%s:\n", intro,
		side->write  ? "write" :
		side->atomic ? "marked read" :
			       "plain read",
		side->size, side->size == 1 ? "" : "s");
	for (unsigned int i = side->maker, nr = 0; i < side->nr; i++) {
		/* A call with others inlined into it is there once for each; they are told together. */
		if (i > side->maker && side->pcs[i] == side->pcs[i - 1])
			continue;
		memset(text, 0, sizeof(text));
		__sanitizer_symbolize_pc(side->pcs[i], "%p in %f %S", text, sizeof(text));
		for (const char *frame = text; *frame; frame += strlen(frame) + 1)
			fprintf(stderr, "    #%u %s\n", nr++, frame);
	}
}

static void list(void)
{
	fprintf(stderr, "mmfuzz: data race in %s / %s\n", sides[!in_order()].name,
		sides[in_order()].name);
	print_side(&sides[0], "");
	print_side(&sides[1], "not ordered behind the earlier ");
}

bool tsan_on_report(void *report, bool suppressed)
{
	const char *what;
	int mops, unused[6];
	void *slept[1];

	if (!watching || suppressed ||
	    !__tsan_get_report_data(report, &what, &unused[0], &unused[1], &mops, &unused[2],
				    &unused[3], &unused[4], &unused[5], slept, 1) ||
	    strcmp(what, "data-race") || mops != 2)
		return suppressed;
	/* One is enough. */
	if (READ_ONCE(found))
		return true;
	read_side(report, 0);
	read_side(report, 1);
	if (race_is_known(sides[!in_order()].name, sides[in_order()].name))
		nr_known++;
	else if (listing)
		list();
	else
		/* Release: pairs with the acquire in is_off(). The runtime's locks are held here: somebody else has to tell. */
		smp_store_release(&found, true);
	return true;
}

/* Of several CPUs that come here one tells; the others wait for the end in sim_bug(), or go on till then. */
static void report(void)
{
	static char pair[2 * NAME_SIZE + 4]; /* the finding keeps it */

	/* No order: what the finding is made of came with @found. */
	if (xchg_relaxed(&told, true))
		return;
	snprintf(pair, sizeof(pair), "%s / %s", sides[!in_order()].name, sides[in_order()].name);
	if (!sim_bug_is_quiet()) {
		print_side(&sides[0], "");
		print_side(&sides[1], "not ordered behind the earlier ");
	}
	sim_bug("data race", pair, SIM_NO_PFN,
		"%s of %d bytes is not ordered behind %s of %d bytes",
		sides[0].write ? "write" : "read", sides[0].size, sides[1].write ? "write" : "read",
		sides[1].size);
}

void races_watch(bool on)
{
	const char *mode = getenv("MMFUZZ_RACES");

	listing = mode && !strcmp(mode, "list");
	watching = on;
	told = false;
	WRITE_ONCE(found, false);
}

static void __attribute__((destructor)) tell_known(void)
{
	if (nr_known)
		fprintf(stderr,
			"mmfuzz: %u reports of data races were passed over: core/linux/races\n",
			nr_known);
}

#endif /* SIM_TSAN */
