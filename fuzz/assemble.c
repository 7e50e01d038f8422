// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text to programs: the assembler. It reads any bytes, never past their end; it refuses rather than
 * guesses, and says where.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sim/fault.h>

#include "text.h"

struct parser {
	const char *p;
	const char *end;
	const char *line_start;
	unsigned int line;
	struct program_error *error;
};

/* A piece of the text, for messages and comparisons. */
struct word {
	const char *start;
	size_t len;
};

static bool __printf(3, 4) fail(struct parser *parser, const char *at, const char *format, ...)
{
	va_list args;

	parser->error->line = parser->line;
	parser->error->column = at - parser->line_start + 1;
	va_start(args, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, args);
	va_end(args);
	return false;
}

/* A word as messages quote it: short and printable. */
struct quoted {
	char text[28];
};

static struct quoted quote(struct word word)
{
	struct quoted quoted;
	size_t len = word.len < 24 ? word.len : 24;

	for (size_t i = 0; i < len; i++)
		quoted.text[i] = word.start[i] >= ' ' && word.start[i] <= '~' ? word.start[i] : '?';
	strcpy(quoted.text + len, len < word.len ? "..." : "");
	return quoted;
}

/* What stands where a word was looked for: the word, or else the character that is none. */
static struct quoted quote_found(struct parser *parser, struct word word)
{
	if (!word.len && parser->p < parser->end && *parser->p != '\n')
		word.len = 1;
	return quote(word);
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool word_is(struct word word, const char *string)
{
	return strlen(string) == word.len && !memcmp(word.start, string, word.len);
}

static void skip_blank(struct parser *parser)
{
	while (parser->p < parser->end &&
	       (*parser->p == ' ' || *parser->p == '\t' || *parser->p == '\r'))
		parser->p++;
}

static bool at_line_end(struct parser *parser)
{
	skip_blank(parser);
	return parser->p == parser->end || *parser->p == '\n' || *parser->p == '#';
}

static struct word take_word(struct parser *parser)
{
	struct word word;

	skip_blank(parser);
	word.start = parser->p;
	while (parser->p < parser->end && is_word_char(*parser->p))
		parser->p++;
	word.len = parser->p - word.start;
	return word;
}

static bool take_char(struct parser *parser, char c)
{
	skip_blank(parser);
	if (parser->p == parser->end || *parser->p != c)
		return false;
	parser->p++;
	return true;
}

static bool expect_char(struct parser *parser, char c)
{
	if (take_char(parser, c))
		return true;
	if (parser->p == parser->end || *parser->p == '\n')
		return fail(parser, parser->p, "'%c' expected at the end of the line", c);
	return fail(parser, parser->p, "'%c' expected, not '%s'", c,
		    quote((struct word){ parser->p, 1 }).text);
}

/* Decimal, or hexadecimal after 0x; at most 2^32 - 1. */
static bool word_number(struct word word, uint32_t *value)
{
	unsigned int base = 10;
	uint64_t number = 0;
	size_t i = 0;

	if (word.len > 2 && word.start[0] == '0' && word.start[1] == 'x') {
		base = 16;
		i = 2;
	}
	if (i == word.len)
		return false;
	for (; i < word.len; i++) {
		char c = word.start[i];
		unsigned int digit = c >= '0' && c <= '9' ? (unsigned int)(c - '0') :
				     c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 :
							    base;

		if (digit >= base)
			return false;
		number = number * base + digit;
		if (number > UINT32_MAX)
			return false;
	}
	*value = number;
	return true;
}

static bool take_number(struct parser *parser, const char *what, uint32_t min, uint32_t max,
			uint32_t *value)
{
	struct word word = take_word(parser);

	if (!word_number(word, value))
		return fail(parser, word.start, "%s must be a number, not '%s'", what,
			    quote_found(parser, word).text);
	if (*value < min || *value > max)
		return fail(parser, word.start, "%s is %u, but must be %u to %u", what, *value, min,
			    max);
	return true;
}

static bool find_name(struct word word, const char *const *names, unsigned int nr_names,
		      uint32_t *value)
{
	for (unsigned int i = 0; i < nr_names; i++) {
		if (word_is(word, names[i])) {
			*value = i;
			return true;
		}
	}
	return false;
}

/* movable|zero, or numbers in place of names. */
static bool take_mask(struct parser *parser, const char *what, const char *const *names,
		      unsigned int nr_names, uint32_t max, uint32_t *value)
{
	*value = 0;
	do {
		struct word word = take_word(parser);
		uint32_t bits;

		if (find_name(word, names, nr_names, &bits))
			bits = 1u << bits;
		else if (!word_number(word, &bits))
			return fail(parser, word.start, "unknown %s '%s'", what,
				    quote_found(parser, word).text);
		if (bits > max)
			return fail(parser, word.start, "%s %#x is more than %#x", what, bits, max);
		*value |= bits;
	} while (take_char(parser, '|'));
	return true;
}

/* "s3" or "cpu3": the number after the prefix. */
static bool word_indexed(struct word word, const char *prefix, uint32_t *value)
{
	size_t len = strlen(prefix);

	return word.len > len && !memcmp(word.start, prefix, len) &&
	       word_number((struct word){ word.start + len, word.len - len }, value);
}

static bool take_slot(struct parser *parser, struct word word, struct op *op)
{
	uint32_t slot;

	if (!word_indexed(word, "s", &slot))
		return fail(parser, word.start, "a slot (s0 to s%u) expected, not '%s'",
			    PROGRAM_SLOTS - 1, quote_found(parser, word).text);
	if (slot >= PROGRAM_SLOTS)
		return fail(parser, word.start, "slot is %u, but must be 0 to %u", slot,
			    PROGRAM_SLOTS - 1);
	op->slot = slot;
	return true;
}

static bool take_value(struct parser *parser, const struct program_header *header,
		       enum arg_kind kind, struct op *op)
{
	const struct arg_text *text = &arg_texts[kind];
	unsigned int max = arg_max(header, kind);
	uint32_t value = 0;
	struct word word;

