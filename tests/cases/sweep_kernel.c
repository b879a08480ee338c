/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel of our own making: its BTF holds functions, variables, structs and hooks with types of
 * every sort, and those that the verifier knows by name, whether or not this machine's kernel has
 * them. What may attach to them, what their arguments are, and what lies behind a pointer.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"

#define TEXT_BYTES   1024

enum kind {
	K_VOID,
	K_INT,
	K_U8,
	K_U64,
	K_U128,
	K_REAL,
	K_ENUM,
	K_ENUM64,
	K_SMALL,
	K_S,
	K_EMPTY,
	K_UNION,
	K_NAMED,
	K_ARRAY,
	K_P_VOID,
	K_P_CVOID,
	K_P_INT,
	K_P_S,
	K_P_NAMED,
	K_P_USER,
	K_P_PERCPU,
	K_P_RCU,
	K_P_P,
	K_P_FUNC,
	K_P_FWD,
	K_P_ARRAY,
	K_P_UNION,
	K_P_OPEN,
	K_CNT,
};

static const char *const kind_names[K_CNT] = {
	"void",	  "int",     "u8",     "u64",	"u128",	   "real",    "enum",
	"enum64", "small",   "s",      "empty", "union",   "named",   "array",
	"p_void", "p_cvoid", "p_int",  "p_s",	"p_named", "p_user",  "p_percpu",
	"p_rcu",  "p_p",     "p_func", "p_fwd", "p_array", "p_union", "p_open",
};

struct made {
	struct btf *btf;
	int kind[K_CNT];
};

static int sure(int id)
{
	if (id < 0) {
		fprintf(stderr, "sweep: libbpf refuses a type: %s\n", strerror(-id));
		exit(2);
	}
	return id;
}

static int pointer(struct made *m, const char *tag, int type)
{
	if (tag)
		type = sure(btf__add_type_tag(m->btf, tag, type));
	return sure(btf__add_ptr(m->btf, type));
}

static void field(struct made *m, const char *name, int type, unsigned int byte)
{
	sure(btf__add_field(m->btf, name, type, byte * 8, 0));
}

static int proto(struct made *m, int ret, const char *name, int arg, size_t times)
{
	int id = sure(btf__add_func_proto(m->btf, ret));

	for (size_t i = 0; i < times; i++)
		sure(btf__add_func_param(m->btf, i ? "more" : name, i ? m->kind[K_INT] : arg));
	return id;
}

static void func(struct made *m, const char *prefix, const char *name, int proto_id)
{
	char whole[160];

	snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	sure(btf__add_func(m->btf, whole, BTF_FUNC_STATIC, proto_id));
}

/* Members of everything, some of it more than once, its own kind too; the last has no end. */
static void make_structs(struct made *m)
{
	int *k = m->kind, inner, many, ptrs, open;

	k[K_P_S] = sure(btf__add_ptr(m->btf, (int)btf__type_cnt(m->btf) + 5));
	inner = sure(btf__add_struct(m->btf, "inner", 16)) /* P_S + 1 */;
	field(m, "x", k[K_INT], 0);
	field(m, "y", k[K_P_S], 8);
	many = sure(btf__add_array(m->btf, k[K_INT], inner, 2));
	ptrs = sure(btf__add_array(m->btf, k[K_INT], k[K_P_S], 2));
	open = sure(btf__add_array(m->btf, k[K_INT], inner, 0));
	k[K_S] = sure(btf__add_struct(m->btf, "s", 152)); /* P_S + 5 */
	field(m, "a", k[K_INT], 0);
	field(m, "b", k[K_U8], 4);
	field(m, "next", k[K_P_S], 8);
	field(m, "user", (int)btf__type_cnt(m->btf) + 2, 16);
	field(m, "percpu", (int)btf__type_cnt(m->btf) + 4, 24);
	field(m, "rcu", (int)btf__type_cnt(m->btf) + 6, 32);
	field(m, "fwd", k[K_P_FWD], 40);
	field(m, "nothing", k[K_P_VOID], 48);
	field(m, "in", inner, 56);
	field(m, "many", many, 72);
	field(m, "ptrs", ptrs, 104);
	field(m, "either", (int)btf__type_cnt(m->btf), 120);
	sure(btf__add_field(m->btf, "three", k[K_INT], 128 * 8, 3));
	sure(btf__add_field(m->btf, "thirteen", k[K_INT], 128 * 8 + 3, 13));
	field(m, "c", k[K_U8], 132);
	field(m, "f", k[K_P_FUNC], 136);
	field(m, "e", k[K_ENUM], 144);
	field(m, "open", open, 152);
	k[K_UNION] = sure(btf__add_union(m->btf, "either", 8));
	field(m, "p", k[K_P_S], 0);
	field(m, "n", k[K_U64], 0);
	k[K_P_USER] = pointer(m, "user", k[K_S]);
	k[K_P_PERCPU] = pointer(m, "percpu", k[K_S]);
	k[K_P_RCU] = pointer(m, "rcu", k[K_S]);
}

