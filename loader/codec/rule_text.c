// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_text.c - a whole rule, and a file of rules, as people write them.
 *
 * A rule is read word by word from a copy of the text that is cut up on the
 * way; `description` takes what is left of it.
 */
#include "codec/rule_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/quote.h"

#define BLANKS " \t"

/* A rule half read. */
struct reader {
	char *rest; /* what is not read yet */
	struct rule rule;
	bool has_ports;
	bool has_remote;
	bool has_priority;
};

/* The next word, ended by a NUL in place; NULL when there is none. */
static char *word_next(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);
	char *end = word + strcspn(word, BLANKS);

	if (!*word) {
		*rest = word;
		return NULL;
	}
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static int missing(const char *what, const char *advice, struct error *err)
{
	return error_set(err, EINVAL, CODE_MISSING_PARAMETER, "the rule ends before its %s: %s",
			 what, advice);
}

static int twice(const char *what, struct error *err)
{
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			 "\"%s\" is given twice: write it once", what);
}

static int direction_read(struct reader *reader, struct error *err)
{
	const char *word = word_next(&reader->rest);

	if (!word)
		return error_set(err, EINVAL, CODE_MISSING_PARAMETER,
				 "the rule is empty: write DIRECTION POLICY PROTOCOL [PORTS] "
				 "[from|to REMOTE] [priority N] [description TEXT]");
	if (!strcmp(word, "ingress"))
		reader->rule.direction = SG_INGRESS;
	else if (!strcmp(word, "egress"))
		reader->rule.direction = SG_EGRESS;
	else
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "unknown direction \"%s\": use ingress or egress",
				 quote(word).text);
	return 0;
}

static int policy_read(struct reader *reader, struct error *err)
{
	const char *word = word_next(&reader->rest);

	if (!word)
		return missing("policy", "use accept or deny", err);
	if (!strcmp(word, "accept"))
		reader->rule.policy = RULE_ACCEPT;
	else if (!strcmp(word, "deny"))
		reader->rule.policy = RULE_DENY;
	else
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_POLICY,
				 "unknown policy \"%s\": use accept or deny", quote(word).text);
	return 0;
}

static int protocol_read(struct reader *reader, struct error *err)
{
	const char *word = word_next(&reader->rest);

	if (!word)
		return missing("protocol",
			       "use all, tcp, udp, sctp, icmp, icmpv6, gre or a number 0-255", err);
	return protocol_parse(word, &reader->rule.protocol, err);
}

static int remote_read(struct reader *reader, const char *keyword, struct error *err)
{
	bool is_from = !strcmp(keyword, "from");
	const char *word;

	if (is_from != (reader->rule.direction == SG_INGRESS))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 is_from ? "\"from\" goes with ingress: use \"to\" with egress"
					 : "\"to\" goes with egress: use \"from\" with ingress");
	if (reader->has_remote)
		return twice(keyword, err);
	word = word_next(&reader->rest);
	if (!word)
		return missing("remote", "use an address, a CIDR, any or group:ID", err);
	reader->has_remote = true;
	return remote_parse(word, &reader->rule.remote, err);
}

static int priority_read(struct reader *reader, struct error *err)
{
	const char *word;
	uint64_t priority;

	if (reader->has_priority)
		return twice("priority", err);
	word = word_next(&reader->rest);
	if (!word)
		return missing("priority", "use a number 1-100", err);
	if (number_parse(word, PRIORITY_MIN, PRIORITY_MAX, &priority))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PRIORITY,
				 "bad priority \"%s\": use a number %d-%d, the smallest is judged "
				 "first",
				 quote(word).text, PRIORITY_MIN, PRIORITY_MAX);
	reader->has_priority = true;
	reader->rule.priority = (uint8_t)priority;
	return 0;
}

/* Where the text without the blanks at its ends begins, and its length. */
static const char *trim(const char *text, size_t *length_out)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length && strchr(BLANKS, text[length - 1]))
		length--;
	*length_out = length;
	return text;
}

static int description_read(struct reader *reader, struct error *err)
{
	size_t length;
	const char *text = trim(reader->rest, &length);

	if (!length)
		return missing("description's text", "write some, or leave \"description\" out",
			       err);
	reader->rule.description = strndup(text, length);
	if (!reader->rule.description)
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	reader->rest += strlen(reader->rest);
	return 0;
}

static bool looks_like_ports(const char *word)
{
	return strchr("0123456789,-/*", word[0]) || !strcmp(word, "all") || !strcmp(word, "any");
}

