// SPDX-License-Identifier: GPL-2.0-only
/*
 * kern.c - open what is pinned, or make it.
 *
 * A bpffs directory is complete when meta->programs names the build whose
 * programs are pinned and attached; anything less is made again. So a process
 * that ends in the middle leaves nothing that the next one cannot mend.
 */
#include "kern/kern.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kern/internal.h"
#include "model/code.h"
#include "net/link.h"
#include "util/cleanup.h"

int kern_error(struct error *err, int number, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (number == EPERM || number == EACCES)
		return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
				 "%s: %s (root, or CAP_BPF and CAP_NET_ADMIN, is needed)", what,
				 strerror(number));
	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR, "%s: %s", what, strerror(number));
}

int kern_path(const struct kern *kern, char path[KERN_PATH_MAX], const char *part, const char *name,
	      struct error *err)
{
	if (snprintf(path, KERN_PATH_MAX, "%s/%s%s%s", kern->dir, part, *name ? "/" : "", name) >=
	    KERN_PATH_MAX)
		return kern_error(err, ENAMETOOLONG, "bpffs directory");
	return 0;
}

static int make_parts(const struct kern *kern, struct error *err)
{
	static const char *const parts[] = {"maps", "progs", "links"};
	char path[KERN_PATH_MAX];
	int r;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = kern_path(kern, path, parts[i], "", err);
		if (r)
			return r;
		if (mkdir(path, 0700) && errno != EEXIST)
			return kern_error(err, errno, "cannot make directory \"%s\"", path);
	}
	return 0;
}

/* -ENOENT with code NULL when a map is not pinned. */
static int open_maps(struct kern *kern, struct error *err)
{
	char path[KERN_PATH_MAX];
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = 0);
	int r;

	for (int i = 0; i < MAP_COUNT; i++) {
		r = kern_path(kern, path, "maps", kern_map_names[i], err);
		if (r)
			return r;
		kern->maps[i] = bpf_obj_get_opts(path, &options);
		if (kern->maps[i] >= 0)
			continue;
		if (errno == ENOENT)
			return error_set(err, ENOENT, NULL, "nothing is attached yet");
		return kern_error(err, errno, "cannot open map \"%s\"", path);
	}
	return 0;
}

static int map_memory(const struct kern *kern, enum kern_map which, size_t size, void **memory_out,
		      struct error *err)
{
	int protection = PROT_READ | (kern->writable ? PROT_WRITE : 0);
	void *memory;

	memory = mmap(NULL, size, protection, MAP_SHARED, kern->maps[which], 0);
	if (memory == MAP_FAILED)
		return kern_error(err, errno, "cannot map \"%s\"", kern_map_names[which]);
	*memory_out = memory;
	return 0;
}

#define BINDINGS_BYTES (SG_NEAR_IFINDEXES * sizeof(struct sg_binding))
#define REST_BYTES (SG_NEAR_IFINDEXES * sizeof(struct sg_rest))
#define HEAP_BYTES (SG_HEAP_NODES * sizeof(union sg_node))
#define META_BYTES 4096 /* a page */

static int map_all(struct kern *kern, struct error *err)
{
	int r = map_memory(kern, MAP_META, META_BYTES, (void **)&kern->meta, err);

	/* Another layout would be read as nonsense: look before mapping the rest. */
	if (!r && kern->meta->abi_version && kern->meta->abi_version != SG_ABI_VERSION)
		return error_set(err, EPROTO, CODE_INTERNAL_SERVER_ERROR,
				 "the maps below \"%s\" have layout %u and this program knows %u: "
				 "use the sgate that made them, or another --bpffs",
				 kern->dir, kern->meta->abi_version, SG_ABI_VERSION);
	if (!r)
		r = memory_reserve(kern, MAP_BINDINGS, BINDINGS_BYTES, (void **)&kern->bindings,
				   err);
	if (!r)
		r = memory_reserve(kern, MAP_REST, REST_BYTES, (void **)&kern->rest, err);
	if (!r)
		r = memory_reserve(kern, MAP_HEAP, HEAP_BYTES, (void **)&kern->heap, err);
	if (!r)
		r = map_memory(kern, MAP_SETTINGS, META_BYTES, (void **)&kern->settings, err);
	if (!r) {
		kern->slot_count = kern_slot_count(kern);
		kern->bucket_count = kern_bucket_count(kern);
		kern->counter_layout = kern_counter_layout(kern);
		kern->counter_count = kern_counter_count(kern);
		r = memory_reserve(kern, MAP_CONNECTIONS,
				   kern->bucket_count * sizeof(struct sg_bucket),
				   (void **)&kern->buckets, err);
	}
	if (!r)
		r = memory_reserve(kern, MAP_CONNECTIONS6,
				   kern->bucket_count * sizeof(struct sg_bucket6),
				   (void **)&kern->buckets6, err);
	if (!r)
		r = memory_reserve(kern, MAP_TAGS, kern->bucket_count * sizeof(struct sg_tags),
				   (void **)&kern->tags, err);
	if (!r)
		r = memory_reserve(kern, MAP_REMOTES, remotes_bytes(kern), (void **)&kern->remotes,
				   err);
	if (!r)
		r = memory_reserve(kern, MAP_COUNTERS,
				   kern->counter_count * sizeof(struct sg_counter),
				   (void **)&kern->counters, err);
	return r;
}

