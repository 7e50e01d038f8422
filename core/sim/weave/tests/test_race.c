// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data races as code under test has them: each with its twin in which the accesses are ordered, marked or
 * apart. Bodies run woven, one fibre after the other unless a test says who goes first: what happens before what does
 * not depend on who runs when.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <machine/machine.h>
#include <mmfuzz/weave.h>
#include <sim/atomic.h>
#include <sim/bug.h>
#include <sim/cpu.h>
#include <sim/rcu.h>
#include <sim/spinlock.h>

#include "shadow.h"
#include "symbol.h"

typedef void (*body)(unsigned int fibre, void *arg);

/* The memory in dispute, zero at the beginning of each run. */
static struct {
	u32 data;
	u32 flag;
	u32 lock;
	u32 other;
	u8 bytes[64];
	u64 words[64];
} m __aligned(64);

/* Accesses that stay as they are, in functions whose names a title may have. */
#define ACCESS static noinline __maybe_unused

ACCESS void writer(u32 *p)
{
	*p += 1;
	barrier();
}

ACCESS u32 reader(const u32 *p)
{
	u32 value = *p;

	barrier();
	return value;
}

ACCESS void byte_writer(u8 *p)
{
	*p = 1;
	barrier();
}

ACCESS void marker(u32 *p)
{
	WRITE_ONCE(*p, 7);
	barrier();
}

ACCESS void incrementer(u32 *p)
{
	*p += 1;
	barrier();
}

ACCESS u32 looker(u32 *p)
{
	u32 value = READ_ONCE(*p);

	barrier();
	return value;
}

ACCESS void freer(void *p, size_t len)
{
	weave_freed(p, len);
	barrier();
}

ACCESS void copier(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	barrier();
}

ACCESS void filler(void *to, size_t len)
{
	memset(to, 0x5a, len);
	barrier();
}

/* A name is that of the function that begins last before the place. */
static bool by_table(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size);

/* ---- runs ---- */

static struct weave_result result;

/* Title of what @nr fibres are found doing, "nothing" if they are not; @first begins. */
static const char *first_finding(const struct weave_config *config, unsigned int nr, unsigned int first, body fn)
{
	const struct weave_schedule schedule = {
		.entries = &(struct weave_entry){ .op = 0, .nth = 0, .kind = WEAVE_SWITCH, .value = (u8)first },
		.nr = first ? 1 : 0,
	};
	struct weave_config c = *config;
	struct weave *w;

	memset(&m, 0, sizeof(m));
	c.catch = true;
	c.schedule = &schedule;
	w = weave_new(&c);
	assert_true(weave_run(w, nr, fn, NULL, &result));
	weave_free(w);
	return result.found ? result.title : "nothing";
}

static const struct weave_config all = { .races = WEAVE_RACES_ALL };
static const struct weave_config kcsan = { .races = WEAVE_RACES_KCSAN };

#define assert_finds(config, nr, fn, title)                                           \
	do {                                                                          \
		assert_string_equal(first_finding(config, nr, 0, fn), title);         \
		assert_string_equal(first_finding(config, nr, (nr) - 1, fn), title);  \
	} while (0)
/* For those where the second fibre acts upon what it sees of the first. */
#define assert_finds_in_turn(nr, fn, title) assert_string_equal(first_finding(&all, nr, 0, fn), title)
#define assert_clean(nr, fn)   assert_finds(&all, nr, fn, "nothing")

/* ---- two accesses ---- */

static void plain_plain(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		reader(&m.data);
	else
		writer(&m.data);
}

static void plain_marked_read(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		looker(&m.data);
	else
		writer(&m.data);
}

static void marked_write_plain_read(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		reader(&m.data);
	else
		marker(&m.data);
}

static void marked_marked(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		looker(&m.data);
	else
		marker(&m.data);
}

/* As data_race() of Linux: what is in it is borne, what comes after it is not, and of others nothing is. */
static void declared_read(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		marker(&m.data);
		return;
	}
	weave_marked_begin();
	weave_marked_begin();
	weave_marked_end();
	reader(&m.data);
	weave_marked_end();
}

