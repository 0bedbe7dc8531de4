// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_guard.c - guard images permit what the addresses say, one by one.
 *
 * SGATE_SEED=N starts with another seed; a failure names the seed to repeat.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "compile/guard.h"
#include "unit/gen_policy.h"
#include "util/array.h"

#define MAX_OWN 64

struct own {
	struct mac macs[MAX_OWN];
	size_t mac_count;
	struct prefix addresses[MAX_OWN];
	size_t address_count;
};

static bool slow_permits_mac(const struct own *own, const struct mac *mac)
{
	for (size_t i = 0; i < own->mac_count; i++) {
		if (!memcmp(&own->macs[i], mac, sizeof(*mac)))
			return true;
	}
	return !own->mac_count;
}

static bool is_link_local_of(const struct mac *mac, const uint8_t address[16])
{
	uint8_t expected[16] = {0xfe, 0x80};

	memcpy(expected + 8, mac->bytes, 3);
	expected[8] ^= 0x02;
	expected[11] = 0xff;
	expected[12] = 0xfe;
	memcpy(expected + 13, mac->bytes + 3, 3);
	return !memcmp(expected, address, sizeof(expected));
}

static bool slow_permits_address(const struct own *own, enum sg_family family,
				 const uint8_t address[16])
{
	if (!own->address_count)
		return true;
	for (size_t i = 0; i < own->address_count; i++) {
		const struct prefix *prefix = &own->addresses[i];

		if (prefix->family == family && prefix_contains(prefix, address))
			return true;
	}
	for (size_t i = 0; family == SG_IPV6 && i < own->mac_count; i++) {
		if (is_link_local_of(&own->macs[i], address))
			return true;
	}
	return false;
}

static struct mac near_mac(struct gen_random *random)
{
	static const struct mac bases[] = {
		{{0x02, 0, 0, 0, 0, 0}},
		{{0x02, 0, 0, 0, 0xff, 0xfd}},
		{{0xfe, 0xff, 0xff, 0xff, 0xff, 0xfc}},
		{{0, 0, 0, 0, 0, 0}},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xfc}},
	};
	struct mac mac = bases[gen_below(random, ARRAY_SIZE(bases))];

	mac.bytes[5] += gen_below(random, 4);
	if (!gen_below(random, 4))
		mac.bytes[gen_below(random, 6)] ^= 1 << gen_below(random, 8);
	return mac;
}

/* In a few neighbourhoods, with the ends of both spaces, so that intervals meet and nest. */
static void near_address(struct gen_random *random, enum sg_family family, uint8_t address[16])
{
	static const char *const bases[2][4] = {
		{"10.0.0.0", "0.0.0.0", "255.255.255.252", "10.0.0.252"},
		{"2001:db8::", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc",
		 "2001:db8::ffff:ffff:ffff:fffc"},
	};
	int bytes = family == SG_IPV4 ? 4 : 16;

	memset(address, 0, 16);
	inet_pton(family == SG_IPV4 ? AF_INET : AF_INET6, bases[family][gen_below(random, 4)],
		  address);
	address[bytes - 1] += gen_below(random, 4);
	if (!gen_below(random, 3))
		address[gen_below(random, bytes)] ^= 1 << gen_below(random, 8);
}

static struct prefix near_prefix(struct gen_random *random)
{
	struct prefix prefix = {.family = gen_below(random, 2) ? SG_IPV6 : SG_IPV4};
	int bits = prefix.family == SG_IPV4 ? 32 : 128;

	near_address(random, prefix.family, prefix.bytes);
	prefix.length =
		gen_below(random, 3) ? bits - gen_below(random, 4) : gen_below(random, bits + 1);
	for (int bit = prefix.length; bit < bits; bit++)
		prefix.bytes[bit / 8] &= ~(0x80 >> bit % 8);
	return prefix;
}

static struct own make_own(struct gen_random *random)
{
	struct own own = {.mac_count = gen_below(random, 3) ? gen_below(random, 6)
							    : gen_below(random, MAX_OWN + 1),
			  .address_count = gen_below(random, 3) ? gen_below(random, 6)
								: gen_below(random, MAX_OWN + 1)};

	for (size_t i = 0; i < own.mac_count; i++)
		own.macs[i] = near_mac(random);
	for (size_t i = 0; i < own.address_count; i++)
		own.addresses[i] = near_prefix(random);
	return own;
}

static struct image image_of(const struct own *own)
{
	struct image image;
	struct error err;

	if (guard_compile(own->macs, own->mac_count, own->addresses, own->address_count, &image,
			  &err))
		fail_msg("%s", err.message);
	return image;
}

/* Sometimes the link-local address of one of its MACs, or one that is nearly so. */
static void pick_address(struct gen_random *random, const struct own *own, enum sg_family family,
			 uint8_t address[16])
{
	near_address(random, family, address);
	if (family != SG_IPV6 || !own->mac_count || gen_below(random, 3))
		return;
	memset(address, 0, 16);
	address[0] = 0xfe;
	address[1] = 0x80;
	memcpy(address + 8, own->macs[gen_below(random, own->mac_count)].bytes, 3);
	memcpy(address + 13, own->macs[gen_below(random, own->mac_count)].bytes + 3, 3);
	address[8] ^= 2;
	address[11] = 0xff;
	address[12] = 0xfe;
	if (!gen_below(random, 3))
		address[gen_below(random, 16)] ^= 1 << gen_below(random, 8);
}

