// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook_link.c - programs attached by a BPF link: tcx and XDP.
 *
 * A pinned link holds its program on the interface with no process about, and
 * its program can be replaced without a packet going by unjudged. The link of
 * an interface that is gone stays pinned, names interface 0 and does nothing.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kern/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Linux 6.6; the headers of libbpf 1.1 have none of these. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3)
#define MAX_TCX_PROGRAMS 64 /* BPF_MPROG_MAX */

/* The three kinds of pins an interface can have. */
enum pin {
	PIN_RX,
	PIN_TX,
	PIN_XDP,
	PIN_COUNT,
};

static const char *const pin_names[PIN_COUNT] = {
	[PIN_RX] = "rx",
	[PIN_TX] = "tx",
	[PIN_XDP] = "xdp",
};

static enum pin pin_of(enum hook_path which, enum sg_hook hook)
{
	if (hook != SG_HOOK_TCX)
		return PIN_XDP;
	return which == PATH_RX ? PIN_RX : PIN_TX;
}

#define LINK_NAME_MAX 32

static void link_name(char name[LINK_NAME_MAX], uint32_t ifindex, enum pin pin)
{
	snprintf(name, LINK_NAME_MAX, "%u-%s", ifindex, pin_names[pin]);
}

static int link_path(const struct kern *kern, char path[KERN_PATH_MAX], uint32_t ifindex,
		     enum pin pin, struct error *err)
{
	char name[LINK_NAME_MAX];

	link_name(name, ifindex, pin);
	return kern_path(kern, path, "links", name, err);
}

/* The id of the program that the pinned link runs on its interface; 0: it runs none. */
static uint32_t live_program(const struct kern *kern, uint32_t ifindex, enum pin pin)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int link = -1;
	struct error ignored;

	if (link_path(kern, path, ifindex, pin, &ignored))
		return 0;
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &size) || info.xdp.ifindex != ifindex)
		return 0;
	return info.prog_id;
}

enum sg_hook link_xdp(const struct kern *kern, uint32_t ifindex)
{
	uint32_t program = live_program(kern, ifindex, PIN_XDP);
	LIBBPF_OPTS(bpf_xdp_query_opts, options);

	/* The link itself does not tell in which of the two ways it was attached. */
	if (!program || bpf_xdp_query(ifindex, 0, &options))
		return SG_HOOK_NONE;
	if (options.drv_prog_id == program)
		return SG_HOOK_XDP;
	return options.skb_prog_id == program ? SG_HOOK_XDP_GENERIC : SG_HOOK_NONE;
}

bool link_is_pinned(const struct kern *kern, uint32_t ifindex, enum hook_path which,
		    enum sg_hook hook)
{
	char name[LINK_NAME_MAX];

	link_name(name, ifindex, pin_of(which, hook));
	return !faccessat(kern->links_dir, name, F_OK, 0);
}

/* Whether the interface's programs at tcx are known, and ours is one. */
static bool tcx_has_ours(const struct kern *kern, uint32_t ifindex, enum hook_path which)
{
	uint32_t ids[MAX_TCX_PROGRAMS], count = MAX_TCX_PROGRAMS, flags;

	if (bpf_prog_query(ifindex, which == PATH_RX ? ATTACH_TCX_INGRESS : ATTACH_TCX_EGRESS, 0,
			   &flags, ids, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (ids[i] == kern->tcx_ids[which])
			return true;
	}
	return false;
}

/*
 * A change may ask this of thousands of interfaces: two short calls tell it,
 * where the pin and our present program are both there. Otherwise the link is
 * looked at.
 */
bool link_is_live(const struct kern *kern, uint32_t ifindex, enum hook_path which,
		  enum sg_hook hook)
{
	if (hook != SG_HOOK_TCX)
		return link_xdp(kern, ifindex) == hook;
	if (!link_is_pinned(kern, ifindex, which, hook))
		return false;
	return tcx_has_ours(kern, ifindex, which) ||
	       live_program(kern, ifindex, pin_of(which, hook));
}

/* The interface of a link, 0 when that is gone. tcx and XDP have it in the same place. */
static int link_ifindex(int link, uint32_t *ifindex_out)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &size))
		return -errno;
	*ifindex_out = info.xdp.ifindex;
	return 0;
}

