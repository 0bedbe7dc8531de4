// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_netlink.c - arbitrary bytes as what the kernel tells of interfaces.
 *
 * What is read stays within its bounds; what is told names an interface, and
 * the table of known ones agrees with the names that were told.
 *
 *   clang -fsanitize=fuzzer,address,undefined
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/known.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: it must hold with NDEBUG too. */
static void require(bool claim)
{
	if (!claim)
		abort();
}

static void require_name(const char *name)
{
	size_t length = strnlen(name, DEV_MAX + 1);

	require(length > 0 && length <= DEV_MAX);
}

static const struct known_link *find(const struct known *known, int ifindex)
{
	for (size_t i = 0; i < known->count; i++) {
		require(!i || known->items[i - 1].ifindex < known->items[i].ifindex);
		if (known->items[i].ifindex == ifindex)
			return &known->items[i];
	}
	return NULL;
}

static int take(const struct link_event *event, void *context)
{
	AUTO(interface_changes_fini) struct interface_changes changes = {0};
	struct known *known = context;
	const struct known_link *link;

	require(event->link->ifindex > 0);
	require_name(event->link->name);
	require(strnlen(event->link->kind, sizeof(event->link->kind)) < sizeof(event->link->kind));
	for (size_t i = 0; i < event->altname_count; i++)
		require_name(event->altnames[i].name);
	require(!known_update(known, event, &changes));
	link = find(known, event->link->ifindex);
	require(!link == event->is_gone);
	require(changes.gone_count == event->is_gone);
	if (link) {
		require(!strcmp(link->names[0].text, event->link->name));
		require(link->name_count == event->altname_count + 1);
	}
	/* the same again is no news */
	if (!event->is_gone) {
		size_t count = changes.name_count;

		require(!known_update(known, event, &changes) && changes.name_count == count);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(known_fini) struct known known = {0};
	AUTO_FREE void *bytes = malloc(size + 1);

	require(bytes);
	/* aligned as a socket's buffer is, and of just that size, so that ASan sees a byte too far */
	memcpy(bytes, data, size);
	bytes = realloc(bytes, size ? size : 1);
	require(!watch_parse(bytes, size, take, &known));
	return 0;
}
