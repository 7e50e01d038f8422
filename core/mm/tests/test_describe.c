// SPDX-License-Identifier: GPL-2.0-only
/* Words of the core have names that people know, and none of them is an address. */
#include "machine.h"

static char name[128], what[128];

static const char *name_of(const void *addr)
{
	name[0] = '\0';
	be->describe_addr(addr, name, sizeof(name));
	return name;
}

static const char *value_of(const void *addr, u64 value)
{
	what[0] = '\0';
	be->describe_value(addr, value, what, sizeof(what));
	return what;
}

static void frames_and_pageblocks(void **state)
{
	(void)state;
	assert_string_equal(name_of(pfn_to_page(0x23)), "memdesc of pfn 0x23");
	assert_string_equal(value_of(pfn_to_page(0x23), misc_word(MISC_FROZEN, 2, 0)),
			    "frozen, order 2");
	assert_string_equal(value_of(pfn_to_page(0x23), 0), "0");
	assert_string_equal(value_of(pfn_to_page(0x23), free_word(MEMDESC_BUDDY, 3, 0x20, 0x28)),
			    "buddy, order 3");
	assert_string_equal(name_of(&pageblock_flags[4]), "type of pageblock 4");
	assert_string_equal(value_of(&pageblock_flags[4], MIGRATE_MOVABLE | PB_ISOLATE),
			    "movable, isolated");
	assert_string_equal(name_of(&mem_section[3].state), "state of section 3");
	assert_string_equal(value_of(&mem_section[3].state, SECTION_GOING_OFFLINE),
			    "going offline");
	assert_string_equal(name_of(sim_ram.base + (5ul << sim_ram.cell_shift)),
			    "contents of pfn 0x5");
	assert_string_equal(value_of(sim_ram.base, 7), "tag 0x7");
}

static void zones_and_pagesets(void **state)
{
	struct zone *zone = pfn_zone(0);

	(void)state;
	assert_string_equal(name_of(&zone->lock.locked), "zone->lock of Normal");
	assert_string_equal(name_of(&zone->managed_pages), "zone->managed_pages of Normal");
	assert_string_equal(name_of(&zone->watermark[1]), "zone->watermark[1] of Normal");
	assert_string_equal(name_of(&zone->vm_stat[NR_FREE_ISOLATED]),
			    "NR_FREE_ISOLATED of Normal");
	assert_string_equal(name_of(&zone->free_area[3].free_list[MIGRATE_MOVABLE].tail),
			    "zone->free_area[3].free_list[movable].tail of Normal");
	assert_string_equal(name_of(&zone->free_area[0].nr_free),
			    "zone->free_area[0].nr_free of Normal");
	assert_string_equal(name_of(&zone->pcp[2].lock), "pcp->lock of CPU 2, Normal");
	assert_string_equal(name_of(&zone->pcp[0].count), "pcp->count of CPU 0, Normal");
	assert_string_equal(name_of(&zone->pcp[1].lists[MIGRATE_PCPTYPES + MIGRATE_MOVABLE].head),
			    "pcp->lists[1][movable].head of CPU 1, Normal");
	assert_string_equal(value_of(&zone->pcp[1].lists[3].head, 0x23), "pfn 0x23");
	assert_string_equal(value_of(&zone->free_area[2].free_list[1].tail, LIST_NIL), "empty");
	assert_string_equal(name_of(&mm->mem_hotplug_lock), "mem_hotplug_lock");
	assert_string_equal(name_of(&mm->vm_event[PGMIGRATE_FAIL]), "PGMIGRATE_FAIL");
}

static void descriptors_are_named_by_their_frame(void **state)
{
	struct folio *folio;
	char expected[64];
	unsigned long word;

	(void)state;
	assert_int_equal(be->folio_add(3, MMFUZZ_FOLIO_FILE, mk_order(1), MMFUZZ_GFP_MOVABLE, 1),
			 0);
	folio = filemap_get_folio(3);
	word = page_word(pfn_to_page(folio->pfn));
	snprintf(expected, sizeof(expected), "folio->_refcount of pfn 0x%x", folio->pfn);
	assert_string_equal(name_of(&folio->m._refcount), expected);
	snprintf(expected, sizeof(expected), "folio of pfn 0x%x", folio->pfn);
	assert_string_equal(value_of(pfn_to_page(folio->pfn), word), expected);
	folio_put(folio);
	assert_int_equal(be->folio_remove(3), 0);
	snprintf(expected, sizeof(expected), "freed folio of pfn 0x%x", folio->pfn);
	assert_string_equal(value_of(pfn_to_page(folio->pfn), word), expected);
}

static void the_same_in_each_run(void **state)
{
	pfn_t pfn;

	(void)state;
	pfn = be->alloc_pages(0, mk_order(0), (nid_t){ 0 });
	assert_string_equal(value_of(pfn_to_page(pfn.pfn), page_word(pfn_to_page(pfn.pfn))),
			    "mappable of descriptor 0");
	be->put_page(pfn);
	be->reset();
	pfn = be->alloc_pages(0, mk_order(0), (nid_t){ 0 });
	assert_string_equal(value_of(pfn_to_page(pfn.pfn), page_word(pfn_to_page(pfn.pfn))),
			    "mappable of descriptor 0");
	be->put_page(pfn);
}

static void balloon_words(void **state)
{
	unsigned int named = 0, words = 0;

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 3), 3);
	for (unsigned long pfn = 0; pfn < 256; pfn++)
		words += !strcmp(value_of(pfn_to_page(pfn), page_word(pfn_to_page(pfn))),
				 "offline by balloon 0, movable");
	assert_int_equal(words, 3);
	/* The driver's state is its own; what it keeps in the arena must have names all the same. */
	for (const char *at = (const char *)mm; at < (const char *)vmemmap; at++)
		named += !strcmp(name_of(at), "balloon_pages_lock");
	assert_int_equal(named, sizeof(spinlock_t));
}

static void what_is_not_the_core_s_has_no_name(void **state)
{
	int on_stack = 0;

	(void)state;
	assert_int_equal(be->describe_addr(&on_stack, name, sizeof(name)), 0);
	assert_int_equal(be->describe_addr(NULL, name, sizeof(name)), 0);
	assert_int_equal(be->describe_value(&pfn_zone(0)->pcp[0].count, 12, what, sizeof(what)), 0);
}

static void long_names_are_cut(void **state)
{
	char small[8];

	(void)state;
	assert_int_equal(be->describe_addr(pfn_to_page(0x23), small, sizeof(small)),
			 strlen("memdesc of pfn 0x23"));
	assert_string_equal(small, "memdesc");
}

int main(void)
{
#define test(function) cmocka_unit_test_setup_teardown(function, boot_small, shutdown_machine)
	const struct CMUnitTest tests[] = {
		test(frames_and_pageblocks),
		test(zones_and_pagesets),
		test(descriptors_are_named_by_their_frame),
		test(the_same_in_each_run),
		test(balloon_words),
		test(what_is_not_the_core_s_has_no_name),
		test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
