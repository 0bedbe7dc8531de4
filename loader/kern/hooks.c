// SPDX-License-Identifier: GPL-2.0-only
/*
 * hooks.c - our programs on an interface: both directions or none.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kern/internal.h"
#include "util/cleanup.h"

void program_name(uint32_t id, char name[PROGRAM_NAME_MAX])
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	AUTO_CLOSE int program = bpf_prog_get_fd_by_id(id);

	if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &size))
		strcpy(info.name, "?");
	memcpy(name, info.name, PROGRAM_NAME_MAX);
	name[PROGRAM_NAME_MAX - 1] = '\0';
}

const char *hook_text(enum sg_hook hook)
{
	switch (hook) {
	case SG_HOOK_TCX:
		return "tcx";
	case SG_HOOK_CLSACT:
		return "tc";
	case SG_HOOK_XDP:
		return "xdp";
	case SG_HOOK_XDP_GENERIC:
		return "xdp-generic";
	case SG_HOOK_NONE:
		break;
	}
	return "none";
}

struct hooks hooks_of_binding(const struct sg_binding *binding)
{
	return (struct hooks){
		.rx = binding->options >> SG_OPTION_RX_SHIFT & SG_OPTION_HOOK_MASK,
		.tx = binding->options >> SG_OPTION_TX_SHIFT & SG_OPTION_HOOK_MASK,
		.own_clsact = binding->options & SG_OPTION_OWN_CLSACT,
	};
}

uint32_t hooks_to_options(const struct hooks *hooks)
{
	return hooks->rx << SG_OPTION_RX_SHIFT | hooks->tx << SG_OPTION_TX_SHIFT |
	       (hooks->own_clsact ? SG_OPTION_OWN_CLSACT : 0);
}

struct hooks hooks_wanted(enum attach_mode mode)
{
	struct hooks hooks = {};

	hooks.tx = kern_has_tcx() ? SG_HOOK_TCX : SG_HOOK_CLSACT;
	switch (mode) {
	case MODE_AUTO:
	case MODE_TC:
		hooks.rx = hooks.tx;
		break;
	case MODE_XDP:
		hooks.rx = SG_HOOK_XDP;
		break;
	case MODE_XDP_GENERIC:
		hooks.rx = SG_HOOK_XDP_GENERIC;
		break;
	}
	return hooks;
}

static int attach_one(struct kern *kern, uint32_t ifindex, const char *dev, enum hook_path which,
		      enum sg_hook hook, bool *own_clsact, struct error *err)
{
	if (hook == SG_HOOK_CLSACT)
		return clsact_attach(kern, ifindex, dev, which, own_clsact, err);
	return link_attach(kern, ifindex, dev, which, hook, err);
}

static int detach_one(struct kern *kern, uint32_t ifindex, enum hook_path which, enum sg_hook hook,
		      struct error *err)
{
	if (hook == SG_HOOK_NONE)
		return 0;
	if (hook == SG_HOOK_CLSACT)
		return clsact_detach(ifindex, which, err);
	return link_detach(kern, ifindex, which, hook, err);
}

int hooks_detach(struct kern *kern, uint32_t ifindex, const struct hooks *hooks, struct error *err)
{
	int rx = detach_one(kern, ifindex, PATH_RX, hooks->rx, err);
	int tx = detach_one(kern, ifindex, PATH_TX, hooks->tx, err);
	int qdisc = 0;

	if (hooks->own_clsact)
		qdisc = clsact_remove_if_empty(ifindex, err);
	return rx ? rx : tx ? tx : qdisc;
}

static enum sg_hook present_one(const struct kern *kern, uint32_t ifindex, enum hook_path which,
				enum sg_hook hook)
{
	bool live = false;

	if (hook == SG_HOOK_CLSACT)
		live = clsact_is_live(ifindex, which);
	else if (hook != SG_HOOK_NONE)
		live = link_is_live(kern, ifindex, which, hook);
	return live ? hook : SG_HOOK_NONE;
}

struct hooks hooks_present(const struct kern *kern, uint32_t ifindex, const struct hooks *hooks)
{
	return (struct hooks){
		.rx = present_one(kern, ifindex, PATH_RX, hooks->rx),
		.tx = present_one(kern, ifindex, PATH_TX, hooks->tx),
		.own_clsact = hooks->own_clsact,
	};
}

/* What is in `all` and not in `kept`. */
static struct hooks hooks_without(const struct hooks *all, const struct hooks *kept)
{
	bool still_clsact = kept->rx == SG_HOOK_CLSACT || kept->tx == SG_HOOK_CLSACT;