static void read_behind_declared(unsigned int fibre, void *arg)
{
	declared_read(fibre, arg);
	if (fibre)
		reader(&m.data);
}

static void declared_elsewhere(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		weave_marked_begin();
		marker(&m.data);
		weave_marked_end();
	} else {
		reader(&m.data);
	}
}

static void both_read(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	reader(&m.data);
	looker(&m.data);
}

static void who_races_with_whom(void **state)
{
	(void)state;
	/* The title is the same whoever comes first. */
	assert_finds(&all, 2, plain_plain, "data race in reader / writer");
	assert_finds(&all, 2, plain_marked_read, "data race in looker / writer");
	assert_finds(&all, 2, marked_write_plain_read, "data race in marker / reader");
	assert_clean(2, marked_marked);
	assert_clean(2, both_read);
	assert_clean(2, declared_read);
	assert_finds(&all, 2, read_behind_declared, "data race in marker / reader");
	assert_finds(&all, 2, declared_elsewhere, "data race in marker / reader");
}

static void what_a_finding_says(void **state)
{
	(void)state;
	assert_finds_in_turn(2, marked_write_plain_read, "data race in marker / reader");
	assert_non_null(strstr(result.text, "plain read of 4 bytes by CPU 1 in operation 1 is not ordered behind "
					    "marked write of 4 bytes by CPU 0 in operation 0"));
	assert_int_equal(result.addr, &m.data);
	assert_true(result.pc && result.other_pc && result.pc != result.other_pc);
}

/* ---- bytes ---- */

static unsigned int distance;

static void byte_and_byte(unsigned int fibre, void *arg)
{
	(void)arg;
	byte_writer(&m.bytes[fibre ? distance : 0]);
}

static void byte_and_word(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		byte_writer(&m.bytes[distance]);
	else
		writer((u32 *)m.bytes);
}

/* Bytes 6 to 9: half in the next 8. */
struct __packed crossing {
	u8 before[6];
	u32 value;
};

ACCESS void cross_writer(struct crossing *c)
{
	c->value = 0x01020304;
	barrier();
}

static void byte_and_crossing(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		byte_writer(&m.bytes[distance]);
	else
		cross_writer((struct crossing *)m.bytes);
}

static void each_byte_for_itself(void **state)
{
	(void)state;
	for (distance = 0; distance < 12; distance++) {
		assert_finds(&all, 2, byte_and_byte,
			     distance ? "nothing" : "data race in byte_writer / byte_writer");
		assert_finds(&all, 2, byte_and_word,
			     distance < 4 ? "data race in byte_writer / writer" : "nothing");
		assert_finds(&all, 2, byte_and_crossing,
			     distance >= 6 && distance < 10 ? "data race in byte_writer / cross_writer" : "nothing");
	}
}

/* ---- ranges ---- */

static size_t range_len;

static void copy_to_and_byte(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		byte_writer(&m.bytes[distance]);
	else
		copier(m.bytes + 1, m.words, range_len);
}

static void copy_from_and_byte(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		byte_writer(&m.bytes[distance]);
	else
		copier(m.words, m.bytes + 1, range_len);
}

static void copy_twice(unsigned int fibre, void *arg)
{
	(void)arg;
	copier(m.words + 32 * fibre, m.bytes, range_len);
}

static void fill_and_byte(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		byte_writer(&m.bytes[distance]);
	else
		filler(m.bytes + 1, range_len);
}

static void ranges_end_where_they_end(void **state)
{
	(void)state;
	/* Not known to the compiler. */
	range_len = 33;
	__asm__ __volatile__("" : "+m"(range_len));
	for (distance = 0; distance < 40; distance++) {
		bool within = distance >= 1 && distance < 34;

		assert_finds(&all, 2, copy_to_and_byte, within ? "data race in byte_writer / copier" : "nothing");
		assert_finds(&all, 2, copy_from_and_byte, within ? "data race in byte_writer / copier" : "nothing");
		assert_finds(&all, 2, fill_and_byte, within ? "data race in byte_writer / filler" : "nothing");
	}
	assert_clean(2, copy_twice);
}

