// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a run under TSO or the Linux model. Stores reach memory one by one, in an order that all agree on;
 * what is weak is when they do, and that a load may miss the last of them. Must not decide anything: every alternative
 * goes through sched_choose(). docs/memory-model.md has the rules and why they are sound.
 *
 * Who must have seen what is kept in views: of each fibre, how many of its stores in the order in which they reached
 * memory. The values themselves are with memory_words.c.
 */
#include "memory_words.h"
#include "trace.h"

#define MAX_WAITING 8u	  /* of a fibre; the next store takes effect at once */
#define MAX_POINTERS 4u
/* A load so far behind a pointer that was loaded depends on it. */
#define OBJECT_BYTES 512u
/* The lowest address that a pointer may hold: smaller values are numbers. */
#define POINTER_MIN 0x10000u
/* Tags and locks live in these bits of a pointer. */
#define POINTER_TAG 15u

/**
 * struct waiting - a store that has not reached memory
 * @epoch: write barriers of its fibre before it
 * @release: all earlier stores go first
 * @fenced_own: a write barrier stands between it and an earlier store that waits
 * @delayed: others may have run since
 */
struct waiting {
	uintptr_t addr;
	u64 value;
	u32 epoch;
	u8 size;
	bool release;
	bool fenced_own;
	bool delayed;
	const void *pc;
	struct message message;
};

/* A pointer that was loaded, and what its users must have seen. */
struct pointer {
	uintptr_t lo;
	struct view fenced;
};

/**
 * struct cpu_memory - what one fibre knows
 * @queue: its waiting stores, oldest first: indices of @slots
 * @count: of its stores have reached memory
 * @epoch: write barriers so far
 * @bound: what its next load must not miss
 * @loaded: the same, if all loads so far were ordered before it
 * @stored: @loaded at its last store: whatever is ordered behind a later load is ordered behind these loads too
 * @known: all that it has stored and read: what a release tells
 * @fenced: @known at the last write barrier: what a relaxed store tells
 * @fence_waits: stores were waiting then, which are not in @fenced
 * @released: @known at the last release
 * @everywhere: see struct message
 */
struct cpu_memory {
	u8 queue[MAX_WAITING + 1];
	struct waiting slots[MAX_WAITING + 1];
	struct pointer pointers[MAX_POINTERS];
	unsigned int nr_waiting;
	unsigned int nr_pointers;
	u32 used_slots;
	u32 count;
	u32 epoch;
	bool stale;
	bool has_released;
	bool fence_waits;
	struct view bound;
	struct view loaded;
	struct view stored;
	struct view known;
	struct view fenced;
	struct view released;
	struct view everywhere;
};

static struct cpu_memory cpus[WEAVE_MAX_FIBRES];

static struct {
	u64 waiting;
	u64 barriers;
	/* What some fibre knew at a full barrier. */
	struct view everywhere;
} model;

static struct cpu_memory *current(void)
{
	return &cpus[weave_hot.cpu];
}

/* ---- the log ---- */

static void __cold log_now(enum weave_kind kind, const void *addr, unsigned int size, weave_value old,
			   weave_value value, u8 flags, const void *pc)
{
	const struct weave_fibre *f = &weave_now->fibres[weave_now->current];

	trace_event(&(struct weave_event){ .kind = (u8)kind,
					   .fibre = (u8)weave_hot.cpu,
					   .size = (u8)size,
					   .flags = flags,
					   .op = f->op,
					   .nth = weave_hot.nth,
					   .addr = (uintptr_t)addr,
					   .pc = (uintptr_t)pc,
					   .old = (u64)old,
					   .value = (u64)value });
}

static bool tracing(void)
{
	return unlikely(weave_hot.flags & WEAVE_HOT_TRACE);
}

/* ---- what loads learn ---- */

