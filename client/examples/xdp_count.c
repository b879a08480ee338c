/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordinary libbpf program that knows nothing of bpfgate: loads xdp_count.bpf.o, attaches it to an
 * interface, says "ready", and prints the counters when a line (or the end) of its input comes.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

struct counter {
	unsigned long long packets;
	unsigned long long bytes;
};

static void print_counters(int map_fd)
{
	static const struct {
		unsigned int protocol;
		const char *name;
	} rows[] = { { 1, "icmp" }, { 6, "tcp" }, { 17, "udp" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct counter counter;

		if (bpf_map_lookup_elem(map_fd, &rows[i].protocol, &counter) == 0 && counter.packets)
			printf("%s %llu packets %llu bytes\n", rows[i].name, counter.packets, counter.bytes);
	}
}

static int count(struct bpf_object *object, unsigned int ifindex)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, "xdp_count");
	struct bpf_map *map = bpf_object__find_map_by_name(object, "counters");
	struct bpf_link *link;
	char line[16];

	if (!prog || !map || bpf_object__load(object) < 0)
		return -errno;
	link = bpf_program__attach_xdp(prog, (int)ifindex);
	if (!link)
		return -errno;
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	print_counters(bpf_map__fd(map));
	return bpf_link__destroy(link);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	unsigned int ifindex;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: xdp_count OBJECT INTERFACE\n");
		return 2;
	}
	ifindex = if_nametoindex(argv[2]);
	object = ifindex ? bpf_object__open_file(argv[1], NULL) : NULL;
	if (!object) {
		fprintf(stderr, "xdp_count: %s\n", strerror(errno));
		return 1;
	}
	r = count(object, ifindex);
	bpf_object__close(object);
	if (r < 0)
		fprintf(stderr, "xdp_count: %s\n", strerror(-r));
	return r < 0;
}
