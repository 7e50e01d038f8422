/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs: what fuzzers mutate, stress generates and crash files hold.
 *
 * A program is a machine (header), a list of operations, each on a CPU, and a schedule: what
 * happens within an operation in place of going on. Its byte form decodes whatever the bytes are;
 * decoding brings every number into the range that the machine of the header has, so that who runs
 * a program need not reduce anything. Nothing here knows a core or runs anything.
 *
 *	byte 0..7	header: cpus, profile, pcp, flags, woven, gap, seed (u16)
 *	then		records of 8 bytes; a short last one is padded with zeros, operations past
 *			PROGRAM_MAX_OPS are ignored with all that follows
 *
 *	operation	opcode, cpu, fault, slot, b, c, d (u16)		all little endian
 *	switch		PROGRAM_SWITCH + kind, value, 0, 0, nth (u32)
 *
 * The records of a schedule (enum weave_choice of mmfuzz/weave.h) stand right behind the operation
 * that they belong to, so that inserting an operation moves none of them to another one; those before
 * the first operation, and those past PROGRAM_MAX_SWITCHES, are ignored. Who plays all CPUs in the
 * order of the program, or runs them as threads, passes over schedule and woven byte.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <mmfuzz/backend.h>
#include <mmfuzz/weave.h>

#include "ops.h"

#define PROGRAM_HEADER_BYTES 8u
#define PROGRAM_RECORD_BYTES 8u
#define PROGRAM_MAX_OPS	     512u
#define PROGRAM_MAX_SWITCHES 4096u
#define PROGRAM_MAX_BYTES \
	(PROGRAM_HEADER_BYTES + (PROGRAM_MAX_OPS + PROGRAM_MAX_SWITCHES) * PROGRAM_RECORD_BYTES)
#define PROGRAM_FUZZ_CPUS   8u /* that a random header asks for at most; see PROGRAM_MANY_CPUS */
#define PROGRAM_MAX_CPUS    64u
#define PROGRAM_SLOTS	    32u
#define PROGRAM_SLOT_PFNS   64u /* frames that a slot with an array (BULK, ISOLATED) holds */
#define PROGRAM_SWITCH	    0xe0u
#define PROGRAM_MAX_NTH	    0xfffffu /* points of an operation that a switch can name */
#define PROGRAM_MAX_WAITING 15u	     /* largest value of WEAVE_STALE and WEAVE_DRAIN */

/**
 * enum slot_kind - what a slot holds, and how free undoes it
 * @SLOT_NONE: nothing
 * @SLOT_FROZEN: a frozen block (pfn, order): free_frozen
 * @SLOT_SINGLES: a frozen block after split, 2^order neighbouring single frames: free_frozen each
 * @SLOT_BULK: an array of single frozen frames: free_bulk
 * @SLOT_REF: a refcounted block and how many references the slot has: put_page for each
 * @SLOT_CONTIG: frames [pfn, nr): free_contig_frozen_range
 * @SLOT_CONTIG_REF: refcounted frames [pfn, nr): free_contig_range
 * @SLOT_CMA: frames [pfn, nr) of an area: cma_release
 * @SLOT_OFFLINE: an offline block (pfn, order): free_offline_page
 * @SLOT_OFFLINE_RANGE: offline frames [pfn, nr): free_offline_page_range
 * @SLOT_ISOLATED_RANGE: isolated pageblocks [pfn, nr): undo_isolate_page_range
 * @SLOT_ISOLATED: an array of isolated movable pages: putback_movable_pages
 * @SLOT_FOLIO_REF: a reference on a folio: folio_put
 * @SLOT_PCP_DISABLED: the node whose pagesets are disabled: pcp_enable
 */
enum slot_kind {
	SLOT_NONE,
	SLOT_FROZEN,
	SLOT_SINGLES,
	SLOT_BULK,
	SLOT_REF,
	SLOT_CONTIG,
	SLOT_CONTIG_REF,
	SLOT_CMA,
	SLOT_OFFLINE,
	SLOT_OFFLINE_RANGE,
	SLOT_ISOLATED_RANGE,
	SLOT_ISOLATED,
	SLOT_FOLIO_REF,
	SLOT_PCP_DISABLED,
	NR_SLOT_KINDS,
};