	switch (text->form) {
	case FORM_NUMBER:
		if (!take_number(parser, text->name, arg_min(kind), max, &value))
			return false;
		break;
	case FORM_MASK:
		if (!take_mask(parser, text->name, text->names, text->nr_names, max, &value))
			return false;
		break;
	case FORM_NAME:
		word = take_word(parser);
		if (!find_name(word, text->names, text->nr_names, &value))
			return fail(parser, word.start, "unknown %s '%s'", text->name,
				    quote_found(parser, word).text);
		break;
	}
	op_set_arg(op, kind, value);
	return true;
}

/* What follows "(": the slot if the operation takes one, then name=value in any order. */
static bool take_args(struct parser *parser, const struct program_header *header, struct op *op)
{
	const struct op_info *info = &op_infos[op->code];
	bool first = true;
	uint32_t seen = 0;

	for (unsigned int i = 0; i < info->nr_args; i++)
		op_set_arg(op, info->args[i].kind, arg_min(info->args[i].kind));

	if (info->takes) {
		if (!take_slot(parser, take_word(parser), op))
			return false;
		first = false;
	}
	while (!take_char(parser, ')')) {
		struct word word;
		unsigned int i;

		if (!first && !expect_char(parser, ','))
			return false;
		first = false;
		word = take_word(parser);
		for (i = 0; i < info->nr_args; i++)
			if (info->args[i].kind != ARG_NONE &&
			    word_is(word, arg_texts[info->args[i].kind].name))
				break;
		if (i == info->nr_args)
			return fail(parser, word.start, "%s has no argument '%s'", info->name,
				    quote_found(parser, word).text);
		if (seen & 1u << i)
			return fail(parser, word.start, "argument '%s' given twice",
				    quote(word).text);
		seen |= 1u << i;
		if (!expect_char(parser, '=') ||
		    !take_value(parser, header, info->args[i].kind, op))
			return false;
	}
	return true;
}

/* fault=target:2 or fault=target:each */
static bool take_fault(struct parser *parser, struct op *op)
{
	struct word word = take_word(parser);
	uint32_t nth = 1;

	if (!word_is(word, "fault"))
		return fail(parser, word.start, "end of the line or 'fault=' expected, not '%s'",
			    quote_found(parser, word).text);
	if (!expect_char(parser, '='))
		return false;
	word = take_word(parser);
	for (unsigned int kind = FAULT_NONE + 1; kind < NR_FAULT_KINDS; kind++)
		if (word_is(word, fault_name(kind)))
			op->fault = kind;
	if (op->fault == FAULT_NONE)
		return fail(parser, word.start, "unknown fault '%s'", quote(word).text);
	if (take_char(parser, ':')) {
		struct parser number = *parser;

		if (word_is(take_word(&number), "each")) {
			*parser = number;
			nth = 0;
		} else if (!take_number(parser, "fault", 1, 31, &nth)) {
			return false;
		}
	}
	op->fault_nth = nth;
	return true;
}

/* After "@": nth kind [value] */
static bool take_switch(struct parser *parser, struct program *program, const char *start)
{
	struct weave_entry *entry = &program->switches[program->nr_switches];
	unsigned int min, max;
	struct word word;
	uint32_t value;

	if (!program->nr_ops)
		return fail(parser, start, "a switch needs an operation before it");
	if (program->nr_switches == PROGRAM_MAX_SWITCHES)
		return fail(parser, start, "more than %u switches", PROGRAM_MAX_SWITCHES);
	*entry = (struct weave_entry){ .op = program->nr_ops - 1 };
	if (!take_number(parser, "point", 0, PROGRAM_MAX_NTH, &value))
		return false;
	entry->nth = value;

	word = take_word(parser);
	for (entry->kind = 0; entry->kind < PROGRAM_NR_CHOICES; entry->kind++)
		if (word_is(word, choice_texts[entry->kind].name))
			break;
	if (entry->kind == PROGRAM_NR_CHOICES)
		return fail(parser, word.start, "unknown kind of switch '%s'",
			    quote_found(parser, word).text);

	switch_values(&program->header, entry->kind, &min, &max);
	value = min;
	if (entry->kind == WEAVE_SWITCH) {
		word = take_word(parser);
		if (!word_indexed(word, choice_texts[entry->kind].prefix, &value))
			return fail(parser, word.start, "a CPU (cpu0, cpu1 ...) expected, not '%s'",
				    quote_found(parser, word).text);
		if (value > max)
			return fail(parser, word.start,
				    "the machine has %u CPUs, there is no cpu%u",
				    program->header.nr_cpus, value);
	} else if (choice_texts[entry->kind].prefix &&
		   !take_number(parser, choice_texts[entry->kind].name, min, max, &value)) {
		return false;
	}
	entry->value = value;
	program->nr_switches++;
	return true;
}

/* [cpuN:] [sN =] name(arguments) [fault=kind:nth] */
static bool take_op(struct parser *parser, const struct program_header *header, struct op *op)
{
	struct word word = take_word(parser);
	const char *result = NULL;
	unsigned int code;
	uint32_t cpu;

	memset(op, 0, sizeof(*op));
	if (take_char(parser, ':')) {
		if (!word_indexed(word, "cpu", &cpu))
			return fail(parser, word.start, "a CPU (cpu0, cpu1 ...) expected, not '%s'",
				    quote(word).text);
		if (cpu >= header->nr_cpus)
			return fail(parser, word.start,
				    "the machine has %u CPUs, there is no cpu%u", header->nr_cpus,
				    cpu);
		op->cpu = cpu;
		word = take_word(parser);
	}
	if (take_char(parser, '=')) {
		result = word.start;
		if (!take_slot(parser, word, op))
			return false;
		word = take_word(parser);
	}
	if (!word.len)
		return fail(parser, word.start, "an operation expected");
	for (code = 0; code < NR_OPS; code++)
		if (word_is(word, op_infos[code].name))
			break;
	if (code == NR_OPS)
		return fail(parser, word.start, "unknown operation '%s'", quote(word).text);
	op->code = code;
	if (result && op_infos[code].gives == SLOT_NONE)
		return fail(parser, result, "%s gives nothing to keep in a slot",
			    op_infos[code].name);
	if (!result && op_infos[code].gives != SLOT_NONE)
		return fail(parser, word.start, "%s needs a slot for its result: 's0 = %s(...)'",
			    op_infos[code].name, op_infos[code].name);
	if (!expect_char(parser, '(') || !take_args(parser, header, op))
		return false;
	return at_line_end(parser) || take_fault(parser, op);
}

static bool take_profile(struct parser *parser, struct program_header *header)
{
	struct parser number = *parser;
	struct word name = take_word(parser);
	uint32_t value;

	for (unsigned int i = 0; i < PROGRAM_NR_PROFILES; i++) {
		if (word_is(name, machine_profiles[i].name)) {
			header->profile = i;
			return true;
		}
	}
	if (!word_number(name, &value))
		return fail(parser, name.start, "unknown profile '%s'", quote(name).text);
	*parser = number;
	if (!take_number(parser, "profile", 0, PROGRAM_NR_PROFILES - 1, &value))
		return false;
	header->profile = value;
	return true;
}

static bool take_machine_word(struct parser *parser, struct word key, struct program_header *header)
{
	for (enum machine_word i = 0; i < NR_MACHINE_WORDS; i++) {
		const struct machine_text *text = &machine_texts[i];
		struct word word;
		uint32_t value;

		if (!word_is(key, text->key))
			continue;
		if (!text->names) {
			if (!take_number(parser, text->key, text->min, text->max, &value))
				return false;
		} else {
			word = take_word(parser);
			if (!find_name(word, text->names, text->max + 1, &value))
				return fail(parser, word.start, "unknown %s '%s'", text->key,
					    quote_found(parser, word).text);
		}
		machine_word_set(header, i, value);
		return true;
	}
	return fail(parser, key.start, "machine has no '%s'", quote(key).text);
}

static bool take_machine(struct parser *parser, struct program_header *header)
{
	while (!at_line_end(parser)) {
		struct word key = take_word(parser);
		uint32_t value;

		if (!expect_char(parser, '='))
			return false;
		if (word_is(key, "profile")) {
			if (!take_profile(parser, header))
				return false;
		} else if (word_is(key, "flags")) {
			if (!take_mask(parser, "flags", flags_text.names, flags_text.nr_names,
				       PROGRAM_MANY_CPUS - 1, &value))
				return false;
			header->flags = value;
		} else if (!take_machine_word(parser, key, header)) {
			return false;
		}
	}
	return true;
}

static bool take_op_line(struct parser *parser, struct program *program, const char *start)
{
	if (program->nr_ops == PROGRAM_MAX_OPS)
		return fail(parser, start, "more than %u operations", PROGRAM_MAX_OPS);
	if (!take_op(parser, &program->header, &program->ops[program->nr_ops]))
		return false;
	program->nr_ops++;
	return true;
}

static bool take_line(struct parser *parser, struct program *program, bool *seen_machine)
{
	struct parser start = *parser;

	if (word_is(take_word(parser), "machine")) {
		if (*seen_machine || program->nr_ops)
			return fail(parser, start.p, "the machine line must come first, and once");
		*seen_machine = true;
		return take_machine(parser, &program->header);
	}
	*parser = start;
	if (take_char(parser, '@')) {
		if (!take_switch(parser, program, start.p))
			return false;
	} else if (!take_op_line(parser, program, start.p)) {
		return false;
	}
	if (!at_line_end(parser))
		return fail(parser, parser->p, "end of the line expected, not '%s'",
			    quote((struct word){ parser->p, 1 }).text);
	return true;
}

bool program_assemble(struct program *program, const char *text, size_t len,
		      struct program_error *error)
{
	struct parser parser = {
		.p = text, .end = text + len, .line_start = text, .line = 1, .error = error
	};
	bool seen_machine = false;

	memset(&program->header, 0, sizeof(program->header));
	program->header.nr_cpus = 1;
	program->nr_ops = 0;
	program->nr_switches = 0;

	for (;;) {
		if (!at_line_end(&parser) && !take_line(&parser, program, &seen_machine))
			return false;
		while (parser.p < parser.end && *parser.p != '\n')
			parser.p++; /* the comment */
		if (parser.p == parser.end)
			break;
		parser.line_start = ++parser.p;
		parser.line++;
	}
	/* A range that reaches past the end of memory is cut to it, as decoding does. */
	program_normalize(program);
	return true;
}
