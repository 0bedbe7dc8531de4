// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - maps as memory, from their beginning as far as they are used.
 *
 * The kernel maps every page of a map at once: for the whole heap and table
 * that is half of what a short command costs. So a range of addresses is
 * reserved for a map, and filled in when somebody wants to go further. What was
 * reached stays where it is until the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kern/internal.h"

/* Filled in at a time; a multiple of any page size. */
#define STEP_BYTES ((size_t)1 << 18)

struct map_memory {
	char *start;
	size_t size;
	size_t reached;
};

int memory_reserve(struct kern *kern, enum kern_map which, size_t size, void **start_out,
		   struct error *err)
{
	struct map_memory *memory;
	void *start;

	if (!kern->memory)
		kern->memory = calloc(MAP_COUNT, sizeof(*kern->memory));
	if (!kern->memory)
		return kern_error(err, ENOMEM, "cannot map \"%s\"", kern_map_names[which]);
	start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return kern_error(err, errno, "cannot map \"%s\"", kern_map_names[which]);
	memory = &kern->memory[which];
	*memory = (struct map_memory){.start = start, .size = size};
	*start_out = start;
	return 0;
}

int memory_reach(const struct kern *kern, enum kern_map which, size_t end)
{
	struct map_memory *memory = &kern->memory[which];
	int protection = PROT_READ | (kern->writable ? PROT_WRITE : 0);
	size_t more;

	if (end <= memory->reached)
		return 0;
	if (end > memory->size)
		return -EINVAL;
	more = (end - memory->reached + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
	if (more > memory->size - memory->reached)
		more = memory->size - memory->reached;
	if (mmap(memory->start + memory->reached, more, protection, MAP_SHARED | MAP_FIXED,
		 kern->maps[which], (off_t)memory->reached) == MAP_FAILED)
		return -errno;
	memory->reached += more;
	return 0;
}

void memory_release(struct kern *kern)
{
	for (int i = 0; kern->memory && i < MAP_COUNT; i++) {
		if (kern->memory[i].start)
			munmap(kern->memory[i].start, kern->memory[i].size);
	}
	free(kern->memory);
	kern->memory = NULL;
}
