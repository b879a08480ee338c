/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load [-v] [--log LEVEL] [--no-perfmon] [--only TEXT] FILE...: puts each text case that allows it before the
 * running kernel and prints "NAME<tab>ERRNO INSNS", errno 0 when it loaded; with --log "=== NAME" and the
 * kernel's log instead. With --no-perfmon it holds only CAP_BPF and CAP_NET_ADMIN while it loads programs. Links no verifier. The cases are
 * written by hand and small: nothing generated may come this way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/capability.h>

#include "tests/lib/casefile.h"
#include "tests/lib/casenames.h"
#include "verifier/kernel/names.h"

#define LOG_BYTES (1u << 20)

/* log_level of PROG_LOAD: statistics only, or all steps. */
#define LOG_STATS 4
#define LOG_STEPS 1

struct load {
	struct casenames names;
	const char *only;
	bool verbose, no_perfmon;
	int log_level;
	char *log;
};

#ifndef CAP_BPF
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

/* Effective capabilities: only CAP_BPF and CAP_NET_ADMIN, or what is permitted again. */
static int load_lower_caps(bool lower)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(__NR_capget, &h, d) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		d[i].effective = d[i].permitted;
	if (lower) {
		d[0].effective = d[0].permitted & (1u << CAP_NET_ADMIN);
		d[1].effective = d[1].permitted & (1u << (CAP_BPF - 32));
	}
	return syscall(__NR_capset, &h, d) < 0 ? -errno : 0;
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int load_fill_map(int fd, const struct tcase *c, uint32_t i)
{
	const struct bgv_map *m = &c->maps[i];
	union bpf_attr attr;

	for (uint32_t key = 0; c->map_data[i] && (uint64_t)key * m->value_size < m->contents_bytes; key++) {
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)fd;
		attr.key = ptr(&key);
		attr.value = ptr(c->map_data[i] + (size_t)key * m->value_size);
		if (sys_bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0)
			return -errno;
	}
	if (c->maps[i].frozen) {
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)fd;
		if (sys_bpf(BPF_MAP_FREEZE, &attr) < 0)
			return -errno;
	}
	return 0;
}

