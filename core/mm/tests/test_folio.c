// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios in their file: birth, look-up, truncation, migration by freezing the count. A machine of
 * 256 frames.
 */
#include "machine.h"
#include "race.h"

#define TAG 0x1234500000000ul

static int reset(void **state)
{
	(void)state;
	be->reset();
	return 0;
}

static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check_idle();
}

static void add(unsigned int index, unsigned int order, u64 tag)
{
	assert_int_equal(
		be->folio_add(index, MMFUZZ_FOLIO_FILE, mk_order(order), MMFUZZ_GFP_MOVABLE, tag),
		0);
}

static u64 tag_of(unsigned int index)
{
	uint64_t tag = 0;

	assert_int_equal(be->folio_read(index, &tag), 0);
	return tag;
}

static unsigned long pfn_at(unsigned int index)
{
	pfn_t pfn = be->folio_get(index);

	assert_false(pfn_is_none(pfn));
	be->folio_put(pfn);
	return pfn.pfn;
}

static void a_folio_is_written_read_and_removed(void **state)
{
	uint64_t tag;

	(void)state;
	add(3, 2, TAG);
	be->check();
	assert_int_equal(tag_of(3), TAG);
	assert_int_equal(be->folio_write(3, TAG + 77), 0);
	assert_int_equal(tag_of(3), TAG + 77);
	assert_int_equal(be->folio_remove(3), 0);
	assert_int_equal(be->folio_remove(3), -ENOENT);
	assert_int_equal(be->folio_read(3, &tag), -ENOENT);
	assert_int_equal(be->folio_write(3, TAG), -ENOENT);
	assert_true(pfn_is_none(be->folio_get(3)));
	machine_is_as_booted();
}

static void both_types_say_so_in_every_word(void **state)
{
	unsigned long pfn;

	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_ANON, mk_order(1), 0, TAG), 0);
	pfn = pfn_at(0);
	assert_int_equal(word_type(page_word(pfn_to_page(pfn))), MEMDESC_ANON);
	assert_int_equal(page_word(pfn_to_page(pfn + 1)), page_word(pfn_to_page(pfn)));
	assert_int_equal(be->folio_remove(0), 0);
	machine_is_as_booted();
}

static void an_index_holds_one_folio(void **state)
{
	(void)state;
	add(7, 0, TAG);
	assert_int_equal(be->folio_add(7, MMFUZZ_FOLIO_FILE, mk_order(0), 0, TAG + 1), -EEXIST);
	assert_int_equal(tag_of(7), TAG);
	assert_int_equal(be->folio_remove(7), 0);
	machine_is_as_booted();
	expect_bug("index outside the file", (void)filemap_get_folio(MMFUZZ_MAX_FOLIOS));
}

static void without_memory_or_descriptor_there_is_no_folio(void **state)
{
	(void)state;
	fault_arm(FAULT_DESC, 1);
	assert_int_equal(be->folio_add(1, MMFUZZ_FOLIO_FILE, mk_order(1), 0, TAG), -ENOMEM);
	fault_arm(FAULT_PAGE, 1);
	assert_int_equal(be->folio_add(1, MMFUZZ_FOLIO_FILE, mk_order(1), 0, TAG), -ENOMEM);
	fault_disarm();
	machine_is_as_booted();
}

static void a_truncated_folio_lives_while_somebody_has_it(void **state)
{
	pfn_t pfn;

	(void)state;
	add(0, 1, TAG);
	pfn = be->folio_get(0);
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(be->page_count(pfn), 1);
	be->check();
	/* The index is free for another one at once. */
	add(0, 0, TAG + 5);
	assert_int_not_equal(pfn_at(0), pfn.pfn);
	be->folio_put(pfn);
	assert_int_equal(be->folio_remove(0), 0);
	machine_is_as_booted();
}

static void a_folio_is_isolated_by_any_frame_and_once(void **state)
{
	struct folio *folio;
	unsigned long pfn;

	(void)state;
	add(0, 2, TAG);
	pfn = pfn_at(0);
	folio = folio_isolate(pfn + 3);
	assert_non_null(folio);
	assert_int_equal(folio->pfn, pfn);
	assert_null(folio_isolate(pfn));
	folio_putback(folio);
	assert_int_equal(be->page_count(mk_pfn(pfn)), 1);
	assert_int_equal(be->folio_remove(0), 0);
	assert_null(folio_isolate(pfn));
	machine_is_as_booted();
}

/*
 *	file[9] -> folio A, 2 references: file, migrator       file[9] -> folio B, 1 reference
 *	              |                                 =>                   |
 *	           src, order 2                                           dst, order 2
 */
static void migration_moves_words_contents_and_the_file_s_reference(void **state)
{
	struct page *dst = alloc_frozen_pages(__GFP_MOVABLE, 2, 0);
	struct folio *folio;
	unsigned long src;

	(void)state;
	add(9, 2, TAG);
	assert_int_equal(be->folio_write(9, TAG + 1), 0);
	src = pfn_at(9);
	folio = folio_isolate(src);
	assert_int_equal(migrate_folio(dst, folio, false), 0);
	assert_int_equal(page_word(pfn_to_page(src)), misc_word(MISC_FROZEN, 2, 0));
	assert_int_equal(page_word(pfn_to_page(src + 1)), 0);
	free_frozen_pages(pfn_to_page(src), 2);
	assert_int_equal(pfn_at(9), page_to_pfn(dst));
	assert_int_equal(be->page_count(mk_pfn(page_to_pfn(dst))), 1);
	assert_int_equal(tag_of(9), TAG + 1);
	be->check();
	assert_int_equal(be->folio_remove(9), 0);
	machine_is_as_booted();
}