static bool acquires(int order)
{
	return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void learn_message(struct cpu_memory *cpu, const struct message *message, bool at_once)
{
	view_join(&cpu->loaded, &message->fenced);
	view_join(&cpu->known, &message->fenced);
	view_join(&cpu->everywhere, &message->everywhere);
	if (at_once)
		view_join(&cpu->bound, &message->fenced);
}

/*
 * @overtook: an earlier load of this fibre had seen a newer value, so this one was executed before it. What follows is
 * treated as ordered behind this one, lest a chain of such loads lead back in time.
 */
static void learn(struct cpu_memory *cpu, const struct store *store, int order, bool overtook)
{
	if (racing())
		race_receive(&store->message.race, order);
	if (!memory_model.lkmm)
		return;
	learn_message(cpu, &store->message, acquires(order) || overtook);
	if (store->author != NOBODY)
		cpu->known.t[store->author] = max(cpu->known.t[store->author], store->index);
}

/* Loads from here on come behind the last load, and so behind all before the last store. */
static void order_loads(struct cpu_memory *cpu, int order)
{
	if (memory_model.lkmm && acquires(order))
		view_join(&cpu->bound, &cpu->stored);
}

/* A load of a word without a history. */
static void learn_forgotten(struct cpu_memory *cpu, int order)
{
	const struct message *forgotten = words_forgotten();

	if (!forgotten)
		return;
	if (racing())
		race_receive(&forgotten->race, order);
	if (memory_model.lkmm)
		learn_message(cpu, forgotten, acquires(order));
}

/* ---- address dependencies ---- */

/*
 * A relaxed load of what may be a pointer: loads from the object come behind it. When there is no room the oldest
 * pointer counts as used.
 */
static void note_pointer(struct cpu_memory *cpu, weave_value value, const struct message *message)
{
	uintptr_t lo = (uintptr_t)value & ~(uintptr_t)POINTER_TAG;
	struct pointer *pointer;

	if (value >> 47 || lo < POINTER_MIN)
		return;
	if (cpu->nr_pointers == MAX_POINTERS) {
		view_join(&cpu->bound, &cpu->pointers[0].fenced);
		view_join(&cpu->bound, &cpu->stored);
		memmove(cpu->pointers, cpu->pointers + 1, (MAX_POINTERS - 1) * sizeof(*pointer));
		cpu->nr_pointers--;
	}
	pointer = &cpu->pointers[cpu->nr_pointers++];
	pointer->lo = lo;
	if (message)
		view_copy(&pointer->fenced, &message->fenced);
	else
		view_clear(&pointer->fenced);
}

static void use_pointers(struct cpu_memory *cpu, uintptr_t addr)
{
	for (unsigned int i = 0; i < cpu->nr_pointers; i++) {
		if (addr - cpu->pointers[i].lo >= OBJECT_BYTES)
			continue;
		view_join(&cpu->bound, &cpu->pointers[i].fenced);
		view_join(&cpu->bound, &cpu->stored);
	}
}

/* ---- stores that wait ---- */

static struct waiting *waiting_at(struct cpu_memory *cpu, unsigned int position)
{
	return &cpu->slots[cpu->queue[position]];
}

/* @earlier must reach memory before @later. */
static bool goes_first(const struct waiting *earlier, const struct waiting *later)
{
	return !memory_model.lkmm || later->release || earlier->epoch < later->epoch ||
	       overlap(earlier->addr, earlier->size, later->addr, later->size);
}

static void remove_waiting(struct cpu_memory *cpu, unsigned int fibre, unsigned int position)
{
	cpu->used_slots &= ~(1u << cpu->queue[position]);
	cpu->nr_waiting--;
	memmove(cpu->queue + position, cpu->queue + position + 1, cpu->nr_waiting - position);
	if (!cpu->nr_waiting)
		model.waiting &= ~(1ull << fibre);
}

/* The store takes effect, whatever else waits. */
static void take_effect(unsigned int fibre, struct waiting *store)
{
	struct cpu_memory *cpu = &cpus[fibre];
	const weave_value old = read_bytes((const void *)store->addr, store->size);
	const u32 index = ++cpu->count;

	if (store->release || store->fenced_own)
		store->message.fenced.t[fibre] = index;
	if (store->release)
		cpu->released.t[fibre] = index;
	cpu->known.t[fibre] = index;
	if (memory_model.words)
		word_store(word_to_write(store->addr, store->size), fibre, index, store->value, &store->message);
	write_bytes((void *)store->addr, store->size, store->value);
	sched_wrote();
	if (store->delayed && tracing()) {
		const struct weave_fibre *f = &weave_now->fibres[fibre];

		trace_event(&(struct weave_event){ .kind = WEAVE_EVENT_DRAIN,
						   .fibre = (u8)fibre,
						   .size = store->size,
						   .op = f->op,
						   .nth = fibre == weave_hot.cpu ? weave_hot.nth : f->nth,
						   .addr = store->addr,
						   .pc = (uintptr_t)store->pc,
						   .old = (u64)old,
						   .value = store->value });
	}
}

/* The store at @position reaches memory, behind those that must go first. */
static void let_go(unsigned int fibre, unsigned int position)
{
	struct cpu_memory *cpu = &cpus[fibre];
	unsigned int going = 1u << position;

	for (unsigned int i = position; i-- > 0;)
		for (unsigned int j = i + 1; j <= position; j++)
			if (going & 1u << j && goes_first(waiting_at(cpu, i), waiting_at(cpu, j)))
				going |= 1u << i;
	for (unsigned int i = 0, gone = 0; i <= position; i++) {
		if (!(going & 1u << i))
			continue;
		take_effect(fibre, waiting_at(cpu, i - gone));
		remove_waiting(cpu, fibre, i - gone);
		gone++;
	}
}

void memory_drain(unsigned int fibre)
{
	while (cpus[fibre].nr_waiting)
		let_go(fibre, 0);
}

bool memory_drain_next(void)
{
	if (!current()->nr_waiting)
		return false;
	let_go(weave_hot.cpu, 0);
	return true;
}

u64 memory_waiting(void)
{
	return model.waiting;
}

u64 memory_barriers(void)
{
	return model.barriers;
}

/* Only those are offered that need not wait for another one. */
void memory_drain_some(void)
{
	struct cpu_memory *cpu = current();
	unsigned int ready[MAX_WAITING], nr = 0, choice;

	for (unsigned int i = 0; i < cpu->nr_waiting; i++) {
		unsigned int j = 0;

		while (j < i && !goes_first(waiting_at(cpu, j), waiting_at(cpu, i)))
			j++;
		if (j == i)
			ready[nr++] = i;
	}
	if (!nr)
		return;
	choice = sched_choose(WEAVE_DRAIN, nr + 1);
	if (choice)
		let_go(weave_hot.cpu, ready[choice - 1]);
}

/* Waiting stores that overlap these bytes reach memory. */
static void drain_bytes(struct cpu_memory *cpu, uintptr_t addr, size_t len)
{
	for (unsigned int i = cpu->nr_waiting; i-- > 0;) {
		if (!overlap(waiting_at(cpu, i)->addr, waiting_at(cpu, i)->size, addr, len))
			continue;
		let_go(weave_hot.cpu, i);
		i = cpu->nr_waiting;
	}
}

/* Stores that a write barrier put before all that comes now. */
static void drain_fenced(struct cpu_memory *cpu)
{
	while (cpu->nr_waiting && waiting_at(cpu, 0)->epoch < cpu->epoch)
		let_go(weave_hot.cpu, 0);
}

/* A release that waits goes before an acquiring read-modify-write: an unlock before the next lock. */
static void drain_releases(struct cpu_memory *cpu)
{
	for (unsigned int i = cpu->nr_waiting; i-- > 0;) {
		if (!waiting_at(cpu, i)->release)
			continue;
		let_go(weave_hot.cpu, i);
		i = cpu->nr_waiting;
	}
}

/* The own waiting store that a load of these bytes returns; NULL: none, and memory has all that is to be read. */
static const struct waiting *forwarded(struct cpu_memory *cpu, uintptr_t addr, unsigned int size)
{
	for (unsigned int i = cpu->nr_waiting; i-- > 0;) {
		const struct waiting *store = waiting_at(cpu, i);

		if (!overlap(store->addr, store->size, addr, size))
			continue;
		if (store->addr == addr && store->size == size)
			return store;
		drain_bytes(cpu, addr, size);
		return NULL;
	}
	return NULL;
}

/* ---- fences ---- */

static void write_barrier(struct cpu_memory *cpu)
{
	view_copy(&cpu->fenced, &cpu->known);
	cpu->fence_waits = cpu->nr_waiting;
	if (cpu->fence_waits)
		cpu->epoch++;
}

static void read_barrier(struct cpu_memory *cpu)
{
	view_join(&cpu->bound, &cpu->loaded);
	cpu->nr_pointers = 0;
}

/*
 * What this fibre knows has reached everybody before anything that it does next. The race detector is not told: such
 * knowledge is no happens-before.
 */
static void full_barrier(struct cpu_memory *cpu)
{
	memory_drain(weave_hot.cpu);
	if (!memory_model.lkmm)
		return;
	model.barriers++;
	view_join(&model.everywhere, &cpu->known);
	view_copy(&cpu->known, &model.everywhere);
	view_join(&cpu->everywhere, &model.everywhere);
	view_join(&cpu->bound, &model.everywhere);
	read_barrier(cpu);
	write_barrier(cpu);
}

void memory_fence(int order)
{
	struct cpu_memory *cpu = current();

	if (racing())
		race_fence(order);
	if (order == __ATOMIC_SEQ_CST) {
		full_barrier(cpu);
		return;
	}
	if (!memory_model.lkmm)
		return;
	if (acquires(order))
		read_barrier(cpu);
	if (releases(order))
		write_barrier(cpu);
}

void memory_sync(void)
{
	for (unsigned int i = 0; i < memory_model.nr; i++) {
		memory_drain(i);
		model.everywhere.t[i] = cpus[i].count;
	}
	full_barrier(current());
	if (racing())
		race_fence(__ATOMIC_SEQ_CST);
}

/* ---- marked accesses ---- */

/* Of how many values a load may return one, the newest included. */
static unsigned int alternatives(const struct cpu_memory *cpu, const struct word *word)
{
	u32 floor = word->floor[weave_hot.cpu], number = word->newest;
	unsigned int nr = 1;

	for (; number > word->oldest && number > floor; number--, nr++) {
		const struct store *store = &word->stores[number % MAX_HISTORY];

		if (store->index <= cpu->bound.t[store->author])
			break;
	}
	return nr;
}

/* The store that a load reads, the @choice-th older one, as far as the fibre is concerned. */
static const struct store *read_word(struct cpu_memory *cpu, struct word *word, unsigned int choice, int order)
{
	u32 number = word->newest - choice;
	bool overtook = false;

	for (u32 i = number + 1; i != word->newest + 1; i++) {
		const struct store *missed = &word->stores[i % MAX_HISTORY];

		overtook |= missed->index <= cpu->loaded.t[missed->author];
	}
	word->floor[weave_hot.cpu] = max(word->floor[weave_hot.cpu], number);
	learn(cpu, &word->stores[number % MAX_HISTORY], order, overtook);
	cpu->stale |= choice;
	return &word->stores[number % MAX_HISTORY];
}

static weave_value load_word(struct cpu_memory *cpu, uintptr_t addr, unsigned int size, int order, u8 *flags)
{
	struct word *word = memory_model.words ? word_to_read(addr, size) : NULL;
	const struct store *store;
	unsigned int nr = 1, choice = 0;
	weave_value value;

	if (!word) {
		value = read_bytes((const void *)addr, size);
		learn_forgotten(cpu, order);
	} else {
		if (memory_model.lkmm && !word->mixed)
			nr = alternatives(cpu, word);
		if (nr > 1)
			choice = sched_choose(WEAVE_STALE, nr);
		store = read_word(cpu, word, choice, order);
		value = choice ? store->value : read_bytes((const void *)addr, size);
		if (choice)
			*flags = WEAVE_TRACE_STALE;
	}
	if (memory_model.lkmm && size == 8 && !acquires(order))
		note_pointer(cpu, value, word ? &store->message : words_forgotten());
	return value;
}

/* All granules that a wide access touches, one after the other. */
#define for_each_granule(granule, addr, size) \
	for (u64 granule = (addr) >> 3; granule <= ((addr) + (size) - 1) >> 3; granule++)

static void learn_wide(struct cpu_memory *cpu, uintptr_t addr, unsigned int size, int order)
{
	if (!memory_model.words)
		return;
	for_each_granule(granule, addr, size)
		learn(cpu, word_newest(word_mix(granule)), order, false);
}

weave_value memory_load(const void *ptr, unsigned int size, int order, const void *pc)
{
	struct cpu_memory *cpu = current();
	const uintptr_t addr = (uintptr_t)ptr;
	const struct waiting *own;
	weave_value value;
	u8 flags = 0;

	if (memory_model.lkmm) {
		if (order == __ATOMIC_SEQ_CST)
			full_barrier(cpu);
		use_pointers(cpu, addr);
	}
	own = forwarded(cpu, addr, size);
	if (own) {
		value = own->value;
		if (memory_model.lkmm && size == 8)
			note_pointer(cpu, value, NULL);
	} else if (is_wide(addr, size)) {
		learn_wide(cpu, addr, size, order);
		value = read_bytes(ptr, size);
	} else {
		value = load_word(cpu, addr, size, order, &flags);
	}
	order_loads(cpu, order);
	if (tracing())
		log_now(WEAVE_LOAD, ptr, size, value, value, flags, pc);
	if (racing())
		race_check_atomic(ptr, size, false, pc);
	return value;
}

/* What a store made now tells; its fibre's own entry is set when it takes effect. */
static void make_message(struct cpu_memory *cpu, struct message *message, int order)
{
	if (racing())
		race_message(&message->race, order);
	if (!memory_model.lkmm)
		return;
	view_copy(&message->everywhere, &cpu->everywhere);
	view_copy(&message->fenced, releases(order) ? &cpu->known : &cpu->fenced);
	view_join(&message->fenced, &cpu->everywhere);
	view_copy(&cpu->stored, &cpu->loaded);
	if (releases(order)) {
		view_copy(&cpu->released, &cpu->known);
		cpu->has_released = true;
	}
}

/* Whether a store that a write barrier puts before the next one has no number yet. */
static bool fence_waits(struct cpu_memory *cpu)
{
	if (cpu->fence_waits && !(cpu->nr_waiting && waiting_at(cpu, 0)->epoch < cpu->epoch)) {
		cpu->fenced.t[weave_hot.cpu] = cpu->count;
		cpu->fence_waits = false;
	}
	return cpu->fence_waits;
}

/* At the end of the queue. */
static struct waiting *enqueue(struct cpu_memory *cpu, uintptr_t addr, unsigned int size, u64 value, int order,
			       const void *pc)
{
	unsigned int slot = __ffs(~(unsigned long)cpu->used_slots);
	struct waiting *store = &cpu->slots[slot];

	store->addr = addr;
	store->size = (u8)size;
	store->value = (u64)truncated(value, size);
	store->epoch = cpu->epoch;
	store->release = releases(order);
	store->fenced_own = fence_waits(cpu);
	store->delayed = false;
	store->pc = pc;
	make_message(cpu, &store->message, order);
	cpu->used_slots |= 1u << slot;
	cpu->queue[cpu->nr_waiting++] = (u8)slot;
	model.waiting |= 1ull << weave_hot.cpu;
	return store;
}

/* Its granules have one value each, and nothing of it waits. */
static void store_wide(struct cpu_memory *cpu, uintptr_t addr, unsigned int size, weave_value value, int order,
		       bool rmw)
{
	struct message message;
	u32 index;

	if (!memory_model.lkmm || releases(order))
		memory_drain(weave_hot.cpu);
	drain_fenced(cpu);
	make_message(cpu, &message, order);
	index = ++cpu->count;
	message.fenced.t[weave_hot.cpu] = index;
	cpu->known.t[weave_hot.cpu] = index;
	if (releases(order))
		cpu->released.t[weave_hot.cpu] = index;
	if (memory_model.words && rmw)
		for_each_granule(granule, addr, size)
			message_join(&message, &word_newest(word_mix(granule))->message);
	if (memory_model.words)
		for_each_granule(granule, addr, size)
			word_store(word_mix(granule), weave_hot.cpu, index, 0, &message);
	write_bytes((void *)addr, size, value);
	sched_wrote();
}

/*
 * A stack's bytes are one variable's and then another's, a spilled register or a return address, and the compiler writes
 * those without telling: a store that waited would come behind them.
 */
static bool on_own_stack(uintptr_t addr)
{
	const struct fibre *context = weave_now->fibres[weave_hot.cpu].context;

	return addr - context->stack_lo < context->stack_bytes;
}

static bool may_wait(const struct cpu_memory *cpu, uintptr_t addr, unsigned int size, int order)
{
	const struct word *word;

	if (on_own_stack(addr))
		return false;
	if (order == __ATOMIC_SEQ_CST || cpu->nr_waiting >= MAX_WAITING || is_wide(addr, size))
		return false;
	word = memory_model.words ? word_find(addr >> 3, bytes_of(addr, size)) : NULL;
	return !word || !word->mixed;
}

void memory_store(void *ptr, unsigned int size, weave_value value, int order, const void *pc)
{
	struct cpu_memory *cpu = current();
	const uintptr_t addr = (uintptr_t)ptr;
	bool delayed;

	if (order == __ATOMIC_SEQ_CST)
		full_barrier(cpu);
	delayed = may_wait(cpu, addr, size, order) && sched_choose(WEAVE_DELAY, 2);
	if (tracing())
		log_now(WEAVE_STORE, ptr, size, read_bytes(ptr, size), value, delayed ? WEAVE_TRACE_DELAYED : 0, pc);
	if (racing())
		race_check_atomic(ptr, size, true, pc);
	if (is_wide(addr, size)) {
		drain_bytes(cpu, addr, size);
		store_wide(cpu, addr, size, value, order, false);
	} else {
		enqueue(cpu, addr, size, (u64)value, order, pc)->delayed = delayed;
		if (!delayed)
			let_go(weave_hot.cpu, cpu->nr_waiting - 1);
	}
	if (order == __ATOMIC_SEQ_CST)
		full_barrier(cpu);
}

/*
 * An acquiring read-modify-write comes behind the last release of its fibre, and behind the one that it reads from, for
 * all stores after it: what a lock gives beyond an acquire.
 */
static void lock_order(struct cpu_memory *cpu, const struct message *read)
{
	drain_releases(cpu);
	if (cpu->has_released)
		view_join(&cpu->fenced, &cpu->released);
	if (read)
		view_join(&cpu->fenced, &read->fenced);
}

/* The load half, of the newest value. @message: what the new value passes on. */
static void rmw_read(struct cpu_memory *cpu, uintptr_t addr, unsigned int size, int order, struct message *message)
{
	struct word *word = NULL;

	message_clear(message);
	if (is_wide(addr, size)) {
		learn_wide(cpu, addr, size, order);
		return;
	}
	if (memory_model.words)
		word = word_to_read(addr, size);
	if (word)
		message_copy(message, &read_word(cpu, word, 0, order)->message);
	else
		learn_forgotten(cpu, order);
}

static void rmw_write(struct cpu_memory *cpu, void *ptr, unsigned int size, weave_value value, int order,
		      const struct message *read, const void *pc)
{
	struct waiting *store;

	if (is_wide((uintptr_t)ptr, size)) {
		store_wide(cpu, (uintptr_t)ptr, size, value, order, true);
		return;
	}
	store = enqueue(cpu, (uintptr_t)ptr, size, (u64)value, order, pc);
	message_join(&store->message, read);
	let_go(weave_hot.cpu, cpu->nr_waiting - 1);
}

weave_value memory_rmw(void *ptr, unsigned int size,
		       bool (*update)(weave_value old, weave_value *new, void *arg), void *arg, int order,
		       int fail, const void *pc)
{
	struct cpu_memory *cpu = current();
	const uintptr_t addr = (uintptr_t)ptr;
	struct message read;
	weave_value old, new;
	bool stored;

	drain_bytes(cpu, addr, size);
	old = read_bytes(ptr, size);
	stored = update(old, &new, arg);
	if (!stored)
		order = fail;
	if (order == __ATOMIC_SEQ_CST || !memory_model.lkmm)
		full_barrier(cpu);
	if (memory_model.lkmm)
		use_pointers(cpu, addr);
	rmw_read(cpu, addr, size, order, &read);
	if (memory_model.lkmm && acquires(order))
		lock_order(cpu, &read);
	if (memory_model.lkmm && size == 8 && !acquires(order))
		note_pointer(cpu, old, &read);
	if (tracing())
		log_now(WEAVE_RMW, ptr, size, old, stored ? new : old, stored ? 0 : WEAVE_TRACE_FAILED, pc);
	if (racing())
		race_check_atomic(ptr, size, stored, pc);
	if (stored)
		rmw_write(cpu, ptr, size, new, order, &read, pc);
	order_loads(cpu, order);
	if (stored && order == __ATOMIC_SEQ_CST)
		full_barrier(cpu);
	return old;
}

/* ---- accesses that are not ours ---- */

/* A store that is made behind our back: its value is the only one, and a relaxed store's message comes with it. */
static void plain_store(struct cpu_memory *cpu, uintptr_t addr, unsigned int size)
{
	struct message message;
	struct word *word;

	if (is_wide(addr, size)) {
		for_each_granule(granule, addr, size)
			word_mix(granule);
		return;
	}
	make_message(cpu, &message, __ATOMIC_RELAXED);
	words_drop(addr >> 3, bytes_of(addr, size), NULL);
	word = word_new(addr >> 3, bytes_of(addr, size));
	word->unknown = true;
	message_copy(&word->stores[0].message, &message);
}

void memory_plain(const void *ptr, size_t len, bool write, bool marked)
{
	struct cpu_memory *cpu = current();
	const uintptr_t addr = (uintptr_t)ptr;

	drain_bytes(cpu, addr, len);
	if (!memory_model.words)
		return;
	if (marked && write)
		plain_store(cpu, addr, (unsigned int)len);
	else
		words_settle(addr, len, write);
}

u64 memory_peek(const void *ptr, unsigned int size)
{
	struct cpu_memory *cpu = current();
	u64 value = (u64)read_bytes(ptr, size);

	for (unsigned int i = 0; i < cpu->nr_waiting; i++) {
		const struct waiting *store = waiting_at(cpu, i);
		const char *bytes = (const char *)&store->value;

		for (unsigned int b = 0; b < store->size; b++)
			if (store->addr + b - (uintptr_t)ptr < size)
				memcpy((char *)&value + (store->addr + b - (uintptr_t)ptr), bytes + b, 1);
	}
	return value;
}

/* ---- keys ---- */

void memory_acquire(const void *key)
{
	struct cpu_memory *cpu = current();
	struct word *word;
	const struct message *message;

	if (!memory_model.lkmm)
		return;
	word = word_find((uintptr_t)key | FOREIGN, WHOLE);
	message = word ? &word_newest(word)->message : words_forgotten();
	if (message)
		learn_message(cpu, message, true);
	lock_order(cpu, message);
	order_loads(cpu, __ATOMIC_ACQUIRE);
}

void memory_release(const void *key)
{
	struct cpu_memory *cpu = current();
	struct word *word;
	struct message *message;

	memory_drain(weave_hot.cpu);
	if (!memory_model.lkmm)
		return;
	word = word_find((uintptr_t)key | FOREIGN, WHOLE) ?: word_new((uintptr_t)key | FOREIGN, WHOLE);
	message = &word_newest(word)->message;
	view_join(&message->fenced, &cpu->known);
	view_join(&message->everywhere, &cpu->everywhere);
	view_copy(&cpu->stored, &cpu->loaded);
	view_copy(&cpu->released, &cpu->known);
	cpu->has_released = true;
}

/* ---- runs ---- */

bool memory_catch_up(void)
{
	struct cpu_memory *cpu = current();
	bool stale = cpu->stale;

	for (unsigned int i = 0; i < memory_model.nr; i++)
		cpu->bound.t[i] = cpus[i].count;
	cpu->stale = false;
	return stale;
}

static void begin_cpu(struct cpu_memory *cpu)
{
	cpu->nr_waiting = 0;
	cpu->nr_pointers = 0;
	cpu->used_slots = 0;
	cpu->count = 0;
	cpu->epoch = 0;
	cpu->stale = false;
	cpu->has_released = false;
	cpu->fence_waits = false;
	view_clear(&cpu->bound);
	view_clear(&cpu->loaded);
	view_clear(&cpu->stored);
	view_clear(&cpu->known);
	view_clear(&cpu->fenced);
	view_clear(&cpu->released);
	view_clear(&cpu->everywhere);
}

void memory_begin(struct weave *weave)
{
	memory_model.nr = weave->nr;
	memory_model.width = round_up(weave->nr, CLOCK_STEP);
	memory_model.lkmm = weave->config.memory == WEAVE_LKMM;
	memory_model.words = memory_model.lkmm || racing();
	model.waiting = 0;
	view_clear(&model.everywhere);
	words_begin();
	for (unsigned int i = 0; i < weave->nr; i++)
		begin_cpu(&cpus[i]);
}

void memory_end(void)
{
	for (unsigned int i = 0; i < memory_model.nr; i++)
		memory_drain(i);
}
