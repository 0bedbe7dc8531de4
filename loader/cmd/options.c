// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - read a command line against the table of commands.
 *
 * Options may stand anywhere, the global ones before the command too. After
 * the first mistake reading goes on, because a later --json or --help decides
 * what becomes of it.
 */
#include "cmd/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/quote.h"

const struct option_spec global_options[] = {
	{.name = "json",
	 .summary = "print one JSON document, and errors as JSON",
	 .is_repeatable = true},
	{.name = "state-dir", .value = "DIR", .summary = "state (SGATE_STATE_DIR, /var/lib/sgate)"},
	{.name = "bpffs",
	 .value = "DIR",
	 .summary = "pinned maps and programs (SGATE_BPFFS, /sys/fs/bpf/sgate)"},
	{.name = "help", .summary = "print the command's help", .is_repeatable = true},
	{.name = "h", .summary = "the same", .is_repeatable = true},
	{.name = "version", .summary = "print the version", .is_repeatable = true},
	{.name = NULL},
};

struct parser {
	const struct command *table;
	char **words; /* what is not read yet; ends with NULL */
	bool options_ended;
	bool is_lost; /* the command is not in the table */
	struct invocation *invocation;
	struct error *err; /* of the first mistake */
	int result;
};

void invocation_fini(struct invocation *invocation)
{
	free(invocation->arguments);
	free(invocation->options);
	*invocation = (struct invocation){0};
}

/* What follows "sgate help" for help on what was understood. */
static const char *help_topic(const struct invocation *invocation)
{
	if (invocation->command)
		return invocation->command->name;
	return invocation->family ? invocation->family : "";
}

int usage_error(const struct invocation *invocation, struct error *err, const char *format, ...)
{
	const char *topic = help_topic(invocation);
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return error_set(err, EINVAL, CODE_USAGE, "%s: see sgate help%s%s", message,
			 *topic ? " " : "", topic);
}

/* A mistake, kept when it is the first one; the message gets " of COMMAND" at its end. */
__attribute__((format(printf, 2, 3))) static void mistake(struct parser *parser, const char *format,
							  ...)
{
	const struct command *command = parser->invocation->command;
	char message[256];
	va_list args;

	if (parser->result)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	parser->result = usage_error(parser->invocation, parser->err, "%s%s%s", message,
				     command ? " of " : "", command ? command->name : "");
}

struct argument_limits argument_limits(const char *arguments)
{
	struct argument_limits limits = {0};

	while (*arguments) {
		size_t length = strcspn(arguments, " ");

		if (*arguments != '[')
			limits.min++;
		if (limits.max != SIZE_MAX)
			limits.max++;
		if (memmem(arguments, length, "...", 3))
			limits.max = SIZE_MAX;
		arguments += length + strspn(arguments + length, " ");
	}
	return limits;
}

static const struct option_spec *find_in(const struct option_spec *options, const char *name,
					 size_t length)
{
	for (; options && options->name; options++) {
		if (strlen(options->name) == length && !memcmp(options->name, name, length))
			return options;
	}
	return NULL;
}

static const struct option_spec *find_option(const struct invocation *invocation, const char *name,
					     size_t length)
{
	const struct option_spec *spec = NULL;

	if (invocation->command)
		spec = find_in(invocation->command->options, name, length);
	return spec ? spec : find_in(global_options, name, length);
}

static void use_option(struct parser *parser, const struct option_spec *spec, const char *value)
{
	struct invocation *invocation = parser->invocation;

	if (!spec->is_repeatable && option_given(invocation, spec->name))
		mistake(parser, "repeated option \"%s%s\"", spec->name[1] ? "--" : "-", spec->name);
	invocation->options[invocation->option_count++] = (struct option_use){spec, value};
}

/* One word that begins with a dash, and its value when that is the next word. */
static void read_option(struct parser *parser, const char *word)
{
	bool is_long = word[1] == '-';
	const char *name = word + 1 + is_long;
	size_t length = is_long ? strcspn(name, "=") : strlen(name);
	const struct option_spec *spec = find_option(parser->invocation, name, length);
	const char *value = name[length] ? name + length + 1 : NULL;

	/* one dash for one letter, two for a word */
	if (!spec || (length > 1) != is_long) {
		mistake(parser, "unknown option \"%.*s\"", is_long ? (int)length + 2 : QUOTE_MAX,
			quote(word).text);
		return;
	}
	if (!spec->value && value) {
		mistake(parser, "needless value of option \"--%s\"", spec->name);
		return;
	}
	if (spec->value && !value) {
		value = *parser->words;
		if (!value) {
			mistake(parser, "missing value %s of option \"%s\"", spec->value, word);
			return;
		}
		parser->words++;
	}
	use_option(parser, spec, value);
}

