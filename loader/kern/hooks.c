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

uint32_t pinned_program(const struct kern *kern, enum kern_program which)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int program = -1;
	struct error ignored;

	if (kern_path(kern, path, "progs", kern_program_names[which], &ignored))
		return 0;
	program = bpf_obj_get(path);
	if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &size))
		return 0;
	return info.id;
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

struct hooks hooks_of_binding(const struct binding *binding)
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

struct hooks hooks_wanted(const struct kern *kern, enum attach_mode mode)
{
	struct hooks hooks = {};

	hooks.tx = kern->has_tcx ? SG_HOOK_TCX : SG_HOOK_CLSACT;
	switch (mode) {
	case MODE_AUTO: /* what it is on an interface is for the caller to know */
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

static enum sg_hook present_one(const struct kern *kern, uint32_t ifindex, enum hook_path which,
				enum sg_hook hook)
{
	bool live = false;

	if (hook == SG_HOOK_CLSACT)
		live = clsact_is_live(kern, ifindex, which);
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

static bool is_xdp(enum sg_hook hook)
{
	return hook == SG_HOOK_XDP || hook == SG_HOOK_XDP_GENERIC;
}

static bool has_clsact(const struct hooks *hooks)
{
	return hooks->rx == SG_HOOK_CLSACT || hooks->tx == SG_HOOK_CLSACT;
}

/*
 * Take off all that is ours but `kept`, whatever the entry names: a change that
 * was cut short may have left more.
 */
static int detach_others(struct kern *kern, uint32_t ifindex, const struct hooks *kept,
			 struct error *err)
{
	static const enum sg_hook kinds[] = {SG_HOOK_TCX, SG_HOOK_CLSACT, SG_HOOK_XDP};
	int r = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum sg_hook kind = kinds[i];
		bool keeps_rx = kept->rx == kind || (is_xdp(kept->rx) && is_xdp(kind));
		int rx = 0, tx = 0;

		if (!keeps_rx)
			rx = detach_one(kern, ifindex, PATH_RX, kind, err);
		if (kept->tx != kind && !is_xdp(kind))
			tx = detach_one(kern, ifindex, PATH_TX, kind, err);
		if (!r)
			r = rx ? rx : tx;
	}
	return r;
}

bool hooks_surplus(const struct kern *kern, uint32_t ifindex, const struct hooks *kept)
{
	if ((kept->rx != SG_HOOK_TCX && link_is_pinned(kern, ifindex, PATH_RX, SG_HOOK_TCX)) ||
	    (kept->tx != SG_HOOK_TCX && link_is_pinned(kern, ifindex, PATH_TX, SG_HOOK_TCX)) ||
	    (!is_xdp(kept->rx) && link_is_pinned(kern, ifindex, PATH_RX, SG_HOOK_XDP)))
		return true;
	/* Where there is tcx we make no filters: no need to ask for them each time. */
	return kept->tx == SG_HOOK_CLSACT && kept->rx != SG_HOOK_CLSACT &&
	       clsact_is_live(kern, ifindex, PATH_RX);
}

bool hooks_died(const struct kern *kern, uint32_t ifindex)
{
	return link_is_dead(kern, ifindex, PATH_RX, SG_HOOK_TCX) ||
	       link_is_dead(kern, ifindex, PATH_TX, SG_HOOK_TCX) ||
	       link_is_dead(kern, ifindex, PATH_RX, SG_HOOK_XDP);
}

int hooks_detach(struct kern *kern, uint32_t ifindex, bool own_clsact, struct error *err)
{
	const struct hooks none = {};
	int r = detach_others(kern, ifindex, &none, err);
	int qdisc = own_clsact ? clsact_remove_if_empty(ifindex, err) : 0;

	return r ? r : qdisc;
}

/* Attach what of `to` is not there; what was added is taken off again on failure. */
static int attach_missing(struct kern *kern, uint32_t ifindex, const char *dev, struct hooks *to,
			  bool *attached_out, struct error *err)
{
	struct hooks present = hooks_present(kern, ifindex, to);
	bool own_clsact = to->own_clsact, tx_attached = false;
	struct error ignored;
	int r = 0;

	if (present.tx == SG_HOOK_NONE) {
		r = attach_one(kern, ifindex, dev, PATH_TX, to->tx, &own_clsact, err);
		tx_attached = !r;
	}
	if (!r && present.rx == SG_HOOK_NONE)
		r = attach_one(kern, ifindex, dev, PATH_RX, to->rx, &own_clsact, err);
	if (r) {
		if (tx_attached)
			(void)detach_one(kern, ifindex, PATH_TX, to->tx, &ignored);
		if (own_clsact && !to->own_clsact)
			(void)clsact_remove_if_empty(ifindex, &ignored);
		return r;
	}
	to->own_clsact = own_clsact;
	*attached_out = present.tx == SG_HOOK_NONE || present.rx == SG_HOOK_NONE;
	return 0;
}

/* An interface has one XDP hook: between native and generic, TC judges. */
static int change_xdp(struct kern *kern, uint32_t ifindex, const char *dev,
		      const struct hooks *from, struct hooks *to, struct error *err)
{
	struct hooks between = {.rx = to->tx, .tx = to->tx};
	struct hooks before = *from;
	struct error ignored;
	int r;

	before.rx = link_xdp(kern, ifindex);
	r = hooks_change(kern, ifindex, dev, from, &between, err);
	if (r)
		return r;
	r = hooks_change(kern, ifindex, dev, &between, to, err);
	if (r)
		(void)hooks_change(kern, ifindex, dev, &between, &before, &ignored);
	return r;
}

int hooks_prepare(struct kern *kern, const struct hooks *hooks, struct error *err)
{
	return link_prepare(kern, hooks->rx, err);
}

int hooks_change(struct kern *kern, uint32_t ifindex, const char *dev, const struct hooks *from,
		 struct hooks *to, struct error *err)
{
	enum sg_hook xdp = is_xdp(to->rx) ? link_xdp(kern, ifindex) : SG_HOOK_NONE;
	bool attached;
	int r;

	if (xdp != SG_HOOK_NONE && xdp != to->rx)
		return change_xdp(kern, ifindex, dev, from, to, err);
	to->own_clsact = from->own_clsact;
	r = attach_missing(kern, ifindex, dev, to, &attached, err);
	/* A packet may have gone by the new place already and not come to the old one yet. */
	if (!r && attached && from->rx != SG_HOOK_NONE)
		r = grace_period_wait(err);
	if (!r)
		r = detach_others(kern, ifindex, to, err);
	if (r || !to->own_clsact || has_clsact(to))
		return r;
	to->own_clsact = false;
	return clsact_remove_if_empty(ifindex, err);
}

struct refreshing {
	struct kern *kern;
	struct error *err;
};

static int refresh_filters(uint32_t ifindex, const struct binding *binding, void *context)
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
