/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PROG_LOAD, step by step: read what the program names, ask policy, have it judged, load exactly what was
 * judged, record it, hand out what the rule grants. Each step works on bytes that were copied before
 * the first one; after a wait the rules in force then decide. A verdict only ever adds a refusal: caller,
 * type, helpers and maps come from here.
 */
#include "daemon/broker/cmd/prog_load.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/ask_judge.h"
#include "daemon/broker/ask/probes.h"
#include "daemon/broker/ask/new_record.h"
#include "daemon/broker/work/retry.h"
#include "daemon/broker/signed/signed_objects.h"
#include "daemon/broker/signed/signers.h"
#include "object/bundle.h"
#include "object/digest.h"
#include "object/probes.h"
#include "proto/kernel_types.h"
#include "proto/refusal.h"

#define PROG_LOAD_TOKEN	   (1u << 16)	/* BPF_F_TOKEN_FD */

static void prog_load_on_signed(struct work *work, int err);

void prog_load_free(void *ptr)
{
	struct prog_load *load = ptr;

	loader_call_free(load->fetch);
	bundle_free(load->target);
	free(load->judged_insns);
	free(load->loaded_insns);
	free(load->loaded_fd_array);
	free(load);
}

/* ---- reading the request, in the order of the kernel's checks ---- */

static int prog_load_check_attr(struct work *work)
{
	const struct request_ptr *ptr;
	uint32_t cnt = work_u32(work, ATTR_PROG_LOAD_INSN_CNT);
	struct log_buf_want want;
	int r;

	if (cnt == 0 || cnt > BUNDLE_INSNS_MAX)
		return -E2BIG;
	r = work_need_ptr(work, ATTR_PROG_LOAD_INSNS, &ptr);
	if (r >= 0 && ptr->bytes != cnt * sizeof(struct bpf_insn))
		return -EFAULT;
	if (r >= 0)
		r = work_need_ptr(work, ATTR_PROG_LOAD_LICENSE, &ptr);
	if (r >= 0)
		r = reply_log_read(work, &reply_log_prog_load, &want);
	return r;
}

static int prog_load_read(struct work *work, struct prog_load *load)
{
	const struct request_ptr *insns = work_ptr(work, ATTR_PROG_LOAD_INSNS);
	struct ledger_prog *prog = &load->rec.prog;
	int r;

	load->rec.kind = LEDGER_PROG;
	load->rec.uid = work->ident->uid;
	memcpy(load->rec.name, work->req.attr + ATTR_PROG_LOAD_NAME, sizeof(load->rec.name) - 1);
	prog->type = work_u32(work, ATTR_PROG_LOAD_TYPE);
	prog->expected_attach_type = work_u32(work, ATTR_PROG_LOAD_EXPECTED_ATTACH_TYPE);
	prog->prog_flags = work_u32(work, ATTR_PROG_LOAD_FLAGS);
	prog->attach_btf_id = work_u32(work, ATTR_PROG_LOAD_ATTACH_BTF_ID);
	prog->insn_cnt = work_u32(work, ATTR_PROG_LOAD_INSN_CNT);

	r = scan_calls(insns->data, prog->insn_cnt, &load->scan);
	if (r < 0)
		return r;
	memcpy(prog->helpers, load->scan.helpers, sizeof(prog->helpers));
	prog->helper_beyond = load->scan.helper_beyond || load->scan.module_kfuncs;
	prog->kfunc_cnt = load->scan.kfunc_cnt;
	memcpy(prog->kfuncs, load->scan.kfuncs, sizeof(prog->kfuncs));
	return 0;
}

