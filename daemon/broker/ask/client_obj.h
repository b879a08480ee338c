/* SPDX-License-Identifier: Apache-2.0 */
/* What a descriptor of a client stands for: a bpf object, or a handle of one. */
#ifndef BPFGATE_DAEMON_CLIENT_OBJ_H
#define BPFGATE_DAEMON_CLIENT_OBJ_H

#include "daemon/broker/work/work.h"

struct client_obj {
	uint32_t kind;			/* enum keep_obj */
	uint32_t id;			/* the kernel's */
	int fd;				/* borrowed; -1: a handle, see keep_id */
	uint64_t keep_id;		/* 0: a real descriptor */
	const struct ledger_rec *rec;	/* NULL: not made through us */
};

/*
 * Identifies the client's descriptor `number`. -EBADF: it sent none; -EINVAL: neither a bpf object
 * of the kind wanted (enum keep_obj, 0 for any) nor a handle of one, as the kernel says.
 */
int client_obj_of_number(struct work *work, int32_t number, uint32_t kind,
			 struct client_obj *ret_obj);
int client_obj_of_fd(struct broker *broker, int fd, struct client_obj *ret_obj);
/* The same for the attr's fd field at this offset (work_fd_at()); -EINVAL, too, where it names none. */
int client_obj_at(struct work *work, uint16_t attr_off, uint32_t kind, struct client_obj *ret_obj);

/* Adds it to a call and gives the number it has there. -EMFILE. */
int client_obj_add_to_call(const struct client_obj *obj, struct loader_call *call);
/* The descriptor may be read and written (maps opened with BPF_F_RDONLY or WRONLY may not). */
bool client_obj_is_read_write(const struct client_obj *obj);

#endif
