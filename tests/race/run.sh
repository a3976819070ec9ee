#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Threads on the real modules, each program twice: under ThreadSanitizer (build-tsan), and with liburcu's own checks
# under AddressSanitizer (build-rcu). RACE_SECONDS (4) is how long each runs. The last line is the result.
set -euo pipefail
cd "$(dirname "$0")/../.."

PROGRAMS="table bucket decided meters inspect"
SECONDS_EACH=${RACE_SECONDS:-4}
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# ThreadSanitizer wants certain addresses free, and some kernels put libraries there at random.
steady=()
if setarch -R true 2>/dev/null; then
	steady=(setarch -R)
fi

# DIR MESON-ARGUMENT...: set up once, then only what changed.
build() {
	local dir=$1 targets=
	shift
	for program in $PROGRAMS; do
		targets+=" tests/race/race_$program"
	done
	# shellcheck disable=SC2086
	if { [ -f "$dir/build.ninja" ] || meson setup "$dir" -Db_lundef=false "$@"; } >"$log" 2>&1 &&
		ninja -C "$dir" $targets >"$log" 2>&1; then
		return
	fi
	cat "$log"
	echo "FAIL $dir: not built"
	return 1
}

# One that hangs (a reader that is never quiescent) is ended after five times its time.
run() {
	local dir=$1 program=$2
	export RACE_SECONDS=$SECONDS_EACH RUNTIME_DIRECTORY=$PWD/$dir/run # DPDK's, else in /run
	mkdir -p "$RUNTIME_DIRECTORY"
	if timeout $((SECONDS_EACH * 5 + 20)) "${steady[@]}" "$dir/tests/race/race_$program" >"$log" 2>&1; then
		echo "ok   $program in $dir: $(tail -n 1 "$log")"
		passed=$((passed + 1))
	else
		head -n 200 "$log"
		echo "FAIL $program in $dir"
		failed=$((failed + 1))
	fi
}

all() {
	local dir=$1
	shift
	if ! build "$dir" "$@"; then
		failed=$((failed + 1))
		return
	fi
	for program in $PROGRAMS; do
		run "$dir" "$program"
	done
}

# DPDK's locks and rings in the compiler's atomics: ThreadSanitizer does not see what is done in assembly. GCC says
# at every fence that it does not see fences either.
export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1"
all build-tsan -Db_sanitize=thread -Dc_args="-Wno-tsan -DRTE_FORCE_INTRINSICS -DRTE_USE_C11_MEM_MODEL"
all build-rcu -Db_sanitize=address,undefined -Drcu_debug=true -Dc_args="-fno-sanitize-recover=undefined"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
