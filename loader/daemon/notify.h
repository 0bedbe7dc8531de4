/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notify.h - what a service manager is told, and asks for (sd_notify(3)).
 * Without one all of this does nothing.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

void notify_ready(void);
void notify_reloading(void); /* notify_ready() ends it */
void notify_stopping(void);
/* The start takes longer, but goes on. */
void notify_patience(void);
/* A sentence on how things are. */
__attribute__((format(printf, 1, 2))) void notify_status(const char *format, ...);

/* How often notify_alive() is to be called; 0: not at all. */
unsigned int notify_alive_interval_ms(void);
void notify_alive(void);

#endif