/* What no rule can grant; NULL when there is nothing of it. */
static const char *prog_load_find_taboo(const struct work *work, const struct prog_load *load)
{
	const struct ledger_prog *prog = &load->rec.prog;

	if (prog->prog_flags & PROG_LOAD_TOKEN)
		return "BPF tokens are not passed on";
	if (work_u32(work, ATTR_PROG_LOAD_IFINDEX))
		return "programs for a device are not granted";
	if (prog->type == BPF_PROG_TYPE_SYSCALL && scan_has_helper(prog->helpers, KERNEL_HELPER_sys_bpf))
		return "a syscall program that calls bpf_sys_bpf would get around judge and policy";
	if (work_ptr(work, ATTR_PROG_LOAD_SIGNATURE)->state != WIRE_PTR_NULL &&
	    work_u32(work, ATTR_PROG_LOAD_CORE_RELO_CNT))
		return "a signature says nothing of instructions that the kernel relocates";
	return NULL;
}

/* Refuses with a log, as the verifier would: err is positive. */
static void prog_load_refuse(struct work *work, int err, enum decision_stage stage, enum refusal refusal,
			     const char *explanation, const char *message)
{
	char *text;

	if (work_begin_decision(work) < 0) {
		work_reply(work, -ENOMEM);
		return;
	}
	text = reply_log_compose(work, "refused", refusal_code(refusal), explanation, NULL, 0, message, NULL);
	if (text)
		err = reply_log_put(work, &reply_log_prog_load, text, err);
	free(text);
	work_refuse(work, err, stage, refusal, "%s", explanation[0] ? explanation : message);
}

/* ---- policy ---- */

/*
 * Loads with CAP_PERFMON on a judge's word are for loops: what else the kernel would give with it is found
 * here, in our own scan of the program, and not only by the judge.
 */
static const char *prog_load_find_beyond_judged(struct work *work, const struct prog_load *load)
{
	OWN_MEM struct facts *facts = malloc(sizeof(*facts));

	if (!facts)
		return "this";
	facts_of_record(work->broker->ledger, work->broker->vmbtf, &load->rec, facts);
	return policy_beyond_judged(&facts->prog);
}

/* Why the rule's "perfmon" does not suffice; "" when it does. */
static void prog_load_check_perfmon(struct work *work, const struct prog_load *load, char *why,
				    size_t why_bytes)
{
	const struct policy_decision *ruling = work->ruling;
	const char *name;

	why[0] = '\0';
	if (ruling->perfmon == POLICY_PERFMON_GRANT)
		return;
	if (caps_for_prog(load->rec.prog.type) & CAPS_PERFMON) {
		snprintf(why, why_bytes, "%s programs see the kernel's memory: that takes \"perfmon\": \"grant\" in rule %s",
			 policy_prog_type_name(load->rec.prog.type), ruling->rule);
		return;
	}
	name = ruling->perfmon == POLICY_PERFMON_JUDGED ? prog_load_find_beyond_judged(work, load) : NULL;
	if (name)
		snprintf(why, why_bytes, "%s is what \"perfmon\": \"judged\" does not give: that takes \"grant\" in rule %s",
			 name, ruling->rule);
}

/* Capabilities and rules by which the program is judged. */
static void prog_load_choose_caps(struct work *work, struct prog_load *load, uint32_t *ret_mode)
{
	static const uint32_t modes[] = {
		[POLICY_PERFMON_NEVER] = BGV_MODE_NO_PERFMON,
		[POLICY_PERFMON_JUDGED] = BGV_MODE_LEAK_RULES,
		[POLICY_PERFMON_GRANT] = BGV_MODE_FULL,
	};

	*ret_mode = modes[work->ruling->perfmon];
	load->caps = caps_for_prog(load->rec.prog.type);
	if (work->ruling->perfmon != POLICY_PERFMON_NEVER)
		load->caps |= CAPS_PERFMON;
}

/* ---- loading ---- */

/* Only functions with BTF can be attached to. */
static void prog_load_keep_as_target(struct work *work, const struct prog_load *load)
{
	struct judge_call *judged = work->judge_call;

	if (load->is_probe || !load->prog_btf_idx || !judged || !judged->payload)
		return;
	targets_put(work->broker->targets, work->account, &load->rec, TAKE_PTR(judged->payload),
		    judged->payload_bytes);
}

