/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that knows nothing of bpfgate: it calls bpf() through libc's syscall(), as libbpf does,
 * and its exit code says what it saw. Run by test-launch.c under the preload library and under `bpfgate run`.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/own.h"

/* Exit codes: 0 as expected, 1 not, 2 unknown probe. */
enum { AS_EXPECTED = 0, NOT_SO = 1, UNKNOWN = 2 };

static long sys_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return syscall(__NR_bpf, cmd, attr, size);
}

static int create(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4 };
	long fd = sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));

	return fd >= 0 && fcntl((int)fd, F_GETFD) & FD_CLOEXEC ? AS_EXPECTED : NOT_SO;
}

static long load(unsigned int insn_cnt, char *log, unsigned int log_bytes)
{
	static const struct bpf_insn insns[2] = { { .code = 0x95 }, { .code = 0x95 } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP,
				.insn_cnt = insn_cnt,
				.insns = (__u64)(unsigned long)insns,
				.license = (__u64)(unsigned long)"GPL",
				.log_buf = (__u64)(unsigned long)log,
				.log_size = log_bytes,
				.log_level = log ? 1 : 0 };

	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int refused(void)
{
	char log[64] = "";

	errno = 0;
	return load(1, log, sizeof(log)) == -1 && errno == EACCES && !strcmp(log, "no\n") ?
		       AS_EXPECTED :
		       NOT_SO;
}

/* A handle, asked for its info: the one local command that must not stay local. */
static int handle(void)
{
	long fd = load(2, NULL, 0);
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (__u32)fd,
					  .info_len = sizeof(info),
					  .info = (__u64)(unsigned long)&info } };

	if (fd < 0 || sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0)
		return NOT_SO;
	return info.type == BPF_PROG_TYPE_XDP ? AS_EXPECTED : NOT_SO;
}

/* What tools read to learn what an fd is; and that other links stay as they are. */
static int link_names(void)
{
	char path[64], text[256] = "";
	int pipes[2];

	snprintf(path, sizeof(path), "/proc/self/fd/%ld", load(2, NULL, 0));
	if (readlink(path, text, sizeof(text)) < 0 || strcmp(text, "anon_inode:bpf-prog"))
		return NOT_SO;
	if (pipe(pipes) < 0)
		return NOT_SO;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
	memset(text, 0, sizeof(text));
	return readlink(path, text, sizeof(text)) > 0 && !strncmp(text, "pipe:", 5) ? AS_EXPECTED :
										     NOT_SO;
}

/* Whatever is not bpf() goes where it always went. */
static int other_calls(void)
{
	errno = 0;
	return syscall(__NR_getpid) == getpid() && syscall(__NR_close, -1) == -1 &&
			       errno == EBADF ?
		       AS_EXPECTED :
		       NOT_SO;
}

static int local_calls(void)
{
	union bpf_attr attr = { .map_fd = 900 };

	errno = 0;
	return sys_bpf(BPF_MAP_FREEZE, &attr, sizeof(attr)) == -1 && errno == EBADF ? AS_EXPECTED :
										      NOT_SO;
}

static int bad_pointer(void)
{
	errno = 0;
	return sys_bpf(BPF_MAP_CREATE, (union bpf_attr *)8, 64) == -1 && errno == EFAULT ?
		       AS_EXPECTED :
		       NOT_SO;
}

/* With an attr that cannot be read: EINVAL is the word of somebody who did not try, the kernel's is EFAULT. */
static int unknown_commands(void)
{
	static const int cmds[] = { BPF_MAP_CREATE | 1 << 16, BPF_MAP_LOOKUP_ELEM | 1 << 16,
				    BPF_PROG_LOAD | 1 << 30, 500, 0xffff, -1 };

	for (size_t i = 0; i < ARRAY_CNT(cmds); i++) {
		errno = 0;
		if (sys_bpf(cmds[i], (union bpf_attr *)8, 64) != -1 || errno != EINVAL)
			return NOT_SO;
	}
	/* The control: a command that goes to the kernel. */
	errno = 0;
	return sys_bpf(BPF_MAP_FREEZE, (union bpf_attr *)8, 64) == -1 && errno == EFAULT ? AS_EXPECTED : NOT_SO;
}

static void *thread_body(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++)
		if (create() != AS_EXPECTED || refused() != AS_EXPECTED)
			return (void *)1;
	return NULL;
}

static int threads(void)
{
	pthread_t ids[6];
	int bad = 0;

	for (int i = 0; i < 6; i++)
		pthread_create(&ids[i], NULL, thread_body, NULL);
	for (int i = 0; i < 6; i++) {
		void *failed;

		pthread_join(ids[i], &failed);
		bad |= failed != NULL;
	}
	return bad ? NOT_SO : AS_EXPECTED;
}

/* A grandchild that outlives its parent still gets answers. */
static int orphan(void)
{
	int pipes[2];
	char byte;

	if (pipe(pipes) < 0)
		return NOT_SO;
	if (fork() == 0) {
		if (fork() == 0) {
			close(pipes[1]);
			_exit(read(pipes[0], &byte, 1) == 0 ? create() : NOT_SO);
		}
		_exit(0);
	}
	/* Our end of the pipe closes when we end: only then does the grandchild go on. */
	wait(NULL);
	return AS_EXPECTED;
}

static int killed(void)
{
	raise(SIGTERM);
	return NOT_SO;
}

static int exit_3(void)
{
	return 3;
}

static const struct {
	const char *name;
	int (*run)(void);
} probes[] = {
	{ "create", create },	    { "refused", refused },	  { "handle", handle },
	{ "links", link_names },    { "other", other_calls },	  { "local", local_calls },
	{ "threads", threads },	    { "orphan", orphan },	  { "killed", killed },
	{ "exit-3", exit_3 },	    { "bad-pointer", bad_pointer },
	{ "unknown", unknown_commands },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_CNT(probes); i++)
		if (!strcmp(argv[1], probes[i].name))
			return probes[i].run();
	return UNKNOWN;
}
