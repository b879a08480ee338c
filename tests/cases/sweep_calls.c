/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every helper and kernel function, called as its prototype wants it, then with each argument in
 * turn being each of the other sorts of things that a register may hold, and each sort of map. A
 * row is a function.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"
#include "verifier/state/env.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/progtype.h"

#define ARGS 5

/* In which programs: the head of the case, and what r7 is made there, of what only they have. */
static const struct flavour {
	const char *head, *r7;
	uint32_t type, attach;
	bool sleepable;
} flavours[] = {
	{ "type sched_cls\n", "  r7 = *(u64 *)(r6 +168)\n  if r7 == 0 goto end\n", PT_SCHED_CLS, 0,
	  false },
	{ "type tracing\nattach trace_raw_tp sched_switch\n", "  r7 = *(u64 *)(r6 +8)\n",
	  PT_TRACING, AT_TRACE_RAW_TP, false },
	{ "type syscall\nflags sleepable\n", "  call bpf_get_current_task_btf\n  r7 = r0\n",
	  PT_SYSCALL, 0, true },
	{ "type xdp\n",
	  "  r7 = *(u32 *)(r6 +0)\n  r2 = *(u32 *)(r6 +4)\n  r1 = r7\n  r1 += 32\n  if r1 > r2 goto end\n",
	  PT_XDP, 0, false },
	{ "type kprobe\n", "  call bpf_get_current_task_btf\n  r7 = r0\n", PT_KPROBE, 0, false },
	{ "type sock_ops\n", "  r7 = *(u64 *)(r6 +184)\n  if r7 == 0 goto end\n", PT_SOCK_OPS, 0,
	  false },
	{ "type sk_msg\n", "  r7 = 0\n", PT_SK_MSG, 0, false },
	{ "type sk_skb\n", "  r7 = 0\n", PT_SK_SKB, 0, false },
	{ "type lwt_xmit\n", "  r7 = 0\n", PT_LWT_XMIT, 0, false },
	{ "type cgroup_sock_addr\nattach cgroup_inet4_connect\n", "  r7 = 0\n", PT_CGROUP_SOCK_ADDR,
	  0, false },
	{ "type cgroup_sockopt\nattach cgroup_getsockopt\n", "  r7 = 0\n", PT_CGROUP_SOCKOPT, 0,
	  false },
	{ "type cgroup_sysctl\nattach cgroup_sysctl\n", "  r7 = 0\n", PT_CGROUP_SYSCTL, 0, false },
	{ "type sk_reuseport\nattach sk_reuseport_select\n", "  r7 = 0\n", PT_SK_REUSEPORT, 0,
	  false },
	{ "type sk_lookup\nattach sk_lookup\n", "  r7 = *(u64 *)(r6 +0)\n  if r7 == 0 goto end\n",
	  PT_SK_LOOKUP, 0, false },
	{ "type lsm\nattach lsm_mac file_open\nflags sleepable\n", "  r7 = *(u64 *)(r6 +0)\n",
	  PT_LSM, AT_LSM_MAC, true },
	{ "type perf_event\n", "  r7 = 0\n", PT_PERF_EVENT, 0, false },
	{ "type raw_tracepoint\n", "  r7 = 0\n", PT_RAW_TRACEPOINT, 0, false },
	{ "type socket_filter\n", "  r7 = 0\n", PT_SOCKET_FILTER, 0, false },
	{ "type lwt_seg6local\n", "  r7 = 0\n", PT_LWT_SEG6LOCAL, 0, false },
	{ "type cgroup_skb\n", "  r7 = *(u64 *)(r6 +168)\n  if r7 == 0 goto end\n", PT_CGROUP_SKB,
	  0, false },
};

static const char maps[] =
	"struct node 64 bpf_list_node@0 bpf_rb_node@24 bpf_refcount@56\n"
	"struct value 160 bpf_timer@0 bpf_spin_lock@16 u32@20 task_struct*:kptr@24 u64@32 bpf_wq@40"
	" bpf_list_head@56:contains:node:m1 bpf_rb_root@72:contains:node:m2 u64@88 task_struct*:kptr_untrusted@96\n"
	"map array key 4 value 64 max 1\n"
	"map array key 4 value 8 max 1 frozen rdonly_prog data 25642573256c6400\n"
	"map array key 4 value 160 max 1 btf value\n"
	"map hash key 4 value 8 max 4\n";

static const char functions[] =
	"func main static int void*\nfunc cb static int void* void* void* void*\n";

