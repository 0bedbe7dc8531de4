// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill_at.c - run a command and kill it at one of its system calls.
 *
 *   kill_at N COMMAND [ARGUMENT]...
 *
 * SIGKILL comes before the N-th call that others can notice is made (from 1).
 * Such calls are those that write to a file, the kernel's BPF objects or its
 * interfaces; the memory that is shared with the kernel changes between them.
 * Prints "killed NAME-OF-CALL" or, when the command ended before, "ended STATUS".
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	uint64_t number;
	const char *name;
} visible[] = {
	{SYS_bpf, "bpf"},
	{SYS_pwrite64, "pwrite64"},
	{SYS_write, "write"},
	{SYS_fdatasync, "fdatasync"},
	{SYS_fsync, "fsync"},
	{SYS_ftruncate, "ftruncate"},
	{SYS_unlinkat, "unlinkat"},
	{SYS_renameat2, "renameat2"},
	{SYS_mkdirat, "mkdirat"},
	{SYS_sendto, "sendto"},
	{SYS_membarrier, "membarrier"},
#ifdef SYS_unlink
	{SYS_unlink, "unlink"},
	{SYS_rename, "rename"},
	{SYS_mkdir, "mkdir"},
#endif
	{SYS_exit_group, "exit_group"},
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "kill_at: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *visible_name(uint64_t number)
{
	for (size_t i = 0; i < sizeof(visible) / sizeof(visible[0]); i++) {
		if (visible[i].number == number)
			return visible[i].name;
	}
	return NULL;
}

static _Noreturn void run_traced(char **argv)
{
	/* What the command says goes with it. */
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(127);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		_exit(127);
	raise(SIGSTOP);
	execvp(argv[0], argv);
	_exit(127);
}

/* The call that the stopped process is about to make; NULL when it is another stop. */
static const char *call_entered(pid_t pid)
{
	struct __ptrace_syscall_info info = {};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		fail("PTRACE_GET_SYSCALL_INFO");
	return info.op == PTRACE_SYSCALL_INFO_ENTRY ? visible_name(info.entry.nr) : NULL;
}

static void kill_and_reap(pid_t pid)
{
	int status;

	if (kill(pid, SIGKILL))
		fail("kill");
	do {
		if (waitpid(pid, &status, 0) != pid)
			fail("waitpid");
	} while (!WIFSIGNALED(status) && !WIFEXITED(status));
}

/* A signal that is the command's own goes on to it; those of tracing do not. */
static int signal_to_pass(int status)
{
	int number = WSTOPSIG(status);

	return number == (SIGTRAP | 0x80) || number == SIGTRAP || number == SIGSTOP ? 0 : number;
}

int main(int argc, char **argv)
{
	long left = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	const char *name;
	int status;
	pid_t pid;

	if (left < 1) {
		fprintf(stderr, "usage: kill_at N COMMAND [ARGUMENT]...\n");
		return 2;
	}
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid)
		run_traced(argv + 2);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		fail("the command did not start");
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		fail("PTRACE_SETOPTIONS");
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal_to_pass(status)))
			fail("PTRACE_SYSCALL");
		if (waitpid(pid, &status, 0) != pid)
			fail("waitpid");
		if (!WIFSTOPPED(status)) {
			printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
			return 0;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		name = call_entered(pid);
		if (name && --left == 0) {
			kill_and_reap(pid);
			printf("killed %s\n", name);
			return 0;
		}
	}
}
