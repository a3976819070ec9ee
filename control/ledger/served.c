/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/served.h"

#include <string.h>

int64_t served_ms(const struct served_mark *mark, const char *boot, int64_t boot_now_ms)
{
	int64_t since = strcmp(mark->boot, boot) == 0 ? boot_now_ms - mark->boot_ms : boot_now_ms;

	/* A new life of the machine: what it is up counts, from its start on. */
	return mark->served_ms + (since > 0 ? since : 0);
}

int64_t served_deadline(int64_t served_now_ms, int64_t given_ms)
{
	return given_ms > 0 ? served_now_ms + given_ms : served_now_ms;
}
