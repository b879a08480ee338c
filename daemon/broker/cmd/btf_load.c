/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF_LOAD: BTF is a parser's input like any other, so a judge reads it before the kernel does. The
 * client gets the real descriptor; it can only be read and named in later loads.
 */
#include <errno.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/ask_judge.h"
#include "daemon/broker/ask/probes.h"
#include "daemon/broker/ask/new_record.h"
#include "daemon/broker/work/retry.h"
#include "proto/refusal.h"

#define BTF_LOAD_TOKEN (1u << 16)	/* BPF_F_TOKEN_FD */

/*
 * What the kernel keeps: the bytes themselves, and for each type, of twelve bytes at least, a pointer and two
 * words of its tables.
 */
static uint64_t btf_load_kernel_bytes(const struct request_ptr *btf)
{
	return (uint64_t)btf->bytes + (uint64_t)btf->bytes / 12 * 16;
}

static void btf_load_on_loaded(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	const struct request_ptr *btf = work_ptr(work, ATTR_BTF_LOAD_DATA);
	struct ledger_rec rec = { .kind = LEDGER_BTF, .btf.bytes = btf_load_kernel_bytes(btf) };
	int r;

	if (!work_loader_answered(work, result))
		return;
	reply_log_take_kernels(work, &reply_log_btf_load, result, 0, NULL, 0);
	if (result->answer->result < 0) {
		work_refuse(work, -result->answer->result, DECISION_BY_KERNEL, REFUSAL_KERNEL,
			    "the kernel refused BTF that was accepted here: %s",
			    strerror(-result->answer->result));
		return;
	}
	rec.id = result->answer->obj_id;
	new_record_begin(work, &rec);
	r = rec.id ? new_record_add(work, &rec) : -EIO;
	if (r < 0) {
		work_refuse(work, ENOSPC, DECISION_BY_BROKER, REFUSAL_LEDGER,
			    "the daemon can record no more objects");
		return;
	}
	btfs_put(work->broker->btfs, rec.id, btf->data, btf->bytes);
	decide_note_allowed(work, &rec);
	work_reply_fd(work, result->fd);
}

static void btf_load_run(struct work *work)
{
	const struct request_ptr *btf = work_ptr(work, ATTR_BTF_LOAD_DATA);
	struct loader_call *call;
	int r;

	call = work_new_loader_call(work, CMD_BTF_LOAD, CAPS_BPF);
	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	call->ask.result_fd = DOOR_FD_BROKER;
	call->ask.obj_kind = KEEP_BTF;
	r = loader_add_in(call, ATTR_BTF_LOAD_DATA, btf->data, btf->bytes, NULL);
	if (r >= 0)
		r = reply_log_add_to_call(work, &reply_log_btf_load, call);
	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, btf_load_on_loaded);
}

static void btf_load_on_judged(struct work *work, int err)
{
	uint32_t says = work->judge_call->verdict.says;

	if (says != JUDGE_SAYS_ACCEPT &&
	    !(says == JUDGE_SAYS_UNSUPPORTED &&
	      work->ruling->unsupported == POLICY_UNSUPPORTED_KERNEL)) {
		ask_judge_refuse(work, &reply_log_btf_load);
		return;
	}
	btf_load_run(work);
}

void btf_load(struct work *work)
{
	const struct request_ptr *btf;
	struct policy_request request = { .verb = POLICY_BTF_LOAD };
	struct ask_judge ask = { .kind = JUDGE_BTF,
				 .fields = &reply_log_btf_load,
				 .then = btf_load_on_judged };
	struct log_buf_want want;
	int r;

	r = work_need_ptr(work, ATTR_BTF_LOAD_DATA, &btf);
	if (r >= 0)
		r = reply_log_read(work, &reply_log_btf_load, &want);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	retry_look(work, &reply_log_btf_load);
	if (work_u32(work, ATTR_BTF_LOAD_FLAGS) & BTF_LOAD_TOKEN) {
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_TOKEN, "BPF tokens are not passed on");
		return;
	}
	if (probes_has_btf(btf->data, btf->bytes)) {
		if (decide_probe(work, btf_load))
			btf_load_run(work);
		return;
	}
	if (!decide(work, &request, btf_load) ||
	    !decide_charge(work, LEDGER_BTF, btf_load_kernel_bytes(btf), btf_load))
		return;
	ask.take_payload = malloc(btf->bytes + 1);
	if (!ask.take_payload) {
		work_reply(work, -ENOMEM);
		return;
	}
	memcpy(ask.take_payload, btf->data, btf->bytes);
	ask.payload_bytes = btf->bytes;
	ask_judge_start(work, &ask);
}
