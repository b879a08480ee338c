/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of frames: a bpf(2) call to a request and back, its outcome to a reply and back. Walks
 * the command table; makes no system call of its own. What is decoded comes from a stranger: every
 * byte is consumed and accounted for, or the result is -EBADMSG.
 */
#ifndef BPFGATE_PROTO_CODEC_H
#define BPFGATE_PROTO_CODEC_H

#include "proto/cmd.h"
#include "proto/own.h"
#include "proto/wire.h"

/* ---- The caller's side ------------------------------------------------------------------ */

/* What a map's keys and values look like to a system call. */
struct codec_map {
	uint32_t type;
	uint32_t key_bytes;
	uint32_t value_bytes; /* per-CPU maps: all CPUs */
	uint32_t cpu_value_bytes; /* per-CPU maps: one CPU's, as CMD_F_CPU has it; else 0 */
};

/* Where a path leads. The directory and the watch are open files, handed over; -1: there is none. */
struct codec_place {
	int dir;	/* the nearest one above the path that is there */
	int watch;	/* an inotify instance that watches it */
	uint32_t below; /* how many parts of the path are below it */
	char *text;	/* the path to send, by malloc(); NULL: as it was given */
};

#define CODEC_PLACE_INIT ((struct codec_place){ .dir = -1, .watch = -1 })

/* Closes its descriptors, frees its text, and makes it CODEC_PLACE_INIT. */
void codec_place_done(struct codec_place *place);

#define OWN_PLACE __attribute__((cleanup(codec_place_done)))

/*
 * The process whose call it is: ourselves, or, for `bpfgate run`, another. Addresses are that
 * process's. Callbacks return 0 or -errno.
 */
struct codec_source {
	void *ctx;
	uint32_t self_pid; /* its pid as it sees it itself */
	/* -EFAULT if not all bytes are there */
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t bytes);
	int (*write)(void *ctx, uint64_t addr, const void *buf, size_t bytes);
	/* *ret_fd is ours for the call `number`; -EBADF if no such file is open */
	int (*take_fd)(void *ctx, int number, int *ret_fd);
	/* undoes take_fd: closes the copy, or nothing where take_fd copied nothing */
	void (*drop_fd)(void *ctx, int fd);
	/* only called for commands that carry keys or values */
	int (*map_shape)(void *ctx, int number, struct codec_map *ret_map);
	/*
	 * For paths; may be NULL: then they travel as text alone. dir_number: what a path that is relative is
	 * relative to, or -1: the working directory. *ret_place is the caller's also after an error.
	 */
	int (*place)(void *ctx, int dir_number, const char *path, bool watch, struct codec_place *ret_place);
	/*
	 * For files and processes that a call names by path and number, opened with the caller's own rights; may be NULL: then
	 * they do not travel. *ret_fd is a new descriptor. -EOPNOTSUPP: what is meant cannot be seen from here.
	 */
	int (*open_file)(void *ctx, const char *path, int *ret_fd);
	int (*open_process)(void *ctx, int pid, int *ret_fd);
};

/* An encoded call: the body to send, and what is needed to bring the answer home. */
struct codec_call {
	const struct codec_source *source;
	const struct cmd_row *row;
	uint64_t attr_addr;
	uint32_t attr_bytes;
	uint8_t attr[ATTR_BYTES]; /* as the caller passed it, zero-extended */
	uint64_t ptr_addr[CMD_PTRS_MAX]; /* 0: NULL */
	uint32_t ptr_room[CMD_PTRS_MAX];
	size_t ptr_at[CMD_PTRS_MAX]; /* of its entry in the body */
	uint8_t *body;
	size_t body_bytes;
	unsigned int fd_cnt;
	int fds[WIRE_FDS_MAX];
	int32_t fd_numbers[WIRE_FDS_MAX];
};

#define CODEC_CALL_INIT ((struct codec_call){ 0 })

/* Gives its descriptors back to their source, frees the body, and makes it CODEC_CALL_INIT. */
void codec_call_done(struct codec_call *call);

#define OWN_CALL __attribute__((cleanup(codec_call_done)))

/*
 * Encodes bpf(cmd, attr_addr, attr_bytes). Mirrors what the kernel does before it looks at the
 * command: -E2BIG for an attr above a page or with a non-zero tail (bpf_check_uarg_tail_zero),
 * -EFAULT for one that cannot be read, -EINVAL for a command without a row and for bytes after its
 * last field (CHECK_ATTR); and the kernel's errno for a count above its limit. A pointer that
 * cannot be read is not an error here: it travels as WIRE_PTR_FAULT, and the daemon answers EFAULT
 * where the kernel would have. -E2BIG: more fds than a frame takes. -ENOMEM.
 * *ret_call is the caller's to release, also after an error.
 */
int codec_encode_request(const struct codec_source *source, uint32_t cmd, uint64_t attr_addr,
			 uint32_t attr_bytes, struct codec_call *ret_call);

/*
 * Takes out of the body what a daemon of that version (WIRE_WELCOME's) does not understand: then the caller gets what
 * it would have got of the library of that time.
 */
void codec_call_for_version(struct codec_call *call, uint16_t version);

/* ---- The daemon's side ------------------------------------------------------------------- */

