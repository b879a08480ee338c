/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of programs: each sort of argument in each sort of program, given each sort of value;
 * and programs that attach to programs: each sort of function, looked at by each sort of program.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"
#include "verifier/kernel/names.h"

/* ---- functions ---- */

static const char *const heads[] = {
	"type socket_filter\n",
	"type kprobe\n",
	"type sched_cls\n",
	"type tracepoint\n",
	"type xdp\n",
	"type perf_event\n",
	"type raw_tracepoint\n",
	"type cgroup_sockopt\nattach cgroup_getsockopt\n",
	"type sk_msg\n",
	"type flow_dissector\n",
	"type netfilter\nattach netfilter\n",
	"type syscall\nflags sleepable\n",
	"type tracing\nattach trace_raw_tp sched_switch\n",
	"type tracing\nattach trace_fentry bpf_fentry_test1\n",
	"type tracing\nattach modify_return bpf_modify_return_test\n",
	"type tracing\nattach trace_iter task\n",
	"type lsm\nattach lsm_mac file_open\n",
	"type struct_ops\nattach 1 bpf_dummy_ops\n",
};

static const char *const args[] = {
	"int",
	"u8",
	"enum.e",
	"float.f",
	"node",
	"union.u",
	"int:nonnull",
	"int:ctx",
	"void*",
	"void*:ctx",
	"void*:arena",
	"void*:arena:nonnull",
	"void*:untrusted",
	"void*:nonnull",
	"u64*",
	"u64*:ctx",
	"u64*:nonnull",
	"u64*:nullable",
	"u64*:untrusted",
	"u64*:untrusted:nullable",
	"u64*:nonsense",
	"u64**:ctx",
	"u32*:ctx",
	"const.char*",
	"const.node*:nonnull",
	"node*",
	"empty*",
	"union.u*",
	"fwd.node*",
	"bpf_dynptr*",
	"bpf_dynptr*:nonnull",
	"fwd.bpf_dynptr*",
	"bpf_dynptr",
	"__sk_buff*",
	"__sk_buff*:ctx",
	"__sk_buff*:ctx:nonnull",
	"sk_buff*:ctx",
	"xdp_md*",
	"xdp_md*:ctx",
	"typedef.bpf_user_pt_regs_t*",
	"typedef.bpf_user_pt_regs_t*:ctx",
	"pt_regs*",
	"pt_regs*:ctx",
	"union.pt_regs*:ctx",
	"bpf_iter__task*:ctx",
	"bpf_raw_tracepoint_args*:ctx",
	"bpf_perf_event_data*:ctx",
	"bpf_sockopt*",
	"sk_msg_md*",
	"bpf_nf_ctx*",
	"task_struct*",
	"task_struct*:trusted",
	"task_struct*:trusted:nullable",
	"task_struct*:trusted:nonnull",
	"task_struct*:untrusted",
	"task_struct*:untrusted:nonnull",
	"task_struct___mine*:trusted",
	"nowhere*:trusted",
	"union.bpf_attr*:untrusted",
	"enum.bpf_cmd*:trusted",
	"enum.bpf_cmd*:untrusted",
};

/* What is given; r6 is the context, and 64 bytes of the stack are set. */
static const char *const values[] = {
	"  r1 = r6\n",
	"  r1 = r10\n  r1 += -64\n",
	"  r1 = 0\n",
	"  call bpf_get_prandom_u32\n  r1 = r0\n",
	"  r1 = map[0]\n  r2 = r10\n  r2 += -64\n  call bpf_map_lookup_elem\n  r1 = r0\n",
	"  r1 = map_value[1]\n",
	"  r1 = map_value[1]\n  r1 += 60\n",
	"  r1 = map[0]\n",
	"  call bpf_get_current_task_btf\n  r1 = r0\n",
	"  r1 = map_value[1]\n  r2 = 16\n  r3 = 0\n  r4 = r10\n  r4 += -96\n  call bpf_dynptr_from_mem\n"
	"  r1 = r10\n  r1 += -96\n",
	"  r1 = r6\n  r1 += 8\n",
	"  r1 = r10\n",
};

