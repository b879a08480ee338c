/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `bpfgate status`, `list` and `why` show. An ordinary user sees what is its own; root sees all.
 * Names come from clients: whatever is not plain text is replaced before it gets into an answer.
 */
#include "daemon/broker/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>

#include "config.h"
#include "daemon/broker/store/journal.h"
#include "daemon/broker/ask/orphans.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/ask/places.h"
#include "daemon/broker/answer.h"
#include "daemon/broker/present.h"
#include "daemon/broker/reload.h"
#include "daemon/broker/ask/unpin.h"
#include "proto/codec.h"
#include "proto/path.h"
#include "proto/refusal.h"
#include "worker/judge.h"

#define CONTROL_ROWS_MAX 10000

struct control_ask {
	struct broker *broker;
	struct session *session;
	const char *arg;
	size_t arg_bytes;
	const struct message *msg;
	int *ret_result; /* of the reply; 0 unless a verb says otherwise */
};

/* ---- small parts ---- */

static json_t *control_text(const char *text, size_t max_bytes)
{
	char clean[256];
	size_t i, n = strnlen(text, max_bytes);

	for (i = 0; i < n && i + 1 < sizeof(clean); i++)
		clean[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	clean[i] = '\0';
	return json_string(clean);
}

static json_t *control_time(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *control_hex(const uint8_t *bytes, size_t cnt)
{
	char text[65] = "";

	for (size_t i = 0; i < cnt && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *control_decision_id(uint64_t id)
{
	char text[DECISION_ID_BYTES];

	decision_format_id(id, text);
	return json_string(text);
}

static json_t *control_error(enum refusal refusal, const char *message, const char *hint)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}}", "schema_version", "1.0", "error", "code",
			 refusal_code(refusal), "message", message, "hint", hint);
}

static bool control_may_see(const struct control_ask *ask, uid_t uid, const char *unit)
{
	return owner_or_root(ask->session->ident, uid, unit);
}

/* ---- status ---- */

static json_t *control_missing_parts(uint32_t missing)
{
	static const char *const names[] = {
		"no_new_privs", "no_caps",    "own_uid",   "user_ns",	"pid_ns",	 "mount_ns",
		"net_ns",	"ipc_ns",     "uts_ns",	   "cgroup_ns", "landlock_fs",	 "landlock_net",
		"landlock_scope", "rlimits",  "not_dumpable", "mdwe",	"fds_closed",	 "seccomp",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_CNT(names); i++)
		if (missing >> i & 1)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *control_you(const struct session *session)
{
	const struct quota_account *account = session->account;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "uid",
			 (json_int_t)session->ident->uid, "account", (json_int_t)account->uid,
			 "kernel_bytes", (json_int_t)account->used[QUOTA_KERNEL_BYTES], "btfs",
			 (json_int_t)account->used[QUOTA_BTFS], "perf_events",
			 (json_int_t)account->used[QUOTA_PERF],
			 "programs", (json_int_t)account->used[QUOTA_PROGRAMS], "maps",
			 (json_int_t)account->used[QUOTA_MAPS], "map_bytes",
			 (json_int_t)account->used[QUOTA_MAP_BYTES], "links",
			 (json_int_t)account->used[QUOTA_LINKS], "connections",
			 (json_int_t)account->used[QUOTA_CONNECTIONS], "queued",
			 (json_int_t)account->used[QUOTA_QUEUED]);
}

static json_t *control_policy(const struct rules *rules, const char *trouble)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o}", "digest", policy_digest(rules->policy),
			 "files", (json_int_t)policy_file_cnt(rules->policy), "rules",
			 (json_int_t)policy_rule_cnt(rules->policy), "signers",
			 (json_int_t)policy_signer_cnt(rules->policy), "loaded_at",
			 control_time(rules->loaded_s), "refused",
			 control_text(trouble, RULES_TROUBLE_MAX));
}

static json_int_t control_client_cnt(const struct broker *broker)
{
	struct quota_account *account = NULL;
	json_int_t cnt = 0;

	while ((account = quota_account_next(broker->quota, account)))
		cnt += account->used[QUOTA_CONNECTIONS] > 0;
	return cnt;
}

