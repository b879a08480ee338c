/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every program type with every attach type, and every hook, iterator, tracepoint and struct_ops
 * member of the running kernel: what may be loaded for it, what its context holds and what it may
 * return. A row is a type, or a target.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/progtype.h"

#define FLAG_SLEEPABLE (1u << 4)
#define TRACEPOINTS    40
#define MEMBERS	       12

static void types(struct sweep *s)
{
	static const uint32_t flags[] = { 0,	   FLAG_SLEEPABLE, 1u << 5, 1u << 0,
					  1u << 3, 1u << 6,	   1u << 8 };
	static const uint32_t caps[] = { BGV_CAP_ALL, BGV_CAP_BPF, BGV_CAP_BPF | BGV_CAP_NET_ADMIN,
					 BGV_CAP_BPF | BGV_CAP_PERFMON, 0 };
	const struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					  { .code = BPF_JMP | BPF_EXIT } };

	for (uint32_t type = 0; type <= PT_CNT; type++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;
		char text[32];

		for (uint32_t n = 0; n < (AT_CNT + 1) * PROFILE_CNT; n++)
			for (size_t f = 0; f < ARRAY_CNT(flags) + ARRAY_CNT(caps); f++) {
				bool by_flag = f < ARRAY_CNT(flags);
				const struct bgv_program prog = {
					.insns = insns,
					.insn_cnt = 2,
					.prog_type = type,
					.license = "GPL",
					.expected_attach_type = n / PROFILE_CNT,
					.prog_flags = by_flag ? flags[f] : 0,
					.caps = by_flag ? BGV_CAP_ALL : caps[f - ARRAY_CNT(flags)],
				};

				accepted += sweep_judge(s, &d, (enum profile)(n % PROFILE_CNT),
							false, &prog, 10);
			}
		snprintf(text, sizeof(text), "%u accepted", accepted);
		sweep_row(s, type < PT_CNT ? names_prog_type(type) : "no type", text, &d);
	}
}

/* Programs for one target: its arguments, read and followed, and results of all sorts. */
static void target(struct sweep *s, const char *head, const char *name)
{
	static const char *const bodies[] = {
		"  r0 = 0\n",
		"  r0 = 1\n",
		"  r0 = -1\n",
		"  r0 = -4096\n",
		"  r0 = 2\n",
		"  r0 = r1\n",
		"  call bpf_get_prandom_u32\n",
		"  r0 = *(u64 *)(r1 +0)\n",
		"  r0 = *(u32 *)(r1 +0)\n  r0 = 0\n",
		"  *(u64 *)(r1 +0) = 0\n  r0 = 0\n",
		"  call bpf_get_attach_cookie\n  r0 = 0\n",
		"  r1 = 0\n  call bpf_set_retval\n  r0 = 1\n",
		"  call bpf_get_func_ip\n  r0 = 0\n",
	};
	char text[512], buf[96], said[32];
	struct digest d = { 0 };
	unsigned int accepted = 0;

	for (size_t i = 0; i < 2 * ARRAY_CNT(bodies); i++) {
		snprintf(text, sizeof(text), "case x\n%s %s\n%sexpect accept\n%s  exit\n", head,
			 name, i & 1 ? "flags sleepable\n" : "", bodies[i / 2]);
		accepted += sweep_text(s, &d, text);
	}
	for (int off = 0; off <= 56; off += 8) {
		snprintf(
			text, sizeof(text),
			"case x\n%s %s\nexpect accept\n  r2 = *(u64 *)(r1 +%d)\n  r0 = 0\n  exit\n",
			head, name, off);
		accepted += sweep_text(s, &d, text);
		snprintf(
			text, sizeof(text),
			"case x\n%s %s\nexpect accept\n  r2 = *(u64 *)(r1 +%d)\n  r0 = *(u32 *)(r2 +16)\n"
			"  *(u64 *)(r2 +0) = 0\n  r0 = 0\n  exit\n",
			head, name, off);
		accepted += sweep_text(s, &d, text);
	}
	snprintf(buf, sizeof(buf), "%s %s", strrchr(head, ' ') + 1, name);
	snprintf(said, sizeof(said), "%u accepted", accepted);
	sweep_row(s, buf, said, &d);
}

static void struct_ops(struct sweep *s, const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	int cnt = id > 0 ? btf_vlen(btf__type_by_id(btf, (uint32_t)id)) : 0;
	char head[64];

	for (int m = 0; m < cnt && m < MEMBERS; m++) {
		snprintf(head, sizeof(head), "type struct_ops\nattach %d", m);
		target(s, head, name);
	}
}

void sweep_attach(struct sweep *s)
{
	static const char *const functions[] = { "bpf_fentry_test1", "do_unlinkat",
						 "vfs_read",	     "security_file_open",
						 "__x64_sys_getpid", "bpf_check",
						 "migrate_disable",  "rcu_read_unlock_strict" };
	static const char *const tracing[] = { "trace_fentry", "trace_fexit", "modify_return",
					       "trace_iter", "lsm_mac" };
	static const char *const ops[] = { "tcp_congestion_ops", "bpf_dummy_ops", "Qdisc_ops",
					   "hid_bpf_ops",	 "sched_ext_ops", "bpf_testmod_ops",
					   "file_operations" };
	const struct btf *btf = s->names.vmlinux;
	unsigned int tracepoints = 0;
	char head[64];

	types(s);
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, t->name_off);

		if (btf_is_func(t) && !strncmp(name, "bpf_lsm_", 8)) {
			target(s, "type lsm\nattach lsm_mac", name + 8);
			target(s, "type lsm\nattach lsm_cgroup", name + 8);
		} else if (btf_is_func(t) && !strncmp(name, "bpf_iter_", 9)) {
			target(s, "type tracing\nattach trace_iter", name + 9);
		} else if (btf_is_typedef(t) && !strncmp(name, "btf_trace_", 10) &&
			   tracepoints++ % 16 == 0 && tracepoints < 16 * TRACEPOINTS) {
			target(s, "type tracing\nattach trace_raw_tp", name + 10);
		}
	}
	for (size_t i = 0; i < ARRAY_CNT(functions) * ARRAY_CNT(tracing); i++) {
		snprintf(head, sizeof(head), "type tracing\nattach %s",
			 tracing[i % ARRAY_CNT(tracing)]);
		target(s, head, functions[i / ARRAY_CNT(tracing)]);
	}
	for (size_t i = 0; i < ARRAY_CNT(ops); i++)
		struct_ops(s, btf, ops[i]);
}
