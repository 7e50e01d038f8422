// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mem: memory that a host plugs and unplugs in subblocks smaller than the memory blocks that Linux can add.
 *
 *	region of the device, absent at boot
 *	| block: online                  | block: offline                 | block: absent
 *	| plugged | unplugged | plugged  | plugged | plugged | unplugged  | (all unplugged)
 *	             |
 *	             +-- "fake offline": Offline|Skippable, of this device; NeverOnlined too if it was never plugged
 *	                 since the block came online
 *
 * Blocks are added, and removed, by nobody else; on- and offline them may anybody at any time. Notifiers keep track:
 * while a block is between GOING_* and what follows, its subblocks are left alone. The map says what is plugged; the
 * words of the frames repeat it while the block is online, and only then.
 *
 * A block that is there has at least one plugged subblock: if its last one is unplugged and the block cannot be
 * removed, that subblock is plugged again, so that what is left shows in the count and is tried once more later.
 * (Linux keeps such a block, all unplugged.)
 *
 * Two locks. work_lock: one plug or unplug at a time. lock: the map; also taken by the notifiers, under
 * LOCK_MEM_HOTPLUG, so that whoever holds it and finds a block online knows that it stays so. Blocks are neither added
 * nor taken offline under it.
 */
#include "../describe.h"
#include "../internal.h"

/**
 * enum vmem_block_state - a block of the region; what the section's state is, but for the time in between
 * @VMEM_ABSENT: not added; nothing of it is plugged
 * @VMEM_OFFLINE: added (or about to be), not online; words are 0
 * @VMEM_ONLINE: unplugged subblocks are fake offline
 * @VMEM_GOING: on its way from OFFLINE to ONLINE or back; only the notifiers leave this state
 */
enum vmem_block_state { VMEM_ABSENT, VMEM_OFFLINE, VMEM_ONLINE, VMEM_GOING };

/**
 * struct vmem_dev - one device
 * @first_block, @nr_blocks: the region
 * @sb_order: log2 of frames in a subblock
 * @sbs: subblocks in a block
 * @owner: owner byte in the words of unplugged frames
 * @type: zone type that new blocks go to
 * @nr_plugged: subblocks plugged; under @lock
 * @state: enum vmem_block_state of each block; under @lock
 * @plugged: of each subblock, whether it is; under @lock
 */
struct vmem_dev {
	struct mutex work_lock;
	struct mutex lock;
	unsigned long first_block, nr_blocks;
	unsigned int sb_order;
	unsigned int sbs;
	unsigned int nid;
	unsigned int owner;
	enum mmfuzz_zone_type type;
	unsigned long nr_plugged;
	unsigned char *state;
	unsigned char *plugged;
};

/* In the arena. */
static struct virtio_mem {
	unsigned int nr;
	struct vmem_dev dev[MMFUZZ_MAX_VMEM];
} *vmem;

static unsigned long sb_pfn(const struct vmem_dev *dev, unsigned long block, unsigned int sb)
{
	return ((dev->first_block + block) << section_order) + ((unsigned long)sb << dev->sb_order);
}

static unsigned char *sb_plugged(const struct vmem_dev *dev, unsigned long block, unsigned int sb)
{
	return &dev->plugged[block * dev->sbs + sb];
}

static void set_plugged(struct vmem_dev *dev, unsigned long block, unsigned int sb, bool plugged)
{
	*sb_plugged(dev, block, sb) = plugged;
	dev->nr_plugged += plugged ? 1 : -1ul;
}

static unsigned int block_plugged(const struct vmem_dev *dev, unsigned long block)
{
	unsigned int nr = 0;

	for (unsigned int sb = 0; sb < dev->sbs; sb++)
		nr += *sb_plugged(dev, block, sb);
	return nr;
}

/* The device whose region holds the section at @pfn, with the block in it; NULL for all other memory. */
static struct vmem_dev *pfn_vmem(unsigned long pfn, unsigned long *block)
{
	for (unsigned int i = 0; i < vmem->nr; i++) {
		*block = (pfn >> section_order) - vmem->dev[i].first_block;
		if (*block < vmem->dev[i].nr_blocks)
			return &vmem->dev[i];
	}
	return NULL;
}

/* --- what hotplug tells --- */

/* Its block is offline now: unplugged frames need not say so any more, the map does. Those of others stay. */
static void forget_fake_offline(struct vmem_dev *dev, unsigned long block)
{
	for (unsigned int sb = 0; sb < dev->sbs; sb++)
		if (!*sb_plugged(dev, block, sb))
			__free_offline_page_range(sb_pfn(dev, block, sb), 1ul << dev->sb_order, dev->owner);
}