static json_t *control_status(const struct control_ask *ask)
{
	const struct broker *b = ask->broker;
	const struct decision_log *d = b->decisions;
	struct utsname uts;

	uname(&uts);
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:{s:o}, s:{s:b}, s:o}",
		"schema_version", "1.0", "version", PACKAGE_VERSION, "kernel", uts.release,
		"uptime_s", (json_int_t)((clock_now_ns() - b->started_ns) / 1000000000u), "policy",
		control_policy(b->rules, b->trouble), "programs",
		(json_int_t)ledger_cnt(b->ledger, LEDGER_PROG), "maps",
		(json_int_t)ledger_cnt(b->ledger, LEDGER_MAP), "links",
		(json_int_t)ledger_cnt(b->ledger, LEDGER_LINK), "orphans",
		(json_int_t)(control_may_see(ask, 0, "") ? orphans_cnt(b) : 0), "handles",
		(json_int_t)handles_cnt(b->handles), "clients", control_client_cnt(b),
		"connections", (json_int_t)b->session_cnt, "decisions", "allowed",
		(json_int_t)decision_log_cnt(d, DECISION_ALLOWED), "refused",
		(json_int_t)decision_log_cnt(d, DECISION_REFUSED), "undecided",
		(json_int_t)decision_log_cnt(d, DECISION_UNDECIDED), "sandbox", "missing",
		control_missing_parts(judge_pool_missing(b->judges)), "ledger", "set_aside",
		b->options.ledger_set_aside, "you", control_you(ask->session));
}

/* ---- list ---- */

static const char *control_type_name(const char *name)
{
	return name ? name : "?";
}

static json_t *control_prog_row(const struct control_ask *ask, const struct ledger_rec *rec)
{
	return json_pack("{s:I, s:o, s:s, s:o, s:I, s:I, s:o, s:s, s:o, s:o, s:o}", "id",
			 (json_int_t)rec->id, "name", control_text(rec->name, sizeof(rec->name)),
			 "type", control_type_name(policy_prog_type_name(rec->prog.type)), "tag",
			 control_hex(rec->prog.tag, 8), "insns", (json_int_t)rec->prog.insn_cnt, "uid",
			 (json_int_t)rec->uid, "unit", control_text(rec->unit, sizeof(rec->unit)),
			 "grant", rec->prog.granted_fd ? "fd" : "handle", "rule",
			 control_text(rec->rule, sizeof(rec->rule)), "decision",
			 control_decision_id(rec->decision), "loaded_at",
			 control_time((int64_t)rec->made_s));
}

static json_t *control_map_row(const struct control_ask *ask, const struct ledger_rec *rec)
{
	return json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "id",
			 (json_int_t)rec->id, "name", control_text(rec->name, sizeof(rec->name)),
			 "type", control_type_name(policy_map_type_name(rec->map.type)), "key_size",
			 (json_int_t)rec->map.key_size, "value_size", (json_int_t)rec->map.value_size,
			 "max_entries", (json_int_t)rec->map.max_entries, "bytes",
			 (json_int_t)rec->map.bytes, "uid", (json_int_t)rec->uid, "unit",
			 control_text(rec->unit, sizeof(rec->unit)), "rule",
			 control_text(rec->rule, sizeof(rec->rule)));
}

static json_t *control_link_row(const struct control_ask *ask, const struct ledger_rec *rec)
{
	return json_pack("{s:I, s:s, s:I, s:o, s:I, s:o}", "id", (json_int_t)rec->id, "type",
			 control_type_name(policy_attach_name(
				 (enum policy_attach_kind)rec->link.kind)),
			 "prog_id", (json_int_t)rec->link.prog_id, "target",
			 control_text(rec->link.target, sizeof(rec->link.target)), "uid",
			 (json_int_t)rec->uid, "rule", control_text(rec->rule, sizeof(rec->rule)));
}

static json_t *control_list_recs(const struct control_ask *ask, enum ledger_kind kind,
				 json_t *(*row)(const struct control_ask *,
						const struct ledger_rec *))
{
	const struct ledger_rec *rec;
	json_t *list = json_array();
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ask->broker->ledger, kind, &cursor)) &&
	       json_array_size(list) < CONTROL_ROWS_MAX)
		if (control_may_see(ask, rec->uid, rec->unit))
			json_array_append_new(list, row(ask, rec));
	return list;
}

