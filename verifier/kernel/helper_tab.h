/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_TAB_H
#define VERIFIER_HELPER_TAB_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/kernel/behave.h"

#define HELPER_ARGS_MAX 5

/* Numbers of the helpers that have rules of their own. */
enum helper_id {
	HELPER_MAP_LOOKUP_ELEM = 1, HELPER_MAP_UPDATE_ELEM = 2, HELPER_MAP_DELETE_ELEM = 3,
	HELPER_GET_SMP_PROCESSOR_ID = 8, HELPER_TAIL_CALL = 12, HELPER_PROBE_READ_STR = 45,
	HELPER_PROBE_WRITE_USER = 36, HELPER_REDIRECT_MAP = 51, HELPER_GET_STACK = 67,
	HELPER_GET_STACKID = 27, HELPER_SETSOCKOPT = 49, HELPER_GETSOCKOPT = 57,
	HELPER_TCP_SEND_ACK = 116, HELPER_KTIME_GET_COARSE_NS = 160, HELPER_GET_LOCAL_STORAGE = 81, HELPER_SK_RELEASE = 86,
	HELPER_MAP_PUSH_ELEM = 87, HELPER_MAP_POP_ELEM = 88, HELPER_MAP_PEEK_ELEM = 89,
	HELPER_SPIN_LOCK = 93, HELPER_SPIN_UNLOCK = 94, HELPER_SK_STORAGE_GET = 107,
	HELPER_SK_STORAGE_DELETE = 108, HELPER_PROBE_READ_USER_STR = 114,
	HELPER_PROBE_READ_KERNEL_STR = 115, HELPER_GET_TASK_STACK = 141,
	HELPER_INODE_STORAGE_GET = 145, HELPER_D_PATH = 147, HELPER_PER_CPU_PTR = 153,
	HELPER_THIS_CPU_PTR = 154, HELPER_TASK_STORAGE_GET = 156, HELPER_IMA_INODE_HASH = 161,
	HELPER_FOR_EACH_MAP_ELEM = 164, HELPER_SNPRINTF = 165, HELPER_SYS_BPF = 166,
	HELPER_TIMER_SET_CALLBACK = 170, HELPER_GET_FUNC_IP = 173, HELPER_FIND_VMA = 180,
	HELPER_LOOP = 181, HELPER_GET_RETVAL = 186, HELPER_SET_RETVAL = 187, HELPER_IMA_FILE_HASH = 193,
	HELPER_KPTR_XCHG = 194, HELPER_MAP_LOOKUP_PERCPU_ELEM = 195, HELPER_DYNPTR_FROM_MEM = 197,
	HELPER_DYNPTR_READ = 201, HELPER_DYNPTR_WRITE = 202, HELPER_DYNPTR_DATA = 203,
	HELPER_USER_RINGBUF_DRAIN = 209, HELPER_CGRP_STORAGE_GET = 210,
};

/* What a helper wants in an argument register. */
enum helper_arg_kind {
	HARG_NONE,
	HARG_ANYTHING,		/* no pointer where pointers may not leak */
	HARG_SCALAR,
	HARG_CTX,
	HARG_MAP_PTR,
	HARG_MAP_KEY,		/* key_size bytes of the map before it */
	HARG_MAP_VALUE,		/* value_size bytes of the map before it */
	HARG_MEM,		/* its size follows, or .size says it (REG_F_FIXED_SIZE) */
	HARG_SIZE,		/* of the memory before it */
	HARG_SIZE_OR_ZERO,
	HARG_ALLOC_SIZE,	/* constant */
	HARG_SOCK,
	HARG_SOCK_COMMON,
	HARG_BTF_SOCK_COMMON,	/* any socket kind, also by BTF */
	HARG_BTF_ID,		/* .btf names the struct; NULL: by kptr_xchg's own rule */
	HARG_PERCPU_BTF_ID,
	HARG_CONST_STR,
	HARG_RINGBUF_MEM,
	HARG_SPIN_LOCK,
	HARG_TIMER,
	HARG_KPTR_SLOT,
	HARG_STACK,		/* context handed to a callback */
	HARG_FUNC,
	HARG_DYNPTR,
	HARG_CNT,
};

enum helper_ret_kind {
	HRET_INTEGER,
	HRET_VOID,
	HRET_MAP_VALUE,
	HRET_SOCK,
	HRET_SOCK_COMMON,
	HRET_TCP_SOCK,
	HRET_RINGBUF_MEM,	/* as many bytes as the constant size argument says */
	HRET_DYNPTR_MEM,
	HRET_PERCPU_DEREF,	/* memory or struct, by the percpu argument's type */
	HRET_BTF_ID,
	HRET_KPTR,		/* what was in the slot */
};

enum helper_flag {
	HELPER_F_GPL = 1 << 0,
	HELPER_F_PKT_ACCESS = 1 << 1,	/* packet pointers may be passed */
	HELPER_F_CHANGES_PKT = 1 << 2,	/* packet pointers die */
	HELPER_F_MIGHT_SLEEP = 1 << 3,
	HELPER_F_FASTCALL = 1 << 4,
	HELPER_F_ACQUIRE = 1 << 5,	/* the result owns a reference */
	HELPER_F_ACQUIRE_MAP = 1 << 6,	/* … when the map holds sockets */
	HELPER_F_RELEASE = 1 << 7,
	HELPER_F_SYNC_CB = 1 << 8,
	HELPER_F_ASYNC_CB = 1 << 9,
	HELPER_F_PTR_CAST = 1 << 10,	/* the result shares the argument's reference */
};

struct helper_arg {
	uint8_t kind;		/* enum helper_arg_kind */
	uint16_t size;		/* REG_F_FIXED_SIZE: bytes */
	uint32_t flags;		/* REG_F_* of env.h */
	const char *btf;	/* HARG_BTF_ID: struct name */
};

struct helper_proto {
	uint16_t id;
	const char *name;	/* without "bpf_" */
	uint32_t caps;		/* BGV_CAP_* it needs beside what its program type needs */
	uint64_t types;		/* program types, as bits; 0: all other rows of this id do not name */
	uint8_t sleepable;	/* 0: programs that may not sleep, 1: that may, 2: both */
	uint8_t profiles;
	uint16_t flags;		/* HELPER_F_* */
	uint8_t ret;		/* enum helper_ret_kind */
	uint32_t ret_flags;	/* REG_F_* */
	const char *ret_btf;	/* HRET_BTF_ID: struct name */
	struct helper_arg arg[HELPER_ARGS_MAX];
};

/* Who asks for a helper. */
struct helper_caller {
	enum profile profile;
	uint32_t prog_type, attach_type;
	uint32_t caps;		/* BGV_CAP_* */
	bool sleepable;
	bool sockopt;		/* its attach target may use socket options beside what its type may */
};

/*
 * Why a helper is not to be had: -ERANGE, that kernel has no such number; -EINVAL, not for this
 * program type or capability. 0: *ret_proto is the prototype this caller gets (static storage).
 */
int helper_tab_find(const struct helper_caller *caller, int32_t id,
		    const struct helper_proto **ret_proto);

const char *helper_tab_name(int32_t id);	/* "map_lookup_elem"; "unknown" when there is none */
uint32_t helper_tab_cnt(enum profile profile);	/* one more than its last helper number */

/* May the helper get a map of that type? True where the helper takes no map. */
bool helper_tab_takes_map(enum profile profile, uint32_t id, uint32_t map_type);

/* The rows themselves, for tests and listings. */
const struct helper_proto *helper_tab_row(uint32_t row);	/* NULL past the last */

#endif
