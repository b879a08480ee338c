/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load-two: a client for the recorder. Makes and freezes a map, loads a program that reads it and
 * one that the kernel refuses, and prints everything it sees, so that two runs can be compared.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = 8,
				.max_entries = 1,
				.map_flags = BPF_F_RDONLY_PROG };
	unsigned long long value = 0x1122334455667788;
	unsigned int key = 0;
	int fd = (int)bpf(BPF_MAP_CREATE, &attr);

	attr = (union bpf_attr){ .map_fd = (unsigned int)fd };
	attr.key = (unsigned long)&key;
	attr.value = (unsigned long)&value;
	if (fd < 0 || bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0)
		return -1;
	attr = (union bpf_attr){ .map_fd = (unsigned int)fd };
	return bpf(BPF_MAP_FREEZE, &attr) < 0 ? -1 : fd;
}

static void load(const char *name, const struct bpf_insn *insns, unsigned int cnt)
{
	static char log[65536];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = cnt };
	long fd;

	attr.insns = (unsigned long)insns;
	attr.license = (unsigned long)"GPL";
	attr.log_buf = (unsigned long)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	(void)snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	memset(log, 0, sizeof(log));
	errno = 0;
	fd = bpf(BPF_PROG_LOAD, &attr);
	printf("%s: %s, errno %d, fd %ld, log:\n%s\n", name, fd < 0 ? "refused" : "loaded", errno,
	       fd, log);
	if (fd >= 0)
		close((int)fd);
}

int main(void)
{
	int map = make_map();
	const struct bpf_insn reads[] = {
		{ .code = 0x18, .dst_reg = 1, .src_reg = 2, .imm = map },
		{ 0 },
		{ .code = 0x79, .src_reg = 1 },
		{ .code = 0x95 },
	};
	const struct bpf_insn uninit[] = { { .code = 0xbf, .src_reg = 5 }, { .code = 0x95 } };

	if (map < 0) {
		perror("map");
		return 1;
	}
	load("reads", reads, 4);
	load("uninit", uninit, 2);
	return 7;
}
