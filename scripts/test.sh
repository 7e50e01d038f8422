#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds and runs all tests: unit tests under plain, ASan+UBSan, TSan, clang 14 and gcc 12; the committed corpus and short
# fuzz runs of each target; short stress runs, on threads and woven; planted bugs; the backend linux from Debian's trees; the
# OSS-Fuzz build. One line a step, logs in build/logs. The last line counts all of them. Nothing here depends on how fast
# the machine is, but for generous limits.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="usage: scripts/test.sh [--quick]   --quick: only the plain and asan tests and the corpus"
quick=no
for arg in "$@"; do
	case "$arg" in
	--quick) quick=yes ;;
	-h | --help)
		echo "$usage"
		exit 0
		;;
	*)
		echo "test.sh: unknown option $arg ($usage)" >&2
		exit 2
		;;
	esac
done

scripts/setup.sh

export logs=$PWD/build/logs
tmp=$(mktemp -d)
export tmp
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$logs"
passed=0
failed=0
jobs=$(nproc)
newest_known=7.2 # the newest tree that core/linux was tried on

# report NAME RESULT SECONDS COUNT - one line; a failed step's log follows.
report() {
	printf '%-6s %4ss  %s%s\n' "$2" "$3" "$1" "${4:+ ($4)}"
	if [ "$2" = FAIL ] || [ "$2" = NEW ]; then
		tail -n 40 "$logs/$1.log" | sed 's/^/    /'
		echo "    log: build/logs/$1.log"
	fi
}

# step NAME COMMAND... - counts as one test. A shell of its own, as set -e means nothing in a function whose result is
# asked for; the limit is for what hangs. With --trial first a failure is shown and not counted.
step() {
	local bad=FAIL
	if [ "$1" = --trial ]; then
		bad=NEW
		shift
	fi
	local name=$1 begin=$SECONDS
	shift
	if timeout -k 10 1200 bash -euo pipefail -c '"$@"' step "$@" >"$logs/$name.log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		report "$name" ok $((SECONDS - begin))
	else
		[ "$bad" = NEW ] || failed=$((failed + 1))
		report "$name" "$bad" $((SECONDS - begin))
		return 1
	fi
}

build() {
	cmake --preset "$1" && cmake --build --preset "$1"
}

# unit_tests PRESET - each test of ctest counts.
unit_tests() {
	local name=test-$1 begin=$SECONDS junit=$tmp/$1.xml result=ok total=0 bad=0
	ctest --preset "$1" -j "$jobs" --output-junit "$junit" >"$logs/$name.log" 2>&1 </dev/null || result=FAIL
	if [ -s "$junit" ]; then
		total=$(grep -c '<testcase ' "$junit" || true)
		bad=$(grep -c '<testcase .*status="fail"' "$junit" || true)
	fi
	[ "$result" = ok ] || [ "$bad" -gt 0 ] || bad=1 # ctest itself failed
	passed=$((passed + (total > bad ? total - bad : 0)))
	failed=$((failed + bad))
	report "$name" "$result" $((SECONDS - begin)) "$total tests"
}

# script_tests FOLDER - the tests of scripts/FOLDER/*.py; each counts.
script_tests() {
	local begin=$SECONDS log=$logs/$1-tests.log result=ok total bad
	PYTHONPATH=scripts/$1 timeout -k 10 600 python3 -B -W error -m unittest discover -s "scripts/$1/tests" >"$log" 2>&1 </dev/null || result=FAIL
	total=$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$log")
	bad=$(grep -cE '^(FAIL|ERROR): ' "$log" || true)
	[ "$result" = ok ] || [ "$bad" -gt 0 ] || bad=1 # Python itself failed
	passed=$((passed + (${total:-0} > bad ? ${total:-0} - bad : 0)))
	failed=$((failed + bad))
	report "$1-tests" "$result" $((SECONDS - begin)) "${total:-0} tests"
}