/* What the function does with it. */
static const char *const bodies[] = {
	"  r0 = 0\n",
	"  r0 = *(u8 *)(r1 +0)\n  r0 = 0\n",
	"  r0 = 0\n  if r1 == 0 goto out\n  *(u32 *)(r1 +0) = 1\n  r2 = *(u64 *)(r1 +8)\n  out:\n",
};

static unsigned int one_function(struct sweep *s, struct digest *d, const char *head,
				 const char *arg, bool global, size_t value, size_t body)
{
	char text[2048];

	snprintf(
		text, sizeof(text),
		"case x\n%smap hash key 4 value 64 max 1\nmap array key 4 value 64 max 1\n"
		"struct node 64 u64@0 u64@8\nfunc main static int void*\nfunc f %s int %s\n"
		"expect accept\n  main:\n  r6 = r1\n  *(u64 *)(r10 -64) = 0\n  *(u64 *)(r10 -56) = 0\n"
		"%s  call f\n  r0 = 0\n  exit\n  f:\n%s  exit\n",
		head, global ? "global" : "static", arg, values[value], bodies[body]);
	return sweep_text(s, d, text);
}

void sweep_functions(struct sweep *s)
{
	for (size_t a = 0; a < ARRAY_CNT(args); a++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;
		char said[32];

		for (size_t h = 0; h < ARRAY_CNT(heads); h++)
			for (size_t v = 0; v < ARRAY_CNT(values); v++) {
				if (v > 1 && h % 6)
					continue;
				for (size_t b = 0; b < ARRAY_CNT(bodies); b++)
					accepted += one_function(s, &d, heads[h], args[a],
								 b != 1 || v > 2, v, b);
			}
		snprintf(said, sizeof(said), "%u accepted", accepted);
		sweep_row(s, args[a], said, &d);
	}
}

/* ---- programs that attach to programs ---- */

/* What is attached to: its head, and the other function's line and body; main calls it with its
 * context. */
static const struct {
	const char *name, *head, *func, *call, *body;
} victims[] = {
	{ "main only", "type xdp\n", "func f static int xdp_md*\n", "", "  r0 = 0\n" },
	{ "a global function", "type xdp\n", "func f global int xdp_md*\n", "  call f\n",
	  "  r0 = 0\n" },
	{ "a static function", "type xdp\n", "func f static int xdp_md*\n", "  call f\n",
	  "  r0 = 0\n" },
	{ "numbers", "type xdp\n", "func f global int int u64 enum.e\n",
	  "  r1 = 0\n  r2 = 0\n  r3 = 0\n  call f\n", "  r0 = 0\n" },
	{ "numbers of a static function", "type xdp\n", "func f static int int u64 enum.e\n",
	  "  r1 = 0\n  r2 = 0\n  r3 = 0\n  call f\n", "  r0 = 0\n" },
	{ "a number and a pointer", "type xdp\n", "func f static int int u64*\n",
	  "  r1 = 0\n  r2 = r10\n  call f\n", "  r0 = 0\n" },
	{ "memory", "type xdp\n", "func f global int xdp_md* u64*:nonnull\n",
	  "  *(u64 *)(r10 -8) = 0\n  r2 = r10\n  r2 += -8\n  call f\n", "  r0 = 0\n" },
	{ "a struct", "type xdp\n", "struct node 16 u64@0 u64@8\nfunc f static u64 node\n",
	  "  call f\n", "  r0 = 0\n" },
	{ "nothing returned", "type xdp\n", "func f global void xdp_md*\n", "  call f\n",
	  "  r0 = 0\n" },
	{ "packets moved", "type xdp\n", "func f global int xdp_md*\n", "  call f\n",
	  "  r2 = 0\n  call bpf_xdp_adjust_head\n  r0 = 0\n" },
	{ "packets moved below", "type sched_cls\n",
	  "func f global int __sk_buff*\nfunc g static int __sk_buff*\n", "  call f\n",
	  "  call g\n  r0 = 0\n  exit\n  g:\n  r2 = 0\n  call bpf_skb_pull_data\n  r0 = 0\n" },
	{ "a function that calls itself not", "type sched_cls\n",
	  "func f global int __sk_buff*\nfunc g static int __sk_buff*\n", "  call f\n",
	  "  call g\n  r0 = 0\n  exit\n  g:\n  r2 = 0\n  r0 = 0\n" },
	{ "an exception callback", "type sched_cls\ntag main exception_callback:f\n",
	  "func f global int u64\n", "", "  r0 = 0\n" },
	{ "a packet program", "type sched_cls\n", "func f global int __sk_buff*\n", "  call f\n",
	  "  r0 = 0\n" },
	{ "kprobe", "type kprobe\n", "func f global int typedef.bpf_user_pt_regs_t*\n",
	  "  call f\n", "  r0 = 0\n" },
	{ "syscall", "type syscall\nflags sleepable\n", "func f global int void*\n",
	  "  r1 = 0\n  call f\n", "  r0 = 0\n" },
	{ "raw tracepoint", "type raw_tracepoint\n", "func f global int u64*\n", "  call f\n",
	  "  r0 = 0\n" },
	{ "fentry", "type tracing\nattach trace_fentry bpf_fentry_test1\n",
	  "func f global int int\n", "  r1 = 0\n  call f\n", "  r0 = 0\n" },
	{ "fexit", "type tracing\nattach trace_fexit bpf_fentry_test1\n", "func f global int int\n",
	  "  r1 = 0\n  call f\n", "  r0 = 0\n" },
	{ "raw_tp", "type tracing\nattach trace_raw_tp sched_switch\n", "func f global int int\n",
	  "  r1 = 0\n  call f\n", "  r0 = 0\n" },
	{ "lsm", "type lsm\nattach lsm_mac file_open\n", "func f global int int\n",
	  "  r1 = 0\n  call f\n", "  r0 = 0\n" },
	{ "an extension", "type ext\n", "func f global int xdp_md*\n", "", "  r0 = 0\n" },
	{ "one that is refused", "type xdp\n", "func f global int xdp_md*\n", "  call f\n",
	  "  r0 = *(u64 *)(r10 -8)\n" },
};