bool link_is_dead(const struct kern *kern, uint32_t ifindex, enum hook_path which,
		  enum sg_hook hook)
{
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int link = -1;
	struct error ignored;
	uint32_t at = 0;

	if (link_path(kern, path, ifindex, pin_of(which, hook), &ignored))
		return false;
	link = bpf_obj_get(path);
	return link >= 0 && !link_ifindex(link, &at) && !at;
}

/* tcx runs us before the programs that are there: none of them can let a packet by. */
static int create_tcx(struct kern *kern, uint32_t ifindex, enum hook_path which)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);
	bool rx = which == PATH_RX;

	return bpf_link_create(kern->programs[rx ? PROGRAM_TC_RX : PROGRAM_TC_TX], ifindex,
			       rx ? ATTACH_TCX_INGRESS : ATTACH_TCX_EGRESS, &options);
}

static enum kern_program xdp_program(enum sg_hook hook)
{
	return hook == SG_HOOK_XDP_GENERIC ? PROGRAM_XDP_GENERIC : PROGRAM_XDP_RX;
}

int link_prepare(struct kern *kern, enum sg_hook hook, struct error *err)
{
	bool is_xdp = hook == SG_HOOK_XDP || hook == SG_HOOK_XDP_GENERIC;

	return is_xdp ? program_need(kern, xdp_program(hook), err) : 0;
}

static int create_xdp(struct kern *kern, uint32_t ifindex, enum sg_hook hook)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = hook == SG_HOOK_XDP ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);

	return bpf_link_create(kern->programs[xdp_program(hook)], ifindex, BPF_XDP, &options);
}

static int xdp_refused(int number, uint32_t ifindex, const char *dev, enum sg_hook hook,
		       struct error *err)
{
	char name[PROGRAM_NAME_MAX];
	uint32_t id = 0;

	if (!bpf_xdp_query_id(ifindex, 0, &id) && id) {
		program_name(id, name);
		return error_set(err, EBUSY, CODE_OPERATION_DENIED_INTERFACE_IN_USE,
				 "interface \"%s\" already has the XDP program \"%s\" (id %u), "
				 "which is left alone: take it off, or use --mode tc",
				 dev, name, id);
	}
	if (hook == SG_HOOK_XDP && (number == EOPNOTSUPP || number == EINVAL))
		return error_set(err, number,
				 CODE_OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP,
				 "interface \"%s\" cannot run XDP programs in its driver (%s): use "
				 "--mode tc or --mode xdp-generic",
				 dev, strerror(number));
	return kern_error(err, number, "cannot attach the XDP program to \"%s\"", dev);
}

int link_attach(struct kern *kern, uint32_t ifindex, const char *dev, enum hook_path which,
		enum sg_hook hook, struct error *err)
{
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int link = -1;
	int r = link_path(kern, path, ifindex, pin_of(which, hook), err);

	if (r)
		return r;
	if (link_is_live(kern, ifindex, which, hook))
		return 0;
	r = link_prepare(kern, hook, err);
	if (r)
		return r;
	/* of an interface that is gone; a live one would have to be detached first */
	unlink(path);
	link = hook == SG_HOOK_TCX ? create_tcx(kern, ifindex, which)
				   : create_xdp(kern, ifindex, hook);
	if (link < 0) {
		if (hook != SG_HOOK_TCX)
			return xdp_refused(errno, ifindex, dev, hook, err);
		return kern_error(err, errno, "cannot attach the TC program to \"%s\"", dev);
	}
	if (bpf_obj_pin(link, path))
		return kern_error(err, errno, "cannot pin \"%s\"", path);
	return 0;
}

static int remove_link(const struct kern *kern, uint32_t ifindex, enum pin pin, struct error *err)
{
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int link = -1;
	int r = link_path(kern, path, ifindex, pin, err);

	if (r)
		return r;
	link = bpf_obj_get(path);
	if (link < 0)
		return errno == ENOENT ? 0 : kern_error(err, errno, "cannot open \"%s\"", path);
	/* At once, whoever else holds the link. It fails when the interface is gone: as good. */
	(void)bpf_link_detach(link);
	if (unlink(path) && errno != ENOENT)
		return kern_error(err, errno, "cannot remove \"%s\"", path);
	return 0;
}