static int virtio_mem_memory_notifier(enum memory_action action, unsigned long start, unsigned long nr)
{
	unsigned long block;
	struct vmem_dev *dev = pfn_vmem(start, &block);

	(void)nr; /* always a block */
	if (!dev)
		return 0;
	mutex_lock(&dev->lock);
	switch (action) {
	case MEM_GOING_ONLINE:
	case MEM_GOING_OFFLINE:
		dev->state[block] = VMEM_GOING;
		break;
	case MEM_OFFLINE:
		forget_fake_offline(dev, block);
		fallthrough;
	case MEM_CANCEL_ONLINE:
		dev->state[block] = VMEM_OFFLINE;
		break;
	case MEM_ONLINE:
	case MEM_CANCEL_OFFLINE:
		dev->state[block] = VMEM_ONLINE;
		break;
	}
	mutex_unlock(&dev->lock);
	return 0;
}

/* Of what a block brings only the plugged part comes online. */
static bool virtio_mem_online_page(unsigned long pfn, unsigned int order)
{
	unsigned long end = pfn + (1ul << order);
	unsigned long block;
	struct vmem_dev *dev = pfn_vmem(pfn, &block);

	if (!dev)
		return false;
	order = min(order, dev->sb_order);
	mutex_lock(&dev->lock);
	for (; pfn < end; pfn += 1ul << order) {
		unsigned int sb = (pfn & (section_nr_pages - 1)) >> dev->sb_order;

		if (*sb_plugged(dev, block, sb))
			generic_online_page(pfn, order);
		else
			set_page_offline(pfn_to_page(pfn), order, dev->owner, MISC_NEVER_ONLINED | MISC_SKIPPABLE);
	}
	mutex_unlock(&dev->lock);
	return true;
}

/* --- plug --- */

/* Fill what a block that is there has unplugged, up to @nr; how many. */
static unsigned long plug_block(struct vmem_dev *dev, unsigned long block, unsigned long nr)
{
	unsigned long done = 0;

	mutex_lock(&dev->lock);
	for (unsigned int sb = 0; sb < dev->sbs && done < nr; sb++) {
		if (dev->state[block] != VMEM_ONLINE && dev->state[block] != VMEM_OFFLINE)
			break;
		if (*sb_plugged(dev, block, sb))
			continue;
		/* Back to the buddy, or to life for the first time; an offline block only notes it. */
		if (dev->state[block] == VMEM_ONLINE)
			__free_offline_page_range(sb_pfn(dev, block, sb), 1ul << dev->sb_order, dev->owner);
		set_plugged(dev, block, sb, true);
		done++;
	}
	mutex_unlock(&dev->lock);
	return done;
}

/* Add a block with its first @nr subblocks plugged; how many that are, even if a notifier keeps it offline. */
static unsigned long plug_new_block(struct vmem_dev *dev, unsigned long block, unsigned long nr)
{
	unsigned int sbs = min(nr, (unsigned long)dev->sbs);
	int err;

	mutex_lock(&dev->lock);
	if (dev->state[block] != VMEM_ABSENT) {
		mutex_unlock(&dev->lock);
		return 0;
	}
	/* Before it is added, since then anybody may online it. */
	for (unsigned int sb = 0; sb < sbs; sb++)
		set_plugged(dev, block, sb, true);
	dev->state[block] = VMEM_OFFLINE;
	mutex_unlock(&dev->lock);

	err = add_memory_driver_managed(dev->first_block + block, dev->nid);
	MM_BUG_ON(err, "block of a virtio-mem region was there already", (dev->first_block + block) << section_order,
		  "error %d", err);
	/* -EBUSY: somebody was faster; -ECANCELED: a veto. It is plugged all the same. */
	online_pages(dev->first_block + block, dev->type);
	return sbs;
}

unsigned long virtio_mem_plug(unsigned int nr_dev, unsigned long nr)
{
	struct vmem_dev *dev = nr_dev < vmem->nr ? &vmem->dev[nr_dev] : NULL;
	unsigned long done = 0;

	if (!dev)
		return 0;
	mutex_lock(&dev->work_lock);
	for (unsigned long block = 0; block < dev->nr_blocks && done < nr; block++)
		done += plug_block(dev, block, nr - done);
	for (unsigned long block = 0; block < dev->nr_blocks && done < nr; block++)
		done += plug_new_block(dev, block, nr - done);
	mutex_unlock(&dev->work_lock);
	return done;
}