static void a_reference_too_many_forbids_migration(void **state)
{
	struct page *dst = alloc_frozen_pages(__GFP_MOVABLE, 0, 0);
	struct folio *folio;
	pfn_t pin;

	(void)state;
	add(0, 0, TAG);
	pin = be->folio_get(0);
	folio = folio_isolate(pin.pfn);
	assert_int_equal(migrate_folio(dst, folio, false), -EAGAIN);
	assert_int_equal(be->page_count(pin), 3);
	assert_int_equal(page_word(dst), misc_word(MISC_FROZEN, 0, 0));
	/* A lock that is taken is waited for, but not by who must not sleep. */
	be->folio_put(pin);
	assert_false(test_and_set_bit_lock(PG_locked, &folio->m.flags));
	assert_int_equal(migrate_folio(dst, folio, true), -EAGAIN);
	clear_bit_unlock(PG_locked, &folio->m.flags);
	fault_arm(FAULT_DESC, 1);
	assert_int_equal(migrate_folio(dst, folio, true), -ENOMEM);
	fault_disarm();
	folio_putback(folio);
	free_frozen_pages(dst, 0);
	assert_int_equal(be->folio_remove(0), 0);
	machine_is_as_booted();
}

static void a_truncated_folio_is_not_put_in_the_file_again(void **state)
{
	struct page *dst = alloc_frozen_pages(__GFP_MOVABLE, 0, 0);
	struct folio *folio;
	pfn_t pin;

	(void)state;
	add(0, 0, TAG);
	pin = be->folio_get(0);
	folio = folio_isolate(pin.pfn);
	assert_int_equal(be->folio_remove(0), 0);
	/* Two references, as if it were in the file. */
	assert_int_equal(be->page_count(pin), 2);
	assert_int_equal(migrate_folio(dst, folio, false), -EAGAIN);
	assert_true(pfn_is_none(be->folio_get(0)));
	be->folio_put(pin);
	folio_putback(folio);
	free_frozen_pages(dst, 0);
	machine_is_as_booted();
}

static void putback_of_what_is_not_isolated_is_found(void **state)
{
	(void)state;
	add(0, 0, TAG);
	expect_bug("putback of a folio that is not isolated", folio_putback(filemap_get_folio(0)));
}

/* A copy that stopped early shows: each frame holds the tag plus its number. */
static void lost_contents_are_found(void **state)
{
	uint64_t tag;

	(void)state;
	add(0, 1, TAG);
	*(u64 *)ram_ptr(pfn_at(0) + 1) = 0;
	expect_bug("folio contents lost", be->folio_read(0, &tag));
}

#define RACE_FOLIOS 4

/* CPU 0 adds and removes, 1 reads and writes, 2 migrates, 3 walks by frame number. */
static void hammer(unsigned int cpu, unsigned int i)
{
	unsigned int index = i % RACE_FOLIOS;
	unsigned long nr;
	pfn_t pfns[8];
	uint64_t tag;

	switch (cpu) {
	case 0:
		if (be->folio_add(index, MMFUZZ_FOLIO_FILE, mk_order(i % 3), MMFUZZ_GFP_MOVABLE,
				  index << 16))
			be->folio_remove(index);
		break;
	case 1:
		be->folio_write(index, (index << 16) | (i & 0xff));
		if (!be->folio_read(index, &tag) && tag >> 16 != index)
			mm_bug("contents of another folio", SIM_NO_PFN, "tag 0x%lx, index %u", tag,
			       index);
		break;
	case 2:
		nr = be->isolate_movable(mk_pfn(0), 256, ARRAY_SIZE(pfns), pfns);
		nr = be->migrate_pages(pfns, nr, i & 1);
		be->putback_movable_pages(pfns, nr);
		break;
	default:
		be->walk_pfns(mk_pfn((i * 64) % 256), 64);
	}
}

static void migration_races_with_everybody(void **state)
{
	(void)state;
	race_until(hammer, stats_now().migrate_success > 0);
	be->check();
	for (unsigned int i = 0; i < RACE_FOLIOS; i++)
		be->folio_remove(i);
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_folio_is_written_read_and_removed, reset),
		cmocka_unit_test_setup(both_types_say_so_in_every_word, reset),
		cmocka_unit_test_setup(an_index_holds_one_folio, reset),
		cmocka_unit_test_setup(without_memory_or_descriptor_there_is_no_folio, reset),
		cmocka_unit_test_setup(a_truncated_folio_lives_while_somebody_has_it, reset),
		cmocka_unit_test_setup(a_folio_is_isolated_by_any_frame_and_once, reset),
		cmocka_unit_test_setup(migration_moves_words_contents_and_the_file_s_reference,
				       reset),
		cmocka_unit_test_setup(a_reference_too_many_forbids_migration, reset),
		cmocka_unit_test_setup(a_truncated_folio_is_not_put_in_the_file_again, reset),
		cmocka_unit_test_setup(putback_of_what_is_not_isolated_is_found, reset),
		cmocka_unit_test_setup(lost_contents_are_found, reset),
		cmocka_unit_test_setup(migration_races_with_everybody, reset),
	};

	return cmocka_run_group_tests(tests, boot_small, shutdown_machine);
}
