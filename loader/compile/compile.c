// SPDX-License-Identifier: GPL-2.0-only
/*
 * compile.c - from the rules to the image, step by step.
 */
#include "compile/compile.h"

#include <errno.h>

#include "compile/filter.h"
#include "compile/image.h"
#include "compile/layers.h"
#include "compile/prefix_tree.h"
#include "compile/rank.h"
#include "compile/short_list.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

static int compile_layers(const struct ranking *ranking, enum sg_direction direction,
			  enum sg_family family, struct image_builder *builder,
			  bool *accepts_all_out)
{
	AUTO(prefix_tree_fini) struct prefix_tree tree = {0};
	struct sg_layers layers;
	uint32_t filter;
	bool is_list;
	int r;

	r = prefix_tree_init(ranking, direction, family, &builder->budget, &tree);
	if (r)
		return r;
	r = short_list_build(ranking, direction, family, builder, &layers, &is_list);
	if (!r && !is_list)
		r = prefix_tree_choose_layers(&tree);
	if (!r && !is_list)
		r = layers_build(&tree, builder, &layers);
	if (!r)
		r = filter_add(&tree, is_list, builder, &filter);
	if (r)
		return r;
	layers.flags |= SG_LAYERS_FILTER_AT(filter);
	builder->nodes[0].root.layers[SG_LAYERS_INDEX(direction, family)] = layers;
	*accepts_all_out = prefix_tree_accepts_all(&tree);
	return 0;
}

/* Replies to what a direction accepts are packets of the other one. */
static void mark_replies(struct sg_root *root, bool accepts_all[2][2])
{
	for (int direction = SG_INGRESS; direction <= SG_EGRESS; direction++) {
		for (int family = SG_IPV4; family <= SG_IPV6; family++) {
			if (accepts_all[!direction][family])
				root->layers[SG_LAYERS_INDEX(direction, family)].flags |=
					SG_LAYERS_REPLIES_ACCEPTED;
		}
	}
}

static int compile_rules(const struct ranking *ranking, struct image_builder *builder)
{
	bool accepts_all[2][2]; /* by direction and family */

	for (int direction = SG_INGRESS; direction <= SG_EGRESS; direction++) {
		for (int family = SG_IPV4; family <= SG_IPV6; family++) {
			int r = compile_layers(ranking, direction, family, builder,
					       &accepts_all[direction][family]);

			if (r)
				return r;
		}
	}
	mark_replies(&builder->nodes[0].root, accepts_all);
	return 0;
}

static void mark_without_groups(struct sg_root *root, bool pass)
{
	for (size_t i = 0; i < ARRAY_SIZE(root->layers); i++)
		root->layers[i].flags = pass ? SG_LAYERS_NO_GROUP_PASS : SG_LAYERS_NO_GROUP_DROP;
}

static int compile_image(const struct policy *policy, const struct ranking *ranking,
			 uint32_t max_nodes, struct image *image_out)
{
	AUTO(image_builder_fini) struct image_builder builder = {0};
	int r;

	r = image_builder_init(ranking->count, max_nodes, &builder);
	if (r)
		return r;
	if (policy->without_groups)
		mark_without_groups(&builder.nodes[0].root, policy->pass);
	else
		r = compile_rules(ranking, &builder);
	if (r)
		return r;
	return image_finish(&builder, ranking, image_out);
}

int compile(const struct policy *policy, uint32_t max_nodes, struct image *image_out,
	    struct error *err)
{
	AUTO(ranking_fini) struct ranking ranking = {0};
	int r;

	r = ranking_init(policy, &ranking, err);
	if (!r)
		r = compile_image(policy, &ranking, max_nodes, image_out);
	if (r == -EFBIG)
		return error_set(err, EFBIG, CODE_OPERATION_DENIED_POLICY_TOO_LARGE,
				 "the policy of %zu rules does not compile into the %u nodes of 64 "
				 "bytes that it may have; use fewer rules, or fewer ports on "
				 "prefixes that contain others",
				 policy->count, max_nodes);
	if (r == -ENOMEM)
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR,
				 "out of memory while compiling %zu rules", policy->count);
	return r;
}
