#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the fuzz targets reach: the committed corpus, and what fuzzing for a while adds to it, replayed in the coverage
# build. Prints llvm-cov's table of core/mm and the lines that were never run; the annotated source goes to
# build/coverage/html.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="usage: scripts/coverage.sh [--time T]   T: fuzz for so long first (60, 60s, 5m; default: only the corpus)"
time=
while [ $# -gt 0 ]; do
	case "$1" in
	--time)
		time=${2:?$usage}
		shift 2
		;;
	-h | --help)
		echo "$usage"
		exit 0
		;;
	*)
		echo "coverage.sh: unknown option $1 ($usage)" >&2
		exit 2
		;;
	esac
done

scripts/setup.sh
out=build/coverage
targets=()
objects=()
for source in fuzz/targets/fuzz_*.c; do
	targets+=("$(basename "$source" .c)")
	[ ${#objects[@]} = 0 ] || objects+=(-object)
	objects+=("$out/bin/$(basename "$source" .c)")
done
mkdir -p build/logs
if ! { cmake --preset coverage && cmake --build --preset coverage --target "${targets[@]}"; } \
	>build/logs/coverage-build.log 2>&1; then
	tail -n 20 build/logs/coverage-build.log >&2
	echo "coverage.sh: the coverage build failed, see build/logs/coverage-build.log" >&2
	exit 2
fi

rm -rf "$out/run"
mkdir -p "$out/run"
if [ -n "$time" ]; then
	scripts/fuzz.sh --time "$time" --targets "$(IFS=,; echo "${targets[*]}")" --keep "$out/run/fuzz" || [ $? = 1 ]
fi
for target in "${targets[@]}"; do
	dirs=("corpus/$target")
	for dir in "corpus/regressions/$target" "$out/run/fuzz/corpus/$target"; do
		[ ! -d "$dir" ] || dirs+=("$dir")
	done
	LLVM_PROFILE_FILE="$out/run/$target.profraw" "$out/bin/$target" -runs=0 -rss_limit_mb=2560 "${dirs[@]}" \
		>"build/logs/coverage-$target.log" 2>&1 || echo "$target failed, see build/logs/coverage-$target.log" >&2
done
llvm-profdata-19 merge -o "$out/run/all.profdata" "$out"/run/*.profraw
cov=("${objects[@]}" "-instr-profile=$out/run/all.profdata" core/mm)

llvm-cov-19 report -show-region-summary=0 -show-branch-summary=0 "${cov[@]}"
llvm-cov-19 show -format=html -output-dir="$out/html" "${cov[@]}" >/dev/null
echo
echo "never run (annotated source: $out/html/index.html):"
llvm-cov-19 export -format=lcov "${cov[@]}" | awk -F '[:,]' -v "top=$PWD/" '
	function flush() {
		if (first)
			printf("  %s:%d%s\n", file, first, (last > first) ? "-" last : "")
		first = 0
	}
	/^SF:/ { file = substr($0, 4); sub(top, "", file) }
	/^DA:/ {
		if ($3 != 0)
			flush()
		else {
			if (!first)
				first = $2
			last = $2
		}
	}
	/^end_of_record/ { flush() }'
