/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of bpfgate say to one another. Read daemon/PRIVSEP.md for who may do what.
 *
 *     broker <-> bpfgated   asks, answers and tells: struct keep_ask / keep_tell        (CHANNEL_FD)
 *     broker <-> loader     approvals and their outcome: struct door_ask / door_answer  (DOOR_FD)
 *     loader <-> bpfgated   "keep this", and programs lent for one approval             (KEEP_FD)
 *     broker <-> zygote     fresh judges: worker/judge.h
 *
 * Every channel is a SOCK_SEQPACKET socket pair; every message is one fixed-size struct, in a few cases
 * followed by as many bytes as the struct says; descriptors travel beside it (proto/packet.h). No
 * pointers, no padding, host byte order: all these processes come from one build on one machine.
 * A reader refuses a message of the wrong size and treats its sender as broken.
 *
 * Names: the broker's ASK_X is answered by ANS_X with the same ask_id, exactly once. What nobody asked
 * for is a TELL_X with ask_id 0.
 */
#ifndef BPFGATE_DAEMON_PRIVSEP_H
#define BPFGATE_DAEMON_PRIVSEP_H

#include <assert.h>
#include <stdint.h>

#include "proto/perf.h"

/* ---- descriptors a child finds open, beside 0-2 -------------------------------------------- */

#define CHANNEL_FD	3	/* broker: its channel to bpfgated */
#define LISTEN_FD	4	/* broker: the listening socket of the clients */
#define LEDGER_FD	5	/* broker: the ledger's memfd, the same one after a restart */

#define DOOR_FD		3	/* loader: its channel to the broker */
#define KEEP_FD		4	/* loader: its channel to bpfgated */
/*
 * Descriptor i of an approval lands at this number plus i, so whoever builds the attr writes the
 * number itself into attr, fd_array or instructions: nothing is patched after it was judged.
 */
#define DOOR_FD_FIRST	5
#define DOOR_FDS_MAX	240u	/* with the payload's memfd below SCM_MAX_FD */
/* Kept object i that bpfgated lends for an approval lands at this number plus i. */
#define DOOR_LENT_FIRST 512
#define DOOR_LENT_MAX	16u

/* ---- broker -> bpfgated -------------------------------------------------------------------- */

enum keep_ask_kind {
	/*
	 * A loader for the client uid (for the record: the loader has a uid of its own). With one fd,
	 * a dup of the client's socket: the loader enters the network namespace of that socket.
	 * Without: it stays in the daemon's. Fields: uid, flags (LOADER_*).
	 * ANS: box_id, one fd, the broker's end of the door. -EMFILE at LOADERS_MAX.
	 */
	ASK_LOADER = 1,
	/* Kill box_id (a deadline passed, or it idles). A TELL_LOADER_GONE follows when it is reaped. */
	ASK_STOP_LOADER,
	/*
	 * Send a reply frame, with the kept object's own fd, to a client; the broker never sees that fd.
	 * Fields: keep_id, bytes; fd 0: dup of the client's socket; frame bytes follow the struct.
	 * ANS: result of sendmsg (-EAGAIN when the client does not read), -EPERM when that is not a client's. A program that has no
	 * handle and no pin is dropped by the parent afterwards (its TELL_GONE follows).
	 */
	ASK_HAND_OVER,
	/* Lend keep_id[0..cnt) to loader box_id for the approval approval_id, in this order. */
	ASK_LEND,
	/* One more handle for keep_id. ANS: cookie, one fd: the client's end. */
	ASK_HANDLE,
	/* Keep keep_id also without a handle (a pin), or no longer. fd 0, when keep_id is 0: keep this. */
	ASK_PIN,
	ASK_UNPIN,
	/* Drop keep_id now, whatever handles are out (revoked, quota of a gone client). */
	ASK_DROP,
	/* Everything that is kept: one TELL_KEPT for each handle and each pin, then the ANS. */
	ASK_LIST,
	/* STATUS= for the service manager: `bytes` of printable text follow the struct. */
	ASK_STATUS,
	/* Start-up is done (result 0) or the policy cannot be loaded (result -errno). With status text. */
	ASK_READY,
	/* The reload that TELL_RELOAD wanted is done: result, and status text. */
	ASK_RELOADED,
	/*
	 * Open a file of the kernel's that is root's, for reading. obj_kind: enum trace_file; for one event "category/event"
	 * follows the struct. ANS: -errno, or one fd.
	 */
	ASK_TRACE,
	/* Answer to TELL_PING: without it the watchdog is not fed. No ANS. */
	ASK_PONG,
	KEEP_ASK_END
};