#define T(kind) (1u << SLOT_##kind)
#define T_ANY	(((1u << NR_SLOT_KINDS) - 1) & ~1u)

/**
 * enum arg_kind - kinds of arguments: text name, range, field of struct op
 * @ARG_NONE: no argument
 * @ARG_ORDER: order: 0 to MMFUZZ_MAX_ORDER
 * @ARG_GFP: gfp: enum mmfuzz_gfp
 * @ARG_NID: nid: a node of the machine
 * @ARG_PFN: pfn: below the machine's max_pfn
 * @ARG_PAGEBLOCK: pageblock: index of a pageblock below max_pfn
 * @ARG_BLOCKS: nr: pageblocks, 1 to 16, not past the last one
 * @ARG_NR: nr: frames, 1 to 4096, not past max_pfn
 * @ARG_NR_PAGES: nr: frames, 1 to 256 (with ARG_PFN: not past max_pfn)
 * @ARG_NR_BULK: nr: frames, 1 to PROGRAM_SLOT_PFNS
 * @ARG_NR_SB: nr: subblocks, 1 to 16
 * @ARG_MAX: max: frames, 1 to PROGRAM_SLOT_PFNS
 * @ARG_CPU: target: a CPU of the program
 * @ARG_BALLOON: dev: a balloon of the machine; 0 when it has none (the core says so or the
 *	operation is skipped)
 * @ARG_VMEM: dev: a virtio-mem device; 0 when the machine has none
 * @ARG_CMA: dev (text: area): a CMA area; 0 when the machine has none
 * @ARG_INDEX: index: of a folio, 0 to 255
 * @ARG_BLOCK: block: a memory block below max_pfn
 * @ARG_ZONE: zone: enum mmfuzz_zone_type
 * @ARG_FOLIO_TYPE: type: enum mmfuzz_folio_type
 * @ARG_TAG: tag: 0 to 255, what is written
 * @ARG_ASYNC: flag (text: async)
 * @ARG_SKIPPABLE: flag (text: skippable)
 */
enum arg_kind {
	ARG_NONE,
	ARG_ORDER,
	ARG_GFP,
	ARG_NID,
	ARG_PFN,
	ARG_PAGEBLOCK,
	ARG_BLOCKS,
	ARG_NR,
	ARG_NR_PAGES,
	ARG_NR_BULK,
	ARG_NR_SB,
	ARG_MAX,
	ARG_CPU,
	ARG_BALLOON,
	ARG_VMEM,
	ARG_CMA,
	ARG_INDEX,
	ARG_BLOCK,
	ARG_ZONE,
	ARG_FOLIO_TYPE,
	ARG_TAG,
	ARG_ASYNC,
	ARG_SKIPPABLE,
	NR_ARG_KINDS,
};

/**
 * enum arg_place - where in a record an argument lies: bytes 3, 4, 5, 4-5, 6, 7; AT_D is 6-7 for
 * 16-bit kinds, 6 for others
 */
enum arg_place {
	AT_SLOT,
	AT_B,
	AT_C,
	AT_BC,
	AT_D,
	AT_D1
};

enum op_code {
#define X(ENUM, ...) OP_##ENUM,
	PROGRAM_OPS(X)
#undef X
	NR_OPS,
};

#define OP_MAX_ARGS 5

/** struct op_arg - one argument of an operation */
struct op_arg {
	uint8_t kind;
	uint8_t place;
};

/**
 * struct op_info - what ops.h says of an operation
 * @gives: enum slot_kind that its slot holds afterwards, SLOT_NONE for none
 * @takes: mask of (1 << enum slot_kind) that its slot must hold before, 0 for none
 * @weight: of the default generator profile
 */
struct op_info {
	const char *name;
	const char *help;
	uint8_t gives;
	uint32_t takes;
	uint16_t weight;
	uint8_t nr_args;
	struct op_arg args[OP_MAX_ARGS];
};

extern const struct op_info op_infos[NR_OPS];

/** op_has_slot() - the operation fills or uses a slot */
static inline bool op_has_slot(enum op_code code)
{
	return code < NR_OPS && (op_infos[code].gives != SLOT_NONE || op_infos[code].takes);
}

