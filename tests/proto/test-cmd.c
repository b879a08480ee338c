/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command table holds what it promises: no holes, nothing outside of the attr, nothing longer
 * than its arrays; and what a client's fd field means is decided as the kernel does.
 */
#include "proto/cmd.h"

#include "proto/own.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_command_has_a_row)
{
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);

		ck_assert_msg(row && row->name, "command %u has no row", cmd);
		ck_assert_uint_eq(cmd_id_of(row), cmd);
		ck_assert_msg(row->least_kernel && row->attr_end, "%s is incomplete", row->name);
		ck_assert_uint_le(row->attr_end, ATTR_BYTES);
		ck_assert_uint_le(row->ptr_cnt, CMD_PTRS_MAX);
		ck_assert_uint_le(row->fd_cnt, CMD_FDS_MAX);
		ck_assert_uint_le(row->out_cnt, CMD_OUTS_MAX);
	}
}
END_TEST

START_TEST(an_unknown_command_has_no_row)
{
	ck_assert_ptr_nonnull(cmd_row_of(CMD_CNT - 1));
	ck_assert_ptr_null(cmd_row_of(CMD_CNT));
	ck_assert_ptr_null(cmd_row_of(CMD_PROG_LOAD | CMD_COMMON_ATTRS));
	ck_assert_ptr_null(cmd_row_of(UINT32_MAX));
}
END_TEST

START_TEST(every_pointer_lies_inside_its_attr)
{
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);

		for (int i = 0; i < row->ptr_cnt; i++) {
			const struct cmd_ptr *ptr = &row->ptrs[i];

			ck_assert_msg(ptr->name && ptr->dir, "%s.%d", row->name, i);
			ck_assert_msg(ptr->max_bytes > 0, "%s.%s has no limit", row->name, ptr->name);
			if (ptr->in_info) {
				ck_assert_msg(i > 0 && row->ptrs[0].content == CMD_INFO, "%s",
					      ptr->name);
				continue;
			}
			ck_assert_msg(ptr->off % 8 == 0 && ptr->off + 8 <= row->attr_end, "%s.%s",
				      row->name, ptr->name);
			ck_assert_msg(ptr->len_off == CMD_NO_OFF || ptr->len_off + 4 <= row->attr_end,
				      "%s.%s", row->name, ptr->name);
			ck_assert_msg(!ptr->only_for || row->attach_off != CMD_NO_OFF, "%s.%s",
				      row->name, ptr->name);
		}
	}
}
END_TEST

START_TEST(every_fd_and_output_lies_inside_its_attr)
{
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);

		for (int i = 0; i < row->fd_cnt; i++)
			ck_assert_msg(row->fds[i].off + 4 <= row->attr_end, "%s.%s", row->name,
				      row->fds[i].name);
		for (int i = 0; i < row->out_cnt; i++)
			ck_assert_msg(row->outs[i].off + row->outs[i].bytes <= row->attr_end,
				      "%s.%s", row->name, row->outs[i].name);
	}
}
END_TEST

/* What the table says of a field must be what attr.h says lies at that offset. */
START_TEST(every_field_is_one_that_the_attr_has)
{
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);

		for (int i = 0; i < row->fd_cnt; i++) {
			bool found = false;

			for (size_t f = 0; f < attr_field_cnt && !found; f++)
				found = attr_fields[f].off == row->fds[i].off &&
					attr_fields[f].bytes == 4 &&
					strstr(attr_fields[f].path, row->fds[i].name);
			ck_assert_msg(found, "%s.%s", row->name, row->fds[i].name);
		}
	}
}
END_TEST

static bool fd_used(uint32_t cmd, const char *name, const uint8_t *attr)
{
	const struct cmd_row *row = cmd_row_of(cmd);

	for (int i = 0; i < row->fd_cnt; i++)
		if (!strcmp(row->fds[i].name, name))
			return cmd_fd_used(row, &row->fds[i], attr, 99);
	ck_abort_msg("%s has no %s", row->name, name);
}

START_TEST(an_interface_index_is_no_fd)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	enum { XDP = 37, TCX_INGRESS = 46, CGROUP_INET_INGRESS = 0, SK_LOOKUP = 36 };

	attr_put_u32(attr, ATTR_LINK_CREATE_TARGET_FD, 5);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, XDP);
	ck_assert(!fd_used(CMD_LINK_CREATE, "target_fd", attr));
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, TCX_INGRESS);
	ck_assert(!fd_used(CMD_LINK_CREATE, "target_fd", attr));
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, CGROUP_INET_INGRESS);
	ck_assert(fd_used(CMD_LINK_CREATE, "target_fd", attr));
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, SK_LOOKUP);
	ck_assert(fd_used(CMD_LINK_CREATE, "target_fd", attr));
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, CMD_ATTACH_CNT);
	ck_assert(!fd_used(CMD_LINK_CREATE, "target_fd", attr));
}
END_TEST

