/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpfgate without libbpf: makes a map, writes and reads it, loads a socket filter, pins the map and
 * takes the pin away; says why whenever something is refused. Every function of bpfgate.h is here.
 *
 *     cc library.c $(pkg-config --cflags --libs libbpfgate) -o library && ./library [OBJECT.bpf.o]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfgate.h"

#define PIN "/sys/fs/bpf/bpfgate-library-example"

/* The reason first: errno alone never tells which rule. */
static int refused(const char *what)
{
	fprintf(stderr, "%s: %s\n%s\n", what, strerror(errno), bpfgate_last_reason());
	if (bpfgate_last_decision())
		fprintf(stderr, "more: bpfgate why D-%014llx\n",
			(unsigned long long)bpfgate_last_decision());
	return 1;
}

static int make_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = sizeof(uint32_t),
				.value_size = sizeof(uint64_t),
				.max_entries = 1,
				.map_name = "example" };

	return bpfgate_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* Goes straight to the kernel: the map's fd is a real one. */
static int write_and_read(int map, uint64_t *ret_value)
{
	uint64_t value = 42;
	uint32_t key = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)map,
				.key = (uintptr_t)&key,
				.value = (uintptr_t)&value };

	if (bpfgate_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) < 0)
		return -1;
	attr.value = (uintptr_t)ret_value;
	return bpfgate_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
}

/* Lets every packet pass as it is: return its length, which stands in the context. */
static int load_filter(char *log, uint32_t log_bytes)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 0, .src_reg = 1, .off = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insn_cnt = sizeof(insns) / sizeof(insns[0]),
				.insns = (uintptr_t)insns,
				.license = (uintptr_t) "Apache-2.0",
				.log_level = 1,
				.log_size = log_bytes,
				.log_buf = (uintptr_t)log };

	return bpfgate_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int pin_and_unpin(int map)
{
	union bpf_attr attr = { .pathname = (uintptr_t)PIN, .bpf_fd = (uint32_t)map };

	if (bpfgate_bpf(BPF_OBJ_PIN, &attr, sizeof(attr)) < 0)
		return -1;
	return bpfgate_unpin(PIN) < 0 ? -1 : 0;
}

/* A signed object is shown before the programs in it are loaded; policy may want that. */
static void present(const char *path)
{
	int elf = open(path, O_RDONLY | O_CLOEXEC);
	char *json = NULL;

	if (elf < 0 || bpfgate_present_object(path, elf, -1, &json) < 0)
		fprintf(stderr, "%s is not taken\n", path);
	else
		puts(json);
	free(json);
	close(elf);
}

int main(int argc, char **argv)
{
	static char log[65536];
	uint64_t value = 0;
	char *json = NULL;
	int map, filter;

	if (bpfgate_control(BPFGATE_STATUS, NULL, &json) < 0) {
		fprintf(stderr, "no daemon\n");
		return 1;
	}
	free(json);
	if (argc > 1)
		present(argv[1]);
	map = make_map();
	if (map < 0)
		return refused("map");
	if (write_and_read(map, &value) < 0)
		return refused("map element");
	printf("map: %llu\n", (unsigned long long)value);
	filter = load_filter(log, sizeof(log));
	if (filter < 0)
		return refused("program");
	printf("program: %s\n", log);
	if (pin_and_unpin(map) < 0)
		return refused("pin");
	puts("pinned and unpinned");
	close(filter);
	close(map);
	return 0;
}
