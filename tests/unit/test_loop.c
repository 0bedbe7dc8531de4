// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_loop.c - who is seen to, in which order, and when nobody is ready.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/loop.h"

struct fixture {
	struct loop *loop;
	char order[64]; /* a letter for each that was seen to */
	size_t stop_after;
	struct error err;
};

/* A source that tells its letter. */
struct teller {
	struct fixture *fixture;
	char letter;
	int fd;		/* an eventfd */
	bool is_greedy; /* stays ready */
	int timeout_ms;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.stop_after = 1};
	*state = &fixture;
	return loop_open(&fixture.loop, &fixture.err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_close(f->loop);
	return 0;
}

static void tell(void *context)
{
	struct teller *teller = context;
	struct fixture *f = teller->fixture;
	uint64_t value;

	if (!teller->is_greedy)
		(void)!read(teller->fd, &value, sizeof(value));
	f->order[strlen(f->order)] = teller->letter;
	if (strlen(f->order) == f->stop_after)
		loop_stop(f->loop);
}

static int timeout(const void *context)
{
	return ((const struct teller *)context)->timeout_ms;
}

static void add(struct fixture *f, struct teller *teller, char letter, bool is_ready)
{
	struct loop_source source = {.ready = tell, .timeout_ms = timeout, .context = teller};

	teller->fixture = f;
	teller->letter = letter;
	if (!teller->timeout_ms)
		teller->timeout_ms = -1;
	teller->fd = eventfd(is_ready, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(teller->fd >= 0);
	source.fd = teller->fd;
	assert_int_equal(loop_add(f->loop, &source, &f->err), 0);
}

static void run(struct fixture *f, size_t stop_after, const char *expected)
{
	f->stop_after = stop_after;
	assert_int_equal(loop_run(f->loop, &f->err), 0);
	assert_string_equal(f->order, expected);
}

static void what_was_added_first_is_seen_to_first(void **state)
{
	struct teller a = {0}, b = {0}, c = {0};

	add(*state, &a, 'a', false);
	add(*state, &b, 'b', true);
	add(*state, &c, 'c', true);
	run(*state, 2, "bc");
	close(a.fd);
	close(b.fd);
	close(c.fd);
}

static void who_is_always_ready_does_not_keep_others_waiting(void **state)
{
	struct teller a = {.is_greedy = true}, b = {0};

	add(*state, &a, 'a', true);
	add(*state, &b, 'b', true);
	run(*state, 4, "abaa");
	close(a.fd);
	close(b.fd);
}

static void who_waits_no_longer_is_seen_to_without_being_ready(void **state)
{
	struct teller a = {0}, b = {.timeout_ms = 5};

	add(*state, &a, 'a', false);
	add(*state, &b, 'b', false);
	run(*state, 3, "bbb");
	close(a.fd);
	close(b.fd);
}

static void nobody_is_seen_to_after_the_stop(void **state)
{
	struct teller a = {0}, b = {0};

	add(*state, &a, 'a', true);
	add(*state, &b, 'b', true);
	run(*state, 1, "a");
	close(a.fd);
	close(b.fd);
}

static void a_timer_comes_again_and_again(void **state)
{
	struct fixture *f = *state;
	struct teller a = {.fixture = f, .letter = 't', .fd = -1, .is_greedy = true};

	assert_int_equal(loop_add_timer(f->loop, 2, tell, &a, &f->err), 0);
	run(f, 3, "ttt");
}

#define LOOP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(what_was_added_first_is_seen_to_first),
		LOOP_TEST(who_is_always_ready_does_not_keep_others_waiting),
		LOOP_TEST(who_waits_no_longer_is_seen_to_without_being_ready),
		LOOP_TEST(nobody_is_seen_to_after_the_stop),
		LOOP_TEST(a_timer_comes_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