static void make_pattern(struct made *m, const char *name, const char *const *fields)
{
	sure(btf__add_struct(m->btf, name, 64));
	for (unsigned int i = 0; fields[i]; i++)
		field(m, fields[i], m->kind[!strcmp(fields[i], "rcu") ? K_P_RCU : K_P_S], 8 * i);
}

static void make_kinds(struct made *m)
{
	struct btf *b = m->btf;
	int *k = m->kind, nowhere, open;

	k[K_INT] = sure(btf__add_int(b, "int", 4, BTF_INT_SIGNED));
	k[K_U8] = sure(btf__add_int(b, "u8", 1, 0));
	k[K_U64] = sure(btf__add_int(b, "u64", 8, 0));
	k[K_U128] = sure(btf__add_int(b, "u128", 16, 0));
	k[K_REAL] = sure(btf__add_float(b, "real", 8));
	k[K_ENUM] = sure(btf__add_enum(b, "e", 4));
	k[K_ENUM64] = sure(btf__add_enum64(b, "e64", 8, false));
	k[K_P_VOID] = pointer(m, NULL, 0);
	k[K_P_CVOID] = pointer(m, NULL, sure(btf__add_const(b, 0)));
	k[K_P_INT] = pointer(m, NULL, k[K_INT]);
	nowhere = sure(btf__add_fwd(b, "unseen", BTF_FWD_STRUCT));
	k[K_P_FWD] = pointer(m, NULL, nowhere);
	k[K_P_FUNC] = pointer(m, NULL, proto(m, k[K_INT], "a", k[K_INT], 1));
	make_structs(m);
	k[K_SMALL] = sure(btf__add_struct(b, "small", 12));
	field(m, "x", k[K_INT], 0);
	field(m, "y", k[K_U64], 4);
	k[K_EMPTY] = sure(btf__add_struct(b, "empty", 0));
	k[K_NAMED] = sure(btf__add_typedef(b, "named", sure(btf__add_volatile(b, k[K_INT]))));
	k[K_ARRAY] = sure(btf__add_array(b, k[K_INT], k[K_U8], 8));
	k[K_P_NAMED] =
		pointer(m, NULL, sure(btf__add_typedef(b, "s_t", sure(btf__add_const(b, k[K_S])))));
	k[K_P_P] = pointer(m, NULL, k[K_P_S]);
	k[K_P_ARRAY] = pointer(m, NULL, k[K_ARRAY]);
	k[K_P_UNION] = pointer(m, NULL, k[K_UNION]);
	open = sure(btf__add_array(b, k[K_INT], k[K_INT], 0));
	k[K_P_OPEN] = sure(btf__add_struct(b, "open", 8));
	field(m, "n", k[K_U64], 0);
	field(m, "numbers", open, 8);
	k[K_P_OPEN] = pointer(m, NULL, k[K_P_OPEN]);
	make_pattern(m, "s__safe_rcu", (const char *const[]){ "next", NULL });
	make_pattern(m, "s__safe_rcu_or_null", (const char *const[]){ "rcu", NULL });
	make_pattern(m, "s__safe_trusted", (const char *const[]){ "percpu", NULL });
	make_pattern(m, "s__safe_trusted_or_null", (const char *const[]){ "user", NULL });
}

static const char *const prefixes[] = { "one_", "security_", "__x64_sys_", "bpf_lsm_" };

