/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where policy is asked. Who asks comes from the socket, what from the broker's own facts,
 * how much from the accounts. A quota is never a reason to refuse before the ledger has been compared
 * with the kernel: clients close objects without telling us.
 */
#include "daemon/broker/ask/decide.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/store/people.h"
#include "daemon/broker/ask/reconcile.h"
#include "proto/refusal.h"

static int decide_add_member(struct work *work, struct decide_caller *caller, uid_t uid)
{
	const gid_t *groups;
	gid_t *all;
	size_t cnt, before = caller->subject.member_cnt;
	int r = people_groups_of(work->broker->people, uid, clock_now_ns(), &groups, &cnt);

	if (r < 0 || cnt == 0)
		return r;
	all = reallocarray(caller->member_of, before + cnt, sizeof(*all));
	if (!all)
		return -ENOMEM;
	memcpy(all + before, groups, cnt * sizeof(*all));
	caller->member_of = all;
	caller->subject.member_of = all;
	caller->subject.member_cnt = before + cnt;
	return 0;
}

/* Where the database has the caller, and those who lent it its ids. */
static void decide_add_membership(struct work *work, struct decide_caller *caller)
{
	int r = decide_add_member(work, caller, work->ident->uid);

	for (size_t i = 0; r >= 0 && i < caller->subject.owner_cnt; i++)
		r = decide_add_member(work, caller, caller->owners[i]);
	caller->subject.membership_unknown = r < 0;
}

/* What the kernel says of the caller. */
static struct policy_subject decide_subject_of(const struct ident *ident)
{
	return (struct policy_subject){
		.uid = ident->uid,
		.gid = ident->gid,
		.groups = ident->groups,
		.group_cnt = ident->group_cnt,
		.unit = ident->unit[0] ? ident->unit : NULL,
		.label = ident->label[0] ? ident->label : NULL,
	};
}

static void decide_find_caller(struct work *work, struct decide_caller *ret_caller)
{
	const struct ident *ident = work->ident;

	memset(ret_caller, 0, sizeof(*ret_caller));
	ret_caller->subject = decide_subject_of(ident);
	ret_caller->subject.owners = ret_caller->owners;
	ret_caller->subject.owner_cnt =
		people_owners_of(work->broker->people, ident->uid, ident->gid, ret_caller->owners);
	if (policy_denies_groups(work->rules->policy))
		decide_add_membership(work, ret_caller);
}

