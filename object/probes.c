/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feature probes of libbpf 1.1 to 1.5, bpftool, cilium/ebpf and aya, as they arrive at the kernel. Promises that each
 * match is a program of a few instructions that can do nothing worth doing; it trusts nothing in the
 * program. A newer libbpf's new probe is simply not known here: policy decides about it.
 */
#include "object/probes.h"

#include <string.h>

#include "proto/own.h"

#define LARGE_INSN_CNT 4097u /* bpftool: more than the 4096 of old kernels */

#define MOV_K(dst, k)	    { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (dst), .imm = (k) }
#define MOV_X(dst, src)	    { .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst), .src_reg = (src) }
#define ADD_K(dst, k)	    { .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (dst), .imm = (k) }
#define SUB_K(dst, k)	    { .code = BPF_ALU64 | BPF_SUB | BPF_K, .dst_reg = (dst), .imm = (k) }
#define CALL(helper)	    { .code = BPF_JMP | BPF_CALL, .imm = (helper) }
#define CALL_LOCAL(delta)   { .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = (delta) }
#define JUMP(op, dst, k, to) { .code = (op) | BPF_K, .dst_reg = (dst), .off = (to), .imm = (k) }
#define EXIT		    { .code = BPF_JMP | BPF_EXIT }

struct probe {
	const char *name;
	uint32_t prog_type;
	uint32_t insn_cnt;
	struct bpf_insn insns[6];
	bool has_map; /* the one map of the global data probe */
};

static const struct probe probes[] = {
	{ "probe_read_kernel", BPF_PROG_TYPE_TRACEPOINT, 6,
	  { MOV_X(1, 10), ADD_K(1, -8), MOV_K(2, 8), MOV_K(3, 0), CALL(BPF_FUNC_probe_read_kernel),
	    EXIT } },
	{ "global data", BPF_PROG_TYPE_SOCKET_FILTER, 5,
	  { { .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_VALUE },
	    { .imm = 16 }, { .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 1, .imm = 42 },
	    MOV_K(0, 0), EXIT }, true },
	{ "argument context tag", BPF_PROG_TYPE_KPROBE, 4,
	  { CALL_LOCAL(1), EXIT, CALL(BPF_FUNC_get_func_ip), EXIT } },
	/* cilium/ebpf's, where they differ from libbpf's */
	{ "probe_read_kernel", BPF_PROG_TYPE_KPROBE, 6,
	  { MOV_X(1, 10), ADD_K(1, -8), MOV_K(2, 8), MOV_K(3, 0), CALL(BPF_FUNC_probe_read_kernel),
	    EXIT } },
	{ "functions", BPF_PROG_TYPE_SOCKET_FILTER, 4, { CALL_LOCAL(1), EXIT, MOV_K(0, 0), EXIT } },
	{ "ISA v4", BPF_PROG_TYPE_SOCKET_FILTER, 5,
	  { MOV_K(0, 0), JUMP(BPF_JMP | BPF_JEQ, 0, 1, 1), { .code = BPF_JMP32 | BPF_JA, .imm = 1 }, MOV_K(0, 1),
	    EXIT } },
	{ "bounded loops", BPF_PROG_TYPE_SOCKET_FILTER, 4,
	  { MOV_K(0, 10), SUB_K(0, 1), JUMP(BPF_JMP | BPF_JNE, 0, 0, -2), EXIT } },
	{ "ISA v2", BPF_PROG_TYPE_SOCKET_FILTER, 4,
	  { MOV_K(0, 0), JUMP(BPF_JMP | BPF_JLT, 0, 0, 1), MOV_K(0, 1), EXIT } },
	{ "ISA v3", BPF_PROG_TYPE_SOCKET_FILTER, 4,
	  { MOV_K(0, 0), JUMP(BPF_JMP32 | BPF_JLT, 0, 0, 1), MOV_K(0, 1), EXIT } },
};

static bool insn_is_exit(const struct bpf_insn *insn)
{
	static const struct bpf_insn want = EXIT;

	return !memcmp(insn, &want, sizeof(want));
}

static bool insn_is_mov_r0(const struct bpf_insn *insn)
{
	return insn->code == (BPF_ALU64 | BPF_MOV | BPF_K) && !insn->dst_reg && !insn->src_reg &&
	       !insn->off;
}

static bool insn_is_helper_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->dst_reg && !insn->src_reg && !insn->off;
}

/* "mov r0, K; exit" and "call HELPER; exit", of any type: which types and helpers are there? */
static const char *match_pair(const struct bgv_program *prog)
{
	if (prog->insn_cnt != 2 || !insn_is_exit(&prog->insns[1]))
		return NULL;
	if (insn_is_mov_r0(&prog->insns[0]))
		return "program type";
	return insn_is_helper_call(&prog->insns[0]) ? "helper" : NULL;
}

static const char *match_large(const struct bgv_program *prog)
{
	if (prog->insn_cnt != LARGE_INSN_CNT || prog->prog_type != BPF_PROG_TYPE_SOCKET_FILTER ||
	    !insn_is_exit(&prog->insns[LARGE_INSN_CNT - 1]))
		return NULL;
	for (uint32_t i = 0; i < LARGE_INSN_CNT - 1; i++)
		if (!insn_is_mov_r0(&prog->insns[i]))
			return NULL;
	return "large program";
}

static bool map_is_probes(const struct bgv_program *prog)
{
	const struct bgv_map *map = prog->maps;

	return prog->map_cnt == 1 && map->type == BPF_MAP_TYPE_ARRAY && map->key_size == 4 &&
	       map->value_size == 32 && map->max_entries == 1 && !map->map_flags && !map->map_extra;
}

static bool matches(const struct probe *probe, const struct bgv_program *prog)
{
	return prog->prog_type == probe->prog_type && prog->insn_cnt == probe->insn_cnt &&
	       !memcmp(prog->insns, probe->insns, probe->insn_cnt * sizeof(*prog->insns)) &&
	       (probe->has_map ? map_is_probes(prog) : !prog->map_cnt);
}

/* libbpf probes tracing and LSM with type 1 of vmlinux, which is not a function: the load must fail. */
static bool is_plain(const struct bgv_program *prog)
{
	return prog->attach_btf_id <= 1 && !prog->attach_prog && !prog->attach_name &&
	       !prog->prog_ifindex && !prog->fd_array_cnt && !(prog->prog_flags & ~BPF_F_SLEEPABLE);
}

const char *probes_match(const struct bgv_program *prog)
{
	const char *name;

	if (!is_plain(prog))
		return NULL;
	for (size_t i = 0; i < ARRAY_CNT(probes); i++)
		if (matches(&probes[i], prog))
			return probes[i].name;
	if (prog->map_cnt)
		return NULL;
	name = match_pair(prog);
	return name ? name : match_large(prog);
}
