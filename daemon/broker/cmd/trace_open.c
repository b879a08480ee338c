/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tracing clients read of tracefs, which is root's: shown as far as policy lets the caller
 * trace what it is about, as a copy of its own. Of a tracepoint its number and its format, of the
 * list of all tracepoints those that a rule names. The list of functions is no secret, since
 * everybody reads their names in /proc/kallsyms: who may attach to one has it whole, as the kernel's
 * own file. The addresses in /proc/kallsyms are the kernel's: a rule must say so in so many words.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/caps.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/events.h"
#include "proto/channel.h"
#include "proto/refusal.h"
#include "proto/trace.h"

#define TRACE_TEXT_MAX 65536u /* a format takes some thousand bytes */

struct trace_call {
	struct trace_open open;
	struct policy_target target;
	char name[EVENTS_NAME_BYTES]; /* "category:event" */
	char path[EVENTS_NAME_BYTES]; /* "category/event" */
};

/* ---- the copy ---- */

static void trace_reply(struct work *work, const char *text, size_t bytes)
{
	const struct trace_call *call = work->state;
	OWN_FD int fd = -1;
	int r = channel_seal_bytes(text, bytes, &fd);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	decide_note_grant(work, "what the kernel says of %s",
			  call->name[0] ? call->name : "its tracepoints");
	work_reply_fd(work, fd);
}

static int trace_read(int fd, char *text)
{
	size_t got = 0;
	ssize_t n = 1;

	while (n > 0 && got < TRACE_TEXT_MAX) {
		n = read(fd, text + got, TRACE_TEXT_MAX - got);
		if (n < 0)
			return -errno;
		got += (size_t)n;
	}
	return (int)got;
}

static void trace_on_file(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct work *work = ctx;
	OWN_FD int fd = packet_fds_take(fds, 0);
	OWN_MEM char *text = malloc(TRACE_TEXT_MAX);
	int r = tell->result;

	if (r >= 0 && (fd < 0 || !text))
		r = -ENOMEM;
	if (r >= 0)
		r = trace_read(fd, text);
	if (r < 0)
		work_reply(work, r);
	else
		trace_reply(work, text, (size_t)r);
}

/* ---- one tracepoint ---- */

static bool trace_take_name(struct trace_call *call, const struct request_ptr *name)
{
	char *slash;

	if (name->state != WIRE_PTR_PRESENT || name->bytes > sizeof(call->path))
		return false;
	memcpy(call->path, name->data, name->bytes);
	memcpy(call->name, name->data, name->bytes);
	slash = strchr(call->name, '/');
	if (slash)
		*slash = ':';
	return slash;
}

static void trace_open_event(struct work *work, struct trace_call *call)
{
	struct policy_request request = { .verb = POLICY_PERF_EVENT, .target = &call->target };
	struct keep_ask ask = { .kind = ASK_TRACE,
				.obj_kind = call->open.what == TRACE_FILE_ID ? TRACE_EVENT_ID
									     : TRACE_EVENT_FORMAT };
	int r;

	if (!trace_take_name(call, &work->req.ptrs[0])) {
		work_reply(work, -EINVAL);
		return;
	}
	call->target =
		(struct policy_target){ .kind = POLICY_ATTACH_TRACEPOINT, .name = call->name };
	if (!decide(work, &request, NULL))
		return;
	ask.bytes = (uint32_t)strlen(call->path);
	r = to_parent_ask(work->broker->to_parent, &ask, call->path, NULL, 0, trace_on_file, work);
	if (r < 0)
		work_reply(work, r);
}

/* ---- all of them ---- */

struct trace_list {
	struct work *work;
	struct policy_target target;
	struct decide_view view;
	FILE *out;
	bool any;
};

static void trace_list_one(void *ctx, const char *name)
{
	struct trace_list *list = ctx;

	list->target.name = name;
	decide_in_view(&list->view, list->work->ruling);
	if (list->work->ruling->verdict != POLICY_ALLOW)
		return;
	list->any = true;
	fprintf(list->out, "%s\n", name);
}

