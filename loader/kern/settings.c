// SPDX-License-Identifier: GPL-2.0-only
/*
 * settings.c - sizes of the maps, times and secret of the connection table.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "kern/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

#define DEFAULT_SHARE 8192
#define DEFAULT_FRAGMENT_SECONDS 30 /* as Linux, net.ipv4.ipfrag_time */
/* A window has room for twice a default share, so that its buckets are not crowded. */
#define WINDOW_SHARES 2
#define NANOSECONDS 1000000000L

void connection_settings_default(struct connection_settings *settings_out)
{
	*settings_out = (struct connection_settings){
		.seconds =
			{
#define X(name, label, seconds) [SG_PHASE_##name] = seconds,
				SG_PHASES(X)
#undef X
			},
		.fragment_seconds = DEFAULT_FRAGMENT_SECONDS,
		.share = DEFAULT_SHARE,
		.entries = SG_BUCKETS * SG_BUCKET_ENTRIES,
		.instances = SG_INSTANCES,
	};
}

/* The smallest power of two that is not below `number`. */
static uint32_t power_of_two(uint32_t number)
{
	uint32_t power = 1;

	while (power < number && power < 1U << 31)
		power <<= 1;
	return power;
}

static uint32_t window_buckets(const struct connection_settings *settings)
{
	uint32_t window = power_of_two((settings->share + SG_BUCKET_ENTRIES - 1) /
				       SG_BUCKET_ENTRIES * WINDOW_SHARES);

	return window < SG_MIN_WINDOW ? SG_MIN_WINDOW : window;
}

static uint32_t table_buckets(const struct connection_settings *settings)
{
	uint32_t buckets =
		power_of_two((settings->entries + SG_BUCKET_ENTRIES - 1) / SG_BUCKET_ENTRIES);
	uint32_t window = window_buckets(settings);

	return buckets < window ? window : buckets;
}

uint32_t connection_share_max(const struct connection_settings *settings)
{
	return window_buckets(settings) * SG_BUCKET_ENTRIES;
}

/* Entries of the map that is pinned, `wanted` if there is none. */
static uint32_t pinned_entries(const struct kern *kern, enum kern_map which, uint32_t wanted)
{
	char path[KERN_PATH_MAX];
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	AUTO_CLOSE int opened = -1;
	int fd = kern->maps[which];

	if (fd < 0 && !kern_path(kern, path, "maps", kern_map_names[which], NULL))
		fd = opened = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return wanted;
	return info.max_entries;
}

uint32_t kern_bucket_count(const struct kern *kern)
{
	return pinned_entries(kern, MAP_CONNECTIONS, table_buckets(&kern->made_with));
}

/*
 * One that was cut short may have made some of them: the others become like
 * these. What else has slots is made after sg_bindings_far.
 */
uint32_t kern_slot_count(const struct kern *kern)
{
	static const enum kern_map by_slot[] = {MAP_BINDINGS_FAR, MAP_SHARES};
	uint32_t count = SG_SLOTS(kern->made_with.instances);

	for (size_t i = 0; i < ARRAY_SIZE(by_slot); i++)
		count = pinned_entries(kern, by_slot[i], count);
	return count;
}

/* Jiffies in a second: CONFIG_HZ, which the coarse clock's resolution tells. */
static uint32_t jiffies_per_second(void)
{
	struct timespec resolution;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) || !resolution.tv_nsec)
		return 250;
	return (NANOSECONDS + resolution.tv_nsec / 2) / resolution.tv_nsec;
}

uint32_t settings_seconds(const struct sg_settings *settings, uint32_t units)
{
	return ((uint64_t)units << settings->clock_shift) / jiffies_per_second();
}

/* Units of the table's clock, rounded up. */
static uint32_t units(const struct sg_settings *settings, uint32_t seconds)
{
	uint64_t jiffies = (uint64_t)seconds * jiffies_per_second();

	return (jiffies + (1U << settings->clock_shift) - 1) >> settings->clock_shift;
}

int connections_configure(struct kern *kern, const struct connection_settings *wanted,
			  struct error *err)
{
	struct sg_settings *settings = kern->settings;

	for (int i = 0; i < SG_PHASE_COUNT; i++) {
		if (!wanted->seconds[i])
			return error_set(err, EINVAL, CODE_INVALID_PARAMETER_LESS_MINIMUM,
					 "the timeout of phase \"%s\" is 0: use at least 1 second",
					 phase_label(i));
		__atomic_store_n(&settings->timeout[i], units(settings, wanted->seconds[i]),
				 __ATOMIC_RELAXED);
	}
	settings->fragment_timeout = units(settings, wanted->fragment_seconds);
	return 0;
}

bool connections_configured(const struct kern *kern, const struct connection_settings *wanted)
{
	const struct sg_settings *settings = kern->settings;

	for (int i = 0; i < SG_PHASE_COUNT; i++) {
		if (settings->timeout[i] != units(settings, wanted->seconds[i]))
			return false;
	}
	return settings->fragment_timeout == units(settings, wanted->fragment_seconds);
}

int settings_init(struct kern *kern, struct error *err)
{
	struct sg_settings *settings = kern->settings;

	if (settings->bucket_mask)
		return 0;
	if (getrandom(settings->secret, sizeof(settings->secret), 0) != sizeof(settings->secret) ||
	    getrandom(settings->multiplier, sizeof(settings->multiplier), 0) !=
		    sizeof(settings->multiplier))
		return kern_error(err, errno, "cannot make a secret for the connection table");
	for (size_t i = 0; i < ARRAY_SIZE(settings->multiplier); i++)
		settings->multiplier[i] |= 1;
	settings->clock_shift = 0;
	while (jiffies_per_second() >> settings->clock_shift > 4)
		settings->clock_shift++;
	settings->second = units(settings, 1);
	settings->window_mask = window_buckets(&kern->made_with) - 1;
	if (settings->window_mask >= kern->bucket_count)
		settings->window_mask = kern->bucket_count - 1;
	/* Last: it says that the rest is there. */
	__atomic_store_n(&settings->bucket_mask, kern->bucket_count - 1, __ATOMIC_RELEASE);
	return connections_configure(kern, &kern->made_with, err);
}

void connection_table(const struct kern *kern, struct connection_table *table_out)
{
	*table_out = (struct connection_table){
		.entries = kern->bucket_count * SG_BUCKET_ENTRIES,
		.window = (kern->settings->window_mask + 1) * SG_BUCKET_ENTRIES,
		.instances = kern->slot_count - 1,
	};
}

const char *phase_label(enum sg_phase phase)
{
	static const char *const labels[] = {
#define X(name, label, seconds) [SG_PHASE_##name] = label,
		SG_PHASES(X)
#undef X
	};

	return phase < SG_PHASE_COUNT ? labels[phase] : "unknown";
}
