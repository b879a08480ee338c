/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PROG_QUERY and TASK_FD_QUERY: who is attached where, and what an fd of one's own is. The kernel tells all
 * it knows to whoever may ask; the client may ask where its rules let it attach, and hears of its own programs and of
 * those that a rule shares with it. Other users' programs are not counted either.
 */
#include <errno.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/work/session.h"
#include "daemon/broker/ask/target.h"

enum {
	QUERY_MAX = 64,		/* BPF_MPROG_MAX, BPF_CGROUP_MAX_PROGS: the kernel has no more at a place */
	QUERY_ARRAYS = 4,
	QUERY_ENOTSUPP = 524,	/* the kernel's own number, which libc does not know */
};

/* In the order of the command table. */
static const uint16_t query_arrays[QUERY_ARRAYS] = {
	ATTR_QUERY_PROG_IDS, ATTR_QUERY_PROG_ATTACH_FLAGS, ATTR_QUERY_LINK_IDS,
	ATTR_QUERY_LINK_ATTACH_FLAGS,
};

/* What the client asked for; the kernel is asked for more. */
struct query {
	struct request_ptr asked[QUERY_ARRAYS];
	uint32_t asked_cnt;
	uint32_t found[QUERY_ARRAYS][QUERY_MAX];
	struct target target;
};

static struct request_ptr *query_ptr(struct work *work, int array)
{
	return &work->req.ptrs[cmd_find_ptr(work->req.row, work->req.attr, query_arrays[array])];
}

/* Room for everything, and the ids in any case: they decide what the client may see. */
static void query_widen(struct work *work, struct query *query)
{
	query->asked_cnt = work_u32(work, ATTR_QUERY_COUNT);
	attr_put_u32(work->req.attr, ATTR_QUERY_COUNT, QUERY_MAX);
	for (int i = 0; i < QUERY_ARRAYS; i++) {
		struct request_ptr *ptr = query_ptr(work, i);

		query->asked[i] = *ptr;
		if (i == 0 || ptr->state == WIRE_PTR_PRESENT)
			*ptr = (struct request_ptr){ .state = WIRE_PTR_PRESENT,
						     .room = QUERY_MAX * sizeof(uint32_t) };
	}
}

static bool query_may_see(struct work *work, uint32_t prog_id)
{
	const struct ledger_rec *rec = ledger_find(work->broker->ledger, LEDGER_PROG, prog_id);

	return rec && forward_may_see(work, rec);
}

/* Keeps what the client may see, in order. Returns how many that are. */
static uint32_t query_filter(struct work *work, struct query *query,
			     const struct loader_result *result, uint32_t total)
{
	const uint8_t *arrays[QUERY_ARRAYS] = { NULL };
	unsigned int nth = 0;
	uint32_t cnt = 0;

	for (int i = 0; i < QUERY_ARRAYS; i++) {
		uint32_t bytes = 0;

		if (query_ptr(work, i)->state == WIRE_PTR_PRESENT)
			arrays[i] = loader_result_out(work->loader_call, result, nth++, &bytes);
		if (bytes < total * sizeof(uint32_t))
			arrays[i] = NULL;
	}
	for (uint32_t n = 0; arrays[0] && n < total; n++) {
		if (!query_may_see(work, attr_u32(arrays[0], n * sizeof(uint32_t))))
			continue;
		for (int i = 0; i < QUERY_ARRAYS; i++)
			if (arrays[i])
				query->found[i][cnt] = attr_u32(arrays[i], n * sizeof(uint32_t));
		cnt++;
	}
	return cnt;
}

/* As bpf_mprog_query() ends: how many there are, and as many of them as were asked for. */
static void query_answer(struct work *work, struct query *query, uint32_t cnt)
{
	uint32_t shown = cnt < query->asked_cnt ? cnt : query->asked_cnt;
	bool wanted = query->asked_cnt && query->asked[0].state == WIRE_PTR_PRESENT;

	for (int i = 0; i < QUERY_ARRAYS; i++) {
		*query_ptr(work, i) = query->asked[i];
		if (wanted && shown)
			reply_set_buf(&work->reply, &work->req, query_arrays[i], query->found[i],
				      shown * sizeof(uint32_t));
	}
	reply_set_out(&work->reply, &work->req, ATTR_QUERY_COUNT, cnt);
	work_reply(work, wanted && shown < cnt ? -ENOSPC : 0);
}

static void query_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct query *query = work->state;
	const struct door_answer *answer = result->answer;
	uint32_t total;

	if (!work_loader_answered(work, result))
		return;
	if (answer->result < 0) {
		work_reply(work, answer->result);
		return;
	}
	total = attr_u32(answer->attr, ATTR_QUERY_COUNT);
	if (total > QUERY_MAX)
		total = QUERY_MAX;
	reply_set_out(&work->reply, &work->req, ATTR_QUERY_ATTACH_FLAGS,
		      attr_u32(answer->attr, ATTR_QUERY_ATTACH_FLAGS));
	if (answer->attr_bytes >= ATTR_END_QUERY_REVISION)
		reply_set_out(&work->reply, &work->req, ATTR_QUERY_REVISION,
			      attr_u64(answer->attr, ATTR_QUERY_REVISION));
	query_answer(work, query, query_filter(work, query, result, total));
}

