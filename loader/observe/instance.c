// SPDX-License-Identifier: GPL-2.0-only
/*
 * instance.c - documents about one instance.
 */
#include "observe/instance.h"

#include "codec/json.h"
#include "model/code.h"

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
