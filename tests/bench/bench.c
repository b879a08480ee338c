/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures what a call through bpfgate costs against the same call made directly, both in one process and one
 * run. Runs under the preload library: syscall() is the interposed one, direct_bpf() what it would be without:
 * libc's own.
 * Prints one line a measure: "name value". Root, a running daemon whose policy permits all of it.
 *
 *     bench ratios [ROUNDS]       the four ratios
 *     bench crowd USERS EACH      latency with USERS * EACH other connections to alone, and their drain
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"

#define ROUNDS_MAX 20001
#define CROWDS 7

static long (*libc_syscall)(long number, ...);

static long direct_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	long result = libc_syscall(__NR_bpf, cmd, attr, size);

	return result < 0 ? -errno : result;
}

static long gated_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	long result = syscall(__NR_bpf, cmd, attr, size);

	return result < 0 ? -errno : result;
}

typedef long (*bpf_door)(int cmd, union bpf_attr *attr, unsigned int size);

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die(const char *what, long err)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror((int)-err));
	exit(1);
}

static int map_create(bpf_door door)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 16 };
	long fd = door(BPF_MAP_CREATE, &attr, sizeof(attr));

	if (fd < 0)
		die("MAP_CREATE", fd);
	return (int)fd;
}

static struct bpf_insn insns_4000[4000];
static const struct bpf_insn insns_2[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static void prog_load(bpf_door door, const struct bpf_insn *insns, uint32_t cnt)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insns = (uint64_t)(uintptr_t)insns,
				.insn_cnt = cnt,
				.license = (uint64_t)(uintptr_t) "GPL" };
	long fd = door(BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		die("PROG_LOAD", fd);
	close((int)fd);
}

