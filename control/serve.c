/* SPDX-License-Identifier: BSD-3-Clause */
#include "serve.h"

#include <errno.h>
#include <stdlib.h>

#include "listener.h"

struct server {
	struct listener *admin, *read;
};

int server_create(struct daemon *daemon, struct server **ret_server)
{
	const struct settings *settings = &daemon->config->settings;
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return -ENOMEM;
	int ret = listener_create(daemon, settings->admin_socket, settings->admin_group, RIGHT_ADMIN, &server->admin);
	if (ret == 0)
		ret = listener_create(daemon, settings->read_socket, settings->read_group, RIGHT_READ, &server->read);
	if (ret < 0) {
		server_destroy(server);
		return ret;
	}
	*ret_server = server;
	return 0;
}

void server_destroy(struct server *server)
{
	if (server == NULL)
		return;
	listener_destroy(server->admin);
	listener_destroy(server->read);
	free(server);
}
