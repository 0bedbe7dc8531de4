/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * limits.h - every capacity of the data path, with its reason.
 *
 * Shared by the BPF programs and the loader: a capacity is a property of the
 * maps, so both sides must mean the same number.
 */
#ifndef SGATE_LIMITS_H
#define SGATE_LIMITS_H

/* Groups an instance can have; the cloud API's limit. */
#define SG_MAX_GROUPS_PER_INSTANCE 2

/*
 * Slots of one bpffs directory: one for each instance, and slot 0, which
 * counts the packets of interfaces that have a program and no binding. A slot
 * costs one struct sg_counters (768 bytes) a CPU, allocated when the maps are made
 * for as many instances as are set: SG_INSTANCES when nothing is. The most is
 * what the slot of an owner word can tell apart.
 */
#define SG_INSTANCES 4096
#define SG_MAX_INSTANCES 65535
#define SG_SLOTS(instances) ((instances) + 1)

/*
 * Interface indexes below this are looked up in an array (about 1 ns), the
 * others in a hash (20-30 ns). 65,536 bindings of 48 bytes are 3 MiB.
 */
#define SG_NEAR_IFINDEXES 65536

/*
 * Nodes of 64 bytes in the policy heap: 32 MiB. 20,000 rules for distinct
 * addresses take about 2 MiB, and a change needs room for the new image
 * beside the old one.
 */
#define SG_HEAP_NODES (1U << 19)

/* 802.1Q or 802.1ad tags looked through, in the frame and in the metadata. */
#define SG_MAX_VLAN_TAGS 2

/* IPv6 extension headers walked to the transport header. */
#define SG_MAX_EXTENSION_HEADERS 8

/* EtherTypes besides IP and ARP that an instance can be allowed. */
#define SG_MAX_ETHERTYPES 8

/*
 * Buckets of the connection table, eight entries each, when nothing else is
 * asked for: 131,072 connections in 13.8 MiB. A power of two, like the window of
 * an instance, which must be at least SG_MIN_WINDOW: two buckets of one
 * connection share a lock.
 */
#define SG_BUCKETS (1U << 14)
#define SG_MIN_WINDOW (1U << 10)

/* Entries of the fragment table; a first fragment that finds it full replaces the oldest. */
#define SG_MAX_FRAGMENTS 8192

/*
 * Levels of inner nodes in a search tree. With eight children a node and no
 * more than one start a leaf, seven levels are for 2 million starts; the heap
 * is smaller. It is a mask as well.
 */
#define SG_MAX_LEVELS 7

#endif
