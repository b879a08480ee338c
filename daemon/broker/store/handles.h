/* SPDX-License-Identifier: Apache-2.0 */
/* What bpfgated keeps for us: objects, and the handles that stand for them at clients. */
#ifndef BPFGATE_DAEMON_HANDLES_H
#define BPFGATE_DAEMON_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/privsep.h"
#include "daemon/broker/store/quota.h"

struct handles;

struct kept_obj {
	uint64_t keep_id;
	uint32_t obj_kind;	/* enum keep_obj */
	uint32_t obj_id;	/* the kernel's */
};

/* 0 or -ENOMEM. Freeing (NULL is fine) drops all charges. */
int handles_new(struct handles **ret_handles);
void handles_free(struct handles *handles);

/* TELL_KEPT, also those of ASK_LIST. 0 or -ENOMEM. */
int handles_on_kept(struct handles *handles, const struct keep_tell *tell);
/*
 * ANS_HANDLE: one more handle of an object that is known. The charge is taken over, and given back when the
 * handle is gone. 0, -ENOENT or -ENOMEM: then the charge stays with the caller.
 */
int handles_add(struct handles *handles, uint64_t keep_id, uint64_t cookie, struct quota_charge *charge);
void handles_on_gone(struct handles *handles, const struct keep_tell *tell);

/* What the socket with this cookie stands for; NULL when it is not a handle. */
const struct kept_obj *handles_find(const struct handles *handles, uint64_t cookie);
/* Is this object kept? By what id? NULL when it is not. */
const struct kept_obj *handles_find_obj(const struct handles *handles, uint32_t obj_kind,
					uint32_t obj_id);
/* The kept object of this number; NULL when there is none. */
const struct kept_obj *handles_find_kept(const struct handles *handles, uint64_t keep_id);
unsigned int handles_cnt(const struct handles *handles);

#endif
