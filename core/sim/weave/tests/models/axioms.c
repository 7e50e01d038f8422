// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memory models say of a litmus test, from their axioms: of all ways in which reads may get their values and
 * writes follow each other, those are kept that leave the relations of the model without a cycle.
 *
 * WEAVE_LKMM: the Linux model for marked accesses without RCU and locks, as published by Alglave, Maranget, McKenney,
 * Parri and Stern (ASPLOS 2018), with the refinements that the kernel documents in tools/memory-model. WEAVE_TSO: Sewell
 * and others, x86-TSO (CACM 2010), in its axiomatic form. Knows nothing of how the machine does it.
 */
#include <string.h>

#include "litmus.h"

#define MAX_EVENTS 32u

/* A set of events is a mask, a relation a mask for each event. */
struct relation {
	u32 to[MAX_EVENTS];
};

struct event {
	u8 thread;
	u8 step;
	u8 op; /* LITMUS_READ, _WRITE or _FENCE */
	u8 order;
	u8 location;
	u8 value;
	bool dep;
	bool rmw;
};

/* The first LITMUS_LOCATIONS events are the initial writes. */
struct execution {
	enum weave_memory memory;
	bool no_lb;
	struct litmus_set *set;
	const struct litmus_outcome *wanted; /* NULL: any */
	unsigned int nr;
	struct event events[MAX_EVENTS];
	u32 reads, writes, marked;
	u32 acquire, release;
	struct relation po, addr, data, rmw;
	struct relation fence[4]; /* by order: pairs with such a fence between them */
	u8 source[MAX_EVENTS];	  /* of each read */
	struct relation rf, co;
};

/* ---- relations ---- */

static struct relation either(struct relation a, struct relation b)
{
	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		a.to[i] |= b.to[i];
	return a;
}

static struct relation both(struct relation a, struct relation b)
{
	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		a.to[i] &= b.to[i];
	return a;
}

static struct relation without(struct relation a, struct relation b)
{
	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		a.to[i] &= ~b.to[i];
	return a;
}

static struct relation then(struct relation a, struct relation b)
{
	struct relation result = { 0 };

	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		for (u32 via = a.to[i]; via; via &= via - 1)
			result.to[i] |= b.to[__builtin_ctz(via)];
	return result;
}

static struct relation inverse(struct relation a)
{
	struct relation result = { 0 };

	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		for (u32 left = a.to[i]; left; left &= left - 1)
			result.to[__builtin_ctz(left)] |= 1u << i;
	return result;
}

static struct relation identity(void)
{
	struct relation result;

	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		result.to[i] = 1u << i;
	return result;
}

static struct relation maybe(struct relation a)
{
	return either(a, identity());
}

static struct relation plus(struct relation a)
{
	for (unsigned int k = 0; k < MAX_EVENTS; k++)
		for (unsigned int i = 0; i < MAX_EVENTS; i++)
			if (a.to[i] & 1u << k)
				a.to[i] |= a.to[k];
	return a;
}

static struct relation star(struct relation a)
{
	return maybe(plus(a));
}

static struct relation between(u32 from, struct relation a, u32 to)
{
	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		a.to[i] = from & 1u << i ? a.to[i] & to : 0;
	return a;
}

static bool acyclic(struct relation a)
{
	a = plus(a);
	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		if (a.to[i] & 1u << i)
			return false;
	return true;
}

static bool is_empty(struct relation a)
{
	u32 all = 0;

	for (unsigned int i = 0; i < MAX_EVENTS; i++)
		all |= a.to[i];
	return !all;
}

/* Of one thread. Initial writes are of none. */
static struct relation internal(const struct execution *e)
{
	struct relation result = { 0 };

	for (unsigned int i = 0; i < e->nr; i++)
		for (unsigned int j = 0; j < e->nr; j++)
			if (e->events[i].thread == e->events[j].thread)
				result.to[i] |= 1u << j;
	return result;
}

static struct relation same_location(const struct execution *e)
{
	struct relation result = { 0 };

	for (unsigned int i = 0; i < e->nr; i++)
		for (unsigned int j = 0; j < e->nr; j++)
			if (e->events[i].location == e->events[j].location)
				result.to[i] |= 1u << j;
	return between(e->marked, result, e->marked);
}

/* ---- models ---- */

static struct relation from_reads(const struct execution *e)
{
	return without(then(inverse(e->rf), e->co), identity());
}

static bool allowed_by_sc(const struct execution *e)
{
	return acyclic(either(e->po, either(e->rf, either(e->co, from_reads(e)))));
}

