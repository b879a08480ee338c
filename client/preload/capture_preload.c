/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The preload library of `bpfgate capture`: libc's syscall() with a recorder behind bpf(2). Promises
 * that the command behaves as without it, except that each program is verified once or twice more;
 * a bundle that cannot be written is left out silently, since stderr is the command's. Writes one
 * file per different program into BPFGATE_CAPTURE_DIR; BPFGATE_CAPTURE_PROG limits it to one name.
 */
#include "client/preload/capture.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "object/rawcall.h"
#include "proto/own.h"

#define EXPORT __attribute__((visibility("default")))

/* A preloaded library has nobody to hand it a context. */
static struct {
	pthread_mutex_t lock;
	struct capture *cap;
} preload = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* FNV-1a: the same program gets the same file name, whatever the kernel's times were. */
static uint64_t hash_program(const struct bgv_program *prog)
{
	OWN_MEM uint8_t *bytes = NULL;
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t cnt = 0;

	if (bundle_encode(prog, NULL, &bytes, &cnt) < 0)
		return 0;
	for (size_t i = 0; i < cnt; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

static void write_file(const char *path, const uint8_t *bytes, size_t cnt)
{
	OWN_FD int fd = -1;
	char temp[4200];

	(void)snprintf(temp, sizeof(temp), "%s.%d", path, getpid());
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return;
	if (write(fd, bytes, cnt) != (ssize_t)cnt || rename(temp, path) < 0)
		(void)unlink(temp);
}

static void save_bundle(void *arg, const struct bgv_program *prog, const struct bundle_answer *answer,
			const uint8_t *bytes, size_t bytes_cnt)
{
	const char *dir = getenv("BPFGATE_CAPTURE_DIR"), *only = getenv("BPFGATE_CAPTURE_PROG");
	const char *name = prog->name && *prog->name ? prog->name : "unnamed";
	char path[4096], safe[32];
	size_t i;

	if (!dir || (only && strcmp(only, name)))
		return;
	for (i = 0; name[i] && i < sizeof(safe) - 1; i++)
		safe[i] = isalnum((unsigned char)name[i]) || name[i] == '_' ? name[i] : '-';
	safe[i] = '\0';
	if (snprintf(path, sizeof(path), "%s/%s-%016llx.bpfb", dir, safe,
		     (unsigned long long)hash_program(prog)) < (int)sizeof(path))
		write_file(path, bytes, bytes_cnt);
}

static long call_recorded(unsigned int cmd, void *attr, unsigned int attr_bytes)
{
	long ret;

	(void)pthread_mutex_lock(&preload.lock);
	if (!preload.cap) {
		preload.cap = capture_new(save_bundle, NULL);
		if (preload.cap) /* which program it was stands in the file's name */
			capture_set_source(preload.cap, program_invocation_short_name);
	}
	if (preload.cap)
		ret = capture_bpf(preload.cap, cmd, attr, attr_bytes);
	else
		ret = rawcall3(__NR_bpf, (long)cmd, (long)attr, attr_bytes);
	(void)pthread_mutex_unlock(&preload.lock);
	return ret;
}

RAWCALL_VARARGS EXPORT long syscall(long nr, ...)
{
	int saved = errno;
	long arg[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_CNT(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	/* Only what makes programs and maps is recorded: map traffic keeps its speed. */
	if (nr == __NR_bpf && (arg[0] == BPF_PROG_LOAD || arg[0] == BPF_MAP_CREATE))
		ret = call_recorded((unsigned int)arg[0], (void *)arg[1], (unsigned int)arg[2]);
	else
		ret = rawcall(nr, arg);
	errno = saved;
	if (ret < 0 && ret >= -4095) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}