int link_detach(const struct kern *kern, uint32_t ifindex, enum hook_path which, enum sg_hook hook,
		struct error *err)
{
	return remove_link(kern, ifindex, pin_of(which, hook), err);
}

/* One pinned link. */
struct pinned {
	uint32_t ifindex;
	enum pin pin;
};

struct pins {
	struct pinned *items;
	size_t count;
	size_t capacity;
};

static void pins_fini(struct pins *pins)
{
	free(pins->items);
}

/* Parse "12-rx"; false for what is not ours. */
static bool parse_name(const char *name, struct pinned *pinned_out)
{
	char suffix[8];

	if (sscanf(name, "%u-%7s", &pinned_out->ifindex, suffix) != 2)
		return false;
	for (enum pin pin = 0; pin < PIN_COUNT; pin++) {
		if (strcmp(suffix, pin_names[pin]))
			continue;
		pinned_out->pin = pin;
		return true;
	}
	return false;
}

static int list_pins(const struct kern *kern, struct pins *pins, struct error *err)
{
	char path[KERN_PATH_MAX];
	struct dirent *entry;
	struct pinned pinned;
	int r = kern_path(kern, path, "links", "", err);
	DIR *dir;

	if (r)
		return r;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : kern_error(err, errno, "cannot read \"%s\"", path);
	while (!r && (entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &pinned))
			continue;
		if (ARRAY_GROW(pins->items, pins->count, pins->capacity))
			r = kern_error(err, ENOMEM, "cannot list the links");
		else
			pins->items[pins->count++] = pinned;
	}
	closedir(dir);
	return r;
}

static enum kern_program program_of(const struct kern *kern, const struct pinned *pinned)
{
	switch (pinned->pin) {
	case PIN_RX:
		return PROGRAM_TC_RX;
	case PIN_TX:
		return PROGRAM_TC_TX;
	default:
		return xdp_program(link_xdp(kern, pinned->ifindex));
	}
}

/* A link's program becomes this build's, without a moment between. */
static int refresh(struct kern *kern, const struct pinned *pinned, struct error *err)
{
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int link = -1;
	enum kern_program which;
	uint32_t at = 0;
	int r = link_path(kern, path, pinned->ifindex, pinned->pin, err);

	if (r)
		return r;
	link = bpf_obj_get(path);
	if (link < 0 || link_ifindex(link, &at) || !at)
		return 0;
	which = program_of(kern, pinned);
	r = program_need(kern, which, err);
	if (r)
		return r;
	if (bpf_link_update(link, kern->programs[which], NULL))
		return kern_error(err, errno, "cannot replace the program of interface index %u",
				  pinned->ifindex);
	return 0;
}

int links_refresh(struct kern *kern, struct error *err)
{
	AUTO(pins_fini) struct pins pins = {};
	int r = list_pins(kern, &pins, err);

	for (size_t i = 0; !r && i < pins.count; i++)
		r = refresh(kern, &pins.items[i], err);
	return r;
}

/* Whether the interface's binding says that this link is to be there. */
static bool is_named(const struct kern *kern, const struct pinned *pinned)
{
	struct binding binding;
	struct hooks hooks;

	if (!binding_get(kern, pinned->ifindex, &binding))
		return false;
	hooks = hooks_of_binding(&binding);
	switch (pinned->pin) {
	case PIN_RX:
		return hooks.rx == SG_HOOK_TCX;
	case PIN_TX:
		return hooks.tx == SG_HOOK_TCX;
	default:
		return hooks.rx == SG_HOOK_XDP || hooks.rx == SG_HOOK_XDP_GENERIC;
	}
}

int hooks_strays(struct kern *kern, bool check_only, void (*each)(uint32_t ifindex, void *context),
		 void *context, struct error *err)
{
	AUTO(pins_fini) struct pins pins = {};
	int r = list_pins(kern, &pins, err);

	for (size_t i = 0; !r && i < pins.count; i++) {
		if (is_named(kern, &pins.items[i]))
			continue;
		each(pins.items[i].ifindex, context);
		if (!check_only)
			r = remove_link(kern, pins.items[i].ifindex, pins.items[i].pin, err);
	}
	return r;
}
