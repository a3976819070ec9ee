/* SPDX-License-Identifier: BSD-3-Clause */
#include "limit.h"

const char *const limit_kind_name[LIMIT_KINDS] = {
	[LIMIT_CONNECTIONS] = "connections",
	[LIMIT_CONNECTION_RATE] = "connection-rate",
	[LIMIT_BYTE_RATE] = "byte-rate",
	[LIMIT_MESSAGE_RATE] = "message-rate",
};
