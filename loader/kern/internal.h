/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * internal.h - what the files of kern/ share among themselves.
 */
#ifndef KERN_INTERNAL_H
#define KERN_INTERNAL_H

#include "kern/extent.h"
#include "kern/kern.h"

/* Maps of bpf/maps.h, in the order of kern_map_names. */
enum kern_map {
	MAP_BINDINGS,
	MAP_REST,
	MAP_BINDINGS_FAR,
	MAP_HEAP,
	MAP_COUNTERS,
	MAP_META,
	MAP_CONNECTIONS,
	MAP_CONNECTIONS6,
	MAP_TAGS,
	MAP_STEADY,
	MAP_HINTS,
	MAP_REMOTES,
	MAP_REMOTE_MARKS,
	MAP_SHARES,
	MAP_SETTINGS,
	MAP_COUNT,
};

enum kern_program {
	PROGRAM_TC_RX,
	PROGRAM_TC_TX,
	PROGRAM_XDP_RX,
	PROGRAM_XDP_GENERIC, /* the same, without frames in pieces */
	PROGRAM_CLOCK,
	PROGRAM_COUNT,
};

extern const char *const kern_map_names[MAP_COUNT];
extern const char *const kern_program_names[PROGRAM_COUNT];

/* Whether it may not be there, since nothing has needed it yet. */
static inline bool program_is_optional(enum kern_program which)
{
	return which == PROGRAM_XDP_RX || which == PROGRAM_XDP_GENERIC;
}

struct kern {
	char *dir;
	bool writable;
	bool adopts; /* programs of another build */
	bool has_tcx;
	int maps[MAP_COUNT];
	int programs[PROGRAM_COUNT]; /* -1 when reading */
	uint64_t programs_opened;    /* meta->programs of those */
	int links_dir;		     /* descriptor of links/, -1 when there is none */
	uint32_t tcx_ids[2]; /* of the programs of tcx links, by enum hook_path; 0: unknown */
	/*
	 * The mmapable maps, as memory. Of the bindings, their rest, heap, counters and buckets as much as
	 * memory_reach was asked for.
	 */
	struct map_memory *memory; /* owned */
	struct sg_binding *bindings;
	struct sg_rest *rest;
	union sg_node *heap;
	struct sg_meta *meta;
	struct sg_settings *settings;
	struct sg_bucket *buckets; /* of IPv4 */
	struct sg_bucket6 *buckets6;
	struct sg_tags *tags;
	sg_remote *remotes;
	struct sg_counter *counters;
	struct sg_counter_layout counter_layout;
	uint32_t counter_count;
	uint32_t bucket_count;
	uint32_t slot_count;
	struct connection_settings made_with; /* what missing maps are made with */
	struct extents
		used; /* of the heap, by bindings and by what heap_begin's transaction published */
};

/* Of all remote counters. */
static inline size_t remotes_bytes(const struct kern *kern)
{
	return (size_t)kern->bucket_count * SG_BUCKET_REMOTES * sizeof(*kern->remotes);
}

/* "dir/part/name" below the bpffs directory. */
#define KERN_PATH_MAX 4096
int kern_path(const struct kern *kern, char path[KERN_PATH_MAX], const char *part, const char *name,
	      struct error *err);

/* A place for a map of `size` bytes as memory, at which nothing is yet. */
int memory_reserve(struct kern *kern, enum kern_map which, size_t size, void **start_out,
		   struct error *err);
/* The first `end` bytes are there. -errno. */
int memory_reach(const struct kern *kern, enum kern_map which, size_t end);
void memory_release(struct kern *kern);
/* All buckets are there. -errno. */
int buckets_reach(const struct kern *kern);
/* The entry that a bucket's tag is of. Borrowed; the programs alter it. */
const struct sg_connection *entry_at(const struct kern *kern, uint32_t bucket, uint32_t index,
				     uint32_t tag);
/* The entry, its family and its addresses; all else stays. */
void entry_ends(const struct sg_connection *entry, uint32_t tag, struct connection *connection_out);

/* SG_REMOTE_INDEX of the connection's remote service. */
uint32_t remote_index(const struct kern *kern, const struct connection *connection);

/* Open the programs that are pinned. */
int kern_open_programs(struct kern *kern, struct error *err);
/* Have at hand what is asked of each interface's links, as it is pinned now. */
void kern_open_links(struct kern *kern);

/* Make `dir` on a bpffs, mounting one where that is safe. */
int bpffs_prepare(const char *dir, struct error *err);

