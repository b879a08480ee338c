/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels over the socket. PROTOCOL.md is the prose; this is the layout.
 *
 * One SOCK_SEQPACKET message is one frame: a head, and a body that follows it inline or, when it
 * is larger than WIRE_INLINE_MAX, lies in a sealed memfd. Numbers of the protocol are
 * little-endian. What belongs to bpf(2) (the attr, the contents of its pointers) is in the host's
 * order: both ends share a kernel. No struct here has padding and no value is a pointer. Every
 * section of a body starts at a multiple of WIRE_ALIGN; the bytes skipped to get there are zero.
 */
#ifndef BPFGATE_PROTO_WIRE_H
#define BPFGATE_PROTO_WIRE_H

#include <stdint.h>

#define WIRE_MAGIC 0x47465042u /* "BPFG" */

/* Versions this source speaks. A newer peer that still speaks one of them is understood. */
#define WIRE_VERSION_MIN 1
#define WIRE_VERSION_MAX 2
/* Since then a test run's context may ask for what became of it. Daemons before hang up on who does. */
#define WIRE_VERSION_CTX 2

/* So that instructions can be read in place as 64-bit units. */
#define WIRE_ALIGN 8

/*
 * A body up to here goes inline. Inline beats a memfd at every size that fits, and the largest
 * message at the stock SO_SNDBUF is 212,960 bytes; 128 KiB leaves room for the kernel's own
 * accounting and keeps the receiver's scratch buffer small. 16,000 instructions fit.
 */
#define WIRE_INLINE_MAX (128u * 1024)

/*
 * The largest body. A million instructions (8 MiB) with a line_info record each (16 MiB) and
 * func_info, or BTF of the kernel's own limit (16 MiB), fit with room to spare.
 */
#define WIRE_BODY_MAX (64u * 1024 * 1024)

/* The kernel takes 253 fds a message (SCM_MAX_FD); one is kept for the body's memfd. */
#define WIRE_FDS_MAX 252

/* The reason of a refusal, text for people. Policy explanations take a screen, not a book. */
#define WIRE_REASON_MAX (16u * 1024)

/* Argument of a control request: an id, a filter, an object's name. */
#define WIRE_CONTROL_ARG_MAX 4096u

/* JSON text of a control reply: 10,000 objects of 400 bytes. */
#define WIRE_CONTROL_TEXT_MAX (4u * 1024 * 1024)

enum wire_type {
	WIRE_HELLO = 1,		/* client: versions it speaks */
	WIRE_WELCOME = 2,	/* daemon: the version chosen, its limits */
	WIRE_REQUEST = 3,	/* client: one bpf(2) call */
	WIRE_REPLY = 4,		/* daemon: its outcome */
	WIRE_CONTROL = 5,	/* client: a question to bpfgate itself */
	WIRE_CONTROL_REPLY = 6, /* daemon: JSON text */
};

enum wire_head_flag {
	WIRE_BODY_MEMFD = 1, /* the last fd is a sealed memfd that holds the whole body */
};

struct wire_head {
	uint32_t magic;
	uint16_t version; /* in WIRE_HELLO: WIRE_VERSION_MIN of the sender; later: the version chosen */
	uint16_t type;
	uint64_t id; /* chosen by the client, repeated in the answer */
	uint32_t body_bytes;
	uint16_t fd_cnt; /* without the body's memfd */
	uint16_t flags;
};

/* Body of WIRE_HELLO. Longer bodies of later versions start with these fields. */
struct wire_hello {
	uint16_t version_min;
	uint16_t version_max;
	uint32_t zero;
};

/* Body of WIRE_WELCOME; version 0 means: none in common, goodbye. */
struct wire_welcome {
	uint16_t version;
	uint16_t version_max;
	uint32_t inline_max;
	uint32_t body_max;
	uint32_t fds_max;
};

/*
 * Body of WIRE_REQUEST:
 *   struct wire_request
 *   attr_stored bytes of the attr    every pointer in it is 0
 *   ptr_cnt times struct wire_ptr, each followed by its `bytes` bytes
 *   int32_t fd_numbers[head.fd_cnt]  strictly ascending: the client's number of the n-th fd
 *
 * Fd numbers stay what they were everywhere: in the attr, in instructions, in fd_array, in map
 * values. A number that has no entry in fd_numbers was not an open file of the client. So the
 * instructions are byte for byte what the client passed, signatures over them hold, and the
 * kernel's complaints name the numbers that the client knows.
 */
