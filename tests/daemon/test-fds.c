/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was decided is what is executed: for every descriptor field of the table, what a decider is told that it
 * names (work_fd_at()) is held against what the loader would get (forward_fill()), with number 0, with a number
 * that is open and one that is not, in use and not. What 0 means to the kernel is written down here by hand.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/broker/ask/forward.h"
#include "proto/cmd.h"
#include "proto/own.h"

enum { OPEN = 7, CLOSED = 9, SELF = 4711 };

/* Fields where the kernel (6.18) takes 0 for nobody, in use as they may be; anywhere else it is descriptor 0. */
static const struct {
	uint32_t cmd;
	const char *field;
	uint8_t only_for;
} none_when_zero[] = {
	{ CMD_PROG_LOAD, "attach_prog_fd", CMD_ATTACH_ANY },
	{ CMD_PROG_ATTACH, "relative_fd", CMD_ATTACH_ANY },
	{ CMD_PROG_DETACH, "attach_bpf_fd", CMD_ATTACH_NETDEV },
	{ CMD_PROG_DETACH, "attach_bpf_fd", CMD_ATTACH_CGROUP },
	{ CMD_PROG_DETACH, "relative_fd", CMD_ATTACH_ANY },
	{ CMD_LINK_CREATE, "cgroup.relative_fd", CMD_ATTACH_CGROUP },
	{ CMD_LINK_CREATE, "tcx.relative_fd", CMD_ATTACH_NETDEV },
};

static bool zero_is_nobody(uint32_t cmd, const struct cmd_fd *field)
{
	for (size_t i = 0; i < ARRAY_CNT(none_when_zero); i++)
		if (none_when_zero[i].cmd == cmd && none_when_zero[i].only_for == field->only_for &&
		    strcmp(none_when_zero[i].field, field->name) == 0)
			return true;
	return false;
}

/* ---- a request with one descriptor ----------------------------------------------------------- */

struct rig {
	struct broker broker;
	struct ident ident;
	struct quota_table *table;
	struct work work;
	int fds[2];
};

