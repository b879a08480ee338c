/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events: the broker's side. What an event is of is found out here, from the kernel's own
 * name, from a file or from a process that the client holds, and remembered with the event, so that
 * a program is attached to that and nothing else. Who was granted a map that takes such events may
 * have those that bpf_perf_event_output() writes into: they hold nothing but what the caller's own
 * programs write. Every other kind goes by the rule that names its target. Each is paid for as long
 * as it lives.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/events.h"
#include "daemon/broker/ask/files.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/store/perfs.h"
#include "daemon/broker/ask/procs.h"
#include "proto/refusal.h"

/* A timer each, which interrupts: what a profiler needs is one for each CPU. */
#define PERF_SOFTWARE_PER_CPU 8u

struct perf_call {
	struct perf_open open;
	struct perfs_charge charge;
	struct perfs_facts facts;
	const char *kprobe; /* in the request */
	int file, pidfd;    /* borrowed; -1 */
	pid_t pid;
	bool narrowed; /* it asked for samples, and gets none */
};

static void perf_call_free(void *state)
{
	struct perf_call *call = state;

	perfs_charge_done(&call->charge);
	free(call);
}

/* ---- form ---- */

/* By kind: what of struct perf_open it may state. */
static const struct {
	enum policy_attach_kind kind;
	uint32_t flags;
	bool has_name, has_file, has_config;
} perf_forms[PERF_KIND_CNT] = {
	[PERF_KIND_OUTPUT] = { POLICY_ATTACH_NONE, 0, false, false, false },
	[PERF_KIND_TRACEPOINT] = { POLICY_ATTACH_TRACEPOINT, PERF_OPEN_PROCESS, false, false,
				   true },
	[PERF_KIND_KPROBE] = { POLICY_ATTACH_KPROBE, PERF_OPEN_PROCESS | PERF_OPEN_RETURN, true,
			       false, false },
	[PERF_KIND_UPROBE] = { POLICY_ATTACH_UPROBE, PERF_OPEN_FLAGS, false, true, false },
	[PERF_KIND_SOFTWARE] = { POLICY_ATTACH_PERF_EVENT, PERF_OPEN_PROCESS, false, false, true },
};

static bool perf_form_ok(const struct perf_open *open, bool has_name)
{
	uint64_t max_ref = open->kind == PERF_KIND_UPROBE ? UINT32_MAX : 0;

	if (open->kind == PERF_KIND_NONE || open->kind >= PERF_KIND_CNT || open->zero)
		return false;
	return !(open->flags & ~perf_forms[open->kind].flags) &&
	       has_name == perf_forms[open->kind].has_name &&
	       !(open->flags & PERF_OPEN_FILE) == !perf_forms[open->kind].has_file &&
	       (!open->config || perf_forms[open->kind].has_config) &&
	       (!open->offset || open->kind == PERF_KIND_UPROBE) &&
	       open->ref_ctr_offset <= max_ref &&
	       (!open->clockid || open->bits & PERF_BIT_CLOCKID) && !(open->bits & ~PERF_BITS) &&
	       !(open->read_format & ~PERF_READ_FORMATS) &&
	       (open->cpu >= 0 || (open->cpu == -1 && open->flags & PERF_OPEN_PROCESS));
}

/* What the kernel counts by itself; not PERF_COUNT_SW_BPF_OUTPUT, which is a kind of its own, and
 * nothing newer. */
static bool perf_counts(uint64_t config)
{
	return config <= PERF_COUNT_SW_CGROUP_SWITCHES && config != PERF_COUNT_SW_BPF_OUTPUT;
}

/* ---- the event ---- */

static void perf_on_opened(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct perf_call *call = work->state;
	const struct policy_target *target = &call->facts.target;
	const char *kind = policy_attach_name(target->kind);
	int r;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		work_reply(work, result->answer->result);
		return;
	}
	/* What nobody would know to be alive is not handed out; with its only descriptor it goes.
	 */
	r = perfs_add(work->broker->perfs, result->fd, &call->charge,
		      call->open.kind == PERF_KIND_OUTPUT ? NULL : &call->facts);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (call->open.kind == PERF_KIND_OUTPUT)
		decide_note_grant(work, "a perf event for programs to write into");
	else
		decide_note_grant(work, "a perf event: %s %.128s%s", kind ? kind : "?",
				  target->name, call->narrowed ? ", without samples" : "");
	work_reply_fd(work, result->fd);
}

static int perf_fill_call(const struct perf_call *state, struct loader_call *call)
{
	struct door_perf door = { .open = state->open, .pid = state->pid };
	int r = 0;

	door.open.name = 0;
	door.open.file = door.open.pidfd = -1;
	if (state->file >= 0)
		r = door.open.file = loader_add_fd(call, state->file);
	if (r >= 0 && state->pidfd >= 0)
		r = door.open.pidfd = loader_add_fd(call, state->pidfd);
	if (r >= 0 && state->kprobe)
		r = loader_add_in(call, offsetof(struct door_perf, open.name), state->kprobe,
				  strlen(state->kprobe) + 1, NULL);
	if (r < 0)
		return r;
	memcpy(call->ask.attr, &door, sizeof(door));
	call->ask.op = DOOR_PERF;
	call->ask.attr_bytes = sizeof(door);
	call->ask.result_fd = DOOR_FD_BROKER;
	return 0;
}

