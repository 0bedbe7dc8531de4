// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_flows.c - the list of flows, and what a frame of each has for itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <string.h>

#include "peers_flows.h"

#define SYN 0x02
#define ACK 0x10

static uint32_t sum_words(const void *words, size_t bytes, uint32_t sum)
{
	const uint8_t *byte = words;

	for (size_t i = 0; i < bytes; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

#define IP_BYTES 20
#define TRANSPORT_BYTES 20

void frame_init(struct frame *frame, const uint8_t source[6], const uint8_t destination[6])
{
	memset(frame, 0, sizeof(*frame));
	memcpy(frame->source_mac, source, 6);
	memcpy(frame->destination_mac, destination, 6);
	frame->ether_type = htons(ETHERTYPE_IP);
	frame->version_and_length = 0x45;
	frame->total_length = htons(IP_BYTES + TRANSPORT_BYTES);
	frame->ttl = SENT_TTL;
	frame->tcp_offset = 0x50;
	frame->tcp_window = htons(1024);
}

/* The fields of one flow, from its own or from the other side. */
static void header_fill(const struct frame *common, const struct flow *flow, bool is_back,
			struct flow_header *out)
{
	struct frame frame = *common;
	uint32_t sum;

	frame.protocol = flow->protocol;
	frame.source = flow->address[is_back];
	frame.destination = flow->address[!is_back];
	frame.ports = htonl((uint32_t)flow->port[is_back] << 16 | flow->port[!is_back]);
	if (flow->protocol == IPPROTO_UDP)
		frame.length_or_seq = htonl(TRANSPORT_BYTES << 16);
	else /* the SYN takes one */
		frame.length_or_seq = htonl(frame.tcp_flags & SYN ? 0 : 1);
	frame.ip_check = checksum(sum_words(&frame.version_and_length, IP_BYTES, 0));
	sum = sum_words(&frame.source, 8 + TRANSPORT_BYTES, flow->protocol + TRANSPORT_BYTES);
	frame.tcp_check = checksum(sum);
	*out = (struct flow_header){
		.source = frame.source,
		.destination = frame.destination,
		.ports = frame.ports,
		.length_or_seq = frame.length_or_seq,
		.tcp_check = frame.tcp_check,
		.ip_check = frame.ip_check,
		.protocol = frame.protocol,
	};
}

int flows_load(struct flows *flows, const char *path)
{
	FILE *file = fopen(path, "re");
	char from[20], to[20];
	unsigned int protocol, from_port, to_port;
	uint32_t count = 0;
	int r = 0;

	if (!file)
		return -errno;
	while (!r && count < MAX_FLOWS &&
	       fscanf(file, "%u %19s %u %19s %u", &protocol, from, &from_port, to, &to_port) == 5) {
		struct flow *flow = &flows->list[count++];

		*flow = (struct flow){.protocol = protocol & 0xff, .port = {from_port, to_port}};
		if (inet_pton(AF_INET, from, &flow->address[0]) != 1 ||
		    inet_pton(AF_INET, to, &flow->address[1]) != 1)
			r = -EINVAL;
	}
	if (!count || !feof(file))
		r = -EINVAL;
	fclose(file);
	errno = -r;
	flows->count = r ? 0 : count;
	return r;
}

void flows_fill(struct flows *flows, bool is_back, const char *kind, struct flow_header *headers)
{
	struct frame *frame = &flows->frame;

	frame->tcp_flags = ACK;
	if (strcmp(kind, "syn") == 0)
		frame->tcp_flags = SYN;
	else if (strcmp(kind, "answer") == 0)
		frame->tcp_flags = SYN | ACK;
	frame->tcp_ack = htonl(frame->tcp_flags & ACK ? 1 : 0);
	for (uint32_t i = 0; i < flows->count; i++)
		header_fill(frame, &flows->list[i], is_back, &headers[i]);
}