static void prog_load_answer(struct work *work, struct loader_result *result)
{
	struct prog_load *load = work->state;

	decide_note_allowed(work, &load->rec);
	if (work->ruling->grant == POLICY_GRANT_FD)
		work_reply_kept(work, result->keep_id, false);
	else
		work_reply_fd(work, result->handle_fd);
}

/* A log that does not fit fails a load of a program that the kernel takes: it says so after everything else. */
static void prog_load_refused(struct work *work, int err)
{
	if (err == ENOSPC && work_u32(work, ATTR_PROG_LOAD_LOG_LEVEL))
		work_refuse(work, err, DECISION_BY_KERNEL, REFUSAL_LOG,
			    "the kernel's log of the program does not fit into the caller's buffer");
	else
		work_refuse(work, err, DECISION_BY_KERNEL, REFUSAL_KERNEL, "the kernel refused the program: %s", strerror(err));
}

static void prog_load_on_loaded(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct prog_load *load = work->state;
	int r;

	if (!work_loader_answered(work, result))
		return;
	reply_log_take_kernels(work, &reply_log_prog_load, result, 0, load->loaded_insns,
			       load->rec.prog.insn_cnt);
	if (result->answer->result < 0) {
		prog_load_refused(work, -result->answer->result);
		return;
	}
	load->rec.id = result->answer->obj_id;
	memcpy(load->rec.prog.tag, result->answer->tag, sizeof(load->rec.prog.tag));
	load->rec.prog.granted_fd = work->ruling->grant == POLICY_GRANT_FD;
	new_record_begin(work, &load->rec);
	r = new_record_add(work, &load->rec);
	if (r < 0) {
		to_parent_ask_drop(work->broker->to_parent, result->keep_id);
		work_refuse(work, ENOSPC, DECISION_BY_BROKER, REFUSAL_LEDGER,
			    "the daemon can record no more objects");
		return;
	}
	prog_load_keep_as_target(work, load);
	prog_load_answer(work, result);
}

static int prog_load_add_optional(struct work *work, uint16_t at)
{
	const struct request_ptr *ptr = work_ptr(work, at);

	if (ptr->state == WIRE_PTR_NULL)
		return 0;
	if (ptr->state == WIRE_PTR_FAULT)
		return -EFAULT;
	return loader_add_in(work->loader_call, at, ptr->data, ptr->bytes, NULL);
}

static int prog_load_fill_call(struct work *work, struct prog_load *load)
{
	static const uint16_t optional[] = { ATTR_PROG_LOAD_LICENSE, ATTR_PROG_LOAD_FUNC_INFO,
					     ATTR_PROG_LOAD_LINE_INFO, ATTR_PROG_LOAD_CORE_RELOS };
	struct loader_call *call = work->loader_call;
	int r;

	call->ask.caps = load->caps;
	call->ask.obj_kind = KEEP_PROG;
	call->ask.result_fd = work->ruling->grant == POLICY_GRANT_FD ? DOOR_FD_KEEP : DOOR_FD_HANDLE;
	/* A signature was proved here; the kernel would want the client's own fd numbers for it. */
	attr_put_u32(call->ask.attr, ATTR_PROG_LOAD_SIGNATURE_SIZE, 0);
	attr_put_u32(call->ask.attr, ATTR_PROG_LOAD_KEYRING_ID, 0);
	r = reply_log_add_to_call(work, &reply_log_prog_load, call);
	if (r >= 0)
		r = loader_add_in(call, ATTR_PROG_LOAD_INSNS, load->loaded_insns,
				  load->rec.prog.insn_cnt * sizeof(struct bpf_insn), NULL);
	if (r >= 0 && load->fd_array_cnt)
		r = loader_add_in(call, ATTR_PROG_LOAD_FD_ARRAY, load->loaded_fd_array,
				  load->fd_array_cnt * sizeof(int32_t), NULL);
	for (size_t i = 0; r >= 0 && i < ARRAY_CNT(optional); i++)
		r = prog_load_add_optional(work, optional[i]);
	return r;
}

