/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BTFREC_H
#define VERIFIER_BTFREC_H

#include "verifier/btf/btf.h"

/* The members of a map value or own type that a program must not touch like plain memory. */
enum btfrec_kind {
	BTFREC_SPIN_LOCK		= 1 << 0,
	BTFREC_TIMER		= 1 << 1,
	BTFREC_KPTR_UNREF	= 1 << 2,
	BTFREC_KPTR_REF		= 1 << 3,
	BTFREC_KPTR_PERCPU	= 1 << 4,
	BTFREC_LIST_HEAD		= 1 << 5,
	BTFREC_LIST_NODE		= 1 << 6,
	BTFREC_RB_ROOT		= 1 << 7,
	BTFREC_RB_NODE		= 1 << 8,
	BTFREC_REFCOUNT		= 1 << 9,
	BTFREC_WORKQUEUE		= 1 << 10,
	BTFREC_UPTR		= 1 << 11,
	BTFREC_RES_SPIN_LOCK	= 1 << 12,
	BTFREC_TASK_WORK		= 1 << 13,
};
#define BTFREC_KPTR	(BTFREC_KPTR_UNREF | BTFREC_KPTR_REF | BTFREC_KPTR_PERCPU)
#define BTFREC_GRAPH	(BTFREC_LIST_HEAD | BTFREC_LIST_NODE | BTFREC_RB_ROOT | BTFREC_RB_NODE)
#define BTFREC_LOCK	(BTFREC_SPIN_LOCK | BTFREC_RES_SPIN_LOCK)

struct btf_member_field {
	uint32_t kind;			/* one enum btfrec_kind */
	uint32_t off, size;		/* bytes */
	uint32_t btf,
		btf_id; /* kptr: what it points to; list head, rbtree root: type of its nodes */
	uint32_t node_offset;		/* graph roots: of the node in that type */
};

struct btfrec {
	uint32_t mask;			/* enum btfrec_kind of all fields */
	uint32_t cnt;
	int32_t spin_lock_off, res_spin_lock_off, timer_off, wq_off, refcount_off,
		task_work_off;			/* -1: none */
	struct btf_member_field field[];	/* by offset */
};

/*
 * Special fields of the struct (btf, id), of the kinds in mask. *ret_rec is the env's; NULL: there
 * are none. 0, or the errno the kernel gives for such a type (no verdict is recorded): -EINVAL,
 * -E2BIG, -EEXIST, -ENOENT; -ENOMEM.
 */
int btfrec_parse(struct env *env, uint32_t btf, uint32_t id, uint32_t value_bytes, uint32_t mask,
		 struct btfrec **ret_rec);

/* The record of an own type (bpf_obj_new, node, kptr target) of the program's BTF. NULL: none. */
struct btfrec *btfrec_of_type(struct env *env, uint32_t btf, uint32_t id);

/*
 * The record of what a graph root holds, or a kptr to an own type points to; NULL: a kernel type,
 * or none.
 */
struct btfrec *btfrec_pointee(struct env *env, const struct btf_member_field *field);

/*
 * The record of a map's value, by its BTF; NULL in *ret_rec without BTF or fields. 0 or negative.
 */
int btfrec_of_map(struct env *env, uint32_t map_idx, struct btfrec **ret_rec);

/* The field that starts at exactly that offset; NULL. rec may be NULL. */
const struct btf_member_field *btfrec_find(const struct btfrec *rec, uint32_t off);

static inline bool btfrec_has(const struct btfrec *rec, uint32_t mask)
{
	return rec && (rec->mask & mask);
}

static inline bool btfrec_is_kptr(const struct btf_member_field *f)
{
	return f->kind & (BTFREC_KPTR | BTFREC_UPTR);
}

const char *btfrec_kind_name(uint32_t kind);	/* "spin_lock", "kptr", ... */

#endif