/* --- unplug --- */

static bool sb_words_empty(const struct vmem_dev *dev, unsigned long block, unsigned int sb)
{
	const struct page *page = pfn_to_page(sb_pfn(dev, block, sb));

	for (unsigned long i = 0; i < 1ul << dev->sb_order; i++)
		if (page_word(page + i))
			return false;
	return true;
}

/* Take one plugged subblock out of the system; false if it is in use. Under dev->lock. */
static bool unplug_sb(struct vmem_dev *dev, unsigned long block, unsigned int sb)
{
	switch (dev->state[block]) {
	case VMEM_ONLINE:
		if (alloc_offline_page_range(sb_pfn(dev, block, sb), 1ul << dev->sb_order, dev->owner,
					     MISC_SKIPPABLE))
			return false;
		break;
	case VMEM_OFFLINE:
		/* Somebody may keep Skippable frames of his own in it. */
		if (!sb_words_empty(dev, block, sb))
			return false;
		break;
	default:
		return false;
	}
	set_plugged(dev, block, sb, false);
	return true;
}

/* Nothing of the block is plugged: remove it; if that fails, plug @sb again. True if it is gone. */
static bool remove_block(struct vmem_dev *dev, unsigned long block, unsigned int sb)
{
	int err = offline_and_remove_memory(dev->first_block + block);

	if (!err) {
		mutex_lock(&dev->lock);
		dev->state[block] = VMEM_ABSENT;
		mutex_unlock(&dev->lock);
		return true;
	}
	/* Under the hotplug lock nobody is between GOING_* and what follows. */
	mutex_lock(&mm->mem_hotplug_lock);
	mutex_lock(&dev->lock);
	if (dev->state[block] == VMEM_ONLINE)
		__free_offline_page_range(sb_pfn(dev, block, sb), 1ul << dev->sb_order, dev->owner);
	set_plugged(dev, block, sb, true);
	mutex_unlock(&dev->lock);
	mutex_unlock(&mm->mem_hotplug_lock);
	return false;
}

/* From the end of the block, up to @nr; how many. */
static unsigned long unplug_block(struct vmem_dev *dev, unsigned long block, unsigned long nr)
{
	unsigned long done = 0;
	unsigned int last = 0;
	bool empty;

	mutex_lock(&dev->lock);
	for (unsigned int sb = dev->sbs; sb-- > 0 && done < nr;) {
		if (!*sb_plugged(dev, block, sb) || !unplug_sb(dev, block, sb))
			continue;
		last = sb;
		done++;
	}
	empty = done && !block_plugged(dev, block);
	mutex_unlock(&dev->lock);
	if (empty && !remove_block(dev, block, last))
		done--;
	return done;
}

unsigned long virtio_mem_unplug(unsigned int nr_dev, unsigned long nr)
{
	struct vmem_dev *dev = nr_dev < vmem->nr ? &vmem->dev[nr_dev] : NULL;
	unsigned long done = 0;

	if (!dev)
		return 0;
	mutex_lock(&dev->work_lock);
	for (unsigned long block = dev->nr_blocks; block-- > 0 && done < nr;)
		done += unplug_block(dev, block, nr - done);
	mutex_unlock(&dev->work_lock);
	return done;
}

unsigned long virtio_mem_plugged(unsigned int nr_dev)
{
	struct vmem_dev *dev = nr_dev < vmem->nr ? &vmem->dev[nr_dev] : NULL;
	unsigned long nr;

	if (!dev)
		return 0;
	mutex_lock(&dev->lock);
	nr = dev->nr_plugged;
	mutex_unlock(&dev->lock);
	return nr;
}

/* --- boot, check --- */

static void dev_init(struct vmem_dev *dev, const struct mmfuzz_vmem_config *config, unsigned int owner)
{
	mutex_init(&dev->work_lock, LOCK_VMEM_WORK);
	mutex_init(&dev->lock, LOCK_VMEM);
	dev->first_block = config->region.start >> section_order;
	dev->nr_blocks = config->region.nr >> section_order;
	dev->sb_order = config->sb_order;
	dev->sbs = 1u << (section_order - config->sb_order);
	dev->nid = config->nid;
	dev->owner = owner;
	/* Movable memory can be unplugged again. */
	dev->type = node_zone(dev->nid, MMFUZZ_ZONE_MOVABLE) ? MMFUZZ_ZONE_MOVABLE : MMFUZZ_ZONE_NORMAL;
	dev->state = arena_alloc(dev->nr_blocks, 8);
	dev->plugged = arena_alloc(dev->nr_blocks * dev->sbs, 8);
}

