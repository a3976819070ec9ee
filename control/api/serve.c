/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/serve.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/listener.h"
#include "endpoint.h"
#include "listen.h"
#include "log.h"

#define BACKLOG 4096 /* who comes waits here, and is not told to go */

struct server {
	struct listen_name admin_name, read_name;
	struct listener *admin, *read, *remote;
};

static int set_group(const char *path, const char *name)
{
	const struct group *group = getgrnam(name);

	if (group == NULL) {
		log_error("%s: no group \"%s\"", path, name);
		return -ENOENT;
	}
	return chown(path, (uid_t)-1, group->gr_gid) < 0 ? -errno : 0;
}

static int open_local(struct daemon *daemon, const char *path, const char *group, enum right right,
		      struct listen_name *ret_name, struct listener **ret_listener)
{
	struct place place = { .name = path, .right = right };

	place.descriptor = listen_at(path, BACKLOG, ret_name);
	int ret = place.descriptor;
	if (ret >= 0)
		ret = set_group(path, group);
	if (ret == 0)
		ret = listener_create(daemon, &place, ret_listener);
	else if (place.descriptor >= 0)
		close(place.descriptor);
	if (ret < 0)
		log_error("%s: %s", path, listen_error(ret));
	return ret;
}

static void free_tls(struct tls_files *tls)
{
	free(tls->certificate);
	free(tls->key);
	free(tls->client_ca);
}

static int read_tls(const struct settings *settings, struct tls_files *tls)
{
	char **const text[] = { &tls->certificate, &tls->key, &tls->client_ca };
	const char *const path[] = { settings->certificate, settings->key, settings->client_ca };

	for (int i = 0; i < 3; i++) {
		size_t size;
		if (path[i] == NULL)
			continue;
		*text[i] = config_read_file(path[i], &size);
		if (*text[i] == NULL) {
			int error = errno;
			log_error("%s: %s", path[i], strerror(error));
			return -error;
		}
	}
	return 0;
}

static int listen_remote(const char *text)
{
	struct endpoint endpoint;
	struct sockaddr_storage address;
	int yes = 1;

	if (endpoint_parse(text, &endpoint) < 0)
		return -EINVAL;
	socklen_t size = endpoint_sockaddr(&endpoint, &address);
	int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return -errno;
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(descriptor, (const struct sockaddr *)&address, size) == 0 && listen(descriptor, BACKLOG) == 0)
		return descriptor;
	int ret = -errno;
	close(descriptor);
	return ret;
}

/* Only if it is configured. */
static int open_remote(struct daemon *daemon, struct listener **ret_listener)
{
	const struct settings *settings = &daemon->config->settings;
	struct tls_files tls = { 0 };
	struct place place = { .name = settings->listen, .remote = true, .tls = &tls };

	if (settings->listen == NULL)
		return 0;
	int ret = read_tls(settings, &tls);
	if (ret == 0)
		ret = place.descriptor = listen_remote(settings->listen);
	if (ret >= 0)
		ret = listener_create(daemon, &place, ret_listener);
	free_tls(&tls);
	if (ret == -EINVAL)
		log_error("%s: certificate or key do not fit", settings->listen);
	else if (ret < 0)
		log_error("%s: %s", settings->listen, strerror(-ret));
	return ret;
}

int server_create(struct daemon *daemon, struct server **ret_server)
{
	const struct settings *settings = &daemon->config->settings;
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return -ENOMEM;
	int ret = open_local(daemon, settings->admin_socket, settings->admin_group, RIGHT_ADMIN, &server->admin_name,
			     &server->admin);
	if (ret == 0)
		ret = open_local(daemon, settings->read_socket, settings->read_group, RIGHT_READ, &server->read_name,
				 &server->read);
	if (ret == 0)
		ret = open_remote(daemon, &server->remote);
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
	listener_destroy(server->remote);
	listener_destroy(server->admin);
	listener_destroy(server->read);
	listen_end(&server->admin_name);
	listen_end(&server->read_name);
	free(server);
}
