// SPDX-License-Identifier: GPL-2.0-only
/* Differences between two cores and their reasons (diff.h). The table is what CMake has made of fuzz/differences. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include "diff.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

static struct diff_rule rules[] = {
#include "differences.inc"
};

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

static const char *const side_names[DIFF_SIDES] = { "linux", "memdesc" };

static const char *const fact_names[NR_DIFF_FACTS] = {
#define X(ENUM, name) [DIFF_##ENUM] = #name,
	DIFF_FACTS(X)
#undef X
};

static void word_of(const struct diff_seen *seen, char word[DIFF_RESULT_MAX])
{
	const char *text = "";

	switch ((enum diff_kind)seen->kind) {
	case DIFF_SKIPPED:
		text = "skipped";
		break;
	case DIFF_DONE:
		text = "done";
		break;
	case DIFF_ERRNO:
		text = seen->result ? strerrorname_np(-seen->result) : "0";
		break;
	case DIFF_FRAME:
		text = seen->result ? "all" : "none";
		break;
	case DIFF_COUNT:
		text = !seen->result ? "none" : (unsigned long)seen->result >= seen->asked ? "all" : "some";
		break;
	}
	snprintf(word, DIFF_RESULT_MAX, "%s", text ? text : "?");
}

bool diff_results(const struct diff_seen seen[DIFF_SIDES], char words[DIFF_SIDES][DIFF_RESULT_MAX])
{
	long less = seen[DIFF_LINUX].result - seen[DIFF_MEMDESC].result;

	for (unsigned int side = 0; side < DIFF_SIDES; side++)
		word_of(&seen[side], words[side]);
	if (strcmp(words[DIFF_LINUX], words[DIFF_MEMDESC]))
		return false;
	if (seen[DIFF_LINUX].kind != DIFF_COUNT || !less)
		return true;
	/* Titles must not have numbers in them, or each would be another finding. */
	strcpy(words[DIFF_LINUX], less < 0 ? "fewer" : "more");
	strcpy(words[DIFF_MEMDESC], less < 0 ? "more" : "fewer");
	return false;
}

/* The fact of that name as a mask, with the sides that it must be true of. */
static uint32_t find_fact(const char *name, size_t len)
{
	for (unsigned int i = 0; i < NR_DIFF_FACTS; i++)
		if (strlen(fact_names[i]) == len && !memcmp(fact_names[i], name, len))
			return 1u << i;
	sim_die("fuzz/differences: no fact has the name '%.*s': see DIFF_FACTS in fuzz/diff.h", (int)len, name);
}

/* One part of a condition: "linux:fact", "memdesc:fact", "fact" (of either), "unlike" (they look at other things), "within" (the
 * counts are no further apart than the frames that are held isolated). */
static bool part_holds(const char *part, size_t len, const struct diff_seen seen[DIFF_SIDES])
{
	if (len == strlen("unlike") && !memcmp(part, "unlike", len))
		return seen[DIFF_LINUX].place != seen[DIFF_MEMDESC].place;
	if (len == strlen("within") && !memcmp(part, "within", len))
		return labs(seen[DIFF_LINUX].result - seen[DIFF_MEMDESC].result) <=
		       (long)(seen[DIFF_LINUX].held + seen[DIFF_MEMDESC].held);
	for (unsigned int side = 0; side < DIFF_SIDES; side++) {
		size_t prefix = strlen(side_names[side]);

		if (len > prefix && part[prefix] == ':' && !memcmp(part, side_names[side], prefix))
			return seen[side].facts & find_fact(part + prefix + 1, len - prefix - 1);
	}
	return (seen[DIFF_LINUX].facts | seen[DIFF_MEMDESC].facts) & find_fact(part, len);
}

static bool condition_holds(const char *condition, const struct diff_seen seen[DIFF_SIDES])
{
	if (!strcmp(condition, "-"))
		return true;
	while (*condition) {
		size_t len = strcspn(condition, ",");
		bool not = *condition == '!';

		if (part_holds(condition + not, len - not, seen) == not)
			return false;
		condition += len + (condition[len] == ',');
	}
	return true;
}

struct diff_rule *diff_excuse(const char *operation, const struct diff_seen seen[DIFF_SIDES],
			      char words[DIFF_SIDES][DIFF_RESULT_MAX])
{
	for (unsigned int i = 0; i < NR_RULES; i++) {
		struct diff_rule *rule = &rules[i];

		if (fnmatch(rule->operation, operation, 0) || fnmatch(rule->result[DIFF_LINUX], words[DIFF_LINUX], 0) ||
		    fnmatch(rule->result[DIFF_MEMDESC], words[DIFF_MEMDESC], 0) ||
		    !condition_holds(rule->condition, seen))
			continue;
		rule->used++;
		return rule;
	}
	return NULL;
}

int diff_describe(const struct diff_seen seen[DIFF_SIDES], char *buf, size_t len)
{
	size_t used = 0;

	for (unsigned int side = 0; side < DIFF_SIDES; side++) {
		const struct diff_seen *s = &seen[side];

#define SAY(...) used += snprintf(used < len ? buf + used : NULL, used < len ? len - used : 0, __VA_ARGS__)
		SAY("%s%s %ld", side ? "; " : "", side_names[side], s->result);
		if (s->asked)
			SAY(" of %lu", s->asked);
		if (s->usable || s->order)
			SAY(", %lu free for it, largest order %d, %lu on pagesets", s->usable, s->order, s->pcp);
		for (unsigned int i = 0; i < NR_DIFF_FACTS; i++)
			if (s->facts & 1u << i)
				SAY(", %s", fact_names[i]);
#undef SAY
	}
	return (int)used;
}

void diff_print_rules(FILE *out)
{
	for (unsigned int i = 0; i < NR_RULES; i++)
		fprintf(out, "%10lu  %-16s %-8s %-8s %-28s %s\n", rules[i].used, rules[i].operation,
			rules[i].result[DIFF_LINUX], rules[i].result[DIFF_MEMDESC], rules[i].condition, rules[i].reason);
}

#ifdef __clang__
#pragma clang attribute pop
#endif
