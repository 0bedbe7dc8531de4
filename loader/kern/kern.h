/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kern.h - the kernel side: maps, programs, policy heap, bindings and hooks.
 * The only users of libbpf are the files of this folder.
 *
 * Everything is pinned below one bpffs directory:
 *
 *   maps/NAME     the maps of bpf/maps.h
 *   progs/NAME    the programs
 *   links/N-rx    the tcx link of packets that interface index N received;
 *                 N-tx: of those it sends; N-xdp: the XDP link
 *
 * Writers hold the store's write transaction, so there is one at a time.
 */
#ifndef KERN_KERN_H
#define KERN_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"
#include "model/instance.h"
#include "sgate/abi.h"
#include "util/error.h"

struct kern;

enum kern_access {
	KERN_READ,  /* what is there; -ENOENT with code NULL when nothing is */
	KERN_WRITE, /* made when missing; programs of another build are replaced in place */
	KERN_ADOPT, /* made when missing; programs of another build stay, being newer than ours */
};

/*
 * Open the maps below `dir`, which is made, and a bpffs mounted for it, when
 * writing. Fails when its maps mean another network namespace's interfaces or
 * have another layout. Maps that are missing are made with `settings`.
 */
struct connection_settings;
int kern_open(const char *dir, enum kern_access access, const struct connection_settings *settings,
	      struct kern **kern_out, struct error *err);
void kern_close(struct kern *kern);
/* Make `dir`, and mount a bpffs for it: what takes more privileges than all the rest. */
int kern_prepare(const char *dir, struct error *err);

/*
 * Whether what is pinned is still what is open: somebody may have removed the
 * directory, and made it again, since. `all`: every map is looked at, else one
 * that is never replaced alone.
 */
bool kern_is_current(const struct kern *kern, bool all);
/* Have the programs that are pinned now, when another build has replaced ours. */
int kern_renew_programs(struct kern *kern, struct error *err);

/*
 * Whether its bindings are those of this store (not 0): -EPERM
 * (OPERATION_DENIED_NETWORK_NAMESPACE) if another's instances are bound.
 * A directory without any becomes this store's with the next writer.
 */
int kern_check_store(struct kern *kern, uint64_t store, struct error *err);

/*
 * Whether what is pinned below `dir` may be there and not be seen, since this
 * mount namespace (one of `ip netns exec`) has no bpffs there and another may.
 */
bool kern_is_hidden(const char *dir);

/* --- policy heap --- */

/*
 * Look up what the bindings name: first call of a transaction. What is
 * in use then stays whole until the next heap_begin, so that a transaction can
 * put back the bindings that it changed.
 */
int heap_begin(struct kern *kern, struct error *err);

/*
 * The policy word of an image with these bytes: that of a live one, else of a
 * copy published now. -ENOSPC (OPERATION_DENIED_POLICY_TOO_LARGE) when there
 * is no room, also after a grace period.
 */
int heap_publish(struct kern *kern, const struct image *image, uint64_t *word_out,
		 struct error *err);
/* Whether the image at `word` has these bytes. */
bool heap_holds(const struct kern *kern, uint64_t word, const struct image *image);

/* The same for a guard image; *root_out is what a binding holds of it. */
int heap_publish_guard(struct kern *kern, const struct image *image, uint32_t *root_out,
		       struct error *err);
bool heap_holds_guard(const struct kern *kern, uint32_t root, const struct image *image);

struct heap_use {
	uint32_t nodes;	 /* in all */
	uint32_t used;	 /* by images that an instance has */
	uint32_t images; /* live ones */
};
void heap_use(const struct kern *kern, struct heap_use *use_out);

/* --- bindings --- */

/* What an interface's packets meet, as a whole: struct sg_binding and struct sg_rest. */
struct binding {
	uint64_t policy;
	uint32_t owner;
	uint32_t options;		       /* but for those that say what the rest has */
	uint16_t ethertype[SG_MAX_ETHERTYPES]; /* network byte order */
	uint32_t guard;
	uint32_t share;
	uint32_t starts_until;
	uint32_t zero; /* no padding: two are compared as bytes */
};

/* false: none (the entry is all zeroes). */
bool binding_get(const struct kern *kern, uint32_t ifindex, struct binding *binding_out);
/* Write an entry; its policy word last and at once. May fail for the hash of large indexes. */
int binding_set(struct kern *kern, uint32_t ifindex, const struct binding *binding,
		struct error *err);
int binding_clear(struct kern *kern, uint32_t ifindex, struct error *err);
/* Calls `each` for every entry, ascending in the array, then the hash; stops at nonzero. */
int binding_each(const struct kern *kern,
		 int (*each)(uint32_t ifindex, const struct binding *binding, void *context),
		 void *context);

/* --- hooks --- */

struct hooks {
	enum sg_hook rx;
	enum sg_hook tx;
	bool own_clsact; /* the clsact qdisc was not there before us */
};

/* What a mode wants on this kernel: tc is tcx where the kernel has it, else clsact. */
struct hooks hooks_wanted(const struct kern *kern, enum attach_mode mode);
/*
 * Load what these hooks need and nothing has needed before, which takes a part
 * of a second: before an interface is waiting for it.
 */
int hooks_prepare(struct kern *kern, const struct hooks *hooks, struct error *err);
/*
 * Make the programs on an interface `to`: what is missing is attached before
 * what else of ours is there is taken off, so no packet goes by unjudged. Live
 * hooks stay as they are. `from` is what the entry named before. On failure
 * they are as before, but for what could not be taken off. `dev` is for
 * messages; to->own_clsact is filled. -EBUSY
 * (OPERATION_DENIED_INTERFACE_IN_USE) names another's program in the way;
 * -EOPNOTSUPP (OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP) is a
 * driver without native XDP.
 */