static void prog_load_run(struct work *work)
{
	int r = prog_load_fill_call(work, work->state);

	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, prog_load_on_loaded);
}

/* ---- the verdict ---- */

/* The rules were reloaded while we waited: what is done now must be right by the new ones. */
static bool prog_load_is_stale(struct work *work)
{
	struct prog_load *load = work->state;

	if (work->rules == work->broker->rules)
		return false;
	decide_refresh_rules(work);
	ledger_charge_done(&work->charge);
	/* Signers may have been revoked: what they proved is proved again, or not. */
	load->rec.prog.proof_cnt = 0;
	load->rec.prog.digest_cnt = load->rec.prog.digest_cnt ? 1 : 0;
	signers_find(work, &load->rec.prog, prog_load_on_signed);
	return true;
}

static void prog_load_on_judged(struct work *work, int err)
{
	struct prog_load *load = work->state;
	const struct judge_verdict *verdict = &work->judge_call->verdict;
	struct decision *decision = work->decision;

	decision->insns = verdict->insn_processed;
	decision->states = verdict->total_states;
	decision->verify_us = verdict->time_ns / 1000;
	decide_note_program(work, &load->rec);
	if (prog_load_is_stale(work))
		return;
	if (verdict->says == JUDGE_SAYS_ACCEPT) {
		prog_load_run(work);
		return;
	}
	if (verdict->says != JUDGE_SAYS_UNSUPPORTED ||
	    work->ruling->unsupported != POLICY_UNSUPPORTED_KERNEL) {
		ask_judge_refuse(work, &reply_log_prog_load);
		return;
	}
	/* Nobody proved that no pointer leaks: then the kernel shall see to it. */
	if (work->ruling->perfmon == POLICY_PERFMON_JUDGED)
		load->caps &= ~CAPS_PERFMON;
	if (caps_for_prog(load->rec.prog.type) & ~load->caps)
		ask_judge_refuse(work, &reply_log_prog_load);
	else
		prog_load_run(work);
}

static void prog_load_judge(struct work *work)
{
	struct prog_load *load = work->state;
	struct ask_judge ask = { .kind = JUDGE_VERIFY,
				 .fields = &reply_log_prog_load,
				 .then = prog_load_on_judged };
	char why[256];
	int r;

	/* Its few instructions are known to do nothing; root's answer is the kernel's. */
	if (load->is_probe) {
		load->caps = caps_for_prog(load->rec.prog.type) | CAPS_PERFMON;
		prog_load_run(work);
		return;
	}
	prog_load_check_perfmon(work, load, why, sizeof(why));
	if (why[0]) {
		prog_load_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_PERFMON, why, "");
		return;
	}
	prog_load_choose_caps(work, load, &ask.mode);
	ask.caps = caps_to_bgv(load->caps);
	r = prog_bundle_encode(work, load, ask.mode, &ask.take_payload, &ask.payload_bytes);
	if (r < 0)
		work_reply(work, r);
	else
		ask_judge_start(work, &ask);
}

/* ---- feature probes: what root gets, under any policy, and never anything that runs ---- */

/* As if a rule said so; a retry after a look at what still exists comes here again. */
static void prog_load_probe(struct work *work)
{
	struct prog_load *load = work->state;

	load->rec.prog.probe = 1;
	load->caps = caps_for_prog(load->rec.prog.type) | CAPS_PERFMON;
	if (decide_probe(work, prog_load_probe))
		prog_load_run(work);
}

/* Programs of people have names and source lines; probes of loaders have none, or one of these names. */
static bool prog_load_looks_like_probe(const struct work *work, const struct prog_load *load)
{
	static const char *const names[] = { "", "libbpf_nametest", "det_arg_ctx", "aya_name_check" };
	bool named = true;

	for (size_t i = 0; i < ARRAY_CNT(names); i++)
		named = named && strncmp(load->rec.name, names[i], sizeof(load->rec.name)) != 0;
	return !named && !work_u32(work, ATTR_PROG_LOAD_LINE_INFO_CNT);
}