static const char *const mains[] = { "int xdp_md*", "int __sk_buff*", "int void*" };

/* Who attaches: what it declares itself as, and does. */
static const struct {
	const char *head, *func, *body;
} attachers[] = {
	{ "type ext\n", "func main global int xdp_md*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main static int xdp_md*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int __sk_buff*\n", "  r0 = *(u32 *)(r1 +0)\n" },
	{ "type ext\n", "func main global int xdp_md*\n", "  r0 = *(u64 *)(r1 +0)\n  r0 = 0\n" },
	{ "type ext\n", "func main global u64 xdp_md*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global void xdp_md*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int int u64 enum.e\n", "  r0 = r2\n" },
	{ "type ext\n", "func main global int u8 u64 enum.e\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int xdp_md* u64*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int xdp_md* u64*:nonnull\n", "  r0 = *(u8 *)(r2 +0)\n" },
	{ "type ext\n", "func main global int __sk_buff* int\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int float.d\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int typedef.bpf_user_pt_regs_t*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int u64*\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int int\n", "  r0 = 0\n" },
	{ "type ext\n", "func main global int xdp_md*\n",
	  "  r2 = 0\n  call bpf_xdp_adjust_head\n  r0 = 0\n" },
	{ "type ext\n", "func main global int xdp_md*\n",
	  "  call bpf_get_current_task\n  r0 = 0\n" },
	{ "type ext\n", "", "  r0 = 0\n" },
	{ "type ext\nflags sleepable\n", "func main global int xdp_md*\n", "  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\n", "", "  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\n", "",
	  "  r2 = *(u64 *)(r1 +0)\n  r3 = *(u64 *)(r2 +0)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\n", "",
	  "  r2 = *(u64 *)(r1 +8)\n  r3 = *(u64 *)(r2 +0)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\n", "", "  r2 = *(u64 *)(r1 +32)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\n", "", "  r2 = *(u64 *)(r1 +40)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fexit\n", "", "  r2 = *(u64 *)(r1 +8)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fexit\n", "", "  r2 = *(u64 *)(r1 +16)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fexit\n", "", "  r2 = *(u64 *)(r1 +40)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fexit\n", "", "  r2 = *(u64 *)(r1 +48)\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fexit\n", "", "  r2 = *(u32 *)(r1 +0)\n  r0 = 0\n" },
	{ "type tracing\nattach modify_return\n", "", "  r0 = 0\n" },
	{ "type tracing\nattach trace_iter\n", "", "  r0 = 0\n" },
	{ "type tracing\nattach trace_raw_tp\n", "", "  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\nflags sleepable\n", "", "  r0 = 0\n" },
	{ "type tracing\nattach trace_fentry\n", "", "  call bpf_get_func_ip\n  r0 = 0\n" },
	{ "type tracing\nattach trace_fexit\n", "",
	  "  r2 = r10\n  r2 += -8\n  call bpf_get_func_ret\n  r0 = 0\n" },
	{ "type lsm\nattach lsm_mac\n", "", "  r0 = 0\n" },
	{ "type xdp\n", "", "  r0 = 0\n" },
};