static bool is_family(const struct command *table, const char *word)
{
	size_t length = strlen(word);

	for (; table->name; table++) {
		if (!strncmp(table->name, word, length) && table->name[length] == ' ')
			return true;
	}
	return false;
}

/* A word of the command's name: the only one, the first of two or the second. */
static void read_command_word(struct parser *parser, const char *word)
{
	struct invocation *invocation = parser->invocation;
	const char *family = invocation->family;

	for (const struct command *command = parser->table; command->name; command++) {
		size_t length = family ? strlen(family) + 1 : 0;

		if ((!length || (!strncmp(command->name, family, length - 1) &&
				 command->name[length - 1] == ' ')) &&
		    !strcmp(command->name + length, word)) {
			invocation->command = command;
			return;
		}
	}
	if (!family && *word && is_family(parser->table, word)) {
		invocation->family = word;
	} else {
		parser->is_lost = true;
		mistake(parser, "unknown command \"%s%s%s\"", family ? family : "",
			family ? " " : "", quote(word).text);
	}
}

static void read_word(struct parser *parser)
{
	struct invocation *invocation = parser->invocation;
	const char *word = *parser->words++;

	if (!parser->options_ended && word[0] == '-' && word[1]) {
		if (strcmp(word, "--"))
			read_option(parser, word);
		else
			parser->options_ended = true;
		return;
	}
	if (invocation->command)
		invocation->arguments[invocation->argument_count++] = word;
	else if (!parser->is_lost)
		read_command_word(parser, word);
}

/* The name of the first argument that is missing. */
static void missing_argument(struct parser *parser)
{
	const struct invocation *invocation = parser->invocation;
	const char *name = invocation->command->arguments;

	for (size_t i = 0; i < invocation->argument_count; i++)
		name += strcspn(name, " ") + 1;
	mistake(parser, "missing argument %.*s", (int)strcspn(name, " ."), name);
}

/* What can only be said at the end: too few, too many. */
static void check_counts(struct parser *parser)
{
	const struct invocation *invocation = parser->invocation;
	const struct command *command = invocation->command;
	struct argument_limits limits;

	if (!command) {
		if (invocation->family)
			mistake(parser, "incomplete command \"%s\"", invocation->family);
		else
			mistake(parser, "missing command");
		return;
	}
	limits = argument_limits(command->arguments);
	if (invocation->argument_count < limits.min)
		missing_argument(parser);
	if (invocation->argument_count > limits.max)
		mistake(parser, "surplus argument \"%s\"",
			quote(invocation->arguments[limits.max]).text);
	for (const struct option_spec *spec = command->options; spec && spec->name; spec++) {
		if (spec->is_required && !option_given(invocation, spec->name))
			mistake(parser, "missing option \"--%s\"", spec->name);
	}
}

static void take_globals(struct parser *parser)
{
	struct invocation *invocation = parser->invocation;

	invocation->json = option_given(invocation, "json");
	invocation->wants_help = option_given(invocation, "help") || option_given(invocation, "h");
	invocation->wants_version = option_given(invocation, "version");
	invocation->state_dir = option_value(invocation, "state-dir");
	invocation->bpffs = option_value(invocation, "bpffs");
	if (invocation->state_dir && !*invocation->state_dir)
		mistake(parser, "empty value of option \"--state-dir\"");
	if (invocation->bpffs && !*invocation->bpffs)
		mistake(parser, "empty value of option \"--bpffs\"");
}

int invocation_parse(const struct command *table, int argc, char **argv,
		     struct invocation *invocation_out, struct error *err)
{
	struct parser parser = {
		.table = table, .words = argv + 1, .invocation = invocation_out, .err = err};

	*invocation_out = (struct invocation){
		.arguments = calloc(argc + 1, sizeof(*invocation_out->arguments)),
		.options = calloc(argc + 1, sizeof(*invocation_out->options)),
	};
	if (!invocation_out->arguments || !invocation_out->options)
		return error_set(err, ENOMEM, NULL, "out of memory");
	while (*parser.words)
		read_word(&parser);
	take_globals(&parser);
	if (invocation_out->wants_help || invocation_out->wants_version)
		return 0;
	check_counts(&parser);
	return parser.result;
}

const char *option_next(const struct invocation *invocation, const char *name, size_t *position)
{
	while (*position < invocation->option_count) {
		const struct option_use *use = &invocation->options[(*position)++];

		if (!strcmp(use->spec->name, name))
			return use->value;
	}
	return NULL;
}

const char *option_value(const struct invocation *invocation, const char *name)
{
	size_t position = 0;
	const char *last = NULL;

	for (const char *value; (value = option_next(invocation, name, &position));)
		last = value;
	return last;
}

bool option_given(const struct invocation *invocation, const char *name)
{
	for (size_t i = 0; i < invocation->option_count; i++) {
		if (!strcmp(invocation->options[i].spec->name, name))
			return true;
	}
	return false;
}
