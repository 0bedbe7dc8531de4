// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_binding.c - interfaces without an instance, policies that cannot be
 * read, and instances without groups: closed unless said otherwise.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/cases.h"

#define UNREADABLE SG_REASON_POLICY_UNREADABLE

static void without_a_binding_all_is_dropped_and_counted_in_slot_0(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", SG_REASON_NO_INSTANCE},
		{"ip6 tcp=22", SG_REASON_NO_INSTANCE},
		{"ip6 icmp6=135,0", SG_REASON_NO_INSTANCE},
		{"arp", SG_REASON_NO_INSTANCE},
		{"type=0x88cc data=40", SG_REASON_NO_INSTANCE},
		{"ip4 total=3", SG_REASON_NO_INSTANCE},
	};
	struct harness *harness = harness_of(state);

	harness_unbind(harness);
	CHECK_FRAMES(harness, cases);
	/* What was bound before is gone as well. */
	bind_all(harness, SG_OPTION_GUEST);
	check_frame(harness, TC_RX, "ip4 tcp=22", PASSES);
	harness_unbind(harness);
	CHECK_FRAMES(harness, cases);
}

/* The binding of bind_all(), with another policy word. */
static void bind_word(struct harness *harness, uint64_t word)
{
	struct binding binding;

	bind_all(harness, 0);
	assert_true(binding_get(harness->kern, 1, &binding));
	binding.policy = word;
	harness_bind_raw(harness, &binding);
}

static void a_policy_outside_of_the_heap_is_unreadable(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", UNREADABLE},
		{"ip6 udp=22", UNREADABLE},
		{"ip6", UNREADABLE},
		/* what needs no policy is as ever */
		{"arp", SG_REASON_ARP},
		{"ip6 icmp6=135,0", SG_REASON_NEIGHBOR},
		{"ip4 total=3", MALFORMED},
	};
	static const uint64_t words[] = {
		SG_POLICY_WORD(SG_HEAP_NODES, 1),
		SG_POLICY_WORD(0x7fffffff, 1),
		SG_POLICY_WORD(0xffffffff, 0xffffffff),
	};
	struct harness *harness = harness_of(state);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		bind_word(harness, words[i]);
		CHECK_FRAMES(harness, cases);
	}
}

static void an_empty_part_of_the_heap_accepts_nothing(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", NO_RULE},
		{"ip6 tcp=22", NO_RULE},
		{"ip4 gre", NO_RULE},
	};
	struct harness *harness = harness_of(state);

	/* Nothing is ever published at 0. */
	bind_word(harness, SG_POLICY_WORD(0, 1));
	CHECK_FRAMES(harness, cases);
	bind_word(harness, SG_POLICY_WORD(SG_HEAP_NODES - 1, 1));
	CHECK_FRAMES(harness, cases);
}

/* Two groups' worth: an accept for all, and remotes in both families. */
static const struct rule_row with_remotes[] = {
	ACCEPT(PROTOCOL_ALL, 1, "any"),
	ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_TCP, 2, "192.0.2.0/24"),
	ACCEPT(PROTOCOL_TCP, 2, "2001:db8::1/128"),
	ACCEPT(PROTOCOL_TCP, 2, "198.51.100.0/24", .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_TCP, 2, "2001:db8::2/128", .direction = SG_EGRESS),
};

/* All references of one kind of layer lead out of the heap. */
static void break_layer(struct harness *harness, int which)
{
	struct table table;
	struct image image;

	table_fill(&table, with_remotes, ARRAY_SIZE(with_remotes));
	assert_int_equal(compile(&table.policy, SG_HEAP_NODES, &image, NULL), 0);
	for (int i = 0; i < 4; i++) {
		static const struct sg_layers broken[] = {
			{.any = 0x3fffffff},
			{.narrow = 0x3fffffff},
			{.wide = 0x3fffffff},
			{.any = 0x3fffffff, .narrow = 1, .flags = SG_LAYERS_LIST},
		};

		image.nodes[0].root.layers[i] = broken[which];
	}
	harness_bind_image(harness, &image, 0);
	image_fini(&image);
}

static void a_layer_outside_of_the_heap_makes_the_policy_unreadable(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", UNREADABLE},
		{"ip6 tcp=22", UNREADABLE},
	};
	struct harness *harness = harness_of(state);

	for (int which = 0; which < 4; which++) {
		break_layer(harness, which);
		CHECK_FRAMES(harness, cases);
	}
}

static void set_layers(struct image *image, struct sg_layers layers)
{
	for (int i = 0; i < 4; i++)
		image->nodes[0].root.layers[i] = layers;
}