	return (struct hooks){
		.rx = all->rx == kept->rx ? SG_HOOK_NONE : all->rx,
		.tx = all->tx == kept->tx ? SG_HOOK_NONE : all->tx,
		.own_clsact = all->own_clsact && !still_clsact,
	};
}

static bool is_xdp(enum sg_hook hook)
{
	return hook == SG_HOOK_XDP || hook == SG_HOOK_XDP_GENERIC;
}

/* Attach what of `to` is not there; what was added is taken off again on failure. */
static int attach_missing(struct kern *kern, uint32_t ifindex, const char *dev, struct hooks *to,
			  struct error *err)
{
	struct hooks present = hooks_present(kern, ifindex, to);
	struct hooks added = {};
	struct error ignored;
	bool own_clsact = to->own_clsact;
	int r = 0;

	if (present.tx == SG_HOOK_NONE) {
		r = attach_one(kern, ifindex, dev, PATH_TX, to->tx, &own_clsact, err);
		added.tx = r ? SG_HOOK_NONE : to->tx;
	}
	if (!r && present.rx == SG_HOOK_NONE)
		r = attach_one(kern, ifindex, dev, PATH_RX, to->rx, &own_clsact, err);
	if (r) {
		added.own_clsact = own_clsact && !to->own_clsact;
		(void)hooks_detach(kern, ifindex, &added, &ignored);
		return r;
	}
	to->own_clsact = own_clsact;
	return 0;
}

/* An interface has one XDP hook: between native and generic, TC judges. */
static int change_xdp(struct kern *kern, uint32_t ifindex, const char *dev,
		      const struct hooks *from, struct hooks *to, struct error *err)
{
	struct hooks between = {.rx = to->tx, .tx = to->tx, .own_clsact = from->own_clsact};
	struct hooks before = *from;
	struct error ignored;
	int r = hooks_change(kern, ifindex, dev, from, &between, err);

	if (r)
		return r;
	to->own_clsact = between.own_clsact;
	r = hooks_change(kern, ifindex, dev, &between, to, err);
	if (r)
		(void)hooks_change(kern, ifindex, dev, &between, &before, &ignored);
	return r;
}

int hooks_change(struct kern *kern, uint32_t ifindex, const char *dev, const struct hooks *from,
		 struct hooks *to, struct error *err)
{
	struct hooks surplus;
	int r;

	if (is_xdp(from->rx) && is_xdp(to->rx) && from->rx != to->rx)
		return change_xdp(kern, ifindex, dev, from, to, err);
	to->own_clsact = from->own_clsact;
	r = attach_missing(kern, ifindex, dev, to, err);
	if (r)
		return r;
	surplus = hooks_without(from, to);
	if (surplus.own_clsact)
		to->own_clsact = false;
	return hooks_detach(kern, ifindex, &surplus, err);
}

struct refreshing {
	struct kern *kern;
	struct error *err;
};

static int refresh_filters(uint32_t ifindex, const struct sg_binding *binding, void *context)
{
	struct refreshing *refreshing = context;
	struct hooks hooks = hooks_of_binding(binding);
	int r = 0;

	if (hooks.rx == SG_HOOK_CLSACT)
		r = clsact_refresh(refreshing->kern, ifindex, PATH_RX, refreshing->err);
	if (!r && hooks.tx == SG_HOOK_CLSACT)
		r = clsact_refresh(refreshing->kern, ifindex, PATH_TX, refreshing->err);
	return r;
}

int hooks_refresh(struct kern *kern, struct error *err)
{
	struct refreshing refreshing = {.kern = kern, .err = err};
	int r = links_refresh(kern, err);

	return r ? r : binding_each(kern, refresh_filters, &refreshing);
}