void virtio_mem_init(void)
{
	int err = 0;

	vmem = arena_alloc(sizeof(*vmem), 64);
	vmem->nr = mm->config.nr_vmem;
	for (unsigned int i = 0; i < vmem->nr && !err; i++) {
		dev_init(&vmem->dev[i], &mm->config.vmem[i], OFFLINE_OWNER_VMEM + i);
		err = request_memory_region(vmem->dev[i].first_block, vmem->dev[i].nr_blocks);
	}
	if (vmem->nr && !err)
		err = register_memory_notifier(virtio_mem_memory_notifier);
	MM_BUG_ON(err, "virtio-mem cannot register", SIM_NO_PFN, "error %d", err);
	set_online_page_callback(vmem->nr ? virtio_mem_online_page : NULL);
}

static void check_block(const struct vmem_dev *dev, unsigned long block)
{
	static const unsigned char expected[] = {
		[VMEM_ABSENT] = SECTION_ABSENT,
		[VMEM_OFFLINE] = SECTION_PRESENT,
		[VMEM_ONLINE] = SECTION_ONLINE,
	};
	unsigned long start = sb_pfn(dev, block, 0);
	unsigned int state = dev->state[block];

	MM_BUG_ON(state == VMEM_GOING || expected[state] != pfn_to_section(start)->state,
		  "virtio-mem is wrong about a block", start, "says %u, section %u", state,
		  pfn_to_section(start)->state);
	MM_BUG_ON((state == VMEM_ABSENT) != !block_plugged(dev, block), "virtio-mem block without a plugged subblock",
		  start, "state %u, %u plugged", state, block_plugged(dev, block));
	for (unsigned int sb = 0; state == VMEM_ONLINE && sb < dev->sbs; sb++) {
		bool plugged = *sb_plugged(dev, block, sb);

		/* One frame tells of a plugged subblock: they only ever go as a whole. */
		for (unsigned long i = 0; i < (plugged ? 1 : 1ul << dev->sb_order); i++) {
			unsigned long pfn = sb_pfn(dev, block, sb) + i;
			unsigned long word = page_word(pfn_to_page(pfn));
			bool offline = word_is_offline(word) && misc_owner(word) == dev->owner;

			MM_BUG_ON(plugged && offline, "plugged frame is offline", pfn, "subblock %u", sb);
			MM_BUG_ON(!plugged && (!offline || !(word & MISC_SKIPPABLE)), "unplugged frame is not offline",
				  pfn, "subblock %u", sb);
		}
	}
}

void virtio_mem_check(void)
{
	for (unsigned int i = 0; i < vmem->nr; i++) {
		const struct vmem_dev *dev = &vmem->dev[i];
		unsigned long plugged = 0;

		for (unsigned long block = 0; block < dev->nr_blocks; block++) {
			check_block(dev, block);
			plugged += block_plugged(dev, block);
		}
		MM_BUG_ON(plugged != dev->nr_plugged, "virtio-mem's count drifted", SIM_NO_PFN,
			  "device %u: %lu, found %lu", i, dev->nr_plugged, plugged);
	}
}

JUDGES_BEGIN

int vmem_describe_addr(uintptr_t addr, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct vmem_dev, work_lock),
		FIELD(struct vmem_dev, lock),
		FIELD(struct vmem_dev, nr_plugged),
	};
	size_t offset = addr - (uintptr_t)vmem->dev;
	char field[32];

	for (unsigned int i = 0; i < vmem->nr; i++) {
		const struct vmem_dev *dev = &vmem->dev[i];

		if (addr - (uintptr_t)dev->state < dev->nr_blocks)
			return snprintf(buf, len, "state of block %zu of virtio-mem %u", addr - (uintptr_t)dev->state, i);
		if (addr - (uintptr_t)dev->plugged < dev->nr_blocks * dev->sbs)
			return snprintf(buf, len, "plugged of subblock %zu of virtio-mem %u",
					addr - (uintptr_t)dev->plugged, i);
	}
	if (offset >= vmem->nr * sizeof(vmem->dev[0]) ||
	    !describe_field(fields, sizeof(fields) / sizeof(fields[0]), offset % sizeof(vmem->dev[0]), field, sizeof(field)))
		return 0;
	return snprintf(buf, len, "%s of virtio-mem %zu", field, offset / sizeof(vmem->dev[0]));
}

JUDGES_END
