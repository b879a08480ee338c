/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REGNAME_H
#define VERIFIER_REGNAME_H

#include <stdint.h>

/* What a register holds: one base kind in the low byte, flags above it. */
enum reg_base {
	REG_NOT_INIT = 0,
	REG_SCALAR,
	REG_CTX,
	REG_MAP_PTR,		/* a struct bpf_map */
	REG_MAP_VALUE,
	REG_MAP_KEY,
	REG_STACK,
	REG_PKT_META,
	REG_PKT,
	REG_PKT_END,
	REG_FLOW_KEYS,
	REG_SOCKET,
	REG_SOCK_COMMON,
	REG_TCP_SOCK,
	REG_TP_BUFFER,		/* writable raw tracepoint record */
	REG_XDP_SOCK,
	REG_BTF_ID,		/* a kernel object (btf, btf_id) or an own allocated one (REG_F_ALLOC) */
	REG_MEM,		/* mem_size bytes */
	REG_ARENA,
	REG_BUF,
	REG_FUNC,		/* subprog */
	REG_DYNPTR,		/* const dynptr argument of a callback or global function */
	REG_INSN,		/* an instruction of the jump table at this place */
	REG_BASE_CNT,
};

#define REG_BASE_MASK		0xffu
#define REG_F_MAYBE_NULL	(1u << 8)
#define REG_F_RDONLY		(1u << 9)
#define REG_F_RINGBUF		(1u << 10)	/* memory from ringbuf_reserve */
#define REG_F_USER		(1u << 11)
#define REG_F_PERCPU		(1u << 12)
#define REG_F_UNTRUSTED		(1u << 13)
#define REG_F_UNINIT		(1u << 14)	/* argument types only */
#define REG_F_DYNPTR_LOCAL	(1u << 15)
#define REG_F_DYNPTR_RINGBUF	(1u << 16)
#define REG_F_DYNPTR_SKB	(1u << 17)
#define REG_F_DYNPTR_XDP	(1u << 18)
#define REG_F_ALLOC		(1u << 19)	/* from bpf_obj_new */
#define REG_F_TRUSTED		(1u << 20)
#define REG_F_RCU		(1u << 21)
#define REG_F_NON_OWN_REF	(1u << 22)
#define REG_F_FIXED_SIZE	(1u << 23)	/* argument types only */
#define REG_F_RELEASE		(1u << 24)	/* argument types only: this argument is released */
#define REG_F_WRITE		(1u << 25)	/* argument types only: helper writes the memory */
#define REG_F_ALIGNED		(1u << 26)	/* argument types only */
#define REG_F_DYNPTR_SKB_META	(1u << 27)
#define REG_F_DYNPTR_FILE	(1u << 28)
#define REG_F_AS_CTX		(1u << 29)	/* argument types only: it must be the context itself */
#define REG_F_DYNPTR_MASK	(REG_F_DYNPTR_LOCAL | REG_F_DYNPTR_RINGBUF | REG_F_DYNPTR_SKB | \
				 REG_F_DYNPTR_XDP | REG_F_DYNPTR_SKB_META | REG_F_DYNPTR_FILE)

enum dynptr_type {
	DYNPTR_INVALID, DYNPTR_LOCAL, DYNPTR_RINGBUF, DYNPTR_SKB, DYNPTR_XDP, DYNPTR_SKB_META,
	DYNPTR_FILE,
};

#define REGNAME_BYTES 112

/* The kernel's word for a register type ("map_value_or_null"), into buf; returns buf. */
const char *regname_type(uint32_t type, char buf[REGNAME_BYTES]);

#endif