struct request_ptr {
	uint8_t state;	     /* enum wire_ptr_state */
	const uint8_t *data; /* inside the body; NULL when bytes is 0 */
	uint32_t bytes;
	uint32_t room; /* how many bytes the reply may bring; 0 for CMD_IN */
};

/* A decoded request. Borrows the body; bytes of sections are aligned to WIRE_ALIGN. */
struct request {
	const struct cmd_row *row;
	uint32_t cmd;
	uint32_t attr_bytes;			    /* the size the client gave to bpf(2) */
	_Alignas(8) uint8_t attr[ATTR_BYTES]; /* pointers are 0; fds are the client's numbers */
	struct request_ptr ptrs[CMD_PTRS_MAX];
	unsigned int fd_cnt;
	int32_t fd_numbers[WIRE_FDS_MAX]; /* ascending; the n-th is the frame's n-th fd */
};

/*
 * Decodes the body of a WIRE_REQUEST frame that came with fd_cnt fds. Checks, beyond the layout,
 * that counts in the attr and bytes of the contents agree and that reserved bytes and the attr's
 * pointers are zero. Returns 0; -EBADMSG: hang up; or what the kernel would say to a call from the
 * future (a client library newer than this table), to be answered: -EINVAL for a command without a
 * row or a field past the command's last, -E2BIG for one past the attr's.
 */
int codec_decode_request(const uint8_t *body, size_t body_bytes, unsigned int fd_cnt,
			 struct request *ret_req);

/*
 * Position among the frame's fds of the client's fd `number`, or -EBADF: the client has no such
 * file open (or it did not send it).
 */
int request_find_fd(const struct request *req, int32_t number);

/*
 * The same for the attr's fd field at this offset, as its row of the table says (cmd.h): -ENOENT where it names
 * none (a flag is missing, 0 is nobody), -EBADF where the client has no such file open. self_pid: the caller's.
 */
int request_find_fd_at(const struct request *req, uint16_t attr_off, uint32_t self_pid);

/*
 * The contents of the pointer at this attr offset. Never NULL: a pointer of another command or
 * attach type reads as NULL (state WIRE_PTR_NULL, no bytes).
 */
const struct request_ptr *request_ptr_at(const struct request *req, uint16_t off);

/* The outcome of a call. Buffers and text are borrowed. */
struct reply_buf {
	const uint8_t *data;
	uint32_t bytes;
};

struct reply {
	int32_t result; /* >= 0, or -errno */
	bool result_is_fd; /* the frame's one fd is the result */
	uint64_t decision; /* 0: none */
	uint32_t out_mask;
	uint64_t outs[CMD_OUTS_MAX];
	struct reply_buf bufs[CMD_PTRS_MAX]; /* data NULL: nothing comes back */
	const char *reason; /* need not end in NUL; may be NULL */
	uint32_t reason_bytes;
};

/*
 * Sets the output field at this attr offset, or the bytes that come back through the pointer
 * there (cut to the client's room). A field that the command does not have: nothing happens.
 */
void reply_set_out(struct reply *reply, const struct request *req, uint16_t off, uint64_t value);
void reply_set_buf(struct reply *reply, const struct request *req, uint16_t off, const void *data,
		   size_t bytes);

/* As reply_set_buf(), for a pointer inside the info struct of OBJ_GET_INFO_BY_FD. */
void reply_set_info_buf(struct reply *reply, const struct request *req, uint16_t info_off,
			const void *data, size_t bytes);

/*
 * Encodes a reply; reason is cut to WIRE_REASON_MAX. Returns 0 and *ret_body (malloc), -E2BIG
 * (buffers above WIRE_BODY_MAX), -ENOMEM. fd_cnt of the frame is 1 if result_is_fd, else 0.
 */
int codec_encode_reply(const struct reply *reply, uint8_t **ret_body, size_t *ret_bytes);

/* ---- The caller's side again --------------------------------------------------------------- */

/*
 * Decodes the reply to `call`; buffers may not exceed the room the call gave. *ret_reply borrows
 * the body. Returns 0 or -EBADMSG.
 */
int codec_decode_reply(const struct codec_call *call, const uint8_t *body, size_t body_bytes,
		       unsigned int fd_cnt, struct reply *ret_reply);

/*
 * Writes output fields (where the caller's attr is long enough) and buffers into the caller's
 * memory. Returns 0 or -EFAULT.
 */
int codec_copy_out(const struct codec_call *call, const struct reply *reply);

/* ---- Questions to bpfgate itself ------------------------------------------------------------ */

struct control {
	uint32_t verb;
	const char *arg; /* arg_bytes of text without NUL inside */
	uint32_t arg_bytes;
};

struct control_reply {
	int32_t result;
	const char *text; /* JSON */
	uint32_t text_bytes;
};

/* As the pair above: -E2BIG above the limits of wire.h, -EBADMSG for what is not such a body. */
int codec_encode_control(const struct control *ctl, uint8_t **ret_body, size_t *ret_bytes);
int codec_decode_control(const uint8_t *body, size_t body_bytes, struct control *ret_ctl);
int codec_encode_control_reply(const struct control_reply *reply, uint8_t **ret_body,
			       size_t *ret_bytes);
int codec_decode_control_reply(const uint8_t *body, size_t body_bytes,
			       struct control_reply *ret_reply);

#endif
