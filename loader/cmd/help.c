// SPDX-License-Identifier: GPL-2.0-only
/*
 * help.c - how each command is used, as the table of commands has it.
 */
#include "cmd/help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/output.h"
#include "model/code.h"
#include "util/cleanup.h"
#include "util/quote.h"

#define HELP_WIDTH 88 /* columns */
#define USAGE_INDENT 6
#define NO_WIDTH 0 /* all on one line */

/* Words of a usage line, which goes on in a new line where it would get too long. */
struct usage {
	FILE *stream;
	size_t width;
	size_t column;
};

static void put_word(struct usage *usage, const char *word)
{
	size_t length = strlen(word);

	if (usage->width && usage->column + 1 + length > usage->width) {
		fprintf(usage->stream, "\n%*s", USAGE_INDENT, "");
		usage->column = USAGE_INDENT;
	}
	fprintf(usage->stream, " %s", word);
	usage->column += 1 + length;
}

static const char *dashes(const struct option_spec *spec)
{
	return spec->name[1] ? "--" : "-";
}

static void put_option(struct usage *usage, const struct option_spec *spec)
{
	char word[128];

	snprintf(word, sizeof(word), "%s%s%s%s%s%s%s", spec->is_required ? "" : "[", dashes(spec),
		 spec->name, spec->value ? " " : "", spec->value ? spec->value : "",
		 spec->is_required ? "" : "]", spec->is_repeatable ? "..." : "");
	put_word(usage, word);
}

static void put_usage(FILE *stream, const struct command *command, size_t width)
{
	static const char program[] = "sgate";
	struct usage usage = {stream, width, strlen("usage: sgate")};
	const struct option_spec *spec;

	fputs(program, stream);
	put_word(&usage, command->name);
	if (*command->arguments)
		put_word(&usage, command->arguments);
	for (spec = command->options; spec && spec->name; spec++) {
		if (spec->is_required)
			put_option(&usage, spec);
	}
	for (spec = command->options; spec && spec->name; spec++) {
		if (!spec->is_required)
			put_option(&usage, spec);
	}
}

static void print_options(FILE *stream, const struct option_spec *options)
{
	for (; options && options->name; options++) {
		char left[128];

		snprintf(left, sizeof(left), "%s%s %s", dashes(options), options->name,
			 options->value ? options->value : "");
		fprintf(stream, "  %-30s  %s\n", left, options->summary);
	}
}

static void print_command(const struct command *command)
{
	printf("usage: ");
	put_usage(stdout, command, HELP_WIDTH);
	printf("\n\n%s\n", command->summary);
	if (command->details)
		printf("\n%s", command->details);
	if (command->options && command->options->name) {
		printf("\noptions:\n");
		print_options(stdout, command->options);
	}
}

static void print_commands(FILE *stream, const char *family)
{
	size_t length = strlen(family);

	for (const struct command *command = commands; command->name; command++) {
		char left[80];

		if (length &&
		    (strncmp(command->name, family, length) || command->name[length] != ' '))
			continue;
		snprintf(left, sizeof(left), "%s %s", command->name, command->arguments);
		fprintf(stream, "  %-28s  %s\n", left, command->summary);
	}
}

void help_print_all(FILE *stream)
{
	fprintf(stream, "usage: sgate [--json] [--state-dir DIR] [--bpffs DIR] COMMAND ...\n\n"
			"security groups for network interfaces, enforced in the kernel\n\n"
			"commands:\n");
	print_commands(stream, "");
	fprintf(stream, "\noptions of every command:\n");
	print_options(stream, global_options);
}

/* An option's value is what help calls it, null when it takes none. */
static json_t *options_document(const struct option_spec *options)
{
	json_t *array = json_array();

	for (; array && options && options->name; options++) {
		json_t *option =
			json_pack("{s:o, s:s?, s:b, s:b, s:s}", "name",
				  json_sprintf("%s%s", dashes(options), options->name), "value",
				  options->value, "required", options->is_required, "repeatable",
				  options->is_repeatable, "summary", options->summary);

		if (json_array_append_new(array, option)) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *command_document(const struct command *command)
{
	AUTO_FREE char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	put_usage(stream, command, NO_WIDTH);
	if (fclose(stream))
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", command->name, "arguments",
			 command->arguments, "usage", text, "summary", command->summary, "options",
			 options_document(command->options));
}

/* A command of that name, or commands that begin with it; all for an empty one. */
static bool is_topic(const struct command *command, const char *topic)
{
	size_t length = strlen(topic);

	return !length || (!strncmp(command->name, topic, length) &&
			   (!command->name[length] || command->name[length] == ' '));
}

static int help_json(const char *topic, struct error *err)
{
	AUTO_JSON json_t *document = json_pack("{s:[], s:o}", "commands", "globalOptions",
					       options_document(global_options));
	json_t *array = json_object_get(document, "commands");

	for (const struct command *command = commands; command->name; command++) {
		if (is_topic(command, topic) &&
		    json_array_append_new(array, command_document(command)))
			return out_of_memory(err);
	}
	return output_json(document, err);
}

static const struct command *find(const char *name)
{
	for (const struct command *command = commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

int help_topic_print(const char *topic, bool json, struct error *err)
{
	const struct command *command = find(topic);

	if (json)
		return help_json(topic, err);
	if (command) {
		print_command(command);
	} else if (*topic) {
		printf("commands:\n");
		print_commands(stdout, topic);
	} else {
		help_print_all(stdout);
	}
	return 0;
}

int cmd_help(const struct invocation *invocation, struct error *err)
{
	char topic[64] = "";
	bool is_known = !invocation->argument_count;

	if (invocation->argument_count)
		snprintf(topic, sizeof(topic), "%s%s%s", invocation->arguments[0],
			 invocation->argument_count > 1 ? " " : "",
			 invocation->argument_count > 1 ? invocation->arguments[1] : "");
	for (const struct command *command = commands; command->name; command++)
		is_known |= *topic && is_topic(command, topic);
	if (!is_known || invocation->argument_count > 2)
		return error_set(err, EINVAL, CODE_USAGE, "no help on \"%s\": see sgate help",
				 quote(topic).text);
	return help_topic_print(topic, invocation->json, err);
}

int cmd_version(const struct invocation *invocation, struct error *err)
{
	AUTO_JSON json_t *document = NULL;

	if (!invocation->json)
		return output_line("sgate ", SGATE_VERSION, err);
	document = json_pack("{s:s}", "version", SGATE_VERSION);
	return output_json(document, err);
}
