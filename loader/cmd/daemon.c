// SPDX-License-Identifier: GPL-2.0-only
/*
 * daemon.c - run the daemon, in the foreground.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/session.h"
#include "model/code.h"
#include "util/number.h"
#include "util/quote.h"

#define MAX_RECONCILE_S 86400

static int read_store(const struct invocation *invocation, struct error *err)
{
	const char *store = option_value(invocation, "store");

	if (!store || !strcmp(store, "sqlite"))
		return 0;
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			 "unknown store \"%s\": use sqlite", quote(store).text);
}

static int read_reconcile(const struct invocation *invocation, struct daemon_settings *settings,
			  struct error *err)
{
	const char *text = option_value(invocation, "reconcile");
	uint64_t seconds = 0;

	settings->reconcile_s = DAEMON_RECONCILE_S;
	if (!text)
		return 0;
	if (number_parse(text, 1, MAX_RECONCILE_S, &seconds))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "invalid number of seconds \"%s\": use 1-%d", quote(text).text,
				 MAX_RECONCILE_S);
	settings->reconcile_s = (unsigned int)seconds;
	return 0;
}

static int read_log_level(const struct invocation *invocation, struct daemon_settings *settings,
			  struct error *err)
{
	const char *text = option_value(invocation, "log-level");

	settings->log_level = LOG_LEVEL_INFO;
	return text ? log_level_parse(text, &settings->log_level, err) : 0;
}

int cmd_daemon(const struct invocation *invocation, struct error *err)
{
	struct daemon_settings settings = {
		.state_dir = session_state_dir(invocation),
		.bpffs = session_bpffs(invocation),
		.listen = option_value(invocation, "listen"),
		.keys = option_value(invocation, "keys"),
		.tls_cert = option_value(invocation, "tls-cert"),
		.tls_key = option_value(invocation, "tls-key"),
		.allow_plaintext = option_given(invocation, "allow-plaintext"),
		.metrics = option_value(invocation, "metrics"),
	};
	int r = read_store(invocation, err);

	if (!r && !settings.tls_cert != !settings.tls_key)
		r = usage_error(invocation, err, "--tls-cert and --tls-key go together");
	if (!r)
		r = read_reconcile(invocation, &settings, err);
	if (!r)
		r = read_log_level(invocation, &settings, err);
	return r ? r : daemon_run(&settings, err);
}
