/* SPDX-License-Identifier: BSD-3-Clause */
/* An address with a port, as people write it: "192.0.2.1:8443", "[2001:db8::1]:8443". */
#ifndef SLUICE_ENDPOINT_H
#define SLUICE_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "scope.h"

struct endpoint {
	struct address address;
	uint16_t port; /* never 0 */
};

/* 0, or -EINVAL: then ret_endpoint is not written. */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint);

/* For bind(): IPv4 as IPv4. Returns its size. */
socklen_t endpoint_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *ret_address);

#endif
