/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics that no text case is rejected with, because they are about what surrounds a program:
 * its records, its size, its maps, its target. One row a rule: the program that is accepted, and
 * the one thing that is wrong with it.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "proto/array.h"
#include "verifier/bpfgate-verifier.h"

#define INSN(c, d, s, o, i)                                                                        \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define MOV(d, i)  INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define EXIT	   INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CALL_PC(i) INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, i)
#define CNT(a)	   ((uint32_t)ARRAY_CNT(a))
#define INSNS_MAX  1000200u
#define MAPS_MAX   65
#define LINES	   3

/* Two functions, each with a record and a line; all else is made when a row asks for it. */
struct setting {
	struct bgv_program prog, attach_prog;
	struct bpf_insn *insns; /* room for INSNS_MAX */
	struct bgv_map maps[MAPS_MAX];
	struct bpf_func_info funcs[2];
	struct {
		struct bpf_line_info line;
		uint32_t more;
	} lines[LINES];
	uint32_t core[4];
	struct bgv_blob btfs[2];
	char btf_copy[4096];
	uint32_t func_id;
};

static const char *const kernels[] = { "6.18.44", "6.12.117", "6.1.192" };

static struct btf *make_btf(struct setting *s)
{
	struct btf *btf = btf__new_empty();
	uint32_t bytes, number, ctx, main_proto, proto;
	const void *data;

	ck_assert_ptr_nonnull(btf);
	number = (uint32_t)btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	ctx = (uint32_t)btf__add_ptr(btf, btf__add_struct(btf, "__sk_buff", 0));
	main_proto = (uint32_t)btf__add_func_proto(btf, (int)number);
	ck_assert_int_eq(btf__add_func_param(btf, "ctx", (int)ctx), 0);
	proto = (uint32_t)btf__add_func_proto(btf, (int)number);
	s->funcs[0].type_id =
		(uint32_t)btf__add_func(btf, "entry", BTF_FUNC_GLOBAL, (int)main_proto);
	s->funcs[1].type_id = (uint32_t)btf__add_func(btf, "other", BTF_FUNC_STATIC, (int)proto);
	for (uint32_t i = 0; i < LINES; i++) {
		s->lines[i].line.file_name_off = (uint32_t)btf__add_str(btf, "a.c");
		s->lines[i].line.line_off = (uint32_t)btf__add_str(btf, "f();");
		s->lines[i].line.line_col = (i + 1) << 10;
	}
	data = btf__raw_data(btf, &bytes);
	ck_assert_uint_le(bytes, sizeof(s->btf_copy));
	memcpy(s->btf_copy, data, bytes);
	s->btfs[0] = (struct bgv_blob){ s->btf_copy, bytes };
	return btf;
}

static struct setting *setting_new(void)
{
	static const struct bpf_insn insns[] = { CALL_PC(2), MOV(0, 0), EXIT, MOV(0, 1), EXIT };
	struct setting *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	s->insns = calloc(INSNS_MAX, sizeof(*s->insns));
	ck_assert_ptr_nonnull(s->insns);
	memcpy(s->insns, insns, sizeof(insns));
	btf__free(make_btf(s));
	s->funcs[1].insn_off = s->lines[2].line.insn_off = 3;
	s->lines[1].line.insn_off = 1;
	s->prog = (struct bgv_program){
		.insns = s->insns,
		.insn_cnt = CNT(insns),
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.license = "GPL",
		.caps = BGV_CAP_ALL,
		.btfs = s->btfs,
		.btf_cnt = 1,
		.prog_btf_idx = 1,
		.maps = s->maps,
		.func_info = { s->funcs, sizeof(s->funcs) },
		.func_info_cnt = 2,
		.func_info_rec_size = sizeof(s->funcs[0]),
		.line_info = { s->lines, sizeof(s->lines) },
		.line_info_cnt = LINES,
		.line_info_rec_size = sizeof(s->lines[0]),
	};
	for (uint32_t i = 0; i < MAPS_MAX; i++)
		s->maps[i] = (struct bgv_map){
			.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
		};
	return s;
}

