/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * internal.h - what the files of this folder do for each other.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "codec/rule_text.h"
#include "store/statement.h"
#include "store/store.h"

/* Now, as a create_time. */
void store_time(char time_out[sizeof(((struct group *)NULL)->create_time)]);

/* The columns of a rule, as canonical text. */
struct rule_texts {
	const char *direction;
	const char *policy;
	char protocol[8];
	char ports[PORTS_TEXT_MAX];
	char remote[REMOTE_TEXT_MAX];
};
void rule_texts_fill(const struct rule *rule, struct rule_texts *texts);

/* Values 1 to 6: the group, and what a rule is but for its priority. Borrows from `texts`. */
#define RULE_MATTER(group_key, texts) \
	integer(group_key), text((texts)->direction), text((texts)->policy), \
		text((texts)->protocol), text((texts)->ports), text((texts)->remote)

/* The groups of instance->key, into *instance. */
int store_instance_groups(struct store *store, struct instance *instance, struct error *err);
/* -ENOENT */
int store_instance_key_not_found(int64_t key, struct error *err);

/* The lists among the options of an instance: addresses, MACs, EtherTypes. */
struct option_reader;
int option_reader_open(struct store *store, struct option_reader **reader_out, struct error *err);
void option_reader_close(struct option_reader **reader);
/* Append what is stored to *options. */
int option_reader_load(struct option_reader *reader, int64_t instance_key,
		       struct instance_options *options, struct error *err);
/* Make the stored lists those of *options. */
int store_options_save(struct store *store, int64_t instance_key,
		       const struct instance_options *options, struct error *err);

/* Bind a JSON array of the ids, for json_each(); text() of it. The caller frees it. */
char *store_ids_text(const char *const *ids, size_t count);

#endif
