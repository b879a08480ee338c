/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a judge and to the zygote that makes judges. All channels are SOCK_SEQPACKET
 * (proto/packet.h), all structs fixed-size, host byte order, without pointers or padding.
 *
 * The zygote keeps a few judges waiting, each in its sandbox already, and hands their channels to the
 * broker (JUDGE_TELL_READY). For a job the broker takes one, sends the zygote JUDGE_ASK_WATCH with a
 * deadline and the judge a struct judge_job; the judge answers with pieces and a verdict, and dies, or,
 * when the job says JUDGE_STAY, waits for the next job of the same caller.
 * A judge that says anything else, nothing in time, or dies early leaves the job *undecided*: its words
 * are checked against the job (nonce, payload_bytes), and nothing but the verdict is ever taken from it.
 */
#ifndef BPFGATE_WORKER_JUDGE_H
#define BPFGATE_WORKER_JUDGE_H

#include <assert.h>
#include <stdint.h>

/* ---- the sandbox ---------------------------------------------------------------------------- */

/* A part that is in force. Policy may insist on some or all (judge_job.sandbox_needed). */
enum sandbox_part {
	SANDBOX_NO_NEW_PRIVS = 1u << 0,
	SANDBOX_NO_CAPS = 1u << 1,	/* no capability in any set, bounding set empty */
	SANDBOX_OWN_UID = 1u << 2,	/* not root */
	SANDBOX_USER_NS = 1u << 3,	/* with no uid mapped */
	SANDBOX_PID_NS = 1u << 4,
	SANDBOX_MOUNT_NS = 1u << 5,
	SANDBOX_NET_NS = 1u << 6,
	SANDBOX_IPC_NS = 1u << 7,
	SANDBOX_UTS_NS = 1u << 8,
	SANDBOX_CGROUP_NS = 1u << 9,
	SANDBOX_LANDLOCK_FS = 1u << 10,
	SANDBOX_LANDLOCK_NET = 1u << 11,	/* ABI 4 */
	SANDBOX_LANDLOCK_SCOPE = 1u << 12,	/* ABI 6: abstract sockets, signals */
	SANDBOX_RLIMITS = 1u << 13,
	SANDBOX_NOT_DUMPABLE = 1u << 14,
	SANDBOX_MDWE = 1u << 15,		/* no page becomes executable */
	SANDBOX_FDS_CLOSED = 1u << 16,	/* nothing open but the channel */
	SANDBOX_SECCOMP = 1u << 17,
};
#define SANDBOX_ALL  ((1u << 18) - 1)
/* What a rule means by "whole": without what an unprivileged process gets only by way of a user namespace. */
#define SANDBOX_WHOLE (SANDBOX_ALL & ~(SANDBOX_USER_NS | SANDBOX_IPC_NS | SANDBOX_UTS_NS | SANDBOX_CGROUP_NS))
/* Present on every kernel since 5.13; without these a judge does not start. */
#define SANDBOX_CORE (SANDBOX_NO_NEW_PRIVS | SANDBOX_NO_CAPS | SANDBOX_RLIMITS | SANDBOX_NOT_DUMPABLE | \
		      SANDBOX_FDS_CLOSED | SANDBOX_SECCOMP)

/* ---- broker <-> zygote ---------------------------------------------------------------------- */

#define ZYGOTE_FD     3		/* its channel to the broker */
#define JUDGE_SPARES  8u		/* how many judges wait, unless --spares says otherwise: about 0.8 MB each */
#define JUDGE_SPARES_MAX 32u
#define JUDGES_MAX    64u	/* alive at once, waiting or working */

enum judge_ask_kind {
	JUDGE_ASK_WATCH = 1,	/* judge_id gets a job now: kill it after deadline_ns of wall time */
	JUDGE_ASK_KILL,		/* the client has gone, or the log floods */
};

enum judge_tell_kind {
	JUDGE_TELL_READY = 101,	/* judge_id waits in its sandbox; one fd: its channel */
	JUDGE_TELL_GONE,	/* judge_id is dead: how, status */
	JUDGE_TELL_HELLO,	/* first message: version of this struct in status, sandbox as found */
};

enum judge_end {
	JUDGE_END_EXIT,		/* status: exit code; 0 after a verdict was sent */
	JUDGE_END_SIGNAL,	/* status: the signal (SIGSYS: seccomp, SIGXCPU/SIGKILL: CPU budget) */
	JUDGE_END_DEADLINE,	/* the zygote killed it */
	JUDGE_END_ASKED,	/* JUDGE_ASK_KILL */
};

struct judge_ask {
	uint32_t kind;		/* enum judge_ask_kind */
	uint32_t judge_id;
	uint64_t deadline_ns;	/* from now */
};
static_assert(sizeof(struct judge_ask) == 16, "no padding");