enum keep_tell_kind {
	ANS_LOADER = 101,
	ANS_STOP_LOADER,
	ANS_HAND_OVER,
	ANS_LEND,
	ANS_HANDLE,
	ANS_PIN,
	ANS_UNPIN,
	ANS_DROP,
	ANS_LIST,
	ANS_STATUS,
	ANS_READY,
	ANS_RELOADED,
	ANS_TRACE,

	/*
	 * A loader gave something to keep, or it is listed. keep_id, approval_id, box_id, obj_kind, obj_id,
	 * cookie (0: this row is a pin, or an object not yet handed over), uid (of the loader's client).
	 * result 0, or -EMFILE etc. with keep_id 0: nothing was kept and the object is gone.
	 * With one fd when a handle was wanted: the client's end. Whoever holds no copy of it any more
	 * has let go: send it to the client, then close it.
	 */
	TELL_KEPT = 201,
	/* The last copy of the handle `cookie` was closed (0: no handle). KEEP_LAST: keep_id is dropped too. */
	TELL_GONE,
	/* Loader box_id is dead; result: its wait status as (signal << 8 | exit code). */
	TELL_LOADER_GONE,
	/* A zygote is there (the first, or a new one): one fd, the channel of worker/judge.h. */
	TELL_ZYGOTE,
	/* SIGHUP or systemctl reload: read the policy anew, then ASK_RELOADED. */
	TELL_RELOAD,
	/* Shut down: answer what is in hand, close the clients, exit 0. bpfgated waits STOP_TIMEOUT_NS. */
	TELL_STOP,
	TELL_PING,
};

/* What bpfgated opens of tracefs. */
enum trace_file {
	TRACE_EVENTS = 1,	/* "ID CATEGORY:EVENT" a line, made by bpfgated from the events' id files */
	TRACE_EVENT_ID,
	TRACE_EVENT_FORMAT,
	TRACE_FUNCTIONS,	/* available_filter_functions */
};
#define TRACE_NAME_MAX 160u	/* of one event */

#define LOADER_LEDGER	(1u << 0)	/* no client's: counts objects, and holds CAP_SYS_ADMIN for *_BY_ID */
/*
 * One user's: opens uprobes, for which the kernel wants CAP_SYS_ADMIN, and does nothing else. Opening one waits for
 * grace periods: in the ledger's loader everybody would wait for it.
 */
#define LOADER_UPROBES	(1u << 1)

#define KEEP_LAST	(1u << 0)	/* TELL_GONE: it was the last hold */

enum keep_obj { KEEP_PROG = 1, KEEP_MAP, KEEP_LINK, KEEP_BTF };
#define IDS_OWN 5u		/* beside them, for DOOR_IDS only */

/* The most bytes after a keep_ask: a reply frame with its log, or a status line. */
#define KEEP_FRAME_MAX	98304u
#define KEEP_STATUS_MAX 256u

#define LOADERS_MAX	 64u		/* processes; each is one (uid, network namespace) */
#define STOP_TIMEOUT_NS	 2000000000ull
#define PING_INTERVAL_NS 2000000000ull

