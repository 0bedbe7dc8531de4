/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * connection.h - the connection table: who may answer whom.
 *
 * A set-associative table in array maps. A bucket is eight tags and eight
 * entries, so finding a connection reads two or three cache lines; most packets
 * need one of them only (struct sg_steady). An entry is in the map of its
 * family, half a line for IPv4 and one for IPv6; the tag says which, and what
 * the other map has at that place means nothing. A connection's two buckets lie
 * in the window of its instance: a run of buckets twice as large as a default
 * share, at a place that depends on the instance. So an instance meets mostly
 * itself, and when its share is full the buckets at hand hold entries of its own
 * that can make room. The first bucket is in the first half of the window and is
 * taken while it has room: what few connections need lies close together, and
 * the caches keep it.
 *
 * Writers hold the lock of the bucket (sg_locks); readers hold none and look
 * at the entry's version before and after. An entry whose time is over is free
 * space, whoever finds it.
 */
#ifndef SGATE_CONNECTION_H
#define SGATE_CONNECTION_H

#include <linux/bpf.h>
#include <linux/types.h>

#include "sgate/inline.h"
#include "sgate/limits.h"

/* X(name, label, default timeout in seconds); the unreplied ones are SG_UNREPLIED_PHASES */
#define SG_PHASES(X) \
	X(TCP_HALF_OPEN, "half-open", 60) \
	X(TCP_ESTABLISHED, "established", 432000) \
	X(TCP_CLOSING, "closing", 120) \
	X(TCP_CLOSED, "closed", 10) \
	X(UDP_UNREPLIED, "udp-unreplied", 30) \
	X(UDP_REPLIED, "udp-replied", 120) \
	X(ICMP_UNREPLIED, "icmp-unreplied", 30) \
	X(ICMP_REPLIED, "icmp-replied", 30) \
	X(OTHER_UNREPLIED, "other-unreplied", 60) \
	X(OTHER_REPLIED, "other-replied", 600)

enum sg_phase {
#define X(name, label, seconds) SG_PHASE_##name,
	SG_PHASES(X)
#undef X
	SG_PHASE_COUNT,
};

#define SG_UNREPLIED_PHASES \
	(1U << SG_PHASE_TCP_HALF_OPEN | 1U << SG_PHASE_UDP_UNREPLIED | \
	 1U << SG_PHASE_ICMP_UNREPLIED | 1U << SG_PHASE_OTHER_UNREPLIED)
#define SG_PHASE_IS_UNREPLIED(phase) (SG_UNREPLIED_PHASES >> (phase)&1U)

/*
 * What an entry counts as in its instance's share. Handshakes and other
 * connections without an answer have a quarter of it each, so neither a flood
 * of SYNs nor one of datagrams takes the room of the other, and half is for
 * those that were answered.
 */
enum sg_budget {
	SG_BUDGET_REPLIED,
	SG_BUDGET_HALF_OPEN,
	SG_BUDGET_UNREPLIED,
	SG_BUDGET_OUTSIDE, /* not in the table */
	SG_BUDGET_COUNT,
};

#define SG_PHASE_BUDGET(phase) \
	((phase) == SG_PHASE_TCP_HALF_OPEN   ? SG_BUDGET_HALF_OPEN \
	 : SG_PHASE_IS_UNREPLIED((phase)&15) ? SG_BUDGET_UNREPLIED \
					     : SG_BUDGET_REPLIED)
#define SG_UNREPLIED_LIMIT(share) (((share) + 3) / 4)

/*
 * Whose state it is: the slot of an instance, and how often that slot's state
 * was thrown away before. An entry with an older epoch is nobody's. Throwing
 * away also frees the slot's entries of every other epoch, so those that a
 * packet under way made too late are gone one epoch later, long before the
 * epoch, which begins again after 65,535, has their number once more.
 */
#define SG_OWNER_SLOT_BITS 16
#define SG_OWNER(slot, epoch) ((__u32)(epoch) << SG_OWNER_SLOT_BITS | (__u32)(slot))
#define SG_OWNER_EPOCH(owner) ((owner) >> SG_OWNER_SLOT_BITS)
#define SG_OWNER_SLOT(owner) ((owner) & ((1U << SG_OWNER_SLOT_BITS) - 1))

_Static_assert(SG_SLOTS(SG_MAX_INSTANCES) <= 1U << SG_OWNER_SLOT_BITS, "a slot fits");

/*
 * First bucket of the window of a slot's instance, modulo the buckets of the
 * table. 2^32 by the golden ratio: it spreads consecutive slots.
 */