/**
 * struct op - one operation, decoded; fields that its kind lacks are 0
 * @code: enum op_code
 * @cpu: below the header's nr_cpus
 * @fault: enum fault_kind (sim/fault.h): which fallible step of this operation fails
 * @fault_nth: the how manieth of that kind within this operation, 1 to 31; 0 (text: each): every
 *	one
 * @slot: below PROGRAM_SLOTS
 *
 * For the other fields see enum arg_kind.
 */
struct op {
	uint8_t code;
	uint8_t cpu;
	uint8_t fault;
	uint8_t fault_nth;
	uint8_t slot;
	uint8_t order;
	uint8_t gfp;
	uint8_t nid;
	uint16_t pfn;
	uint16_t pageblock;
	uint16_t block;
	uint16_t nr;
	uint8_t max;
	uint8_t target;
	uint8_t dev;
	uint8_t index;
	uint8_t zone;
	uint8_t type;
	uint8_t tag;
	uint8_t flag;
};

/**
 * enum program_flags - bits of the header's flags byte; those without a name are kept
 * @PROGRAM_CHECK_EACH: (text: check) the core's checker runs after each operation, not only at the
 *	end
 * @PROGRAM_RCU_LATE: (text: rcu_late) deferred frees wait for rcu_barrier, not only for the end of
 *	the operation
 * @PROGRAM_MANY_CPUS: the cpus byte counts to 64; set by the encoder when there are more than
 *	PROGRAM_FUZZ_CPUS
 */
enum program_flags {
	PROGRAM_CHECK_EACH = 1u << 0,
	PROGRAM_RCU_LATE = 1u << 1,
	PROGRAM_MANY_CPUS = 1u << 7,
};

/** enum program_rest - what goes on when the schedule has come to its end */
enum program_rest {
	PROGRAM_REST_SERIAL, /* each CPU runs to its end, then the next one in a circle */
	PROGRAM_REST_RANDOM, /* a random walk */
	PROGRAM_REST_POS,    /* partial order sampling */
	PROGRAM_REST_PCT,    /* random priorities */
	NR_PROGRAM_RESTS,
};

#define PROGRAM_NR_RUNS 4u

/**
 * struct program_header - the machine
 * @nr_cpus: 1 to PROGRAM_MAX_CPUS
 * @profile: below PROGRAM_NR_PROFILES (profile.c)
 * @pcp_high: 1 to 15, 0 = as the profile says
 * @pcp_batch: likewise
 * @flags: enum program_flags without PROGRAM_MANY_CPUS
 * @memory: enum weave_memory
 * @kcsan: WEAVE_RACES_KCSAN, not WEAVE_RACES_ALL
 * @plain_points: plain accesses are points too
 * @rest: enum program_rest
 * @runs: how many schedules are run one after the other, by program_runs(); else 0
 * @gap: of the random walk: mean number of points between switches, 0 = its own; else 0
 * @seed: of what goes on; 0 for PROGRAM_REST_SERIAL, as @runs
 */
struct program_header {
	uint8_t nr_cpus;
	uint8_t profile;
	uint8_t pcp_high;
	uint8_t pcp_batch;
	uint8_t flags;
	uint8_t memory;
	bool kcsan;
	bool plain_points;
	uint8_t rest;
	uint8_t runs;
	uint8_t gap;
	uint16_t seed;
};

/** program_runs() - 1, 4, 16 or 64 schedules: one program is worth more than one of them */
static inline unsigned int program_runs(const struct program_header *header)
{
	return 1u << 2 * header->runs;
}

/**
 * struct program - a decoded program; 60 KiB, so better static than on a stack
 * @switches: the schedule, sorted by op (index into @ops), nth, kind; what @value may be says
 *	switch_values()
 */
struct program {
	struct program_header header;
	unsigned int nr_ops;
	unsigned int nr_switches;
	struct op ops[PROGRAM_MAX_OPS];
	struct weave_entry switches[PROGRAM_MAX_SWITCHES];
};

/**
 * struct machine_profile - a machine that programs run on
 * @name: one word
 * @help: what it is there for
 * @config: with nr_cpus 0: the header says
 */