static void make_functions(struct made *m)
{
	int *k = m->kind;

	for (int i = 0; i < K_CNT; i++) {
		int takes = proto(m, k[K_INT], "a", k[i], 2),
		    gives = proto(m, k[i], "a", k[K_INT], 1);

		for (size_t p = 0; p < ARRAY_CNT(prefixes); p++)
			func(m, prefixes[p], kind_names[i], takes);
		func(m, "gives_", kind_names[i], gives);
		func(m, "security_gives_", kind_names[i], gives);
		func(m, "bpf_lsm_gives_", kind_names[i], gives);
		func(m, "may_", kind_names[i], proto(m, 0, "a__nullable", k[i], 2));
		sure(btf__add_var(m->btf, kind_names[i], BTF_VAR_STATIC, k[i]));
	}
	func(m, "", "twelve", proto(m, k[K_INT], "a", k[K_U64], 12));
	func(m, "", "thirteen", proto(m, k[K_INT], "a", k[K_U64], 13));
	func(m, "", "variadic", proto(m, k[K_INT], "a", 0, 1));
}

/* Those of the variables above that are there once a CPU, of any type. */
static void make_percpu(struct made *m)
{
	int first = sure(btf__add_var(m->btf, "cpu_s", BTF_VAR_STATIC, m->kind[K_S]));

	sure(btf__add_var(m->btf, "cpu_int", BTF_VAR_STATIC, m->kind[K_INT]));
	sure(btf__add_var(m->btf, "cpu_array", BTF_VAR_STATIC, m->kind[K_ARRAY]));
	sure(btf__add_var(m->btf, "cpu_p_fwd", BTF_VAR_STATIC, m->kind[K_P_FWD]));
	sure(btf__add_datasec(m->btf, ".data..percpu", 256));
	for (int i = 0; i < 4; i++)
		sure(btf__add_datasec_var_info(m->btf, first + i, (unsigned int)i * 64, 8));
}

static const char *const tracepoints[] = {
#define RAW_TP_NULL(name, mask) #name,
#include "verifier/kernel/raw_tp_null.def"
#undef RAW_TP_NULL
	"unlisted",
};

static const char *const hooks[] = {
#define HOOK(name, facts) #name,
#include "verifier/kernel/attach_hooks.def"
#undef HOOK
};

static const char *const iterators[] = {
	"bpf_link", "bpf_map", "bpf_map_elem", "bpf_prog",   "bpf_sk_storage_map",
	"cgroup",   "dmabuf",  "ipv6_route",   "kmem_cache", "ksym",
	"netlink",  "sockmap", "task",	       "task_file",  "task_vma",
	"tcp",	    "udp",     "unix",	       "nothing",
};

static void make_hooks(struct made *m)
{
	const int many = sure(btf__add_func_proto(m->btf, m->kind[K_INT])), tp = 12;
	int takes;

	for (int i = 0; i <= tp; i++)
		sure(btf__add_func_param(m->btf, "a", m->kind[i ? K_P_S : K_P_VOID]));
	takes = pointer(m, NULL, many);
	for (size_t i = 0; i < ARRAY_CNT(tracepoints); i++) {
		char name[160];

		snprintf(name, sizeof(name), "btf_trace_%s", tracepoints[i]);
		sure(btf__add_typedef(m->btf, name, takes));
	}
	sure(btf__add_typedef(m->btf, "btf_trace_no_prototype", m->kind[K_P_S]));
	sure(btf__add_typedef(m->btf, "btf_trace_no_pointer", m->kind[K_S]));
	sure(btf__add_typedef(m->btf, "btf_trace_no_argument",
			      pointer(m, NULL, proto(m, 0, "a", 0, 0))));
	takes = sure(btf__add_func_proto(m->btf, m->kind[K_INT]));
	for (int i = 0; i < 5; i++)
		sure(btf__add_func_param(m->btf, "a", m->kind[K_P_S]));
	for (size_t i = 0; i < ARRAY_CNT(iterators); i++)
		func(m, "bpf_iter_", iterators[i], takes);
	for (size_t i = 0; i < ARRAY_CNT(hooks); i++)
		if (strncmp(hooks[i], "bpf_iter_", 9))
			func(m, "", hooks[i],
			     proto(m, m->kind[i % 5 ? K_INT : K_VOID], "a", m->kind[K_P_S], 1));
}

