// SPDX-License-Identifier: GPL-2.0-only
/*
 * scene_rules.c - packets that the rules alone decide: by hook, family, number
 * of rules and of groups, one packet again and again and a different one each
 * time; and sets of rules that are hard for a search.
 *
 * The instance may send everything, so no packet needs a connection's entry.
 */
#include "bench/scenes.h"

#include "util/array.h"

struct fate_text {
	enum bench_fate fate;
	const char *what;
	enum sg_reason reason;
};

static const struct fate_text fates[] = {
	{FATE_LAST_RULE, "last-rule", SG_REASON_RULE_ACCEPT},
	{FATE_OWN_RULE, "own-rule", SG_REASON_RULE_ACCEPT},
	{FATE_NO_RULE, "no-rule", SG_REASON_NO_RULE},
};

/* The cases of one policy: each fate, hot and cold. */
struct part {
	const struct published *published;
	size_t fates;  /* how many of them */
	uint32_t ring; /* first position of its packets: STAGE_RING for each fate */
	bool is_xdp;
};

static void add_part(struct session *session, struct scene *scene, const struct part *part,
		     const struct stage_bases *bases)
{
	const struct bench_policy_spec *spec = &part->published->policy.spec;
	for (size_t i = 0; i < part->fates; i++) {
		for (enum bench_way way = WAY_REPEAT; way <= WAY_DRIVE; way++) {
			struct bench_runner *runner =
				scene_add(scene, stage_program(part->is_xdp), way);

			runner_packets(session, runner, spec->family,
				       part->ring + (uint32_t)i * STAGE_RING, STAGE_RING);
			runner->policy = part->published->word;
			runner->is_judged = true;
			runner->direction = SG_INGRESS;
			runner->reason = fates[i].reason;
			runner->empty = bases->empty[spec->family][way];
			runner->reference = bases->reference[spec->family][way];
			runner->labels = (struct bench_labels){
				.hook = part->is_xdp ? "xdp" : "tc",
				.family = spec->family == SG_IPV4 ? "ipv4" : "ipv6",
				.mix = bench_mix_text(spec->mix),
				.rules = spec->rules,
				.groups = spec->groups,
				.what = fates[i].what,
				.heat = way == WAY_REPEAT ? "hot" : "cold",
				.instances = 1,
			};
		}
	}
}

static int fill_part(struct session *session, const struct part *part, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < part->fates; i++)
		r = stage_ring(session, &part->published->policy, fates[i].fate,
			       part->ring + (uint32_t)i * STAGE_RING, STAGE_RING, err);
	return r;
}

/* The reference that asks for the sender's address: what many addresses cost a hash. */
static int add_sources(struct session *session, struct scene *scene, const struct part *part,
		       const struct stage_bases *bases, struct error *err)
{
	const struct sg_bench_packet4 *packets = trial_ring(session->trial)->ipv4;
	struct bench_runner *runner = scene_add(scene, TRIAL_TC_SOURCE4, WAY_DRIVE);

	for (uint32_t i = part->ring; i < part->ring + STAGE_RING; i++) {
		int r = trial_know(session->trial, packets[i].remote, true, err);

		if (r)
			return r;
	}
	runner_packets(session, runner, SG_IPV4, part->ring, STAGE_RING);
	runner->empty = bases->empty[SG_IPV4][WAY_DRIVE];
	runner->reference = bases->reference[SG_IPV4][WAY_DRIVE];
	runner->labels =
		(struct bench_labels){"tc", "ipv4", "none", 0, 0, "hash-of-sources", "cold", 1};
	return 0;
}

static int measure_parts(struct session *session, const struct part *parts, size_t count,
			 const uint32_t reference_ring[2], bool with_sources, struct error *err)
{
	struct scene scene = {.count = 0};
	struct stage_bases bases;
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = fill_part(session, &parts[i], err);
	if (r)
		return r;
	stage_bases_add(session, &scene, parts[0].is_xdp, reference_ring, &bases);
	for (size_t i = 0; i < count; i++)
		add_part(session, &scene, &parts[i], &bases);
	if (with_sources)
		r = add_sources(session, &scene, &parts[0], &bases, err);
	if (!r)
		r = stage_bind(session, parts[0].published->word, err);
	return r ? r : scene_measure(session, &scene, err);
}

int scene_rules(struct session *session, const struct scene_plan *plan, struct error *err)
{
	struct published published[3] = {0};
	const struct bench_policy_spec specs[] = {
		{MIX_PUBLIC, SG_IPV4, plan->rules, 2, true, session->options->seed},
		{MIX_PUBLIC, SG_IPV6, plan->rules, 2, true, session->options->seed},
		{MIX_PUBLIC, SG_IPV4, plan->rules, 1, true, session->options->seed},
	};
	struct part parts[ARRAY_SIZE(specs)] = {0};
	uint32_t ring = 0, reference_ring[2];
	/* with two rules no packet has one of its own but the last */
	size_t count = plan->is_xdp ? 2 : 3;
	int r = stage_begin(session, err);

	for (size_t i = 0; !r && i < count; i++) {
		r = stage_policy(session, &specs[i], &published[i], err);
		parts[i] = (struct part){&published[i], i < 2 ? ARRAY_SIZE(fates) : 1, ring,
					 plan->is_xdp};
		ring += (uint32_t)parts[i].fates * STAGE_RING;
	}
	reference_ring[SG_IPV4] = parts[0].ring;
	reference_ring[SG_IPV6] = parts[1].ring;
	if (!r)
		r = measure_parts(session, parts, count, reference_ring, !plan->is_xdp, err);
	for (size_t i = 0; i < count; i++)
		published_fini(&published[i]);
	return r;
}

int scene_mixes(struct session *session, const struct scene_plan *plan, struct error *err)
{
	static const enum bench_mix mixes[] = {MIX_ANY, MIX_NESTED, MIX_DISTINCT};
	struct published published[2 * ARRAY_SIZE(mixes)] = {0};
	struct part parts[2 * ARRAY_SIZE(mixes)] = {0};
	uint32_t reference_ring[2] = {0, STAGE_RING};
	int r = stage_begin(session, err);

	for (uint32_t i = 0; !r && i < ARRAY_SIZE(parts); i++) {
		struct bench_policy_spec spec = {
			.mix = mixes[i / 2],
			.family = i % 2 ? SG_IPV6 : SG_IPV4,
			.rules = plan->rules,
			.groups = 2,
			.is_open = true,
			.seed = session->options->seed,
		};

		r = stage_policy(session, &spec, &published[i], err);
		parts[i] = (struct part){&published[i], 1, i * STAGE_RING, plan->is_xdp};
	}
	if (!r)
		r = measure_parts(session, parts, ARRAY_SIZE(parts), reference_ring, false, err);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		published_fini(&published[i]);
	return r;
}
