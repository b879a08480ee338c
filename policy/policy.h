/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy: who may load, create and attach what. Rules in JSON go in, a decision with its reason
 * comes out.
 *
 * - A policy is loaded once, as one set, and never changes afterwards. A reload makes a new one.
 * - policy_decide() is a pure function of (policy, subject, request): no system call, no clock, no
 *   allocation, no log. What it needs to know about the world (the time, which inode a path in a
 *   rule is) is in the request.
 * - Default is deny. A matching deny rule refuses, wherever it stands; otherwise one single allow
 *   rule must grant everything that is asked.
 * - Only policy_file.c touches files and user databases.
 *
 * Strings and arrays in subjects and requests are borrowed for the call. Decisions own their text.
 */
#ifndef BPFGATE_POLICY_POLICY_H
#define BPFGATE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define POLICY_SHA256_LEN   32
#define POLICY_RULE_ID_MAX  64	/* with NUL; the schema allows 63 characters */
#define POLICY_FILE_MAX	    80	/* with NUL; longer drop-in names are refused at load */
#define POLICY_TEXT_MAX	    768
#define POLICY_HELPER_WORDS 8	/* helper ids 0..511; 6.18 ends at 211 */
#define POLICY_HELPER_MAX   (POLICY_HELPER_WORDS * 64)

struct policy;
struct policy_report;
struct signer;

/* ---- facts: who ---------------------------------------------------------------------------- */

/*
 * The caller, as the kernel attests it. `unit` is the exact name of the *system* unit (by cgroup
 * path), NULL when the caller is in none; `label` the LSM label or NULL; `exe` the path of the
 * executable or NULL (weak: rules take it only with another condition). `groups` are the
 * supplementary groups; `gid` counts as one more.
 *
 * Deny rules look further, since a uid is not a person and groups can be left: `owners` are the users to
 * whom uid or gid were lent (/etc/subuid, /etc/subgid), `member_of` the groups in which the user database
 * has the caller and its owners. When that could not be asked every rule that denies groups holds. Both
 * may be left out where policy_denies_groups() says that no rule asks.
 */
struct policy_subject {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_cnt;
	const char *unit;
	const char *label;
	const char *exe;
	const uid_t *owners;
	size_t owner_cnt;
	const gid_t *member_of;
	size_t member_cnt;
	bool membership_unknown;
};

/* ---- facts: what --------------------------------------------------------------------------- */

/* A kernel object by identity, never by path: st_dev and st_ino of a namespace or directory. */
struct policy_object_id {
	uint64_t dev;
	uint64_t ino;
};

/* What a path in a rule is right now; see policy_path(). A path that does not exist is left out. */
struct policy_path_id {
	const char *path;
	struct policy_object_id id;
};

struct policy_map_facts {
	const char *name;	/* for messages only; may be NULL */
	uint32_t type;		/* enum bpf_map_type */
	uint64_t bytes;		/* what the kernel will charge, as quota counts it */
};

/* A signature that the broker has proved with prove.h: whose, and with which certificate. */
struct policy_proof {
	const char *signer;
	uint8_t cert_sha256[POLICY_SHA256_LEN];
	bool by_object;		/* of the whole object that the program comes from; else of instructions alone */
};

/*
 * A program, from the broker's own scan of the sealed instructions. `helpers` is a bit set by
 * helper id (policy_helper_add()); `kfuncs` are names from the kernel's BTF. `digests` holds every
 * digest the program is known by: canonical, and of the object it came from.
 */
struct policy_prog_facts {
	const char *name;	/* for messages only; may be NULL */
	uint32_t type;		/* enum bpf_prog_type */
	uint32_t insn_cnt;
	bool sleepable;
	uint64_t helpers[POLICY_HELPER_WORDS];
	bool helper_beyond;	/* calls a helper id of POLICY_HELPER_MAX or more */
	const char *const *kfuncs;
	size_t kfunc_cnt;
	const struct policy_map_facts *maps;
	size_t map_cnt;
	const struct policy_proof *proofs;
	size_t proof_cnt;
	const uint8_t (*digests)[POLICY_SHA256_LEN];
	size_t digest_cnt;
};

/* Where a program is to be attached, each named by a word: the keys of "attach". The facts say what each is. */
enum policy_attach_kind {
	POLICY_ATTACH_NONE,
#define KERNEL_ATTACH_KIND(NAME, word, form, loaded_as, prefix) POLICY_ATTACH_##NAME,
#include "proto/kernel_types.def"
	POLICY_ATTACH_CNT
};

/* The kind of target that programs of an attach type have; NONE: no rule is about them. */
enum policy_attach_kind policy_attach_kind_of(uint32_t attach_type);