static void rig_begin(struct rig *rig, uint32_t cmd)
{
	struct request *req = &rig->work.req;

	memset(rig, 0, sizeof(*rig));
	for (int i = 0; i < 2; i++)	/* something that may be passed on, and is not an object of ours */
		rig->fds[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ck_assert(rig->fds[0] >= 0 && rig->fds[1] >= 0);
	ck_assert_int_eq(quota_table_new(NULL, &rig->table), 0);
	ck_assert_int_eq(quota_account_get(rig->table, 1000, &rig->work.account), 0);
	rig->ident.pid = SELF;
	rig->work.ident = &rig->ident;
	rig->work.broker = &rig->broker;
	rig->work.msg.fds[0] = rig->fds[0];
	rig->work.msg.fds[1] = rig->fds[1];
	req->cmd = cmd;
	req->row = cmd_row_of(cmd);
	req->attr_bytes = req->row->attr_end;
	req->fd_cnt = 2;
	req->fd_numbers[0] = 0;
	req->fd_numbers[1] = OPEN;
}

static void rig_end(struct rig *rig)
{
	loader_call_free(rig->work.loader_call);
	quota_account_unref(rig->work.account);
	quota_table_free(rig->table);
	close(rig->fds[0]);
	close(rig->fds[1]);
}

/* An attach type of this class, whose target is a descriptor or is not; a namespace is none to PROG_ATTACH. */
static bool rig_attach_as(struct rig *rig, uint8_t cls, bool target_is_fd)
{
	struct request *req = &rig->work.req;

	for (uint32_t type = 0; type < CMD_ATTACH_CNT; type++) {
		const struct cmd_attach *attach = cmd_attach_of(type);
		bool is_fd = attach->target != CMD_TARGET_NONE && attach->target != CMD_TARGET_IFINDEX &&
			     (attach->target != CMD_TARGET_NETNS || (rig->work.req.cmd != CMD_PROG_ATTACH &&
			      rig->work.req.cmd != CMD_PROG_DETACH));

		if (attach->target == CMD_TARGET_PROG)	/* where it may be one: below */
			continue;
		if ((cls == CMD_ATTACH_ANY || attach->cls == cls) && is_fd == target_is_fd) {
			attr_put_u32(req->attr, req->row->attach_off, type);
			return true;
		}
	}
	return false;
}

/* Makes the field one that is in use, or one that is not. false: it always, or never, is. */
static bool rig_use(struct rig *rig, const struct cmd_fd *field, bool used)
{
	uint8_t *attr = rig->work.req.attr;

	if (rig->work.req.row->attach_off != CMD_NO_OFF &&
	    !rig_attach_as(rig, field->only_for, (field->when == CMD_FD_IF_TARGET || field->when == CMD_FD_IF_PLACE) && used) &&
	    !rig_attach_as(rig, field->only_for, true))
		return false;
	switch ((enum cmd_fd_when)field->when) {
	case CMD_FD_ALWAYS:
	case CMD_FD_NONZERO:
		return used;
	case CMD_FD_IF_FLAG:
		attr_put_u32(attr, field->flag_off, used ? field->flag : ~field->flag);
		return true;
	case CMD_FD_ANCHOR:
		attr_put_u32(attr, field->flag_off, used ? 0 : CMD_F_ID | CMD_F_LINK);
		return true;
	case CMD_FD_IF_TARGET:
	case CMD_FD_IF_PLACE:
		return true;
	case CMD_FD_IF_SELF:
		attr_put_u32(attr, field->flag_off, used ? SELF : SELF + 1);
		return true;
	case CMD_FD_IF_ANY:
		attr_put_u32(attr, field->any_off[2], used ? 1 : 0);
		return true;
	case CMD_FD_IF_MAP_IN_MAP:
		attr_put_u32(attr, field->flag_off, used ? 12 : 1);
		return true;
	}
	return false;
}

/* All the others are open, so that nothing but this field is in question. */
static void rig_fill(struct rig *rig, const struct cmd_fd *field, uint32_t number)
{
	const struct cmd_row *row = rig->work.req.row;

	for (int i = 0; i < row->fd_cnt; i++)
		if (row->fds[i].off != field->off)
			attr_put_u32(rig->work.req.attr, row->fds[i].off, OPEN);
	attr_put_u32(rig->work.req.attr, field->off, number);
}

/* ---- decider and executor -------------------------------------------------------------------- */

/* What the decider was told, or must have been: the loader gets this file, this number, or no call. */
static void compare(struct rig *rig, const struct cmd_fd *field, uint32_t number, int decided)
{
	int r = forward_fill(&rig->work, 0);
	const struct loader_call *call = rig->work.loader_call;
	uint32_t executed = attr_u32(call->ask.attr, field->off);
	const char *name = rig->work.req.row->name;

	if (decided == -EBADF) {
		ck_assert_msg(r == -EBADF, "%s %s %u: decided %d, executed %d", name, field->name, number,
			      decided, r);
		return;
	}
	ck_assert_msg(r == 0, "%s %s %u: %d", name, field->name, number, r);
	if (decided == -ENOENT)
		ck_assert_msg(executed == number, "%s %s %u: none, executed %u", name, field->name, number,
			      executed);
	else
		ck_assert_msg(executed - DOOR_FD_FIRST < call->fd_cnt &&
				      call->fds[executed - DOOR_FD_FIRST] == decided,
			      "%s %s %u: executed %u", name, field->name, number, executed);
}

static void try_field(uint32_t cmd, const struct cmd_fd *field, uint32_t number, bool used, unsigned int *cnt)
{
	struct rig rig;
	int want, decided;

	rig_begin(&rig, cmd);
	if (rig_use(&rig, field, used)) {
		rig_fill(&rig, field, number);
		want = !used || (number == 0 && zero_is_nobody(cmd, field)) ? -ENOENT :
		       number == CLOSED					    ? -EBADF :
										      rig.fds[number == OPEN];
		decided = work_fd_at(&rig.work, field->off);
		ck_assert_msg(decided == want, "%s %s %u: decided %d, not %d", rig.work.req.row->name,
			      field->name, number, decided, want);
		compare(&rig, field, number, decided);
		++*cnt;
	}
	rig_end(&rig);
}

START_TEST(a_descriptor_is_the_same_to_who_decides_and_to_who_executes)
{
	static const uint32_t numbers[] = { 0, OPEN, CLOSED };
	unsigned int cnt = 0;

	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);

		for (int i = 0; i < row->fd_cnt; i++)
			for (size_t n = 0; n < 2 * ARRAY_CNT(numbers); n++)
				try_field(cmd, &row->fds[i], numbers[n / 2], n % 2, &cnt);
	}
	ck_assert_uint_ge(cnt, 180);
}
END_TEST

