#!/bin/bash -eu
# Copyright 2026 The mmfuzz authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
#
################################################################################

# Builds every fuzz target with its seed corpus, options and dictionary into $OUT, from the variables of the OSS-Fuzz
# contract alone: CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE SRC OUT WORK.

cd "$SRC/mmfuzz"
rm -rf "$WORK/mmfuzz-build"
cmake -S . -B "$WORK/mmfuzz-build" -G Ninja -DMMFUZZ_WERROR=OFF "-DLIB_FUZZING_ENGINE=$LIB_FUZZING_ENGINE"
cmake --build "$WORK/mmfuzz-build"

for source in fuzz/targets/fuzz_*.c; do
	target=$(basename "$source" .c)
	# MemorySanitizer and ThreadSanitizer exclude the instrumentation of woven code: see weave.cmake.
	if [[ $target == fuzz_weave_* && ! -e $WORK/mmfuzz-build/bin/$target ]]; then
		continue
	fi
	cp "$WORK/mmfuzz-build/bin/$target" "$OUT/"
	for extra in "fuzz/targets/$target.options" "fuzz/targets/$target.dict"; do
		if [ -f "$extra" ]; then
			cp "$extra" "$OUT/"
		fi
	done
	if [ -d "corpus/$target" ]; then
		rm -f "$OUT/${target}_seed_corpus.zip"
		(cd "corpus/$target" && find . -type f | LC_ALL=C sort | zip -q -@ "$OUT/${target}_seed_corpus.zip")
	fi
done
