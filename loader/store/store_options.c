// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_options.c - the lists among the options of an instance: addresses,
 * MACs, EtherTypes. Each is a table (instance, position, value).
 */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>

#include "store/internal.h"
#include "util/array.h"

enum {
	LISTS = 3
};

struct list {
	const char *what;
	const char *load;
	const char *clear;
	const char *insert;
	/* Append what was stored. */
	int (*add)(struct instance_options *options, const char *value, struct error *err);
	/* The text of entry `i`; false when there are no more. */
	bool (*format)(const struct instance_options *options, size_t i,
		       char value[PREFIX_TEXT_MAX]);
};

#define LIST_SQL(table) \
	.load = "SELECT value FROM " table " WHERE instance_key = ?1 ORDER BY position", \
	.clear = "DELETE FROM " table " WHERE instance_key = ?1", \
	.insert = "INSERT INTO " table " (instance_key, position, value) VALUES (?1, ?2, ?3)"

static int address_add(struct instance_options *options, const char *value, struct error *err)
{
	struct prefix prefix;
	int r = prefix_parse(value, &prefix, err);

	return r ? r : instance_options_add_address(options, &prefix, err);
}

static bool address_format(const struct instance_options *options, size_t i,
			   char value[PREFIX_TEXT_MAX])
{
	if (i >= options->address_count)
		return false;
	prefix_format(&options->addresses[i], value);
	return true;
}

static int mac_add(struct instance_options *options, const char *value, struct error *err)
{
	struct mac mac;
	int r = mac_parse(value, &mac, err);

	return r ? r : instance_options_add_mac(options, &mac, err);
}

static bool mac_list_format(const struct instance_options *options, size_t i,
			    char value[PREFIX_TEXT_MAX])
{
	if (i >= options->mac_count)
		return false;
	mac_format(&options->macs[i], value);
	return true;
}

static bool ethertype_format(const struct instance_options *options, size_t i,
			     char value[PREFIX_TEXT_MAX])
{
	if (i >= SG_MAX_ETHERTYPES || !options->ethertypes[i])
		return false;
	snprintf(value, PREFIX_TEXT_MAX, "0x%04x", options->ethertypes[i]);
	return true;
}

static const struct list lists[LISTS] = {
	{"address", LIST_SQL("instance_address"), address_add, address_format},
	{"MAC address", LIST_SQL("instance_mac"), mac_add, mac_list_format},
	{"EtherType", LIST_SQL("instance_ethertype"), instance_options_add_ethertype,
	 ethertype_format},
};

struct option_reader {
	struct store *store;
	sqlite3_stmt *load[LISTS];
};

int option_reader_open(struct store *store, struct option_reader **reader_out, struct error *err)
{
	AUTO(option_reader_close) struct option_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return store_out_of_memory(err);
	reader->store = store;
	for (int i = 0; i < LISTS; i++) {
		int r = statement_open(store, lists[i].load, &reader->load[i], err);

		if (r)
			return r;
	}
	*reader_out = TAKE_PTR(reader);
	return 0;
}

void option_reader_close(struct option_reader **reader)
{
	for (int i = 0; *reader && i < LISTS; i++)
		statement_close(&(*reader)->load[i]);
	free(*reader);
	*reader = NULL;
}

int option_reader_load(struct option_reader *reader, int64_t instance_key,
		       struct instance_options *options, struct error *err)
{
	for (int i = 0; i < LISTS; i++) {
		sqlite3_stmt *row = reader->load[i];
		int r = statement_bind(reader->store, row, VALUES(integer(instance_key)), err);

		if (r)
			return r;
		while ((r = statement_step(reader->store, row, err)) > 0) {
			const char *value = (const char *)sqlite3_column_text(row, 0);

			if (!value)
				return store_out_of_memory(err);
			r = lists[i].add(options, value, NULL);
			if (r == -ENOMEM)
				return store_out_of_memory(err);
			if (r)
				return store_corrupt(reader->store, lists[i].what, value, err);
		}
		if (r)
			return r;
	}
	return 0;
}

int store_options_save(struct store *store, int64_t instance_key,
		       const struct instance_options *options, struct error *err)
{
	for (int i = 0; i < LISTS; i++) {
		AUTO_STATEMENT sqlite3_stmt *insert = NULL;
		char value[PREFIX_TEXT_MAX];
		int r = store_run(store, lists[i].clear, VALUES(integer(instance_key)), err);

		if (!r)
			r = statement_open(store, lists[i].insert, &insert, err);
		for (size_t at = 0; !r && lists[i].format(options, at, value); at++)
			r = statement_run(
				store, insert,
				VALUES(integer(instance_key), integer((int64_t)at), text(value)),
				err);
		if (r)
			return r;
	}
	return 0;
}