/* ---- structs of functions, and what their programs may write ---- */

static const char *const sock_fields[] = {
	"sk_pacing_rate", "sk_other",	  "sk_pacing_status", "icsk_ca_priv",
	"icsk_more",	  "snd_cwnd",	  "snd_cwnd_cnt",     "snd_more",
	"snd_cwnd_stamp", "snd_ssthresh", "ecn_flags",	      "app_limited",
};

static int make_written(struct made *m, const char *name)
{
	int id = sure(btf__add_struct(m->btf, name, 64));

	for (unsigned int i = 0; i < ARRAY_CNT(sock_fields); i++)
		field(m, sock_fields[i], m->kind[K_INT], 4 * i);
	field(m, "icsk_ack", m->kind[K_SMALL] /* has "x" */, 48);
	field(m, "mark", m->kind[K_INT], 60);
	return id;
}

static int make_task(struct made *m)
{
	int scx = sure(btf__add_struct(m->btf, "sched_ext_entity", 32)), task;

	field(m, "other", m->kind[K_U64], 0);
	field(m, "slice", m->kind[K_U64], 8);
	field(m, "dsq_vtime", m->kind[K_U64], 16);
	field(m, "disallow", m->kind[K_U8], 24);
	task = sure(btf__add_struct(m->btf, "task_struct", 64));
	field(m, "pid", m->kind[K_INT], 0);
	field(m, "scx", scx, 16);
	return task;
}

static void ops_member(struct made *m, const char *name, int *types, unsigned int i)
{
	field(m, name, types[i], 8 * i);
}

/* One of a name that is known, or not, with members that take what can be written. */
static void make_ops(struct made *m, const char *name, bool registered)
{
	static const char *const members[] = { "takes",	  "get_info", "test_sleepable", "gives",
					       "nothing", "trusted",  "number" };
	char value[96], stub[96];
	int ptr[6], p[6];
	unsigned int i = 0;
	int written[5];

	for (size_t w = 0; w < 5; w++) {
		static const char *const of[] = { "sock", "tcp_sock", "inet_connection_sock",
						  "bpf_dummy_ops_state", "task_struct" };

		written[w] = pointer(m, NULL,
				     sure(btf__find_by_name_kind(m->btf, of[w], BTF_KIND_STRUCT)));
	}
	p[0] = sure(btf__add_func_proto(m->btf, m->kind[K_INT]));
	for (size_t w = 0; w < 5; w++)
		sure(btf__add_func_param(m->btf, "a", written[w]));
	p[1] = proto(m, 0, "a", written[0], 1);
	p[2] = proto(m, m->kind[K_INT], "a", written[3], 1);
	p[3] = proto(m, written[4], "a", written[4], 1);
	p[4] = proto(m, 0, "a", m->kind[K_INT], 0);
	p[5] = proto(m, m->kind[K_INT], "a__ref", written[4], 1);
	for (i = 0; i < 6; i++)
		ptr[i] = pointer(m, NULL, p[i]);
	sure(btf__add_struct(m->btf, name, 64));
	for (i = 0; i < 6; i++)
		ops_member(m, members[i], ptr, i);
	field(m, members[6], m->kind[K_U64], 56);
	for (i = 0; i < 6; i++) {
		snprintf(stub, sizeof(stub), "%s__%s", name, members[i]);
		func(m, "", stub,
		     i == 0   ? proto(m, m->kind[K_INT], "a__nullable", written[0], 1)
		     : i == 5 ? p[5]
			      : p[i]);
	}
	snprintf(value, sizeof(value), "bpf_struct_ops_%s", name);
	if (registered)
		sure(btf__add_struct(m->btf, value, 8));
}

static const char *const ops_names[] = { "tcp_congestion_ops", "bpf_dummy_ops", "sched_ext_ops",
					 "other_ops", "unregistered_ops" };

