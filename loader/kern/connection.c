// SPDX-License-Identifier: GPL-2.0-only
/*
 * connection.c - the connection table as the operator sees it.
 *
 * Read as memory, without a lock: an entry that changes while it is copied is
 * copied again, or left out. The one thing written here is a tag of an entry
 * whose owner's state was thrown away, and only if it is still that entry's.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "kern/internal.h"
#include "util/cleanup.h"

#define COPY_TRIES 4
#define SMALLEST_FRAME 14 /* that a test run takes */

/* The table's clock, asked of the programs. */
static int clock_read(const struct kern *kern, uint32_t *now_out)
{
	char path[KERN_PATH_MAX], frame[SMALLEST_FRAME] = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame));
	int program = kern->programs[PROGRAM_CLOCK];
	AUTO_CLOSE int opened = -1;

	if (program < 0) {
		if (kern_path(kern, path, "progs", kern_program_names[PROGRAM_CLOCK], NULL))
			return -ENAMETOOLONG;
		program = opened = bpf_obj_get(path);
	}
	if (program < 0 || bpf_prog_test_run_opts(program, &options))
		return -errno;
	*now_out = options.retval;
	return 0;
}

uint32_t start_deadline(const struct kern *kern)
{
	uint32_t now = 0;

	if (clock_read(kern, &now))
		return 0;
	/* at least one unit; 0 would mean none */
	return now + 2 ? now + 2 : 1;
}

static int share_read(const struct kern *kern, uint32_t slot, struct sg_share *share_out)
{
	return bpf_map_lookup_elem_flags(kern->maps[MAP_SHARES], &slot, share_out, BPF_F_LOCK)
		       ? -errno
		       : 0;
}

uint32_t share_owner(const struct kern *kern, uint32_t slot)
{
	struct sg_share share = {};

	(void)share_read(kern, slot, &share);
	return SG_OWNER(slot, share.epoch);
}

uint32_t share_window(const struct kern *kern, uint32_t slot)
{
	return SG_WINDOW(slot) & kern->settings->bucket_mask;
}

int buckets_reach(const struct kern *kern)
{
	int r = memory_reach(kern, MAP_CONNECTIONS, kern->bucket_count * sizeof(*kern->buckets));

	if (!r)
		r = memory_reach(kern, MAP_CONNECTIONS6,
				 kern->bucket_count * sizeof(*kern->buckets6));
	if (!r)
		r = memory_reach(kern, MAP_TAGS, kern->bucket_count * sizeof(*kern->tags));
	return r ? r : memory_reach(kern, MAP_REMOTES, remotes_bytes(kern));
}

const struct sg_connection *entry_at(const struct kern *kern, uint32_t bucket, uint32_t index,
				     uint32_t tag)
{
	index %= SG_BUCKET_ENTRIES;
	return tag & SG_TAG_IPV6 ? &kern->buckets6[bucket].entry[index].common
				 : &kern->buckets[bucket].entry[index];
}

void entry_ends(const struct sg_connection *entry, uint32_t tag, struct connection *connection_out)
{
	const struct sg_connection6 *entry6 = (const struct sg_connection6 *)entry;

	connection_out->entry = *entry;
	if (tag & SG_TAG_IPV6) {
		connection_out->family = SG_IPV6;
		memcpy(connection_out->local, entry6->local, sizeof(entry6->local));
		memcpy(connection_out->remote, entry6->remote, sizeof(entry6->remote));
		return;
	}
	connection_out->family = SG_IPV4;
	connection_out->local[0] = connection_out->remote[0] = 0;
	connection_out->local[1] = entry->local;
	connection_out->remote[1] = entry->remote;
}

/* Copy an entry that is not being written; false when there is none. */
static bool entry_copy(const struct kern *kern, uint32_t bucket, uint32_t index,
		       struct connection *connection_out)
{
	const uint32_t *tag = &kern->tags[bucket].tag[index];

