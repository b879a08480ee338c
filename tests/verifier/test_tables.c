/* SPDX-License-Identifier: Apache-2.0 */
/* The tables have no holes and do not contradict themselves. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/ctx_tab.h"
#include "verifier/state/env.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/profile.h"
#include "verifier/kernel/progtype.h"
#include "verifier/call/ret.h"

static struct helper_caller caller_of(enum profile profile, uint32_t type, uint32_t attach)
{
	return (struct helper_caller){
		.profile = profile, .prog_type = type, .attach_type = attach, .caps = BGV_CAP_ALL,
		.sleepable = type == PT_SYSCALL,
	};
}

START_TEST(a_version_names_the_nearest_older_profile)
{
	static const struct {
		const char *text;
		int r;
		enum profile profile;
		uint32_t version;
	} rows[] = {
		{ "6.18.44", 0, PROFILE_6_18_44, 6u << 24 | 18u << 16 | 44 },
		{ "6.18.43", 0, PROFILE_6_18, 6u << 24 | 18u << 16 | 43 },
		{ "6.18", 0, PROFILE_6_18, 6u << 24 | 18u << 16 },
		{ "6.19.2", 0, PROFILE_6_18_44, 6u << 24 | 19u << 16 | 2 },
		{ "6.12.107+deb13-amd64", 0, PROFILE_6_12, 6u << 24 | 12u << 16 | 107 },
		{ "6.1.0-48-amd64", 0, PROFILE_6_1, 6u << 24 | 1u << 16 },
		{ "6.11", 0, PROFILE_6_1, 6u << 24 | 11u << 16 },
		{ "6.17.3", 0, PROFILE_6_12, 6u << 24 | 17u << 16 | 3 },
		{ "7.1", 0, PROFILE_7_1, 7u << 24 | 1u << 16 },
		{ "8.0.1", 0, PROFILE_7_3, 8u << 24 | 1 },
		{ "6.1.300", 0, PROFILE_6_1, 6u << 24 | 1u << 16 | 300 },
		{ "6.0", -EINVAL, 0, 0 }, { "5.15.1", -EINVAL, 0, 0 }, { "", -EINVAL, 0, 0 },
		{ "6", -EINVAL, 0, 0 }, { "6.", -EINVAL, 0, 0 }, { "6.12x", -EINVAL, 0, 0 },
		{ "6.9999999999", -EINVAL, 0, 0 }, { "v6.12", -EINVAL, 0, 0 },
		{ " 6.12", -EINVAL, 0, 0 }, { "6.12.", -EINVAL, 0, 0 }, { NULL, -EINVAL, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		enum profile profile = PROFILE_CNT;
		uint32_t version = 0;

		ck_assert_int_eq(profile_parse_version(rows[i].text, &version, &profile), rows[i].r);
		if (rows[i].r < 0)
			continue;
		ck_assert_int_eq(profile, rows[i].profile);
		ck_assert_uint_eq(version, rows[i].version);
	}
}
END_TEST

START_TEST(one_bounds_engine_and_one_liveness_a_profile)
{
	for (enum profile p = 0; p < PROFILE_CNT; p++) {
		const struct behave *b = behave_of_profile(p);

		ck_assert_int_le(b->bounds_old + b->bounds_circular, 1);
		ck_assert_int_eq(b->live_marks + b->live_static, 1);
		ck_assert_int_le(b->loop_entries + b->loop_scc, 1);
	}
}
END_TEST

START_TEST(every_program_and_map_type_has_a_name)
{
	for (uint32_t i = 0; i < PT_CNT; i++)
		ck_assert_ptr_nonnull(names_prog_type(i));
	for (uint32_t i = 0; i < AT_CNT; i++)
		ck_assert_ptr_nonnull(names_attach_type(i));
	for (uint32_t i = 1; i < MT_CNT; i++)
		ck_assert_ptr_nonnull(names_map_type(i));
	ck_assert_ptr_null(names_prog_type(PT_CNT));
	ck_assert_ptr_null(names_attach_type(UINT32_MAX));
	ck_assert_ptr_null(names_map_type(0));
}
END_TEST

START_TEST(every_helper_number_has_a_prototype)
{
	for (enum profile p = 0; p < PROFILE_CNT; p++)
		for (uint32_t id = 1; id < helper_tab_cnt(p); id++)
			ck_assert_msg(strcmp(helper_tab_name((int32_t)id), "unknown"), "helper %u", id);
	ck_assert_str_eq(helper_tab_name(0), "unknown");
	ck_assert_str_eq(helper_tab_name(-1), "unknown");
	ck_assert_str_eq(helper_tab_name(INT32_MAX), "unknown");
}
END_TEST

static void check_args(const struct helper_proto *p)
{
	bool ended = false;

	for (uint32_t i = 0; i < HELPER_ARGS_MAX; i++) {
		const struct helper_arg *a = &p->arg[i];

		ck_assert_msg(!ended || a->kind == HARG_NONE, "%s: argument %u after a hole", p->name, i);
		ended = a->kind == HARG_NONE;
		ck_assert_uint_lt(a->kind, HARG_CNT);
		if (a->kind == HARG_SIZE || a->kind == HARG_SIZE_OR_ZERO)
			ck_assert_msg(i > 0 && p->arg[i - 1].kind == HARG_MEM, "%s: size of what?", p->name);
		if (a->kind == HARG_MEM && !(a->flags & REG_F_FIXED_SIZE))
			ck_assert_msg(i + 1 < HELPER_ARGS_MAX && (p->arg[i + 1].kind == HARG_SIZE ||
				      p->arg[i + 1].kind == HARG_SIZE_OR_ZERO), "%s: memory of no size",
				      p->name);
		if (a->kind == HARG_MAP_KEY)
			ck_assert_msg(i > 0, "%s: key before its map", p->name);
		if (a->flags & REG_F_RELEASE)
			ck_assert_msg(p->flags & HELPER_F_RELEASE, "%s: releases in silence", p->name);
		ck_assert_msg((a->flags & REG_F_WRITE) || !(a->flags & REG_F_UNINIT) ||
			      a->kind == HARG_DYNPTR, "%s: uninitialised memory only read", p->name);
	}
}

START_TEST(prototypes_are_sorted_and_sound)
{
	const struct helper_proto *p;
	uint32_t last = 0;

	for (uint32_t row = 0; (p = helper_tab_row(row)); row++) {
		ck_assert_uint_ge(p->id, last);
		last = p->id;
		ck_assert_uint_ne(p->profiles, 0);
		ck_assert_uint_le(p->sleepable, 2);
		if (p->ret == HRET_BTF_ID)
			ck_assert_ptr_nonnull(p->ret_btf);
		if (p->flags & HELPER_F_CHANGES_PKT)
			ck_assert_msg(p->arg[0].kind == HARG_CTX, "%s moves packets without a context",
				      p->name);
		check_args(p);
	}
	ck_assert_uint_gt(last, 200);
}
END_TEST

START_TEST(every_allowed_helper_has_exactly_one_prototype)
{
	unsigned int found = 0;

	for (enum profile p = 0; p < PROFILE_CNT; p++)
		for (uint32_t type = 1; type < PT_CNT; type++)
			for (uint32_t attach = 0; attach < AT_CNT; attach++)
				for (int32_t id = 0; id < 213; id++) {
					struct helper_caller c = caller_of(p, type, attach);
					const struct helper_proto *proto = NULL;
					int r = helper_tab_find(&c, id, &proto);

					ck_assert(r == 0 || r == -EINVAL || r == -ERANGE);
					ck_assert(r != 0 || (proto && proto->id == id));
					found += r == 0;
				}
	ck_assert_uint_gt(found, 100000);
}
END_TEST

START_TEST(a_helper_needs_its_capability)
{
	struct helper_caller c = caller_of(PROFILE_6_18, PT_SOCKET_FILTER, 0);
	const struct helper_proto *proto;

	ck_assert_int_eq(helper_tab_find(&c, 6, &proto), 0);	/* trace_printk */
	c.caps = BGV_CAP_BPF;
	ck_assert_int_eq(helper_tab_find(&c, 6, &proto), -EINVAL);
	ck_assert_int_eq(helper_tab_find(&c, 181, &proto), 0);	/* loop */
	c.caps = 0;
	ck_assert_int_eq(helper_tab_find(&c, 181, &proto), -EINVAL);
	ck_assert_int_eq(helper_tab_find(&c, 1, &proto), 0);
}
END_TEST