static void make_kernel(struct made *m, bool lists_injectable)
{
	m->btf = btf__new_empty();
	if (!m->btf)
		exit(2);
	make_kinds(m);
	make_functions(m);
	make_percpu(m);
	make_hooks(m);
	make_written(m, "sock");
	make_written(m, "tcp_sock");
	make_written(m, "inet_connection_sock");
	make_written(m, "nf_conn");
	sure(btf__add_struct(m->btf, "bpf_dummy_ops_state", 4));
	field(m, "val", m->kind[K_INT], 0);
	make_task(m);
	for (size_t i = 0; i < ARRAY_CNT(ops_names); i++)
		make_ops(m, ops_names[i], i + 1 < ARRAY_CNT(ops_names));
	if (lists_injectable)
		sure(btf__add_struct(m->btf, "ei_entry", 8));
}

/* ---- what is asked ---- */

static unsigned int ask(struct sweep *s, struct digest *d, const char *head, const char *name,
			const char *body)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text), "case x\n%s %s\nexpect accept\n%s  end:\n  r0 = 0\n  exit\n",
		 head, name, body);
	return sweep_text(s, d, text);
}

static void tracepoint_args(struct sweep *s)
{
	char body[256], said[32];

	for (size_t i = 0; i < ARRAY_CNT(tracepoints); i++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;

		for (unsigned int arg = 0; arg < 13; arg++) {
			snprintf(
				body, sizeof(body),
				"  r2 = *(u64 *)(r1 +%u)\n  if r2 == 0 goto +1\n  r3 = *(u32 *)(r2 +0)\n",
				8 * arg);
			accepted += ask(s, &d, "type tracing\nattach trace_raw_tp", tracepoints[i],
					body);
			snprintf(body, sizeof(body),
				 "  r2 = *(u64 *)(r1 +%u)\n  r3 = *(u32 *)(r2 +0)\n", 8 * arg);
			accepted += ask(s, &d, "type tracing\nattach trace_raw_tp", tracepoints[i],
					body);
		}
		snprintf(said, sizeof(said), "%u accepted", accepted);
		sweep_row(s, tracepoints[i], said, &d);
	}
}

static const char *const heads[] = {
	"type tracing\nattach trace_fentry",
	"type tracing\nattach trace_fexit",
	"type tracing\nattach modify_return",
	"type lsm\nattach lsm_mac",
	"type lsm\nattach lsm_cgroup",
	"type tracing\nflags sleepable\nattach trace_fentry",
	"type tracing\nflags sleepable\nattach modify_return",
	"type lsm\nflags sleepable\nattach lsm_mac",
};

static void hook(struct sweep *s, const char *name)
{
	static const char *const bodies[] = {
		"  r2 = *(u64 *)(r1 +0)\n  r0 = *(u32 *)(r2 +0)\n",
		"  r1 = *(u64 *)(r1 +0)\n  r2 = r10\n  r2 += -8\n  r3 = 8\n  call bpf_d_path\n",
		"  call bpf_get_prandom_u32\n  exit\n",
		"  r0 = 1\n  exit\n",
		"  r1 = map[0]\n  r2 = 0\n  r3 = 0\n  r4 = 0\n  call bpf_sk_storage_get\n",
	};
	struct digest d = { 0 };
	unsigned int accepted = 0;
	char said[32];

	for (size_t n = 0; n < ARRAY_CNT(heads) * ARRAY_CNT(bodies); n++) {
		char head[128];

		snprintf(head, sizeof(head), "map sk_storage key 4 value 8 max 0\n%s",
			 heads[n % ARRAY_CNT(heads)]);
		accepted += ask(s, &d, head, strncmp(name, "bpf_lsm_", 8) ? name : name + 8,
				bodies[n / ARRAY_CNT(heads)]);
	}
	snprintf(said, sizeof(said), "%u accepted", accepted);
	sweep_row(s, name, said, &d);
}

/* Every place of an argument by every size, and then what was read as a pointer. */
static void arguments(struct sweep *s, const char *name)
{
	struct digest d = { 0 };
	unsigned int accepted = 0;
	char body[256], said[32];

	for (size_t h = 0; h < ARRAY_CNT(heads); h++)
		for (unsigned int n = 0; n < 4 * 32; n++) {
			const unsigned int off = n / 4, bytes = 1u << n % 4;

			if (off % 8 && h > 1)
				continue;
			snprintf(body, sizeof(body), "  r2 = *(u%u *)(r1 +%u)\n", 8 * bytes, off);
			accepted += ask(s, &d, heads[h], name, body);
			snprintf(body, sizeof(body),
				 "  r2 = *(u%u *)(r1 +%u)\n  r3 = *(u32 *)(r2 +0)\n  r2 = 1\n",
				 8 * bytes, off);
			if (off % 8 == 0)
				accepted += ask(s, &d, heads[h], name, body);
		}
	accepted += ask(s, &d, heads[0], name, "  *(u64 *)(r1 +0) = 0\n");
	snprintf(said, sizeof(said), "%u accepted", accepted);
	sweep_row(s, name, said, &d);
}