/* ---- order ---- */

static void take(u32 *lock)
{
	while (xchg_acquire(lock, 1))
		weave_yield();
}

static void give(u32 *lock)
{
	smp_store_release(lock, 0);
}

static void all_lock(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	take(&m.lock);
	writer(&m.data);
	give(&m.lock);
}

static void one_does_not_lock(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre != 1)
		all_lock(fibre, NULL);
	else
		writer(&m.data);
}

static void two_locks(unsigned int fibre, void *arg)
{
	u32 *lock = fibre ? &m.lock : &m.other;

	(void)arg;
	take(lock);
	writer(&m.data);
	give(lock);
}

static void locks_order(void **state)
{
	(void)state;
	assert_clean(2, all_lock);
	assert_clean(3, all_lock);
	assert_clean(64, all_lock);
	assert_finds(&all, 2, one_does_not_lock, "data race in writer / writer");
	assert_finds(&all, 64, one_does_not_lock, "data race in writer / writer");
	assert_finds(&all, 2, two_locks, "data race in writer / writer");
}

/* How the flag of a message is written and read, and what stands between it and the message. */
static int write_order, read_order, write_fence, read_fence;

static void message(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		writer(&m.data);
		if (write_fence)
			smp_wmb();
		if (write_order == __ATOMIC_RELEASE)
			smp_store_release(&m.flag, 1);
		else
			WRITE_ONCE(m.flag, 1);
	} else if (read_order == __ATOMIC_ACQUIRE ? smp_load_acquire(&m.flag) : READ_ONCE(m.flag)) {
		if (read_fence)
			smp_rmb();
		reader(&m.data);
	}
}

static const char *message_with(int worder, int wfence, int rorder, int rfence)
{
	write_order = worder;
	write_fence = wfence;
	read_order = rorder;
	read_fence = rfence;
	return first_finding(&all, 2, 0, message);
}

/* Each half of the pair in each form: both are needed, either form will do. */
static void messages_need_both_halves(void **state)
{
	(void)state;
	for (int w = 0; w < 4; w++)
		for (int r = 0; r < 4; r++)
			assert_string_equal(message_with(w & 1 ? __ATOMIC_RELEASE : __ATOMIC_RELAXED, w & 2,
							 r & 1 ? __ATOMIC_ACQUIRE : __ATOMIC_RELAXED, r & 2),
					    w && r ? "nothing" : "data race in reader / writer");
}

static void fence_before_the_message(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		smp_mb();
		writer(&m.data);
		WRITE_ONCE(m.flag, 1);
	} else if (smp_load_acquire(&m.flag)) {
		reader(&m.data);
	}
}

static void fence_before_the_look(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		writer(&m.data);
		smp_store_release(&m.flag, 1);
	} else {
		smp_mb();
		if (READ_ONCE(m.flag))
			reader(&m.data);
	}
}

static void fences_where_they_are(void **state)
{
	(void)state;
	assert_finds_in_turn(2, fence_before_the_message, "data race in reader / writer");
	assert_finds_in_turn(2, fence_before_the_look, "data race in reader / writer");
}

static bool by_store;

/*
 *	CPU 0			CPU 1			CPU 2
 *	data; release flag = 1
 *				flag += 1 (relaxed)
 *							acquire flag == 2; data
 */
static void passed_on(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		writer(&m.data);
		smp_store_release(&m.flag, 1);
	} else if (fibre == 1) {
		if (by_store)
			WRITE_ONCE(m.flag, 2);
		else
			__atomic_fetch_add(&m.flag, 1, __ATOMIC_RELAXED);
	} else if (smp_load_acquire(&m.flag) == 2) {
		reader(&m.data);
	}
}

static void stored_again(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		writer(&m.data);
		smp_store_release(&m.flag, 1);
		WRITE_ONCE(m.flag, 2);
	} else if (smp_load_acquire(&m.flag) == 2) {
		reader(&m.data);
	}
}