static void setting_free(struct setting *s)
{
	free(s->insns);
	free(s);
}

/* ---- what is wrong; each has a control beside it that is not
 * ------------------------------------------------- */

static void nothing(struct setting *s)
{
	(void)s;
}

static void lines_out_of_order(struct setting *s)
{
	s->lines[1].line.insn_off = 0;
}
static void line_behind_the_end(struct setting *s)
{
	s->lines[2].line.insn_off = 5;
}
static void line_text_behind_strings(struct setting *s)
{
	s->lines[1].line.line_off = 1 << 16;
}
static void line_file_behind_strings(struct setting *s)
{
	s->lines[1].line.file_name_off = 1 << 16;
}
static void no_line_at_main(struct setting *s)
{
	s->lines[0].line.insn_off = 1, s->lines[1].line.insn_off = 2;
}
static void no_line_at_function(struct setting *s)
{
	s->prog.line_info_cnt = 2;
}
static void line_past_function(struct setting *s)
{
	s->lines[2].line.insn_off = 4;
}
static void line_record_small(struct setting *s)
{
	s->prog.line_info_rec_size = 12;
}
static void line_record_odd(struct setting *s)
{
	s->prog.line_info_rec_size = 18;
}
static void line_record_large(struct setting *s)
{
	s->prog.line_info_rec_size = 256;
}
static void line_record_tail(struct setting *s)
{
	s->lines[2].more = 1;
}
static void lines_missing(struct setting *s)
{
	s->prog.line_info.bytes -= 1;
}
static void func_record_missing(struct setting *s)
{
	s->prog.func_info.bytes -= 1;
}
static void no_btf(struct setting *s)
{
	s->prog.prog_btf_idx = 0;
}
static void btf_beyond(struct setting *s)
{
	s->prog.prog_btf_idx = 2;
}
static void btf_cut(struct setting *s)
{
	s->btfs[0].bytes -= 1;
}
static void btf_magic(struct setting *s)
{
	s->btf_copy[0] ^= 1;
}

static void line_inside_constant(struct setting *s)
{
	const struct bpf_insn wide[] = { INSN(BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, 0),
					 INSN(0, 0, 0, 0, 0), EXIT };

	memcpy(s->insns, wide, sizeof(wide));
	s->prog.insn_cnt = CNT(wide);
	s->prog.func_info_cnt = s->prog.func_info_rec_size = 0;
	s->prog.line_info_cnt = 2;
	s->lines[1].line.insn_off = 1;
}

static void line_behind_constant(struct setting *s)
{
	line_inside_constant(s);
	s->lines[1].line.insn_off = 2;
}

static void core(struct setting *s, uint32_t rec_size, uint32_t insn_off)
{
	s->core[0] = insn_off;
	s->prog.core_relos = (struct bgv_blob){ s->core, sizeof(s->core) };
	s->prog.core_relo_cnt = 1;
	s->prog.core_relo_rec_size = rec_size;
}

static void core_record_small(struct setting *s)
{
	core(s, 12, 0);
}
static void core_record_large(struct setting *s)
{
	core(s, 256, 0);
}
static void core_between(struct setting *s)
{
	core(s, 16, 4);
}
static void core_behind_the_end(struct setting *s)
{
	core(s, 16, 40);
}
static void core_missing(struct setting *s)
{
	core(s, 16, 0);
	s->prog.core_relos.bytes = 15;
}

/* cnt instructions that all are reached: r0 = 0 again and again. */
static void long_program(struct setting *s, uint32_t cnt)
{
	const struct bpf_insn mov = MOV(0, 0), exit = EXIT;

	s->prog.func_info_cnt = s->prog.func_info_rec_size = 0;
	s->prog.line_info_cnt = s->prog.line_info_rec_size = 0;
	s->prog.insn_cnt = cnt;
	for (uint32_t i = 0; i < cnt - 1; i++)
		s->insns[i] = mov;
	s->insns[cnt - 1] = exit;
}

static void unpriv(struct setting *s)
{
	s->prog.caps = 0;
	s->prog.mode = BGV_MODE_NO_PERFMON;
	s->prog.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
}