/*
 * The kind of target that a program names already at its load, or NONE: that is said when it is attached. `ret_prefix`: what
 * the target's name in BTF begins with and its name in rules does not; static.
 */
enum policy_attach_kind policy_attach_at_load(uint32_t prog_type, uint32_t attach_type, const char **ret_prefix);

/* A target that is not one object: what the kernel tells of many at once. */
enum policy_whole {
	POLICY_ONE,
	POLICY_FUNCTIONS, /* which functions can be probed: for who may attach to any function; kind: KPROBE */
	POLICY_ADDRESSES, /* where the kernel's symbols lie: by a rule that says so; kind: KPROBE */
};

struct policy_target {
	enum policy_attach_kind kind;
	enum policy_whole whole;
	struct policy_object_id netns;
	uint32_t ifindex;		/* for messages */
	const char *ifname;		/* NULL when not known: then only "*" matches */
	const struct policy_object_id *cgroups; /* the cgroup itself first, then its ancestors */
	size_t cgroup_cnt;
	const char *name;		/* a binary's: where the host has the file that was opened */
	struct policy_object_id file;	/* of a binary */
	bool others;			/* it reaches processes that are not the caller's, which a rule must say */
	bool samples;			/* it tells more than what programs write, which a rule must say */
};

/* What the caller holds already, before this request. */
struct policy_use {
	uint32_t programs;
	uint32_t maps;
	uint32_t links;
	uint32_t loads_last_minute;
	uint64_t map_bytes;
	uint32_t pins;
	uint32_t btfs;
};

/* What all who use a rule hold by it together. */
struct policy_rule_use {
	struct policy_use use;
	char rule[POLICY_RULE_ID_MAX];
};

enum policy_verb {
	POLICY_PROG_LOAD,	/* prog; target too where the load names it (tracing, lsm, ext) */
	POLICY_MAP_CREATE,	/* map */
	POLICY_BTF_LOAD,	/* nothing more: who may load programs or create maps may load BTF */
	POLICY_ATTACH,		/* prog, target; also LINK_UPDATE, and a program put into a map */
	POLICY_QUERY,		/* target: PROG_QUERY */
	POLICY_PERF_EVENT,	/* target: perf_event_open */
	POLICY_TEST_RUN,	/* prog, live_frames */
	POLICY_PIN,		/* pin_path; also OBJ_GET by its owner */
	POLICY_SHARE,		/* owner, map (or NULL): may the subject see what `owner` owns? */
	POLICY_VERB_CNT
};

struct policy_request {
	enum policy_verb verb;
	int64_t now_s;			/* seconds since the epoch */
	const struct policy_prog_facts *prog;
	const struct policy_map_facts *map;
	const struct policy_target *target;
	const struct policy_subject *owner;
	const char *pin_path;		/* absolute, normalised by the broker: no "..", no "//" */
	bool live_frames;
	bool opens_pin;			/* PIN: of one that is there; nothing is added */
	struct policy_use use;
	/* For rules with a quota for all together (policy_counts_rules()); by one that is not here nothing is held. */
	const struct policy_rule_use *rule_uses;
	size_t rule_use_cnt;
	bool rule_uses_unknown;		/* nothing is granted by such a rule then */
	struct policy_object_id host_netns;
	const struct policy_path_id *paths; /* see policy_path(); needed with a target only */
	size_t path_cnt;
};

/* ---- the decision -------------------------------------------------------------------------- */

enum policy_verdict { POLICY_DENY, POLICY_ALLOW };

enum policy_grant { POLICY_GRANT_HANDLE, POLICY_GRANT_FD };

enum policy_perfmon { POLICY_PERFMON_NEVER, POLICY_PERFMON_JUDGED, POLICY_PERFMON_GRANT };

enum policy_unsupported { POLICY_UNSUPPORTED_REFUSE, POLICY_UNSUPPORTED_KERNEL };

enum policy_log { POLICY_LOG_DECISIONS, POLICY_LOG_DENIALS, POLICY_LOG_FULL };

/* The conditions of a rule, in the order in which they are looked at and printed. */
enum policy_condition {
	POLICY_COND_NONE,	/* no single condition: no rule names the caller, or all is well */
#define COND(name, key, verbs, judge, raised, stated, lasting, remedy) POLICY_COND_##name,
#include "policy/condition.def"
#undef COND
	POLICY_COND_CNT
};

struct policy_quota {
	uint32_t programs;
	uint32_t maps;
	uint32_t links;
	uint32_t loads_per_minute;
	uint32_t pins;		/* names, directories among them */
	uint32_t btfs;
	uint64_t map_bytes;
	uint64_t verify_ns;
	uint64_t verify_memory_bytes;
};

/* Where a rule or one of its conditions stands; line 0 = nowhere. Column counts bytes from 1. */
struct policy_place {
	char file[POLICY_FILE_MAX];
	uint32_t line;
	uint32_t column;
};