/* What lies behind a pointer to s: read, followed and written at every place. */
static void behind(struct sweep *s, const char *head, const char *name, const char *before,
		   unsigned int arg, unsigned int end, const char *row)
{
	struct digest d = { 0 };
	unsigned int accepted = 0;
	char body[384], said[32];

	for (unsigned int n = 0; n < 4 * end; n++) {
		const unsigned int off = n / 4, bits = 8u << n % 4;

		snprintf(
			body, sizeof(body),
			"  r2 = *(u64 *)(r1 +%u)\n%s  r3 = *(u%u *)(r2 +%u)\n  r4 = *(u64 *)(r3 +8)\n",
			8 * arg, before, bits, off);
		accepted += ask(s, &d, head, name, body);
		snprintf(body, sizeof(body), "  r2 = *(u64 *)(r1 +%u)\n%s  *(u%u *)(r2 +%u) = 0\n",
			 8 * arg, before, bits, off);
		accepted += ask(s, &d, head, name, body);
		snprintf(body, sizeof(body), "  r2 = *(u64 *)(r1 +%u)\n%s  r3 = *(u%u *)(r2 +%u)\n",
			 8 * arg, before, bits, off);
		accepted += ask(s, &d, head, name, body);
	}
	snprintf(said, sizeof(said), "%u accepted", accepted);
	sweep_row(s, row, said, &d);
}

static void structs(struct sweep *s)
{
	static const char tp[] = "type tracing\nattach trace_raw_tp",
			  fentry[] = "type tracing\nattach trace_fentry";

	behind(s, tp, "unlisted", "", 0, 190, "behind s");
	behind(s, tp, "unlisted", "  call bpf_rcu_read_lock\n", 0, 160, "behind s, not called");
	behind(s, fentry, "one_p_s", "", 0, 160, "behind s of fentry");
	behind(s, fentry, "one_p_open", "", 0, 40, "behind open");
	behind(s, fentry, "one_p_union", "", 0, 12, "behind a union");
	behind(s, tp, "unlisted", "  r2 += 8\n", 0, 24, "behind s and 8");
	behind(s, tp, "unlisted", "  r2 += -8\n", 0, 24, "behind s less 8");
	behind(s, tp, "unlisted", "  r2 = *(u64 *)(r2 +8)\n", 0, 48, "behind the next s");
	behind(s, tp, "unlisted", "  r2 = *(u64 *)(r2 +32)\n", 0, 24, "behind the rcu s");
	behind(s, tp, "unlisted", "  r2 = *(u64 *)(r2 +16)\n", 0, 24, "behind the user's s");
}

static void variables(struct sweep *s)
{
	static const char *const uses[] = {
		"",
		"  r2 = *(u8 *)(r1 +0)\n",
		"  r2 = *(u64 *)(r1 +0)\n",
		"  r2 = *(u64 *)(r1 +8)\n",
		"  *(u8 *)(r1 +0) = 0\n",
		"  call bpf_this_cpu_ptr\n  r2 = *(u32 *)(r0 +0)\n",
		"  r2 = 0\n  call bpf_per_cpu_ptr\n  if r0 == 0 goto +1\n  r2 = *(u64 *)(r0 +0)\n",
		"  r2 = 0\n  call bpf_per_cpu_ptr\n  r2 = *(u64 *)(r0 +0)\n",
		"  call bpf_this_cpu_ptr\n  *(u32 *)(r0 +0) = 0\n",
	};
	static const char *const more[] = { "cpu_s", "cpu_int", "cpu_array", "cpu_p_fwd" };
	static const char *const modes[] = { "type", "mode leak_rules\ntype",
					     "mode no_perfmon\ntype" };

	for (size_t k = 0; k < K_CNT + ARRAY_CNT(more); k++) {
		const char *name = k < K_CNT ? kind_names[k] : more[k - K_CNT];
		struct digest d = { 0 };
		unsigned int accepted = 0;
		char body[256], said[32], row[64];

		for (size_t u = 0; u < 3 * ARRAY_CNT(uses); u++) {
			snprintf(body, sizeof(body), "  r1 = btf_id %s\n%s", name, uses[u / 3]);
			accepted += ask(s, &d, modes[u % 3], "kprobe", body);
		}
		snprintf(said, sizeof(said), "%u accepted", accepted);
		snprintf(row, sizeof(row), "variable %s", name);
		sweep_row(s, row, said, &d);
	}
}