static int load_make_map(const struct tcase *c, uint32_t i, const int *fds, int btf_fd)
{
	const struct bgv_map *m = &c->maps[i];
	union bpf_attr attr = {
		.map_type = m->type, .key_size = m->key_size, .value_size = m->value_size,
		.max_entries = m->max_entries, .map_flags = m->map_flags,
		.map_extra = m->map_extra,
	};
	int fd, r;

	if (m->inner_idx)
		attr.inner_map_fd = (uint32_t)fds[m->inner_idx - 1];
	if (m->btf_idx) {
		attr.btf_fd = (uint32_t)btf_fd;
		attr.btf_key_type_id = m->btf_key_type_id;
		attr.btf_value_type_id = m->btf_value_type_id;
	}
	fd = sys_bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		return -errno;
	r = load_fill_map(fd, c, i);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static bool insn_names_map(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

/* The case's own BTF; -1: it has none, or the kernel does not want it (then neither will PROG_LOAD). */
static int load_btf(const struct tcase *c)
{
	union bpf_attr attr = { 0 };

	if (!c->prog.btf_cnt)
		return -1;
	attr.btf = ptr(c->prog.btfs[0].data);
	attr.btf_size = (uint32_t)c->prog.btfs[0].bytes;
	return sys_bpf(BPF_BTF_LOAD, &attr);
}

static int load_prog(struct load *ld, const struct tcase *c, struct bpf_insn *insns, int btf_fd,
		     int log_level)
{
	union bpf_attr attr = {
		.prog_type = c->prog.prog_type, .insns = ptr(insns), .insn_cnt = c->prog.insn_cnt,
		.license = ptr(c->license), .prog_flags = c->prog.prog_flags,
		.expected_attach_type = c->prog.expected_attach_type,
		.attach_btf_id = c->prog.attach_btf_id, .log_level = (uint32_t)log_level,
		.log_buf = ptr(ld->log), .log_size = LOG_BYTES,
		.prog_btf_fd = btf_fd < 0 || !c->prog.prog_btf_idx ? 0 : (uint32_t)btf_fd,
		.func_info = ptr(c->prog.func_info.data), .func_info_cnt = c->prog.func_info_cnt,
		.func_info_rec_size = c->prog.func_info_rec_size,
	};
	int fd, err;

	memcpy(attr.prog_name, c->prog_name, sizeof(attr.prog_name));
	ld->log[0] = '\0';
	if (ld->no_perfmon && load_lower_caps(true) < 0)
		return EPERM;
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	err = fd < 0 ? errno : 0;
	if (ld->no_perfmon)
		load_lower_caps(false);
	if (fd >= 0)
		close(fd);
	return err;
}

static void load_report(struct load *ld, const struct tcase *c, struct bpf_insn *insns, int btf_fd)
{
	int err = load_prog(ld, c, insns, btf_fd, ld->log_level ? ld->log_level : LOG_STATS);
	unsigned long processed = 0;
	const char *at = strstr(ld->log, "processed ");

	if (ld->log_level) {
		printf("=== %s\n%s", c->name, ld->log);
		return;
	}

	if (at)
		sscanf(at, "processed %lu insns", &processed);
	printf("%s\t%d %lu\n", c->name, err, processed);
	if (ld->verbose) {
		load_prog(ld, c, insns, btf_fd, LOG_STEPS);
		printf("%s\n", ld->log);
	}
}

static int load_case(void *arg, struct tcase *c)
{
	struct load *ld = arg;
	struct bpf_insn *insns;
	int fds[CASE_MAPS_MAX], btf_fd;
	uint32_t made = 0;

	if (!c->on_kernel || (ld->only && !strstr(c->name, ld->only)))
		return 0;
	casenames_resolve(&ld->names, c);
	insns = malloc((c->prog.insn_cnt + 1) * sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	memcpy(insns, c->prog.insns, c->prog.insn_cnt * sizeof(*insns));
	if (ld->no_perfmon && load_lower_caps(true) < 0) {	/* a map has its maker's rights */
		free(insns);
		return -EPERM;
	}
	btf_fd = load_btf(c);
	for (; made < c->prog.map_cnt; made++) {
		fds[made] = load_make_map(c, made, fds, btf_fd);
		if (fds[made] < 0) {
			fprintf(stderr, "%s:%u: %s: map %u: %s\n", c->file, c->line, c->name, made,
				strerror(-fds[made]));
			break;
		}
	}
	if (ld->no_perfmon)
		load_lower_caps(false);
	for (uint32_t i = 0; i < c->prog.insn_cnt; i++)
		if (insn_names_map(&insns[i]))
			insns[i].imm = insns[i].imm >= 0 && (uint32_t)insns[i].imm < made ?
				fds[insns[i].imm] : -1;
	if (made == c->prog.map_cnt)
		load_report(ld, c, insns, btf_fd);
	if (btf_fd >= 0)
		close(btf_fd);
	while (made--)
		close(fds[made]);
	free(insns);
	return 0;
}

int main(int argc, char **argv)
{
	struct load ld = { .log = malloc(LOG_BYTES) };
	struct asm_names names;
	int i;

	if (!ld.log)
		return 2;
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-v"))
			ld.verbose = true;
		else if (!strcmp(argv[i], "--no-perfmon"))
			ld.no_perfmon = true;
		else if (!strcmp(argv[i], "--log") && i + 1 < argc)
			ld.log_level = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			ld.only = argv[++i];
	}
	casenames_init(&ld.names);
	names = casenames_asm(&ld.names);
	for (; i < argc; i++) {
		FILE *f = fopen(argv[i], "re");

		if (!f || casefile_read(f, argv[i], &names, load_case, &ld) < 0)
			return 1;
		fclose(f);
	}
	casenames_done(&ld.names);
	free(ld.log);
	return 0;
}
