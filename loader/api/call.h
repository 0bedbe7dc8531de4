/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - what a request asks for: its action and that one's parameters,
 * checked as far as they can be without knowing the state.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/name.h"
#include "model/rule.h"
#include "util/error.h"

#define CALL_MAX_IDS 100
#define CALL_MAX_PAGE_SIZE 1000
#define CALL_DEFAULT_PAGE_SIZE 20

/* Parameters that actions take. */
enum {
	TAKES_GROUP = 1 << 0,	    /* securityGroupId */
	TAKES_INSTANCE = 1 << 1,    /* instanceId */
	TAKES_GROUPS = 1 << 2,	    /* securityGroupIds */
	TAKES_INSTANCES = 1 << 3,   /* instanceIds */
	TAKES_NAME = 1 << 4,	    /* securityGroupName */
	TAKES_NAME_FILTER = 1 << 5, /* securityGroupName, as whatever there is */
	TAKES_DESCRIPTION = 1 << 6,
	TAKES_RULES = 1 << 7, /* ruleInfos */
	TAKES_RULE = 1 << 8,  /* the fields of a RuleInfo beside the others */
	TAKES_PAGE = 1 << 9,  /* pageNum, pageSize */
};

struct action;

/* Text is borrowed from the request. */
struct call {
	const struct action *action;
	bool with_priority; /* rules are answered with theirs */
	const char *group;  /* ids; NULL where the action takes none */
	const char *instance;
	const char *ids[CALL_MAX_IDS]; /* of groups or of instances */
	size_t id_count;
	const char *name; /* NULL: not given; so the description */
	const char *description;
	struct rules rules;
	int64_t page_number; /* from 1 */
	int64_t page_size;
};
void call_fini(struct call *call);

/*
 * Read the bytes of a body as a JSON object. -EINVAL INVALID_PARAMETER_TYPE for
 * anything else, a name that is there twice included. A new reference.
 */
int request_parse(const char *body, size_t length, json_t **request_out, struct error *err);

/*
 * Read the parameters of the action. -EINVAL with a code that says what is
 * wrong and a message that begins with the parameter; -ENOMEM; -EPERM
 * OPERATION_DENIED_SECURITY_GROUP_EXIST_REPEAT_RULE for the same rule twice.
 */
int call_parse(const struct action *action, const json_t *request, struct call *call_out,
	       struct error *err);

#endif