static json_t *control_list_progs(const struct control_ask *ask)
{
	return control_list_recs(ask, LEDGER_PROG, control_prog_row);
}

static json_t *control_list_maps(const struct control_ask *ask)
{
	return control_list_recs(ask, LEDGER_MAP, control_map_row);
}

static json_t *control_list_links(const struct control_ask *ask)
{
	return control_list_recs(ask, LEDGER_LINK, control_link_row);
}

static json_t *control_pin_row(const struct control_ask *ask, const struct ledger_rec *rec)
{
	static const char *const kinds[] = { [KEEP_PROG] = "prog", [KEEP_MAP] = "map",
					     [KEEP_LINK] = "link", [KEEP_BTF] = "btf", [LEDGER_PIN_DIR] = "dir" };
	const char *kind = rec->pin.obj_kind < ARRAY_CNT(kinds) ? kinds[rec->pin.obj_kind] : NULL;
	char directory[64] = "";

	if (rec->pin.place.state == LEDGER_PLACE_KNOWN)
		snprintf(directory, sizeof(directory), "%u:%u:%llu",
			 major((dev_t)rec->pin.place.dev), minor((dev_t)rec->pin.place.dev),
			 (unsigned long long)rec->pin.place.ino);
	return json_pack("{s:s, s:o, s:s, s:I, s:I, s:o}", "directory", directory, "path",
			 control_text(rec->pin.path, sizeof(rec->pin.path)), "kind",
			 control_type_name(kind), "id", (json_int_t)rec->pin.obj_id, "uid",
			 (json_int_t)rec->uid, "rule", control_text(rec->rule, sizeof(rec->rule)));
}

static json_t *control_list_pins(const struct control_ask *ask)
{
	return control_list_recs(ask, LEDGER_PIN, control_pin_row);
}

/* The name by which it is pinned; "" when it is not. */
static json_t *control_orphan_pin(const struct control_ask *ask, uint32_t prog_id)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ask->broker->ledger, LEDGER_PIN, &cursor)))
		if (rec->pin.obj_kind == KEEP_PROG && rec->pin.obj_id == prog_id)
			return control_text(rec->pin.path, sizeof(rec->pin.path));
	return json_string("");
}

/* Whose they are is not known: root's to look at. */
static json_t *control_list_orphans(const struct control_ask *ask)
{
	json_t *list = json_array();
	uint32_t id = 0;

	while (control_may_see(ask, 0, "") && (id = orphans_next(ask->broker, id)) != 0)
		json_array_append_new(list, json_pack("{s:s, s:I, s:o}", "kind", "prog", "id", (json_int_t)id,
						      "pin", control_orphan_pin(ask, id)));
	return list;
}

static json_t *control_list_clients(const struct control_ask *ask)
{
	struct session *session;
	json_t *list = json_array();

	TAILQ_FOREACH(session, &ask->broker->sessions, link) {
		const struct quota_account *a = session->account;
		const struct ident *who = session->ident;

		if (!control_may_see(ask, who->uid, who->unit) || json_array_size(list) >= CONTROL_ROWS_MAX)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "uid",
				  (json_int_t)who->uid, "pid", (json_int_t)who->pid, "unit",
				  control_text(who->unit, sizeof(who->unit)),
				  "connections", (json_int_t)a->used[QUOTA_CONNECTIONS], "programs",
				  (json_int_t)a->used[QUOTA_PROGRAMS], "maps",
				  (json_int_t)a->used[QUOTA_MAPS], "map_bytes",
				  (json_int_t)a->used[QUOTA_MAP_BYTES], "links",
				  (json_int_t)a->used[QUOTA_LINKS], "unread_replies",
				  (json_int_t)a->used[QUOTA_UNREAD]));
	}
	return list;
}

static json_t *control_decision_row(const struct decision *d)
{
	return json_pack("{s:o, s:o, s:I, s:o, s:s, s:s, s:s, s:s, s:o, s:I}", "id",
			 control_decision_id(d->id), "time", control_time(d->time_s), "uid",
			 (json_int_t)d->uid, "unit", control_text(d->unit, sizeof(d->unit)), "command",
			 d->command, "verdict", decision_verdict_name(d->verdict), "rule", d->rule,
			 "code", d->code, "summary", control_text(d->summary, sizeof(d->summary)),
			 "repeated", (json_int_t)d->repeated);
}