/*
 * Complete in itself: it outlives the policy. On POLICY_DENY `rule` is the deny rule or the nearest
 * allow rule that names the caller ("" when none does), `condition` what failed and `place` where
 * that condition is written. `client_text` is one line and may be shown to the caller: it tells
 * nothing of rules that do not name the caller. `admin_text` is for the journal. `remedy` says what
 * to write to permit the request, "" where nothing should be said.
 *
 * On POLICY_ALLOW the fields from `grant` on say on what terms. When several allow rules grant a
 * request the terms are those of the most generous one, so that adding a rule never takes away.
 */
struct policy_decision {
	enum policy_verdict verdict;
	enum policy_condition condition;
	bool by_deny_rule;
	char rule[POLICY_RULE_ID_MAX];
	struct policy_place place;
	char client_text[POLICY_TEXT_MAX];
	char admin_text[POLICY_TEXT_MAX];
	char remedy[POLICY_TEXT_MAX];

	enum policy_grant grant;
	enum policy_perfmon perfmon;
	enum policy_unsupported unsupported;
	bool whole_sandbox;		/* a verdict counts only from a judge whose sandbox lacks nothing */
	uint32_t max_insns;		/* what the verifier may be asked to accept, insn_cnt */
	bool share_rw;			/* POLICY_SHARE: read-write, else read-only */
	enum policy_log log;
	struct policy_quota quota;

	/* what rules marked "shadow" would have changed; shadow_rule "" = nothing */
	enum policy_verdict shadow_verdict;
	char shadow_rule[POLICY_RULE_ID_MAX];
};

/* Decides. Never fails, allocates nothing. `ret_decision` is written completely. */
void policy_decide(const struct policy *policy, const struct policy_subject *who,
		   const struct policy_request *request, struct policy_decision *ret_decision);

/* Whether any rule that allows something, in the shadow or not, names this caller at all: a cheap first question. */
bool policy_names(const struct policy *policy, const struct policy_subject *who);

/*
 * The same for one verb: whether such a rule speaks of what the verb is about, and none denies the caller everything. Programs
 * must be spoken of to load, attach, run or look for them, maps to make one, either to load BTF.
 */
bool policy_names_for(const struct policy *policy, const struct policy_subject *who, enum policy_verb verb);

/*
 * The first helper or kernel function of a program that a rule with "perfmon": "judged" does not give, because
 * it gives away the kernel's memory or addresses, or reaches processes; NULL when it calls none. Static.
 */
const char *policy_beyond_judged(const struct policy_prog_facts *prog);

/* Adds a helper to facts; ids out of range set helper_beyond (which no rule grants). */
void policy_helper_add(struct policy_prog_facts *facts, uint32_t helper_id);

/*
 * The idx-th path (cgroup directory, network namespace) that some rule's "attach" names, or NULL
 * past the last. Whoever asks about a target opens these, in its own mount namespace, and puts the
 * identity of those that exist into request->paths. Lives as long as the policy.
 */
const char *policy_path(const struct policy *policy, size_t idx);

/* Does some deny rule name groups? */
bool policy_denies_groups(const struct policy *policy);

/* Whether any rule limits what all who use it hold together. */
bool policy_counts_rules(const struct policy *policy);

/* Does some rule's "digests" list this one? */
bool policy_lists_digest(const struct policy *policy, const uint8_t sha256[POLICY_SHA256_LEN]);

/* ---- loading ------------------------------------------------------------------------------- */

/* A policy directory, lowest precedence first: /usr/lib, /run, /etc. `name` is for messages. */
struct policy_source {
	const char *name;
	int dir_fd;
};

/* One drop-in in memory. */
struct policy_text {
	const char *name; /* "60-edge.json" */
	const char *bytes;
	size_t len;
};

/*
 * How names become numbers and paths become keys while loading. Each callback returns 0 or -errno
 * (-ENOENT: no such user, group or file). `read_key` gives a malloc()ed buffer.
 * policy_env_init() fills in the system's own.
 */
struct policy_env {
	void *ctx;
	int (*find_user)(void *ctx, const char *name, uid_t *ret_uid);
	int (*find_group)(void *ctx, const char *name, gid_t *ret_gid);
	int (*read_key)(void *ctx, const char *path, char **ret_bytes, size_t *ret_len);
	int64_t now_s;
	bool any_owner;		/* `bpfgate policy check` and tests: files need not be root's */
	bool keys_optional;	/* unreadable keys are warnings: the signer then proves nothing */
	bool keys_assumed;	/* `policy test`: no key is read; proofs with an all-zero digest hold */
};

