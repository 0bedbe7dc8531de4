// SPDX-License-Identifier: GPL-2.0-only
/*
 * state_table.c - read the table from end to end.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/state_table.h"
#include "kern/internal.h"

static bool is_live(const struct harness *harness, const struct sg_connection *entry)
{
	return harness_now(harness) - entry->seen <= harness->kern->settings->timeout[entry->phase];
}

/* Calls `each` for the entries of the instance. */
static void each_entry(const struct harness *harness,
		       void (*each)(const struct harness *harness,
				    const struct connection *connection, void *context),
		       void *context)
{
	const struct kern *kern = harness->kern;
	uint32_t owner = share_owner(kern, harness->own_slot);

	for (uint32_t i = 0; i < kern->bucket_count; i++) {
		for (int j = 0; j < SG_BUCKET_ENTRIES; j++) {
			uint32_t tag = kern->tags[i].tag[j];
			struct connection connection;

			entry_ends(entry_at(kern, i, j, tag), tag, &connection);
			if (tag && connection.entry.owner == owner)
				each(harness, &connection, context);
		}
	}
}

static void count_one(const struct harness *harness, const struct connection *connection,
		      void *context)
{
	const struct sg_connection *entry = &connection->entry;
	struct table_use *use = context;

	use->entries++;
	use->live += is_live(harness, entry);
	use->count[SG_PHASE_BUDGET(entry->phase)]++;
}

struct table_use table_use(const struct harness *harness)
{
	struct table_use use = {0};

	each_entry(harness, count_one, &use);
	return use;
}

struct sg_share table_share(const struct harness *harness)
{
	struct sg_share share;

	if (bpf_map_lookup_elem(harness->kern->maps[MAP_SHARES], &harness->own_slot, &share))
		fail_msg("%s: cannot read the share", harness->name);
	return share;
}

uint64_t *table_marks(const struct harness *harness)
{
	const struct kern *kern = harness->kern;
	uint32_t zero = 0;
	uint64_t *marks =
		calloc(kern->bucket_count * SG_BUCKET_REMOTES / SG_REMOTE_MARKS, sizeof(*marks));

	assert_non_null(marks);
	if (bpf_map_lookup_elem(kern->maps[MAP_REMOTE_MARKS], &zero, marks))
		fail_msg("%s: cannot read the marks of remote services", harness->name);
	return marks;
}

bool table_has_mark(const uint64_t *marks, uint32_t index)
{
	return marks[index / SG_REMOTE_MARKS] >> index % SG_REMOTE_MARKS & 1;
}

/* Of all entries of all instances, so that none is left over of one that is gone. */
static void check_remotes(const struct harness *harness)
{
	const struct kern *kern = harness->kern;
	uint32_t *entries = calloc(kern->bucket_count, SG_BUCKET_REMOTES * sizeof(*entries));
	uint64_t *marks = table_marks(harness);

	assert_non_null(entries);
	for (uint32_t i = 0; i < kern->bucket_count * SG_BUCKET_ENTRIES; i++) {
		uint32_t bucket = i / SG_BUCKET_ENTRIES;
		uint32_t tag = kern->tags[bucket].tag[i % SG_BUCKET_ENTRIES];
		struct connection connection;

		entry_ends(entry_at(kern, bucket, i, tag), tag, &connection);
		if (tag)
			entries[remote_index(kern, &connection)]++;
	}
	for (uint32_t i = 0; i < kern->bucket_count * SG_BUCKET_REMOTES; i++) {
		if (kern->remotes[i] != entries[i])
			fail_msg("%s: %u entries have the remote index %u; %u are counted",
				 harness->name, entries[i], i, kern->remotes[i]);
		if (entries[i] && !table_has_mark(marks, i))
			fail_msg("%s: %u entries have the remote index %u, and it has no mark",
				 harness->name, entries[i], i);
	}
	free(marks);
	free(entries);
}

void table_check_counts(const struct harness *harness)
{
	struct sg_share share = table_share(harness);
	struct table_use use = table_use(harness);

	for (int budget = 0; budget < SG_BUDGET_OUTSIDE; budget++) {
		if (share.count[budget] != use.count[budget])
			fail_msg("%s: slot %u has %u entries of budget %d; %u are counted",
				 harness->name, harness->own_slot, use.count[budget], budget,
				 share.count[budget]);
	}
	check_remotes(harness);
}

static void put_halves(const uint64_t halves[2], enum sg_family family, uint8_t address[16])
{
	uint32_t ip4 = htonl((uint32_t)halves[1]);
	uint64_t ip6[2] = {htobe64(halves[0]), htobe64(halves[1])};

	memset(address, 0, 16);
	if (family == SG_IPV4)
		memcpy(address, &ip4, 4);
	else
		memcpy(address, ip6, 16);
}

static struct known_ends ends_of(const struct connection *connection)
{
	const struct sg_connection *entry = &connection->entry;
	bool icmp = entry->protocol == (connection->family == SG_IPV4 ? 1 : 58);
	struct known_ends ends;

	memset(&ends, 0, sizeof(ends));
	ends.family = connection->family;
	ends.protocol = entry->protocol;
	put_halves(connection->local, connection->family, ends.local);
	put_halves(connection->remote, connection->family, ends.remote);
	ends.local_port = entry->ports >> 16;
	if (icmp) {
		ends.request = (uint16_t)entry->ports;
		ends.asker = 1 + (entry->flags & SG_CONNECTION_EGRESS ? SG_EGRESS : SG_INGRESS);
	} else {
		ends.remote_port = (uint16_t)entry->ports;
	}
	return ends;
}

static void compare_one(const struct harness *harness, const struct connection *connection,
			void *context)
{
	const struct sg_connection *entry = &connection->entry;
	const struct state_model *model = context;
	struct known_ends ends = ends_of(connection);

	if (!is_live(harness, entry))
		return;
	for (size_t i = 0; i < model->connection_count; i++) {
		const struct known_connection *known = &model->connections[i];

		if (memcmp(&known->ends, &ends, sizeof(ends)) != 0 || !model_is_live(model, known))
			continue;
		if (known->phase == entry->phase && known->seen == entry->seen &&
		    (known->opener == SG_EGRESS) == !!(entry->flags & SG_CONNECTION_EGRESS) &&
		    known->opener_fin == !!(entry->flags & SG_CONNECTION_OPENER_FIN) &&
		    known->replier_fin == !!(entry->flags & SG_CONNECTION_REPLIER_FIN))
			return;
		fail_msg("%s: an entry of protocol %u is %s, seen at %u, flags %u; the model: %s, "
			 "seen at %u, opened by %d",
			 harness->name, entry->protocol, phase_label(entry->phase), entry->seen,
			 entry->flags, phase_label(known->phase), known->seen, known->opener);
	}
	fail_msg("%s: the model does not know the entry of protocol %u, %s, ports %#x",
		 harness->name, entry->protocol, phase_label(entry->phase), entry->ports);
}

void table_check_model(const struct harness *harness, const struct state_model *model)
{
	struct table_use use = table_use(harness);
	size_t live = 0;

	each_entry(harness, compare_one, (void *)model);
	for (size_t i = 0; i < model->connection_count; i++)
		live += model_is_live(model, &model->connections[i]);
	if (use.live != live)
		fail_msg("%s: %u live entries, the model has %zu", harness->name, use.live, live);
}

void table_forget_fragments(const struct harness *harness)
{
	struct sg_fragment_key key;

	while (!bpf_map_get_next_key(harness->fragments, NULL, &key))
		bpf_map_delete_elem(harness->fragments, &key);
}