struct machine_profile {
	const char *name;
	const char *help;
	struct mmfuzz_config config;
};

#define PROGRAM_NR_PROFILES 17u
extern const struct machine_profile machine_profiles[PROGRAM_NR_PROFILES];

/**
 * program_config() - the machine that a header asks for; two equal configurations compare equal
 * with memcmp()
 */
void program_config(const struct program_header *header, struct mmfuzz_config *config);

/** profile_nodes() - nodes of a machine: the highest nid + 1 */
unsigned int profile_nodes(const struct mmfuzz_config *config);

/**
 * program_decode() - bytes to program
 *
 * Succeeds for all bytes. Every number comes out in range (see enum arg_kind).
 */
void program_decode(struct program *program, const uint8_t *data, size_t size);

/**
 * program_encode() - program to bytes
 * @data: room for PROGRAM_MAX_BYTES
 *
 * Decoding the result gives an equal program.
 *
 * Return: bytes written.
 */
size_t program_encode(const struct program *program, uint8_t *data);

/**
 * program_normalize() - bring all numbers into range again after the header or arguments were
 * changed, and the switches into their order; those of no operation are dropped
 */
void program_normalize(struct program *program);

/** program_copy() - the parts of @from that are in use */
void program_copy(struct program *to, const struct program *from);

/** program_records() - operations and switches: what the bytes have of records */
static inline unsigned int program_records(const struct program *program)
{
	return program->nr_ops + program->nr_switches;
}

#define PROGRAM_NR_CHOICES (WEAVE_DRAIN + 1u)

/**
 * switch_values() - the values that a switch of this kind (enum weave_choice) may have
 *
 * WEAVE_SWITCH: a CPU. WEAVE_INTERRUPT: 0, the handler runs what comes next. WEAVE_STALE and
 * WEAVE_DRAIN: see there. WEAVE_DELAY: 1.
 */
void switch_values(const struct program_header *header, enum weave_choice kind, unsigned int *min,
		   unsigned int *max);

/** op_get_arg(), op_set_arg() - an argument by kind, for code that walks the table */
unsigned int op_get_arg(const struct op *op, enum arg_kind kind);
void op_set_arg(struct op *op, enum arg_kind kind, unsigned int value);

/**
 * arg_min(), arg_max() - smallest (0 or 1) and largest value of a kind of argument on the machine
 * of the header
 */
unsigned int arg_min(enum arg_kind kind);
unsigned int arg_max(const struct program_header *header, enum arg_kind kind);

/** program_equal() - same header, same operations, same schedule */
bool program_equal(const struct program *a, const struct program *b);

/**
 * PROGRAM_TEXT_MAX - room that program_print() needs at most
 *
 * A line is at most PROGRAM_LINE_MAX bytes with its newline, that of a switch
 * PROGRAM_SWITCH_LINE_MAX.
 */
#define PROGRAM_LINE_MAX	200u
#define PROGRAM_SWITCH_LINE_MAX 40u
#define PROGRAM_TEXT_MAX                            \
	((PROGRAM_MAX_OPS + 1) * PROGRAM_LINE_MAX + \
	 PROGRAM_MAX_SWITCHES * PROGRAM_SWITCH_LINE_MAX + 1)

/** op_print() - one operation as text, without newline; returns what snprintf would */
int op_print(const struct op *op, char *buf, size_t len);

/** switch_print() - one switch as text, without indentation and newline; returns what snprintf would */
int switch_print(const struct weave_entry *entry, char *buf, size_t len);

/**
 * program_print() - the text form
 *
 * Return: length without the terminating zero; never more than PROGRAM_TEXT_MAX - 1. The text is
 * cut to @len.
 */
size_t program_print(const struct program *program, char *buf, size_t len);

/** struct program_error - where and why text was refused; line and column count from 1 */
struct program_error {
	unsigned int line;
	unsigned int column;
	char message[120];
};

/**
 * program_assemble() - text to program
 * @text: need not end in zero; any bytes
 *
 * Return: false with @error filled in ("line 3: unknown operation 'aloc'").
 */
bool program_assemble(struct program *program, const char *text, size_t len,
		      struct program_error *error);

#endif /* FUZZ_PROGRAM_H */