static json_t *control_list_decisions(const struct control_ask *ask)
{
	const struct decision *d = NULL;
	json_t *list = json_array();

	while ((d = decision_log_next(ask->broker->decisions, d)))
		if (control_may_see(ask, d->uid, d->unit))
			json_array_append_new(list, control_decision_row(d));
	return list;
}

static json_t *control_list(const struct control_ask *ask)
{
	static const struct {
		const char *name;
		json_t *(*list)(const struct control_ask *);
	} lists[] = {
		{ "progs", control_list_progs },     { "maps", control_list_maps },
		{ "links", control_list_links },     { "pins", control_list_pins },
		{ "orphans", control_list_orphans },
		{ "clients", control_list_clients }, { "decisions", control_list_decisions },
	};

	for (size_t i = 0; i < ARRAY_CNT(lists); i++)
		if (strlen(lists[i].name) == ask->arg_bytes &&
		    memcmp(lists[i].name, ask->arg, ask->arg_bytes) == 0)
			return json_pack("{s:s, s:o}", "schema_version", "1.0", lists[i].name,
					 lists[i].list(ask));
	return control_error(REFUSAL_BAD_ARGUMENT, "no such list",
			     "progs, maps, links, pins, orphans, clients or decisions");
}

/* ---- why ---- */

static const struct decision *control_last_decision(const struct control_ask *ask)
{
	const struct ident *ident = ask->session->ident;
	const struct decision *d = NULL;

	do
		d = decision_log_next(ask->broker->decisions, d);
	while (d && !owner_is(ident, d->uid, d->unit));
	return d;
}

static const struct decision *control_find_decision(const struct control_ask *ask)
{
	char text[DECISION_ID_BYTES], *end;
	const char *digits = text;
	uint64_t id;

	if (ask->arg_bytes == 0)
		return control_last_decision(ask);
	if (ask->arg_bytes >= sizeof(text))
		return NULL;
	memcpy(text, ask->arg, ask->arg_bytes);
	text[ask->arg_bytes] = '\0';
	if (strncmp(digits, "D-", 2) == 0)
		digits += 2;
	errno = 0;
	id = strtoull(digits, &end, 16);
	return errno || *end || end == digits ? NULL
					      : decision_log_find(ask->broker->decisions, id);
}

static json_t *control_why(const struct control_ask *ask)
{
	const struct decision *d = control_find_decision(ask);
	json_t *row, *model;

	/* Somebody else's is as unknown as one that never was. */
	if (!d || !control_may_see(ask, d->uid, d->unit))
		return control_error(REFUSAL_NOT_FOUND, "no such decision",
				     "the daemon remembers the last ones only; the journal has all");
	row = control_decision_row(d);
	json_object_set_new(row, "place", json_string(d->place));
	json_object_set_new(row, "policy_digest", json_string(d->policy_digest));
	json_object_set_new(row, "text", json_string(d->text ? d->text : d->summary));
	/* A judge's word: not parsed here. NULL where it is no UTF-8. */
	model = d->model ? json_string(d->model) : NULL;
	json_object_set_new(row, "model", model ? model : json_null());
	return json_pack("{s:s, s:o}", "schema_version", "1.0", "decision", row);
}

/* ---- unpin ---- */

/* The name that a client means: a path alone, or a directory of its own and what is after "//" in the path. */
static int control_read_pin(const struct control_ask *ask, struct ledger_pin *ret_name)
{
	char *path = ret_name->path, *mark;
	uint32_t below = 1;

	if (ask->arg_bytes >= sizeof(ret_name->path))
		return -ENOENT;
	memcpy(path, ask->arg, ask->arg_bytes);
	mark = strstr(path, "//");
	ret_name->place.state = LEDGER_PLACE_NONE;
	if (!mark)
		return 0;
	memmove(mark, mark + 1, strlen(mark));
	for (const char *at = mark + 1; *at; at++)
		below += *at == '/';
	if (!path_is_plain(path) || ask->msg->fd_cnt != 1)
		return -ENOENT;
	return places_identify(ask->msg->fds[0], below, &ret_name->place);
}

