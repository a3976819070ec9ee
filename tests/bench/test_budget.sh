#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The packet path costs no more instructions than was agreed. The last line is the result.
set -uo pipefail
cd "$(dirname "$0")"

./budget | sed '$d' # its own result counts kinds
if [ "${PIPESTATUS[0]}" = 0 ]; then
	echo "1 passed, 0 failed"
else
	echo "0 passed, 1 failed"
	exit 1
fi
