// SPDX-License-Identifier: GPL-2.0-only
/*
 * daemon.c - open everything, give up privileges, serve, close.
 *
 * Events of interfaces are listened to before the first look at what there is,
 * so none is lost between; and they are seen to before requests of clients.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "codec/json.h"
#include "control/control.h"
#include "daemon/follow.h"
#include "daemon/listeners.h"
#include "daemon/lock.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "model/code.h"
#include "util/cleanup.h"

struct daemon {
	const struct daemon_settings *settings;
	struct control *control;
	struct loop *loop;
	struct follow *follow;
	struct listeners *listeners;
	int lock;
	int signals;
};

static void daemon_fini(struct daemon *daemon)
{
	loop_close(daemon->loop);
	listeners_close(daemon->listeners);
	follow_close(daemon->follow);
	control_close(daemon->control);
	cleanup_close(&daemon->signals);
	cleanup_close(&daemon->lock);
}

static int signals_open(int *fd_out, struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL)) {
		int number = errno;

		cleanup_close(&fd);
		return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
				 "cannot receive signals: %s", strerror(number));
	}
	*fd_out = fd;
	return 0;
}

static void reload(struct daemon *daemon)
{
	struct error failure = {0};

	notify_reloading();
	if (listeners_reload(daemon->listeners, &failure))
		log_error(LOG_LEVEL_ERROR, "reload-failed", &failure);
	else
		log_event(LOG_LEVEL_INFO, "reloaded", NULL);
	notify_ready();
}

static void signals_ready(void *context)
{
	struct daemon *daemon = context;
	struct signalfd_siginfo info;

	while (read(daemon->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			reload(daemon);
			continue;
		}
		log_event(LOG_LEVEL_INFO, "stopping",
			  json_pack("{s:s}", "signal",
				    info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT"));
		notify_stopping();
		loop_stop(daemon->loop);
	}
}

static void alive(void *context)
{
	(void)context;
	notify_alive();
}

static void reconcile(void *context)
{
	struct daemon *daemon = context;

	control_refresh(daemon->control);
	follow_reconcile(daemon->follow);
}

static int add_sources(struct daemon *daemon, struct error *err)
{
	const struct loop_source signals = {
		.fd = daemon->signals, .ready = signals_ready, .context = daemon};
	const struct loop_source interfaces = {.fd = follow_fd(daemon->follow),
					       .ready = follow_ready,
					       .timeout_ms = follow_timeout_ms,
					       .context = daemon->follow};
	unsigned int alive_ms = notify_alive_interval_ms();
	int r = loop_add(daemon->loop, &signals, err);

	if (!r)
		r = loop_add(daemon->loop, &interfaces, err);
	if (!r && alive_ms)
		r = loop_add_timer(daemon->loop, alive_ms, alive, daemon, err);
	if (!r)
		r = loop_add_timer(daemon->loop, daemon->settings->reconcile_s * 1000, reconcile,
				   daemon, err);
	return r ? r : listeners_add(daemon->listeners, daemon->loop, err);
}

/* All that may need privileges, or that another daemon may have. */
static int open_all(struct daemon *daemon, struct error *err)
{
	const struct daemon_settings *settings = daemon->settings;
	int r = control_open(settings->state_dir, settings->bpffs, &daemon->control, err);

	if (!r)
		r = lock_take(settings->state_dir, &daemon->lock, err);
	if (!r)
		r = signals_open(&daemon->signals, err);
	if (!r)
		r = control_prepare(daemon->control, err);
	if (!r)
		r = loop_open(&daemon->loop, err);
	if (!r)
		r = follow_open(daemon->control, &daemon->follow, err);
	if (!r)
		r = listeners_open(settings, daemon->control, daemon->follow, &daemon->listeners,
				   err);
	return r;
}

/* Ready is who enforces all that there is. */
static void enforce_all(struct daemon *daemon)
{
	follow_reconcile(daemon->follow);
	while (follow_is_busy(daemon->follow)) {
		notify_patience();
		notify_alive();
		follow_ready(daemon->follow);
	}
}

static void log_started(const struct daemon_settings *settings)
{
	json_t *fields = json_pack("{s:s, s:i, s:o, s:o}", "version", SGATE_VERSION, "pid",
				   getpid(), "stateDir", json_text(settings->state_dir), "bpffs",
				   json_text(settings->bpffs));

	log_event(LOG_LEVEL_INFO, "started", fields);
}

int daemon_run(const struct daemon_settings *settings, struct error *err)
{
	AUTO(daemon_fini) struct daemon daemon = {.settings = settings, .lock = -1, .signals = -1};
	int r;

	log_level_set(settings->log_level);
	r = open_all(&daemon, err);
	if (!r)
		r = privileges_drop(err);
	if (!r)
		r = control_make(daemon.control, err);
	if (!r)
		r = add_sources(&daemon, err);
	if (r)
		return r;
	enforce_all(&daemon);
	log_started(settings);
	notify_ready();
	r = loop_run(daemon.loop, err);
	if (!r && listeners_failure(daemon.listeners)) {
		*err = *listeners_failure(daemon.listeners);
		r = -EIO;
	}
	log_event(LOG_LEVEL_INFO, "stopped", NULL);
	return r;
}