static void guards_permit_as_the_slow_matcher(void **state)
{
	uint64_t seed = gen_seed(1);
	int permitted = 0, asked = 0;

	(void)state;
	for (int i = 0; i < 1500; i++, seed++) {
		struct gen_random random = {seed};
		struct own own = make_own(&random);
		struct image image = image_of(&own);

		for (int j = 0; j < 200; j++) {
			enum sg_family family = gen_below(&random, 2) ? SG_IPV6 : SG_IPV4;
			struct mac mac = near_mac(&random);
			uint8_t address[16];
			bool permits;

			pick_address(&random, &own, family, address);
			permits = slow_permits_address(&own, family, address);
			if (guard_permits_mac(&image, &mac) != slow_permits_mac(&own, &mac) ||
			    guard_permits_address(&image, family, address) != permits)
				fail_msg("SGATE_SEED=%llu", (unsigned long long)seed);
			asked += own.address_count > 0;
			permitted += own.address_count > 0 && permits;
		}
		image_fini(&image);
	}
	/* The questions must be worth something. */
	assert_in_range(permitted, asked / 5, asked * 4 / 5);
}

static bool permits_text(const struct image *image, const char *text)
{
	enum sg_family family = strchr(text, ':') ? SG_IPV6 : SG_IPV4;
	uint8_t address[16] = {0};

	assert_int_equal(inet_pton(family == SG_IPV4 ? AF_INET : AF_INET6, text, address), 1);
	return guard_permits_address(image, family, address);
}

static void prefix_add(struct own *own, const char *text)
{
	assert_int_equal(prefix_parse(text, &own->addresses[own->address_count++], NULL), 0);
}

static void what_is_not_known_is_not_guarded(void **state)
{
	const struct mac other = {{2, 0, 0, 0, 0, 2}};
	struct own macs_only = {.macs = {{{2, 0, 0, 0, 0, 1}}}, .mac_count = 1};
	struct own addresses_only = {0};
	struct image image = image_of(&macs_only);

	(void)state;
	assert_false(guard_permits_mac(&image, &other));
	assert_true(guard_permits_mac(&image, &macs_only.macs[0]));
	assert_true(permits_text(&image, "192.0.2.1"));
	assert_true(permits_text(&image, "2001:db8::1"));
	image_fini(&image);

	prefix_add(&addresses_only, "192.0.2.1");
	image = image_of(&addresses_only);
	assert_true(guard_permits_mac(&image, &other));
	assert_true(permits_text(&image, "192.0.2.1"));
	assert_false(permits_text(&image, "192.0.2.2"));
	/* a family without addresses has none */
	assert_false(permits_text(&image, "::"));
	assert_false(permits_text(&image, "fe80::ff:fe00:1"));
	image_fini(&image);
}

static void the_link_local_address_of_a_mac_is_its_own(void **state)
{
	struct own own = {.macs = {{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}},
				   {{0x52, 0x54, 0x00, 0x00, 0x00, 0x01}}},
			  .mac_count = 2};
	struct image image;

	(void)state;
	prefix_add(&own, "10.0.0.0/8");
	image = image_of(&own);
	assert_true(permits_text(&image, "fe80::11:22ff:fe33:4455"));
	assert_true(permits_text(&image, "fe80::5054:ff:fe00:1"));
	assert_false(permits_text(&image, "fe80::5054:ff:fe00:2"));
	assert_false(permits_text(&image, "fe80::5254:ff:fe00:1"));
	assert_false(permits_text(&image, "fe80:0:0:1:5054:ff:fe00:1"));
	image_fini(&image);
}

static void the_ends_of_the_address_spaces_are_ordinary(void **state)
{
	static const struct {
		const char *prefix, *inside, *outside;
	} rows[] = {
		{"0.0.0.0/32", "0.0.0.0", "0.0.0.1"},
		{"255.255.255.255/32", "255.255.255.255", "255.255.255.254"},
		{"0.0.0.0/0", "255.255.255.255", "::"},
		{"::/128", "::", "::1"},
		{"::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"},
		{"2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"},
		{"8000::/1", "8000::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct own own = {0};
		struct image image;

		prefix_add(&own, rows[i].prefix);
		image = image_of(&own);
		if (!permits_text(&image, rows[i].inside) || permits_text(&image, rows[i].outside))
			fail_msg("%s", rows[i].prefix);
		image_fini(&image);
	}
}

static void the_order_of_addresses_does_not_change_the_image(void **state)
{
	struct gen_random random = {gen_seed(7000)};

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct own own = make_own(&random), turned = own;
		struct image image, other;

		for (size_t j = 0; j < own.mac_count; j++)
			turned.macs[j] = own.macs[own.mac_count - 1 - j];
		for (size_t j = 0; j < own.address_count; j++)
			turned.addresses[j] = own.addresses[own.address_count - 1 - j];
		image = image_of(&own);
		other = image_of(&turned);
		assert_int_equal(image.count, other.count);
		assert_memory_equal(image.nodes, other.nodes, image.count * sizeof(*image.nodes));
		image_fini(&image);
		image_fini(&other);
	}
}

static void the_header_tells_that_it_is_an_image(void **state)
{
	struct own own = {.macs = {{{2, 0, 0, 0, 0, 1}}}, .mac_count = 1};
	struct image image = image_of(&own);
	const struct sg_image_header *header = &image.nodes[1].header;

	(void)state;
	assert_int_equal(image.count, 3);
	assert_int_equal(header->nodes, 3);
	assert_int_equal(header->rules, 0);
	assert_int_equal(header->generation, 0);
	assert_true(header->magic == SG_IMAGE_MAGIC);
	image_fini(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guards_permit_as_the_slow_matcher),
		cmocka_unit_test(what_is_not_known_is_not_guarded),
		cmocka_unit_test(the_link_local_address_of_a_mac_is_its_own),
		cmocka_unit_test(the_ends_of_the_address_spaces_are_ordinary),
		cmocka_unit_test(the_order_of_addresses_does_not_change_the_image),
		cmocka_unit_test(the_header_tells_that_it_is_an_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
