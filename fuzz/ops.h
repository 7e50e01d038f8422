/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of a program: one line each, the only place that lists them.
 *
 * Decoder, text form, generator, mutator and executor all read this table. A new operation is one
 * line at the END of it (so that old programs keep their meaning) and one function op_NAME() in the
 * executor. No code here.
 */
#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

/*
 * X(ENUM, name, gives, takes, weight, help, arguments ...)
 *
 * @gives: what its slot holds afterwards (enum slot_kind), NONE when it fills none. The slot must
 *	be empty before.
 * @takes: what its slot must hold before: a mask of enum slot_kind, 0 when it takes none. Which of
 *	these operations empty the slot is in the help. An operation whose slot does not fit is
 *	skipped.
 * @weight: how often the default generator profile picks it
 * arguments: {kind, place in the record}; no operation has two that live in the same field of
 * struct op. A slot always
 *	has byte 3, unless the operation has none: then the byte is free for an argument (AT_SLOT).
 *
 * T() makes a mask of @takes.
 */
#define PROGRAM_OPS(X)                                                                            \
	X(ALLOC, alloc, FROZEN, 0, 60, "alloc_frozen",                                            \
	  { ARG_ORDER, AT_B }, { ARG_GFP, AT_C }, { ARG_NID, AT_D })                              \
	X(FREE, free, NONE, T_ANY, 90,                                                            \
	  "undo whatever the slot holds by its right function; empties it",                       \
	  { ARG_NONE, AT_B })                                                                     \
	X(FREE_NOLOCK, free_nolock, NONE, T(FROZEN), 12, "free_frozen_nolock; empties the slot",  \
	  { ARG_NONE, AT_B })                                                                     \
	X(ALLOC_NOLOCK, alloc_nolock, FROZEN, 0, 12, "alloc_frozen_nolock",                       \
	  { ARG_ORDER, AT_B }, { ARG_NID, AT_D })                                                 \
	X(ALLOC_BULK, alloc_bulk, BULK, 0, 14, "alloc_bulk",                                      \
	  { ARG_NR_BULK, AT_B }, { ARG_GFP, AT_C }, { ARG_NID, AT_D })                            \
	X(SPLIT, split, NONE, T(FROZEN), 10, "split: the slot then holds SINGLES",                \
	  { ARG_NONE, AT_B })                                                                     \
	X(SET_TYPE, set_type, NONE, T(FROZEN), 5, "set_type: a driver took the block",            \
	  { ARG_NONE, AT_B })                                                                     \
	X(ALLOC_REF, alloc_ref, REF, 0, 16, "alloc_pages, count 1",                               \
	  { ARG_ORDER, AT_B }, { ARG_GFP, AT_C }, { ARG_NID, AT_D })                              \
	X(GET, get, NONE, T(REF), 8, "get_page",                                                  \
	  { ARG_NONE, AT_B })                                                                     \
	X(PUT, put, NONE, T(REF), 12, "put_page; the last one empties the slot",                  \
	  { ARG_NONE, AT_B })                                                                     \
	X(CONTIG_RANGE, contig_range, CONTIG, 0, 14, "alloc_contig_frozen_range",                 \
	  { ARG_PFN, AT_D }, { ARG_NR, AT_BC })                                                   \
	X(CONTIG_PAGES, contig_pages, CONTIG, 0, 6, "alloc_contig_frozen_pages",                  \
	  { ARG_NR_PAGES, AT_B }, { ARG_GFP, AT_C }, { ARG_NID, AT_D })                           \
	X(CONTIG_REF, contig_ref, CONTIG_REF, 0, 6, "alloc_contig_range, refcounted pages",       \
	  { ARG_PFN, AT_D }, { ARG_NR, AT_BC })                                                   \
	X(CMA_ALLOC, cma_alloc, CMA, 0, 8, "cma_alloc",                                           \
	  { ARG_CMA, AT_C }, { ARG_NR_PAGES, AT_B })                                              \
	X(OFFLINE_ALLOC, offline_alloc, OFFLINE, 0, 6, "alloc_offline_page",                      \
	  { ARG_GFP, AT_C }, { ARG_NID, AT_D })                                                   \
	X(OFFLINE_ALLOC_ORDER, offline_alloc_order, OFFLINE, 0, 6, "alloc_offline_pages",         \
	  { ARG_ORDER, AT_B }, { ARG_GFP, AT_C }, { ARG_NID, AT_D })                              \
	X(OFFLINE_RANGE, offline_range, OFFLINE_RANGE, 0, 8, "alloc_offline_page_range",          \
	  { ARG_PFN, AT_D }, { ARG_NR, AT_BC })                                                   \
	X(OFFLINE_SKIPPABLE, offline_skippable, NONE, T(OFFLINE), 5, "set_offline_skippable",     \
	  { ARG_SKIPPABLE, AT_B })                                                                \
	X(ISOLATE_RANGE, isolate_range, ISOLATED_RANGE, 0, 14,                                    \
	  "start_isolate_page_range, whole pageblocks",                                           \
	  { ARG_PAGEBLOCK, AT_D }, { ARG_BLOCKS, AT_B })                                          \
	X(HAS_UNMOVABLE, has_unmovable, NONE, 0, 3, "has_unmovable_pages of the pageblock",       \
	  { ARG_PAGEBLOCK, AT_D })                                                                \
	X(ISOLATE, isolate, ISOLATED, 0, 16, "isolate_movable; the slot holds the array",         \
	  { ARG_PFN, AT_D }, { ARG_NR_PAGES, AT_B }, { ARG_MAX, AT_C })                           \
	X(MIGRATE, migrate, NONE, T(ISOLATED), 16,                                                \
	  "migrate_pages; empties the slot when none is left",                                    \
	  { ARG_ASYNC, AT_B })                                                                    \
	X(PUTBACK, putback, NONE, T(ISOLATED), 6, "putback_movable_pages; empties the slot",      \
	  { ARG_NONE, AT_B })                                                                     \
	X(COMPACT, compact, NONE, 0, 8, "compact",                                                \
	  { ARG_ORDER, AT_B }, { ARG_NID, AT_D })                                                 \
	X(FOLIO_ADD, folio_add, NONE, 0, 24, "folio_add",                                         \
	  { ARG_INDEX, AT_SLOT }, { ARG_FOLIO_TYPE, AT_D1 }, { ARG_ORDER, AT_B },                 \
	  { ARG_GFP, AT_C },                                                                      \
	  { ARG_TAG, AT_D })                                                                      \
	X(FOLIO_REMOVE, folio_remove, NONE, 0, 14, "folio_remove",                                \
	  { ARG_INDEX, AT_SLOT })                                                                 \
	X(FOLIO_WRITE, folio_write, NONE, 0, 6, "folio_write",                                    \
	  { ARG_INDEX, AT_SLOT }, { ARG_TAG, AT_D })                                              \
	X(FOLIO_READ, folio_read, NONE, 0, 6, "folio_read, compared with what was written",       \
	  { ARG_INDEX, AT_SLOT })                                                                 \
	X(FOLIO_GET, folio_get, FOLIO_REF, 0, 8, "folio_get: pins the folio",                     \
	  { ARG_INDEX, AT_B })                                                                    \
	X(WALK, walk, NONE, 0, 8, "walk_pfns",                                                    \
	  { ARG_PFN, AT_D }, { ARG_NR, AT_BC })                                                   \
	X(BALLOON_INFLATE, balloon_inflate, NONE, 0, 20, "balloon_inflate",                       \
	  { ARG_BALLOON, AT_C }, { ARG_NR_PAGES, AT_B })                                          \
	X(BALLOON_DEFLATE, balloon_deflate, NONE, 0, 14, "balloon_deflate",                       \
	  { ARG_BALLOON, AT_C }, { ARG_NR_PAGES, AT_B })                                          \
	X(BALLOON_RELEASE, balloon_release, NONE, 0, 5, "balloon_release",                        \
	  { ARG_BALLOON, AT_C })                                                                  \
	X(BALLOON_PROBE, balloon_probe, NONE, 0, 6, "balloon_probe",                              \
	  { ARG_BALLOON, AT_C })                                                                  \
	X(VMEM_PLUG, vmem_plug, NONE, 0, 12, "vmem_plug",                                         \
	  { ARG_VMEM, AT_C }, { ARG_NR_SB, AT_B })                                                \
	X(VMEM_UNPLUG, vmem_unplug, NONE, 0, 10, "vmem_unplug",                                   \
	  { ARG_VMEM, AT_C }, { ARG_NR_SB, AT_B })                                                \
	X(MEM_ADD, mem_add, NONE, 0, 8, "add_memory",                                             \
	  { ARG_BLOCK, AT_D }, { ARG_NID, AT_B })                                                 \
	X(MEM_ONLINE, mem_online, NONE, 0, 10, "online_pages",                                    \
	  { ARG_BLOCK, AT_D }, { ARG_ZONE, AT_B })                                                \
	X(MEM_OFFLINE, mem_offline, NONE, 0, 10, "offline_pages",                                 \
	  { ARG_BLOCK, AT_D })                                                                    \
	X(MEM_REMOVE, mem_remove, NONE, 0, 6, "remove_memory",                                    \
	  { ARG_BLOCK, AT_D })                                                                    \
	X(DRAIN_LOCAL, drain_local, NONE, 0, 4, "drain the pagesets of this CPU",                 \
	  { ARG_NONE, AT_B })                                                                     \
	X(DRAIN_CPU, drain_cpu, NONE, 0, 4, "drain the pagesets of another CPU",                  \
	  { ARG_CPU, AT_B })                                                                      \
	X(DRAIN_ALL, drain_all, NONE, 0, 4, "drain all pagesets",                                 \
	  { ARG_NONE, AT_B })                                                                     \
	X(PCP_DISABLE, pcp_disable, PCP_DISABLED, 0, 5,                                           \
	  "pcp_disable for a node; free enables again",                                           \
	  { ARG_NID, AT_D })                                                                      \
	X(RCU_BARRIER, rcu_barrier, NONE, 0, 4, "rcu_barrier",                                    \
	  { ARG_NONE, AT_B })

#endif /* FUZZ_OPS_H */
