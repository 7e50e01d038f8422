// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one file that folios live in: a page cache like that of a file system in memory, whose contents are nowhere else.
 * Its folios are dirty for ever, so reclaim looks at them, moves them about in its lists and may not drop them. A folio of
 * the door's index i begins at page i << MAX_PAGE_ORDER, so that any order fits. Must not know how pages move.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

#include "mm/internal.h"

#include "../gate.h"
#include "world.h"
#include "zs.h"

#define PAGES_OF_INDEX (1ul << MAX_PAGE_ORDER)

static const struct address_space_operations the_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = filemap_migrate_folio,
};

/* Without BDI_CAP_WRITEBACK: nobody accounts for what is dirty, nobody writes it. */
static struct backing_dev_info no_device;
static struct super_block the_super = { .s_bdi = &no_device };
static struct inode the_inode;

struct backing_dev_info *inode_to_bdi(struct inode *inode)
{
	return inode->i_sb->s_bdi;
}

void mmfuzz_setup_file(void)
{
	struct address_space *mapping = &the_inode.i_data;

	spin_lock_init(&the_inode.i_lock);
	the_inode.i_sb = &the_super;
	the_inode.i_mapping = mapping;
	/* Whoever splits a folio drops what lies behind the end of its file. */
	i_size_write(&the_inode, MAX_LFS_FILESIZE);
	xa_init_flags(&mapping->i_pages, XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);
	init_rwsem(&mapping->i_mmap_rwsem);
	init_rwsem(&mapping->invalidate_lock);
	mapping->i_mmap = RB_ROOT_CACHED;
	mapping->host = &the_inode;
	mapping->a_ops = &the_aops;
	/* Who splits a folio allocates by this: as the door's allocations, it does not try without end. */
	mapping_set_gfp_mask(mapping, GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN);
	mapping_set_large_folios(mapping);
}

static struct folio *look_up(unsigned int index)
{
	struct folio *folio = filemap_get_folio(&the_inode.i_data, index * PAGES_OF_INDEX);

	return IS_ERR(folio) ? NULL : folio;
}

int gate_folio_add(unsigned int index, unsigned int order, unsigned int gfp, u64 tag)
{
	struct address_space *mapping = &the_inode.i_data;
	struct folio *folio;
	int err;

	if (order > min_t(unsigned int, MAX_PAGECACHE_ORDER, MAX_PAGE_ORDER))
		return -ENOMEM;
	folio = look_up(index);
	if (folio) {
		folio_put(folio);
		return -EEXIST;
	}
	folio = folio_alloc(mmfuzz_gfp(gfp | GATE_GFP_MOVABLE), order);
	if (!folio)
		return -ENOMEM;
	*(u64 *)folio_address(folio) = tag;
	err = filemap_add_folio(mapping, folio, index * PAGES_OF_INDEX,
				mmfuzz_gfp(gfp) & GFP_RECLAIM_MASK);
	if (!err) {
		folio_mark_uptodate(folio);
		folio_mark_dirty(folio);
		folio_unlock(folio);
	}
	folio_put(folio);
	if (!err)
		mmfuzz_zs_take(index);
	return err;
}

/* All that a folio may have been split into. */
int gate_folio_remove(unsigned int index)
{
	loff_t start = (loff_t)index * PAGES_OF_INDEX * PAGE_SIZE;
	struct folio *folio = look_up(index);
	u64 tag;

	if (!folio)
		return -ENOENT;
	tag = READ_ONCE(*(u64 *)folio_address(folio));
	folio_put(folio);
	truncate_inode_pages_range(&the_inode.i_data, start, start + PAGES_OF_INDEX * PAGE_SIZE - 1);
	mmfuzz_zs_keep(index, tag);
	return 0;
}

/*
 * A store that finds no memory for one of its nodes leaves those that it had made, empty, in the tree
 * (docs/findings/xarray-empty-nodes.md). They go when nobody has folios any more, as if the file had gone.
 */
void gate_file_tidy(void)
{
#ifdef FAULT_XARRAY_KEEPS_NODES
	if (!the_inode.i_data.nrpages)
		xa_destroy(&the_inode.i_data.i_pages);
#endif
}

/* A migration copies before it looks for references, so who writes has the folio's lock. */
int gate_folio_write(unsigned int index, u64 tag)
{
	struct folio *folio = filemap_lock_folio(&the_inode.i_data, index * PAGES_OF_INDEX);

	if (IS_ERR(folio))
		return -ENOENT;
	WRITE_ONCE(*(u64 *)folio_address(folio), tag);
	folio_mark_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
	mmfuzz_zs_keep(index, tag);
	return 0;
}

int gate_folio_read(unsigned int index, u64 *tag)
{
	struct folio *folio;

	mmfuzz_zs_look(index);
	folio = look_up(index);
	if (!folio)
		return -ENOENT;
	*tag = READ_ONCE(*(u64 *)folio_address(folio));
	folio_put(folio);
	return 0;
}

unsigned long gate_folio_get(unsigned int index)
{
	struct folio *folio = look_up(index);

	return folio ? folio_pfn(folio) : GATE_NONE;
}

void gate_folio_put(unsigned long pfn)
{
	folio_put(page_folio(pfn_to_page(pfn)));
}

struct folio *mmfuzz_folio_try_get(unsigned long pfn, bool (*wanted)(struct folio *folio))
{
	struct folio *folio = NULL;
	struct page *page;

	/* Without the read section: docs/findings/walker-meets-offlining.md. */
	rcu_read_lock();
	page = pfn_to_online_page(pfn);
	if (page) {
		/* Pairs with memory_notify(): docs/findings/online-section-unordered.md. */
		smp_rmb();
		folio = page_folio(page);
		if (!wanted(folio) || !folio_try_get(folio))
			folio = NULL;
	}
	rcu_read_unlock();
	if (folio && page_folio(page) != folio) {
		folio_put(folio);
		folio = NULL;
	}
	return folio;
}

/* Without the assertion of folio_test_lru(), as others may make the frame a tail: docs/findings/idle-walker-meets-tail.md. */
bool mmfuzz_on_lru(struct folio *folio)
{
	return test_bit(PG_lru, (unsigned long *)&folio->flags);
}

/*
 * As the kernel's walkers of frame numbers do: a reference to what is on a list of reclaim, and then look again. On others'
 * pages they take none, and their owners do not expect it.
 */
unsigned long gate_walk_pfns(unsigned long start, unsigned long nr)
{
	unsigned long got = 0;

	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		struct folio *folio = mmfuzz_folio_try_get(pfn, mmfuzz_on_lru);

		if (!folio)
			continue;
		got += folio_test_lru(folio);
		folio_put(folio);
	}
	return got;
}