static void only_read_modify_writes_pass_on(void **state)
{
	(void)state;
	by_store = false;
	assert_finds_in_turn(3, passed_on, "nothing");
	by_store = true;
	assert_finds_in_turn(3, passed_on, "data race in reader / writer");
	assert_finds_in_turn(2, stored_again, "data race in reader / writer");
}

static void keys(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		writer(&m.data);
		weave_release(&m.other);
	} else {
		weave_acquire((char *)&m.other + distance);
		reader(&m.data);
	}
}

static void keys_order(void **state)
{
	(void)state;
	distance = 0;
	assert_finds_in_turn(2, keys, "nothing");
	distance = 1;
	assert_finds_in_turn(2, keys, "data race in reader / writer");
}

/* ---- many readers ---- */

#define READERS 12

static unsigned int unheard;

/* The last fibre writes, and knows of all readers but one. */
static void readers_and_a_writer(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre < READERS) {
		reader(&m.data);
		smp_store_release((u32 *)&m.words[fibre], 1);
		return;
	}
	for (unsigned int i = 0; i < READERS; i++)
		if (i != unheard)
			smp_load_acquire((u32 *)&m.words[i]);
	writer(&m.data);
}

static void no_reader_is_forgotten(void **state)
{
	char text[64];

	(void)state;
	for (unheard = 0; unheard < READERS; unheard++) {
		assert_finds_in_turn(READERS + 1, readers_and_a_writer, "data race in reader / writer");
		snprintf(text, sizeof(text), "plain read of 4 bytes by CPU %u in", unheard);
		assert_non_null(strstr(result.text, text));
	}
	assert_finds_in_turn(READERS + 1, readers_and_a_writer, "nothing");
}

/* ---- the end of a life ---- */

static void free_and_use(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		reader(&m.data);
	else
		freer(&m, sizeof(m));
}

static void free_and_look(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		looker(&m.data);
	else
		freer(&m, sizeof(m));
}

static void free_twice(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	freer(&m.data, 4);
}

/* Used again, in order, by whoever has freed it: for a late user it is freed memory all the same. */
static void free_reuse_and_use(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre) {
		reader(&m.data);
	} else {
		freer(&m.data, 4);
		writer(&m.data);
	}
}

static void free_under_lock(unsigned int fibre, void *arg)
{
	(void)arg;
	take(&m.lock);
	if (fibre)
		writer(&m.data);
	else
		freer(&m.data, 4);
	give(&m.lock);
}

static void uses_after_free(void **state)
{
	(void)state;
	assert_finds(&all, 2, free_and_use, "use after free in freer / reader");
	assert_finds(&all, 2, free_and_look, "use after free in freer / looker");
	assert_finds(&all, 2, free_twice, "double free in freer / freer");
	assert_finds_in_turn(2, free_reuse_and_use, "use after free in freer / reader");
	assert_clean(2, free_under_lock);
}

/* ---- RCU ---- */

static u32 *published;
static bool wait_for_readers;

/*
 *	CPU 0				CPU 1
 *	rcu_read_lock
 *					published = NULL
 *	reader				grace period
 *	rcu_read_unlock
 *					free
 */
static void rcu_body(unsigned int cpu, void *arg)
{
	(void)arg;
	if (!cpu) {
		u32 *p;

		rcu_read_lock();
		p = rcu_dereference(published);
		if (p)
			reader(p);
		rcu_read_unlock();
	} else {
		rcu_assign_pointer(published, NULL);
		if (wait_for_readers)
			synchronize_rcu();
		freer(&m.data, 4);
	}
}

static const char *rcu_finding(unsigned int switch_at)
{
	struct weave_entry entry = { .op = 0, .nth = switch_at, .kind = WEAVE_SWITCH, .value = 1 };
	struct weave *w = weave_new(&(struct weave_config){
		.races = WEAVE_RACES_ALL,
		.catch = true,
		.schedule = &(struct weave_schedule){ .entries = &entry, .nr = 1 },
	});

	memset(&m, 0, sizeof(m));
	published = &m.data;
	machine_init(2);
	machine_use(w);
	assert_true(machine_run_weave(2, rcu_body, NULL, &result));
	machine_use(NULL);
	machine_exit();
	weave_free(w);
	return result.found ? result.title : "nothing";
}