START_TEST(a_flag_decides_whether_a_number_is_an_fd)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_MAP_CREATE_TOKEN_FD, 5);
	ck_assert(!fd_used(CMD_MAP_CREATE, "map_token_fd", attr));
	attr_put_u32(attr, ATTR_MAP_CREATE_FLAGS, CMD_F_TOKEN_FD);
	ck_assert(fd_used(CMD_MAP_CREATE, "map_token_fd", attr));

	memset(attr, 0, sizeof(attr));
	attr_put_u32(attr, ATTR_ATTACH_RELATIVE_FD, 5);
	ck_assert(fd_used(CMD_PROG_ATTACH, "relative_fd", attr));
	attr_put_u32(attr, ATTR_ATTACH_FLAGS, CMD_F_ID);
	ck_assert(!fd_used(CMD_PROG_ATTACH, "relative_fd", attr));
}
END_TEST

START_TEST(a_btf_fd_counts_only_with_something_to_describe)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_PROG_LOAD_PROG_BTF_FD, 5);
	ck_assert(!fd_used(CMD_PROG_LOAD, "prog_btf_fd", attr));
	attr_put_u32(attr, ATTR_PROG_LOAD_LINE_INFO_CNT, 1);
	ck_assert(fd_used(CMD_PROG_LOAD, "prog_btf_fd", attr));
	attr_put_u32(attr, ATTR_PROG_LOAD_PROG_BTF_FD, 0);
	ck_assert(fd_used(CMD_PROG_LOAD, "prog_btf_fd", attr));
}
END_TEST

START_TEST(only_maps_of_maps_have_an_inner_map)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	enum { HASH = 1, ARRAY_OF_MAPS = 12 };

	attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, HASH);
	ck_assert(!fd_used(CMD_MAP_CREATE, "inner_map_fd", attr));
	attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, ARRAY_OF_MAPS);
	ck_assert(fd_used(CMD_MAP_CREATE, "inner_map_fd", attr));
}
END_TEST

START_TEST(an_fd_of_another_process_is_only_a_number)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_TASK_FD_QUERY_PID, 98);
	ck_assert(!fd_used(CMD_TASK_FD_QUERY, "fd", attr));
	attr_put_u32(attr, ATTR_TASK_FD_QUERY_PID, 99);
	ck_assert(fd_used(CMD_TASK_FD_QUERY, "fd", attr));
}
END_TEST

START_TEST(unions_are_told_apart_by_the_attach_type)
{
	const struct cmd_row *row = cmd_row_of(CMD_LINK_CREATE);
	uint8_t attr[ATTR_BYTES] = { 0 };
	enum { TRACE_ITER = 28, UPROBE_MULTI = 48, KPROBE_SESSION = 56 };
	int idx;

	ck_assert_int_eq(cmd_find_ptr(row, attr, ATTR_LINK_CREATE_ITER_INFO), -ENOENT);
	attr_put_u32(attr, row->attach_off, TRACE_ITER);
	idx = cmd_find_ptr(row, attr, ATTR_LINK_CREATE_ITER_INFO);
	ck_assert_int_ge(idx, 0);
	ck_assert_str_eq(row->ptrs[idx].name, "iter_info");
	attr_put_u32(attr, row->attach_off, UPROBE_MULTI);
	idx = cmd_find_ptr(row, attr, ATTR_LINK_CREATE_UPROBE_MULTI_PATH);
	ck_assert_int_ge(idx, 0);
	ck_assert_str_eq(row->ptrs[idx].name, "uprobe_multi.path");
	attr_put_u32(attr, row->attach_off, KPROBE_SESSION);
	idx = cmd_find_ptr(row, attr, ATTR_LINK_CREATE_KPROBE_MULTI_ADDRS);
	ck_assert_int_ge(idx, 0);
	ck_assert_str_eq(row->ptrs[idx].name, "kprobe_multi.addrs");
}
END_TEST

START_TEST(only_some_maps_hold_fds)
{
	enum { HASH = 1, PROG_ARRAY = 3, DEVMAP = 14 };

	ck_assert_int_eq(cmd_value_fd_off(HASH), -ENOENT);
	ck_assert_int_eq(cmd_value_fd_off(PROG_ARRAY), 0);
	ck_assert_int_eq(cmd_value_fd_off(DEVMAP), 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cmd");
	TCase *tcase = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, every_command_has_a_row);
	tcase_add_test(tcase, an_unknown_command_has_no_row);
	tcase_add_test(tcase, every_pointer_lies_inside_its_attr);
	tcase_add_test(tcase, every_fd_and_output_lies_inside_its_attr);
	tcase_add_test(tcase, every_field_is_one_that_the_attr_has);
	tcase_add_test(tcase, an_interface_index_is_no_fd);
	tcase_add_test(tcase, a_flag_decides_whether_a_number_is_an_fd);
	tcase_add_test(tcase, a_btf_fd_counts_only_with_something_to_describe);
	tcase_add_test(tcase, only_maps_of_maps_have_an_inner_map);
	tcase_add_test(tcase, an_fd_of_another_process_is_only_a_number);
	tcase_add_test(tcase, unions_are_told_apart_by_the_attach_type);
	tcase_add_test(tcase, only_some_maps_hold_fds);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
