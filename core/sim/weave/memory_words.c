// SPDX-License-Identifier: GPL-2.0-only
/* The table of words; see memory_words.h. Fixed in size, empty at first in each run; in what order it is kept never shows. */
#include "memory_words.h"

#define MAX_WORDS  1024u /* with a history at one time, see forget_words() */
#define NR_BUCKETS 2048u

struct memory_model memory_model;

static struct word words[MAX_WORDS + 1];
static u16 buckets[NR_BUCKETS];
static u16 nr_words, free_word;
/* All that was known of words that were forgotten; author and index are in it. */
static struct message forgotten;
static bool any_forgotten;

static u16 *bucket_of(u64 granule)
{
	return &buckets[granule * 0x9e3779b97f4a7c15u >> 53];
}

/* @to covers all that a reader of the store learns, as if he had read it. */
static void merge_store(struct message *to, const struct store *store)
{
	message_join(to, &store->message);
	if (store->author != NOBODY)
		to->fenced.t[store->author] = max(to->fenced.t[store->author], store->index);
}

static void merge_word(struct message *to, const struct word *word)
{
	for (u32 i = word->oldest; i != word->newest + 1; i++)
		merge_store(to, &word->stores[i % MAX_HISTORY]);
}

/* No room: what the words told all is told by every word that has no history. */
static void forget_words(void)
{
	if (!any_forgotten)
		message_clear(&forgotten);
	any_forgotten = true;
	for (unsigned int i = 0; i < NR_BUCKETS; i++)
		for (u16 index = buckets[i]; index; index = words[index].next)
			merge_word(&forgotten, &words[index]);
	memset(buckets, 0, sizeof(buckets));
	nr_words = 0;
	free_word = 0;
}

/* A word with one store, of nobody. */
struct word *word_new(u64 granule, u8 bytes)
{
	u16 index = free_word, *bucket;
	struct word *word;
	struct store *store;

	if (index) {
		free_word = words[index].next;
	} else {
		if (nr_words == MAX_WORDS)
			forget_words();
		index = ++nr_words;
	}
	word = &words[index];
	bucket = bucket_of(granule);
	word->granule = granule;
	word->bytes = bytes;
	word->mixed = false;
	word->unknown = false;
	word->next = *bucket;
	word->oldest = 0;
	word->newest = 0;
	memset(word->floor, 0, memory_model.width * sizeof(u32));
	store = &word->stores[0];
	store->author = NOBODY;
	store->index = 0;
	if (any_forgotten)
		message_copy(&store->message, &forgotten);
	else
		message_clear(&store->message);
	*bucket = index;
	return word;
}

/* The words of the granule that overlap @bytes are no more; @merged, if not NULL, covers them. */
void words_drop(u64 granule, u8 bytes, struct message *merged)
{
	u16 *link = bucket_of(granule);

	while (*link) {
		u16 index = *link;
		struct word *word = &words[index];

		if (word->granule != granule || !(word->bytes & bytes)) {
			link = &word->next;
			continue;
		}
		if (merged)
			merge_word(merged, word);
		*link = word->next;
		word->next = free_word;
		free_word = index;
	}
}

/* From here on the granule is one word, without older values. */
struct word *word_mix(u64 granule)
{
	struct message merged;
	struct word *word;

	message_clear(&merged);
	words_drop(granule, WHOLE, &merged);
	word = word_new(granule, WHOLE);
	word->mixed = true;
	word->unknown = true;
	message_join(&word->stores[0].message, &merged);
	return word;
}

/* The word of exactly these bytes, or that of the whole granule if sizes are mixed there; NULL: none. */
struct word *word_find(u64 granule, u8 bytes)
{
	for (u16 index = *bucket_of(granule); index; index = words[index].next) {
		struct word *word = &words[index];

		if (word->granule != granule || !(word->bytes & bytes))
			continue;
		if (word->mixed || word->bytes == bytes)
			return word;
		return word_mix(granule);
	}
	return NULL;
}

/* A word whose newest value is not what memory holds was written by code that does not call us: it is as new. */
struct word *word_to_read(uintptr_t addr, unsigned int size)
{
	struct word *word = word_find(addr >> 3, bytes_of(addr, size));
	u64 value;

	if (!word || word->mixed)
		return word;
	value = (u64)read_bytes((const void *)addr, size);
	if (word->unknown) {
		word->unknown = false;
		word_newest(word)->value = value;
	} else if (word_newest(word)->value != value) {
		words_drop(word->granule, word->bytes, NULL);
		return NULL;
	}
	return word;
}

/* Where the next store to the word goes. */
static struct store *next_store(struct word *word)
{
	if (word->mixed)
		return word_newest(word);
	word->newest++;
	if (word->newest - word->oldest == MAX_HISTORY)
		word->oldest++;
	return word_newest(word);
}

void word_store(struct word *word, unsigned int fibre, u32 index, u64 value, const struct message *message)
{
	struct store *store = next_store(word);

	if (word->mixed) {
		/* Bytes of older stores may still be read. */
		if (store->author != NOBODY)
			store->message.fenced.t[store->author] =
				max(store->message.fenced.t[store->author], store->index);
		message_join(&store->message, message);
	} else {
		message_copy(&store->message, message);
	}
	store->author = fibre;
	store->index = index;
	store->value = value;
	word->floor[fibre] = word->newest;
}

/* The word that a store goes to; it has its older value. */
struct word *word_to_write(uintptr_t addr, unsigned int size)
{
	struct word *word = word_to_read(addr, size);

	if (!word) {
		word = word_new(addr >> 3, bytes_of(addr, size));
		word->stores[0].value = (u64)read_bytes((const void *)addr, size);
	}
	return word;
}

/* A word of which a plain access was made has no older values for its reader, or for nobody if it was written. */
static void settle_word(struct word *word, bool write)
{
	if (!write)
		word->floor[weave_hot.cpu] = word->newest;
	else if (!word->mixed)
		words_drop(word->granule, word->bytes, NULL);
}

static void settle_all(uintptr_t addr, size_t len, bool write)
{
	for (unsigned int i = 0; i < NR_BUCKETS; i++)
		for (u16 index = buckets[i], next; index; index = next) {
			struct word *word = &words[index];

			next = word->next;
			if (!(word->granule & FOREIGN) && overlap(word->granule << 3, 8, addr, len))
				settle_word(word, write);
		}
}

static void settle_granule(u64 granule, u8 bytes, bool write)
{
	for (u16 index = *bucket_of(granule), next; index; index = next) {
		struct word *word = &words[index];

		next = word->next;
		if (word->granule == granule && word->bytes & bytes)
			settle_word(word, write);
	}
}

void words_settle(uintptr_t addr, size_t len, bool write)
{
	if (len > 8 * NR_BUCKETS)
		settle_all(addr, len, write);
	else if (!is_wide(addr, (unsigned int)len))
		settle_granule(addr >> 3, bytes_of(addr, (unsigned int)len), write);
	else
		for (u64 granule = addr >> 3; granule <= (addr + len - 1) >> 3; granule++)
			settle_granule(granule, WHOLE, write);
}

const struct message *words_forgotten(void)
{
	return any_forgotten ? &forgotten : NULL;
}

void words_begin(void)
{
	memset(buckets, 0, sizeof(buckets));
	nr_words = 0;
	free_word = 0;
	any_forgotten = false;
}