/* Its root is in the heap, what the root or its table refers to is not. */
static void a_tree_that_leads_out_of_the_heap_makes_the_policy_unreadable(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", UNREADABLE},
		{"ip6 tcp=22", UNREADABLE},
	};
	struct harness *harness = harness_of(state);

	for (int which = 0; which < 7; which++) {
		struct table table;
		struct image image;
		union sg_node *root;
		uint32_t tree;

		table_fill(&table, with_remotes, ARRAY_SIZE(with_remotes));
		assert_int_equal(compile(&table.policy, SG_HEAP_NODES, &image, NULL), 0);
		image.nodes = realloc(image.nodes, (image.count + 2) * sizeof(*image.nodes));
		assert_non_null(image.nodes);
		root = &image.nodes[image.count];
		tree = SG_TREE(image.count, which % 2 ? SG_MAX_LEVELS : 1);
		memset(root, 0x7f, 2 * sizeof(*root));
		image.count += 2;
		image.nodes[1].header.nodes = image.count;
		switch (which) {
		case 0:
		case 1:
			set_layers(&image, (struct sg_layers){.any = tree});
			break;
		case 2:
			set_layers(&image, (struct sg_layers){.narrow = tree});
			break;
		case 3: /* a table without end */
			root->table = (struct sg_table){.last = 1ULL << 62};
			set_layers(&image, (struct sg_layers){.narrow = tree | SG_TREE_TABLE});
			break;
		case 4: /* a table whose entry leads nowhere */
			root->table = (struct sg_table){.last = 0};
			set_layers(&image, (struct sg_layers){.wide = tree | SG_TREE_TABLE});
			break;
		case 5: /* a table of ports without end */
			memset(root, 0xff, 2 * sizeof(*root));
			set_layers(&image,
				   (struct sg_layers){.any = SG_PORT_TABLE_AT(SG_TREE_NODE(tree))});
			break;
		default: /* a table of ports outside of the heap */
			set_layers(&image, (struct sg_layers){.any = SG_PORT_TABLE_AT(0xffffff)});
		}
		harness_bind_image(harness, &image, 0);
		CHECK_FRAMES(harness, cases);
		image_fini(&image);
	}
}

/* The search is asked instead, which finds what there is. */
static void a_filter_that_leads_out_of_the_heap_excludes_nothing(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({22, 22})),
		DENY(PROTOCOL_TCP, 1, "any", PORTS({23, 23})),
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({22, 22}), .direction = SG_EGRESS),
		DENY(PROTOCOL_TCP, 1, "any", PORTS({23, 23}), .direction = SG_EGRESS),
	};
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", SG_REASON_RULE_ACCEPT}, {"ip6 tcp=22", SG_REASON_RULE_ACCEPT},
		{"ip4 tcp=23", SG_REASON_RULE_DENY},   {"ip6 tcp=23", SG_REASON_RULE_DENY},
		{"ip4 tcp=24", SG_REASON_NO_RULE},     {"ip6 tcp=24", SG_REASON_NO_RULE},
	};
	struct harness *harness = harness_of(state);
	struct table table;
	struct image image;

	table_fill(&table, rows, ARRAY_SIZE(rows));
	assert_int_equal(compile(&table.policy, SG_HEAP_NODES, &image, NULL), 0);
	for (int i = 0; i < 4; i++)
		image.nodes[0].root.layers[i].flags |= SG_LAYERS_FILTER_AT(0xffffff);
	harness_bind_image(harness, &image, 0);
	CHECK_FRAMES(harness, cases);
	image_fini(&image);
}

static void without_a_group_the_instances_choice_decides(void **state)
{
	static const struct frame_case dropped[] = {
		{"ip4 tcp=22", SG_REASON_NO_GROUP},
		{"ip6 udp=22", SG_REASON_NO_GROUP},
		{"ip4 icmp=8,0", SG_REASON_NO_GROUP},
		{"ip6 icmp6=128,0", SG_REASON_NO_GROUP},
		{"arp", SG_REASON_ARP},
		{"ip6 icmp6=136,0", SG_REASON_NEIGHBOR},
		{"ip4 total=3", MALFORMED},
		{"type=0x88cc data=40", SG_REASON_ETHERTYPE},
	};
	static const struct frame_case passed[] = {
		{"ip4 tcp=22", SG_REASON_NO_GROUP_PASS},
		{"ip6 udp=22", SG_REASON_NO_GROUP_PASS},
		{"ip4 proto=200", SG_REASON_NO_GROUP_PASS},
		{"ip6", SG_REASON_NO_GROUP_PASS},
		{"ip6 icmp6=136,0", SG_REASON_NEIGHBOR},
		{"ip4 total=3", MALFORMED},
		{"ip4 frag=64,0 data=8", SG_REASON_FRAGMENT_UNKNOWN},
		{"type=0x88cc data=40", SG_REASON_ETHERTYPE},
	};
	struct harness *harness = harness_of(state);
	struct policy policy = {.without_groups = true};

	harness_bind(harness, &policy, 0);
	CHECK_FRAMES(harness, dropped);
	harness_bind(harness, &policy, SG_OPTION_GUEST);
	CHECK_FRAMES(harness, dropped);
	policy.pass = true;
	harness_bind(harness, &policy, 0);
	CHECK_FRAMES(harness, passed);
}

static void groups_without_rules_accept_nothing(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", NO_RULE},
		{"ip6 udp=22", NO_RULE},
		{"ip4 icmp=8,0", NO_RULE},
		{"arp", SG_REASON_ARP},
	};
	struct harness *harness = harness_of(state);

	harness_bind(harness, &(struct policy){0}, 0);
	CHECK_FRAMES(harness, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_binding_all_is_dropped_and_counted_in_slot_0),
		cmocka_unit_test(a_policy_outside_of_the_heap_is_unreadable),
		cmocka_unit_test(an_empty_part_of_the_heap_accepts_nothing),
		cmocka_unit_test(a_layer_outside_of_the_heap_makes_the_policy_unreadable),
		cmocka_unit_test(a_tree_that_leads_out_of_the_heap_makes_the_policy_unreadable),
		cmocka_unit_test(a_filter_that_leads_out_of_the_heap_excludes_nothing),
		cmocka_unit_test(without_a_group_the_instances_choice_decides),
		cmocka_unit_test(groups_without_rules_accept_nothing),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