/* Reads do not wait for earlier writes, unless a full barrier or an exchange stands between them or is one of them. */
static bool allowed_by_tso(const struct execution *e)
{
	const struct relation external_rf = without(e->rf, internal(e));
	struct relation kept = without(e->po, between(e->writes, e->po, e->reads));
	struct relation exchange = { 0 };
	u32 rmw = 0;

	for (unsigned int i = 0; i < e->nr; i++)
		if (e->events[i].rmw)
			rmw |= 1u << i;
	exchange = either(between(e->marked, e->po, rmw), between(rmw, e->po, e->marked));
	kept = between(e->marked, either(kept, either(exchange, e->fence[LITMUS_FULL])), e->marked);
	return acyclic(either(kept, either(external_rf, either(e->co, from_reads(e)))));
}

static bool allowed_by_lkmm(const struct execution *e)
{
	const u32 marked = e->marked;
	const struct relation in = internal(e);
	const struct relation fr = from_reads(e);
	const struct relation overwrite = either(e->co, fr);
	const struct relation rfe = without(e->rf, in), rfi = both(e->rf, in);
	const struct relation carried = star(then(e->data, rfi));
	const struct relation addr = then(carried, e->addr), data = then(carried, e->data);
	const struct relation dep = either(addr, data);
	const struct relation acq_po = between(e->acquire, e->po, marked);
	const struct relation po_rel = between(marked, e->po, e->release);
	const struct relation rmb = between(e->reads, e->fence[LITMUS_ACQUIRE], e->reads);
	const struct relation wmb = between(e->writes, e->fence[LITMUS_RELEASE], e->writes);
	const struct relation strong = between(marked, e->fence[LITMUS_FULL], marked);
	const struct relation fence = either(strong, either(either(wmb, rmb), either(po_rel, acq_po)));
	const struct relation to_w = either(between(marked, dep, e->writes), both(overwrite, in));
	const struct relation to_r = either(between(marked, addr, e->reads), then(dep, rfi));
	const struct relation ppo = either(either(to_r, to_w), both(fence, in));
	const struct relation a_cumul = then(maybe(rfe), either(strong, po_rel));
	const struct relation rmw_sequence = star(then(e->rf, e->rmw));
	const struct relation cumul_fence = then(either(a_cumul, wmb), rmw_sequence);
	const struct relation prop =
		then(then(maybe(without(overwrite, in)), star(cumul_fence)), maybe(rfe));
	const struct relation hb = either(ppo, either(rfe, both(without(prop, identity()), in)));
	const struct relation hb_marked = between(marked, hb, marked);
	const struct relation pb = then(then(between(marked, prop, marked), strong), star(hb_marked));

	return acyclic(hb_marked) && acyclic(between(marked, pb, marked));
}

static bool allowed(const struct execution *e)
{
	const struct relation in = internal(e);
	const struct relation fr = from_reads(e);
	const struct relation com = either(e->rf, either(e->co, fr));

	if (e->no_lb && !acyclic(either(e->po, e->rf)))
		return false;
	if (!acyclic(either(both(e->po, same_location(e)), com)))
		return false;
	if (!is_empty(both(e->rmw, then(without(fr, in), without(e->co, in)))))
		return false;
	switch (e->memory) {
	case WEAVE_SC:
		return allowed_by_sc(e);
	case WEAVE_TSO:
		return allowed_by_tso(e);
	case WEAVE_LKMM:
		return allowed_by_lkmm(e);
	}
	return false;
}

/* ---- executions ---- */

static struct litmus_outcome outcome_of(const struct execution *e)
{
	struct litmus_outcome outcome = { 0 };

	for (unsigned int i = LITMUS_LOCATIONS; i < e->nr; i++)
		if (e->reads & 1u << i)
			litmus_note_read(&outcome, e->events[i].thread, e->events[i].step,
					 e->events[e->source[i]].value);
	for (unsigned int i = 0; i < e->nr; i++)
		if (e->writes & 1u << i && !e->co.to[i])
			litmus_note_final(&outcome, e->events[i].location, e->events[i].value);
	return outcome;
}

static void judge(const struct execution *e)
{
	const struct litmus_outcome outcome = outcome_of(e);

	if (litmus_has(e->set, &outcome))
		return;
	if (e->wanted && e->wanted->final != outcome.final)
		return;
	if (allowed(e))
		litmus_add(e->set, &outcome);
}

/* Writes of @location from event @first on find their places among those before; then the next location. */
static void order_writes(struct execution *e, unsigned int first)
{
	const struct relation before = e->co;
	u32 others;

	while (first < e->nr && !(e->writes & 1u << first))
		first++;
	if (first == e->nr) {
		judge(e);
		return;
	}
	others = 0;
	for (unsigned int i = 0; i < first; i++)
		if (e->writes & 1u << i && e->events[i].location == e->events[first].location)
			others |= 1u << i;
	/* Behind the initial write, and behind each set of the others that is closed under what comes before. */
	for (u32 left = others; left; left &= left - 1) {
		unsigned int last = (unsigned int)__builtin_ctz(left);
		u32 earlier = 1u << last;

		for (unsigned int i = 0; i < first; i++)
			if (before.to[i] & 1u << last)
				earlier |= 1u << i;
		for (unsigned int i = 0; i < first; i++)
			if (earlier & 1u << i)
				e->co.to[i] |= 1u << first;
		e->co.to[first] = others & ~earlier;
		order_writes(e, first + 1);
		e->co = before;
	}
}

