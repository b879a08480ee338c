/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel functions by their prototypes: kernels of our own making, in each of which functions of
 * known names and flags have a parameter or a result of one sort, called one way. What is in the
 * registers goes through everything that programs have.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"

enum {
	TEXT_BYTES = 1536,
};

/* Of each combination of flags one that tracing programs may call. */
static const char *const taking[] = { "bpf_dynptr_is_null", "bpf_map_sum_elem_count", "bpf_cgroup_read_xattr",
				      "bpf_task_release" };
static const char *const giving[] = { "bpf_dynptr_is_null", "scx_bpf_locked_rq", "bpf_cpumask_create",
				      "scx_bpf_get_idle_cpumask", "scx_bpf_cpu_curr", "bpf_task_acquire" };

/* Structs that the verifier knows by name, and others. */
static const char *const known[] = {
	"task_struct", "bpf_map", "bpf_dynptr", "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node",
	"bpf_wq", "bpf_timer", "bpf_task_work", "bpf_res_spin_lock", "bpf_iter_num", "sk_buff", "sock", "sock___init",
	"ordinary",
};

enum { OTHERS = 16, TYPES = OTHERS + ARRAY_CNT(known) };

static const char *const other_names[OTHERS] = {
	"void", "int", "u8", "u64", "enum", "small", "void *", "const void *", "int *", "char *", "small *", "nested *",
	"union *", "declared *", "function *", "array *",
};

struct kernel {
	struct btf *btf;
	int type[TYPES];
};

static int sure(int id)
{
	if (id < 0) {
		fprintf(stderr, "sweep: libbpf refuses a type: %s\n", strerror(-id));
		exit(2);
	}
	return id;
}

/* Structs of structs, as deep as is looked into, and deeper. */
static int add_nested(struct btf *b, int inner, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++) {
		char name[16];
		int of = inner;

		snprintf(name, sizeof(name), "nested%u", i);
		inner = sure(btf__add_struct(b, name, 16));
		sure(btf__add_field(b, "in", of, 0, 0));
	}
	return inner;
}

static void add_others(struct kernel *k)
{
	struct btf *b = k->btf;
	int number = sure(btf__add_int(b, "int", 4, BTF_INT_SIGNED)), small, either;

	k->type[0] = 0;
	k->type[1] = number;
	k->type[2] = sure(btf__add_int(b, "u8", 1, 0));
	k->type[3] = sure(btf__add_int(b, "u64", 8, 0));
	k->type[4] = sure(btf__add_enum(b, "e", 4));
	small = sure(btf__add_struct(b, "small", 16));
	sure(btf__add_field(b, "x", number, 0, 0));
	sure(btf__add_field(b, "y", k->type[3], 64, 0));
	k->type[5] = small;
	k->type[6] = sure(btf__add_ptr(b, 0));
	k->type[7] = sure(btf__add_ptr(b, sure(btf__add_const(b, 0))));
	k->type[8] = sure(btf__add_ptr(b, number));
	k->type[9] = sure(btf__add_ptr(b, k->type[2]));
	k->type[10] = sure(btf__add_ptr(b, sure(btf__add_const(b, small))));
	k->type[11] = sure(btf__add_ptr(b, add_nested(b, small, 4)));
	either = sure(btf__add_union(b, "either", 8));
	sure(btf__add_field(b, "n", number, 0, 0));
	k->type[12] = sure(btf__add_ptr(b, either));
	k->type[13] = sure(btf__add_ptr(b, sure(btf__add_fwd(b, "declared", BTF_FWD_STRUCT))));
	k->type[14] = sure(btf__add_ptr(b, sure(btf__add_func_proto(b, number))));
	k->type[15] = sure(btf__add_ptr(b, sure(btf__add_array(b, number, number, 4))));
}

static void add_known(struct kernel *k)
{
	struct btf *b = k->btf;
	int takes;

	for (size_t i = 0; i < ARRAY_CNT(known); i++) {
		int id = sure(btf__add_struct(b, known[i], 24));

		sure(btf__add_field(b, "n", k->type[3], 0, 0));
		sure(btf__add_field(b, "next", k->type[6], 64, 0));
		k->type[OTHERS + i] = sure(btf__add_ptr(b, id));
	}
	takes = sure(btf__add_func_proto(b, 0));
	sure(btf__add_func_param(b, "data", k->type[6]));
	sure(btf__add_func_param(b, "task", k->type[OTHERS]));
	sure(btf__add_func_param(b, "other", k->type[TYPES - 1]));
	sure(btf__add_typedef(b, "btf_trace_ordinary", sure(btf__add_ptr(b, takes))));
}

