// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_process.c - several processes at one store, and one that dies.
 *
 * SQLite connections do not survive fork(), so each child opens its own. A
 * child tells its parent how far it is by a byte in a pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "unit/store_fixture.h"

#define WRITERS 2
#define TRANSACTIONS 200
#define OPENERS 8

/* A child's way out: no cmocka, no atexit. */
static void child_require(int r, const struct error *err)
{
	if (!r)
		return;
	fprintf(stderr, "child: %s\n", err->message);
	_exit(1);
}

static void assert_children_succeed(const pid_t *children, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* All children at once: each reads the end of a pipe that their parent closes. */
static void children_start(pid_t *children, size_t count, struct fixture *f,
			   void (*work)(struct fixture *f, size_t which))
{
	int gate[2];

	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	for (size_t i = 0; i < count; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i]) {
			char byte;

			close(gate[1]);
			if (read(gate[0], &byte, 1) != 0)
				_exit(2);
			work(f, i);
			_exit(0);
		}
	}
	close(gate[0]);
	close(gate[1]);
}

static void open_and_close(struct fixture *f, size_t which)
{
	(void)which;
	child_require(store_open(f->dir, &f->store, &f->err), &f->err);
	child_require(store_begin_read(f->store, &f->err), &f->err);
	store_close(f->store);
}

static void processes_that_open_a_new_directory_at_once_all_succeed(void **state)
{
	struct fixture *f = *state;
	pid_t children[OPENERS];

	for (int round = 0; round < 5; round++) {
		snprintf(f->file, sizeof(f->file), "%s", f->dir);
		snprintf(f->dir, sizeof(f->dir), "%.40s/%d", f->file, round);
		children_start(children, OPENERS, f, open_and_close);
		assert_children_succeed(children, OPENERS);
		snprintf(f->dir, sizeof(f->dir), "%.60s", f->file);
	}
}

/* Adds one to a number, as often as it says. */
static void count_up(struct fixture *f, size_t which)
{
	(void)which;
	child_require(store_open(f->dir, &f->store, &f->err), &f->err);
	for (int i = 0; i < TRANSACTIONS; i++) {
		AUTO_FREE char *old = NULL;
		char new[16];

		child_require(store_begin_write(f->store, &f->err), &f->err);
		child_require(store_fact_get(f->store, "count", &old, &f->err), &f->err);
		snprintf(new, sizeof(new), "%d", old ? atoi(old) + 1 : 1);
		child_require(store_fact_set(f->store, "count", new, &f->err), &f->err);
		child_require(store_commit(f->store, &f->err), &f->err);
	}
	store_close(f->store);
}

static void writers_wait_for_each_other_and_lose_nothing(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *count = NULL;
	pid_t children[WRITERS];

	children_start(children, WRITERS, f, count_up);
	assert_children_succeed(children, WRITERS);
	OK(f, store_open(f->dir, &f->store, &f->err));
	OK(f, store_begin_read(f->store, &f->err));
	OK(f, store_fact_get(f->store, "count", &count, &f->err));
	assert_int_equal(atoi(count), WRITERS * TRANSACTIONS);
}

/* A child in the middle of a write transaction; it goes on to commit when `go` is closed. */
struct writer {
	pid_t pid;
	int go;
};

static struct writer writer_start(struct fixture *f)
{
	struct writer writer;
	int ready[2];
	int go[2];
	char byte = 0;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	writer.pid = fork();
	assert_true(writer.pid >= 0);
	if (!writer.pid) {
		struct group group = {.id = "new", .name = "new", .available = true};

		close(go[1]);
		child_require(store_open(f->dir, &f->store, &f->err), &f->err);
		child_require(store_begin_write(f->store, &f->err), &f->err);
		child_require(store_group_add(f->store, &group, &f->err), &f->err);
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 0)
			_exit(2);
		child_require(store_commit(f->store, &f->err), &f->err);
		store_close(f->store);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	writer.go = go[1];
	return writer;
}

static size_t groups_seen(struct fixture *f)
{
	AUTO(groups_fini) struct groups groups = {0};

	OK(f, store_group_list(f->store, &groups, &f->err));
	return groups.count;
}

static void readers_and_a_writer_do_not_wait_and_the_reader_sees_the_old_state(void **state)
{
	struct fixture *f = *state;
	struct writer writer = writer_start(f);

	OK(f, store_open(f->dir, &f->store, &f->err));
	/* it would fail at once if it had to wait */
	sqlite3_busy_timeout(f->store->db, 0);
	OK(f, store_begin_read(f->store, &f->err));
	close(writer.go);
	assert_children_succeed(&writer.pid, 1);
	/* begun before the commit: sees nothing of it, whenever it looks */
	assert_int_equal(groups_seen(f), 0);
	store_rollback(f->store);
	OK(f, store_begin_read(f->store, &f->err));
	assert_int_equal(groups_seen(f), 1);
}

static void a_writer_killed_in_the_middle_leaves_the_old_state(void **state)
{
	struct fixture *f = *state;
	struct writer writer = writer_start(f);
	int status;

	assert_int_equal(kill(writer.pid, SIGKILL), 0);
	assert_int_equal(waitpid(writer.pid, &status, 0), writer.pid);
	assert_true(WIFSIGNALED(status));
	close(writer.go);
	OK(f, store_open(f->dir, &f->store, &f->err));
	OK(f, store_begin_write(f->store, &f->err));
	assert_int_equal(groups_seen(f), 0);
	fixture_group(f, "new");
	OK(f, store_commit(f->store, &f->err));
	assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM security_group"), 1);
	assert_int_equal(fixture_number(f->store->db, "SELECT integrity_check = 'ok' "
						      "FROM pragma_integrity_check"),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIRECTORY_TEST(processes_that_open_a_new_directory_at_once_all_succeed),
		DIRECTORY_TEST(writers_wait_for_each_other_and_lose_nothing),
		DIRECTORY_TEST(readers_and_a_writer_do_not_wait_and_the_reader_sees_the_old_state),
		DIRECTORY_TEST(a_writer_killed_in_the_middle_leaves_the_old_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
