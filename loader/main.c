// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - from the command line to a command, from its result to what is said
 * on standard error and to the exit status: 0 done, 1 refused or failed, 2
 * wrong usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/commands.h"
#include "cmd/help.h"
#include "cmd/output.h"
#include "model/code.h"
#include "util/cleanup.h"

enum exit_status {
	STATUS_DONE,
	STATUS_FAILED,
	STATUS_USAGE,
};

/*
 * A descriptor 0, 1 or 2 that is closed would become that of the next file we
 * open, and what is printed would end up in it. What is put in its place here
 * refuses to be read (0) or written (1, 2), as the closed one would.
 */
static bool fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int access = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", access | O_CLOEXEC) != fd)
			return false;
	}
	return true;
}

static int run(const struct invocation *invocation, struct error *err)
{
	if (invocation->wants_help) {
		const struct command *command = invocation->command;
		const char *family = invocation->family ? invocation->family : "";

		return help_topic_print(command ? command->name : family, invocation->json, err);
	}
	if (invocation->wants_version)
		return cmd_version(invocation, err);
	return invocation->command->run(invocation, err);
}

/* What standard output did not take makes a failure of what went well. */
static int finish_output(int result, struct error *err)
{
	int flushed = fflush(stdout);
	int number = errno;

	if (result < 0 || (!flushed && !ferror(stdout)))
		return result;
	return error_set(err, flushed ? number : EIO, CODE_INTERNAL_SERVER_ERROR,
			 "cannot write to standard output: %s", strerror(flushed ? number : EIO));
}

static enum exit_status exit_status(const struct invocation *invocation, int result,
				    struct error *err)
{
	if (!result)
		return STATUS_DONE;
	if (result == COMMAND_NEGATIVE)
		return STATUS_FAILED;
	if (!*err->message)
		error_set(err, -result, CODE_INTERNAL_SERVER_ERROR, "%s", strerror(-result));
	output_error(invocation->json, err);
	return err->code && !strcmp(err->code, CODE_USAGE) ? STATUS_USAGE : STATUS_FAILED;
}

int main(int argc, char **argv)
{
	AUTO(invocation_fini) struct invocation invocation = {0};
	struct error err = {0};
	int r;

	if (!fill_standard_descriptors())
		return STATUS_FAILED;
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_print_all(stderr);
		return STATUS_USAGE;
	}
	r = invocation_parse(commands, argc, argv, &invocation, &err);
	if (!r)
		r = run(&invocation, &err);
	r = finish_output(r, &err);
	return exit_status(&invocation, r, &err);
}
