// SPDX-License-Identifier: GPL-2.0-only
/*
 * control.c - open store and kernel side.
 *
 * Interface names and indexes mean one network namespace. The state directory
 * remembers which it is from its first instance on, for as long as the machine
 * is up; the bpffs directory does the same for itself. It also remembers that
 * there is a kernel side, so that one that is merely out of sight (`ip netns
 * exec` hides the bpffs) is not taken for none. And the bpffs directory
 * remembers which state directory it enforces, so that a wrong or empty one
 * does not take everything off.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/cleanup.h"

#define FACT_NAMESPACE "network-namespace"
#define FACT_KERNEL_SIDE "kernel-side" /* value: the boot that it was made in */
#define FACT_IDENTITY "identity"       /* value: 16 hexadecimal digits, not 0 */
#define NAMESPACE_TEXT_MAX 128
#define BOOT_TEXT_MAX 40

/* Which time the machine is up; empty where that is not told. */
static void boot_text(char text[BOOT_TEXT_MAX])
{
	AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, text, BOOT_TEXT_MAX - 1) : 0;

	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* "BOOT:DEVICE:INODE" of the namespace that we are in. */
static int namespace_text(char text[NAMESPACE_TEXT_MAX], struct error *err)
{
	char boot[BOOT_TEXT_MAX];
	uint64_t device, inode;
	int r = netns_identity(&device, &inode, err);

	if (r)
		return r;
	boot_text(boot);
	snprintf(text, NAMESPACE_TEXT_MAX, "%s:%" PRIu64 ":%" PRIu64, boot, device, inode);
	return 0;
}

/* Of another boot: its namespaces are gone. */
static bool same_boot(const char *a, const char *b)
{
	size_t length = strcspn(a, ":");

	return length == strcspn(b, ":") && !strncmp(a, b, length);
}

static int check_namespace(struct control *control, const char *state_dir, struct error *err)
{
	char here[NAMESPACE_TEXT_MAX];
	AUTO_FREE char *there = NULL;
	int r = namespace_text(here, err);

	if (!r)
		r = store_begin_read(control->store, err);
	if (r)
		return r;
	r = store_fact_get(control->store, FACT_NAMESPACE, &there, err);
	store_rollback(control->store);
	if (r || !there || !strcmp(here, there) || !same_boot(here, there))
		return r;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_NETWORK_NAMESPACE,
			 "state directory \"%s\" serves network namespace net:[%s], this is "
			 "net:[%s]: run sgate there, or give another --state-dir and --bpffs",
			 state_dir, strrchr(there, ':') + 1, strrchr(here, ':') + 1);
}

static int recall_kernel_side(struct control *control, struct error *err)
{
	char boot[BOOT_TEXT_MAX];
	AUTO_FREE char *made = NULL;
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	r = store_fact_get(control->store, FACT_KERNEL_SIDE, &made, err);
	store_rollback(control->store);
	boot_text(boot);
	control->kern_was_made = !r && made && !strcmp(made, boot);
	return r;
}

/* In the write transaction that makes it; forgotten with that. */
static int remember_kernel_side(struct control *control, struct error *err)
{
	char boot[BOOT_TEXT_MAX];

	if (control->kern_was_made)
		return 0;
	boot_text(boot);
	return store_fact_set(control->store, FACT_KERNEL_SIDE, boot, err);
}

static int identity_read(struct control *control, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r = store_fact_get(control->store, FACT_IDENTITY, &text, err);

	if (!r && text)
		control->identity = strtoull(text, NULL, 16);
	return r;
}

static int identity_make(struct control *control, struct error *err)
{
	char text[17];

	if (getrandom(&control->identity, sizeof(control->identity), 0) !=
	    sizeof(control->identity))
		return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
				 "cannot make an identity for the state directory");
	control->identity |= 1;
	snprintf(text, sizeof(text), "%016" PRIx64, control->identity);
	return store_fact_set(control->store, FACT_IDENTITY, text, err);
}

