// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine.c - CPU, kernel and date.
 */
#include "bench/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "kern/kern.h"
#include "util/cleanup.h"

/* The first "model name" (x86) of /proc/cpuinfo; other machines have none. */
static void read_cpu(char *cpu, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	AUTO_FREE char *line = NULL;
	size_t room = 0;

	snprintf(cpu, size, "unknown");
	while (file && getline(&line, &room, file) > 0) {
		const char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !value)
			continue;
		value += 1 + strspn(value + 1, " ");
		snprintf(cpu, size, "%.*s", (int)strcspn(value, "\n"), value);
		break;
	}
	if (file)
		fclose(file);
}

void machine_describe(struct machine *machine_out)
{
	struct machine machine = {.cpus = sysconf(_SC_NPROCESSORS_ONLN)};
	struct kern_features features;
	struct utsname name;
	time_t now = time(NULL);
	struct tm utc;

	read_cpu(machine.cpu, sizeof(machine.cpu));
	kern_features(&features);
	machine.jit = features.jit;
	snprintf(machine.kernel, sizeof(machine.kernel), "%s", features.release);
	if (!uname(&name))
		snprintf(machine.arch, sizeof(machine.arch), "%s", name.machine);
	if (gmtime_r(&now, &utc))
		strftime(machine.date, sizeof(machine.date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	*machine_out = machine;
}
