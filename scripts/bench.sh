#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measures the mm core and the harness, beside what each figure is compared with. Nothing passes or fails on time.
#
# usage: scripts/bench.sh [--json FILE]
set -eu

usage="usage: scripts/bench.sh [--json FILE]"
json=
while [ $# -gt 0 ]; do
	case $1 in
	--json=*) json=${1#--json=} ;;
	--json)
		[ $# -ge 2 ] || { echo "bench.sh: --json needs a file; $usage" >&2; exit 2; }
		json=$2
		shift
		;;
	-h | --help) echo "$usage"; exit 0 ;;
	*) echo "bench.sh: '$1' is no option; $usage" >&2; exit 2 ;;
	esac
	shift
done
if [ -n "$json" ]; then
	case $json in /*) ;; *) json=$PWD/$json ;; esac
	[ -d "$(dirname "$json")" ] && [ -w "$(dirname "$json")" ] && [ ! -d "$json" ] || {
		echo "bench.sh: --json is '$json': it must be a file in a folder that can be written to" >&2
		exit 2
	}
fi

cd "$(dirname "$0")/.."
scripts/setup.sh >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # preset target...
	local preset=$1
	shift
	cmake --preset "$preset" >"$work/log" 2>&1 && cmake --build --preset "$preset" --target "$@" >>"$work/log" 2>&1 || {
		echo "bench.sh: the $preset build failed:" >&2
		tail -n 20 "$work/log" >&2
		exit 2
	}
}

echo "building ..." >&2
build plain mmbench mmbench_weave
build asan mmfuzz_targets mmfuzz mm_memdesc sim mmfuzz_targets_weave mmbench_weave
build tsan mmstress

# The engine alone, with programs of 64 operations in sequence, and with short ones woven; the same compiler and flags.
flags=(-std=gnu11 -D_GNU_SOURCE -DMM_DEBUG=1 -O2 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
	-Ifuzz -Icore/include -Icore/sim/include)
urcu() { # the archive where there is one, as the build does
	local file
	file=$(clang-19 -print-file-name="lib$1.a")
	[ -e "$file" ] && echo "$file" || echo "-l$1"
}
clang-19 "${flags[@]}" stress/bench/engine/empty.c -o "$work/empty"
clang-19 "${flags[@]}" -Icore/sim/threads stress/bench/engine/programs.c build/asan/fuzz/libmmfuzz_targets.a build/asan/fuzz/libmmfuzz.a \
	build/asan/core/libmm_memdesc.a build/asan/core/libsim.a "$(urcu urcu-cds)" "$(urcu urcu-mb)" \
	"$(urcu urcu-common)" -lpthread -o "$work/programs"

clang-19 "${flags[@]}" -DSIM_WEAVE=1 -DSIM_ASAN=1 -DSIM_TSAN=0 -Icore/sim/weave -Istress/bench stress/bench/engine/weave.c \
	stress/bench/short_programs_weave.c -Wl,--start-group build/asan/fuzz/libmmfuzz_targets_weave.a \
	build/asan/fuzz/libmmfuzz_weave.a build/asan/core/libmm_memdesc_weave.a build/asan/core/libsim_weave.a -Wl,--end-group -lpthread \
	-o "$work/weave"

# Executions in 10 s by the engine's count, by the CPU time that they took: others that share the machine do not count.
rate() { # program
	local TIMEFORMAT='%U %S' units seconds
	seconds=$( { time "$1" -seed=1 -max_len=5000 -len_control=0 -entropic=0 -max_total_time=10 -print_final_stats=1 \
		-artifact_prefix="$work/" >"$work/log" 2>&1; } 2>&1)
	units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
	echo "${units:-0} $seconds" | awk '{ printf "%.0f\n", $1 / ($2 + $3) }'
}

median() { sort -g | sed -n "$(($1 / 2 + 1))p"; }

echo "fuzzing ..." >&2
for _ in 1 2 3; do
	rate "$work/empty" >>"$work/empties"
	rate "$work/programs" >>"$work/rates"
	rate "$work/weave" >>"$work/weaves"
done

echo "stress ..." >&2
for _ in 1 2 3; do
	build/tsan/bin/mmstress --time=10s --cpus=2 --json="$work/stress.json" --save="$work" >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2; break; }
	sed -n 's/.*"operations_per_second":[^0-9]*\([0-9.]*\).*/\1/p' "$work/stress.json" >>"$work/stress"
done

# Without debug information: Debian's valgrind cannot read what clang 19 writes.
objcopy --strip-debug build/plain/bin/mmbench "$work/mmbench"

# Instructions of so many more of a thing, divided by how many more: what it takes to begin and to end drops out.
instructions() { # option fewer more
	local nr
	for nr in "$2" "$3"; do
		valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/mmbench" "$1=$nr" 2>&1 |
			sed -n 's/.*Collected : *//p' | head -n 1
	done | paste -sd ' ' | awk -v n="$(($3 - $2))" '{ printf "%.1f", ($2 - $1) / n }'
}

figures=(
	"empty_asan_exec_s=$(median 3 <"$work/empties")"
	"fuzz_memdesc_asan_exec_s=$(median 3 <"$work/rates")"
	"weave_exec_s_asan=$(median 3 <"$work/weaves")"
)
[ -s "$work/stress" ] && figures+=("stress_tsan_ops_s=$(median "$(wc -l <"$work/stress")" <"$work/stress")")
if command -v valgrind >/dev/null; then
	echo "callgrind ..." >&2
	figures+=("callgrind_order0_pair=$(instructions --pairs 1000 11000)")
	figures+=("callgrind_program=$(instructions --programs 100 600)")
else
	echo "bench.sh: valgrind is missing, so instructions are not counted" >&2
fi

# The backend linux, of each tree that scripts/linux.sh has made a plain build of; the last one's figure counts.
linux=0
for folder in build/linux/*/plain; do
	[ -e "$folder/CMakeCache.txt" ] || continue
	if ! cmake --build "$folder" --target mmbench_linux >"$work/log" 2>&1; then
		echo "bench.sh: $folder cannot be built:" >&2
		tail -n 20 "$work/log" >&2
		exit 2
	fi
	echo "the backend linux of $folder ..." >&2
	figures+=("$("$folder/bin/mmbench_linux")")
	linux=1
done
[ "$linux" = 1 ] || echo "bench.sh: no plain build of the backend linux (scripts/linux.sh --preset plain), so it is not measured" >&2

echo "measuring ..." >&2
mapfile -t -O "${#figures[@]}" figures < <(build/plain/bin/mmbench_weave && build/asan/bin/mmbench_weave)
build/plain/bin/mmbench ${json:+--json="$json"} "${figures[@]}"
