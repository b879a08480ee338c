/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling process as the source of a call. Promises that a pointer the application got wrong
 * is answered as the kernel would, with EFAULT. Where process_vm_readv(2) is forbidden (seccomp
 * filters of services), memory is copied directly: such a pointer then faults, as it would in
 * any library.
 */
#include "client/library/self.h"

#include "client/library/pinfile.h"
#include "client/library/place.h"
#include "proto/cmd.h"
#include "proto/raw.h"
#include "proto/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>

static int self_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	struct iovec here = { buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };
	ssize_t n;

	(void)ctx;
	if (!bytes)
		return 0;
	n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	if (n < 0 && (errno == EPERM || errno == ENOSYS)) {
		memcpy(buf, (const void *)(uintptr_t)addr, bytes);
		return 0;
	}
	return n == (ssize_t)bytes ? 0 : -EFAULT;
}

static int self_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	struct iovec here = { (void *)(uintptr_t)buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };
	ssize_t n;

	(void)ctx;
	if (!bytes)
		return 0;
	n = process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	if (n < 0 && (errno == EPERM || errno == ENOSYS)) {
		memcpy((void *)(uintptr_t)addr, buf, bytes);
		return 0;
	}
	return n == (ssize_t)bytes ? 0 : -EFAULT;
}

static int self_take_fd(void *ctx, int number, int *ret_fd)
{
	(void)ctx;
	if (fcntl(number, F_GETFD) < 0)
		return -EBADF;
	*ret_fd = number;
	return 0;
}

static void self_drop_fd(void *ctx, int fd)
{
	(void)ctx, (void)fd;
}

static int self_source_map_shape(void *ctx, int number, struct codec_map *ret_map)
{
	(void)ctx;
	return self_map_shape(number, ret_map);
}

static int self_place(void *ctx, int dir_number, const char *path, bool watch,
		      struct codec_place *ret_place)
{
	char meant[PATH_MAX];

	(void)ctx;
	if (pinfile_find(0, dir_number < 0 ? AT_FDCWD : dir_number, path, meant) == PINFILE_STAND_IN) {
		int r = place_of_self(-1, meant, watch, ret_place);

		if (r >= 0 && !ret_place->text)
			ret_place->text = strdup(meant);
		return r;
	}
	return place_of_self(dir_number, path, watch, ret_place);
}

static int self_open_file(void *ctx, const char *path, int *ret_fd)
{
	long fd = raw_syscall(__NR_openat, AT_FDCWD, (long)(uintptr_t)path,
			      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, 0, 0);

	(void)ctx;
	if (fd < 0)
		return (int)fd;
	*ret_fd = (int)fd;
	return 0;
}

/* Of a thread that is not the first of its process there is none. */
static int self_open_process(void *ctx, int pid, int *ret_fd)
{
	int fd = pidfd_open(pid, 0);

	(void)ctx;
	if (fd < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	*ret_fd = fd;
	return 0;
}

void self_init_source(struct codec_source *src)
{
	*src = (struct codec_source){ .self_pid = (uint32_t)getpid(),
				      .read = self_read,
				      .write = self_write,
				      .take_fd = self_take_fd,
				      .drop_fd = self_drop_fd,
				      .map_shape = self_source_map_shape,
				      .place = self_place,
				      .open_file = self_open_file,
				      .open_process = self_open_process };
}

int self_bpf(uint32_t cmd, const void *attr, uint32_t attr_bytes)
{
	return (int)raw_syscall(__NR_bpf, (long)cmd, (long)(uintptr_t)attr, (long)attr_bytes, 0, 0,
				0);
}

int self_map_shape(int map_fd, struct codec_map *ret_map)
{
	struct bpf_map_info info = { 0 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r;

	attr_put_u32(attr, ATTR_INFO_BPF_FD, (uint32_t)map_fd);
	attr_put_u32(attr, ATTR_INFO_INFO_LEN, sizeof(info));
	attr_put_u64(attr, ATTR_INFO_INFO, (uintptr_t)&info);
	r = self_bpf(CMD_OBJ_GET_INFO_BY_FD, attr, ATTR_END_INFO_INFO);
	if (r < 0)
		return r;
	ret_map->type = info.type;
	ret_map->key_bytes = info.key_size;
	ret_map->value_bytes = info.value_size;
	ret_map->cpu_value_bytes = cmd_value_is_percpu(info.type) ? info.value_size : 0;
	if (cmd_value_is_percpu(info.type))
		ret_map->value_bytes = (info.value_size + 7) / 8 * 8 * (uint32_t)get_nprocs_conf();
	return 0;
}
