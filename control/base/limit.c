/* SPDX-License-Identifier: BSD-3-Clause */
#include "limit.h"

const char *const limit_kind_name[LIMIT_KINDS] = {
	[LIMIT_CONNECTIONS] = "connections",
	[LIMIT_CONNECTION_RATE] = "connection-rate",
	[LIMIT_BYTE_RATE] = "byte-rate",
	[LIMIT_MESSAGE_RATE] = "message-rate",
};

const char *const stream_name[STREAMS] = {
#define X(name, text) [STREAM_##name] = text,
	STREAMS_OF_MAIL(X)
#undef X
};
