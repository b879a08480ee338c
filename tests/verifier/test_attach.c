/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that attach to programs: an extension that fits what it replaces, fentry of a function,
 * and each refusal beside them. What stands for a context is told by the kernel's BTF, so that
 * machines without it skip.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/btf.h>

#include "verifier/bpfgate-verifier.h"

static struct bgv_target *target;

static void set_up(void)
{
	FILE *f = fopen("/sys/kernel/btf/vmlinux", "re");
	struct bgv_target_spec spec = { .version = "6.18.44" };
	size_t cap = 64u << 20;
	void *bytes = f ? malloc(cap) : NULL;

	if (bytes) {
		spec.vmlinux_btf = bytes;
		spec.vmlinux_btf_bytes = fread(bytes, 1, cap, f);
		ck_assert_int_eq(bgv_target_new(&spec, &target), 0);
	}
	free(bytes);
	if (f)
		fclose(f);
}

static void tear_down(void)
{
	bgv_target_free(target);
	target = NULL;
}

/*
 * 1 int, 2 struct xdp_md {}, 3 xdp_md *, 4 int (struct xdp_md *ctx), 5 int (int a, int b), 6 func
 * "f" of type 4 or 5; 7 func "main".
 */
struct blob {
	uint8_t bytes[512];
	size_t len;
};

static struct blob make_btf(uint32_t proto, uint32_t linkage)
{
	static const char names[] = "\0int\0xdp_md\0ctx\0f\0main";
	uint32_t words[] = {
		1, BTF_KIND_INT << 24, 4, 32 | BTF_INT_SIGNED << 24,
		5, BTF_KIND_STRUCT << 24, 4,
		0, BTF_KIND_PTR << 24, 2,
		0, BTF_KIND_FUNC_PROTO << 24 | 1, 1, 12, 3,
		0, BTF_KIND_FUNC_PROTO << 24 | 2, 1, 12, 1, 12, 1,
		16, BTF_KIND_FUNC << 24 | linkage, proto,
		18, BTF_KIND_FUNC << 24 | 1, 4,
	};
	struct btf_header h = { .magic = BTF_MAGIC,
				.version = BTF_VERSION,
				.hdr_len = sizeof(h),
				.type_len = sizeof(words),
				.str_off = sizeof(words),
				.str_len = sizeof(names) };
	struct blob b = { .len = sizeof(h) + sizeof(words) + sizeof(names) };

	memcpy(b.bytes, &h, sizeof(h));
	memcpy(b.bytes + sizeof(h), words, sizeof(words));
	memcpy(b.bytes + sizeof(h) + sizeof(words), names, sizeof(names));
	return b;
}

static const struct bpf_insn return_zero[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};

struct pair {
	struct blob target_btf, own_btf;
	struct bgv_blob target_blob, own_blob;
	uint32_t target_funcs[4], own_funcs[2];
	struct bgv_program target, own;
};

/* A target of main, which calls f with its context, and f; an extension of f with the same function. */
static void make_pair(struct pair *p)
{
	static const struct bpf_insn main_and_f[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT },
	};

	memset(p, 0, sizeof(*p));
	p->target_btf = make_btf(4, 1);
	p->own_btf = make_btf(4, 1);
	p->target_funcs[1] = 7;
	p->target_funcs[2] = 3;
	p->target_funcs[3] = 6;
	p->own_funcs[1] = 6;
	p->target = (struct bgv_program){ .insns = main_and_f,
					  .insn_cnt = 5,
					  .prog_type = BPF_PROG_TYPE_XDP,
					  .license = "GPL",
					  .btf_cnt = 1,
					  .prog_btf_idx = 1,
					  .func_info_rec_size = 8,
					  .func_info_cnt = 2,
					  .caps = BGV_CAP_ALL };
	p->own = (struct bgv_program){ .insns = return_zero,
				       .insn_cnt = 2,
				       .prog_type = BPF_PROG_TYPE_EXT,
				       .license = "GPL",
				       .btf_cnt = 1,
				       .prog_btf_idx = 1,
				       .func_info_rec_size = 8,
				       .func_info_cnt = 1,
				       .attach_btf_id = 6,
				       .caps = BGV_CAP_ALL };
}