/* Canonical digest, and whether the program is a probe: both from one description of it. */
static int prog_load_identify(struct work *work, struct prog_load *load)
{
	struct digest_options options = { .vmlinux = NULL };
	struct ledger_prog *prog = &load->rec.prog;
	struct prog_bundle *bundle = NULL;
	struct bgv_program described;
	int r;

	/*
	 * The kernel would write other numbers into the instructions than those that are described; and what
	 * a function of another program is called says BTF that a client shaped.
	 */
	if (work_u32(work, ATTR_PROG_LOAD_CORE_RELO_CNT) || load->target)
		return 0;
	r = prog_bundle_new(work, load, BGV_MODE_FULL, &bundle);
	if (r < 0)
		return r;
	described = *prog_bundle_prog(bundle);
	/* BTF that a client shaped is for judges to read: a program that needs it for its names has none. */
	described.btfs = NULL;
	described.btf_cnt = 0;
	load->is_probe = prog_load_looks_like_probe(work, load) &&
			 (probes_has_prog(&described) || probes_match(&described));
	r = digest_program(&described, &options, prog->digests[0]);
	if (r == -ENOENT) {
		/* It names functions or types of the kernel: now the megabytes are needed. */
		options.vmlinux = vmbtf_names(work->broker->vmbtf);
		r = digest_program(&described, &options, prog->digests[0]);
	}
	if (r >= 0 && !signed_objects_find(work->broker->objects, prog->digests[0]))
		(void)signed_objects_match_symbols(work->broker->objects, &described, work->broker->vmbtf,
						   prog->digests[0]);
	/* Without a digest no rule matches by it; that is all. */
	prog->digest_cnt = r >= 0;
	prog_bundle_free(bundle);
	return 0;
}

/* What policy is asked; target is the caller's, for as long as the request. */
static void prog_load_fill_request(struct work *work, struct facts *facts,
				   struct policy_target *target, struct policy_request *ret_request)
{
	struct prog_load *load = work->state;

	facts_of_record(work->broker->ledger, work->broker->vmbtf, &load->rec, facts);
	*ret_request = (struct policy_request){ .verb = POLICY_PROG_LOAD, .prog = &facts->prog };
	if (facts_target_of(work->broker->vmbtf, &load->rec.prog, load->attach_name,
				sizeof(load->attach_name), target))
		ret_request->target = target;
}

/*
 * Some probes are also the simplest of useful programs: whose rules grant them, may use them. Those that
 * would tell of the kernel take a rule that grants that; else they are answered as probes, and never run.
 */
static bool prog_load_is_granted(struct work *work)
{
	OWN_MEM struct policy_decision *ruling = malloc(sizeof(*ruling));
	OWN_MEM struct facts *facts = malloc(sizeof(*facts));
	struct policy_request request;
	struct policy_target target;

	if (!ruling || !facts)
		return false;
	prog_load_fill_request(work, facts, &target, &request);
	decide_silently(work, &request, ruling);
	return ruling->verdict == POLICY_ALLOW &&
	       (ruling->perfmon == POLICY_PERFMON_GRANT ||
		!(caps_for_prog(facts->prog.type) & CAPS_PERFMON || policy_beyond_judged(&facts->prog)));
}

static void prog_load_decide(struct work *work)
{
	struct policy_request request;
	struct policy_target target;
	struct facts *facts = malloc(sizeof(*facts));
	bool granted;

	if (!facts) {
		work_reply(work, -ENOMEM);
		return;
	}
	prog_load_fill_request(work, facts, &target, &request);
	granted = decide_with_log(work, &request, prog_load_decide, &reply_log_prog_load);
	free(facts);
	if (!granted)
		return;
	if (!decide_charge(work, LEDGER_PROG, 0, prog_load_decide))
		return;
	if (!work->retry_of)
		quota_note_load(work->account, clock_now_ns());
	if (!work->retry_of && work->charge.rule_one.account)
		quota_note_load(work->charge.rule_one.account, clock_now_ns());
	work_go_on(work, prog_load_judge);
}

