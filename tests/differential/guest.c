/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half that runs in the guest, static: puts each program of a batch before its kernel and prints a line for
 * each, "ID ERRNO PROCESSED REASON" (guest load BATCH; with -v REASON is the kernel's last words, else "-"; EAGAIN:
 * longer than SECONDS_MAX; with -vv the whole log follows each). "ID ?" says that its maps or BTF could not be made, so that it was not asked.
 * "guest btf" prints the kernel's BTF, packed, as "@@BTF".
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include "proto/own.h"
#include "tests/differential/batch.h"

#define SECONDS_MAX 20
#define MAPS_MAX    64
#define BTFS_MAX    16
#define CACHED	    32 /* bases kept made; those of a batch come in runs */

/* log_level of PROG_LOAD: statistics only; all steps, forgotten when it loads; all steps with states. */
#define LOG_STATS 4
#define LOG_STEPS 1
#define LOG_ALL 2

struct made {
	uint32_t base;		/* 1 + index; 0: nothing here */
	bool whole;
	int map[MAPS_MAX], btf[BTFS_MAX];
};

static char log_text[1 << 20];
static char btf_log[1 << 16];
static struct made cache[CACHED];

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Nobody waits for an answer for ever: the kernel gives up verifying when a signal is pending. */
static void on_alarm(int sig)
{
	(void)sig;
}

static void made_drop(struct made *made)
{
	for (int i = 0; i < MAPS_MAX; i++)
		if (made->map[i] > 0)
			(void)close(made->map[i]);
	for (int i = 0; i < BTFS_MAX; i++)
		if (made->btf[i] > 0)
			(void)close(made->btf[i]);
	memset(made, 0, sizeof(*made));
}

static int make_btf(struct made *made, const struct bgv_program *prog, uint32_t idx)
{
	union bpf_attr attr = { .btf = ptr(prog->btfs[idx].data),
				.btf_size = (uint32_t)prog->btfs[idx].bytes,
				.btf_log_buf = ptr(btf_log), .btf_log_size = sizeof(btf_log), .btf_log_level = 1 };

	if (idx >= BTFS_MAX)
		return -E2BIG;
	if (!made->btf[idx])
		made->btf[idx] = sys_bpf(BPF_BTF_LOAD, &attr);
	return made->btf[idx];
}

static int fill_map(int fd, const struct bgv_map *map)
{
	uint32_t key = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = ptr(&key), .value = ptr(map->contents) };
	int r;

	if (map->contents && (r = sys_bpf(BPF_MAP_UPDATE_ELEM, &attr)) < 0)
		return r;
	if (!map->frozen)
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	return sys_bpf(BPF_MAP_FREEZE, &attr);
}

static int make_map(struct made *made, const struct bgv_program *prog, uint32_t idx)
{
	const struct bgv_map *map = &prog->maps[idx];
	union bpf_attr attr = { .map_type = map->type, .key_size = map->key_size, .value_size = map->value_size,
				.max_entries = map->max_entries, .map_flags = map->map_flags,
				.map_extra = map->map_extra };

	if (made->map[idx])
		return made->map[idx];
	if (map->inner_idx) {
		if (made->map[map->inner_idx - 1] <= 0)
			return -ENOENT;
		attr.inner_map_fd = (uint32_t)made->map[map->inner_idx - 1];
	}
	if (map->btf_idx) {
		int btf = make_btf(made, prog, map->btf_idx - 1);

		if (btf < 0)
			return btf;
		attr.btf_fd = (uint32_t)btf;
		attr.btf_key_type_id = map->btf_key_type_id;
		attr.btf_value_type_id = map->btf_value_type_id;
		attr.btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id;
	}
	made->map[idx] = sys_bpf(BPF_MAP_CREATE, &attr);
	return made->map[idx] < 0 ? made->map[idx] : fill_map(made->map[idx], map);
}

/* Two rounds, so that a map of maps finds its template wherever that stands. */
static bool make_all(struct made *made, const struct bgv_program *prog)
{
	if (prog->map_cnt > MAPS_MAX)
		return false;
	for (int inner = 1; inner >= 0; inner--)
		for (uint32_t i = 0; i < prog->map_cnt; i++)
			if (inner == !prog->maps[i].inner_idx && make_map(made, prog, i) < 0)
				return false;
	return !prog->prog_btf_idx || make_btf(made, prog, prog->prog_btf_idx - 1) >= 0;
}

static struct made *made_for(const struct bgv_program *prog, uint32_t base)
{
	struct made *made = &cache[base % CACHED];

	if (made->base == base + 1)
		return made;
	made_drop(made);
	made->base = base + 1;
	made->whole = make_all(made, prog);
	return made;
}

/* The map index in each ld_imm64 becomes this process's fd; an index that is none becomes a bad fd. */
static void fill_fds(struct program *p, const struct made *made, uint32_t map_cnt)
{
	for (uint32_t i = 0; i < p->insn_cnt; i++) {
		struct bpf_insn *insn = &p->insns[i];

		if (!program_is_wide(insn))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = (uint32_t)insn->imm < map_cnt ? made->map[insn->imm] : 0x7ffffff;
		i++;
	}
}