static void million_and_one(struct setting *s)
{
	long_program(s, 1000001);
}
static void million(struct setting *s)
{
	long_program(s, 1000000);
}
static void no_instructions(struct setting *s)
{
	s->prog.insn_cnt = 0;
}
static void unpriv_4097(struct setting *s)
{
	long_program(s, 4097), unpriv(s);
}
static void unpriv_4096(struct setting *s)
{
	long_program(s, 4096), unpriv(s);
}

/* main calls cnt functions that return at once. */
static void functions(struct setting *s, uint32_t cnt)
{
	long_program(s, 3 * cnt + 2);
	for (uint32_t i = 0; i < cnt; i++) {
		s->insns[i] = (struct bpf_insn)CALL_PC((int32_t)(cnt + 2 + 2 * i - i - 1));
		s->insns[cnt + 2 + 2 * i] = (struct bpf_insn)MOV(0, 0);
		s->insns[cnt + 3 + 2 * i] = (struct bpf_insn)EXIT;
	}
	s->insns[cnt] = (struct bpf_insn)MOV(0, 0);
	s->insns[cnt + 1] = (struct bpf_insn)EXIT;
}

static void functions_257(struct setting *s)
{
	functions(s, 256);
}
static void functions_256(struct setting *s)
{
	functions(s, 255);
}

static void maps(struct setting *s, uint32_t cnt)
{
	long_program(s, 2 * cnt + 2);
	for (uint32_t i = 0; i < cnt; i++) {
		s->insns[2 * i] = (struct bpf_insn)INSN(BPF_LD | BPF_IMM | BPF_DW, 1,
							BPF_PSEUDO_MAP_FD, 0, (int32_t)i);
		s->insns[2 * i + 1] = (struct bpf_insn)INSN(0, 0, 0, 0, 0);
	}
	s->prog.map_cnt = cnt;
}

static void maps_65(struct setting *s)
{
	maps(s, 65);
}
static void maps_64(struct setting *s)
{
	maps(s, 64);
}

/* cnt branches that go either way: as many states wait for their turn. */
static void branches(struct setting *s, uint32_t cnt)
{
	long_program(s, cnt + 4);
	s->insns[0] = (struct bpf_insn)INSN(BPF_LDX | BPF_MEM | BPF_W, 6, 1, 0, 0);
	for (uint32_t i = 0; i < cnt; i++)
		s->insns[1 + i] = (struct bpf_insn)INSN(BPF_JMP | BPF_JEQ | BPF_K, 6, 0,
							(int16_t)(cnt - i - 1), (int32_t)i + 1);
}

static void branches_8193(struct setting *s)
{
	branches(s, 8193);
}
static void branches_8192(struct setting *s)
{
	branches(s, 8192);
}

static void target_of_nothing(struct setting *s)
{
	s->prog.attach_btf_id = 1;
}
static void target_without_id(struct setting *s)
{
	s->prog.attach_btf_idx = 1;
}
static void target_program(struct setting *s)
{
	s->attach_prog = s->prog;
	s->prog.attach_prog = &s->attach_prog;
}

/* An extension of a program that looks as it does itself: main replaces the function of that name.
 */
static void extends(struct setting *s)
{
	s->attach_prog = s->prog;
	s->prog.attach_prog = &s->attach_prog;
	s->prog.prog_type = BPF_PROG_TYPE_EXT;
	s->prog.attach_btf_id = s->funcs[0].type_id;
	s->prog.attach_btf_idx = 1;
}

static void extends_no_function(struct setting *s)
{
	extends(s), s->prog.attach_btf_id = 1;
}
static void extends_nothing_there(struct setting *s)
{
	extends(s), s->prog.attach_btf_id = 4000;
}
static void extends_other_arguments(struct setting *s)
{
	extends(s), s->prog.attach_btf_id = s->funcs[1].type_id;
}

#define EVERY 7u /* of kernels[] */

