/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BTFREC_H
#define VERIFIER_BTFREC_H

#include "verifier/btf.h"

/* The members of a map value or own type that a program must not touch like plain memory. */
enum field_type {
	FIELD_SPIN_LOCK		= 1 << 0,
	FIELD_TIMER		= 1 << 1,
	FIELD_KPTR_UNREF	= 1 << 2,
	FIELD_KPTR_REF		= 1 << 3,
	FIELD_KPTR_PERCPU	= 1 << 4,
	FIELD_LIST_HEAD		= 1 << 5,
	FIELD_LIST_NODE		= 1 << 6,
	FIELD_RB_ROOT		= 1 << 7,
	FIELD_RB_NODE		= 1 << 8,
	FIELD_REFCOUNT		= 1 << 9,
	FIELD_WORKQUEUE		= 1 << 10,
	FIELD_UPTR		= 1 << 11,
	FIELD_RES_SPIN_LOCK	= 1 << 12,
	FIELD_TASK_WORK		= 1 << 13,
};
#define FIELD_KPTR	(FIELD_KPTR_UNREF | FIELD_KPTR_REF | FIELD_KPTR_PERCPU)
#define FIELD_GRAPH	(FIELD_LIST_HEAD | FIELD_LIST_NODE | FIELD_RB_ROOT | FIELD_RB_NODE)
#define FIELD_LOCK	(FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK)

struct btf_member_field {
	uint32_t type;			/* one enum field_type */
	uint32_t offset, size;		/* bytes */
	uint32_t btf, btf_id;		/* kptr: what it points to; list head, rbtree root: type of its nodes */
	uint32_t node_offset;		/* graph roots: of the node in that type */
	struct btfrec *value_rec;	/* graph roots and kptrs to own types: the pointee's record; else NULL */
};

struct btfrec {
	uint32_t mask;			/* enum field_type of all fields */
	uint32_t cnt;
	int32_t spin_lock_off, res_spin_lock_off, timer_off, wq_off, refcount_off, task_work_off;	/* -1: none */
	struct btf_member_field f[];	/* by offset */
};

/*
 * Special fields of the struct (btf, id), of the kinds in mask. *ret_rec is the env's; NULL: there are
 * none. 0, or the errno the kernel gives for such a type (no verdict is recorded): -EINVAL, -E2BIG,
 * -EEXIST, -ENOENT; -ENOMEM.
 */
int btfrec_parse(struct env *env, uint32_t btf, uint32_t id, uint32_t value_bytes, uint32_t mask,
		 struct btfrec **ret_rec);

/* The record of an own type (bpf_obj_new, node, kptr target) of the program's BTF. NULL: none. */
struct btfrec *btfrec_of_type(struct env *env, uint32_t btf, uint32_t id);

/* The field of a type in mask at exactly that offset; NULL. rec may be NULL. */
const struct btf_member_field *btfrec_find(const struct btfrec *rec, uint32_t offset, uint32_t mask);

static inline bool btfrec_has(const struct btfrec *rec, uint32_t mask)
{
	return rec && (rec->mask & mask);
}

const char *btfrec_field_name(uint32_t type);	/* "spin_lock", "kptr", ... */

#endif