	for (int i = 0; i < COPY_TRIES; i++) {
		uint32_t seen = __atomic_load_n(tag, __ATOMIC_ACQUIRE);
		const struct sg_connection *entry = entry_at(kern, bucket, index, seen);
		uint8_t version = __atomic_load_n(&entry->version, __ATOMIC_ACQUIRE);

		if (!seen)
			return false;
		entry_ends(entry, seen, connection_out);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(version & 1) &&
		    __atomic_load_n(&entry->version, __ATOMIC_RELAXED) == version &&
		    __atomic_load_n(tag, __ATOMIC_RELAXED) == seen)
			return true;
	}
	return false;
}

/* Its times; false when they are over. */
static bool describe(const struct kern *kern, uint32_t now, struct connection *connection)
{
	const struct sg_connection *entry = &connection->entry;
	uint32_t idle = now - entry->seen;
	uint32_t timeout = kern->settings->timeout[entry->phase & 15];

	/* seen may be later than `now` was read */
	if ((int32_t)idle < 0)
		idle = 0;
	if (idle > timeout)
		return false;
	connection->slot = SG_OWNER_SLOT(entry->owner);
	connection->age_s = (int32_t)(now - entry->created) < 0
				    ? 0
				    : settings_seconds(kern->settings, now - entry->created);
	connection->idle_s = settings_seconds(kern->settings, idle);
	connection->expires_s = settings_seconds(kern->settings, timeout - idle);
	return true;
}

/* The buckets of a walk: a slot's window, or the whole table. */
struct walk {
	uint32_t first;
	uint32_t count;
};

static struct walk walk_of(const struct kern *kern, uint32_t slot)
{
	if (!slot)
		return (struct walk){.count = kern->bucket_count};
	return (struct walk){
		.first = share_window(kern, slot),
		.count = kern->settings->window_mask + 1,
	};
}

int connections_each(const struct kern *kern, uint32_t slot,
		     int (*each)(const struct connection *connection, void *context), void *context)
{
	struct walk walk = walk_of(kern, slot);
	AUTO_FREE uint32_t *owners = calloc(kern->slot_count, sizeof(*owners));
	struct connection connection;
	uint32_t now = 0;
	int r;

	if (!owners)
		return -ENOMEM;
	r = buckets_reach(kern);
	if (!r)
		r = clock_read(kern, &now);
	for (uint32_t i = 0; !r && i < walk.count * SG_BUCKET_ENTRIES; i++) {
		uint32_t at = (walk.first + i / SG_BUCKET_ENTRIES) & kern->settings->bucket_mask;
		uint32_t owner_slot;

		if (!entry_copy(kern, at, i % SG_BUCKET_ENTRIES, &connection))
			continue;
		owner_slot = SG_OWNER_SLOT(connection.entry.owner);
		if (slot ? owner_slot != slot : owner_slot >= kern->slot_count)
			continue;
		if (!owners[owner_slot])
			owners[owner_slot] = share_owner(kern, owner_slot);
		if (connection.entry.owner == owners[owner_slot] &&
		    describe(kern, now, &connection))
			r = each(&connection, context);
	}
	return r;
}

static int count_one(const struct connection *connection, void *context)
{
	struct share_use *use = context;

	use->entries++;
	use->unreplied += SG_PHASE_IS_UNREPLIED(connection->entry.phase);
	return 0;
}

int share_use(const struct kern *kern, uint32_t slot, struct share_use *use_out, struct error *err)
{
	struct share_use use = {};
	struct sg_share share;
	int r = share_read(kern, slot, &share);

	if (!r)
		r = connections_each(kern, slot, count_one, &use);
	if (r)
		return kern_error(err, -r, "cannot read the connections of slot %u", slot);
	use.replaced = share.replaced;
	use.refused = share.refused;
	*use_out = use;
	return 0;
}

