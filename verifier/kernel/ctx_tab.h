/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CTX_TAB_H
#define VERIFIER_CTX_TAB_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/kernel_types.h"
#include "verifier/kernel/behave.h"

/* What a load from a context field gives. */
enum ctx_kind {
	CTXK_NONE,
	CTXK_SCALAR,
	CTXK_PACKET,
	CTXK_PACKET_END,
	CTXK_PACKET_META,
	CTXK_SOCK,
	CTXK_SOCK_COMMON,
	CTXK_FLOW_KEYS,
	CTXK_BTF_ID,
};

enum ctx_flag {
	CTX_F_NULLABLE = 1 << 0,
	CTX_F_TRUSTED = 1 << 1,
	CTX_F_READ_CAP_BPF = 1 << 2,	/* reading takes CAP_BPF */
	CTX_F_WRITE_CAP_BPF = 1 << 3,
	CTX_F_WRITE_KPROBES = 1 << 4,	/* writing takes a kernel that was built with kprobes */
};

struct ctx_field {
	uint64_t types, attach_types;	/* bits; attach_types 0: any */
	const char *name;
	uint32_t off, size;
	uint8_t read, write;		/* sizes as bits: low four anywhere aligned, high four at off */
	uint8_t kind, flags;
	uint8_t profiles, arches;	/* bits */
	const char *btf;		/* CTXK_BTF_ID: struct name */
};

/*
 * The field that allows this access; NULL: none does. Reads and writes look at different columns.
 * Capabilities are the caller's to check.
 */
const struct ctx_field *ctx_tab_find(enum profile profile, enum kernel_arch arch, uint32_t prog_type,
				     uint32_t attach_type, uint32_t off, uint32_t size, bool write);

/* May size bytes at off be read behind a socket pointer? base: enum reg_base of env.h. */
bool ctx_tab_pointee(uint32_t base, uint32_t off, uint32_t size);

const struct ctx_field *ctx_tab_row(uint32_t row);	/* NULL past the last; for tests */

#endif
