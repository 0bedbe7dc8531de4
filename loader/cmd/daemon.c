// SPDX-License-Identifier: GPL-2.0-only
/*
 * daemon.c - run the daemon, in the foreground.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <string.h>

#include "api/api.h"
#include "cmd/commands.h"
#include "cmd/session.h"
#include "model/code.h"
#include "util/number.h"
#include "util/quote.h"

#define MAX_RECONCILE_S 86400
#define MAX_RATE 1000000
#define MAX_CLIENT_TIMEOUT_S 3600

static int read_store(const struct invocation *invocation, struct error *err)
{
	const char *store = option_value(invocation, "store");

	if (!store || !strcmp(store, "sqlite"))
		return 0;
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			 "unknown store \"%s\": use sqlite", quote(store).text);
}

/* A number among the options; left as it is when it is not given. */
static int read_number(const struct invocation *invocation, const char *option, uint64_t min,
		       uint64_t max, unsigned int *number, struct error *err)
{
	const char *text = option_value(invocation, option);
	uint64_t value = *number;

	if (text && number_parse(text, min, max, &value))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "--%s is \"%s\": use %llu-%llu", option, quote(text).text,
				 (unsigned long long)min, (unsigned long long)max);
	*number = (unsigned int)value;
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
		.reconcile_s = DAEMON_RECONCILE_S,
		.rate_per_second = API_DEFAULT_RATE_PER_SECOND,
		.client_timeout_s = API_DEFAULT_TIMEOUT_S,
	};
	int r = read_store(invocation, err);

	if (!r && !settings.tls_cert != !settings.tls_key)
		r = usage_error(invocation, err, "--tls-cert and --tls-key go together");
	if (!r)
		r = read_number(invocation, "reconcile", 1, MAX_RECONCILE_S, &settings.reconcile_s,
				err);
	if (!r)
		r = read_number(invocation, "rate", 0, MAX_RATE, &settings.rate_per_second, err);
	if (!r)
		r = read_number(invocation, "client-timeout", 1, MAX_CLIENT_TIMEOUT_S,
				&settings.client_timeout_s, err);
	if (!r)
		r = read_log_level(invocation, &settings, err);
	return r ? r : daemon_run(&settings, err);
}