struct judge_tell {
	uint32_t kind;		/* enum judge_tell_kind */
	uint32_t judge_id;	/* never used twice by one zygote */
	uint32_t how;		/* enum judge_end */
	int32_t status;
	uint32_t sandbox;	/* parts in force (enum sandbox_part) */
	uint32_t zero;
	uint64_t cpu_ns;	/* JUDGE_TELL_GONE: what it used */
	uint64_t peak_bytes;	/* JUDGE_TELL_GONE: resident, at most */
};
static_assert(sizeof(struct judge_tell) == 40, "no padding");

/* ---- broker <-> judge ------------------------------------------------------------------------ */

#define JUDGE_VERSION	4u
#define JUDGE_INLINE_MAX  98304u		/* payload after the struct; larger: a sealed memfd */
#define JUDGE_PAYLOAD_MAX (64u << 20)
#define JUDGE_PIECE_MAX	  32768u		/* bytes of one piece */
#define JUDGE_LOG_MAX	  (16u << 20)
#define JUDGE_TOLD_MAX	  32768u		/* of an explanation as text, and of one as data */

enum judge_kind {
	JUDGE_VERIFY = 1,	/* payload: program bundle (object/bundle.h). Verdict, log */
	JUDGE_BTF,		/* payload: raw BTF for BTF_LOAD. Verdict */
	JUDGE_CMS,		/* payload: detached CMS, DER. JUDGE_PIECE_RESULT: its plain fields */
	JUDGE_OBJECT,		/* payload: ELF object. One JUDGE_PIECE_RESULT for each program: its digest */
};

#define JUDGE_PAYLOAD_FD (1u << 0)	/* payload in the one fd of the message, a sealed memfd */
#define JUDGE_EXPLAIN	 (1u << 1)	/* a refusal is explained: short in the log, and as JUDGE_PIECE_TOLD and _MODEL */
#define JUDGE_STAY	 (1u << 2)	/* another job may follow on this channel: it is the same caller's */

struct judge_job {
	uint32_t version;	/* JUDGE_VERSION */
	uint32_t kind;		/* enum judge_kind */
	uint64_t nonce;		/* unguessable for the one whose bytes these are; echoed */
	uint64_t payload_bytes;
	uint32_t flags;		/* JUDGE_* */
	uint32_t sandbox_needed;	/* a part that is missing: JUDGE_SAYS_UNDECIDED, ENOSYS */
	uint64_t cpu_ns;	/* budgets; 0: the judge's own upper limits */
	uint64_t memory_bytes;
	uint32_t insns;
	uint32_t log_level;	/* of our verifier */
	uint32_t log_bytes;	/* at most this much comes back */
	uint32_t caps;		/* BGV_CAP_*: what the loader will hold */
	uint32_t mode;		/* enum bgv_mode */
	uint32_t zero;
};
static_assert(sizeof(struct judge_job) == 72, "no padding");

enum judge_piece_kind {
	JUDGE_PIECE_LOG = 1,	/* text of the verifier */
	JUDGE_PIECE_RESULT,	/* one result: struct of policy/ (CMS) or object/ (OBJECT) */
	JUDGE_PIECE_TOLD,	/* text: the explanation as people read it */
	JUDGE_PIECE_MODEL,	/* the same as data: one line of JSON */
	JUDGE_PIECE_VERDICT,	/* the last message: struct judge_verdict */
};

/* Head of every message of a judge; `bytes` follow it. */
struct judge_piece {
	uint32_t kind;		/* enum judge_piece_kind */
	uint32_t bytes;
	uint64_t nonce;
};
static_assert(sizeof(struct judge_piece) == 16, "no padding");

enum judge_says {		/* the first four as enum bgv_verdict; 0 says nothing */
	JUDGE_SAYS_ACCEPT = 1,	/* also: BTF, CMS or object was read */
	JUDGE_SAYS_REJECT,	/* err is the kernel's errno */
	JUDGE_SAYS_UNSUPPORTED,
	JUDGE_SAYS_UNDECIDED,	/* a budget, a crash or a missing sandbox part */
	JUDGE_SAYS_MALFORMED,	/* the payload is not what the job says: nothing was judged */
};

struct judge_verdict {
	uint64_t nonce;		/* of the job */
	uint64_t payload_bytes;	/* of the job, as received */
	uint32_t says;		/* enum judge_says */
	int32_t err;		/* positive errno, 0 on accept */
	uint32_t insn_idx;	/* UINT32_MAX: none */
	uint32_t sandbox;	/* parts in force */
	uint64_t insn_processed;
	uint64_t total_states, peak_states, max_states_per_insn;
	uint64_t time_ns, peak_bytes;
	uint64_t log_bytes;	/* sent before, in pieces */
	uint32_t result_cnt;	/* sent before, in pieces */
	uint32_t told_bytes;	/* likewise, JUDGE_PIECE_TOLD and _MODEL together */
	uint32_t stack_depth[8];
	char code[32];		/* NUL-terminated, as all texts here; printable is for the reader to check */
	char message[256];
	char place[64];		/* of insn_idx in the source, "FILE:LINE:COLUMN"; "" */
};
static_assert(sizeof(struct judge_verdict) == 128 + 32 + 256 + 64, "no padding");

#endif
