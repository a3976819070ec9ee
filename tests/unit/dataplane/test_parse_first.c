/* SPDX-License-Identifier: BSD-3-Clause */
/* First fragments that end before the ports: what follows could be to port 25, so they do not pass. */
#include "parses.h"

static const struct parse_row rows[] = {
	{ "IPv6, headers and no TCP",
	  { .ipv6 = true, .extensions = "fd", .fragment = 1, .l4_size = NO_L4 },
	  COUNT_DROP_FRAGMENT,
	  false },
	{ "IPv6, nothing behind the fragment header",
	  { .ipv6 = true, .extensions = "f", .fragment = 1, .l4_size = NO_L4 },
	  COUNT_DROP_FRAGMENT,
	  false },
	{ "IPv6, half of the ports",
	  { .ipv6 = true, .extensions = "fd", .fragment = 1, .l4_size = 2 },
	  COUNT_DROP_FRAGMENT,
	  false },
	{ "IPv4, half of the ports", { .fragment = 0x2000, .l4_size = 2 }, COUNT_DROP_FRAGMENT, false },
	{ "UDP: none of our business",
	  { .ipv6 = true, .extensions = "fd", .fragment = 1, .protocol = IPPROTO_UDP, .l4_size = NO_L4 },
	  COUNT_PASSED,
	  false },
};

START_TEST(unknown_ports)
{
	PARSE_ROWS(rows);
}
END_TEST

FIXTURE_MAIN("parse_first", parses_open, parses_close, unknown_ports)