struct attaching {
	struct sweep *s;
	struct digest *d;
	const struct bgv_program *victim;
	const char *name; /* of the function; NULL: by a number that is none */
	uint32_t id;
	unsigned int accepted;
};

static int attach_one(void *arg, struct tcase *c)
{
	struct attaching *a = arg;

	c->prog.attach_prog = a->victim;
	c->prog.attach_name = a->name;
	c->prog.attach_btf_id = a->id;
	for (int p = 0; p < PROFILE_CNT; p++)
		a->accepted += sweep_judge(a->s, a->d, (enum profile)p, true, &c->prog, 200);
	return 0;
}

static void each_case(struct sweep *s, const char *text, casefile_each each, void *arg)
{
	struct asm_names names = casenames_asm(&s->names);
	FILE *f = fmemopen((void *)text, strlen(text), "r");

	if (!f || casefile_read(f, s->part, &names, each, arg) < 0) {
		fprintf(stderr, "%s\n", text);
		exit(2);
	}
	fclose(f);
}

static int attach_all(void *arg, struct tcase *victim)
{
	static const struct {
		const char *name;
		uint32_t id;
	} targets[] = {
		{ "f", 0 },  { "main", 0 }, { "nobody", 0 },
		{ NULL, 0 }, { NULL, 1 },   { NULL, 9999 },
	};
	struct attaching *a = arg;
	char text[1024];

	casenames_resolve(&a->s->names, victim);
	a->victim = &victim->prog;
	for (size_t i = 0; i < ARRAY_CNT(attachers); i++)
		for (size_t t = 0; t < ARRAY_CNT(targets); t++) {
			if (t > 1 && i % 7)
				continue;
			a->name = targets[t].name;
			a->id = targets[t].id;
			snprintf(text, sizeof(text),
				 "case y\n%s%sexpect accept\n  main:\n%s  exit\n",
				 attachers[i].head, attachers[i].func, attachers[i].body);
			each_case(a->s, text, attach_one, a);
		}
	return 0;
}

void sweep_extensions(struct sweep *s)
{
	for (size_t v = 0; v < ARRAY_CNT(victims) * ARRAY_CNT(mains); v++) {
		const size_t n = v / ARRAY_CNT(mains);
		struct digest d = { 0 };
		struct attaching a = { .s = s, .d = &d };
		const char *tag = strstr(victims[n].head, "tag ");
		char text[2048], said[32], name[96];

		snprintf(
			text, sizeof(text),
			"case x\n%.*sfunc main %s %s\n%s%sexpect accept\n  main:\n%s  r0 = 0\n  exit\n  f:\n%s  exit\n",
			(int)(tag ? (size_t)(tag - victims[n].head) : strlen(victims[n].head)),
			victims[n].head, v & 1 ? "global" : "static", mains[v % ARRAY_CNT(mains)],
			victims[n].func, tag ? tag : "", victims[n].call, victims[n].body);
		each_case(s, text, attach_all, &a);
		snprintf(said, sizeof(said), "%u accepted", a.accepted);
		snprintf(name, sizeof(name), "%s, %s", victims[n].name,
			 mains[v % ARRAY_CNT(mains)]);
		sweep_row(s, name, said, &d);
	}
}
