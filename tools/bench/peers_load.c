// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_load.c - what it takes to make a policy of rules and put it in force,
 * without the process around it.
 *
 *   peers_load ROUNDS FILE...     files of rules, a rule a line: the groups
 *
 * Prints a line a round: nanoseconds to compile, nanoseconds to publish, in a
 * private bpffs directory.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/rule_text.h"
#include "kern/kern.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/monotonic.h"
#include "util/number.h"

#define MAX_FILE_BYTES ((size_t)64 << 20)

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "peers_load: %s\n", what);
	exit(1);
}

static void read_rules(struct rules *rules, const char *path)
{
	AUTO_FREE char *text = NULL;
	struct error err;
	size_t length;

	if (file_read(path, MAX_FILE_BYTES, &text, &length, &err) ||
	    rules_parse_lines(text, length, rules, &err))
		fail(err.message);
}

/* All remotes of these files are prefixes or any. */
static struct policy_rule *resolve(struct rules *rules)
{
	struct policy_rule *resolved = calloc(rules->count, sizeof(*resolved));

	if (!resolved)
		fail("no rules, or out of memory");
	for (size_t i = 0; i < rules->count; i++) {
		struct rule *rule = &rules->items[i];

		rule->id = (int64_t)i + 1;
		resolved[i].rule = rule;
		if (rule->remote.kind == REMOTE_PREFIX) {
			resolved[i].remotes = &rule->remote.prefix;
			resolved[i].remote_count = 1;
		}
	}
	return resolved;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* Its directory is gone when this returns: maps live as long as they are open. */
static struct kern *open_kern(void)
{
	struct connection_settings settings;
	struct kern *kern;
	struct error err;
	char dir[64];

	snprintf(dir, sizeof(dir), "/sys/fs/bpf/sgate-peers-load-%d", getpid());
	connection_settings_default(&settings);
	if (kern_open(dir, KERN_WRITE, &settings, &kern, &err))
		fail(err.message);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return kern;
}

/* No binding names the image, so the next round does not find it in force already. */
static void put_in_force(struct kern *kern, const struct policy *policy)
{
	uint64_t started = monotonic_ns(), compiled, published, word;
	struct image image;
	struct error err;

	if (compile(policy, SG_HEAP_NODES, &image, &err))
		fail(err.message);
	compiled = monotonic_ns();
	if (heap_begin(kern, &err) || heap_publish(kern, &image, &word, &err))
		fail(err.message);
	published = monotonic_ns();
	image_fini(&image);
	printf("%llu %llu\n", (unsigned long long)(compiled - started),
	       (unsigned long long)(published - compiled));
}

int main(int argc, char **argv)
{
	struct rules rules = {0};
	struct policy policy;
	struct kern *kern;
	uint64_t rounds;

	if (argc < 3 || number_parse(argv[1], 1, 1000, &rounds)) {
		fputs("usage: peers_load ROUNDS FILE...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		read_rules(&rules, argv[i]);
	policy = (struct policy){.rules = resolve(&rules), .count = rules.count};
	kern = open_kern();
	while (rounds--)
		put_in_force(kern, &policy);
	kern_close(kern);
	return 0;
}