struct keep_ask {
	uint32_t kind;			/* enum keep_ask_kind */
	uint32_t flags;
	uint64_t ask_id;		/* the broker's, echoed */
	uint64_t approval_id;
	uint32_t box_id;		/* a loader */
	uint32_t uid;
	int32_t result;
	uint32_t obj_kind;		/* ASK_PIN with an fd */
	uint32_t obj_id;
	uint32_t cnt;			/* of keep_id; 1 where one is meant */
	uint32_t bytes;			/* that follow the struct */
	uint32_t zero;
	uint64_t keep_id[DOOR_LENT_MAX];
};
static_assert(sizeof(struct keep_ask) == 56 + 8 * DOOR_LENT_MAX, "no padding");

struct keep_tell {
	uint32_t kind;			/* enum keep_tell_kind */
	uint32_t flags;
	uint64_t ask_id;
	uint64_t approval_id;
	uint64_t keep_id;		/* never 0 for a kept object, never used twice in a life of bpfgated */
	uint64_t cookie;		/* SO_COOKIE of the client's end of the handle */
	int32_t result;			/* 0 or -errno */
	uint32_t box_id;
	uint32_t uid;
	uint32_t obj_kind;
	uint32_t obj_id;
	uint32_t zero;
};
static_assert(sizeof(struct keep_tell) == 64, "no padding");

/* ---- broker -> loader ---------------------------------------------------------------------- */

enum door_op {
	DOOR_BPF = 1,		/* one bpf(2) call */
	/*
	 * The ids of all maps, programs, links or BTF objects of this kernel (obj_kind), as u32 in the one PTR_OUT
	 * area; ERANGE when they do not fit. IDS_OWN: of the programs that the loaders' user made, but for those that
	 * this one looks with. Only by a loader started with LOADER_LEDGER.
	 */
	DOOR_IDS,
	DOOR_PERF,		/* open a perf event that programs are attached to or write into: attr is a struct door_perf */
	DOOR_NETNS,		/* which namespace the loader is in: attr is a struct door_netns, both ways */
	DOOR_SET_BPF,		/* attach a program to a perf event: attr is a struct perf_set_bpf */
	/* A descriptor to read, once, what /proc/kallsyms shows to root. Only by a loader started with LOADER_LEDGER. */
	DOOR_SYMBOLS,
};

/* An event as proto/perf.h describes it, with descriptors as the loader has them. */
struct door_perf {
	struct perf_open open;
	int32_t pid;		/* of its pidfd's process, in the host's pid namespace */
	uint32_t zero;
};
static_assert(sizeof(struct door_perf) == 104, "no padding");

struct door_netns {
	uint64_t dev, ino;	/* out: of the network namespace's file */
	uint32_t ifindex;	/* in: 0 for none */
	uint32_t zero;
	char ifname[16];	/* out: what the interface is called there; "" when there is none */
};
static_assert(sizeof(struct door_netns) == 40, "no padding");

/* What becomes of the fd that a successful call returns. */
enum door_result_fd {
	DOOR_FD_NONE,		/* the call returns no fd; its result is the answer's result */
	DOOR_FD_BROKER,		/* comes back with the answer: maps, links, BTF, iterators */
	DOOR_FD_KEEP,		/* goes to bpfgated, which holds it: TELL_KEPT follows, without a handle */
	DOOR_FD_HANDLE,		/* the same, and TELL_KEPT brings a handle for the client */
};

#define DOOR_ATTR_MAX	 256u	/* union bpf_attr: 168 bytes on 6.18 */
#define DOOR_PTRS_MAX	 24u
#define DOOR_PAYLOAD_MAX (64u << 20)
#define DOOR_INLINE_MAX	 98304u	/* larger payloads and outputs travel as a memfd */

