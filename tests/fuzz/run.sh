#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs each fuzz target (built with clang into build-fuzz) for SLUICE_FUZZ_SECONDS (5), from the inputs in corpus/ and
# those of seeds.c, always with the same seed. Names as arguments: only those. What a target fails on stays in
# build-fuzz/found. The last line is the result.
set -euo pipefail
cd "$(dirname "$0")/../.."

SECONDS_EACH=${SLUICE_FUZZ_SECONDS:-5}
RUNS=2000000
BUILD=build-fuzz
export RUNTIME_DIRECTORY=$PWD/$BUILD/run # DPDK's, else in /run
export ASAN_OPTIONS=quarantine_size_mb=64
passed=0 failed=0

build() {
	local log=$BUILD.log ret=0
	if [ ! -f $BUILD/build.ninja ]; then
		CC=clang meson setup $BUILD -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
			-Dc_args="-fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined" >"$log" 2>&1 || ret=$?
	fi
	[ $ret != 0 ] || ninja -C $BUILD tests/fuzz/fuzz_seeds "${targets[@]/#/tests/fuzz/fuzz_}" >"$log" 2>&1 || ret=$?
	[ $ret = 0 ] || cat "$log"
	rm -f "$log"
	return $ret
}

# New inputs go to a folder of their own, begun anew each time, so that the same tree gives the same run.
run() {
	local target=$1 work=$PWD/$BUILD/fuzz/$1 ret=0
	rm -rf "$work"
	mkdir -p "$work" "$BUILD/found" "$RUNTIME_DIRECTORY"
	"$BUILD/tests/fuzz/fuzz_seeds" "$target" "$work"
	"$BUILD/tests/fuzz/fuzz_$target" "$work" "tests/fuzz/corpus/$target" -seed=1 -runs=$RUNS \
		-max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
		-print_final_stats=1 -artifact_prefix="$BUILD/found/$target-" >"$work.log" 2>&1 || ret=$?
	if [ $ret != 0 ]; then
		grep -Ev "^#|^INFO" "$work.log" | tail -n 60
		echo "FAIL $target: exit code $ret, see $work.log and $BUILD/found"
		failed=$((failed + 1))
		return
	fi
	echo "ok   $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log") executions," \
		"$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work.log" | tail -n 1) edges"
	passed=$((passed + 1))
}

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
	for source in tests/fuzz/corpus/*; do
		targets+=("$(basename "$source")")
	done
fi
if build; then
	for target in "${targets[@]}"; do
		run "$target"
	done
else
	failed=1
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