static void perf_run(struct work *work)
{
	struct perf_call *state = work->state;
	bool uprobe = state->open.kind == PERF_KIND_UPROBE;
	struct loader_call *call;
	int r;

	if (perfs_reserve(work->broker->perfs, work->account, &state->charge) < 0) {
		work_refuse(work, EMFILE, DECISION_BY_QUOTA, REFUSAL_HELD,
			    "this user holds too many perf events");
		return;
	}
	call = work_new_loader_call(work, 0, CAPS_PERFMON | (uprobe ? CAPS_SYS_ADMIN : 0));
	if (call && uprobe)
		call->loader_flags = LOADER_UPROBES;
	r = call ? perf_fill_call(state, call) : -ENOMEM;
	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, perf_on_opened);
}

/* ---- by rule ---- */

static bool perf_asks_samples(const struct perf_open *open)
{
	return open->sample_type != 0;
}

/*
 * Tracing libraries ask of a probe's or tracepoint's event for samples that they never look at,
 * since only programs are attached to it. Where no rule grants them the event is opened without,
 * and the journal says so.
 */
static void perf_narrow(struct work *work, struct perf_call *call, struct policy_request *request)
{
	if (call->open.kind == PERF_KIND_SOFTWARE || !call->facts.target.samples ||
	    decide_allows(work, request))
		return;
	call->narrowed = true;
	call->facts.target.samples = false;
	call->open.sample_type = 0;
	call->open.period = 0;
	call->open.wakeup = 0;
	call->open.bits &= ~PERF_BIT_FREQ;
}

static void perf_decide(struct work *work)
{
	struct perf_call *call = work->state;
	struct policy_request request = { .verb = POLICY_PERF_EVENT,
					  .target = &call->facts.target };

	call->facts.target.name = call->facts.name;
	call->facts.target.samples = perf_asks_samples(&call->open);
	perf_narrow(work, call, &request);
	if (decide(work, &request, NULL))
		perf_run(work);
}

/* ---- what it is of ---- */

static void perf_on_event(void *ctx, const char *name, int err)
{
	struct work *work = ctx;
	struct perf_call *call = work->state;

	if (err == -ENOENT) {
		work_refuse(
			work, ENOENT, DECISION_BY_BROKER, REFUSAL_TRACEFS,
			"the daemon sees no tracepoints: tracefs is not mounted at /sys/kernel/tracing");
		return;
	}
	if (err < 0) {
		work_reply(work, err);
		return;
	}
	snprintf(call->facts.name, sizeof(call->facts.name), "%s", name);
	perf_decide(work);
}

static void perf_of_tracepoint(struct work *work, struct perf_call *call)
{
	events_find(work->broker->events, call->open.config, perf_on_event, work);
}

static void perf_of_function(struct work *work, struct perf_call *call)
{
	snprintf(call->facts.name, sizeof(call->facts.name), "%s", call->kprobe);
	perf_decide(work);
}

static void perf_of_file(struct work *work, struct perf_call *call)
{
	struct file_name *name = malloc(sizeof(*name));
	int r = name ? files_name(call->file, name) : -ENOMEM;

	if (r == 0 && strlen(name->text) >= sizeof(call->facts.name))
		r = -EXDEV;
	if (r == 0) {
		memcpy(call->facts.name, name->text, strlen(name->text) + 1);
		call->facts.target.file = name->id;
	}
	free(name);
	if (r == 0)
		perf_decide(work);
	else if (r == -ENOMEM)
		work_reply(work, r);
	else
		work_refuse(
			work, EACCES, DECISION_BY_BROKER, REFUSAL_FILE, "%s",
			r == -EXDEV
				? "the daemon has no such file under the name that it has for the caller"
			: r == -EACCES ? "the caller may not read the file"
				       : "probes are for regular files of local file systems");
}

static void perf_of_counter(struct work *work, struct perf_call *call)
{
	if (!perf_counts(call->open.config)) {
		work_reply(work, -ENOENT);
		return;
	}
	if (!perfs_has_room(work->broker->perfs, work->account->uid, PERF_KIND_SOFTWARE,
			    PERF_SOFTWARE_PER_CPU * (unsigned int)get_nprocs_conf())) {
		work_refuse(work, EMFILE, DECISION_BY_QUOTA, REFUSAL_HELD,
			    "this user holds too many events that the kernel counts");
		return;
	}
	snprintf(call->facts.name, sizeof(call->facts.name), "software");
	perf_decide(work);
}

