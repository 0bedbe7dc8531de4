// SPDX-License-Identifier: GPL-2.0-only
/*
 * loop.c - wait for whatever happens first, and have it seen to.
 */
#include "daemon/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "model/code.h"
#include "util/cleanup.h"
#include "util/monotonic.h"

struct entry {
	struct loop_source source;
	bool is_timer; /* its descriptor is ours */
	bool is_ready;
	int64_t deadline_ms; /* -1: none */
};

struct loop {
	int epoll;
	bool is_stopping;
	size_t count;
	struct entry entries[LOOP_MAX_SOURCES];
};

static int failed(struct error *err)
{
	int number = errno;

	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR, "cannot wait for events: %s",
			 strerror(number));
}

int loop_open(struct loop **loop_out, struct error *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return failed(err);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		free(loop);
		return failed(err);
	}
	*loop_out = loop;
	return 0;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	for (size_t i = 0; i < loop->count; i++) {
		if (loop->entries[i].is_timer)
			close(loop->entries[i].source.fd);
	}
	close(loop->epoll);
	free(loop);
}

int loop_add(struct loop *loop, const struct loop_source *source, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = loop->count};

	assert(loop->count < LOOP_MAX_SOURCES);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event))
		return failed(err);
	loop->entries[loop->count++] = (struct entry){.source = *source, .deadline_ms = -1};
	return 0;
}

int loop_add_timer(struct loop *loop, unsigned int interval_ms, void (*ready)(void *context),
		   void *context, struct error *err)
{
	struct timespec interval = {.tv_sec = interval_ms / 1000,
				    .tv_nsec = interval_ms % 1000 * 1000000L};
	struct itimerspec times = {.it_interval = interval, .it_value = interval};
	AUTO_CLOSE int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source source = {.fd = fd, .ready = ready, .context = context};
	int r;

	if (fd < 0 || timerfd_settime(fd, 0, &times, NULL))
		return failed(err);
	r = loop_add(loop, &source, err);
	if (r)
		return r;
	loop->entries[loop->count - 1].is_timer = true;
	(void)TAKE_FD(fd);
	return 0;
}

/* Ask each source how long it can wait; the shortest, -1 for ever. */
static int set_deadlines(struct loop *loop)
{
	int64_t now = monotonic_ms();
	int shortest = -1;

	for (size_t i = 0; i < loop->count; i++) {
		struct entry *entry = &loop->entries[i];
		int left = -1;

		if (entry->source.timeout_ms)
			left = entry->source.timeout_ms(entry->source.context);
		entry->deadline_ms = left < 0 ? -1 : now + left;
		if (left >= 0 && (shortest < 0 || left < shortest))
			shortest = left;
	}
	return shortest;
}

static int wait_for_any(struct loop *loop, struct error *err)
{
	struct epoll_event events[LOOP_MAX_SOURCES];
	int timeout_ms = set_deadlines(loop);
	int count = epoll_wait(loop->epoll, events, LOOP_MAX_SOURCES, timeout_ms);

	if (count < 0 && errno != EINTR)
		return failed(err);
	for (int i = 0; i < count; i++)
		loop->entries[events[i].data.u32].is_ready = true;
	return 0;
}

/* What is read tells how often the timer ran out; it may have been set anew meanwhile. */
static void quiet_timer(int fd)
{
	uint64_t times;

	(void)!read(fd, &times, sizeof(times));
}

static void serve(struct loop *loop)
{
	for (size_t i = 0; i < loop->count && !loop->is_stopping; i++) {
		struct entry *entry = &loop->entries[i];

		if (!entry->is_ready &&
		    (entry->deadline_ms < 0 || monotonic_ms() < entry->deadline_ms))
			continue;
		entry->is_ready = false;
		if (entry->is_timer)
			quiet_timer(entry->source.fd);
		entry->source.ready(entry->source.context);
	}
}

int loop_run(struct loop *loop, struct error *err)
{
	while (!loop->is_stopping) {
		int r = wait_for_any(loop, err);

		if (r)
			return r;
		serve(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopping = true;
}