static int unknown_word(const struct reader *reader, const char *word, struct error *err)
{
	const char *hint = "";

	if (looks_like_ports(word))
		hint = reader->has_ports ? "; several ports are joined by commas, without spaces"
					 : "; ports go right after the protocol";
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			 "unknown word \"%s\": use %s REMOTE, priority N or description TEXT%s",
			 quote(word).text, reader->rule.direction == SG_INGRESS ? "from" : "to",
			 hint);
}

/*
 * A word that is no keyword right after the protocol is its ports, whatever
 * they look like, when it can have any; else only what looks like ports is.
 */
static bool is_ports(const struct reader *reader, const char *word)
{
	uint16_t protocol = reader->rule.protocol;

	if (reader->has_ports || reader->has_remote || reader->has_priority)
		return false;
	if (protocol_has_ports(protocol) || protocol_has_types(protocol))
		return true;
	return looks_like_ports(word);
}

static int option_read(struct reader *reader, const char *word, struct error *err)
{
	if (!strcmp(word, "from") || !strcmp(word, "to"))
		return remote_read(reader, word, err);
	if (!strcmp(word, "priority"))
		return priority_read(reader, err);
	if (!strcmp(word, "description"))
		return description_read(reader, err);
	if (!is_ports(reader, word))
		return unknown_word(reader, word, err);
	reader->has_ports = true;
	return ports_parse(word, reader->rule.protocol, &reader->rule.ports, err);
}

static int rule_read(struct reader *reader, struct error *err)
{
	const char *word;
	int r = direction_read(reader, err);

	if (!r)
		r = policy_read(reader, err);
	if (!r)
		r = protocol_read(reader, err);
	while (!r && (word = word_next(&reader->rest)))
		r = option_read(reader, word, err);
	if (r)
		return r;
	return rule_check(&reader->rule, err);
}

int rule_parse(const char *text, struct rule *rule_out, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);
	struct reader reader = {.rest = copy, .rule.priority = PRIORITY_DEFAULT};
	int r;

	if (!copy)
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	r = rule_read(&reader, err);
	if (r) {
		rule_fini(&reader.rule);
		return r;
	}
	*rule_out = reader.rule;
	return 0;
}

/* One line of a file, without its end. */
static int line_parse(const char *line, size_t length, struct rules *rules, struct error *err)
{
	char text[RULE_LINE_MAX + 1];
	size_t blanks;
	struct rule rule;
	int r;

	if (length && line[length - 1] == '\r')
		length--;
	if (length > RULE_LINE_MAX)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_LENGTH,
				 "the line has %zu bytes: at most %d", length, RULE_LINE_MAX);
	if (memchr(line, '\0', length))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "the line has a NUL byte: use plain text");
	memcpy(text, line, length);
	text[length] = '\0';
	blanks = strspn(text, BLANKS);
	if (text[blanks] == '\0' || text[blanks] == '#')
		return 0;
	r = rule_parse(text, &rule, err);
	if (r)
		return r;
	r = rules_add(rules, &rule);
	if (r) {
		rule_fini(&rule);
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	}
	return 0;
}

int rules_parse_lines(const char *text, size_t length, struct rules *rules, struct error *err)
{
	const size_t count_before = rules->count;
	struct error cause;

	for (size_t number = 1; length; number++) {
		const char *end = memchr(text, '\n', length);
		size_t line_length = end ? (size_t)(end - text) : length;
		size_t used = end ? line_length + 1 : line_length;
		int r = line_parse(text, line_length, rules, &cause);

		if (r) {
			while (rules->count > count_before)
				rule_fini(rules->items + --rules->count);
			return error_set(err, -r, cause.code, "line %zu: %s", number,
					 cause.message);
		}
		text += used;
		length -= used;
	}
	return 0;
}

char *rule_format(const struct rule *rule)
{
	const char *description = "";
	size_t length = 0;
	char protocol[8];
	char ports[PORTS_TEXT_MAX];
	char remote[REMOTE_TEXT_MAX];
	char priority[sizeof(" priority 255")] = "";
	char *text;

	protocol_format(rule->protocol, protocol);
	ports_format(rule->protocol, &rule->ports, ports);
	remote_format(&rule->remote, remote);
	if (rule->priority != PRIORITY_DEFAULT)
		snprintf(priority, sizeof(priority), " priority %u", rule->priority);
	if (rule->description)
		description = trim(rule->description, &length);
	if (asprintf(&text, "%s %s %s%s%s %s %s%s%s%.*s",
		     rule->direction == SG_INGRESS ? "ingress" : "egress",
		     rule->policy == RULE_ACCEPT ? "accept" : "deny", protocol, *ports ? " " : "",
		     ports, rule->direction == SG_INGRESS ? "from" : "to", remote, priority,
		     length ? " description " : "", (int)length, description) < 0)
		return NULL;
	return text;
}