static void (*const perf_of[PERF_KIND_CNT])(struct work *work, struct perf_call *call) = {
	[PERF_KIND_TRACEPOINT] = perf_of_tracepoint,
	[PERF_KIND_KPROBE] = perf_of_function,
	[PERF_KIND_UPROBE] = perf_of_file,
	[PERF_KIND_SOFTWARE] = perf_of_counter,
};

/*
 * What counts or samples one process ends when that runs a set-user-ID file. A probe in a file does
 * not: the kernel runs its program also in what the process has become, so it reaches others
 * whoever is named. The kernel's own places run for everybody anyway.
 */
static int perf_find_process(struct work *work, struct perf_call *call)
{
	struct policy_target *target = &call->facts.target;
	struct proc_facts proc;
	int r;

	target->others =
		call->open.kind == PERF_KIND_UPROBE || call->open.kind == PERF_KIND_SOFTWARE;
	if (!(call->open.flags & PERF_OPEN_PROCESS))
		return 0;
	call->pidfd = work_fd_at(work, offsetof(struct perf_open, pidfd));
	if (call->pidfd < 0)
		return call->pidfd;
	r = procs_look(call->pidfd, work->ident->uid, &proc);
	if (r < 0)
		return r;
	target->others = call->open.kind == PERF_KIND_UPROBE || !proc.own;
	call->pid = proc.pid;
	return 0;
}

static int perf_find_inputs(struct work *work, struct perf_call *call)
{
	const struct request_ptr *name = &work->req.ptrs[0];

	call->file = call->pidfd = -1;
	if (work->req.row->ptr_cnt && name->state == WIRE_PTR_FAULT)
		return -EFAULT;
	if (work->req.row->ptr_cnt && name->state == WIRE_PTR_PRESENT)
		call->kprobe = (const char *)name->data;
	if (!perf_form_ok(&call->open, call->kprobe))
		return -EINVAL;
	if (call->open.flags & PERF_OPEN_FILE) {
		call->file = work_fd_at(work, offsetof(struct perf_open, file));
		if (call->file < 0)
			return -EBADF;
	}
	call->facts.kind = (enum perf_kind)call->open.kind;
	call->facts.uid = work->ident->uid;
	call->facts.target.kind = perf_forms[call->open.kind].kind;
	return perf_find_process(work, call);
}

/* ---- events that programs write into ---- */

static bool perf_has_map(const struct work *work)
{
	const struct ledger_rec *rec = NULL;
	uint32_t after = 0;

	while ((rec = owner_next(work->broker->ledger, LEDGER_MAP, after, work->ident))) {
		if (rec->map.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			return true;
		after = rec->id;
	}
	return false;
}

static void perf_open_output(struct work *work, const struct perf_call *call)
{
	if (!perf_has_map(work))
		work_refuse(
			work, EACCES, DECISION_BY_BROKER, REFUSAL_PERF,
			"perf events are for who holds a perf event array made through bpfgate");
	else if (call->open.sample_type & ~PERF_SAMPLE_PLAIN)
		work_refuse(work, EACCES, DECISION_BY_BROKER, REFUSAL_SAMPLES,
			    "an event for programs to write into tells nothing of the kernel");
	else
		perf_run(work);
}

/* ---- the calls ---- */

static struct perf_call *perf_begin(struct work *work)
{
	struct perf_call *call = calloc(1, sizeof(*call));

	work->state = call;
	work->state_free = perf_call_free;
	if (!call)
		work_reply(work, -ENOMEM);
	return call;
}

static void perf_go(struct work *work, struct perf_call *call)
{
	int r = perf_find_inputs(work, call);

	if (r < 0)
		work_reply(work, r);
	else if (call->open.sample_type & ~PERF_SAMPLE_GRANTABLE)
		work_refuse(work, EACCES, DECISION_BY_BROKER, REFUSAL_SAMPLES,
			    "registers, stacks and the like are not given to anybody");
	else if (call->open.kind == PERF_KIND_OUTPUT)
		perf_open_output(work, call);
	else
		perf_of[call->open.kind](work, call);
}

void perf_event_open(struct work *work)
{
	struct perf_call *call = perf_begin(work);

	if (!call)
		return;
	memcpy(&call->open, work->req.attr, sizeof(call->open));
	perf_go(work, call);
}

/* The older form says less. */
void perf_output_open(struct work *work)
{
	enum { WATERMARK = 1 << 14 };
	struct perf_call *call = perf_begin(work);
	struct perf_output output;

	if (!call)
		return;
	memcpy(&output, work->req.attr, sizeof(output));
	call->open = (struct perf_open){ .kind = PERF_KIND_OUTPUT,
					 .cpu = (int32_t)output.cpu,
					 .wakeup = output.wakeup,
					 .period = output.sample_period,
					 .sample_type = output.sample_type & PERF_OUTPUT_SAMPLE,
					 .bits = output.watermark ? WATERMARK : 0 };
	perf_go(work, call);
}