static void rcu_orders_what_it_promises(void **state)
{
	(void)state;
	/* Wherever the reader is interrupted: before, within and behind its section. */
	wait_for_readers = true;
	for (unsigned int nth = 0; nth < 5; nth++)
		assert_string_equal(rcu_finding(nth), "nothing");
	wait_for_readers = false;
	/* Behind its look at the pointer, and never interrupted. */
	assert_string_equal(rcu_finding(3), "use after free in freer / reader");
	assert_string_equal(rcu_finding(99), "use after free in freer / reader");
}

/* ---- Linux's rules ---- */

static u32 *waiter;

/*
 *	CPU 0					CPU 1
 *	release: waiter = &woken
 *						writer
 *						release: *waiter = 1
 *	acquire: woken, on its own stack
 *	reader
 */
static void waits_on_its_stack(unsigned int fibre, void *arg)
{
	u32 woken = 0, *who;

	(void)arg;
	if (!fibre) {
		smp_store_release(&waiter, &woken);
		while (!smp_load_acquire(&woken))
			weave_yield();
		reader(&m.data);
	} else {
		while (!(who = smp_load_acquire(&waiter)))
			weave_yield();
		writer(&m.data);
		smp_store_release(who, 1);
	}
}

/* Private, a stack is read without the release that came there. */
static void waiters_on_stacks_learn_by_linux_rules(void **state)
{
	(void)state;
	waiter = NULL;
	assert_string_equal(first_finding(&all, 2, 0, waits_on_its_stack), "data race in reader / writer");
	weave_linux_rules(true, NULL);
	waiter = NULL;
	assert_string_equal(first_finding(&all, 2, 0, waits_on_its_stack), "nothing");
	weave_linux_rules(false, NULL);
	waiter = NULL;
	assert_string_equal(first_finding(&all, 2, 0, waits_on_its_stack), "data race in reader / writer");
}

/* ---- the mode that sees as KCSAN does ---- */

static void bare_writer_marked_read(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		looker((u32 *)&m.bytes[4]);
	else
		byte_writer(&m.bytes[5]);
}

static void crossing_marked_read(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		looker((u32 *)&m.bytes[8]);
	else
		cross_writer((struct crossing *)m.bytes);
}

static void fill_marked_read(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		looker((u32 *)&m.bytes[8]);
	else
		filler(m.bytes, range_len);
}

static void increment_marked_write(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		marker((u32 *)&m.bytes[4]);
	else
		incrementer((u32 *)&m.bytes[4]);
}

static void kcsan_takes_aligned_plain_writes_as_marked(void **state)
{
	(void)state;
	range_len = 33;
	assert_finds(&kcsan, 2, bare_writer_marked_read, "nothing");
	assert_finds(&all, 2, bare_writer_marked_read, "data race in byte_writer / looker");
	assert_finds(&kcsan, 2, byte_and_byte, "nothing");
	/* A plain read stays one, also that of an increment. */
	assert_finds(&kcsan, 2, plain_plain, "data race in reader / writer");
	assert_finds(&kcsan, 2, increment_marked_write, "data race in incrementer / marker");
	assert_finds(&kcsan, 2, plain_marked_read, "nothing");
	/* Neither aligned nor a word. */
	assert_finds(&kcsan, 2, crossing_marked_read, "data race in cross_writer / looker");
	assert_finds(&kcsan, 2, fill_marked_read, "data race in filler / looker");
}

/* ---- what stays behind ---- */

static void nothing_stays_behind(void **state)
{
	struct weave *w = weave_new(&(struct weave_config){ .races = WEAVE_RACES_ALL, .catch = true });
	size_t bytes = 0;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		assert_true(weave_run(w, 2, plain_plain, NULL, &result));
		assert_string_equal(result.title, "data race in reader / writer");
		assert_true(weave_run(w, 2, all_lock, NULL, &result));
		assert_false(result.found);
		m.lock = 0;
		if (i == 0)
			bytes = shadow_bytes();
	}
	assert_int_equal(shadow_bytes(), bytes);
	weave_free(w);
}

