// SPDX-License-Identifier: GPL-2.0-only
/*
 * listener.c - the listening socket of the API.
 */
#include "api/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "model/code.h"
#include "net/listen.h"
#include "util/cleanup.h"
#include "util/quote.h"

#define UNIX_PREFIX "unix:"

static int failed(const char *path, int number, const char *advice, struct error *err)
{
	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR, "cannot listen at \"%s\": %s%s",
			 quote(path).text, strerror(number), advice);
}

/* A file that is in the way: gone when nobody listens at it, else -EADDRINUSE. */
static int remove_stale(const struct sockaddr_un *address, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status))
		return errno == ENOENT ? 0 : failed(address->sun_path, errno, "", err);
	if (!S_ISSOCK(status.st_mode))
		return failed(address->sun_path, EEXIST, ", and it is no socket: name another",
			      err);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(address->sun_path, errno, "", err);
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
	    errno != ECONNREFUSED)
		return failed(address->sun_path, EADDRINUSE, ": another process has it", err);
	if (unlink(address->sun_path) && errno != ENOENT)
		return failed(address->sun_path, errno, "", err);
	return 0;
}

/* The file has its permissions from its beginning. */
static int bind_file(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(before);
	return r;
}

static int unix_listen(const char *path, struct listener *listener, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_FREE char *copy = strdup(path);
	AUTO_CLOSE int fd = -1;
	int r;

	if (!copy)
		return out_of_memory(err);
	if (*path != '/' || strlen(path) >= sizeof(address.sun_path))
		return error_set(err, EINVAL, CODE_USAGE,
				 "\"%s\" is no path of a socket: use unix:/PATH of up to %zu bytes",
				 quote(path).text, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	r = remove_stale(&address, err);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(path, errno, "", err);
	r = bind_file(fd, &address);
	if (!r && listen(fd, SOMAXCONN)) {
		r = -errno;
		unlink(path);
	}
	if (r)
		return failed(path, -r, "", err);
	listener->fd = TAKE_FD(fd);
	listener->path = TAKE_PTR(copy);
	return 0;
}

/* What may be done without keys, and without TLS, depends on who can connect. */
static int check_who(const struct api_settings *settings, const struct sockaddr_storage *address,
		     struct error *err)
{
	if (address->ss_family == AF_UNIX)
		return 0;
	if (!settings->keys_path)
		return error_set(err, EINVAL, CODE_USAGE,
				 "no keys: give --keys FILE, or listen at a unix socket, whose "
				 "permissions say who may connect");
	if (settings->tls_cert || settings->allow_plaintext || tcp_address_is_loopback(address))
		return 0;
	return error_set(err, EINVAL, CODE_USAGE,
			 "plain HTTP beyond loopback can be overheard and replayed: give "
			 "--tls-cert and --tls-key, or say --allow-plaintext");
}

/* Somebody else's socket, or where to make one. */
static int address_find(const struct api_settings *settings, struct sockaddr_storage *address,
			struct error *err)
{
	socklen_t length = sizeof(*address);

	if (settings->listen && !strncmp(settings->listen, UNIX_PREFIX, strlen(UNIX_PREFIX))) {
		address->ss_family = AF_UNIX;
		return 0;
	}
	if (settings->listen)
		return tcp_address_parse(settings->listen, address, &length, err);
	if (getsockname(settings->listen_fd, (struct sockaddr *)address, &length))
		return error_set(err, errno, CODE_USAGE, "the socket to listen at is none: %s",
				 strerror(errno));
	return 0;
}

/* A client that is gone when it is accepted must not make the server wait for another. */
static int take_over(int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return error_set(err, errno, CODE_INTERNAL_SERVER_ERROR,
				 "cannot use the socket to listen at: %s", strerror(errno));
	return 0;
}

int listener_open(const struct api_settings *settings, struct listener *listener_out,
		  struct error *err)
{
	struct sockaddr_storage address = {0};
	struct listener listener = {.fd = -1};
	int r = address_find(settings, &address, err);

	if (!r && !settings->tls_cert != !settings->tls_key)
		r = error_set(err, EINVAL, CODE_USAGE,
			      "TLS takes both --tls-cert and --tls-key: give them together");
	if (!r)
		r = check_who(settings, &address, err);
	if (r)
		return r;
	listener.is_unix = address.ss_family == AF_UNIX;
	if (!settings->listen) {
		listener.fd = settings->listen_fd;
		r = take_over(listener.fd, err);
	} else if (listener.is_unix) {
		r = unix_listen(settings->listen + strlen(UNIX_PREFIX), &listener, err);
	} else {
		r = tcp_listen(settings->listen, &listener.fd, err);
	}
	if (!r)
		*listener_out = listener;
	return r;
}

void listener_close(struct listener *listener)
{
	if (listener->path)
		unlink(listener->path);
	free(listener->path);
	cleanup_close(&listener->fd);
	*listener = (struct listener){.fd = -1};
}