# bugs_short - each planted bug is proved, and counts; one strategy still finds as many as it did.
bugs_short() {
	local begin=$SECONDS log=$logs/bugs-short.log result=ok total=0 good=0
	timeout -k 10 900 scripts/bugs.sh --short >"$log" 2>&1 </dev/null || result=FAIL
	read -r good total < <(sed -n 's/^\([0-9]*\) of \([0-9]*\) bugs proved.*/\1 \2/p' "$log") || true
	good=${good:-0} total=${total:-0} # none when it could not run
	[ "$result" = ok ] || [ "$good" -lt "$total" ] || total=$((good + 1)) # a finding, the floor, or it could not run
	passed=$((passed + good))
	failed=$((failed + total - good))
	report bugs-short "$result" $((SECONDS - begin)) "$total bugs"
}

# The engine's flags for a target: those of its .options file, as OSS-Fuzz applies them.
flags() {
	local options=fuzz/targets/$1.options
	[ ! -f "$options" ] || sed -n '/^\[libfuzzer\]/,/^\[[^l]/{/^dict *=/d;s/^\([a-z_]*\) *= */-\1=/p}' "$options"
	[ ! -f "fuzz/targets/$1.dict" ] || echo "-dict=fuzz/targets/$1.dict"
}

# replay TARGET - every committed input once, under ASan and UBSan.
replay() {
	local dirs=() files dir
	for dir in "corpus/$1" "corpus/regressions/$1"; do
		[ ! -d "$dir" ] || dirs+=("$dir")
	done
	[ ${#dirs[@]} -gt 0 ] || { echo "there is no corpus/$1"; return 1; }
	mapfile -t -d '' files < <(find "${dirs[@]}" -type f -print0)
	[ ${#files[@]} -gt 0 ] || { echo "no input in ${dirs[*]}"; return 1; }
	printf '%s\0' "${files[@]}" | xargs -0 "build/asan/bin/$1" -rss_limit_mb=2560 -timeout=25
}

# fuzz_again TARGET RUNS - a short run finds nothing, and the same seed goes the same way a second and a third time.
fuzz_again() {
	local target=$1 runs=$2 opts i
	mapfile -t opts < <(flags "$target")
	for i in 1 2 3; do
		mkdir "$tmp/$target-$i"
		# No reload: once a second the engine would read again what it has just written and dropped. No search for
		# leaks after each input, only at the end: it begins with a second run of the input, which counts, when more
		# was allocated than freed meanwhile, in whichever thread, and the engine has one of its own.
		"build/asan/bin/$target" -runs="$runs" -seed=1 -reload=0 -detect_leaks=0 -rss_limit_mb=2560 -timeout=25 "${opts[@]}" \
			-artifact_prefix="$logs/$target-" "$tmp/$target-$i" "corpus/$target" 2>&1 | tee "$tmp/$target-$i.log"
	done
	events "$tmp/$target-1.log" | grep -c DONE
	for i in 2 3; do
		diff <(events "$tmp/$target-1.log") <(events "$tmp/$target-$i.log") | head -n 20
	done
}

# What the engine learnt from which execution, line by line; its pulse in small letters depends on time.
events() {
	grep -oE '^#[0-9]+.(INITED|NEW|REDUCE|DONE) +cov: [0-9]+ ft: [0-9]+ corp: [0-9]+/[0-9a-zA-Z]+' "$1"
}

stress() {
	"build/$1/bin/mmstress" --scenario all --rounds "$2" --cpus 4 --seed 1 --save "$logs"
}

# woven PRESET SCHEDULES OPTION... - every scenario under every strategy.
woven() {
	local preset=$1 schedules=$2
	shift 2
	"build/$preset/bin/mmstress" --machine weave --strategy all --schedules "$schedules" --seed 1 --save "$logs" "$@"
}

# All interleavings of the litmus programs with at most two preemptions.
exhaustive() {
	build/plain/bin/mmstress --machine weave --exhaustive --bound 2 --save "$logs"
}

# afl_stable TARGET - AFL++, with our mutator where inputs are programs, finds it instrumented and fully repeatable.
afl_stable() {
	local out=$tmp/afl-$1 stats=$tmp/afl-$1/default/fuzzer_stats
	if build/asan/bin/mmreplay --list-targets | grep -q "^$1 *program\$"; then
		export AFL_CUSTOM_MUTATOR_LIBRARY=$PWD/build/plain/bin/afl_mutator.so
	fi
	case $1 in fuzz_weave_*) export MMFUZZ_SCHEDULES=1 ;; esac
	export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
	afl-fuzz -i "corpus/$1" -o "$out" -m none -t 25000 -E 3000 -- "build/afl/bin/$1"
	cat "$stats"
	grep -q '^stability *: 100.00%' "$stats"
	[ -z "$(find "$out/default/crashes" -name 'id:*')" ]
}

# oss_fuzz SANITIZER FLAG... - build.sh as OSS-Fuzz calls it, then the checks that it applies: each target starts from a
# moved folder, with another working directory, and needs no library of ours.
oss_fuzz() {
	local sanitizer=$1 dir=$tmp/oss-$1
	shift
	local src=$dir/src out=$dir/out work=$dir/work moved=$dir/moved
	local sanitize="-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
	sanitize+=" -fsanitize=fuzzer-no-link $*"
	mkdir -p "$src" "$out" "$work"
	ln -s "$PWD" "$src/mmfuzz"
	env -i PATH="$PATH" HOME="$tmp" CC=clang-19 CXX=clang++-19 CFLAGS="$sanitize" CXXFLAGS="$sanitize" \
		LIB_FUZZING_ENGINE=-fsanitize=fuzzer SRC="$src" OUT="$out" WORK="$work" SANITIZER="$sanitizer" \
		FUZZING_ENGINE=libfuzzer ARCHITECTURE=x86_64 bash -eux scripts/oss-fuzz/build.sh
	mv "$out" "$moved"
	rm -rf "$work" "$src"

	local source target log libs
	for source in fuzz/targets/fuzz_*.c; do
		target=$(basename "$source" .c)
		[ -x "$moved/$target" ] || { echo "$target was not built"; return 1; }
		[ -f "$moved/$target.options" ] || { echo "$target has no .options"; return 1; }
		libs=$(ldd "$moved/$target" | grep -vE 'linux-vdso|ld-linux|lib(c|m|stdc\+\+|gcc_s|pthread|dl|rt|resolv)\.so' || true)
		[ -z "$libs" ] || { echo "$target needs $libs"; return 1; }
		mkdir "$dir/seeds-$target"
		unzip_all "$moved/${target}_seed_corpus.zip" "$dir/seeds-$target"
		log=$dir/$target.log
		(
			cd /
			: >"$dir/empty"
			"$moved/$target" -rss_limit_mb=2560 -timeout=25 "$dir/empty"
			"$moved/$target" -rss_limit_mb=2560 -timeout=25 -seed=1 -runs=1000 "$dir/seeds-$target"
		) 2>&1 | tee "$log"
		if grep -qE 'no interesting inputs|not instrumented' "$log"; then
			echo "$target is a bad build"
			return 1
		fi
	done
	for target in "$moved"/*; do
		[ ! -x "$target" ] || [ -f "fuzz/targets/$(basename "$target").c" ] || { echo "$target does not belong in OUT"; return 1; }
	done
}

unzip_all() {
	python3 -c 'import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None and archive.namelist(), "empty or damaged: " + sys.argv[1]
archive.extractall(sys.argv[2])' "$1" "$2"
}

# linux_newest - Debian's newest tree: @newest is how linux.sh is told of it, and of which version it is, or why it is not had.
# Where it cannot be had that is no failure, but said.
linux_newest() {
	local begin=$SECONDS log=$logs/linux-newest.log status=0 path version
	newest=()
	timeout -k 10 1300 scripts/linux.sh --debian newest --fetch >"$log" 2>&1 </dev/null || status=$?
	case $status in
	0)
		path=$(sed -n 's/^tree: //p' "$log")
		version=$(sed -n "s/^Debian's newest: linux-source-\([^ ]*\) .*/\1/p" "$log")
		if [ "$version" = 6.12 ]; then
			echo "Debian has no newer tree than 6.12"
		else
			newest=("$version" --tree "$path")
		fi
		;;
	2 | 124 | 137)
		echo "the newest tree is not tried: $(tail -n 1 "$log")"
		;;
	*) # linux.sh itself failed
		failed=$((failed + 1))
		report linux-newest FAIL $((SECONDS - begin))
		;;
	esac
}

# linux_tests VERSION OPTION... - the backend linux from Debian's tree of that version, its tests, a second call that compiles
# nothing, and one after a change to one file, which compiles that file: once for each machine.
linux_tests() {
	local version=$1 tree test
	shift
	set -- scripts/linux.sh "$@" --name "debian-$version" --preset asan
	"$@"
	for test in core/linux/tests/test_*.c; do
		"build/linux/debian-$version/asan/bin/tests/$(basename "$test" .c)"
	done
	"$@" | tee "$tmp/linux-$version.log"
	grep -qx 'asan: 0 files compiled' "$tmp/linux-$version.log"
	tree=$(sed -n 's/^Linux [^:]*: //p' "$tmp/linux-$version.log")
	touch "$tree/mm/page_isolation.c"
	"$@" | tee "$tmp/linux-$version.log"
	grep -qx 'asan: 2 files compiled' "$tmp/linux-$version.log"
}

# linux_fuzz VERSION - a short run finds nothing. Programs are those of the other backends.
linux_fuzz() {
	mkdir "$tmp/fuzz_linux-$1"
	"build/linux/debian-$1/asan/bin/fuzz_linux" -runs=20000 -seed=1 -reload=0 -rss_limit_mb=2560 -timeout=25 \
		-artifact_prefix="$logs/fuzz_linux-$1-" "$tmp/fuzz_linux-$1" corpus/fuzz_memdesc
}

# linux_woven VERSION - the committed inputs, all scenarios under all strategies, and a short run of the fuzzer, find nothing: no data
# race but those in core/linux/races, either.
linux_woven() {
	local bin="build/linux/debian-$1/asan/bin"

	"$bin/fuzz_weave_linux" -rss_limit_mb=2560 -timeout=25 corpus/regressions/fuzz_weave_linux/*
	"$bin/mmstress_weave" --machine weave --backend linux --schedules 300 --jobs 2 --seed 1 --save "$logs"
	mkdir "$tmp/fuzz_weave_linux-$1"
	"$bin/fuzz_weave_linux" -runs=3000 -seed=1 -reload=0 -rss_limit_mb=2560 -timeout=25 \
		-artifact_prefix="$logs/fuzz_weave_linux-$1-" "$tmp/fuzz_weave_linux-$1" corpus/fuzz_weave_memdesc
}

# linux_threads VERSION - all scenarios on threads.
linux_threads() {
	"build/linux/debian-$1/asan/bin/mmstress" --backend linux --rounds 400 --seed 1 --save "$logs"
}

# linux_tsan VERSION OPTION... - likewise, with ThreadSanitizer. A race that core/linux/races does not have is shown, no more: whether
# threads meet in one is chance, and the list is never known to be complete. Anything else counts.
linux_tsan() {
	local version=$1
	shift
	scripts/linux.sh "$@" --name "debian-$version" --preset tsan --target mmstress
	MMFUZZ_RACES=list "build/linux/debian-$version/tsan/bin/mmstress" --backend linux --rounds 200 --seed 1 --save "$logs"
}

# linux_traces VERSION - two processes, each with another layout of memory, say the same of a run, byte by byte.
linux_traces() {
	local bin="build/linux/debian-$1/asan/bin" input n

	for input in core/linux/reverts/*/input.txt; do
		"$bin/mmreplay_weave" --assemble "$input" -o "$tmp/traced-$1"
		for n in 1 2; do
			"$bin/mmreplay_weave" --target fuzz_weave_linux --trace=full "$tmp/traced-$1" >"$tmp/trace-$n-$1"
		done
		cmp "$tmp/trace-1-$1" "$tmp/trace-2-$1"
	done
}

# linux_diff VERSION - what Linux and memdesc do differently has a reason.
linux_diff() {
	local out=$tmp/fuzz_diff-$1
	mkdir "$out"
	"build/linux/debian-$1/asan/bin/fuzz_diff" -runs=5000 -seed=1 -reload=0 -rss_limit_mb=2560 -timeout=25 \
		-artifact_prefix="$logs/fuzz_diff-$1-" -print_final_stats=1 "$out" corpus/fuzz_memdesc
}

# linux_lockdep VERSION - a build with the tree's lockdep: it tells of orders of locks that the test makes, and of none of Linux's
# in a short run, in sequence and on threads.
linux_lockdep() {
	local bin="build/linux/debian-$1-lockdep/asan/bin"

	scripts/linux.sh --debian "$1" --name "debian-$1" --lockdep --preset asan --target fuzz_linux --target mmstress \
		--target test_linux_lockdep
	"$bin/tests/test_linux_lockdep"
	"$bin/mmstress" --backend linux --scenario all --rounds 200 --cpus 4 --seed 1 --save "$logs"
	mkdir "$tmp/lockdep-$1"
	"$bin/fuzz_linux" -runs=5000 -seed=1 -reload=0 -rss_limit_mb=2560 -timeout=25 \
		-artifact_prefix="$logs/lockdep-$1-" "$tmp/lockdep-$1" corpus/fuzz_memdesc
}

# linux_reverts VERSION - two known fixes taken back, one for either machine: the inputs find it; the inputs of all reverts pass
# with the fixes.
linux_reverts() {
	scripts/linux.sh --debian "$1" --name "debian-$1" --preset asan --prove \
		--revert cma-block-taken-for-movable --revert pcp-contended-list | tee "$tmp/reverts-$1.log"
	[ "$(grep -c ': proved: ' "$tmp/reverts-$1.log")" = 2 ]
}

export -f linux_tests linux_fuzz linux_threads linux_tsan linux_woven linux_traces linux_diff linux_lockdep linux_reverts build flags replay fuzz_again events stress woven exhaustive afl_stable oss_fuzz unzip_all

if [ "$quick" = yes ]; then
	presets=(plain asan)
else
	presets=(plain asan tsan clang14 gcc12)
fi
built=()
for preset in "${presets[@]}"; do
	step "build-$preset" build "$preset" || continue
	built+=("$preset")
	unit_tests "$preset"
done

targets=()
for source in fuzz/targets/fuzz_*.c; do
	targets+=("$(basename "$source" .c)")
done
for target in "${targets[@]}"; do
	step "replay-$target" replay "$target" || true
done

script_tests bugs
script_tests linux

if [ "$quick" = no ]; then
	bugs_short
	for target in "${targets[@]}"; do
		# One execution of these is several schedules.
		case $target in fuzz_weave_*) runs=5000 ;; *) runs=20000 ;; esac
		step "fuzz-$target" fuzz_again "$target" "$runs" || true
	done
	for version in 6.12 newest; do
		source=(--debian "$version") trial=()
		if [ "$version" = newest ]; then
			linux_newest
			[ ${#newest[@]} -gt 0 ] || continue
			version=${newest[0]} source=("${newest[@]:1}")
			# What a tree does that came out since is news of that tree, and no change here is to blame.
			if [ "$version" != "$newest_known" ]; then
				trial=(--trial)
				echo "Debian has linux-source-$version, newer than $newest_known: what fails on it is shown, and not counted"
			fi
		fi
		step "${trial[@]}" "linux-$version" linux_tests "$version" "${source[@]}" || continue
		step "${trial[@]}" "linux-fuzz-$version" linux_fuzz "$version" || true
		step "${trial[@]}" "linux-threads-$version" linux_threads "$version" || true
		[ "$version" != 6.12 ] || step "linux-tsan-$version" linux_tsan "$version" "${source[@]}" || true
		step "${trial[@]}" "linux-woven-$version" linux_woven "$version" || true
		step "${trial[@]}" "linux-traces-$version" linux_traces "$version" || true
		[ "$version" != 6.12 ] || step "linux-diff-$version" linux_diff "$version" || true
		[ "$version" != 6.12 ] || step "linux-lockdep-$version" linux_lockdep "$version" || true
		[ "$version" != 6.12 ] || step "linux-reverts-$version" linux_reverts "$version" || true
	done
	step stress-tsan stress tsan 200 || true
	step stress-asan stress asan 200 || true
	step weave-asan woven asan 2000 || true
	step weave-lkmm woven plain 1000 --memory lkmm || true
	step weave-exhaustive exhaustive || true
	if step build-afl build afl; then
		for target in "${targets[@]}"; do
			step "afl-$target" afl_stable "$target" || true
		done
	fi
	step oss-fuzz-address oss_fuzz address -fsanitize=address -fsanitize-address-use-after-scope || true
	step oss-fuzz-undefined oss_fuzz undefined -fsanitize=undefined -fno-sanitize-recover=all || true
	step fuzz-sh scripts/fuzz.sh --time 10s --keep "$tmp/fuzz" || true
fi

echo "$((SECONDS / 60)) min $((SECONDS % 60)) s, logs in build/logs"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