static void trace_on_events(void *ctx, int err)
{
	struct work *work = ctx;
	OWN_MEM char *text = NULL;
	size_t bytes = 0;
	struct trace_list list = { .work = work,
				   .target = { .kind = POLICY_ATTACH_TRACEPOINT },
				   .out = open_memstream(&text, &bytes) };
	struct policy_request request = { .verb = POLICY_PERF_EVENT, .target = &list.target };

	work->ruling = malloc(sizeof(*work->ruling));
	if (err < 0 || !list.out || !work->ruling) {
		if (list.out)
			(void)fclose(list.out);
		work_reply(work, err < 0 ? err : -ENOMEM);
		return;
	}
	decide_view_open(&list.view, work, &request);
	events_each(work->broker->events, trace_list_one, &list);
	decide_view_close(&list.view);
	if (fclose(list.out) != 0)
		work_reply(work, -ENOMEM);
	else if (!list.any)
		work_refuse_as(
			work, EPERM, DECISION_BY_POLICY, policy_condition_name(POLICY_COND_ATTACH),
			"no rule lets this caller attach to any tracepoint (\"attach\": {\"tracepoint\": ...})");
	else
		trace_reply(work, text, bytes);
}

/* ---- functions, symbols ---- */

static bool trace_decide_whole(struct work *work, enum policy_whole whole)
{
	struct trace_call *call = work->state;
	struct policy_request request = { .verb = POLICY_PERF_EVENT, .target = &call->target };

	call->target = (struct policy_target){ .kind = POLICY_ATTACH_KPROBE, .whole = whole };
	return decide(work, &request, NULL);
}

static void trace_on_functions(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct work *work = ctx;
	OWN_FD int fd = packet_fds_take(fds, 0);

	if (tell->result < 0 || fd < 0) {
		work_reply(work, tell->result < 0 ? tell->result : -EIO);
		return;
	}
	decide_note_grant(work, "the list of all kernel functions");
	work_reply_fd(work, fd);
}

static void trace_open_functions(struct work *work)
{
	struct keep_ask ask = { .kind = ASK_TRACE, .obj_kind = TRACE_FUNCTIONS };
	int r;

	if (!trace_decide_whole(work, POLICY_FUNCTIONS))
		return;
	r = to_parent_ask(work->broker->to_parent, &ask, NULL, NULL, 0, trace_on_functions, work);
	if (r < 0)
		work_reply(work, r);
}

static void trace_on_symbols(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result == -ENOSYS)
		work_refuse(work, EPERM, DECISION_BY_KERNEL, REFUSAL_SYMBOLS,
			    "this kernel (before 6.0, or with kernel.kptr_restrict at 2) shows no addresses");
	else if (result->answer->result < 0)
		work_reply(work, result->answer->result);
	else {
		decide_note_grant(work, "the addresses of the kernel's symbols");
		work_reply_fd(work, result->fd);
	}
}

/* By the ledger's loader, which has an iterator over them. */
static void trace_open_symbols(struct work *work)
{
	struct loader_call *call;

	if (!trace_decide_whole(work, POLICY_ADDRESSES))
		return;
	call = work_new_loader_call(work, 0, CAPS_BPF | CAPS_PERFMON);
	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.op = DOOR_SYMBOLS;
	call->ask.result_fd = DOOR_FD_BROKER;
	work_submit_loader(work, trace_on_symbols);
}

void trace_open(struct work *work)
{
	struct trace_call *call = calloc(1, sizeof(*call));

	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->state = call;
	work->state_free = free;
	memcpy(&call->open, work->req.attr, sizeof(call->open));
	if (call->open.zero || call->open.what == 0 || call->open.what >= TRACE_FILE_CNT)
		work_reply(work, -EINVAL);
	else if (!decide_names_for(work, POLICY_ATTACH))
		work_refuse_as(work, EPERM, DECISION_BY_POLICY, policy_condition_name(POLICY_COND_WHO),
			       "no rule allows any program to this caller");
	else if (call->open.what == TRACE_FILE_FUNCTIONS)
		trace_open_functions(work);
	else if (call->open.what == TRACE_FILE_SYMBOLS)
		trace_open_symbols(work);
	else if (call->open.what == TRACE_FILE_EVENTS)
		events_know(work->broker->events, trace_on_events, work);
	else
		trace_open_event(work, call);
}