/* What a register may hold; %d its number. */
static const char *const sorts[] = {
	"r%d = r6\n",
	"r%d = r10\n  r%d += -64\n",
	"r%d = r10\n  r%d += -80\n",
	"r%d = r10\n  r%d += -200\n",
	"r%d = r10\n",
	"r%d = map[0]\n",
	"r%d = map_value[0]\n",
	"r%d = map_value[1]\n",
	"r%d = map_value[2]\n",
	"r%d = map_value[2]\n  r%d += 16\n",
	"r%d = map_value[2]\n  r%d += 24\n",
	"r%d = map_value[2]\n  r%d += 40\n",
	"r%d = map_value[2]\n  r%d += 56\n",
	"r%d = map_value[2]\n  r%d += 72\n",
	"r%d = map_value[2]\n  r%d += 80\n",
	"r%d = r7\n",
	"r%d = r8\n",
	"r%d = r9\n",
	"r%d = r9\n  r%d &= 31\n  r%d += 1\n",
	"r%d = 0\n",
	"r%d = 8\n",
	"r%d = -1\n",
	"r%d = 0x123456789 ll\n",
	"r%d = func cb\n",
	"r%d = map[2]\n",
	"r%d = r10\n  r%d += -96\n",
};
enum {
	S_CTX,
	S_STACK,
	S_OBJECT,
	S_UNSET,
	S_FRAME,
	S_MAP,
	S_VALUE,
	S_STRING,
	S_TIMER,
	S_LOCK,
	S_KPTR,
	S_WQ,
	S_LIST,
	S_TREE,
	S_TREE_OFF,
	S_R7,
	S_MAYBE,
	S_ANY,
	S_RANGE,
	S_ZERO,
	S_EIGHT,
	S_MINUS,
	S_WIDE,
	S_FUNC,
	S_MAP_TIMER,
	S_DYNPTR,
	S_CNT
};

struct call {
	struct sweep *s;
	struct digest d;
	const struct flavour *flavour;
	char name[64]; /* as the assembler knows it */
	int args[ARGS];
	int arg_cnt;
	const char *map4; /* a fifth map; NULL: none */
	unsigned int accepted, asked;
};

static void put_args(FILE *f, const struct call *c)
{
	for (int i = 0; i < c->arg_cnt; i++) {
		int n = i + 1;

		fputs("  ", f);
		if (c->map4 && c->args[i] == S_MAP)
			fprintf(f, "r%d = map[4]\n", n);
		else
			fprintf(f, sorts[c->args[i]], n, n, n);
	}
}

static void ask(struct call *c)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		exit(2);
	fprintf(f, "case %s\n%s%s%s%sexpect accept\n  main:\n  r6 = r1\n", c->name,
		c->flavour->head, maps, c->map4 ? c->map4 : "", functions);
	for (int off = 8; off <= 64; off += 8)
		fprintf(f, "  *(u64 *)(r10 -%d) = 0\n", off);
	fputs("  r1 = map[3]\n  r2 = r10\n  r2 += -64\n  call bpf_map_lookup_elem\n  r8 = r0\n"
	      "  call bpf_get_prandom_u32\n  r9 = r0\n  r1 = func cb\n"
	      "  r1 = map_value[0]\n  r2 = 16\n  r3 = 0\n  r4 = r10\n  r4 += -96\n  call bpf_dynptr_from_mem\n",
	      f);
	fputs(c->flavour->r7, f);
	put_args(f, c);
	fprintf(f, "  call %s\n  r0 = 0\n  end:\n  r0 = 0\n  exit\n  cb:\n  r0 = 0\n  exit\n",
		c->name);
	fclose(f);
	c->accepted += sweep_text(c->s, &c->d, text);
	c->asked += PROFILE_CNT;
	free(text);
}

static void ask_around(struct call *c)
{
	ask(c);
	for (int i = 0; i < c->arg_cnt; i++) {
		int was = c->args[i];

		for (int sort = 0; sort < S_CNT; sort++) {
			c->args[i] = sort;
			if (sort != was)
				ask(c);
		}
		c->args[i] = was;
	}
}

static void ask_maps(struct call *c)
{
	char line[128];

	for (uint32_t type = 1; type < MT_CNT; type++) {
		snprintf(line, sizeof(line), "map %s key %d value %d max 4096\n",
			 names_map_type(type),
			 type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF ||
					 type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK ||
					 type == BPF_MAP_TYPE_BLOOM_FILTER
				 ? 0
				 : 4,
			 type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF ? 0
			 : type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_HASH ||
					 type >= BPF_MAP_TYPE_SK_STORAGE
				 ? 8
				 : 4);
		c->map4 = line;
		ask(c);
	}
	c->map4 = NULL;
}

static void tell(struct call *c)
{
	char text[32];

	snprintf(text, sizeof(text), "%u of %u", c->accepted, c->asked);
	sweep_row(c->s, c->name, text, &c->d);
}

/* ---- helpers
 * ------------------------------------------------------------------------------------------------
 */

