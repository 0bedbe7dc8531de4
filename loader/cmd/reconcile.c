// SPDX-License-Identifier: GPL-2.0-only
/*
 * reconcile.c - make the kernel match the stored state, or tell where it does not.
 */
#include "cmd/commands.h"

#include "cmd/output.h"
#include "cmd/session.h"

int cmd_reconcile(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	AUTO(drift_fini) struct drift drift = {0};
	AUTO_JSON json_t *document = NULL;
	bool check_only = option_given(invocation, "check");
	int r = session_open(invocation, &control, err);

	if (!r)
		r = control_reconcile(control, check_only, &drift, err);
	if (r)
		return r;
	if (invocation->json) {
		document = json_pack("{s:o, s:b}", "drift", drift_document(&drift), "mended",
				     !check_only && drift.count);
		r = output_json(document, err);
	}
	for (size_t i = 0; !r && !invocation->json && i < drift.count; i++)
		r = output_line("", drift.items[i], err);
	if (r)
		return r;
	return check_only && drift.count ? COMMAND_NEGATIVE : 0;
}
