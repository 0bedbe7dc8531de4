// SPDX-License-Identifier: GPL-2.0-only
/*
 * control_fill.c - fill a state directory: instances x0, x1, ... on interfaces
 * of the same names, and their groups, in one transaction. Nothing is put in force;
 * `sgate reconcile` does that.
 *
 *   control_fill DIR INSTANCES GROUPS RULES
 *
 * GROUPS is the number of groups g0, g1, ...; instance N has two of them (or
 * the one), beginning with 2 * N. So 2 are shared by all instances, and twice as many
 * as instances are distinct. Each has RULES rules, all different.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/rule_text.h"
#include "store/store.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"

static int add_rule(struct group *group, const char *text, struct error *err)
{
	if (ARRAY_GROW(group->rules.items, group->rules.count, group->rules.capacity))
		return error_set(err, ENOMEM, NULL, "out of memory");
	return rule_parse(text, &group->rules.items[group->rules.count++], err);
}

static int add_group(struct store *store, uint32_t number, uint32_t rules, int64_t *key_out,
		     struct error *err)
{
	AUTO(group_fini) struct group group = {.available = true};
	char text[128];
	int r = 0;

	snprintf(group.id, sizeof(group.id), "g%u", number);
	snprintf(group.name, sizeof(group.name), "g%u", number);
	for (uint32_t i = 0; !r && i < rules; i++) {
		snprintf(text, sizeof(text), "ingress accept tcp %u from 10.%u.%u.%u",
			 1024 + i % 30000, number >> 8 & 255, number & 255, i & 255);
		r = add_rule(&group, text, err);
	}
	if (!r)
		r = store_group_add(store, &group, err);
	*key_out = group.key;
	return r;
}

static int add_instance(struct store *store, uint32_t number, const int64_t *groups, uint32_t count,
			struct error *err)
{
	AUTO(instance_fini) struct instance instance = {.enforced = true};
	int r;

	snprintf(instance.id, sizeof(instance.id), "x%u", number);
	snprintf(instance.dev, sizeof(instance.dev), "x%u", number);
	r = store_instance_add(store, &instance, err);
	for (uint32_t i = 0; !r && i < 2 && i < count; i++)
		r = store_associate(store, groups[(2 * number + i) % count], instance.key, err);
	return r;
}

static int fill(struct store *store, const uint32_t numbers[3], struct error *err)
{
	uint32_t instances = numbers[0], count = numbers[1], rules = numbers[2];
	AUTO_FREE int64_t *groups = calloc(count, sizeof(*groups));
	int r = groups ? store_begin_write(store, err) : error_set(err, ENOMEM, NULL, "no memory");

	for (uint32_t i = 0; !r && i < count; i++)
		r = add_group(store, i, rules, &groups[i], err);
	for (uint32_t i = 0; !r && i < instances; i++)
		r = add_instance(store, i, groups, count, err);
	return r ? r : store_commit(store, err);
}

int main(int argc, char **argv)
{
	struct store *store = NULL;
	struct error err = {};
	uint32_t numbers[3];
	int r;

	for (int i = 0; i < 3; i++) {
		uint64_t number;

		if (argc != 5 || number_parse(argv[2 + i], 1, 100000, &number)) {
			fprintf(stderr, "usage: control_fill DIR INSTANCES GROUPS RULES\n");
			return 2;
		}
		numbers[i] = (uint32_t)number;
	}
	r = store_open(argv[1], &store, &err);
	if (!r)
		r = fill(store, numbers, &err);
	store_close(store);
	if (r)
		fprintf(stderr, "control_fill: %s\n", err.message);
	return r ? 1 : 0;
}
