// SPDX-License-Identifier: GPL-2.0-only
/*
 * reading.c - begin to read the store, open the kernel side for reading.
 */
#include "control/reading.h"

#include <errno.h>

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