struct wire_request {
	uint32_t cmd;
	uint32_t attr_bytes;  /* the size argument of bpf(2) */
	uint32_t attr_stored; /* up to its last byte that is not zero */
	uint32_t ptr_cnt;
};

/*
 * Numbers from WIRE_FD_OURS on are never a client's: so high no file is opened. With OBJ_PIN and OBJ_GET travel the
 * nearest directory above the path that is there, as WIRE_FD_PLACE less the number of the path's last parts that
 * are below it, and, with OBJ_PIN, an inotify instance that watches this directory and nothing else. With a uprobe_multi
 * link travels the file of its path, open for reading, and a pidfd of its process where it names one.
 */
#define WIRE_FD_PLACE	     INT32_MAX
#define WIRE_PLACE_PARTS_MAX 128
#define WIRE_FD_WATCH	     (INT32_MAX - 255)
#define WIRE_FD_FILE	     (INT32_MAX - 254)
#define WIRE_FD_PROCESS	     (INT32_MAX - 253)
#define WIRE_FD_OURS	     WIRE_FD_WATCH

enum wire_ptr_state {
	WIRE_PTR_NULL = 0,    /* never on the wire: an absent entry means this */
	WIRE_PTR_PRESENT = 1, /* contents follow (FROM client), or `room` bytes may come back */
	WIRE_PTR_FAULT = 2,   /* not NULL, but the client cannot read there: the kernel's EFAULT */
};

struct wire_ptr {
	uint16_t ptr_idx; /* row->ptrs[ptr_idx]; entries are strictly ascending */
	uint16_t state;
	uint32_t bytes; /* that follow */
	uint32_t room;	/* how many bytes the reply may bring for it */
	uint32_t zero;
};

/*
 * Body of WIRE_REPLY:
 *   struct wire_reply
 *   a uint64_t for each bit of out_mask, lowest first: the value of row->outs[bit]
 *   buf_cnt times struct wire_buf, each followed by its bytes
 *   reason_bytes of text
 */
struct wire_reply {
	int32_t result; /* >= 0, or -errno */
	uint32_t flags;
	uint64_t decision; /* 0: nothing was decided (a malformed or merely looked-up thing) */
	uint32_t out_mask;
	uint32_t buf_cnt;
	uint32_t reason_bytes;
	uint32_t zero;
};

enum wire_reply_flag {
	WIRE_RESULT_FD = 1, /* the one fd of this frame is the result; .result is 0 */
};

struct wire_buf {
	uint16_t ptr_idx;
	uint16_t zero;
	uint32_t bytes;
};

/* Questions to bpfgate itself. */
enum wire_verb {
	WIRE_VERB_STATUS = 1, /* no argument */
	WIRE_VERB_LIST = 2,   /* "progs", "maps", "links", "pins", "clients", "decisions" */
	WIRE_VERB_WHY = 3,    /* "" for the caller's last decision, else its number in hex */
	WIRE_VERB_OBJECT = 4, /* fds: an ELF object and optionally a signature; a name */
	WIRE_VERB_UNPIN = 5,  /* a pin's path; fd: the directory named before the "//" in it */
	WIRE_VERB_RELOAD = 6, /* no argument; root's only: reads the policy anew, answers when it did */
};

/* Body of WIRE_CONTROL: this, then arg_bytes of text. fds as the verb says. */
struct wire_control {
	uint32_t verb;
	uint32_t arg_bytes;
};

/* Body of WIRE_CONTROL_REPLY: this, then text_bytes of JSON. */
struct wire_control_reply {
	int32_t result; /* 0, or -errno */
	uint32_t text_bytes;
};

_Static_assert(sizeof(struct wire_head) == 24, "wire_head is wire format");
_Static_assert(sizeof(struct wire_hello) == 8, "wire_hello is wire format");
_Static_assert(sizeof(struct wire_welcome) == 16, "wire_welcome is wire format");
_Static_assert(sizeof(struct wire_request) == 16, "wire_request is wire format");
_Static_assert(sizeof(struct wire_ptr) == 16, "wire_ptr is wire format");
_Static_assert(sizeof(struct wire_reply) == 32, "wire_reply is wire format");
_Static_assert(sizeof(struct wire_buf) == 8, "wire_buf is wire format");
_Static_assert(sizeof(struct wire_control) == 8, "wire_control is wire format");
_Static_assert(sizeof(struct wire_control_reply) == 8, "wire_control_reply is wire format");

#endif
