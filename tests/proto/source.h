/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caller for tests: its memory is ours, reached through the kernel; its fds are the numbers 0..63, each "open" as the same number plus 1000.
 */
#ifndef TESTS_PROTO_SOURCE_H
#define TESTS_PROTO_SOURCE_H

#include "proto/codec.h"

#include <string.h>
#include <sys/uio.h>

#define SOURCE_PID   4711
#define SOURCE_FDS   64
#define SOURCE_FD(n) ((n) + 1000)

struct source_counts {
	int taken;
	int dropped;
};

static int source_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	struct iovec here = { buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };

	(void)ctx;
	if (!bytes)
		return 0;
	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

static int source_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	struct iovec here = { (void *)(uintptr_t)buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };

	(void)ctx;
	return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

static int source_take_fd(void *ctx, int number, int *ret_fd)
{
	struct source_counts *counts = ctx;

	if (number >= SOURCE_FDS)
		return -EBADF;
	counts->taken++;
	*ret_fd = SOURCE_FD(number);
	return 0;
}

static void source_drop_fd(void *ctx, int fd)
{
	struct source_counts *counts = ctx;

	(void)fd;
	counts->dropped++;
}

/* Every map is a program array with 4-byte keys and values. */
static int source_map_shape(void *ctx, int number, struct codec_map *ret_map)
{
	(void)ctx, (void)number;
	*ret_map = (struct codec_map){ .type = 3, .key_bytes = 4, .value_bytes = 4 };
	return 0;
}

static inline struct codec_source source_init(struct source_counts *counts)
{
	*counts = (struct source_counts){ 0 };
	return (struct codec_source){ .ctx = counts,
				      .self_pid = SOURCE_PID,
				      .read = source_read,
				      .write = source_write,
				      .take_fd = source_take_fd,
				      .drop_fd = source_drop_fd,
				      .map_shape = source_map_shape };
}

#endif