static void kernel_begin(struct kernel *k)
{
	k->btf = btf__new_empty();
	if (!k->btf)
		exit(2);
	add_others(k);
	add_known(k);
}

static void kernel_targets(const struct kernel *k, const struct sweep *s, struct sweep *own)
{
	uint32_t bytes;

	*own = *s;
	own->names = (struct casenames){ .vmlinux = k->btf };
	own->names.vmlinux_data = (void *)btf__raw_data(k->btf, &bytes);
	own->names.vmlinux_bytes = bytes;
	for (int p = 0; p < PROFILE_CNT; p++) {
		struct bgv_target_spec spec = { .version = sweep_versions[p],
						.nr_cpus = 2,
						.vmlinux_btf = own->names.vmlinux_data,
						.vmlinux_btf_bytes = bytes };

		if (bgv_target_new(&spec, &own->full[p]) < 0)
			exit(2);
	}
}

static void kernel_done(struct kernel *k, const struct sweep *own)
{
	for (int p = 0; p < PROFILE_CNT; p++)
		bgv_target_free(own->full[p]);
	btf__free(k->btf);
}

static void add_functions(const struct kernel *k, const char *const *names, size_t cnt, int proto)
{
	for (size_t i = 0; i < cnt; i++)
		sure(btf__add_func(k->btf, names[i], BTF_FUNC_STATIC, proto));
}

/* ---- arguments ---- */

/* r1 as each sort of thing; r6 is the context, r7 a value of the map, r8 any number. */
static const char *const sorts[] = {
	"  r1 = 0\n",
	"  r1 = 8\n",
	"  r1 = r8\n",
	"  r1 = r6\n",
	"  r1 = r10\n  r1 += -16\n",
	"  r1 = r10\n  r1 += -64\n",
	"  r1 = map[0]\n",
	"  r1 = r7\n",
	"  r1 = r7\n  r1 += 1\n",
	"  r1 = r0\n",
	"  r1 = *(u64 *)(r6 +0)\n",
	"  r1 = *(u64 *)(r6 +8)\n",
	"  r1 = *(u64 *)(r6 +0)\n  r1 = *(u64 *)(r1 +8)\n",
	"  r1 = func cb\n",
};

static const char prologue[] =
	"case x\nmap array key 4 value 24 max 1\ntype tracing\nattach trace_raw_tp ordinary\nexpect accept\n"
	"functions_btf\n  main:\n  r6 = r1\n  r1 = func cb\n  *(u64 *)(r10 -8) = 0\n  *(u64 *)(r10 -16) = 0\n  call bpf_get_prandom_u32\n"
	"  r8 = r0\n  r1 = map[0]\n  r2 = r10\n  r2 += -8\n  call bpf_map_lookup_elem\n  r7 = r0\n"
	"  if r0 == 0 goto end\n  r1 = map[0]\n  r2 = r10\n  r2 += -8\n  call bpf_map_lookup_elem\n";
static const char epilogue[] = "  end:\n  r0 = 0\n  exit\n  cb:\n  r0 = 0\n  exit\n";

static void ask_taking(struct sweep *s, struct digest *d, unsigned int *accepted, const char *size)
{
	for (size_t f = 0; f < ARRAY_CNT(taking); f++)
		for (size_t i = 0; i < ARRAY_CNT(sorts); i++) {
			char text[TEXT_BYTES];

			snprintf(text, sizeof(text), "%s%s  r2 = %s\n  call %s\n%s", prologue, sorts[i], size, taking[f],
				 epilogue);
			*accepted += sweep_text(s, d, text);
		}
}

static void one_parameter(struct sweep *s, size_t type, const char *name, const char *next, const char *size)
{
	struct digest d = { 0 };
	unsigned int accepted = 0;
	struct sweep own;
	struct kernel k;
	char said[32], row[128];
	int proto;

	kernel_begin(&k);
	proto = sure(btf__add_func_proto(k.btf, k.type[1]));
	sure(btf__add_func_param(k.btf, name, k.type[type]));
	sure(btf__add_func_param(k.btf, next, k.type[3]));
	add_functions(&k, taking, ARRAY_CNT(taking), proto);
	kernel_targets(&k, s, &own);
	ask_taking(&own, &d, &accepted, size);
	kernel_done(&k, &own);
	snprintf(said, sizeof(said), "%u accepted", accepted);
	snprintf(row, sizeof(row), "%s %s, %s is %s",
		 type < OTHERS ? other_names[type] : known[type - OTHERS], name, next, size);
	sweep_row(s, row, said, &d);
}

