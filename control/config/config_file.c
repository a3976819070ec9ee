/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *config_file_previous(const char *path, char *out, size_t size)
{
	snprintf(out, size, "%s.previous", path);
	return out;
}

static int sync_folder(const char *path)
{
	char copy[CONFIG_PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	int ret = fsync(folder) < 0 ? -errno : 0;
	close(folder);
	return ret;
}

static int write_all(int descriptor, const char *text, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t put = write(descriptor, text + done, size - done);
		if (put < 0 && errno != EINTR)
			return -errno;
		done += put > 0 ? (size_t)put : 0;
	}
	return fsync(descriptor) < 0 ? -errno : 0;
}

/* Who could read the old one can read the new one, and nobody else. */
static int write_new(const char *path, const char *like, const char *text, size_t size)
{
	struct stat old;

	if (stat(like, &old) < 0)
		return -errno;
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (descriptor < 0)
		return -errno;
	int ret = fchmod(descriptor, old.st_mode & 0777) < 0 ? -errno : 0;
	if (ret == 0 && fchown(descriptor, old.st_uid, old.st_gid) < 0)
		ret = -errno;
	if (ret == 0)
		ret = write_all(descriptor, text, size);
	close(descriptor);
	return ret;
}

int config_file_replace(const char *path, const char *text, size_t size)
{
	char fresh[CONFIG_PATH_MAX], previous[CONFIG_PATH_MAX];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	config_file_previous(path, previous, sizeof(previous));
	int ret = write_new(fresh, path, text, size);
	/* For a moment the old one has two names: the next step is one, and takes its first. */
	if (ret == 0 && ((unlink(previous) < 0 && errno != ENOENT) || link(path, previous) < 0))
		ret = -errno;
	if (ret == 0 && rename(fresh, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(fresh);
	else
		ret = sync_folder(path);
	return ret;
}

int config_file_swap(const char *path)
{
	char previous[CONFIG_PATH_MAX];

	config_file_previous(path, previous, sizeof(previous));
	if (renameat2(AT_FDCWD, previous, AT_FDCWD, path, RENAME_EXCHANGE) < 0)
		return -errno;
	return sync_folder(path);
}