/*
 * By what a bpffs directory knows whose instances it enforces. Made before
 * anything else is written: a change that is cut short must find it again.
 */
static int find_identity(struct control *control, struct error *err)
{
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	r = identity_read(control, err);
	store_rollback(control->store);
	if (r || control->identity)
		return r;
	r = store_begin_write(control->store, err);
	if (r)
		return r;
	r = identity_read(control, err);
	if (!r && !control->identity)
		r = identity_make(control, err);
	if (!r)
		r = store_commit(control->store, err);
	if (r)
		store_rollback(control->store);
	return r;
}

int control_claim_namespace(struct control *control, struct error *err)
{
	char here[NAMESPACE_TEXT_MAX];
	int r = namespace_text(here, err);

	return r ? r : store_fact_set(control->store, FACT_NAMESPACE, here, err);
}

int control_open(const char *state_dir, const char *bpffs, struct control **control_out,
		 struct error *err)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return control_out_of_memory(err);
	control->state_dir = strdup(state_dir);
	control->bpffs = strdup(bpffs);
	if (control->state_dir && control->bpffs)
		r = store_open(state_dir, &control->store, err);
	else
		r = control_out_of_memory(err);
	if (!r)
		r = check_namespace(control, state_dir, err);
	if (!r)
		r = recall_kernel_side(control, err);
	if (!r)
		r = find_identity(control, err);
	if (r) {
		control_close(control);
		return r;
	}
	*control_out = control;
	return 0;
}

int control_prepare(struct control *control, struct error *err)
{
	return kern_prepare(control->bpffs, err);
}

void control_close(struct control *control)
{
	if (!control)
		return;
	kern_close(control->kern);
	store_close(control->store);
	free(control->state_dir);
	free(control->bpffs);
	free(control);
}

const char *control_state_dir(const struct control *control)
{
	return control->state_dir;
}

const char *control_bpffs(const struct control *control)
{
	return control->bpffs;
}

struct store *control_store(struct control *control)
{
	return control->store;
}

int control_kern(struct control *control, struct kern **kern_out, struct error *err)
{
	struct connection_settings settings;
	int r = 0;

	/* reading makes no maps: any settings do */
	connection_settings_default(&settings);
	if (!control->kern)
		r = kern_open(control->bpffs, KERN_READ, &settings, &control->kern, err);
	if (r == -ENOENT && !err->code && control->kern_was_made && kern_is_hidden(control->bpffs))
		return error_set(err, EPERM, CODE_OPERATION_DENIED_NETWORK_NAMESPACE,
				 "the bpffs of \"%s\" is not seen in this mount namespace: use "
				 "nsenter --net=/run/netns/NAME instead of ip netns exec",
				 control->bpffs);
	if (!r)
		r = kern_check_store(control->kern, control->identity, err);
	if (!r)
		*kern_out = control->kern;
	return r;
}

int control_make(struct control *control, struct error *err)
{
	int r = store_begin_write(control->store, err);

	if (r)
		return r;
	r = control_kern_write(control, err);
	if (!r)
		r = store_commit(control->store, err);
	if (r)
		store_rollback(control->store);
	return r;
}

void control_refresh(struct control *control)
{
	if (!control->kern || kern_is_current(control->kern, false))
		return;
	kern_close(control->kern);
	control->kern = NULL;
	control->kern_writable = false;
}

int control_kern_write(struct control *control, struct error *err)
{
	struct connection_settings settings;
	int r;

	if (control->kern && control->kern_writable && kern_is_current(control->kern, true))
		return kern_renew_programs(control->kern, err);
	r = settings_load(control->store, &settings, err);
	if (r)
		return r;
	kern_close(control->kern);
	control->kern = NULL;
	control->kern_writable = false;
	r = kern_open(control->bpffs, control->kern_was_written ? KERN_ADOPT : KERN_WRITE,
		      &settings, &control->kern, err);
	if (!r)
		control->kern_writable = control->kern_was_written = true;
	if (!r)
		r = kern_check_store(control->kern, control->identity, err);
	return r ? r : remember_kernel_side(control, err);
}