/* One measured operation: `batch` of them are timed together. */
static void op_map(bpf_door door, int map)
{
	uint32_t key = 3;
	uint64_t value = 7;
	union bpf_attr attr = { .map_fd = (uint32_t)map,
				.key = (uint64_t)(uintptr_t)&key,
				.value = (uint64_t)(uintptr_t)&value };

	if (door(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) < 0 || door(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0)
		die("map element", -EIO);
}

static void op_create(bpf_door door, int map)
{
	(void)map;
	close(map_create(door));
}

static void op_small(bpf_door door, int map)
{
	(void)map;
	prog_load(door, insns_2, 2);
}

/* A program that nobody has seen before, so that no remembered verdict saves the judge its work. */
static void op_4000(bpf_door door, int map)
{
	static int32_t turn;

	(void)map;
	insns_4000[1].imm = ++turn;
	prog_load(door, insns_4000, 4000);
}

static void op_fresh(bpf_door door, int map)
{
	static int32_t turn;
	struct bpf_insn insns[] = { insns_2[0], insns_2[1] };

	(void)map;
	insns[0].imm = ++turn;
	prog_load(door, insns, 2);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int cnt)
{
	qsort(values, cnt, sizeof(*values), compare);
	return values[cnt / 2];
}

struct measure {
	const char *name;
	void (*op)(bpf_door door, int map);
	unsigned int rounds, batch;
};

static const struct measure measures[] = {
	{ "map_lookup_ratio", op_map, 2001, 64 },
	{ "map_create_ratio", op_create, 1001, 1 },
	{ "prog_load_small_ratio", op_small, 501, 1 },
	{ "prog_load_fresh_ratio", op_fresh, 501, 1 },
	{ "prog_load_4000_ratio", op_4000, 301, 1 },
};

static double time_op(const struct measure *measure, bpf_door door, int map)
{
	uint64_t start = now_ns();

	for (unsigned int i = 0; i < measure->batch; i++)
		measure->op(door, map);
	return (double)(now_ns() - start) / measure->batch / 1e3;
}

static void run_ratios(void)
{
	static double direct[ROUNDS_MAX], gated[ROUNDS_MAX];
	int map = map_create(direct_bpf);

	for (unsigned int i = 0; i < 3998; i++)
		insns_4000[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 0, .imm = 1 };
	insns_4000[0] = insns_2[0];
	insns_4000[3998] = insns_2[0];
	insns_4000[3999] = insns_2[1];
	for (size_t m = 0; m < ARRAY_CNT(measures); m++) {
		double one, other;

		time_op(&measures[m], gated_bpf, map);
		for (unsigned int i = 0; i < measures[m].rounds; i++) {
			direct[i] = time_op(&measures[m], direct_bpf, map);
			gated[i] = time_op(&measures[m], gated_bpf, map);
		}
		one = median(direct, measures[m].rounds);
		other = median(gated, measures[m].rounds);
		printf("%s %.3f\n%s_us %.2f\n%s_direct_us %.2f\n", measures[m].name, other / one,
		       measures[m].name, other, measures[m].name, one);
		fflush(stdout);
	}
	close(map);
}

static int connect_daemon(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", getenv("BPFGATE_SOCKET"));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("connect", -errno);
	return fd;
}

/* A user with `each` connections: writes a byte when they stand, leaves when its pipe closes. */
static void crowd_user(uid_t uid, unsigned int each, int ready, int leave)
{
	char byte = 1;

	if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
		die("setuid", -errno);
	for (unsigned int i = 0; i < each; i++)
		connect_daemon();
	if (write(ready, &byte, 1) != 1 || read(leave, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static double latency_us(void)
{
	static double values[1001];

	for (unsigned int i = 0; i < 1001; i++) {
		uint64_t start = now_ns();

		close(map_create(gated_bpf));
		values[i] = (double)(now_ns() - start) / 1e3;
	}
	return median(values, 1001);
}

/* How many connections the daemon counts; each look is a round trip, so waiting by looking is not an idle spin. */
static long long connections(void)
{
	char *text = NULL;
	json_t *doc;
	long long cnt;
	int r = bpfgate_control(BPFGATE_STATUS, "", &text);

	if (r < 0)
		die("status", r);
	doc = json_loads(text, 0, NULL);
	cnt = json_integer_value(json_object_get(doc, "connections"));
	json_decref(doc);
	free(text);
	return cnt;
}

struct crowd_times {
	double alone_us, crowd_us, drain_s;
};

static struct crowd_times crowd_once(unsigned int users, unsigned int each)
{
	struct crowd_times times;
	int ready[2], leave[2];
	uint64_t start;

	if (pipe(ready) || pipe(leave))
		die("pipe", -errno);
	times.alone_us = latency_us();
	for (unsigned int i = 0; i < users; i++)
		if (fork() == 0) {
			close(leave[1]);
			crowd_user(40000 + i, each, ready[1], leave[0]);
		}
	for (unsigned int i = 0; i < users; i++) {
		char byte;

		if (read(ready[0], &byte, 1) != 1)
			die("crowd", -EIO);
	}
	times.crowd_us = latency_us();
	start = now_ns();
	close(leave[1]);
	while (wait(NULL) > 0)
		;
	while (connections() > 2)
		;
	times.drain_s = (double)(now_ns() - start) / 1e9;
	close(ready[0]);
	close(ready[1]);
	close(leave[0]);
	return times;
}

/*
 * Several crowds, each beside its own measure alone: where the scheduler puts the processes changes a latency by
 * half and stays so for a while.
 */
static void run_crowd(unsigned int users, unsigned int each)
{
	double alone[CROWDS], crowded[CROWDS], drain[CROWDS], alone_us, crowd_us;

	latency_us();
	for (unsigned int i = 0; i < CROWDS; i++) {
		struct crowd_times times = crowd_once(users, each);

		alone[i] = times.alone_us;
		crowded[i] = times.crowd_us;
		drain[i] = times.drain_s;
	}
	alone_us = median(alone, CROWDS);
	crowd_us = median(crowded, CROWDS);
	printf("crowd_latency_ratio %.3f\ncrowd_alone_us %.1f\ncrowd_us %.1f\n", crowd_us / alone_us, alone_us,
	       crowd_us);
	printf("drain_s %.3f\n", median(drain, CROWDS));
}

int main(int argc, char **argv)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

	libc_syscall = libc ? (long (*)(long, ...))dlsym(libc, "syscall") : NULL;
	if (!libc_syscall)
		die("libc", -ENOENT);
	if (dlsym(RTLD_DEFAULT, "syscall") == (void *)libc_syscall)
		die("the preload library", -ENOENT);
	if (argc >= 2 && !strcmp(argv[1], "ratios"))
		run_ratios();
	else if (argc == 4 && !strcmp(argv[1], "crowd"))
		run_crowd((unsigned int)atoi(argv[2]), (unsigned int)atoi(argv[3]));
	else
		return 2;
	return 0;
}