static void struct_ops(struct sweep *s)
{
	char head[64], row[96];

	for (size_t o = 0; o < ARRAY_CNT(ops_names); o++)
		for (unsigned int member = 0; member < 8; member++) {
			snprintf(head, sizeof(head), "type struct_ops\n%sattach %u",
				 member == 2 ? "flags sleepable\n" : "", member);
			for (unsigned int arg = 0; arg < (member ? 1u : 5u); arg++) {
				snprintf(row, sizeof(row), "%s %u, argument %u", ops_names[o],
					 member, arg);
				behind(s, head, ops_names[o], "  if r2 == 0 goto end\n", arg, 64,
				       row);
			}
		}
}

/* What depends on whether the kernel has a list of functions whose errors are injected. */
static void ask_injectable(struct sweep *s)
{
	static const char *const prefix[] = { "one_", "security_", "security_gives_",
					      "__x64_sys_" };
	char name[96];

	for (int k = 0; k < K_CNT; k += 3)
		for (size_t p = 0; p < ARRAY_CNT(prefix); p++) {
			snprintf(name, sizeof(name), "%s%s", prefix[p], kind_names[k]);
			arguments(s, name);
		}
	for (size_t i = 0; i < ARRAY_CNT(hooks); i++)
		hook(s, hooks[i]);
}

static void ask_kernel(struct sweep *s)
{
	static const char *const prefix[] = { "one_", "gives_", "may_", "security_gives_", "" };
	char name[96];

	for (int k = 0; k < K_CNT; k++)
		for (size_t p = 0; p < ARRAY_CNT(prefix); p++) {
			snprintf(name, sizeof(name), "%s%s", prefix[p], kind_names[k]);
			arguments(s, name);
		}
	arguments(s, "twelve");
	arguments(s, "thirteen");
	arguments(s, "variadic");
	for (size_t i = 0; i < 5 * ARRAY_CNT(iterators); i++) {
		snprintf(name, sizeof(name), "iterator %s %zu", iterators[i / 5], i % 5);
		behind(s, "type tracing\nattach trace_iter", iterators[i / 5],
		       i & 1 ? "  if r2 == 0 goto end\n" : "", i % 5, 9, name);
	}
	tracepoint_args(s);
	structs(s);
	variables(s);
	struct_ops(s);
}

void sweep_kernel(struct sweep *s)
{
	for (int injectable = 0; injectable < 2; injectable++) {
		static struct sweep own;
		struct made m = { 0 };
		uint32_t bytes;

		make_kernel(&m, injectable);
		own = *s;
		own.names = (struct casenames){ .vmlinux = m.btf };
		own.names.vmlinux_data = (void *)btf__raw_data(m.btf, &bytes);
		own.names.vmlinux_bytes = bytes;
		for (int p = 0; p < PROFILE_CNT; p++) {
			struct bgv_target_spec spec = { .version = sweep_versions[p],
							.nr_cpus = 2,
							.vmlinux_btf = own.names.vmlinux_data,
							.vmlinux_btf_bytes = bytes };

			if (bgv_target_new(&spec, &own.full[p]) < 0)
				exit(2);
		}
		ask_injectable(&own);
		if (!injectable)
			ask_kernel(&own);
		s->passed = own.passed;
		s->failed = own.failed;
		for (int p = 0; p < PROFILE_CNT; p++)
			bgv_target_free(own.full[p]);
		btf__free(m.btf);
	}
}