static bool may_be_source(const struct execution *e, unsigned int write, unsigned int read)
{
	const struct event *from = &e->events[write], *to = &e->events[read];

	if (!(e->writes & 1u << write) || from->location != to->location)
		return false;
	return !e->wanted || litmus_read_value(e->wanted, to->thread, to->step) == from->value;
}

static void choose_sources(struct execution *e, unsigned int first)
{
	while (first < e->nr && !(e->reads & 1u << first))
		first++;
	if (first == e->nr) {
		order_writes(e, LITMUS_LOCATIONS);
		return;
	}
	for (unsigned int i = 0; i < e->nr; i++) {
		if (!may_be_source(e, i, first))
			continue;
		e->source[first] = (u8)i;
		e->rf.to[i] |= 1u << first;
		choose_sources(e, first + 1);
		e->rf.to[i] &= ~(1u << first);
	}
}

static unsigned int add_event(struct execution *e, struct event event)
{
	unsigned int index = e->nr++;

	e->events[index] = event;
	if (event.op == LITMUS_READ)
		e->reads |= 1u << index;
	if (event.op == LITMUS_WRITE)
		e->writes |= 1u << index;
	if (event.op != LITMUS_FENCE)
		e->marked |= 1u << index;
	if (event.op == LITMUS_READ && event.order == LITMUS_ACQUIRE)
		e->acquire |= 1u << index;
	if (event.op == LITMUS_WRITE && event.order == LITMUS_RELEASE)
		e->release |= 1u << index;
	return index;
}

static void add_step(struct execution *e, unsigned int thread, unsigned int step, const struct litmus_step *s)
{
	struct event event = { .thread = (u8)thread,
			       .step = (u8)step,
			       .op = s->op,
			       .order = s->order,
			       .location = s->location,
			       .value = s->value,
			       .dep = s->dep };
	struct event full = event;
	unsigned int read;

	if (s->op != LITMUS_XCHG) {
		add_event(e, event);
		return;
	}
	event.rmw = true;
	full.op = LITMUS_FENCE;
	if (s->order == LITMUS_FULL)
		add_event(e, full);
	event.op = LITMUS_READ;
	read = add_event(e, event);
	event.op = LITMUS_WRITE;
	e->rmw.to[read] |= 1u << add_event(e, event);
	if (s->order == LITMUS_FULL)
		add_event(e, full);
}

static void relate(struct execution *e, unsigned int first)
{
	int last_read = -1;

	for (unsigned int i = first; i < e->nr; i++) {
		for (unsigned int j = first; j < i; j++) {
			e->po.to[j] |= 1u << i;
			if (e->events[i].dep && e->writes & 1u << i && e->reads & 1u << j)
				e->data.to[j] |= 1u << i;
		}
		if (e->events[i].dep && e->reads & 1u << i && last_read >= 0)
			e->addr.to[last_read] |= 1u << i;
		if (e->reads & 1u << i)
			last_read = (int)i;
	}
	for (unsigned int i = first; i < e->nr; i++)
		if (e->events[i].op == LITMUS_FENCE)
			for (unsigned int j = first; j < i; j++)
				e->fence[e->events[i].order].to[j] |= e->po.to[i];
}

static void judge_all(const struct litmus *test, enum weave_memory memory, bool no_lb,
		      const struct litmus_outcome *wanted, struct litmus_set *set)
{
	static struct execution e;

	memset(&e, 0, sizeof(e));
	set->nr = 0;
	e.memory = memory;
	e.no_lb = no_lb;
	e.wanted = wanted;
	e.set = set;
	for (unsigned int i = 0; i < LITMUS_LOCATIONS; i++)
		add_event(&e, (struct event){ .thread = (u8)(0x80 + i), .op = LITMUS_WRITE, .location = (u8)i });
	for (unsigned int i = 0; i < LITMUS_THREADS; i++) {
		unsigned int first = e.nr;

		for (unsigned int j = 0; j < litmus_steps(test->steps[i]); j++)
			add_step(&e, i, j, &test->steps[i][j]);
		relate(&e, first);
	}
	choose_sources(&e, 0);
}

void litmus_axioms(const struct litmus *test, enum weave_memory memory, bool no_lb, struct litmus_set *set)
{
	judge_all(test, memory, no_lb, NULL, set);
}

bool litmus_allows(const struct litmus *test, enum weave_memory memory, const struct litmus_outcome *outcome)
{
	static struct litmus_set set;

	judge_all(test, memory, false, outcome, &set);
	return set.nr;
}