/* With the flag for links 0 is a link's descriptor; with the one for ids the number is none at all. */
START_TEST(an_anchor_is_what_its_flags_say)
{
	static const struct {
		uint32_t flags, number;
		int want;	/* index of the file, or -errno */
	} rows[] = {
		{ 0, 0, -ENOENT },	  { 0, OPEN, 1 },	    { CMD_F_LINK, 0, 0 },
		{ CMD_F_LINK, OPEN, 1 },  { CMD_F_LINK, CLOSED, -EBADF }, { CMD_F_ID, OPEN, -ENOENT },
		{ CMD_F_ID, 0, -ENOENT }, { CMD_F_ID | CMD_F_LINK, OPEN, -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		const struct cmd_fd *field = &cmd_row_of(CMD_PROG_ATTACH)->fds[3];
		struct rig rig;
		int decided;

		ck_assert_str_eq(field->name, "relative_fd");
		rig_begin(&rig, CMD_PROG_ATTACH);
		ck_assert(rig_attach_as(&rig, CMD_ATTACH_NETDEV, false));
		rig_fill(&rig, field, rows[i].number);
		attr_put_u32(rig.work.req.attr, ATTR_ATTACH_FLAGS, rows[i].flags);
		decided = work_fd_at(&rig.work, field->off);
		ck_assert_msg(decided == (rows[i].want < 0 ? rows[i].want : rig.fds[rows[i].want]), "row %zu", i);
		compare(&rig, field, rows[i].number, decided);
		rig_end(&rig);
	}
}
END_TEST

/* PROG_ATTACH takes the caller's own network namespace, and 0 for its number; a link names one. */
START_TEST(a_namespace_is_a_descriptor_for_links_alone)
{
	static const uint32_t cmds[] = { CMD_PROG_ATTACH, CMD_PROG_DETACH, CMD_LINK_CREATE };
	enum { FLOW_DISSECTOR = 17 };

	for (size_t i = 0; i < ARRAY_CNT(cmds); i++) {
		bool is_link = cmds[i] == CMD_LINK_CREATE;
		uint16_t off = is_link ? ATTR_LINK_CREATE_TARGET_FD : ATTR_ATTACH_TARGET_FD;
		struct rig rig;

		rig_begin(&rig, cmds[i]);
		attr_put_u32(rig.work.req.attr, rig.work.req.row->attach_off, FLOW_DISSECTOR);
		ck_assert_int_eq(work_fd_at(&rig.work, off), is_link ? rig.fds[0] : -ENOENT);
		attr_put_u32(rig.work.req.attr, off, OPEN);
		ck_assert_int_eq(work_fd_at(&rig.work, off), is_link ? rig.fds[1] : -ENOENT);
		rig_end(&rig);
	}
}
END_TEST

/* A program to attach to, or the one that was named at the load. */
START_TEST(a_program_as_target_is_none_when_zero)
{
	static const uint32_t numbers[] = { 0, OPEN, CLOSED };

	for (size_t i = 0; i < ARRAY_CNT(numbers); i++) {
		const struct cmd_fd *field = &cmd_row_of(CMD_LINK_CREATE)->fds[1];
		uint32_t type = 0;
		struct rig rig;
		int decided;

		ck_assert_str_eq(field->name, "target_fd");
		while (cmd_attach_of(type)->target != CMD_TARGET_PROG)
			type++;
		rig_begin(&rig, CMD_LINK_CREATE);
		attr_put_u32(rig.work.req.attr, ATTR_LINK_CREATE_ATTACH_TYPE, type);
		rig_fill(&rig, field, numbers[i]);
		decided = work_fd_at(&rig.work, field->off);
		ck_assert_int_eq(decided, i == 0 ? -ENOENT : i == 1 ? rig.fds[1] : -EBADF);
		compare(&rig, field, numbers[i], decided);
		rig_end(&rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fds");
	TCase *tcase = tcase_create("fds");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, a_descriptor_is_the_same_to_who_decides_and_to_who_executes);
	tcase_add_test(tcase, an_anchor_is_what_its_flags_say);
	tcase_add_test(tcase, a_namespace_is_a_descriptor_for_links_alone);
	tcase_add_test(tcase, a_program_as_target_is_none_when_zero);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