/* ---- reports ---- */

ACCESS void inner(u32 *p)
{
	writer(p);
	barrier();
}

ACCESS void outer(u32 *p)
{
	/* What has ended by then is not on the stack. */
	looker(&m.flag);
	inner(p);
	barrier();
}

ACCESS void elsewhere(u32 *p)
{
	reader(p);
	barrier();
}

static void deep(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre) {
		outer(&m.data);
		/* Since then other functions have been called and have ended. */
		looker(&m.flag);
	} else {
		elsewhere(&m.data);
	}
}

/* What goes to stderr while @fn is run. */
static const char *printed(body fn)
{
	static char text[8192];
	int saved = dup(STDERR_FILENO), file = memfd_create("stderr", 0);
	ssize_t len;

	dup2(file, STDERR_FILENO);
	sim_bug_quiet(false);
	first_finding(&all, 2, 0, fn);
	sim_bug_quiet(true);
	dup2(saved, STDERR_FILENO);
	close(saved);
	len = pread(file, text, sizeof(text) - 1, 0);
	close(file);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

/* @names in this order in @text, each as a frame. */
static void assert_frames(const char *text, const char *const names[], unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		char frame[64];
		const char *line;

		snprintf(frame, sizeof(frame), " in %s ", names[i]);
		line = strstr(text, frame);
		if (!line)
			fail_msg("no frame of %s behind: %s", names[i], text);
		text = line + 1;
	}
}

static void both_stacks_are_printed(void **state)
{
	static const char *const frames[] = { "reader", "elsewhere", "deep", "writer", "inner", "outer", "deep" };
	const char *text = printed(deep);

	(void)state;
	assert_frames(text, frames, ARRAY_SIZE(frames));
	assert_null(strstr(text, "in looker"));
	assert_non_null(strstr(text, "not ordered behind the earlier plain write of 4 bytes by CPU 0"));
	assert_non_null(strstr(text, "mmfuzz: BUG: data race in reader / writer: "));
	/* The clean twin prints nothing. */
	assert_string_equal(printed(both_read), "");
}

static const struct {
	void (*start)(void);
	const char *name;
} names[] = {
#define NAME(fn) { (void (*)(void))(fn), #fn }
	NAME(writer), NAME(reader), NAME(byte_writer), NAME(marker), NAME(incrementer), NAME(looker), NAME(freer),
	NAME(copier), NAME(filler), NAME(cross_writer), NAME(inner), NAME(outer), NAME(elsewhere), NAME(deep),
};

static bool by_table(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	uintptr_t best = 0;

	snprintf(func, func_size, "other");
	snprintf(place, place_size, "test");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		uintptr_t start = (uintptr_t)names[i].start;

		if (start < pc && pc - start < 4096 && start > best) {
			best = start;
			snprintf(func, func_size, "%s", names[i].name);
		}
	}
	return true;
}

static int setup(void **state)
{
	(void)state;
	sim_bug_quiet(true);
	weave_set_symbolizer(by_table);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_races_with_whom),
		cmocka_unit_test(what_a_finding_says),
		cmocka_unit_test(each_byte_for_itself),
		cmocka_unit_test(ranges_end_where_they_end),
		cmocka_unit_test(locks_order),
		cmocka_unit_test(messages_need_both_halves),
		cmocka_unit_test(fences_where_they_are),
		cmocka_unit_test(only_read_modify_writes_pass_on),
		cmocka_unit_test(keys_order),
		cmocka_unit_test(no_reader_is_forgotten),
		cmocka_unit_test(uses_after_free),
		cmocka_unit_test(rcu_orders_what_it_promises),
		cmocka_unit_test(waiters_on_stacks_learn_by_linux_rules),
		cmocka_unit_test(kcsan_takes_aligned_plain_writes_as_marked),
		cmocka_unit_test(nothing_stays_behind),
		cmocka_unit_test(both_stacks_are_printed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
