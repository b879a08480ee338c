/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in a kernel's log are written over, numbers of the program's own stay. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/broker/work/scrub.h"
#include "proto/own.h"

#define LD64(reg, src) { .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = reg, .src_reg = src }

static const struct bpf_insn insns[] = { LD64(1, BPF_PSEUDO_MAP_FD), { 0 }, LD64(2, 0), { 0 },
					 LD64(3, BPF_PSEUDO_BTF_ID), { 0 } };

static const struct {
	const char *log, *clean;
	bool cut;
} logs[] = {
	{ "0: (18) r1 = 0xffff888212345678 ; R1_w=map_ptr\n", "0: (18) r1 = 0x0000000000000000 ; R1_w=map_ptr\n", false },
	{ "2: (18) r2 = 0xffff888212345678 ; R2_w\n", "2: (18) r2 = 0xffff888212345678 ; R2_w\n", false },
	{ "4: (18) r3 = 0xffffffff82345678\n", "4: (18) r3 = 0x0000000000000000\n", false },
	{ "mark: regs=r1 stack= before 0: (18) r1 = 0xffff888212345678\n2: (18) r2 = 0x7\n",
	  "mark: regs=r1 stack= before 0: (18) r1 = 0x0000000000000000\n2: (18) r2 = 0x7\n", false },
	{ "9: (18) r1 = 0xffff888212345678\n", "9: (18) r1 = 0x0000000000000000\n", false },
	{ "      0: 01...6...9 (18) r1 = 0xffff888212345678\n", "      0: 01...6...9 (18) r1 = 0x0000000000000000\n", false },
	{ "      2: .......... (18) r2 = 0xffff888212345678\n", "      2: .......... (18) r2 = 0xffff888212345678\n", false },
	{ "2: new form (18) r2 = 0xffff888212345678\n", "2: new form (18) r2 = 0x0000000000000000\n", false },
	{ "(18) r2 = 0xf", "(18) r2 = 0x0", false },
	{ " (18) r2 = 0xf", " (18) r2 = 0x0", false },
	{ "from 2: (18) r1", "from 2: (18) r1", false },
	{ "0: (18) r1 = 0xffff8", "0: (18) r1 = 0x00000", false },
	{ "99999999999999999999990: (18) r1 = 0xf\n", "99999999999999999999990: (18) r1 = 0x0\n", false },
	{ "5678 ; R1\n1: (95) exit\n", ".........\n1: (95) exit\n", true },
	{ "5678 ; R1\n1: (95) exit\n", "5678 ; R1\n1: (95) exit\n", false },
	{ "5678", "....", true },
	{ "", "", true },
};

START_TEST(addresses_go_and_own_numbers_stay)
{
	size_t bytes = strlen(logs[_i].log) + 1;
	char *log = malloc(bytes);

	memcpy(log, logs[_i].log, bytes);
	scrub_log(log, bytes, logs[_i].cut, insns, ARRAY_CNT(insns));
	ck_assert_str_eq(log, logs[_i].clean);
	memcpy(log, logs[_i].log, bytes);
	scrub_log(log, bytes - 1, logs[_i].cut, insns, ARRAY_CNT(insns));
	ck_assert_mem_eq(log, logs[_i].clean, bytes - 1);
	free(log);
}
END_TEST

START_TEST(without_the_program_no_number_is_its_own)
{
	char log[] = "2: (18) r2 = 0xffff888212345678\n";

	scrub_log(log, sizeof(log), false, NULL, 0);
	ck_assert_str_eq(log, "2: (18) r2 = 0x0000000000000000\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scrub");
	TCase *tc = tcase_create("scrub");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, addresses_go_and_own_numbers_stay, 0, (int)ARRAY_CNT(logs));
	tcase_add_test(tc, without_the_program_no_number_is_its_own);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
