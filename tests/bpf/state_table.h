/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state_table.h - what really lies in the connection table.
 */
#ifndef TESTS_BPF_STATE_TABLE_H
#define TESTS_BPF_STATE_TABLE_H

#include "bpf/harness.h"
#include "bpf/state_model.h"

struct table_use {
	uint32_t entries; /* of the instance, expired ones as well */
	uint32_t live;
	uint32_t count[SG_BUDGET_COUNT]; /* of entries, as their share counts them */
};
struct table_use table_use(const struct harness *harness);

/* What is counted of the instance. */
struct sg_share table_share(const struct harness *harness);

/* The marks of remote services, owned by the caller, and that of one by its index (remote_index). */
uint64_t *table_marks(const struct harness *harness);
bool table_has_mark(const uint64_t *marks, uint32_t index);

/*
 * The counts of the share, and those of all remote services, are those of the table, and
 * services with entries have marks. Fails the test otherwise.
 */
void table_check_counts(const struct harness *harness);
/* What the model knows lies in the table, and nothing else. Fails the test otherwise. */
void table_check_model(const struct harness *harness, const struct state_model *model);

/* Forget accepted first fragments, of all instances. */
void table_forget_fragments(const struct harness *harness);

#endif