/* Buckets of the table that is pinned, else of the one that is to be made. */
uint32_t kern_bucket_count(const struct kern *kern);
/* Likewise of the maps that have an entry for each slot. */
uint32_t kern_slot_count(const struct kern *kern);
/* Likewise of the counters: how they lie, and how many in all; UINT32_MAX is too many. */
struct sg_counter_layout kern_counter_layout(const struct kern *kern);
uint32_t kern_counter_count(const struct kern *kern);
/* Fill the settings of a table that was just made; what has settings keeps them. */
int settings_init(struct kern *kern, struct error *err);
/* Whole seconds of a number of units of the table's clock. */
uint32_t settings_seconds(const struct sg_settings *settings, uint32_t units);

/* Before an object is opened: its references to maps with one value become those of the values. */
int map_values_prepare(struct error *err);
/* Load an object whose maps are those of this name that are pinned, or are made and pinned now. */
struct bpf_object;
int object_load(const struct kern *kern, struct bpf_object *object, struct error *err);
/* Load the BPF objects into kern's maps, making and pinning what is missing. */
int programs_load(struct kern *kern, struct error *err);
/* The XDP programs are loaded when first needed: most interfaces never do. */
int program_need(struct kern *kern, enum kern_program which, struct error *err);
/* Hash of the BPF objects in this binary. */
uint64_t programs_hash(void);
/* Every link and filter of ours gets this build's programs. */
int hooks_refresh(struct kern *kern, struct error *err);

/* A system call or libbpf call failed with -`number`: INTERNAL_SERVER_ERROR and what was tried. */
__attribute__((format(printf, 3, 4))) int kern_error(struct error *err, int number,
						     const char *format, ...);

/* Wait until every packet that is being judged now has been judged. */
int grace_period_wait(struct error *err);

/*
 * Note that a binding is about to give up the image at this heap index, so
 * that its space is not used again before a grace period.
 */
int heap_retire(struct kern *kern, uint32_t root, struct error *err);

/* The two ways of a packet through an interface. */
enum hook_path {
	PATH_RX, /* received */
	PATH_TX, /* sent */
};

/* Load the program that a hook takes, if that is still to be done. */
int link_prepare(struct kern *kern, enum sg_hook hook, struct error *err);
/*
 * tcx and XDP: a link, pinned under links/. Attaching where a live one is
 * pinned already does nothing.
 */
int link_attach(struct kern *kern, uint32_t ifindex, const char *dev, enum hook_path path,
		enum sg_hook hook, struct error *err);
int link_detach(const struct kern *kern, uint32_t ifindex, enum hook_path path, enum sg_hook hook,
		struct error *err);
bool link_is_live(const struct kern *kern, uint32_t ifindex, enum hook_path path,
		  enum sg_hook hook);
/* Whether there is a pin, be its link live or not. */
bool link_is_pinned(const struct kern *kern, uint32_t ifindex, enum hook_path path,
		    enum sg_hook hook);
/* Whether there is a pin of a link whose interface has gone. */
bool link_is_dead(const struct kern *kern, uint32_t ifindex, enum hook_path path,
		  enum sg_hook hook);
/* How the pinned XDP link of an interface runs: native, generic, or NONE when it is not live. */
enum sg_hook link_xdp(const struct kern *kern, uint32_t ifindex);
int links_refresh(struct kern *kern, struct error *err);

bool kern_has_tcx(void);

/* clsact: a cls_bpf filter of our own handle and priority. */
int clsact_attach(struct kern *kern, uint32_t ifindex, const char *dev, enum hook_path path,
		  bool *own_clsact, struct error *err);
int clsact_detach(uint32_t ifindex, enum hook_path path, struct error *err);
/* Remove the qdisc unless somebody has a filter there. */
int clsact_remove_if_empty(uint32_t ifindex, struct error *err);
bool clsact_is_live(const struct kern *kern, uint32_t ifindex, enum hook_path path);
int clsact_refresh(struct kern *kern, uint32_t ifindex, enum hook_path path, struct error *err);

#define PROGRAM_NAME_MAX 16
/* Name of the program with this id, or "?": to tell it takes CAP_SYS_ADMIN. */
void program_name(uint32_t id, char name[PROGRAM_NAME_MAX]);
/* The program of the filter of clsact that has this place; false: there is none. */
struct filter_program {
	char name[PROGRAM_NAME_MAX];
	uint32_t id;
};
bool filter_program(uint32_t ifindex, enum hook_path path, uint32_t priority, uint32_t handle,
		    struct filter_program *program_out);
/* The id of the program that is pinned under this name; 0: none is. */
uint32_t pinned_program(const struct kern *kern, enum kern_program which);

#endif