START_TEST(helpers_come_with_their_kernel)
{
	struct helper_caller c = caller_of(PROFILE_6_1, PT_SCHED_CLS, 0);
	const struct helper_proto *proto;

	ck_assert_int_eq(helper_tab_find(&c, 210, &proto), -ERANGE);	/* cgrp_storage_get */
	c.profile = PROFILE_6_12;
	ck_assert_int_eq(helper_tab_find(&c, 210, &proto), 0);
	ck_assert_int_eq(helper_tab_find(&c, 212, &proto), -ERANGE);
	ck_assert_int_eq(helper_tab_find(&c, 0, &proto), -EINVAL);
	ck_assert_int_eq(helper_tab_find(&c, -1, &proto), -ERANGE);
}
END_TEST

START_TEST(map_helpers_take_only_their_maps)
{
	ck_assert(helper_tab_takes_map(PROFILE_6_18, 1, MT_HASH));
	ck_assert(!helper_tab_takes_map(PROFILE_6_18, 1, MT_PROG_ARRAY));
	ck_assert(helper_tab_takes_map(PROFILE_6_18, 12, MT_PROG_ARRAY));
	ck_assert(!helper_tab_takes_map(PROFILE_6_18, 12, MT_HASH));
	ck_assert(!helper_tab_takes_map(PROFILE_6_18, 12, 64));
	ck_assert(helper_tab_takes_map(PROFILE_6_18, 5, MT_HASH));
	ck_assert(helper_tab_takes_map(PROFILE_6_18, 100000, MT_HASH));
}
END_TEST

