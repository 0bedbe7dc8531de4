// SPDX-License-Identifier: GPL-2.0-only
/*
 * privileges.c - give up what is not needed once everything is open.
 *
 *   CAP_BPF        maps, programs, their pins
 *   CAP_NET_ADMIN  programs of TC and XDP, links on interfaces, clsact
 *   CAP_PERFMON    programs are verified without the limits of those whose
 *                  authors are not trusted with timing
 *
 * The limit of locked memory is lifted first: before Linux 5.11 maps count.
 */
#include "daemon/privileges.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

static const cap_value_t kept[] = {CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON};

static int failed(const char *what, struct error *err)
{
	int number = errno;

	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
			 "cannot give up privileges: %s: %s", what, strerror(number));
}

static void release(cap_t *set)
{
	if (*set)
		cap_free(*set);
}

static bool is_kept(cap_value_t which)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (kept[i] == which)
			return true;
	}
	return false;
}

/*
 * Needs CAP_SETPCAP. A process that was started without it, by a service
 * manager that bounds it, is left with what it keeps anyway.
 */
static int drop_bounding(struct error *err)
{
	for (cap_value_t which = 0; CAP_IS_SUPPORTED(which); which++) {
		if (cap_get_bound(which) != 1 || !cap_drop_bound(which))
			continue;
		if (errno != EPERM || !is_kept(which))
			return failed("bounding set", err);
	}
	return 0;
}

/* Of those that this process has: to ask for more would fail. */
static int keep_ours(const cap_t now, cap_t next, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(now, kept[i], CAP_PERMITTED, &has))
			return failed("capabilities", err);
		if (has == CAP_SET && (cap_set_flag(next, CAP_PERMITTED, 1, &kept[i], CAP_SET) ||
				       cap_set_flag(next, CAP_EFFECTIVE, 1, &kept[i], CAP_SET)))
			return failed("capabilities", err);
	}
	return 0;
}

int privileges_drop(struct error *err)
{
	const struct rlimit unlimited = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	AUTO(release) cap_t now = cap_get_proc();
	AUTO(release) cap_t next = cap_init();
	int r;

	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (!now || !next)
		return failed("capabilities", err);
	r = keep_ours(now, next, err);
	if (!r)
		r = drop_bounding(err);
	if (r)
		return r;
	if (cap_reset_ambient())
		return failed("ambient set", err);
	if (cap_set_proc(next))
		return failed("capabilities", err);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("no new privileges", err);
	return 0;
}
