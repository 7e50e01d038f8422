// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptor caches: objects live on as their type for readers under RCU; slabs die only after a grace period.
 */
#include "machine.h"

#if SIM_ASAN
int __asan_address_is_poisoned(void const volatile *addr);
#endif

static void an_object_is_reused_at_once_and_reads_as_left(void **state)
{
	struct mappable *a = desc_alloc(CACHE_MAPPABLE);
	struct mappable *b;

	(void)state;
	assert_true(IS_ALIGNED((unsigned long)a, 16));
	atomic_set(&a->_mapcount, 7);
	desc_free(CACHE_MAPPABLE, a);
	/* Whoever looked it up before may still look: the memory is a struct mappable, and reads 7. */
	assert_int_equal(atomic_read(&a->_mapcount), 7);
	b = desc_alloc(CACHE_MAPPABLE);
	assert_ptr_equal(a, b);
	assert_int_equal(atomic_read(&b->_mapcount), 7);
	desc_free(CACHE_MAPPABLE, b);
}

static void live_objects_are_known(void **state)
{
	void *folio = desc_alloc(CACHE_FOLIO);

	(void)state;
	assert_true(desc_is_live(CACHE_FOLIO, folio));
	assert_false(desc_is_live(CACHE_MAPPABLE, folio));
	assert_false(desc_is_live(CACHE_FOLIO, (char *)folio + 16));
	assert_int_equal(desc_in_use(CACHE_FOLIO), 1);
	desc_free(CACHE_FOLIO, folio);
	assert_false(desc_is_live(CACHE_FOLIO, folio));
	assert_int_equal(desc_in_use(CACHE_FOLIO), 0);
}

/* A slab of one type whose objects are all free serves another type only after a grace period. */
static void a_slab_changes_type_after_a_grace_period(void **state)
{
	char *folio = desc_alloc(CACHE_FOLIO);
	char *entry;

	(void)state;
	desc_free(CACHE_FOLIO, folio);
	entry = desc_alloc(CACHE_PFN_ENTRY);
	assert_true(entry - folio >= 512 || folio - entry >= 512);
	rcu_barrier();
#if SIM_ASAN
	assert_true(__asan_address_is_poisoned(folio));
#endif
	desc_free(CACHE_PFN_ENTRY, entry);
	rcu_barrier();
	assert_ptr_equal(desc_alloc(CACHE_MAPPABLE), entry); /* the last one freed comes first */
	assert_ptr_equal(desc_alloc(CACHE_PFN_ENTRY), folio);
}

/*
 *   free (all)   alloc   free (all)        the first grace period does not cover readers of the second use: the slab
 *      |--- gp 1 --------------|           must wait for another
 *                           |---- gp 2 ---|
 */
static void a_second_use_needs_a_grace_period_of_its_own(void **state)
{
	char *folio = desc_alloc(CACHE_FOLIO);

	(void)state;
	desc_free(CACHE_FOLIO, folio);
	folio = desc_alloc(CACHE_FOLIO);
	desc_free(CACHE_FOLIO, folio);
	/* The slab waits once; with MM_DEBUG so does the object. */
	assert_int_equal(rcu_pending(), MM_DEBUG ? 2 : 1);
	rcu_poll();
	rcu_barrier();
	assert_int_equal(rcu_pending(), 0);
#if SIM_ASAN
	assert_true(__asan_address_is_poisoned(folio));
#endif
}

#if SIM_ASAN && MM_DEBUG
/*
 *   live | freed, its neighbour is not | grace period | handed out again
 *        | readable: for read sections | poisoned     |
 */
static void an_object_is_poisoned_after_a_grace_period(void **state)
{
	char *neighbour = desc_alloc(CACHE_FOLIO);
	char *folio = desc_alloc(CACHE_FOLIO);

	(void)state;
	desc_free(CACHE_FOLIO, folio);
	assert_false(__asan_address_is_poisoned(folio));
	rcu_barrier();
	assert_true(__asan_address_is_poisoned(folio));
	assert_false(__asan_address_is_poisoned(neighbour));
	assert_ptr_equal(desc_alloc(CACHE_FOLIO), folio);
	assert_false(__asan_address_is_poisoned(folio));
	/* Freed and handed out within one grace period, it stays as it is. */
	desc_free(CACHE_FOLIO, folio);
	assert_ptr_equal(desc_alloc(CACHE_FOLIO), folio);
	rcu_barrier();
	assert_false(__asan_address_is_poisoned(folio));
	/* Freed a second time before the first grace period: it waits for one more. */
	desc_free(CACHE_FOLIO, folio);
	assert_ptr_equal(desc_alloc(CACHE_FOLIO), folio);
	desc_free(CACHE_FOLIO, folio);
	rcu_barrier();
	assert_true(__asan_address_is_poisoned(folio));
	desc_free(CACHE_FOLIO, neighbour);
}
#endif

static void memory_runs_out_when_told_to(void **state)
{
	void *object;

	(void)state;
	fault_arm(FAULT_DESC, 2);
	object = desc_alloc(CACHE_FOLIO);
	assert_non_null(object);
	assert_null(desc_alloc(CACHE_FOLIO));
	assert_true(fault_disarm());
	desc_free(CACHE_FOLIO, object);
}

static void broken_rules_are_named(void **state)
{
	char *folio;

	(void)state;
	folio = desc_alloc(CACHE_FOLIO);
	desc_alloc(CACHE_FOLIO);
	desc_free(CACHE_FOLIO, folio);
	expect_bug("double free of a descriptor", desc_free(CACHE_FOLIO, folio));
	be->reset();
	folio = desc_alloc(CACHE_FOLIO);
	expect_bug("free of a descriptor of another cache", desc_free(CACHE_MAPPABLE, folio));
	be->reset();
	expect_bug("free of a descriptor of another cache", desc_free(CACHE_MAPPABLE, &folio));
	be->reset();
	folio = desc_alloc(CACHE_FOLIO);
	atomic_set(&((struct folio *)folio)->m._refcount, 1);
	expect_bug("free of a descriptor with references", desc_free(CACHE_FOLIO, folio));
	be->reset();
	desc_alloc(CACHE_FOLIO);
	expect_bug("folio descriptor without pages", be->check());
	be->reset();
	be->check_idle();
}

/* A small machine after one that used more slabs must not poison beyond its own. */
static void the_next_machine_starts_afresh(void **state)
{
	struct mmfuzz_config config = small_machine();
	char *first __maybe_unused;

	(void)state;
	for (int i = 0; i < 2000; i++)
		assert_non_null(desc_alloc(CACHE_PFN_ENTRY));
	be->shutdown();
	boot(&config);
	first = desc_alloc(CACHE_PFN_ENTRY);
#if SIM_ASAN
	assert_false(__asan_address_is_poisoned(first + (1 << 15)));
#endif
	be->reset();
	be->check_idle();
}

int main(void)
{
#define SMALL(test) cmocka_unit_test_setup_teardown(test, boot_small, shutdown_machine)
	const struct CMUnitTest tests[] = {
		SMALL(an_object_is_reused_at_once_and_reads_as_left),
		SMALL(live_objects_are_known),
		SMALL(a_slab_changes_type_after_a_grace_period),
		SMALL(a_second_use_needs_a_grace_period_of_its_own),
#if SIM_ASAN && MM_DEBUG
		SMALL(an_object_is_poisoned_after_a_grace_period),
#endif
		SMALL(memory_runs_out_when_told_to),
		SMALL(broken_rules_are_named),
		SMALL(the_next_machine_starts_afresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
