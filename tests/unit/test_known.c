// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_known.c - which names events touch, and what is remembered of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/known.h"
#include "util/array.h"
#include "util/cleanup.h"

/* An event and the names, then the indexes of what went, that it adds: "v0 w0 -5". */
struct row {
	int ifindex;
	const char *name; /* NULL: the end */
	const char *altname;
	bool is_gone;
	uint16_t type;
	const char *touched;
};

static void describe(const struct interface_changes *changes, char text[256])
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < changes->name_count; i++)
		length += snprintf(text + length, 256 - length, "%s%s", length ? " " : "",
				   changes->names[i].text);
	for (size_t i = 0; i < changes->gone_count; i++)
		length += snprintf(text + length, 256 - length, "%s-%u", length ? " " : "",
				   changes->gone[i]);
}

static void play(struct known *known, const struct row *rows)
{
	for (; rows->name; rows++) {
		AUTO(interface_changes_fini) struct interface_changes changes = {0};
		struct link_info link = {.ifindex = rows->ifindex, .type = rows->type};
		struct altname altname = {.ifindex = rows->ifindex};
		struct link_event event = {.is_gone = rows->is_gone, .link = &link};
		char text[256];

		strcpy(link.name, rows->name);
		if (rows->altname) {
			strcpy(altname.name, rows->altname);
			event.altnames = &altname;
			event.altname_count = 1;
		}
		assert_int_equal(known_update(known, &event, &changes), 0);
		describe(&changes, text);
		assert_string_equal(text, rows->touched);
	}
}

static void an_event_touches_the_names_that_it_gives_or_takes(void **state)
{
	static const struct row rows[] = {
		{5, "v0", NULL, false, 1, "v0"},
		{5, "v0", NULL, false, 1, ""}, /* up, down, of a bridge: nothing of interest */
		{5, "w0", NULL, false, 1, "v0 w0"},
		{5, "w0", "alt", false, 1, "w0 w0 alt"},
		{5, "w0", "alt", false, 1, ""},
		{5, "w0", NULL, false, 1, "w0 alt w0"},
		{5, "w0", NULL, false, 65534, "w0 w0"}, /* frames of another kind */
		{5, "w0", NULL, true, 1, "w0 w0 -5"},
		{5, "w0", NULL, true, 1, "w0 -5"}, /* twice is no harm */
		{0},
	};
	AUTO(known_fini) struct known known = {0};

	(void)state;
	play(&known, rows);
	assert_int_equal(known.count, 0);
}

static void gone_and_come_again_with_all_the_same_is_a_change(void **state)
{
	static const struct row rows[] = {
		{5, "v0", NULL, false, 1, "v0"},
		{5, "v0", NULL, true, 1, "v0 v0 -5"},
		{5, "v0", NULL, false, 1, "v0"},
		{0},
	};
	AUTO(known_fini) struct known known = {0};

	(void)state;
	play(&known, rows);
	assert_int_equal(known.count, 1);
}

/* Names are swapped by way of a third: each event takes one and gives one. */
static void names_that_change_hands_are_all_touched(void **state)
{
	static const struct row rows[] = {
		{5, "eth0", NULL, false, 1, "eth0"},	 {4, "eth1", NULL, false, 1, "eth1"},
		{5, "tmp", NULL, false, 1, "eth0 tmp"},	 {4, "eth0", NULL, false, 1, "eth1 eth0"},
		{5, "eth1", NULL, false, 1, "tmp eth1"}, {0},
	};
	AUTO(known_fini) struct known known = {0};

	(void)state;
	play(&known, rows);
	assert_int_equal(known.count, 2);
	assert_int_equal(known.items[0].ifindex, 4);
	assert_string_equal(known.items[0].names[0].text, "eth0");
}

static void what_was_listed_is_no_news(void **state)
{
	static const struct row rows[] = {
		{3, "c", "alt", false, 1, ""},
		{1, "a", NULL, false, 1, ""},
		{2, "b", "alt", false, 1, "b b alt"},
		{0},
	};
	struct link_info items[] = {{.ifindex = 1, .name = "a", .type = 1},
				    {.ifindex = 2, .name = "b", .type = 1},
				    {.ifindex = 3, .name = "c", .type = 1}};
	struct altname altnames[] = {{.ifindex = 3, .name = "alt"}};
	const struct links links = {.items = items,
				    .count = ARRAY_SIZE(items),
				    .altnames = altnames,
				    .altname_count = ARRAY_SIZE(altnames)};
	AUTO(known_fini) struct known known = {0};

	(void)state;
	assert_int_equal(known_set(&known, &links), 0);
	assert_int_equal(known_set(&known, &links), 0);
	play(&known, rows);
	assert_int_equal(known.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_touches_the_names_that_it_gives_or_takes),
		cmocka_unit_test(gone_and_come_again_with_all_the_same_is_a_change),
		cmocka_unit_test(names_that_change_hands_are_all_touched),
		cmocka_unit_test(what_was_listed_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
