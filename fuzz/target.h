/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets: the list of them, and what turns a target's function into an engine's entry point.
 *
 * A target is a function of its bytes and of nothing else; what it finds it says by mm_bug() or
 * leaves to a sanitizer. Each has a file of its name in targets/, which ends in FUZZ_TARGET(),
 * FUZZ_PROGRAM_TARGET() or FUZZ_WOVEN_TARGET(). Those are empty but in a build for an engine (MMFUZZ_LIBFUZZER), so that
 * mmreplay and tests can link all targets at once.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "mutate.h"

/*
 * FUZZ_TARGETS - X(name, input, design)
 *
 * @input: PROGRAM: bytes of a program (program.h); BYTES: anything
 * @design: backend that it runs, as crash files name it; "" for none
 */
#define FUZZ_TARGETS(X)                     \
	X(fuzz_text, BYTES, "")             \
	X(fuzz_memdesc, PROGRAM, "memdesc") \
	X(fuzz_memdesc_word, BYTES, "memdesc")

/** FUZZ_WEAVE_TARGETS - the same, of those whose functions are in the weave build only */
#define FUZZ_WEAVE_TARGETS(X) X(fuzz_weave_memdesc, PROGRAM, "memdesc")

/** FUZZ_LINUX_TARGETS - the same, of those that builds of scripts/linux.sh have */
#define FUZZ_LINUX_TARGETS(X)             \
	X(fuzz_linux, PROGRAM, "linux") \
	X(fuzz_diff, PROGRAM, "linux")
#define FUZZ_WEAVE_LINUX_TARGETS(X) X(fuzz_weave_linux, PROGRAM, "linux")

#define X(name, input, design) int name(const uint8_t *data, size_t size);
FUZZ_TARGETS(X)
FUZZ_WEAVE_TARGETS(X)
FUZZ_LINUX_TARGETS(X)
FUZZ_WEAVE_LINUX_TARGETS(X)
#undef X

#ifdef MMFUZZ_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t max_out_size,
				 unsigned int seed);

/** FUZZ_TARGET() - the function @name is what the engine calls */
#define FUZZ_TARGET(name)                                            \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{                                                            \
		return name(data, size);                             \
	}

/*
 * LLVMFuzzerMutate() is left out on purpose: it draws on what memcmp() has seen, addresses included, so
 * that the same seed would not give the same run.
 */
#define FUZZ_MUTATED_TARGET(name, mutate, crossover)                                               \
	FUZZ_TARGET(name)                                                                          \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,                \
				       unsigned int seed)                                          \
	{                                                                                          \
		return mutate;                                                                     \
	}                                                                                          \
	size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, \
					 size_t size2, uint8_t *out, size_t max_out_size,          \
					 unsigned int seed)                                        \
	{                                                                                          \
		return crossover;                                                                  \
	}

/** FUZZ_PROGRAM_TARGET() - the same, for inputs that are programs and are mutated as such */
#define FUZZ_PROGRAM_TARGET(name) \
	FUZZ_MUTATED_TARGET(name, program_mutate(data, size, max_size, seed),                   \
			    program_crossover(data1, size1, data2, size2, out, max_out_size, seed))
/** FUZZ_WOVEN_TARGET() - the same, for programs whose schedules count; @runner: a struct program_runner */
#define FUZZ_WOVEN_TARGET(name, runner) \
	FUZZ_MUTATED_TARGET(name, program_mutate_woven(data, size, max_size, seed, &(runner)),      \
			    program_crossover_woven(data1, size1, data2, size2, out, max_out_size, seed, &(runner)))

#else
#define FUZZ_TARGET(name)
#define FUZZ_PROGRAM_TARGET(name)
#define FUZZ_WOVEN_TARGET(name, runner)
#endif

#endif /* FUZZ_TARGET_H */