/* Interface indexes mean one network namespace: that of the first writer, and no other. */
static int check_namespace(struct kern *kern, struct error *err)
{
	uint64_t device, inode;
	int r = netns_identity(&device, &inode, err);

	if (r)
		return r;
	if (!kern->meta->netns_inode && kern->writable) {
		kern->meta->netns_device = device;
		kern->meta->netns_inode = inode;
		kern->meta->abi_version = SG_ABI_VERSION;
	}
	if (kern->meta->netns_inode &&
	    (kern->meta->netns_device != device || kern->meta->netns_inode != inode))
		return error_set(err, EPERM, CODE_OPERATION_DENIED_NETWORK_NAMESPACE,
				 "bpffs directory \"%s\" serves network namespace net:[%llu], this "
				 "is net:[%llu]: run sgate there, or give another --bpffs and "
				 "--state-dir",
				 kern->dir, (unsigned long long)kern->meta->netns_inode,
				 (unsigned long long)inode);
	return 0;
}

/* Map what was made, and write what no map begins with. */
static int map_new(struct kern *kern, struct error *err)
{
	int r = open_maps(kern, err);

	if (!r)
		r = map_all(kern, err);
	if (!r)
		r = check_namespace(kern, err);
	return r ? r : settings_init(kern, err);
}

static int open_for_writing(struct kern *kern, struct error *err)
{
	struct error ignored;
	int r = open_maps(kern, &ignored);

	if (!r) {
		r = map_all(kern, err);
		if (!r)
			r = check_namespace(kern, err);
		if (r)
			return r;
		if ((kern->meta->programs == programs_hash() ||
		     (kern->adopts && kern->meta->programs)) &&
		    !kern_open_programs(kern, &ignored))
			return 0;
	}
	r = bpffs_prepare(kern->dir, err);
	if (!r)
		r = make_parts(kern, err);
	if (!r)
		r = programs_load(kern, err);
	if (!r && !kern->meta)
		r = map_new(kern, err);
	if (!r)
		r = hooks_refresh(kern, err);
	if (!r)
		kern->meta->programs = kern->programs_opened = programs_hash();
	return r;
}

static int open_for_reading(struct kern *kern, struct error *err)
{
	int r = open_maps(kern, err);

	if (!r)
		r = map_all(kern, err);
	if (!r)
		r = check_namespace(kern, err);
	return r;
}

int kern_open(const char *dir, enum kern_access access, const struct connection_settings *settings,
	      struct kern **kern_out, struct error *err)
{
	struct kern *kern = calloc(1, sizeof(*kern));
	int r;

	if (!kern)
		return kern_error(err, ENOMEM, "cannot open the kernel side");
	memset(kern->maps, -1, sizeof(kern->maps));
	memset(kern->programs, -1, sizeof(kern->programs));
	kern->links_dir = -1;
	kern->writable = access != KERN_READ;
	kern->adopts = access == KERN_ADOPT;
	kern->has_tcx = kern_has_tcx();
	kern->made_with = *settings;
	kern->dir = strdup(dir);
	if (!kern->dir)
		r = kern_error(err, ENOMEM, "cannot open the kernel side");
	else
		r = kern->writable ? open_for_writing(kern, err) : open_for_reading(kern, err);
	if (r) {
		kern_close(kern);
		return r;
	}
	kern_open_links(kern);
	*kern_out = kern;
	return 0;
}

static int is_any(uint32_t ifindex, const struct binding *binding, void *context)
{
	(void)ifindex;
	(void)binding;
	(void)context;
	return 1;
}

int kern_check_store(struct kern *kern, uint64_t store, struct error *err)
{
	if (kern->meta->store == store)
		return 0;
	if (kern->meta->store && binding_each(kern, is_any, NULL))
		return error_set(
			err, EPERM, CODE_OPERATION_DENIED_NETWORK_NAMESPACE,
			"bpffs directory \"%s\" enforces another state directory: use that "
			"one, or another --bpffs; removing the directory ends its enforcement",
			kern->dir);
	if (kern->writable)
		kern->meta->store = store;
	return 0;
}

void kern_close(struct kern *kern)
{
	if (!kern)
		return;
	memory_release(kern);
	if (kern->meta)
		munmap(kern->meta, META_BYTES);
	if (kern->settings)
		munmap(kern->settings, META_BYTES);
	for (int i = 0; i < MAP_COUNT; i++)
		cleanup_close(&kern->maps[i]);
	for (int i = 0; i < PROGRAM_COUNT; i++)
		cleanup_close(&kern->programs[i]);
	cleanup_close(&kern->links_dir);
	extents_fini(&kern->used);
	free(kern->dir);
	free(kern);
}
