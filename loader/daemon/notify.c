// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify.c - what a service manager is told.
 */
#include "daemon/notify.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
			 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_patience(void)
{
	(void)sd_notify(0, "EXTEND_TIMEOUT_USEC=30000000");
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)sd_notifyf(0, "STATUS=%s", text);
}

unsigned int notify_alive_interval_ms(void)
{
	uint64_t interval_us = 0;

	if (sd_watchdog_enabled(0, &interval_us) <= 0)
		return 0;
	/* twice in the time, as sd_watchdog_enabled(3) advises */
	interval_us /= 2000;
	if (interval_us > UINT_MAX)
		return UINT_MAX;
	return interval_us ? (unsigned int)interval_us : 1;
}

void notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}