static int sort_for(const struct helper_arg *arg)
{
	static const int by_kind[HARG_CNT] = {
		[HARG_ANYTHING] = S_ZERO,
		[HARG_SCALAR] = S_ZERO,
		[HARG_CTX] = S_CTX,
		[HARG_MAP_PTR] = S_MAP,
		[HARG_MAP_KEY] = S_STACK,
		[HARG_MAP_VALUE] = S_STACK,
		[HARG_MEM] = S_STACK,
		[HARG_SIZE] = S_EIGHT,
		[HARG_SIZE_OR_ZERO] = S_EIGHT,
		[HARG_ALLOC_SIZE] = S_EIGHT,
		[HARG_SOCK] = S_R7,
		[HARG_SOCK_COMMON] = S_R7,
		[HARG_BTF_SOCK_COMMON] = S_R7,
		[HARG_BTF_ID] = S_R7,
		[HARG_PERCPU_BTF_ID] = S_R7,
		[HARG_CONST_STR] = S_STRING,
		[HARG_RINGBUF_MEM] = S_MAYBE,
		[HARG_SPIN_LOCK] = S_LOCK,
		[HARG_TIMER] = S_TIMER,
		[HARG_KPTR_SLOT] = S_KPTR,
		[HARG_STACK] = S_STACK,
		[HARG_FUNC] = S_FUNC,
		[HARG_DYNPTR] = S_OBJECT,
	};

	if (arg->kind == HARG_DYNPTR && !(arg->flags & REG_F_UNINIT))
		return S_DYNPTR;
	return by_kind[arg->kind];
}

static bool set_up_helper(struct call *c, int32_t id)
{
	const struct helper_proto *proto;

	for (size_t i = 0; i < ARRAY_CNT(flavours); i++) {
		const struct helper_caller caller = { .profile = PROFILE_7_2,
						      .prog_type = flavours[i].type,
						      .attach_type = flavours[i].attach,
						      .caps = BGV_CAP_ALL,
						      .sleepable = flavours[i].sleepable };

		if (helper_tab_find(&caller, id, &proto) < 0)
			continue;
		c->flavour = &flavours[i];
		snprintf(c->name, sizeof(c->name), "bpf_%s", helper_tab_name(id));
		for (c->arg_cnt = 0; c->arg_cnt < ARGS && proto->arg[c->arg_cnt].kind != HARG_NONE;
		     c->arg_cnt++)
			c->args[c->arg_cnt] = c->arg_cnt && c->args[c->arg_cnt - 1] == S_TIMER
						      ? S_MAP_TIMER
						      : sort_for(&proto->arg[c->arg_cnt]);
		return true;
	}
	return false;
}

static bool takes_map(const struct call *c)
{
	for (int i = 0; i < c->arg_cnt; i++)
		if (c->args[i] == S_MAP)
			return true;
	return false;
}

void sweep_helpers(struct sweep *s)
{
	for (int32_t id = 1; id < (int32_t)helper_tab_cnt(PROFILE_7_2); id++) {
		struct call c = { .s = s };

		if (!set_up_helper(&c, id))
			continue;
		ask_around(&c);
		if (takes_map(&c))
			ask_maps(&c);
		tell(&c);
	}
}

/* ---- kernel functions
 * ------------------------------------------------------------------------------------------- */

static const char *const kfuncs[] = {
#define KFUNC(name, ...) #name,
#include "verifier/kernel/kfunc.def"
#undef KFUNC
};

static int sort_for_param(const struct btf *btf, const struct btf_param *param)
{
	static const struct {
		const char *of;
		int sort;
	} rows[] = {
		{ "task_struct", S_R7 },
		{ "bpf_dynptr", S_DYNPTR },
		{ "__sk_buff", S_CTX },
		{ "sk_buff", S_CTX },
		{ "xdp_md", S_CTX },
		{ "bpf_list_head", S_LIST },
		{ "bpf_rb_root", S_TREE },
		{ "bpf_wq", S_WQ },
		{ "bpf_res_spin_lock", S_LOCK },
		{ "bpf_map", S_MAP },
	};
	const struct btf_type *t = btf__type_by_id(btf, param->type);
	const char *name;

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_ptr(t))
		return S_EIGHT;
	t = btf__type_by_id(btf, t->type);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	name = t ? btf__name_by_offset(btf, t->name_off) : "";
	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		if (!strcmp(name, rows[i].of))
			return rows[i].sort;
	return S_OBJECT;
}

static bool set_up_kfunc(struct call *c, const char *name)
{
	const struct btf *btf = c->s->names.vmlinux;
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	const struct btf_type *proto =
		id > 0 ? btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type) : NULL;

	if (!proto)
		return false;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->arg_cnt = btf_vlen(proto) > ARGS ? ARGS : btf_vlen(proto);
	for (int i = 0; i < c->arg_cnt; i++)
		c->args[i] = sort_for_param(btf, &btf_params(proto)[i]);
	return true;
}

void sweep_kfuncs(struct sweep *s)
{
	for (size_t i = 0; i < ARRAY_CNT(kfuncs); i++) {
		struct call c = { .s = s };

		if (strncmp(kfuncs[i], "bpf_", 4) || !set_up_kfunc(&c, kfuncs[i]))
			continue;
		for (size_t f = 0; f < 4; f++) {
			c.flavour = &flavours[f];
			if (f < 2)
				ask_around(&c);
			else
				ask(&c);
		}
		tell(&c);
	}
}