int share_tally(const struct kern *kern, uint32_t slot, struct share_use *use_out,
		struct error *err)
{
	struct sg_share share;
	int r = share_read(kern, slot, &share);

	if (r)
		return kern_error(err, -r, "cannot read the share of slot %u", slot);
	*use_out = (struct share_use){
		.unreplied = share.count[SG_BUDGET_HALF_OPEN] + share.count[SG_BUDGET_UNREPLIED],
		.replaced = share.replaced,
		.refused = share.refused,
	};
	use_out->entries = share.count[SG_BUDGET_REPLIED] + use_out->unreplied;
	return 0;
}

int share_reset(struct kern *kern, uint32_t slot, struct error *err)
{
	struct sg_share share;
	int r = share_read(kern, slot, &share);

	if (r)
		return kern_error(err, -r, "cannot read the share of slot %u", slot);
	share.replaced = 0;
	share.refused = 0;
	if (bpf_map_update_elem(kern->maps[MAP_SHARES], &slot, &share, BPF_F_LOCK))
		return kern_error(err, errno, "cannot reset the share of slot %u", slot);
	return 0;
}

uint32_t remote_index(const struct kern *kern, const struct connection *connection)
{
	return SG_REMOTE_INDEX(sg_remote_hash(kern->settings, connection->remote[0],
					      connection->remote[1], connection->entry.ports),
			       kern->bucket_count - 1);
}

/* Free the place of the entry with the tag, unless a program is faster. */
static void entry_free(struct kern *kern, uint32_t bucket, uint32_t i, uint32_t tag)
{
	struct connection connection;
	uint32_t index;

	entry_ends(entry_at(kern, bucket, i, tag), tag, &connection);
	index = remote_index(kern, &connection);
	if (__atomic_compare_exchange_n(&kern->tags[bucket].tag[i], &tag, 0, false,
					__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		__atomic_fetch_sub(&kern->remotes[index], 1, __ATOMIC_RELAXED);
}

/* Free the places of entries that the slot's new epoch has left behind. */
static int free_abandoned(struct kern *kern, uint32_t slot, uint32_t owner)
{
	struct walk walk = walk_of(kern, slot);
	int r = buckets_reach(kern);

	if (r)
		return r;

	for (uint32_t i = 0; i < walk.count * SG_BUCKET_ENTRIES; i++) {
		uint32_t at = (walk.first + i / SG_BUCKET_ENTRIES) & kern->settings->bucket_mask;
		uint32_t index = i % SG_BUCKET_ENTRIES;
		uint32_t tag = __atomic_load_n(&kern->tags[at].tag[index], __ATOMIC_ACQUIRE);
		uint32_t has = entry_at(kern, at, index, tag)->owner;

		if (tag && SG_OWNER_SLOT(has) == slot && has != owner)
			entry_free(kern, at, index, tag);
	}
	return 0;
}

int connections_flush(struct kern *kern, uint32_t slot, uint32_t ifindex, struct error *err)
{
	struct binding binding;
	struct sg_share share;
	uint32_t owner;
	int r = share_read(kern, slot, &share);

	if (r)
		return kern_error(err, -r, "cannot read the share of slot %u", slot);
	memset(share.count, 0, sizeof(share.count));
	owner = SG_OWNER(slot, share.epoch + 1);
	share.epoch = SG_OWNER_EPOCH(owner);
	if (bpf_map_update_elem(kern->maps[MAP_SHARES], &slot, &share, BPF_F_LOCK))
		return kern_error(err, errno, "cannot flush the connections of slot %u", slot);
	if (ifindex && binding_get(kern, ifindex, &binding) &&
	    SG_OWNER_SLOT(binding.owner) == slot) {
		binding.owner = owner;
		r = binding_set(kern, ifindex, &binding, err);
	}
	if (r)
		return r;
	r = free_abandoned(kern, slot, owner);
	return r ? kern_error(err, -r, "cannot flush the connections of slot %u", slot) : 0;
}
