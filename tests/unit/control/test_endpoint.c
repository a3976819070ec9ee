/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses with a port, and what is none. */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>

#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(good)
{
	static const struct {
		const char *text, *host;
		int family, port;
	} rows[] = {
		{ "192.0.2.1:1", "192.0.2.1", AF_INET, 1 },
		{ "0.0.0.0:65535", "0.0.0.0", AF_INET, 65535 },
		{ "[2001:db8::1]:8443", "2001:db8::1", AF_INET6, 8443 },
		{ "[::]:08443", "::", AF_INET6, 8443 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct endpoint endpoint;
		struct sockaddr_storage address;
		char host[INET6_ADDRSTRLEN];
		ck_assert_msg(endpoint_parse(rows[i].text, &endpoint) == 0, "%s", rows[i].text);
		socklen_t size = endpoint_sockaddr(&endpoint, &address);
		bool four = rows[i].family == AF_INET;
		ck_assert_int_eq(address.ss_family, rows[i].family);
		ck_assert_uint_eq(size, four ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
		inet_ntop(rows[i].family, four ? (const void *)&v4->sin_addr : &v6->sin6_addr, host, sizeof(host));
		ck_assert_str_eq(host, rows[i].host);
		ck_assert_int_eq(ntohs(four ? v4->sin_port : v6->sin6_port), rows[i].port);
	}
}
END_TEST

START_TEST(none)
{
	static const char *const rows[] = { "",
					    ":",
					    "192.0.2.1",
					    "192.0.2.1:",
					    "192.0.2.1:0",
					    ":8443",
					    "192.0.2.1:65536",
					    "192.0.2.1:-1",
					    "192.0.2.1:8443x",
					    "192.0.2.1: 8443",
					    "[]:8443",
					    "[2001:db8::1]",
					    "[2001:db8::1:8443",
					    "2001:db8::1:8443",
					    "[192.0.2.1]:8443",
					    "host:8443",
					    "[:8443",
					    "]:8443",
					    "192.0.2.1:000001" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct endpoint endpoint = { .port = 7 };
		ck_assert_msg(endpoint_parse(rows[i], &endpoint) == -EINVAL, "\"%s\" is taken", rows[i]);
		ck_assert_uint_eq(endpoint.port, 7);
	}
}
END_TEST

UNIT_MAIN("endpoint", good, none)
