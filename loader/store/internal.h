/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * internal.h - what the files of this folder do for each other.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/statement.h"
#include "store/store.h"

/* Now, as a create_time. */
void store_time(char time_out[sizeof(((struct group *)NULL)->create_time)]);

/* Rules of a group, from memory to the table: their ids filled, repeats stored once. */
int store_rules_insert(struct store *store, int64_t group_key, struct rules *rules,
		       struct error *err);

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

#endif
