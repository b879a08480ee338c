/* SPDX-License-Identifier: Apache-2.0 */
/* Feature probes are known by all that they are; a program that differs in anything is none. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "object/probes.h"
#include "proto/own.h"

static const struct bpf_insn read_kernel[] = {
	{ .code = 0xbf, .dst_reg = 1, .src_reg = 10 },
	{ .code = 0x07, .dst_reg = 1, .imm = -8 },
	{ .code = 0xb7, .dst_reg = 2, .imm = 8 },
	{ .code = 0xb7, .dst_reg = 3 },
	{ .code = 0x85, .imm = 113 },
	{ .code = 0x95 },
};
static const struct bpf_insn helper[] = { { .code = 0x85, .imm = 14 }, { .code = 0x95 } };
static const struct bpf_insn plain[] = { { .code = 0xb7, .imm = 1 }, { .code = 0x95 } };

START_TEST(probes_of_libbpf_are_known)
{
	struct bgv_program prog = { .insns = read_kernel,
				    .insn_cnt = 6,
				    .prog_type = BPF_PROG_TYPE_TRACEPOINT,
				    .license = "GPL" };

	ck_assert_str_eq(probes_match(&prog), "probe_read_kernel");
	prog.prog_type = BPF_PROG_TYPE_XDP;
	ck_assert_ptr_null(probes_match(&prog));
	prog.prog_type = BPF_PROG_TYPE_TRACEPOINT;
	prog.insn_cnt = 5;
	ck_assert_ptr_null(probes_match(&prog));
}
END_TEST

/* As cilium/ebpf's sources make them; each beside a program that differs in one number. */
START_TEST(probes_of_cilium_ebpf_are_known)
{
	static const struct bpf_insn functions[] = { { .code = 0x85, .src_reg = 1, .imm = 1 }, { .code = 0x95 },
						     { .code = 0xb7 }, { .code = 0x95 } };
	static const struct bpf_insn isa4[] = { { .code = 0xb7 }, { .code = 0x15, .off = 1, .imm = 1 },
						{ .code = 0x06, .imm = 1 }, { .code = 0xb7, .imm = 1 }, { .code = 0x95 } };
	static const struct {
		const struct bpf_insn *insns;
		uint32_t cnt, type;
		const char *name;
	} rows[] = { { read_kernel, 6, BPF_PROG_TYPE_KPROBE, "probe_read_kernel" },
		     { functions, 4, BPF_PROG_TYPE_SOCKET_FILTER, "functions" },
		     { isa4, 5, BPF_PROG_TYPE_SOCKET_FILTER, "ISA v4" } };
	struct bpf_insn insns[6];

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		struct bgv_program prog = { .insns = insns, .insn_cnt = rows[i].cnt, .prog_type = rows[i].type,
					    .license = "MIT" };

		memcpy(insns, rows[i].insns, rows[i].cnt * sizeof(*insns));
		ck_assert_str_eq(probes_match(&prog), rows[i].name);
		for (uint32_t k = 0; k < rows[i].cnt; k++) {
			insns[k].imm++;
			ck_assert_ptr_null(probes_match(&prog));
			insns[k].imm--;
		}
		prog.prog_type = BPF_PROG_TYPE_XDP;
		ck_assert_ptr_null(probes_match(&prog));
	}
}
END_TEST

START_TEST(pairs_of_any_type_are_known)
{
	struct bgv_program prog = { .insns = helper, .insn_cnt = 2 };

	for (prog.prog_type = 1; prog.prog_type < 33; prog.prog_type++)
		ck_assert_str_eq(probes_match(&prog), "helper");
	prog.insns = plain;
	ck_assert_str_eq(probes_match(&prog), "program type");
}
END_TEST

START_TEST(what_does_more_is_no_probe)
{
	const struct bpf_insn kfunc[] = { { .code = 0x85, .src_reg = 2, .imm = 14 },
					  { .code = 0x95 } };
	const struct bgv_map map = {
		.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 32, .max_entries = 1
	};
	const struct bgv_program probe = { .insns = plain, .insn_cnt = 2, .prog_type = 6 };
	struct bgv_program prog = probe;

	ck_assert_ptr_nonnull(probes_match(&prog));
	prog.attach_btf_id = 77; /* a real target */
	ck_assert_ptr_null(probes_match(&prog));
	prog = probe;
	prog.attach_name = "vfs_read";
	ck_assert_ptr_null(probes_match(&prog));
	prog = probe;
	prog.prog_ifindex = 2;
	ck_assert_ptr_null(probes_match(&prog));
	prog = probe;
	prog.maps = &map;
	prog.map_cnt = 1;
	ck_assert_ptr_null(probes_match(&prog));
	prog = probe;
	prog.insns = kfunc;
	ck_assert_ptr_null(probes_match(&prog));
}
END_TEST

START_TEST(the_large_program_is_known_by_every_instruction)
{
	struct bpf_insn *insns = calloc(4097, sizeof(*insns));
	struct bgv_program prog = { .insns = insns, .insn_cnt = 4097, .prog_type = 1 };

	for (size_t i = 0; i < 4096; i++)
		insns[i] = plain[0];
	insns[4096] = plain[1];
	ck_assert_str_eq(probes_match(&prog), "large program");
	insns[2000].dst_reg = 1;
	ck_assert_ptr_null(probes_match(&prog));
	free(insns);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes");
	TCase *tc = tcase_create("probes");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, probes_of_libbpf_are_known);
	tcase_add_test(tc, probes_of_cilium_ebpf_are_known);
	tcase_add_test(tc, pairs_of_any_type_are_known);
	tcase_add_test(tc, what_does_more_is_no_probe);
	tcase_add_test(tc, the_large_program_is_known_by_every_instruction);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