START_TEST(context_fields_lie_apart_for_each_program)
{
	const struct ctx_field *a, *b;

	for (uint32_t i = 0; (a = ctx_tab_row(i)); i++) {
		ck_assert_uint_ne(a->types, 0);
		ck_assert_uint_ne(a->profiles, 0);
		ck_assert_uint_ne(a->size, 0);
		ck_assert(a->read || a->write);
		ck_assert(a->kind != CTXK_BTF_ID || a->btf);
		for (uint32_t j = i + 1; (b = ctx_tab_row(j)); j++) {
			bool same = (a->types & b->types) && (a->profiles & b->profiles) && (a->arches & b->arches) &&
				(!a->attach_types || !b->attach_types ||
				 (a->attach_types & b->attach_types));
			bool overlap = a->off < b->off + b->size && b->off < a->off + a->size;

			/* Members of a union may share bytes, but not with another kind of register. */
			ck_assert_msg(!same || !overlap || a->kind == b->kind, "%s and %s", a->name,
				      b->name);
		}
	}
}
END_TEST

START_TEST(nothing_is_read_outside_a_context)
{
	for (enum profile p = 0; p < PROFILE_CNT; p++)
		for (uint32_t type = 0; type < PT_CNT + 2; type++)
			for (uint32_t size = 0; size < 17; size++) {
				ck_assert_ptr_null(ctx_tab_find(p, KERNEL_ARCH_x86_64, type, 0, 70000, size, false));
				ck_assert_ptr_null(ctx_tab_find(p, KERNEL_ARCH_x86_64, type, 0, UINT32_MAX, size, true));
			}
	ck_assert_ptr_nonnull(ctx_tab_find(PROFILE_6_18, KERNEL_ARCH_x86_64, PT_XDP, 0, 0, 4, false));
	ck_assert_ptr_null(ctx_tab_find(PROFILE_6_18, KERNEL_ARCH_x86_64, PT_XDP, 0, 0, 4, true));
	ck_assert_ptr_null(ctx_tab_find(PROFILE_6_18, KERNEL_ARCH_x86_64, PT_XDP, 0, 0, 8, false));
	/* registers are one architecture's, packets are every one's */
	ck_assert_ptr_nonnull(ctx_tab_find(PROFILE_6_18, KERNEL_ARCH_x86_64, PT_PERF_EVENT, 0, 8, 8, false));
	ck_assert_ptr_null(ctx_tab_find(PROFILE_6_18, KERNEL_ARCH_aarch64, PT_PERF_EVENT, 0, 8, 8, false));
	ck_assert_ptr_nonnull(ctx_tab_find(PROFILE_6_18, KERNEL_ARCH_aarch64, PT_XDP, 0, 0, 4, false));
}
END_TEST