#define SG_WINDOW(slot) ((slot)*0x9e3779b1U)

/* The instance sent the first packet; else it received it. */
#define SG_CONNECTION_EGRESS 0x1U
/* TCP: the opener, the other side, has sent its FIN. */
#define SG_CONNECTION_OPENER_FIN 0x2U
#define SG_CONNECTION_REPLIER_FIN 0x4U

/* An entry, of IPv4 all of it. Integers in host byte order. */
struct sg_connection {
	__u32 seen;	  /* when its last packet passed, in units of sg_settings */
	__u32 owner;	  /* SG_OWNER */
	__u32 generation; /* of the policy that last accepted its first packet */
	__u32 created;	  /* as seen */
	__u32 ports; /* local << 16 | remote; ICMP: identifier << 16 | type << 8 | code, of the request */
	__u8 protocol;
	__u8 phase;   /* enum sg_phase */
	__u8 flags;   /* SG_CONNECTION_* */
	__u8 version; /* odd while it is being written */
	__u32 local;  /* the instance's address; of IPv6 its last 32 bits */
	__u32 remote;
};

struct sg_connection6 {
	struct sg_connection common;
	__u64 local[2]; /* high half, low half */
	__u64 remote[2];
};

#define SG_BUCKET_ENTRIES 8

/* 31 bits of a hash, and the family. */
#define SG_TAG_IPV6 0x1U
#define SG_TAG(hash, family) (((__u32)(hash) & ~1U) | (family))
/* In place of the one that would mean free. */
#define SG_TAG_ZERO 0x2U

/*
 * Where in its bucket an entry with this tag is put if that place is free, else
 * as near to it as there is room, by the bits that differ: so most are in the half
 * of the bucket that the tag names.
 */
#define SG_TAG_POSITION(tag) ((tag) >> 1 & (SG_BUCKET_ENTRIES - 1))

/*
 * Tags lie together, apart from the entries: for most packets of no connection
 * half a line of this small map is all that is read of each bucket.
 */
struct sg_tags {
	__u32 tag[SG_BUCKET_ENTRIES]; /* 0: the entry is free */
};

/*
 * One byte for each entry of a bucket: of the tag that was put there last, so it
 * may be of an entry that is gone, never missing for one that is there. A packet
 * of no connection finds nothing like its own in its two buckets most of the time,
 * and needs nothing of the table but these 16 bytes.
 */
struct sg_hints {
	__u8 hint[SG_BUCKET_ENTRIES]; /* SG_HINT; 0: nothing ever was there */
};

/* 1 to 255, of bits that say nothing of the position; without a branch. */
#define SG_HINT(tag) (((tag) >> 24) + (((__u64)((tag) >> 24) - 1) >> 63))

/*
 * How many entries there are of remote services that have the same index here, whosever they
 * are: of a remote address and the lower port of the two, which mostly is the one that others
 * connect to. Most packets that nobody asked for are of a service with which there is no
 * connection, and are known to be of none by one of these, before even their bucket is.
 *
 * Counted before the entry is there and until it is gone: by whoever puts a tag in its
 * place, or takes one away, as an exchange tells which was there.
 */
typedef __u32 sg_remote;

#define SG_BUCKET_REMOTES 2 /* so many for each bucket */

/*
 * Marks, a bit for each of them, are small enough to stay in the first caches: a packet whose
 * service has none needs no more. A mark is made with the first entry and, under the
 * same lock, taken away by a packet that finds it and no entries.
 */
#define SG_REMOTE_MARKS 64 /* in a word */

struct sg_bucket {
	struct sg_connection entry[SG_BUCKET_ENTRIES];
};

struct sg_bucket6 {
	struct sg_connection6 entry[SG_BUCKET_ENTRIES];
};

/*
 * What packets of a bucket's entries are known by while nothing of an entry
 * changes, so that they need neither the tags nor the entry: a word that stands
 * for the whole tuple, its owner and its family and for the generation of the
 * policy that judged it, and to which the time of the entry's `seen` is added. It
 * is worth something for a second after that alone, then a packet looks at the
 * entry again; so nobody has to take it away where the entry goes, for one that
 * was answered goes when its time is over, or with all of its owner's epoch.
 *
 * Two tuples have the same word by chance only, once in some 2^60: it is NH twice
 * with other keys (UMAC-64 is as strong, RFC 4418), and nobody is told of it.
 */
struct sg_steady {
	__u64 word[SG_BUCKET_ENTRIES]; /* SG_STEADY_WORD; 0: not steady */
};

