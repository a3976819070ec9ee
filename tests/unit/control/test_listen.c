/* SPDX-License-Identifier: BSD-3-Clause */
/* A listening socket takes no name away that is somebody else's, neither at its start nor at its end. */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[UNIT_PATH], path[UNIT_PATH + 8];

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(unit_template(folder, "listen")));
	snprintf(path, sizeof(path), "%s/socket", folder);
}

static void end(void)
{
	ck_assert_int_eq(rmdir(folder), 0);
}

static bool is_there(void)
{
	return access(path, F_OK) == 0;
}

START_TEST(bound_and_gone_again)
{
	struct listen_name name;
	struct stat there;

	begin();
	int descriptor = listen_at(path, 4, &name);
	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(lstat(path, &there), 0);
	ck_assert(S_ISSOCK(there.st_mode));
	ck_assert_uint_eq(there.st_mode & 0777, 0660);
	close(descriptor);
	listen_end(&name);
	ck_assert(!is_there());
	listen_end(&name);
	end();
}
END_TEST

START_TEST(a_live_one_stays)
{
	struct listen_name name, other;

	begin();
	int descriptor = listen_at(path, 0, &name);
	for (int i = 0; i < 4; i++) {
		/* With a full queue, too: who does not take connections at the moment is alive. */
		ck_assert_int_eq(listen_at(path, 0, &other), -EADDRINUSE);
		listen_end(&other);
	}
	ck_assert(is_there());
	close(descriptor);
	listen_end(&name);
	end();
}
END_TEST

START_TEST(a_dead_one_is_replaced)
{
	struct listen_name dead, name;

	begin();
	close(listen_at(path, 4, &dead));
	int descriptor = listen_at(path, 4, &name);
	ck_assert_int_ge(descriptor, 0);
	/* The name is the new one's now. */
	listen_end(&dead);
	ck_assert(dead.inode == name.inode || is_there());
	close(descriptor);
	listen_end(&name);
	ck_assert(!is_there());
	end();
}
END_TEST

START_TEST(what_is_no_socket_stays)
{
	struct listen_name name;

	begin();
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(listen_at(path, 4, &name), -EEXIST);
	ck_assert(is_there());
	unlink(path);
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_int_eq(listen_at(path, 4, &name), -EEXIST);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(listen_at(path, 4, &name), -EEXIST);
	rmdir(path);
	end();
}
END_TEST

START_TEST(another_ones_name_stays)
{
	struct listen_name name;

	begin();
	close(listen_at(path, 4, &name));
	unlink(path);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	listen_end(&name);
	ck_assert(is_there());
	unlink(path);
	end();
}
END_TEST

START_TEST(errors)
{
	struct listen_name name;
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(listen_at(longer, 4, &name), -ENAMETOOLONG);
	ck_assert_int_eq(listen_at("/nonexistent/socket", 4, &name), -ENOENT);
	ck_assert_str_eq(listen_error(-EADDRINUSE), "somebody listens there already");
	ck_assert_str_eq(listen_error(-EEXIST), "there is something that is no socket");
	ck_assert_str_eq(listen_error(-ENOENT), strerror(ENOENT));
}
END_TEST

UNIT_MAIN("listen", bound_and_gone_again, a_live_one_stays, a_dead_one_is_replaced, what_is_no_socket_stays,
	  another_ones_name_stays, errors)
