// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-balloon: frames that the guest gives to its host, and that memory management may move meanwhile.
 *
 * Pages are on no list and have no reference count. Each device keeps its frames in a PFN set (seed 000), each frame
 * says in its word that it is Offline, whose it is, and that it is Movable. One lock for all devices, as upstream's
 * balloon_pages_lock, guards the sets; who owns a frame at a moment is decided in its word alone:
 *
 *	deflate: claim_offline_page() clears Movable     the core: sets Isolated
 *	         \____ by compare-and-swap, only one of the two can be first ____/
 *
 * An isolated frame stays in its set: putting it back must not fail, and inserting can. A device goes away only while
 * none of its frames is isolated, so migrate and putback always find it; isolate does not, if it comes between.
 */
#include "../describe.h"
#include "../internal.h"

#include "pfn_set.h"

#define BALLOON_BATCH 32

/**
 * struct balloon_dev - one device
 * @work_lock: inflate, deflate, release and probe exclude each other
 * @pages: its frames; under vb->lock
 * @nr_isolated: of these, those that a migrator has; under vb->lock
 * @probed: it is there; under vb->lock, and only changed with @work_lock
 * @owner: owner byte in the words of its frames
 */
struct balloon_dev {
	struct mutex work_lock;
	struct pfn_set pages;
	unsigned long nr_isolated;
	bool probed;
	unsigned int owner;
};

/* In the arena. */
static struct virtio_balloon {
	spinlock_t lock;
	unsigned int nr;
	struct balloon_dev dev[MMFUZZ_MAX_BALLOONS];
} *vb;

static struct balloon_dev *balloon_dev(unsigned int dev)
{
	return dev < vb->nr ? &vb->dev[dev] : NULL;
}

/* The device that an Offline word names, or NULL if it is no balloon's; under vb->lock to be of use. */
static struct balloon_dev *word_balloon(unsigned long word)
{
	unsigned int owner = misc_owner(word);

	return word_is_offline(word) && owner >= OFFLINE_OWNER_BALLOON ? balloon_dev(owner - OFFLINE_OWNER_BALLOON) :
									 NULL;
}

/* --- inflate, deflate --- */

/* A frame that the device was just given: into the set first, since from the word on the core may isolate it. */
static bool balloon_page_enqueue(struct balloon_dev *dev, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	int err;

	spin_lock(&vb->lock);
	err = pfn_set_insert(&dev->pages, pfn);
	if (!err) {
		adjust_managed_page_count(page_zone(page), -1);
		set_page_offline(page, 0, dev->owner, MISC_MOVABLE);
	}
	spin_unlock(&vb->lock);
	return !err;
}

unsigned long balloon_inflate(unsigned int nr_dev, unsigned long nr)
{
	struct balloon_dev *dev = balloon_dev(nr_dev);
	unsigned long done = 0;

	if (!dev)
		return 0;
	mutex_lock(&dev->work_lock);
	/* Only who holds work_lock changes it. */
	while (dev->probed && done < nr) {
		struct page *page = alloc_frozen_pages(__GFP_MOVABLE, 0, nr_dev % mm->nr_nodes);

		if (!page)
			break;
		if (!balloon_page_enqueue(dev, page)) {
			free_frozen_pages(page, 0);
			break;
		}
		done++;
	}
	mutex_unlock(&dev->work_lock);
	return done;
}

/* Up to @nr frames out of the set, oldest first, into pfns[]: claimed, so no migrator can have them any more. */
static unsigned long balloon_page_dequeue(struct balloon_dev *dev, unsigned long nr, unsigned long *pfns)
{
	struct pfn_entry *entry, *next;
	unsigned long done = 0;

	spin_lock(&vb->lock);
	for (entry = pfn_set_first(&dev->pages); entry && done < nr; entry = next) {
		next = pfn_set_next(entry);
		if (!claim_offline_page(entry->pfn))
			continue;
		pfns[done++] = entry->pfn;
		pfn_set_erase(&dev->pages, entry);
	}
	spin_unlock(&vb->lock);
	return done;
}

/* Under work_lock. Isolated frames are stepped over, at most all of the set once a batch. */
static unsigned long __balloon_deflate(struct balloon_dev *dev, unsigned long nr)
{
	unsigned long pfns[BALLOON_BATCH];
	unsigned long done = 0;

	while (done < nr) {
		unsigned long batch = balloon_page_dequeue(dev, min(nr - done, (unsigned long)BALLOON_BATCH), pfns);

		for (unsigned long i = 0; i < batch; i++) {
			adjust_managed_page_count(pfn_zone(pfns[i]), 1);
			__free_offline_page_range(pfns[i], 1, dev->owner);
		}
		done += batch;
		if (batch < BALLOON_BATCH)
			break;
	}
	return done;
}