/* base: even, of tuple and generation; seen: units; egress: SG_CONNECTION_EGRESS of the entry. */
#define SG_STEADY_WORD(base, seen, egress) ((base) + ((__u64)(__u32)(seen) << 1 | (egress)))

/* As many words, of a tag's position on rounded down, are compared at once. */
#define SG_STEADY_HALF (SG_BUCKET_ENTRIES / 2)

/* An instance's part of the table; by slot. */
struct sg_share {
	struct bpf_spin_lock lock;
	/* Entries by enum sg_budget, expired ones until they are found; OUTSIDE means nothing. */
	__u32 count[SG_BUDGET_COUNT];
	__u32 epoch;
	__u32 sweep; /* buckets of the window that were looked through for expired entries */
	__u32 reserved;
	__u64 replaced; /* unreplied entries that made room for newer ones */
	__u64 refused;	/* connections that found the share, or their buckets, full */
	__u64 reserved2[2];
};

/* Locks of buckets; a bucket has that of its index modulo SG_LOCKS. */
#define SG_LOCKS 256

struct sg_lock {
	struct bpf_spin_lock lock;
	__u32 reserved[15]; /* a cache line each */
};

#define SG_SECRET_WORDS 14

/* One for the whole table; written by the loader. */
struct sg_settings {
	__u32 secret[SG_SECRET_WORDS]; /* random; keys of the hash */
	__u64 multiplier[3];	       /* random and odd */
	__u32 bucket_mask;	       /* buckets of the table - 1 */
	__u32 window_mask;	       /* buckets of a window - 1 */
	__u32 clock_shift;	       /* a unit of time is 2^clock_shift jiffies */
	__u32 clock_offset;	       /* added to the clock; tests make time pass by it */
	__u32 second;		       /* units in a second, rounded up */
	__u32 fragment_timeout;	       /* units */
	__u32 timeout[16];	       /* units; by enum sg_phase */
	__u32 reserved[4];
};

/*
 * Which service has which: both halves of the remote address, of IPv4 0 and the address, and
 * the ports as an entry has them. The multiplier is a secret, so nobody can choose an address
 * or a port that shares another's.
 */
static __always_inline __u32 sg_remote_hash(const struct sg_settings *settings, __u64 high,
					    __u64 low, __u32 ports)
{
	__s64 local = ports >> 16, port = ports & 0xffff, less = local - port;

	/* without a branch */
	SG_OPAQUE(less);
	port += less & less >> 63;
	return (high ^ low ^ (__u64)port << 32) * settings->multiplier[0] >> 40;
}

#define SG_REMOTE_INDEX(hash, bucket_mask) \
	((hash) & ((bucket_mask)*SG_BUCKET_REMOTES | (SG_BUCKET_REMOTES - 1)))

/* What the later fragments of a packet are found by. */
struct sg_fragment_key {
	__u64 source[2]; /* host byte order */
	__u64 destination[2];
	__u32 owner;
	__u32 id;      /* host byte order */
	__u8 protocol; /* IPv6: the next header that the fragment header names */
	__u8 family;
	__u8 direction;
	__u8 zero[5];
};

/* Of an accepted first fragment. */
struct sg_fragment {
	__u64 policy; /* word under which it was accepted */
	__u32 seen;   /* as in struct sg_connection */
	__u32 end;    /* bytes of the packet it brought: later ones must not overlap them */
};

_Static_assert(sizeof(struct sg_connection) == 32, "half a cache line");
_Static_assert(sizeof(struct sg_connection6) == 64, "a cache line");
_Static_assert(sizeof(struct sg_tags) == 32, "half a cache line");
_Static_assert(sizeof(struct sg_hints) == 8, "one word");
_Static_assert(sizeof(struct sg_bucket) == 256, "four cache lines");
_Static_assert(sizeof(struct sg_bucket6) == 512, "eight cache lines");
_Static_assert(sizeof(struct sg_steady) == 64, "a cache line");
_Static_assert(sizeof(struct sg_share) == 64, "a cache line");
_Static_assert(__builtin_offsetof(struct sg_share, replaced) == 32, "no padding");
_Static_assert(sizeof(struct sg_lock) == 64, "a cache line");
_Static_assert(sizeof(struct sg_settings) == 184, "no padding");
_Static_assert(sizeof(struct sg_fragment_key) == 48, "no padding");
_Static_assert(sizeof(struct sg_fragment) == 16, "no padding");
_Static_assert(SG_PHASE_COUNT <= 16, "a timeout for every phase");
_Static_assert(SG_MIN_WINDOW / 2 >= SG_LOCKS,
	       "the buckets of a connection, one in each half, share a lock");

#endif
