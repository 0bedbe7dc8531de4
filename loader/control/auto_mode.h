/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * auto_mode.h - whether the mode auto is TC or XDP on an interface, and why.
 */
#ifndef CONTROL_AUTO_MODE_H
#define CONTROL_AUTO_MODE_H

#include "model/instance.h"
#include "net/link.h"

#define AUTO_REASON_MAX 160

/* MODE_TC or MODE_XDP. */
enum attach_mode auto_mode(const struct link_info *link);

/* "auto is tc on veth: ..." */
void auto_reason(const struct link_info *link, char reason[AUTO_REASON_MAX]);

#endif
