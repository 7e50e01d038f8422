# SPDX-License-Identifier: GPL-2.0-only
#
# How the woven machine is built: every library of the free-running one once more, with _weave behind its name. The same
# symbols are in both, so no program links libraries of both kinds. What runs under the scheduler is compiled with
# -fsanitize=thread and never linked with it: core/sim/weave is the runtime. Included by the top CMakeLists.txt only.
include(CheckCSourceCompiles)

# mmfuzz_sees(VAR SANITIZER FEATURE MACRO) - whether the sanitizer is on, by our option or by the caller's CFLAGS.
function(mmfuzz_sees var sanitizer feature macro)
	set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
	check_c_source_compiles("
		#ifndef __has_feature
		#define __has_feature(x) 0
		#endif
		#if !__has_feature(${feature}) && !defined(${macro})
		#error off
		#endif
		int on;" ${var}_IN_CFLAGS)
	if(${var}_IN_CFLAGS OR MMFUZZ_SANITIZER STREQUAL "${sanitizer}")
		set(${var} ON PARENT_SCOPE)
	else()
		set(${var} OFF PARENT_SCOPE)
	endif()
endfunction()
mmfuzz_sees(MMFUZZ_ASAN asan address_sanitizer __SANITIZE_ADDRESS__)
mmfuzz_sees(MMFUZZ_TSAN tsan thread_sanitizer __SANITIZE_THREAD__)
mmfuzz_sees(MMFUZZ_MSAN msan memory_sanitizer __SANITIZE_MEMORY__)

# ThreadSanitizer's own runtime would clash with ours, MemorySanitizer cannot be combined with its instrumentation, and that
# is there for 64 bits only.
set(MMFUZZ_WEAVE ON)
if(MMFUZZ_TSAN OR MMFUZZ_MSAN OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
	set(MMFUZZ_WEAVE OFF)
endif()

# mmfuzz_no_afl(TARGET) - afl-clang-fast compiles it as clang would.
function(mmfuzz_no_afl target)
	if(MMFUZZ_AFL)
		set_target_properties(${target} PROPERTIES C_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;AFL_NOOPT=1")
	endif()
endfunction()

# mmfuzz_bare(TARGET) - no sanitizer, no coverage, fast: the machine itself. Its caller's flags come first, so these win.
function(mmfuzz_bare target)
	target_compile_options(${target} PRIVATE -O2 -fno-sanitize=all)
	if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
		target_compile_options(${target} PRIVATE -Wno-unused-command-line-argument
			-fno-profile-instr-generate -fno-coverage-mapping
			-fno-sanitize-coverage=func,bb,edge,trace-pc,trace-pc-guard,inline-8bit-counters,inline-bool-flag,pc-table,trace-cmp,trace-div,trace-gep,indirect-calls,stack-depth)
	endif()
	mmfuzz_no_afl(${target})
endfunction()

# mmfuzz_woven(TARGET) - its accesses to memory call core/sim/weave/runtime.c, which also asks ASan's shadow. Coverage and
# UBSan stay as in the rest of the build.
function(mmfuzz_woven target)
	target_compile_options(${target} PRIVATE -fno-sanitize=address -fsanitize=thread
		"SHELL:-include ${PROJECT_SOURCE_DIR}/core/sim/weave/woven.h")
	if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
		target_compile_options(${target} PRIVATE
			-fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset -fno-builtin-memcmp)
	endif()
	if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
		# A plain x++ must show its read as well as its write: KCSAN's rules treat them differently.
		target_compile_options(${target} PRIVATE -Wno-unused-command-line-argument
			"SHELL:-mllvm -tsan-compound-read-before-write=1")
		# clang 14 shows its coverage counters to the runtime, as shared memory; 19 does not, nobody looked in between.
		if(CMAKE_C_COMPILER_VERSION VERSION_LESS 17 AND NOT MMFUZZ_AFL)
			target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link)
		endif()
	endif()
	if(MMFUZZ_AFL)
		# AFL++'s own pass runs first, and its counters would look like shared memory. Its runtime serves clang's pass as
		# well, which marks them as none of a sanitizer's business.
		target_compile_options(${target} PRIVATE -fsanitize-coverage=trace-pc-guard)
		mmfuzz_no_afl(${target})
	endif()
endfunction()

# mmfuzz_weave_main(VAR NAME) - where main() of NAME_weave is: in NAME_weave.c, else NAME.c serves both machines.
function(mmfuzz_weave_main var name)
	if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}_weave.c)
		set(${var} ${name}_weave.c PARENT_SCOPE)
	else()
		set(${var} ${name}.c PARENT_SCOPE)
	endif()
endfunction()