START_TEST(licenses_are_compared_whole)
{
	ck_assert(progtype_license_is_gpl("GPL"));
	ck_assert(progtype_license_is_gpl("Dual BSD/GPL"));
	ck_assert(!progtype_license_is_gpl("GPL "));
	ck_assert(!progtype_license_is_gpl("gpl"));
	ck_assert(!progtype_license_is_gpl(""));
	ck_assert(!progtype_license_is_gpl(NULL));
	ck_assert(!progtype_license_is_gpl("Apache-2.0"));
}
END_TEST

START_TEST(attach_types_are_held_to_their_program_type)
{
	ck_assert(progtype_takes_attach(PROFILE_6_18, PT_XDP, 12345));
	ck_assert(progtype_takes_attach(PROFILE_6_18, PT_CGROUP_SKB, AT_CGROUP_INET_EGRESS));
	ck_assert(!progtype_takes_attach(PROFILE_6_18, PT_CGROUP_SKB, AT_CGROUP_DEVICE));
	ck_assert(progtype_takes_attach(PROFILE_6_12, PT_CGROUP_SOCK_ADDR, AT_CGROUP_UNIX_CONNECT));
	ck_assert(!progtype_takes_attach(PROFILE_6_1, PT_CGROUP_SOCK_ADDR, AT_CGROUP_UNIX_CONNECT));
	ck_assert(progtype_takes_attach(PROFILE_6_18, PT_SYSCALL, 0));
	ck_assert(!progtype_takes_attach(PROFILE_6_18, PT_SYSCALL, 1));
	ck_assert_uint_eq(progtype_fix_attach(PT_CGROUP_SOCK, 0), AT_CGROUP_INET_SOCK_CREATE);
	ck_assert_uint_eq(progtype_fix_attach(PT_XDP, 0), 0);
}
END_TEST

START_TEST(return_ranges_are_ordered)
{
	unsigned int ranged = 0;

	for (enum profile p = 0; p < PROFILE_CNT; p++)
		for (uint32_t type = 0; type < PT_CNT; type++)
			for (uint32_t attach = 0; attach < AT_CNT; attach++) {
				struct ret_range r = { 1, 0 };

				if (!ret_range_of(p, type, attach, &r))
					continue;
				ck_assert_int_le(r.lo, r.hi);
				ranged++;
			}
	ck_assert_uint_gt(ranged, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tables");
	TCase *t = tcase_create("tables");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_version_names_the_nearest_older_profile);
	tcase_add_test(t, one_bounds_engine_and_one_liveness_a_profile);
	tcase_add_test(t, every_program_and_map_type_has_a_name);
	tcase_add_test(t, every_helper_number_has_a_prototype);
	tcase_add_test(t, prototypes_are_sorted_and_sound);
	tcase_add_test(t, every_allowed_helper_has_exactly_one_prototype);
	tcase_add_test(t, a_helper_needs_its_capability);
	tcase_add_test(t, helpers_come_with_their_kernel);
	tcase_add_test(t, map_helpers_take_only_their_maps);
	tcase_add_test(t, context_fields_lie_apart_for_each_program);
	tcase_add_test(t, nothing_is_read_outside_a_context);
	tcase_add_test(t, licenses_are_compared_whole);
	tcase_add_test(t, attach_types_are_held_to_their_program_type);
	tcase_add_test(t, return_ranges_are_ordered);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
