// SPDX-License-Identifier: GPL-2.0-only
/*
 * The word of a page frame: what encodes decodes again, what no encoding gives is refused, people can read it.
 */
#include "machine.h"

static void roundtrip(struct memdesc_info info)
{
	struct memdesc_info back;
	unsigned long word;
	int err;

	word = memdesc_encode(&info, &err);
	assert_int_equal(err, 0);
	assert_true(memdesc_valid(word));
	memset(&back, 0xff, sizeof(back));
	assert_int_equal(memdesc_decode(word, &back), 0);
	assert_int_equal(back.type, info.type);
	assert_int_equal(back.subtype, info.subtype);
	assert_int_equal(back.user_mappable, info.user_mappable);
	assert_int_equal(back.order, info.order);
	assert_int_equal(back.flags, info.flags);
	assert_int_equal(back.owner, info.owner);
	assert_int_equal(back.prev, info.prev);
	assert_int_equal(back.next, info.next);
	assert_ptr_equal(back.desc, info.desc);
}

static void refused(struct memdesc_info info)
{
	int err;

	assert_int_equal(memdesc_encode(&info, &err), 0);
	assert_int_equal(err, -EINVAL);
}

static void every_kind_round_trips(void **state)
{
	static char desc[32] __attribute__((aligned(16)));

	(void)state;
	for (unsigned int type = 0; type < NR_MEMDESC_TYPES; type++)
		if (memdesc_has_desc(type))
			roundtrip((struct memdesc_info){ .type = type, .desc = desc });
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		roundtrip((struct memdesc_info){ .type = MEMDESC_BUDDY, .order = order, .prev = 0xfffffff, .next = 0 });
		roundtrip((struct memdesc_info){ .type = MEMDESC_PCP, .order = order, .prev = 1, .next = 0xfffffff });
		roundtrip((struct memdesc_info){ .type = MEMDESC_DEFERRED, .order = order, .next = 0x1234567 });
		roundtrip((struct memdesc_info){ .type = MEMDESC_MISC, .subtype = MISC_FROZEN, .order = order });
		roundtrip((struct memdesc_info){ .type = MEMDESC_MISC,
						 .subtype = MISC_OFFLINE,
						 .order = order,
						 .flags = MISC_MOVABLE | MISC_ISOLATED,
						 .owner = 255 });
	}
	for (unsigned int subtype = 0; subtype < NR_MISC_SUBTYPES; subtype++)
		roundtrip((struct memdesc_info){ .type = MEMDESC_MISC, .subtype = subtype });
}

/* Seed 001 fixes these: type 0 is Misc, subtype 5 Offline in bits 4 to 10, bit 11 mappable, order from bit 12. */
static void offline_is_where_seed_001_puts_it(void **state)
{
	struct memdesc_info info = { .type = MEMDESC_MISC, .subtype = MISC_OFFLINE, .order = 9 };
	int err;

	(void)state;
	assert_int_equal(memdesc_encode(&info, &err), (9ul << 12) | (5ul << 4) | 0);
	assert_int_equal(MISC_USER_MAPPABLE, 1ul << 11);
}

static void impossible_words_are_refused(void **state)
{
	struct memdesc_info info;

	(void)state;
	refused((struct memdesc_info){ .type = NR_MEMDESC_TYPES });
	refused((struct memdesc_info){ .type = MEMDESC_FILE, .desc = (void *)0x1008 });
	refused((struct memdesc_info){ .type = MEMDESC_FILE });
	refused((struct memdesc_info){ .type = MEMDESC_BUDDY, .order = 11 });
	refused((struct memdesc_info){ .type = MEMDESC_BUDDY, .next = 1u << 28 });
	refused((struct memdesc_info){ .type = MEMDESC_MISC, .subtype = MISC_FROZEN, .flags = MISC_MOVABLE });
	/* Isolated without movable: nobody could have isolated it. */
	refused((struct memdesc_info){ .type = MEMDESC_MISC, .subtype = MISC_OFFLINE, .flags = MISC_ISOLATED });
	refused((struct memdesc_info){ .type = MEMDESC_MISC, .order = 1 });
	assert_false(memdesc_valid(1ul << 63));	/* Misc with a bit nobody knows */
	assert_false(memdesc_valid(15));
	assert_int_equal(memdesc_decode(MISC_ISOLATED | misc_word(MISC_OFFLINE, 0, 0), &info), -EINVAL);
}

/* Two ways to ask whether a word is one: by bits, and by taking it apart. Random words, and each bit of some. */
static void valid_means_that_it_decodes(void **state)
{
	unsigned long word = 1;

	(void)state;
	for (unsigned int i = 0; i < 1000000; i++) {
		struct memdesc_info info;
		unsigned long mask = i & 1 ? ~0ul : (1ul << (8 + i % 28)) - 1;

		word = word * 6364136223846793005ul + 1442695040888963407ul;
		assert_int_equal(memdesc_valid((word >> 7) & mask), memdesc_decode((word >> 7) & mask, &info) == 0);
	}
}

static void words_read_like_words(void **state)
{
	char buf[128];

	(void)state;
	memdesc_describe(misc_word(MISC_OFFLINE, 0, MISC_MOVABLE | MISC_ISOLATED) | (1ul << MISC_OWNER_SHIFT), buf,
			 sizeof(buf));
	assert_string_equal(buf, "offline, order 0, movable, isolated, owner 0x1");
	memdesc_describe(free_word(MEMDESC_BUDDY, 3, 8, 16), buf, sizeof(buf));
	assert_string_equal(buf, "free: buddy, order 3, prev 0x8, next 0x10");
	memdesc_describe(0xdul, buf, sizeof(buf));
	assert_string_equal(buf, "invalid word 0x000000000000000d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_round_trips),
		cmocka_unit_test(offline_is_where_seed_001_puts_it),
		cmocka_unit_test(impossible_words_are_refused),
		cmocka_unit_test(valid_means_that_it_decodes),
		cmocka_unit_test(words_read_like_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
