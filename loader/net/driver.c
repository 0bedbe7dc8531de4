// SPDX-License-Identifier: GPL-2.0-only
/*
 * driver.c - which driver an interface has.
 *
 * Asked of the interface, not of /sys: what is mounted there may show another
 * network namespace than ours.
 */
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/link.h"
#include "util/cleanup.h"

void link_driver(const char *name, char driver[LINK_DRIVER_MAX])
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&info};

	driver[0] = '\0';
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd >= 0 && !ioctl(fd, SIOCETHTOOL, &request))
		snprintf(driver, LINK_DRIVER_MAX, "%s", info.driver);
}