unsigned long balloon_deflate(unsigned int nr_dev, unsigned long nr)
{
	struct balloon_dev *dev = balloon_dev(nr_dev);
	unsigned long done;

	if (!dev)
		return 0;
	mutex_lock(&dev->work_lock);
	done = __balloon_deflate(dev, nr);
	mutex_unlock(&dev->work_lock);
	return done;
}

unsigned long balloon_pages(unsigned int nr_dev)
{
	struct balloon_dev *dev = balloon_dev(nr_dev);
	unsigned long nr;

	if (!dev)
		return 0;
	spin_lock(&vb->lock);
	nr = pfn_set_count(&dev->pages);
	spin_unlock(&vb->lock);
	return nr;
}

/* --- the device comes and goes --- */

int balloon_release(unsigned int nr_dev)
{
	struct balloon_dev *dev = balloon_dev(nr_dev);
	int err = 0;

	if (!dev)
		return -ENODEV;
	mutex_lock(&dev->work_lock);
	spin_lock(&vb->lock);
	if (!dev->probed)
		err = -ENODEV;
	else if (dev->nr_isolated)
		err = -EBUSY;
	else
		dev->probed = false;
	spin_unlock(&vb->lock);
	/*
	 * From here on isolate_page() says no. A migrator that has set Isolated and was not told yet takes it back in a
	 * moment; until then claim_offline_page() fails and the frame stays in the set. None is isolated for longer.
	 */
	while (!err) {
		__balloon_deflate(dev, ~0ul);
		MM_BUG_ON(READ_ONCE(dev->nr_isolated), "released balloon has isolated pages", SIM_NO_PFN,
			  "device %u, %lu pages", nr_dev, READ_ONCE(dev->nr_isolated));
		if (!balloon_pages(nr_dev))
			break;
		cpu_relax();
	}
	mutex_unlock(&dev->work_lock);
	return err;
}

int balloon_probe(unsigned int nr_dev)
{
	struct balloon_dev *dev = balloon_dev(nr_dev);
	int err = 0;

	if (!dev)
		return -ENODEV;
	mutex_lock(&dev->work_lock);
	spin_lock(&vb->lock);
	if (dev->probed)
		err = -EEXIST;
	dev->probed = true;
	spin_unlock(&vb->lock);
	mutex_unlock(&dev->work_lock);
	return err;
}

/* --- movable_operations; the core holds nothing around these calls --- */

static bool balloon_page_isolate(unsigned long pfn)
{
	struct balloon_dev *dev;
	bool ours;

	spin_lock(&vb->lock);
	dev = word_balloon(page_word(pfn_to_page(pfn)));
	ours = dev && dev->probed;
	if (ours) {
		MM_BUG_ON(!pfn_set_find(&dev->pages, pfn), "movable page in no balloon's set", pfn, "owner 0x%x",
			  dev->owner);
		dev->nr_isolated++;
	}
	spin_unlock(&vb->lock);
	return ours;
}

/* The device of a frame that a migrator has; under vb->lock. That it is there is the contract. */
static struct balloon_dev *isolated_page_dev(unsigned long pfn, struct pfn_entry **entry)
{
	unsigned long word = page_word(pfn_to_page(pfn));
	struct balloon_dev *dev = word_balloon(word);

	MM_BUG_ON(!dev || !dev->probed || !(word & MISC_ISOLATED), "not isolated from a balloon", pfn, "word 0x%lx",
		  word);
	*entry = pfn_set_find(&dev->pages, pfn);
	MM_BUG_ON(!*entry, "isolated page left its balloon's set", pfn, "owner 0x%x", dev->owner);
	MM_BUG_ON(!dev->nr_isolated, "balloon counts no isolated page", pfn, "owner 0x%x", dev->owner);
	return dev;
}