/* getpwnam_r(), getgrnam_r(), files that must be root's and not writable by others; now. */
void policy_env_init(struct policy_env *ret_env);

/*
 * Loads all drop-ins as one set. Within the sources a file replaces one of the same name in an
 * earlier source; an empty file or a link to /dev/null masks it. Files must be regular, owned by
 * root and not writable by group or others, and are opened without following links.
 *
 * Returns 0; -EBADMSG when a file is wrong (*ret_report says all that is wrong, nothing is loaded);
 * another -errno for our own failures. *ret_report is set with 0 and -EBADMSG, may hold warnings
 * and notes in both cases, and belongs to the caller; ret_report may be NULL.
 */
int policy_load(const struct policy_source *sources, size_t source_cnt, const struct policy_env *env,
		struct policy **ret_policy, struct policy_report **ret_report);

/* The same from memory; texts in order of precedence of names, no masks. Pure but for env. */
int policy_from_texts(const struct policy_text *texts, size_t text_cnt, const struct policy_env *env,
		      struct policy **ret_policy, struct policy_report **ret_report);

/* Everything borrowed from it is gone. NULL is fine. */
void policy_free(struct policy *policy);

/* SHA-256 over names and contents of the files, as 64 hex digits. Lives as long as the policy. */
const char *policy_digest(const struct policy *policy);
size_t policy_file_cnt(const struct policy *policy);
size_t policy_rule_cnt(const struct policy *policy);
size_t policy_signer_cnt(const struct policy *policy);

/* The index of the rule with this id, or -ENOENT. */
int policy_find_rule(const struct policy *policy, const char *id);

/* idx < policy_signer_cnt(); lives as long as the policy. Never NULL. */
const struct signer *policy_signer(const struct policy *policy, size_t idx);

/* ---- what was wrong ------------------------------------------------------------------------ */

enum policy_severity { POLICY_ERROR, POLICY_WARNING, POLICY_NOTE };

/* Findings of this severity. */
size_t policy_report_cnt(const struct policy_report *report, enum policy_severity severity);

/* "FILE:LINE:COLUMN: error: ..." with the line and a caret, one after another, in file order. */
void policy_report_print(const struct policy_report *report, enum policy_severity least, FILE *out);

/*
 * The idx-th finding as one line ("FILE:LINE:COLUMN: error: ...; did you mean ..."), for a journal;
 * NULL past the last. Lives as long as the report.
 */
const char *policy_report_line(const struct policy_report *report, size_t idx);

/* The idx-th finding's severity, place and message; false past the last. All optional outputs. */
bool policy_report_get(const struct policy_report *report, size_t idx,
		       enum policy_severity *ret_severity, struct policy_place *ret_place,
		       const char **ret_message);

/* What may be meant instead ("did you mean ..."), "" when nothing is. Lives as long as the report. */
const char *policy_report_hint(const struct policy_report *report, size_t idx);

/* NULL is fine. */
void policy_report_free(struct policy_report *report);

/* ---- explaining ---------------------------------------------------------------------------- */

enum policy_state { POLICY_NOT_ASKED, POLICY_HOLDS, POLICY_FAILS };

struct policy_step {
	enum policy_state state;
	struct policy_place place;
	char text[192];
};

/* One rule held against one request, condition by condition. */
struct policy_outcome {
	char rule[POLICY_RULE_ID_MAX];
	bool deny;
	bool shadow;
	bool matches; /* allow: grants all; deny: refuses */
	struct policy_place place;
	size_t failed_cnt;
	struct policy_step steps[POLICY_COND_CNT];
};

/* Rule idx (< policy_rule_cnt()) held against a request: the evidence of policy_decide(). */
void policy_examine(const struct policy *policy, size_t idx, const struct policy_subject *who,
		    const struct policy_request *request, struct policy_outcome *ret_outcome);

/* ---- names --------------------------------------------------------------------------------- */

/* The name as rules spell it ("xdp", "lpm_trie", "bpf_redirect_map"), or NULL when not known. */
const char *policy_prog_type_name(uint32_t type);
const char *policy_map_type_name(uint32_t type);
const char *policy_helper_name(uint32_t id);
const char *policy_attach_name(enum policy_attach_kind kind);
const char *policy_condition_name(enum policy_condition condition);
/* What to change where it fails, without rule and place; NULL: nothing in general. */
const char *policy_condition_remedy(enum policy_condition condition);
/* Is it about what is known of a program for as long as it lives, so that a reload may look at it again? */
bool policy_condition_lasts(enum policy_condition condition);
const char *policy_verb_name(enum policy_verb verb);

/* The number of a name, or -ENOENT. */
int policy_prog_type_id(const char *name);
int policy_map_type_id(const char *name);
int policy_helper_id(const char *name);
int policy_attach_kind_id(const char *name);

#endif
