/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - what a command is, and one invocation of it.
 *
 * The table of commands says all there is to say about their arguments:
 * parsing, usage errors and help are made from it.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct option_spec {
	const char *name;  /* "id" is --id; a single letter has one dash: "f" is -f */
	const char *value; /* what its value is called; NULL: it takes none */
	const char *summary;
	bool is_repeatable;
	bool is_required;
};

struct invocation;

/*
 * Does the command. 0 when done, -errno with `err` filled, or COMMAND_NEGATIVE
 * when all was said on standard output and the answer is no (exit status 1).
 */
typedef int command_run(const struct invocation *invocation, struct error *err);
#define COMMAND_NEGATIVE 1

struct command {
	const char *name; /* one word or two: "attach", "group create" */
	/*
	 * Arguments as usage shows them, a blank between: "GROUP RULE...". In
	 * brackets it may be left out, with dots it may be repeated.
	 */
	const char *arguments;
	const char *summary;		   /* for the list of commands: lower case, no full stop */
	const char *details;		   /* more for its own help, whole lines; NULL: none */
	const struct option_spec *options; /* up to one without a name; NULL: none */
	command_run *run;
};

/* All commands, up to one without a name, in the order of the help. */
extern const struct command commands[];
/* Options that every command takes, up to one without a name. */
extern const struct option_spec global_options[];

struct option_use {
	const struct option_spec *spec;
	const char *value; /* NULL for an option that takes none */
};

struct invocation {
	const struct command *command; /* NULL: none was named */
	const char *family;	       /* the first word when only that was right, as in "group" */
	const char **arguments;
	size_t argument_count;
	struct option_use *options; /* of the command and global ones, in their order */
	size_t option_count;
	bool json;
	bool wants_help;
	bool wants_version;
	const char *state_dir; /* NULL: not given */
	const char *bpffs;
};

/*
 * Read a command line against a table of commands. On failure (-EINVAL with
 * the code USAGE, -ENOMEM) *invocation_out is filled as far as it was
 * understood, so that `json` can be heeded. With wants_help or wants_version
 * nothing else is checked. Borrows argv. invocation_fini it in any case.
 */
int invocation_parse(const struct command *table, int argc, char **argv,
		     struct invocation *invocation_out, struct error *err);
void invocation_fini(struct invocation *invocation);

/* The last value of an option, NULL when it was not given. */
const char *option_value(const struct invocation *invocation, const char *name);
bool option_given(const struct invocation *invocation, const char *name);
/*
 * Values of a repeatable option one after the other: start with *position 0;
 * NULL after the last.
 */
const char *option_next(const struct invocation *invocation, const char *name, size_t *position);

/* Fill `err` for wrong usage of the command, with where its help is. Returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int usage_error(const struct invocation *invocation,
						      struct error *err, const char *format, ...);

/* How many arguments a command's `arguments` allow. */
struct argument_limits {
	size_t min;
	size_t max; /* SIZE_MAX: any number */
};
struct argument_limits argument_limits(const char *arguments);

#endif