static json_t *control_unpin(const struct control_ask *ask)
{
	struct ledger_pin name = { 0 };
	int r = control_read_pin(ask, &name);

	if (r >= 0)
		r = unpin_name(ask->broker, ask->session->ident, &name);
	*ask->ret_result = r;
	if (r == -ENOTUNIQ)
		return control_error(REFUSAL_NOT_UNIQUE, "several pins have that path",
				     "unpin it where the path leads to its directory");
	if (r == -ENOTEMPTY)
		return control_error(REFUSAL_NOT_EMPTY, "a directory in which something is pinned",
				     "unpin what lies in it first");
	if (r < 0)
		return control_error(REFUSAL_NOT_FOUND, "no such pin of yours",
				     "bpfgate list pins shows them");
	return json_pack("{s:s, s:o}", "schema_version", "1.0", "unpinned",
			 control_text(name.path, sizeof(name.path)));
}

/* ---- reload ---- */

/* For who must know how it went: systemctl reload, configuration management. A signal has no answer. */
static json_t *control_reload(const struct control_ask *ask)
{
	if (ask->session->ident->uid != 0) {
		*ask->ret_result = -EPERM;
		return control_error(REFUSAL_NOT_PERMITTED, "only root reloads the policy", "");
	}
	*ask->ret_result = reload_now(ask->broker);
	if (*ask->ret_result < 0)
		return control_error(REFUSAL_POLICY, ask->broker->trouble,
				     "the policy that was in force stays; bpfgate policy check");
	return json_pack("{s:s, s:o}", "schema_version", "1.0", "policy",
			 control_policy(ask->broker->rules, ""));
}

/* ---- the frame ---- */

/* Why an object was not even looked at; what is wrong with it otherwise, the judges tell. */
static json_t *control_object_error(int error)
{
	static const struct {
		int error;
		const char *message, *hint;
	} rows[] = {
		{ -EBADMSG, "the object or its signature is not a sealed memfd, or is damaged",
		  "use bpfgate_present_object() of libbpfgate" },
		{ -EFBIG, "the object or its signature is too large", "" },
		{ -ENOKEY, "the object is not signed, and no rule lists its digest",
		  "bpfgate sign OBJECT --key KEY --cert CERT" },
		{ -EDQUOT, "too much is held for this user", "" },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		if (rows[i].error == error)
			return control_error(REFUSAL_OBJECT, rows[i].message, rows[i].hint);
	return control_error(REFUSAL_OBJECT, strerror(-error), "");
}

static int control_object(struct session *session, struct message *msg)
{
	int r = present_object(session, msg);
	json_t *json;

	if (r == 0)
		return 0;
	json = control_object_error(r);
	r = answer_send(session, msg->head.id, json, r);
	json_decref(json);
	return r;
}

int control_answer(struct session *session, struct message *msg)
{
	static json_t *(*const verbs[])(const struct control_ask *) = {
		[WIRE_VERB_STATUS] = control_status,
		[WIRE_VERB_LIST] = control_list,
		[WIRE_VERB_WHY] = control_why,
		[WIRE_VERB_UNPIN] = control_unpin,
		[WIRE_VERB_RELOAD] = control_reload,
	};
	int result = 0;
	struct control_ask ask = { .broker = session->broker, .session = session, .msg = msg,
				   .ret_result = &result };
	struct control control;
	json_t *json;
	int r;

	/* No question is larger than an inline body. */
	if (msg->body_fd >= 0)
		return -EBADMSG;
	r = codec_decode_control(msg->body, msg->head.body_bytes, &control);
	if (r < 0)
		return r;
	if (control.verb == WIRE_VERB_OBJECT)
		return control_object(session, msg);
	ask.arg = control.arg;
	ask.arg_bytes = control.arg_bytes;
	/* An answer is held until it is read, as that to a call is. */
	if (sessions_are_full(session->account, session->broker)) {
		result = -EMFILE;
		json = control_error(REFUSAL_HELD, "too much is held for this user", "read the answers");
	} else if (control.verb < ARRAY_CNT(verbs) && verbs[control.verb])
		json = verbs[control.verb](&ask);
	else
		json = control_error(REFUSAL_BAD_VERB, "no such question", "");
	r = answer_send(session, msg->head.id, json, result);
	json_decref(json);
	return r;
}
