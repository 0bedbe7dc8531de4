/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule_text.h - rules as people write them:
 *
 *   DIRECTION POLICY PROTOCOL [PORTS] [from|to REMOTE] [priority N] [description TEXT]
 */
#ifndef CODEC_RULE_TEXT_H
#define CODEC_RULE_TEXT_H

#include "model/rule.h"
#include "util/error.h"

/*
 * Read one rule. -EINVAL, with the offending word quoted and what would be
 * right in the message. *rule_out is the caller's to rule_fini.
 */
int rule_parse(const char *text, struct rule *rule_out, struct error *err);

#define RULE_LINE_MAX 4096 /* bytes */

/*
 * Read a rule a line from `length` bytes: blank lines and lines that begin
 * with `#` are skipped, a CR at the end of a line is no part of it, a NUL byte
 * is an error. Appends to *rules, which is as it was on failure. Errors name
 * the line ("line 3: ..."). -EINVAL, -ENOMEM.
 */
int rules_parse_lines(const char *text, size_t length, struct rules *rules, struct error *err);

/*
 * The one canonical text of a rule: PORTS left out when all, `from any` or
 * `to any` always written, `priority` and `description` left out when default.
 * The caller frees it; NULL when out of memory. rule_parse reads it back, but
 * for blanks at the ends of the description.
 */
char *rule_format(const struct rule *rule);

/* "tcp", "all", "200"; and back. -EINVAL. */
void protocol_format(uint16_t protocol, char text[8]);
int protocol_parse(const char *text, uint16_t *protocol_out, struct error *err);

#define PORTS_TEXT_MAX 400
/* "22", "80,443,8000-8999", for ICMP "8" or "8/0"; empty for all. */
void ports_format(uint16_t protocol, const struct port_set *ports, char text[PORTS_TEXT_MAX]);
int ports_parse(const char *text, uint16_t protocol, struct port_set *ports_out, struct error *err);

#define REMOTE_TEXT_MAX (ID_MAX + 8)
/* "any", "10.0.0.0/8", "group:sg-web"; and back. */
void remote_format(const struct remote *remote, char text[REMOTE_TEXT_MAX]);
int remote_parse(const char *text, struct remote *remote_out, struct error *err);

#endif