static void prog_load_on_signed(struct work *work, int err)
{
	prog_load_decide(work);
}

/* ---- the beginning ---- */

/* References that do not resolve are answered as the verifier would; everything else by its errno. */
static void prog_load_answer_refs(struct work *work, int err)
{
	struct prog_load *load = work->state;

	if (load->problem_code)
		prog_load_refuse(work, -err, DECISION_BY_BROKER, load->problem_code, "",
				 load->problem);
	else
		work_reply(work, err);
}

static void prog_load_gather(struct work *work);

static void prog_load_on_btf(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	uint32_t id;

	/* What cannot be had stays unknown to the judge, who will say what it makes of that. */
	if (result->err == 0 && result->fd >= 0)
		(void)btfs_of_fd(work->broker->btfs, result->fd, &id);
	prog_load_gather(work);
}

/* A map's BTF that the cache does not hold: the ledger's loader opens it by its id. */
static int prog_load_fetch_btf(struct work *work, struct prog_load *load, uint32_t btf_id)
{
	struct loader_call *call = loader_call_new();

	loader_call_free(load->fetch);
	load->fetch = call;
	if (!call)
		return -ENOMEM;
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.op = DOOR_BPF;
	call->ask.cmd = CMD_BTF_GET_FD_BY_ID;
	call->ask.caps = CAPS_SYS_ADMIN;
	call->ask.attr_bytes = ATTR_END_ID_NEXT_ID;
	attr_put_u32(call->ask.attr, ATTR_ID_BTF_ID, btf_id);
	call->ask.result_fd = DOOR_FD_BROKER;
	call->ask.obj_kind = KEEP_BTF;
	call->on_done = prog_load_on_btf;
	call->ctx = work;
	return loaders_submit(work->broker->loaders, call);
}

/* Everything that describes the program, before anybody is asked about it. */
static void prog_load_find_signers(struct work *work)
{
	struct prog_load *load = work->state;

	signers_find(work, &load->rec.prog, prog_load_on_signed);
}

static void prog_load_gather(struct work *work)
{
	struct prog_load *load = work->state;
	uint32_t missing = 0;
	int r;

	do
		r = prog_refs_add_map_btfs(work, load, &missing);
	while (r == -EAGAIN && prog_load_fetch_btf(work, load, missing) < 0);
	if (r == -EAGAIN)
		return;
	if (r >= 0)
		r = prog_load_identify(work, load);
	if (r < 0)
		prog_load_answer_refs(work, r);
	else if (load->is_probe && !prog_load_is_granted(work))
		prog_load_probe(work);
	else
		work_go_on(work, prog_load_find_signers);
}

static void prog_load_resolve(struct work *work)
{
	struct prog_load *load = work->state;
	int r;

	if (!work_new_loader_call(work, CMD_PROG_LOAD, 0)) {
		work_reply(work, -ENOMEM);
		return;
	}
	r = prog_refs_resolve(work, load);
	if (r < 0)
		prog_load_answer_refs(work, r);
	else
		work_go_on(work, prog_load_gather);
}

void prog_load(struct work *work)
{
	struct prog_load *load;
	const char *taboo;
	int r = prog_load_check_attr(work);

	if (r < 0) {
		work_reply(work, r);
		return;
	}
	load = calloc(1, sizeof(*load));
	if (!load) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->state = load;
	work->state_free = prog_load_free;
	retry_look(work, &reply_log_prog_load);
	r = prog_load_read(work, load);
	taboo = prog_load_find_taboo(work, load);
	if (r < 0)
		prog_load_refuse(work, -r, DECISION_BY_BROKER, REFUSAL_TOO_MANY_KFUNCS, "",
				 "the program calls too many different kfuncs");
	else if (taboo)
		prog_load_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_NOT_GRANTABLE, taboo, "");
	else
		work_go_on(work, prog_load_resolve);
}
