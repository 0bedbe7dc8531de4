// SPDX-License-Identifier: GPL-2.0-only
/*
 * auto_mode.c - whether the mode auto is TC or XDP on an interface, and why.
 *
 * What was measured for a kind of driver decides. XDP is taken only where packets
 * that pass cost no more with it, single ones and large ones alike: they are
 * what an interface carries all day, and drops are cheap at TC as well. Where
 * nothing was measured it is TC, which runs everywhere and leaves offloads as
 * they are. Generic XDP is never taken. On 2 CPUs (AMD EPYC), Linux 6.18:
 *
 *   veth   tools/bench/peers --quick --only none,sgate-tc,sgate-xdp,streams
 *          TCP through it, Gbit/s: 18.4 without a filter, 18.5 with TC, 2.2 with XDP,
 *          3.1 with an empty XDP program: with any, each packet is copied and
 *          none comes as a large one. The same with forwarding for streams, a
 *          small packet costs 500 ns more with TC and 458 with XDP.
 *   tap    tools/bench/modes
 *          ns for a frame that passes: 60 bytes 1,586 without a filter, 1,621 with
 *          TC, 2,509 with XDP; 64 KiB 4,493, 4,743, 11,860. Dropped: 60 bytes
 *          2,022 with TC, 2,042 with XDP; 64 KiB 4,633, 10,089.
 */
#include "control/auto_mode.h"

#include <stdio.h>
#include <string.h>

#include "util/array.h"

/* What was measured, as the rest of a sentence. */
struct measured {
	const char *driver;
	enum attach_mode mode;
	const char *finding;
};

static const struct measured drivers[] = {
	{"veth", MODE_TC, "with XDP there, TCP was measured to be 8 times slower"},
	{"tap", MODE_TC, "with XDP there, frames were measured to cost 1.5 to 2.5 times as much"},
};

static const struct measured unknown = {
	.mode = MODE_TC,
	.finding = "XDP was not measured there",
};

/* The kind of a software interface, the driver of another. */
static void driver_of(const struct link_info *link, char driver[LINK_DRIVER_MAX])
{
	if (link->is_tap)
		snprintf(driver, LINK_DRIVER_MAX, "tap");
	else if (link->kind[0])
		snprintf(driver, LINK_DRIVER_MAX, "%s", link->kind);
	else
		link_driver(link->name, driver);
}

static const struct measured *find(const char *driver)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (!strcmp(drivers[i].driver, driver))
			return &drivers[i];
	}
	return &unknown;
}

enum attach_mode auto_mode(const struct link_info *link)
{
	char driver[LINK_DRIVER_MAX];

	driver_of(link, driver);
	return find(driver)->mode;
}

void auto_reason(const struct link_info *link, char reason[AUTO_REASON_MAX])
{
	char driver[LINK_DRIVER_MAX];
	const struct measured *measured;

	driver_of(link, driver);
	measured = find(driver);
	snprintf(reason, AUTO_REASON_MAX, "auto is %s on %s: %s", mode_text(measured->mode),
		 driver[0] ? driver : "an unknown driver", measured->finding);
}