static const struct row {
	const char *code; /* NULL: accepted */
	int err;
	void (*change)(struct setting *s);
	uint32_t on; /* bit i: kernels[i] */
} rows[] = {
	{ NULL, 0, nothing, EVERY },
	{ "BTF-LINE-INFO", EINVAL, lines_out_of_order, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_behind_the_end, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_text_behind_strings, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_file_behind_strings, EVERY },
	{ "BTF-LINE-INFO", EINVAL, no_line_at_main, EVERY },
	{ "BTF-LINE-INFO", EINVAL, no_line_at_function, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_past_function, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_record_small, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_record_odd, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_record_large, EVERY },
	{ "BTF-LINE-INFO", EINVAL, line_inside_constant, EVERY },
	{ NULL, 0, line_behind_constant, EVERY },
	{ "BTF-RECORD", E2BIG, line_record_tail, EVERY },
	{ "BTF-RECORD", EFAULT, lines_missing, EVERY },
	{ "BTF-RECORD", EFAULT, func_record_missing, EVERY },
	{ "BTF-FD", EBADF, no_btf, EVERY },
	{ "BTF-FD", EBADF, btf_beyond, EVERY },
	{ "BTF-MALFORMED", EINVAL, btf_cut, EVERY },
	{ "BTF-MALFORMED", EINVAL, btf_magic, EVERY },
	{ "BTF-CORE", EINVAL, core_record_small, EVERY },
	{ "BTF-CORE", EINVAL, core_record_large, EVERY },
	{ "BTF-CORE", EINVAL, core_between, EVERY },
	{ "BTF-CORE", EINVAL, core_behind_the_end, EVERY },
	{ "BTF-RECORD", EFAULT, core_missing, EVERY },
	{ "INSN-COUNT", E2BIG, million_and_one, EVERY },
	{ "INSN-COUNT", E2BIG, no_instructions, EVERY },
	{ NULL, 0, million, 1 },
	{ "INSN-COUNT", E2BIG, unpriv_4097, EVERY },
	{ NULL, 0, unpriv_4096, EVERY },
	{ "CALL-FUNCTIONS", E2BIG, functions_257, EVERY },
	{ NULL, 0, functions_256, EVERY },
	{ "MAP-COUNT", E2BIG, maps_65, EVERY },
	{ NULL, 0, maps_64, EVERY },
	{ "TOO-COMPLEX", EFAULT, branches_8193, 1u | 4u },
	{ "TOO-COMPLEX", E2BIG, branches_8193, 2u },
	{ NULL, 0, branches_8192, EVERY },
	{ "ATTACH-BTF", EINVAL, target_of_nothing, EVERY },
	{ "ATTACH-BTF", EINVAL, target_without_id, EVERY },
	{ "ATTACH-PROG", EINVAL, target_program, EVERY },
	{ "ATTACH-PROG", EINVAL, extends_no_function, EVERY },
	{ "ATTACH-PROG", EINVAL, extends_nothing_there, EVERY },
	{ "ATTACH-PROG", EINVAL, extends_other_arguments, EVERY },
};

static void judge_row(const struct row *row, const char *kernel, int n)
{
	const struct bgv_target_spec spec = { .version = kernel, .nr_cpus = 2 };
	struct setting *s = setting_new();
	struct bgv_target *target;
	struct bgv_result res;

	ck_assert_int_eq(bgv_target_new(&spec, &target), 0);
	row->change(s);
	ck_assert_int_eq(bgv_verify(target, &s->prog, NULL, &res), 0);
	ck_assert_msg((res.verdict == BGV_ACCEPT) == !row->code && res.err == row->err &&
			      (!row->code || (res.code && !strcmp(res.code, row->code))),
		      "row %d on %s: %s %d %s: %s", n, kernel, bgv_verdict_name(res.verdict),
		      res.err, res.code ? res.code : "-", res.message);
	bgv_result_done(&res);
	bgv_target_free(target);
	setting_free(s);
}

START_TEST(what_surrounds_a_program_is_refused_for_one_thing_only)
{
	for (uint32_t k = 0; k < CNT(kernels); k++)
		if (rows[_i].on & 1u << k)
			judge_row(&rows[_i], kernels[k], _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codes");
	TCase *tc = tcase_create("codes");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, what_surrounds_a_program_is_refused_for_one_thing_only, 0,
			    (int)CNT(rows));
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
