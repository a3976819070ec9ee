/* SPDX-License-Identifier: BSD-3-Clause */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

static bool port_parse(const char *text, uint16_t *ret_port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	*ret_port = (uint16_t)port;
	return digits > 0 && digits <= 5 && text[digits] == '\0' && port > 0 && port <= 65535;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint)
{
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';
	struct endpoint endpoint;
	char host[64];

	if (colon == NULL || (bracket && (colon - text < 2 || colon[-1] != ']')))
		return -EINVAL;
	int size = (int)(colon - text) - 2 * bracket;
	if (size <= 0 || (size_t)size >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", size, text + bracket);
	/* An IPv6 address without brackets would end where its port begins, or not. */
	if ((strchr(host, ':') != NULL) != bracket || address_parse(host, &endpoint.address) < 0 ||
	    !port_parse(colon + 1, &endpoint.port))
		return -EINVAL;
	*ret_endpoint = endpoint;
	return 0;
}

socklen_t endpoint_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *ret_address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (memcmp(endpoint->address.byte, mapped, sizeof(mapped)) == 0) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(endpoint->port);
		memcpy(&v4->sin_addr, endpoint->address.byte + sizeof(mapped), sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(endpoint->port);
	memcpy(&v6->sin6_addr, endpoint->address.byte, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}