static void parameters(struct sweep *s)
{
	static const char *const names[] = {
		"a", "a__k", "a__nullable", "a__opt", "a__ign", "a__prog", "a__map", "a__const_map", "a__alloc",
		"a__refcounted_kptr", "a__str", "a__irq_flag", "a__uninit", "a__iter", "a__arena", "a__sz",
		"rdonly_buf_size", "rdwr_buf_size",
	};
	static const char *const sized[] = { "a", "a__nullable", "a__opt" }, *const next[] = { "n__sz", "n__szk" },
				 *const sizes[] = { "8", "0", "17", "r8" };

	for (size_t type = 1; type < TYPES; type++) {
		for (size_t i = 0; i < ARRAY_CNT(names); i++)
			one_parameter(s, type, names[i], "n", "8");
		for (size_t i = 0; type < OTHERS && i < ARRAY_CNT(sized) * ARRAY_CNT(next); i++)
			for (size_t n = 0; n < ARRAY_CNT(sizes); n++)
				one_parameter(s, type, sized[i / 2], next[i % 2], sizes[n]);
	}
	for (size_t n = 0; n < ARRAY_CNT(sizes); n++) {
		one_parameter(s, 3, "rdonly_buf_size", "rdwr_buf_size", sizes[n]);
		one_parameter(s, 3, "a__k", "n__k", sizes[n]);
	}
}

/* ---- results ---- */

static const char *const uses[] = {
	"",
	"  if r0 == 0 goto end\n",
	"  r2 = *(u8 *)(r0 +0)\n",
	"  if r0 == 0 goto end\n  r2 = *(u8 *)(r0 +7)\n",
	"  if r0 == 0 goto end\n  r2 = *(u64 *)(r0 +8)\n",
	"  if r0 == 0 goto end\n  *(u8 *)(r0 +0) = 1\n",
	"  if r0 == 0 goto end\n  *(u64 *)(r0 +8) = 1\n",
	"  if r0 == 0 goto end\n  r1 = r0\n  call bpf_cpumask_release\n",
	"  r1 = r0\n  call bpf_cpumask_release\n",
};

static void one_result(struct sweep *s, size_t type, const char *name)
{
	struct digest d = { 0 };
	unsigned int accepted = 0;
	struct sweep own;
	struct kernel k;
	char said[32], row[128];
	int proto;

	kernel_begin(&k);
	proto = sure(btf__add_func_proto(k.btf, 0));
	sure(btf__add_func_param(k.btf, "a__ign", k.type[6]));
	sure(btf__add_func(k.btf, "bpf_cpumask_release", BTF_FUNC_STATIC, proto));
	proto = sure(btf__add_func_proto(k.btf, k.type[type]));
	sure(btf__add_func_param(k.btf, name, k.type[3]));
	add_functions(&k, giving, ARRAY_CNT(giving), proto);
	kernel_targets(&k, s, &own);
	for (size_t n = 0; n < ARRAY_CNT(giving) * ARRAY_CNT(uses) * 2; n++) {
		char text[TEXT_BYTES];

		snprintf(text, sizeof(text), "%s  r1 = %u\n  call %s\n%s%s", prologue, n & 1 ? 8 : 12,
			 giving[n / 2 % ARRAY_CNT(giving)], uses[n / 2 / ARRAY_CNT(giving)], epilogue);
		accepted += sweep_text(&own, &d, text);
	}
	kernel_done(&k, &own);
	snprintf(said, sizeof(said), "%u accepted", accepted);
	snprintf(row, sizeof(row), "%s of %s", type < OTHERS ? other_names[type] : known[type - OTHERS], name);
	sweep_row(s, row, said, &d);
}

static void results(struct sweep *s)
{
	static const char *const names[] = { "a", "rdonly_buf_size", "rdwr_buf_size" };

	for (size_t type = 0; type < TYPES; type++)
		for (size_t i = 0; i < ARRAY_CNT(names); i++)
			one_result(s, type, names[i]);
}

/* ---- how many ---- */

static void counts(struct sweep *s)
{
	for (int cnt = 0; cnt < 8; cnt++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;
		struct sweep own;
		struct kernel k;
		char said[32], row[32];
		int proto;

		kernel_begin(&k);
		proto = sure(btf__add_func_proto(k.btf, k.type[1]));
		for (int i = 0; i < cnt; i++)
			sure(btf__add_func_param(k.btf, "a", k.type[i % 2 ? 3 : 6 + 2]));
		add_functions(&k, taking, ARRAY_CNT(taking), proto);
		kernel_targets(&k, s, &own);
		ask_taking(&own, &d, &accepted, "8");
		kernel_done(&k, &own);
		snprintf(said, sizeof(said), "%u accepted", accepted);
		snprintf(row, sizeof(row), "%d parameters", cnt);
		sweep_row(s, row, said, &d);
	}
}

void sweep_protos(struct sweep *s)
{
	parameters(s);
	results(s);
	counts(s);
}