int hooks_change(struct kern *kern, uint32_t ifindex, const char *dev, const struct hooks *from,
		 struct hooks *to, struct error *err);
/* Take off all that is ours; what is gone already is no error. */
int hooks_detach(struct kern *kern, uint32_t ifindex, bool own_clsact, struct error *err);
/* What of `hooks` is really there: NONE where it is not. */
struct hooks hooks_present(const struct kern *kern, uint32_t ifindex, const struct hooks *hooks);

/* Whether there is more of ours than `kept`, left by a change that was cut short. */
bool hooks_surplus(const struct kern *kern, uint32_t ifindex, const struct hooks *kept);

/*
 * Links that no binding names: of interfaces that are gone, or left by a
 * change that was cut short. Tells `each` the interface index of every one,
 * and removes them unless check_only.
 */
int hooks_strays(struct kern *kern, bool check_only, void (*each)(uint32_t ifindex, void *context),
		 void *context, struct error *err);

/* Whether a link of ours is left here that an interface took along when it went. */
bool hooks_died(const struct kern *kern, uint32_t ifindex);

struct hooks hooks_of_binding(const struct binding *binding);
uint32_t hooks_to_options(const struct hooks *hooks);
const char *hook_text(enum sg_hook hook); /* "tcx", "tc", "xdp", "xdp-generic", "none" */

/* --- counters --- */

/* Sum over all CPUs. */
int counters_read(const struct kern *kern, uint32_t slot, struct sg_counters *counters_out,
		  struct error *err);
int counters_reset(struct kern *kern, uint32_t slot, struct error *err);

const char *reason_label(enum sg_reason reason); /* "rule-accept" */
const char *reason_text(enum sg_reason reason);	 /* a sentence */
enum sg_verdict reason_verdict(enum sg_reason reason);

/* --- connections --- */

/* How the maps are made and how long connections live. */
struct connection_settings {
	uint32_t seconds[SG_PHASE_COUNT]; /* timeouts; by enum sg_phase */
	uint32_t fragment_seconds;
	uint32_t share;	    /* entries an instance may have when nothing else is said */
	uint32_t entries;   /* of the table; a power of two of buckets, eight entries each */
	uint32_t instances; /* that there can be, SG_MAX_INSTANCES at most */
};
/* The defaults of connection.h and limits.h. */
void connection_settings_default(struct connection_settings *settings_out);
/* The largest share an instance can be given: its window. */
uint32_t connection_share_max(const struct connection_settings *settings);

/*
 * Timeouts take effect at once. The number of instances and the size of the
 * table and of the shares' windows are what they were when the maps were made
 * (kern_open).
 */
int connections_configure(struct kern *kern, const struct connection_settings *settings,
			  struct error *err);

/* Whether these timeouts are in force. */
bool connections_configured(const struct kern *kern, const struct connection_settings *settings);

/* The table as its maps were made. */
struct connection_table {
	uint32_t entries;
	uint32_t window;    /* entries of an instance's part of it */
	uint32_t instances; /* that have room in it, and in the maps by slot */
};
void connection_table(const struct kern *kern, struct connection_table *table_out);

/* A connection as it is in the table, with its times in seconds. */
struct connection {
	struct sg_connection entry;
	enum sg_family family;
	uint64_t local[2]; /* the instance's address: high half, low half, which IPv4 is in */
	uint64_t remote[2];
	uint32_t slot;
	uint32_t age_s;
	uint32_t idle_s;
	uint32_t expires_s; /* from now; the entry is not expired */
};
/*
 * Calls `each` for every connection of `slot`, or of all instances when that
 * is 0, in no order; stops at nonzero and returns it. Expired entries are left
 * out. Never blocks a packet.
 */
int connections_each(const struct kern *kern, uint32_t slot,
		     int (*each)(const struct connection *connection, void *context),
		     void *context);
/*
 * Forget all connections of a slot at once, and free their space. `ifindex` is
 * where its instance is bound, 0 if nowhere.
 */
int connections_flush(struct kern *kern, uint32_t slot, uint32_t ifindex, struct error *err);

/* starts_until of a binding for a start that begins now; 0 when the clock cannot be read. */
uint32_t start_deadline(const struct kern *kern);

/* What a binding says of a slot's connections: whose they are now, and where they begin. */
uint32_t share_owner(const struct kern *kern, uint32_t slot);
uint32_t share_window(const struct kern *kern, uint32_t slot);

struct share_use {
	uint32_t entries; /* not expired */
	uint32_t unreplied;
	uint64_t replaced;
	uint64_t refused;
};
int share_use(const struct kern *kern, uint32_t slot, struct share_use *use_out, struct error *err);
/* The same without a look at the table: entries may hold some that are expired. */
int share_tally(const struct kern *kern, uint32_t slot, struct share_use *use_out,
		struct error *err);
/* What was replaced and refused counts from 0 again. The slot is bound nowhere. */
int share_reset(struct kern *kern, uint32_t slot, struct error *err);

const char *phase_label(enum sg_phase phase); /* "half-open", "established", ... */

/* --- what this kernel can do --- */

struct kern_features {
	bool tcx;	/* links at tc with a place of their own (6.6) */
	bool xdp_frags; /* XDP frames in fragments (5.18) */
	bool jit;	/* programs are compiled */
	char release[65];
};
void kern_features(struct kern_features *features_out);

#endif