static int load(const struct bgv_program *prog, const struct made *made, uint32_t log_level)
{
	union bpf_attr attr = { .prog_type = prog->prog_type, .expected_attach_type = prog->expected_attach_type,
				.insns = ptr(prog->insns), .insn_cnt = prog->insn_cnt,
				.license = ptr(prog->license ? prog->license : ""), .prog_flags = prog->prog_flags,
				.attach_btf_id = prog->attach_btf_id, .log_level = log_level,
				.log_buf = ptr(log_text), .log_size = sizeof(log_text) };
	struct itimerval limit = { .it_value.tv_sec = SECONDS_MAX }, none = { 0 };
	int fd;

	if (prog->prog_btf_idx) {
		attr.prog_btf_fd = (uint32_t)made->btf[prog->prog_btf_idx - 1];
		attr.func_info = ptr(prog->func_info.data);
		attr.func_info_cnt = prog->func_info_cnt;
		attr.func_info_rec_size = prog->func_info_cnt ? prog->func_info_rec_size : 0;
	}
	log_text[0] = '\0';
	(void)setitimer(ITIMER_REAL, &limit, NULL);
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	(void)setitimer(ITIMER_REAL, &none, NULL);
	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

/* These keep the type of the first program that was loaded with them, and refuse others. */
static bool is_owned(uint32_t type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_CPUMAP ||
	       type == BPF_MAP_TYPE_DEVMAP_HASH;
}

/* So each program gets new ones. */
static void renew_owned(struct made *made, const struct bgv_program *prog)
{
	for (uint32_t i = 0; made->whole && i < prog->map_cnt; i++) {
		if (!is_owned(prog->maps[i].type) || prog->maps[i].inner_idx)
			continue;
		(void)close(made->map[i]);
		made->map[i] = 0;
		made->whole = make_map(made, prog, i) >= 0;
	}
}

/* The line before "processed", which says why. */
static const char *reason(void)
{
	char *end = strstr(log_text, "\nprocessed "), *start;

	if (!end)
		return "-";
	*end = '\0';
	start = strrchr(log_text, '\n');
	return start ? start + 1 : log_text;
}

/* How much to say of a load beside errno and count: nothing, why it was refused, or the whole log of it. */
enum say { SAY_COUNT, SAY_REASON, SAY_LOG };

static void judge(struct batch *batch, struct program *p, enum say say)
{
	const struct bgv_program *base = batch_base(batch, p->base);
	struct made *made = made_for(base, p->base);
	struct bgv_program prog;
	OWN_MEM void *memory = program_view(p, base, &prog);
	const char *text;
	int r;

	renew_owned(made, base);
	if (!made->whole || !memory) {
		(void)printf("%llu ?\n", (unsigned long long)p->id);
		return;
	}
	fill_fds(p, made, base->map_cnt);
	r = load(&prog, made, LOG_STATS);
	text = strstr(log_text, "processed ");
	(void)printf("%llu %d %lu ", (unsigned long long)p->id, -r, text ? strtoul(text + 10, NULL, 10) : 0);
	if (say == SAY_LOG || (r < 0 && say == SAY_REASON))
		(void)load(&prog, made, say == SAY_LOG ? LOG_ALL : LOG_STEPS);
	if (say == SAY_LOG)
		(void)printf("\n%s", log_text);
	else
		(void)puts(r < 0 && say == SAY_REASON ? reason() : "-");
	(void)fflush(stdout);
}

static int guest_load(const char *path, enum say say)
{
	static struct program program;
	struct rlimit many = { 65536, 65536 };
	OWN_BATCH struct batch *batch = NULL;
	struct sigaction act = { .sa_handler = on_alarm };
	int r = batch_open(path, &batch);

	(void)setrlimit(RLIMIT_NOFILE, &many);
	(void)sigaction(SIGALRM, &act, NULL);
	if (r < 0)
		return 2;
	while ((r = batch_next(batch, &program)) > 0)
		judge(batch, &program, say);
	return r < 0 ? 2 : 0;
}

static void put_hex(const uint8_t *bytes, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		(void)printf("%02x", bytes[i]);
}

static int guest_btf(void)
{
	static uint8_t raw[16 << 20], packed[8 << 20];
	FILE *file = fopen("/sys/kernel/btf/vmlinux", "re");
	z_stream z = { .next_in = raw, .next_out = packed, .avail_out = sizeof(packed) };

	if (!file)
		return 2;
	z.avail_in = (uInt)fread(raw, 1, sizeof(raw), file);
	(void)fclose(file);
	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&z, Z_FINISH) != Z_STREAM_END)
		return 2;
	(void)printf("@@BTF ");
	put_hex(packed, sizeof(packed) - z.avail_out);
	(void)putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "btf"))
		return guest_btf();
	if (argc >= 3 && !strcmp(argv[1], "load"))
		return guest_load(argv[2], argc == 3 ? SAY_COUNT : strcmp(argv[3], "-vv") ? SAY_REASON : SAY_LOG);
	return 2;
}
