// SPDX-License-Identifier: GPL-2.0-only
/*
 * Meetings (meeting.h).
 *
 * Of programs whose operations are drawn one by one, most do nothing with each other: the folio is not there, the frame is
 * nobody's, the device is empty. So first it is drawn which kinds of operations meet and where, then what must be there
 * before, and the frame is one that is in use by then. Knows of operations what ops.h says, and which of them fill what
 * has no slot. Runs nothing.
 */
#include <string.h>

#include "meeting.h"

#define MAX_THEMES	2u
#define MAX_SETUP	6u
#define MAX_OPS		5u /* of each CPU */
/* So many operations have to do with a theme; the others are any. */
#define RELATED_PERCENT 85u
/* So often is an argument the meeting's own. */
#define SAME_PERCENT	85u
/* So many frames at most between the meeting's frame and the beginning of a range that is to reach it. */
#define REACH		8u

/**
 * struct meeting - what is being made
 * @generator: knows slots and places; which operation comes next is decided here
 * @themes: kinds of operations; those that have to do with them meet
 * @frame: where
 * @index: of the first of two folios
 * @device: of all kinds of devices
 */
struct meeting {
	struct program *program;
	struct rng *rng;
	struct generator generator;
	enum op_code themes[MAX_THEMES];
	unsigned int nr_themes;
	unsigned int frame;
	unsigned int index;
	unsigned int device;
};

/* ---- what has to do with what ---- */

/* Operations that have one of these in common concern the same thing. */
#define THINGS                                                                                    \
	(1u << ARG_INDEX | 1u << ARG_BALLOON | 1u << ARG_VMEM | 1u << ARG_CMA | 1u << ARG_BLOCK | \
	 1u << ARG_CPU)

static uint32_t args_of(enum op_code code)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; i < op_infos[code].nr_args; i++)
		mask |= 1u << op_infos[code].args[i].kind;
	return mask;
}

static bool gives_to(enum op_code a, enum op_code b)
{
	return op_infos[a].gives != SLOT_NONE && op_infos[b].takes & 1u << op_infos[a].gives;
}

static bool related(enum op_code a, enum op_code b)
{
	return args_of(a) & args_of(b) & THINGS || gives_to(a, b) || gives_to(b, a) ||
	       op_infos[a].takes & op_infos[b].takes;
}

/* It puts something where others find it. */
static bool fills(enum op_code code)
{
	switch (code) {
	case OP_FOLIO_ADD:
	case OP_BALLOON_INFLATE:
	case OP_VMEM_PLUG:
	case OP_MEM_ADD:
	case OP_MEM_ONLINE:
		return true;
	default:
		return op_infos[code].gives != SLOT_NONE;
	}
}

static bool made_by(const struct generator *generator, enum op_code code)
{
	return generator->sums[code] > (code ? generator->sums[code - 1] : 0);
}

/*
 * Of the operations of the profile that the machine can do, each as likely as the others: weights are those of long
 * programs. @with: of those that it has to do with; NR_OPS: of all. @filler: of those that fill.
 */
static enum op_code draw_kind(const struct meeting *meeting, enum op_code with, bool filler)
{
	enum op_code drawn = NR_OPS;
	unsigned int nr = 0;

	for (enum op_code code = 0; code < NR_OPS; code++) {
		if (!made_by(&meeting->generator, code) ||
		    (with != NR_OPS && !related(code, with)) || (filler && !fills(code)))
			continue;
		if (!rng_below(meeting->rng, ++nr))
			drawn = code;
	}
	return nr ? drawn : draw_kind(meeting, NR_OPS, false);
}

/* Mostly one that has to do with a theme. */
static enum op_code draw_related(const struct meeting *meeting, bool filler)
{
	enum op_code theme = meeting->themes[rng_below(meeting->rng, meeting->nr_themes)];

	if (rng_percent(meeting->rng, RELATED_PERCENT))
		return draw_kind(meeting, theme, filler);
	return draw_kind(meeting, NR_OPS, false);
}

/* ---- operations ---- */