static uint32_t decide_clamp(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static struct policy_use decide_use_of(struct quota_account *account)
{
	return (struct policy_use){
		.programs = decide_clamp(account->used[QUOTA_PROGRAMS]),
		.maps = decide_clamp(account->used[QUOTA_MAPS]),
		.links = decide_clamp(account->used[QUOTA_LINKS]),
		.pins = decide_clamp(account->used[QUOTA_PINS]),
		.btfs = decide_clamp(account->used[QUOTA_BTFS]),
		.map_bytes = account->used[QUOTA_MAP_BYTES],
		.loads_last_minute = decide_clamp(quota_loads_per_minute(account, clock_now_ns())),
	};
}

/* What is counted already, and is not asked for once more. */
static void decide_leave_out(const struct work *work, struct policy_use *use)
{
	if (work->reuses_link && use->links)
		use->links--;
	if (work->retry_of && use->loads_last_minute)
		use->loads_last_minute--;
}

/* What is held by each rule; NULL and rule_uses_unknown when there is no memory for it. The caller's to free. */
static struct policy_rule_use *decide_add_rule_uses(struct work *work, struct policy_request *request)
{
	struct quota_table *quota = work->broker->quota;
	struct quota_account *account = NULL;
	struct policy_rule_use *uses = NULL;
	size_t cnt = 0, used = 0;

	request->rule_uses_unknown = false;
	if (!policy_counts_rules(work->rules->policy))
		return NULL;
	while ((account = quota_rule_next(quota, account)))
		cnt++;
	uses = calloc(cnt ? cnt : 1, sizeof(*uses));
	request->rule_uses_unknown = !uses;
	while (uses && (account = quota_rule_next(quota, account))) {
		snprintf(uses[used].rule, sizeof(uses[used].rule), "%s", account->rule);
		uses[used].use = decide_use_of(account);
		decide_leave_out(work, &uses[used].use);
		used++;
	}
	request->rule_uses = uses;
	request->rule_use_cnt = used;
	return uses;
}

bool decide_names(const struct broker *broker, const struct ident *ident)
{
	struct policy_subject subject = decide_subject_of(ident);

	return policy_names(broker->rules->policy, &subject);
}

bool decide_names_for(struct work *work, enum policy_verb verb)
{
	struct decide_caller caller;
	bool named;

	decide_find_caller(work, &caller);
	named = policy_names_for(work->rules->policy, &caller.subject, verb);
	free(caller.member_of);
	return named;
}

uint64_t decide_refuse_unnamed(struct broker *broker, const struct ident *ident,
			       const struct quota_account *account, const char *command, const char *reason)
{
	OWN_MEM struct decision *decision =
		work_new_decision(broker, ident, account, broker->rules->policy, command);
	uint64_t id;

	if (!decision)
		return 0;
	id = decision->id;
	decision->verdict = DECISION_REFUSED;
	decision->stage = DECISION_BY_POLICY;
	decision->err = EPERM;
	snprintf(decision->code, sizeof(decision->code), "%s", policy_condition_name(POLICY_COND_WHO));
	snprintf(decision->summary, sizeof(decision->summary), "%.255s", reason);
	decision_log_add(broker->decisions, decision, false);
	decision_done(decision);
	return id;
}

void decide_view_open(struct decide_view *view, struct work *work, struct policy_request *request)
{
	*view = (struct decide_view){ .policy = work->rules->policy, .request = request };
	decide_find_caller(work, &view->caller);
	view->uses = decide_add_rule_uses(work, request);
	request->now_s = clock_now_s();
	request->use = decide_use_of(work->account);
	decide_leave_out(work, &request->use);
	request->host_netns = work->broker->netns;
	/* A failure leaves no paths, and a path that is not there matches no target. */
	if (request->target && rules_resolve_paths(work->rules, &view->paths, &request->path_cnt) < 0)
		request->path_cnt = 0;
	request->paths = view->paths;
}

void decide_in_view(const struct decide_view *view, struct policy_decision *ret_decision)
{
	policy_decide(view->policy, &view->caller.subject, view->request, ret_decision);
}

void decide_view_close(struct decide_view *view)
{
	struct policy_request *request = view->request;

	request->paths = NULL;
	request->path_cnt = 0;
	request->rule_uses = NULL;
	request->rule_use_cnt = 0;
	free(view->uses);
	free(view->paths);
	free(view->caller.member_of);
}

void decide_silently(struct work *work, struct policy_request *request,
		     struct policy_decision *ret_decision)
{
	struct decide_view view;

	decide_view_open(&view, work, request);
	decide_in_view(&view, ret_decision);
	decide_view_close(&view);
}

bool decide_allows(struct work *work, struct policy_request *request)
{
	OWN_MEM struct policy_decision *ruling = malloc(sizeof(*ruling));

	if (!ruling)
		return false;
	decide_silently(work, request, ruling);
	return ruling->verdict == POLICY_ALLOW;
}

static void decide_note_ruling(struct work *work)
{
	const struct policy_decision *ruling = work->ruling;
	struct decision *decision = work->decision;

	snprintf(decision->rule, sizeof(decision->rule), "%s", ruling->rule);
	if (ruling->place.line)
		snprintf(decision->place, sizeof(decision->place), "%s:%u:%u", ruling->place.file,
			 ruling->place.line, ruling->place.column);
	snprintf(decision->shadow_rule, sizeof(decision->shadow_rule), "%s", ruling->shadow_rule);
	decision->shadow_allows = ruling->shadow_verdict == POLICY_ALLOW;
}

/* The whole of what the client may know: what failed, where it is written, what would help. */
static void decide_write_reason(struct work *work)
{
	const struct policy_decision *ruling = work->ruling;
	char id[DECISION_ID_BYTES];

	decision_format_id(work->decision->id, id);
	free(work->text);
	if (asprintf(&work->text, "bpfgate %s refused: %s%s%s%s%s%s", id, ruling->client_text,
		     work->decision->place[0] ? " (" : "", work->decision->place,
		     work->decision->place[0] ? ")" : "", ruling->remedy[0] ? "\n" : "",
		     ruling->remedy) < 0)
		work->text = NULL;
	if (!work->text)
		return;
	work->reply.reason = work->text;
	work->reply.reason_bytes = (uint32_t)strlen(work->text);
}

static int decide_write_log(struct work *work, const struct reply_log_fields *fields)
{
	char *log = reply_log_compose(work, "refused", refusal_code(REFUSAL_POLICY), work->ruling->remedy, NULL, 0,
				      work->ruling->client_text, NULL);
	int err = EPERM;

	if (log)
		err = reply_log_put(work, fields, log, err);
	free(log);
	return err;
}

/* Once a work: what has been closed meanwhile may make room. */
static bool decide_look_again(struct work *work, decide_again_fn again)
{
	if (!again || work->reconciled)
		return false;
	work->reconciled = true;
	return reconcile_then(work->broker, work, again) == 0;
}

bool decide(struct work *work, struct policy_request *request, decide_again_fn again)
{
	return decide_with_log(work, request, again, NULL);
}

bool decide_with_log(struct work *work, struct policy_request *request, decide_again_fn again,
		     const struct reply_log_fields *fields)
{
	int err = EPERM;

	if (!work->ruling)
		work->ruling = malloc(sizeof(*work->ruling));
	if (!work->ruling || work_begin_decision(work) < 0) {
		work_reply(work, -ENOMEM);
		return false;
	}
	decide_silently(work, request, work->ruling);
	if (work->ruling->verdict == POLICY_ALLOW) {
		decide_note_ruling(work);
		return true;
	}
	if (work->ruling->condition == POLICY_COND_QUOTA && decide_look_again(work, again))
		return false;
	decide_note_ruling(work);
	decide_write_reason(work);
	if (fields)
		err = decide_write_log(work, fields);
	work_refuse_as(work, err,
		       work->ruling->condition == POLICY_COND_QUOTA ? DECISION_BY_QUOTA :
								      DECISION_BY_POLICY,
		       policy_condition_name(work->ruling->condition), "%s", work->ruling->client_text);
	return false;
}

bool decide_probe(struct work *work, decide_again_fn again)
{
	if (!work->ruling)
		work->ruling = calloc(1, sizeof(*work->ruling));
	if (!work->ruling || work_begin_decision(work) < 0) {
		work_reply(work, -ENOMEM);
		return false;
	}
	*work->ruling = (struct policy_decision){ .verdict = POLICY_ALLOW,
						  .grant = POLICY_GRANT_HANDLE,
						  .perfmon = POLICY_PERFMON_GRANT,
						  .log = POLICY_LOG_DENIALS };
	snprintf(work->ruling->rule, sizeof(work->ruling->rule), "(feature probe)");
	decide_note_ruling(work);
	if (ledger_charge_probe(work->account, &work->charge) == 0)
		return true;
	if (decide_look_again(work, again))
		return false;
	work_refuse(work, EPERM, DECISION_BY_QUOTA, REFUSAL_PROBES,
		    "too many feature probes of this user are open");
	return false;
}

bool decide_charge(struct work *work, enum ledger_kind kind, uint64_t bytes, decide_again_fn again)
{
	int r = ledger_charge(work->account, work->ruling ? work->ruling->rule : NULL, kind, bytes,
			      &work->charge);

	if (r >= 0)
		return true;
	if (r != -EDQUOT && r != -ENOSPC) {
		work_reply(work, r);
		return false;
	}
	if (decide_look_again(work, again))
		return false;
	work_refuse(work, ENOSPC, DECISION_BY_QUOTA, r == -ENOSPC ? REFUSAL_LEDGER : REFUSAL_HELD,
		    r == -ENOSPC ? "this user has its share of all objects that the daemon can record" :
				   "too many objects of this kind, or too many bytes of them, are held for "
				   "this user");
	return false;
}

void decide_note_program(struct work *work, const struct ledger_rec *rec)
{
	struct decision *decision = work->decision;
	size_t len = 0;

	if (!decision)
		return;
	memcpy(decision->prog_name, rec->name, sizeof(decision->prog_name) - 1);
	decision->prog_type = rec->prog.type;
	decision->prog_id = rec->id;
	memcpy(decision->prog_tag, rec->prog.tag, sizeof(decision->prog_tag));
	decision->has_tag = rec->id != 0;
	if (rec->prog.digest_cnt) {
		memcpy(decision->digest, rec->prog.digests[0], sizeof(decision->digest));
		decision->has_digest = true;
	}
	for (uint32_t i = 0; i < rec->prog.proof_cnt && len < sizeof(decision->signers); i++)
		len += (size_t)snprintf(decision->signers + len, sizeof(decision->signers) - len,
					"%s%s", i ? "," : "", rec->prog.proofs[i].signer);
}

void decide_note_grant(struct work *work, const char *format, ...)
{
	va_list ap;

	if (work_begin_decision(work) < 0)
		return;
	work->decision->verdict = DECISION_ALLOWED;
	va_start(ap, format);
	vsnprintf(work->decision->summary, sizeof(work->decision->summary), format, ap);
	va_end(ap);
}

/* What was refused before is allowed now: that is another decision. */
static void decide_begin_anew(struct work *work)
{
	struct decision *decision = work->decision;

	if (!decision->is_retry)
		return;
	decision->is_retry = false;
	decision->id = decision_log_next_id(work->broker->decisions);
	work->reply.decision = decision->id;
}

void decide_note_allowed(struct work *work, const struct ledger_rec *rec)
{
	struct decision *decision = work->decision;

	if (!decision)
		return;
	decide_begin_anew(work);
	decision->verdict = DECISION_ALLOWED;
	if (!rec)
		return;
	if (rec->kind == LEDGER_PROG)
		decide_note_program(work, rec);
	snprintf(decision->summary, sizeof(decision->summary), "%s%s%u %.15s",
		 rec->kind == LEDGER_PROG ? "program" :
		 rec->kind == LEDGER_MAP  ? "map" :
		 rec->kind == LEDGER_LINK ? "link" :
					    "btf",
		 " ", rec->id, rec->name);
}

void decide_refresh_rules(struct work *work)
{
	if (work->rules == work->broker->rules)
		return;
	rules_unref(work->rules);
	work->rules = rules_ref(work->broker->rules);
}