/* Interfaces are numbers of the client's network namespace. */
static void query_run(struct work *work)
{
	struct query *query = work->state;
	int r;

	query_widen(work, query);
	r = forward_fill(work, CAPS_BPF | CAPS_NET_ADMIN);
	if (r >= 0 && work->loader_call->ask.attr_bytes < ATTR_END_QUERY_PROG_ATTACH_FLAGS)
		work->loader_call->ask.attr_bytes = ATTR_END_QUERY_PROG_ATTACH_FLAGS;
	if (r >= 0 && query->target.in_netns)
		r = work_enter_netns(work);
	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, query_on_done);
}

/* What is asked is asked often, and what is told is the caller's own: only a refusal is written down. */
static void query_decide(struct work *work, int err)
{
	struct query *query = work->state;
	struct policy_request request = { .verb = POLICY_QUERY, .target = &query->target.policy };

	if (err < 0) {
		work_reply(work, err);
		return;
	}
	if (decide_allows(work, &request) || decide(work, &request, NULL))
		query_run(work);
}

/* Places of which the kernel tells who stands there. */
static bool query_is_of_a_place(const struct cmd_attach *attach)
{
	return attach && (attach->target == CMD_TARGET_IFINDEX || attach->target == CMD_TARGET_CGROUP ||
			  attach->target == CMD_TARGET_NETNS || attach->target == CMD_TARGET_MAP);
}

void prog_query(struct work *work)
{
	static const struct target_fields fields = { ATTR_QUERY_ATTACH_TYPE,
						     ATTR_QUERY_TARGET_IFINDEX, TARGET_NOWHERE };
	struct query *query = calloc(1, sizeof(*query));

	if (!query) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->state = query;
	work->state_free = free;
	/* Only own programs are shown: who can have none costs no loader, not even to learn where he asks. */
	if (!decide_names_for(work, POLICY_QUERY)) {
		work_refuse_as(work, EPERM, DECISION_BY_POLICY, policy_condition_name(POLICY_COND_WHO),
			       "no rule allows any program to this caller");
		return;
	}
	if (query_is_of_a_place(cmd_attach_of(work_u32(work, ATTR_QUERY_ATTACH_TYPE))))
		target_find(work, &fields, NULL, &query->target, query_decide);
	else
		work_reply(work, -EINVAL);
}

/* ---- TASK_FD_QUERY ---- */

/* Of the kernel's kinds only raw tracepoints come from us; perf events are the client's own. */
static int query_task_fd(struct work *work)
{
	uint32_t pid = work_u32(work, ATTR_TASK_FD_QUERY_PID), room = work_u32(work, ATTR_TASK_FD_QUERY_BUF_LEN);
	int fd = work_fd_at(work, ATTR_TASK_FD_QUERY_FD);
	char *name;
	size_t bytes;
	struct client_obj obj;

	if (work_u32(work, ATTR_TASK_FD_QUERY_FLAGS))
		return -EINVAL;
	/* Other processes are no business of the client's: to it they do not exist. */
	if (work->req.attr_bytes < ATTR_TASK_FD_QUERY_PID + sizeof(pid) ||
	    (pid != CMD_PID_SELF && (pid_t)pid != work->ident->pid))
		return -ENOENT;
	if (fd < 0)
		return -EBADF;
	if (client_obj_of_fd(work->broker, fd, &obj) < 0 || obj.kind != KEEP_LINK || !obj.rec ||
	    obj.rec->link.kind != POLICY_ATTACH_RAW_TRACEPOINT)
		return -QUERY_ENOTSUPP;
	name = strdup(obj.rec->link.name); /* the reply borrows it */
	if (!name)
		return -ENOMEM;
	work->state = name;
	work->state_free = free;
	reply_set_out(&work->reply, &work->req, ATTR_TASK_FD_QUERY_PROG_ID, obj.rec->link.prog_id);
	reply_set_out(&work->reply, &work->req, ATTR_TASK_FD_QUERY_FD_TYPE, 0);
	reply_set_out(&work->reply, &work->req, ATTR_TASK_FD_QUERY_BUF_LEN, strlen(name));
	bytes = strlen(name) + 1;
	if (!room || bytes <= room)
		room = (uint32_t)bytes;
	name[room - 1] = '\0';
	reply_set_buf(&work->reply, &work->req, ATTR_TASK_FD_QUERY_BUF, name, room);
	return room < bytes ? -ENOSPC : 0;
}

void task_fd_query(struct work *work)
{
	work_reply(work, query_task_fd(work));
}