/*
 * A pointer that the loader writes before the call: the u64 at `at` is made to point at `bytes` bytes
 * at `off`. With PTR_IN_PAYLOAD `at` is an offset in the payload (arrays of pointers), else in attr.
 * PTR_OUT: the memory is zeroed scratch, and comes back; `off` is ignored.
 * PTR_TEXT: with PTR_OUT, what comes back ends after the first NUL (logs).
 * PTR_BACK: with PTR_OUT, the memory is the payload's `bytes` at `off`: read and written. Pointers in it come back blank.
 */
#define PTR_IN_PAYLOAD (1u << 0)
#define PTR_OUT	       (1u << 1)
#define PTR_TEXT       (1u << 2)
#define PTR_BACK       (1u << 3)

struct door_ptr {
	uint32_t at;
	uint32_t off;
	uint32_t bytes;
	uint32_t flags;		/* PTR_* */
};

#define DOOR_PAYLOAD_FD (1u << 0)	/* the payload is the last descriptor, a sealed memfd */

struct door_ask {
	uint64_t approval_id;
	uint32_t op;		/* enum door_op */
	uint32_t cmd;		/* enum bpf_cmd */
	uint32_t flags;		/* DOOR_PAYLOAD_FD */
	uint32_t result_fd;	/* enum door_result_fd */
	uint64_t caps;		/* 1 << CAP_x: the effective set for this one call; others are cleared */
	uint32_t attr_bytes;	/* the size argument of bpf(2) */
	uint32_t ptr_cnt;
	uint32_t fd_cnt;	/* descriptors for the call; the payload's is not counted */
	uint32_t lent_cnt;	/* kept objects that bpfgated lends for it (ASK_LEND) */
	uint32_t obj_kind;	/* what the call makes, when it makes something (enum keep_obj) */
	uint32_t zero;
	uint64_t payload_bytes;	/* after the struct, or in the memfd */
	struct door_ptr ptr[DOOR_PTRS_MAX];
	uint8_t attr[DOOR_ATTR_MAX];
};
static_assert(sizeof(struct door_ask) == 64 + 16 * DOOR_PTRS_MAX + DOOR_ATTR_MAX, "no padding");

#define DOOR_OUT_FD (1u << 0)	/* the outputs are the last descriptor, a memfd */

struct door_answer {
	uint64_t approval_id;
	int32_t result;		/* what bpf(2) returned (an fd counts as 0), or -errno */
	uint32_t flags;		/* DOOR_OUT_FD */
	uint32_t attr_bytes;
	uint32_t out_bytes;	/* of all PTR_OUT areas together, after the struct or in the memfd */
	uint32_t refused;	/* 1: the kernel was not asked; result says why (a malformed approval) */
	uint32_t obj_id;	/* the kernel's id of what was made */
	uint8_t tag[8];		/* of a program */
	uint32_t xlated_bytes, jited_bytes;
	uint32_t verified_insns;
	uint32_t btf_id;
	uint64_t load_time_ns;	/* since boot, as bpf_prog_info has it */
	uint64_t cpu_ns;	/* that the kernel computed for it */
	uint32_t out[DOOR_PTRS_MAX];	/* bytes that came back for ptr[i], in this order */
	uint8_t attr[DOOR_ATTR_MAX];	/* as the kernel left it, pointers blanked */
};
static_assert(sizeof(struct door_answer) == 72 + 4 * DOOR_PTRS_MAX + DOOR_ATTR_MAX, "no padding");

/* ---- loader <-> bpfgated ------------------------------------------------------------------- */

/* loader -> bpfgated, with one fd: hold this. */
struct door_keep {
	uint64_t approval_id;
	uint32_t obj_kind;
	uint32_t obj_id;
	uint32_t want_handle;
	uint32_t zero;
};
static_assert(sizeof(struct door_keep) == 24, "no padding");

/* bpfgated -> loader, with cnt fds: lent for this approval, and closed after it. */
struct door_lent {
	uint64_t approval_id;
	uint32_t cnt;
	uint32_t zero;
};
static_assert(sizeof(struct door_lent) == 16, "no padding");

#endif