/* Ranges of frames begin a little before the meeting's frame, so that they reach it. */
static unsigned int frame_of(struct meeting *meeting, const struct op *op)
{
	unsigned int reach = op->nr && op->nr < REACH ? op->nr : REACH;
	unsigned int back = args_of(op->code) & 1u << ARG_NR ? rng_below(meeting->rng, reach) : 0;

	return meeting->frame - (back < meeting->frame ? back : meeting->frame);
}

static void go_there(struct meeting *meeting, struct op *op)
{
	const struct op_info *info = &op_infos[op->code];
	const struct generator *generator = &meeting->generator;

	for (unsigned int i = 0; i < info->nr_args; i++) {
		enum arg_kind kind = info->args[i].kind;

		if (!rng_percent(meeting->rng, SAME_PERCENT))
			continue;
		switch (kind) {
		case ARG_INDEX:
			op->index = (uint8_t)(meeting->index + rng_below(meeting->rng, 2));
			break;
		case ARG_PFN:
			op->pfn = (uint16_t)frame_of(meeting, op);
			break;
		case ARG_PAGEBLOCK:
			op->pageblock = (uint16_t)(meeting->frame >> generator->pageblock_order);
			break;
		case ARG_BLOCK:
			op->block = (uint16_t)(meeting->frame >> generator->section_order);
			break;
		case ARG_BALLOON:
		case ARG_VMEM:
		case ARG_CMA:
			op_set_arg(op, kind, meeting->device % (generator->max[kind] + 1u));
			break;
		default:
			break;
		}
	}
}

/* The generator makes it: for the time being, no other kind has any weight. */
static void add_op(struct meeting *meeting, unsigned int cpu, enum op_code code)
{
	struct generator *generator = &meeting->generator;
	struct op *op = &meeting->program->ops[meeting->program->nr_ops++];
	uint32_t sums[NR_OPS];

	memcpy(sums, generator->sums, sizeof(sums));
	for (unsigned int i = 0; i < NR_OPS; i++)
		generator->sums[i] = i >= code;
	generator_op(generator, cpu, op);
	memcpy(generator->sums, sums, sizeof(sums));
	go_there(meeting, op);
}

/* ---- before the meeting ---- */

static void set_up(struct meeting *meeting)
{
	for (unsigned int i = rng_below(meeting->rng, MAX_SETUP + 1); i; i--)
		add_op(meeting, 0, draw_related(meeting, true));
}

void meeting_generate(struct program *program, const struct generator_profile *profile,
		      const struct program_header *header, meeting_look_fn look, struct rng *rng)
{
	struct meeting meeting = { .program = program, .rng = rng };
	unsigned int first;

	program->header = *header;
	program->nr_ops = program->nr_switches = 0;
	generator_init(&meeting.generator, profile, header, rng_next(rng));
	meeting.frame = meeting.generator.pfn;
	meeting.index = meeting.generator.index % (MMFUZZ_MAX_FOLIOS - 1);
	meeting.device = rng_below(rng, MMFUZZ_MAX_BALLOONS);
	meeting.nr_themes = 1 + rng_below(rng, MAX_THEMES);
	for (unsigned int i = 0; i < meeting.nr_themes; i++)
		meeting.themes[i] = draw_kind(&meeting, NR_OPS, false);
	set_up(&meeting);
	program_normalize(program);
	/* Sometimes memory that nobody has, or that is not there. */
	if (rng_percent(rng, 75))
		meeting.frame = look(program, rng_below(rng, meeting.generator.max[ARG_PFN] + 1u));
	meeting.generator.pfn = (uint16_t)meeting.frame;
	first = program->nr_ops;
	for (unsigned int cpu = 0; cpu < header->nr_cpus; cpu++)
		for (unsigned int i = 1 + rng_below(rng, MAX_OPS); i; i--)
			add_op(&meeting, cpu, draw_related(&meeting, false));
	program->switches[0] = (struct weave_entry){
		.op = first, .kind = WEAVE_SWITCH, .value = (uint8_t)rng_below(rng, header->nr_cpus)
	};
	program->nr_switches = 1;
	program_normalize(program);
}
