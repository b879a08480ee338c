/* SPDX-License-Identifier: Apache-2.0 */
/* A probe of libbpf is known as one; the same with one thing changed is not. */
#include "daemon/broker/ask/probes.h"

#include <check.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "proto/own.h"

/* libbpf's simplest: does the kernel take program names? */
static const struct bpf_insn ret0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static struct bgv_program ret0_program(void)
{
	return (struct bgv_program){ .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				     .insns = ret0,
				     .insn_cnt = ARRAY_CNT(ret0),
				     .license = "GPL" };
}

START_TEST(a_probe_is_known)
{
	struct bgv_program prog = ret0_program();

	ck_assert(probes_has_prog(&prog));
	ck_assert(probes_has_map(2, 4, 32, 1, 0, "libbpf_global"));
}
END_TEST

START_TEST(almost_a_probe_is_none)
{
	struct bgv_program prog = ret0_program();
	struct bpf_insn other[2] = { ret0[0], ret0[1] };

	prog.prog_type = BPF_PROG_TYPE_XDP;
	ck_assert(!probes_has_prog(&prog));
	prog = ret0_program();
	prog.license = "MIT";
	ck_assert(!probes_has_prog(&prog));
	prog = ret0_program();
	other[0].imm = 1;
	prog.insns = other;
	ck_assert(!probes_has_prog(&prog));
	ck_assert(!probes_has_map(2, 4, 32, 2, 0, "libbpf_global"));
	/* of Go's and Rust's loaders; beside each one that differs in flags, size or name */
	ck_assert(probes_has_map(2, 4, 4, 1, 0x80, "") && !probes_has_map(2, 4, 4, 1, 0x100, ""));
	ck_assert(probes_has_map(1, 4, 4, 1, 1, "") && !probes_has_map(1, 4, 4, 1, 0, ""));
	ck_assert(probes_has_map(1, 4, 4, 2, 0, "") && !probes_has_map(1, 4, 4, 3, 0, ""));
	ck_assert(probes_has_map(2, 4, 4, 1, 0, "feature_test") && !probes_has_map(2, 4, 4, 1, 0, "feature_tes"));
	ck_assert(probes_has_map(2, 4, 32, 1, 0, "aya_global") && !probes_has_map(2, 4, 4, 1, 0, "aya_global"));
	ck_assert(!probes_has_map(1, 4, 32, 1, 0, "libbpf_global"));
	ck_assert(!probes_has_map(2, 4, 32, 1, 0, "libbpf_globa"));
	ck_assert(!probes_has_btf("", 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes");
	TCase *tcase = tcase_create("probes");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_probe_is_known);
	tcase_add_test(tcase, almost_a_probe_is_none);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
