// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - open what the settings name, read from it.
 */
#include "cmd/session.h"

#include <errno.h>
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

int reading_begin(struct control *control, struct store **store_out, struct error *err)
{
	struct store *store = control_store(control);
	int r = store_begin_read(store, err);

	if (!r)
		*store_out = store;
	return r;
}

void reading_end(struct store **store)
{
	if (*store)
		store_rollback(*store);
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

json_t *drift_document(const struct drift *drift)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < drift->count; i++) {
		if (json_array_append_new(array, json_text(drift->items[i]))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

int reading_kern(struct control *control, struct kern **kern_out, struct error *err)
{
	struct error reason = {0};
	int r = control_kern(control, kern_out, &reason);

	if (!r)
		return 0;
	*kern_out = NULL;
	if (r == -ENOENT && !reason.code)
		return 0;
	*err = reason;
	return r;
}

int share_document(struct control *control, const struct kern *kern,
		   const struct instance *instance, json_t **document_out, struct error *err)
{
	struct instance_state state;
	struct share_use use = {0};
	int r = control_instance_state(control, instance, &state, err);

	if (!r && kern)
		r = share_use(kern, instance->slot, &use, err);
	if (r)
		return r;
	*document_out = json_pack("{s:I, s:I, s:I, s:I, s:I}", "entries", (json_int_t)use.entries,
				  "unreplied", (json_int_t)use.unreplied, "limit",
				  state.is_bound ? (json_int_t)state.binding.share : 0, "refused",
				  (json_int_t)use.refused, "replaced", (json_int_t)use.replaced);
	return *document_out ? 0 : out_of_memory(err);
}

json_t *instance_state_document(const struct instance *instance, const struct instance_state *state)
{
	const struct instance_view view = {
		.status = state->status,
		.ifindex = state->has_link ? state->link.ifindex : 0,
		.is_attached = state->rx != SG_HOOK_NONE || state->tx != SG_HOOK_NONE,
		.rx_hook = hook_text(state->rx),
		.tx_hook = hook_text(state->tx),
		.hook_reason = state->reason,
		.side = state->side,
		.no_group = state->no_group,
	};

	return json_instance(instance, &view);
}

int instance_document(struct control *control, const struct instance *instance,
		      json_t **document_out, struct error *err)
{
	struct instance_state state;
	int r = control_instance_state(control, instance, &state, err);

	if (r)
		return r;
	*document_out = instance_state_document(instance, &state);
	return *document_out ? 0 : out_of_memory(err);
}