static int judge(struct pair *p)
{
	struct bgv_result res;
	int err;

	p->target_blob = (struct bgv_blob){ p->target_btf.bytes, p->target_btf.len };
	p->own_blob = (struct bgv_blob){ p->own_btf.bytes, p->own_btf.len };
	p->target.btfs = &p->target_blob;
	p->own.btfs = &p->own_blob;
	p->target.func_info = (struct bgv_blob){ p->target_funcs, sizeof(p->target_funcs) };
	p->own.func_info = (struct bgv_blob){ p->own_funcs, sizeof(p->own_funcs) };
	p->own.attach_prog = &p->target;
	ck_assert_int_eq(bgv_verify(target, &p->own, NULL, &res), 0);
	ck_assert_msg(res.verdict == BGV_ACCEPT || res.verdict == BGV_REJECT, "%s", res.message);
	err = res.err;
	bgv_result_done(&res);
	return err;
}

START_TEST(an_extension_of_a_global_function_is_accepted)
{
	struct pair p;

	make_pair(&p);
	if (target)
		ck_assert_int_eq(judge(&p), 0);
}
END_TEST

START_TEST(an_extension_must_fit)
{
	struct pair p;

	if (!target)
		return;
	make_pair(&p);
	p.own_btf = make_btf(5, 1);		/* two numbers for one context */
	ck_assert_int_eq(judge(&p), EINVAL);
	make_pair(&p);
	p.own_btf = make_btf(4, 0);		/* ours is static */
	ck_assert_int_eq(judge(&p), EINVAL);
	make_pair(&p);
	p.target_btf = make_btf(4, 0);		/* theirs is static */
	ck_assert_int_eq(judge(&p), EINVAL);
	make_pair(&p);
	p.own.attach_btf_id = 1;		/* an int */
	ck_assert_int_eq(judge(&p), EINVAL);
	make_pair(&p);
	p.target.prog_type = BPF_PROG_TYPE_EXT;	/* an extension itself */
	ck_assert_int_eq(judge(&p), EINVAL);
	make_pair(&p);
	p.target.prog_btf_idx = 0;		/* without BTF */
	ck_assert_int_eq(judge(&p), EINVAL);
	make_pair(&p);
	p.own.func_info_cnt = 0;		/* ours without BTF */
	ck_assert_int_eq(judge(&p), EINVAL);
}
END_TEST

/* r1 of the extension is the context that the target has: XDP's, not one by BTF. */
START_TEST(an_extension_has_the_context_of_what_it_replaces)
{
	static const struct bpf_insn reads[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 0, .src_reg = 1, .off = 12 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn wrong[3];
	struct pair p;

	if (!target)
		return;
	make_pair(&p);
	p.own.insns = reads;
	p.own.insn_cnt = 3;
	ck_assert_int_eq(judge(&p), 0);
	memcpy(wrong, reads, sizeof(reads));
	wrong[0].off = 64;
	p.own.insns = wrong;
	ck_assert_int_eq(judge(&p), EACCES);
}
END_TEST

START_TEST(functions_of_programs_are_traced_at_both_ends)
{
	struct pair p;

	if (!target)
		return;
	make_pair(&p);
	p.own.prog_type = BPF_PROG_TYPE_TRACING;
	p.own.expected_attach_type = BPF_TRACE_FENTRY;
	ck_assert_int_eq(judge(&p), 0);
	p.own.expected_attach_type = BPF_TRACE_FEXIT;
	ck_assert_int_eq(judge(&p), 0);
	p.own.expected_attach_type = BPF_MODIFY_RETURN;
	ck_assert_int_eq(judge(&p), EINVAL);
	p.own.expected_attach_type = BPF_TRACE_RAW_TP;
	ck_assert_int_eq(judge(&p), EINVAL);
}
END_TEST

static Suite *attach_suite(void)
{
	Suite *s = suite_create("attach");
	TCase *t = tcase_create("attach");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_extension_of_a_global_function_is_accepted);
	tcase_add_test(t, an_extension_must_fit);
	tcase_add_test(t, an_extension_has_the_context_of_what_it_replaces);
	tcase_add_test(t, functions_of_programs_are_traced_at_both_ends);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(attach_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