static int balloon_page_migrate(unsigned long dst, unsigned long src, bool async)
{
	struct zone *from = pfn_zone(src), *to = pfn_zone(dst);
	struct balloon_dev *dev;
	struct pfn_entry *entry;

	if (!async)
		spin_lock(&vb->lock);
	else if (!spin_trylock_faultable(&vb->lock))
		return -EAGAIN;
	dev = isolated_page_dev(src, &entry);
	/* The new one first: if there is no room, nothing has changed. */
	if (pfn_set_insert(&dev->pages, dst)) {
		spin_unlock(&vb->lock);
		return -ENOMEM;
	}
	pfn_set_erase(&dev->pages, entry);
	dev->nr_isolated--;
	/* The balloon holds as much as before, but maybe elsewhere. */
	if (from != to) {
		adjust_managed_page_count(from, 1);
		adjust_managed_page_count(to, -1);
	}
	/* The core owns @src and frees it; nobody else may write a word that says Isolated. */
	set_page_word(pfn_to_page(src), misc_word(MISC_FROZEN, 0, 0));
	set_page_offline(pfn_to_page(dst), 0, dev->owner, MISC_MOVABLE);
	spin_unlock(&vb->lock);
	return 0;
}

static void balloon_page_putback(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	struct pfn_entry *entry;
	struct balloon_dev *dev;
	unsigned long word;

	spin_lock(&vb->lock);
	dev = isolated_page_dev(pfn, &entry);
	dev->nr_isolated--;
	/* The last step: from here on the device may free the frame. Pairs with claim_offline_page(). */
	do {
		word = page_word(page);
	} while (!page_word_cmpxchg(page, word, word & ~MISC_ISOLATED));
	spin_unlock(&vb->lock);
}

static const struct movable_operations balloon_mops = {
	.isolate_page = balloon_page_isolate,
	.migrate_page = balloon_page_migrate,
	.putback_page = balloon_page_putback,
};

/* --- boot, reset, check --- */

void virtio_balloon_init(void)
{
	int err;

	vb = arena_alloc(sizeof(*vb), 64);
	vb->nr = mm->config.nr_balloons;
	spin_lock_init(&vb->lock, LOCK_BALLOON);
	for (unsigned int i = 0; i < vb->nr; i++) {
		struct balloon_dev *dev = &vb->dev[i];

		mutex_init(&dev->work_lock, LOCK_BALLOON_WORK);
		dev->probed = true;
		dev->owner = OFFLINE_OWNER_BALLOON + i;
	}
	err = set_movable_ops(&balloon_mops, MEMDESC_MISC);
	MM_BUG_ON(err, "balloon cannot register its operations", SIM_NO_PFN, "error %d", err);
}

void virtio_balloon_reset(void)
{
	for (unsigned int i = 0; i < vb->nr; i++)
		pfn_set_forget(&vb->dev[i].pages);
}

void virtio_balloon_check(void)
{
	for (unsigned int i = 0; i < vb->nr; i++) {
		const struct balloon_dev *dev = &vb->dev[i];
		unsigned long isolated = 0;

		MM_BUG_ON(!dev->probed && pfn_set_count(&dev->pages), "released balloon holds pages", SIM_NO_PFN,
			  "device %u, %lu pages", i, pfn_set_count(&dev->pages));
		for (const struct pfn_entry *e = pfn_set_first(&dev->pages); e; e = pfn_set_next(e)) {
			unsigned long word = pfn_to_online_page(e->pfn) ? page_word(pfn_to_page(e->pfn)) : 0;

			MM_BUG_ON(word_balloon(word) != dev || !(word & MISC_MOVABLE),
				  "balloon's set holds another's page", e->pfn, "device %u, word 0x%lx", i, word);
			isolated += !!(word & MISC_ISOLATED);
		}
		MM_BUG_ON(isolated != dev->nr_isolated, "balloon's isolated pages drifted", SIM_NO_PFN,
			  "device %u: %lu, found %lu", i, dev->nr_isolated, isolated);
	}
}

JUDGES_BEGIN

int balloon_describe_addr(uintptr_t addr, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct balloon_dev, work_lock), FIELD(struct balloon_dev, pages),
		FIELD(struct balloon_dev, nr_isolated), FIELD(struct balloon_dev, probed),
	};
	size_t offset = addr - (uintptr_t)vb->dev;
	char field[32];

	if (addr - (uintptr_t)&vb->lock < sizeof(vb->lock))
		return snprintf(buf, len, "balloon_pages_lock");
	if (offset >= vb->nr * sizeof(vb->dev[0]) ||
	    !describe_field(fields, sizeof(fields) / sizeof(fields[0]), offset % sizeof(vb->dev[0]), field, sizeof(field)))
		return 0;
	return snprintf(buf, len, "%s of balloon %zu", field, offset / sizeof(vb->dev[0]));
}

JUDGES_END
