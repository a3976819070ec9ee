/* SPDX-License-Identifier: BSD-3-Clause */
#include "listen.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_MODE 0660

/* 0 when somebody takes connections there. */
static int probe(const struct sockaddr_un *address)
{
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (descriptor < 0)
		return -errno;
	int ret = connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	close(descriptor);
	return ret == -EAGAIN ? 0 : ret; /* its queue is full: it lives */
}

/* Makes the name free when it is nobody's. */
static int clear_name(const struct sockaddr_un *address)
{
	struct stat there;

	if (lstat(address->sun_path, &there) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(there.st_mode))
		return -EEXIST;
	int ret = probe(address);
	if (ret == 0)
		return -EADDRINUSE;
	if (ret != -ECONNREFUSED)
		return ret;
	return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_name(int descriptor, const struct sockaddr_un *address, struct listen_name *ret_name)
{
	struct stat bound;
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int ret = bind(descriptor, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(mask);
	if (ret < 0)
		return ret;
	if (lstat(address->sun_path, &bound) < 0)
		return -errno;
	memcpy(ret_name->path, address->sun_path, sizeof(ret_name->path));
	ret_name->device = bound.st_dev;
	ret_name->inode = bound.st_ino;
	return 0;
}

int listen_at(const char *path, int backlog, struct listen_name *ret_name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ret_name->path[0] = '\0';
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int ret = clear_name(&address);
	if (ret < 0)
		return ret;
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return -errno;
	ret = bind_name(descriptor, &address, ret_name);
	if (ret == 0 && listen(descriptor, backlog) < 0)
		ret = -errno;
	if (ret == 0)
		return descriptor;
	close(descriptor);
	listen_end(ret_name);
	return ret;
}

void listen_end(const struct listen_name *name)
{
	struct stat there;

	if (name->path[0] == '\0' || lstat(name->path, &there) < 0)
		return;
	/* The number of a file that is gone is given again at once. */
	if (S_ISSOCK(there.st_mode) && there.st_dev == name->device && there.st_ino == name->inode)
		unlink(name->path);
}

const char *listen_error(int error)
{
	if (error == -EADDRINUSE)
		return "somebody listens there already";
	return error == -EEXIST ? "there is something that is no socket" : strerror(-error);
}
