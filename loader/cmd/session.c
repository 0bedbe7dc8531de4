// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - open what the settings name, read from it.
 */
#include "cmd/session.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/output.h"
#include "codec/json.h"

#define DEFAULT_STATE_DIR "/var/lib/sgate"
#define DEFAULT_BPFFS "/sys/fs/bpf/sgate"

static const char *setting(const char *option, const char *variable, const char *fallback)
{
	const char *value = option ? option : getenv(variable);

	return value && *value ? value : fallback;
}

const char *session_state_dir(const struct invocation *invocation)
{
	return setting(invocation->state_dir, "SGATE_STATE_DIR", DEFAULT_STATE_DIR);
}

const char *session_bpffs(const struct invocation *invocation)
{
	return setting(invocation->bpffs, "SGATE_BPFFS", DEFAULT_BPFFS);
}

int session_open(const struct invocation *invocation, struct control **control_out,
		 struct error *err)
{
	return control_open(session_state_dir(invocation), session_bpffs(invocation), control_out,
			    err);
}

void session_close(struct control **control)
{
	control_close(*control);
}

int group_id_find(struct control *control, const char *id_or_name, char id_out[ID_MAX + 1],
		  struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_group_find(store, id_or_name, &group, err);
	if (!r)
		strcpy(id_out, group.id);
	return r;
}

int instance_id_find(struct control *control, const char *id_or_dev, char id_out[ID_MAX + 1],
		     struct error *err)
{
	AUTO(instance_fini) struct instance instance = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_instance_find(store, id_or_dev, &instance, err);
	if (!r)
		strcpy(id_out, instance.id);
	return r;
}

int output_touched(const struct invocation *invocation, const char *field, const char *id,
		   struct error *err)
{
	AUTO_JSON json_t *document = NULL;

	if (!invocation->json)
		return 0;
	document = json_pack("{s:s}", field, id);
	return output_json(document, err);
}
