/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Context fields as tables, one a program type's structure. Promises that an access which no row
 * names is refused.
 */
#include "verifier/kernel/ctx_tab.h"

#include <stddef.h>

#include "proto/array.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/regname.h"

#define T(NAME) (1ull << PT_##NAME)
#define A(NAME) (1ull << AT_##NAME)
#define ARCH(name) (1u << KERNEL_ARCH_##name)
#define ARCH_ALL UINT8_MAX
#define NULLABLE CTX_F_NULLABLE
#define TRUSTED CTX_F_TRUSTED
#define READ_CAP_BPF CTX_F_READ_CAP_BPF
#define WRITE_CAP_BPF CTX_F_WRITE_CAP_BPF
#define WRITE_KPROBES CTX_F_WRITE_KPROBES

#define CTX(ty, at, nm, offset, bytes, rd, wr, kd, fl, type, pr, ar) \
	{ .types = ty, .attach_types = at, .name = #nm, .off = offset, .size = bytes, \
	  .read = rd, .write = wr, .kind = CTXK_##kd, .flags = fl, .profiles = pr, .btf = type, .arches = ar },

static const struct ctx_field fields[] = {
#include "verifier/kernel/ctx_skb.def"
#include "verifier/kernel/ctx_xdp.def"
#include "verifier/kernel/ctx_sock.def"
#include "verifier/kernel/ctx_sock_addr.def"
#include "verifier/kernel/ctx_sock_ops.def"
#include "verifier/kernel/ctx_sk_msg.def"
#include "verifier/kernel/ctx_sk_reuseport.def"
#include "verifier/kernel/ctx_sk_lookup.def"
#include "verifier/kernel/ctx_cgroup.def"
#include "verifier/kernel/ctx_trace.def"
#include "verifier/kernel/ctx_misc.def"
};

static const struct {
	uint32_t base, off, size;
	uint8_t read;
} pointees[] = {
#define SOCKET_KIND_SOCK REG_SOCKET
#define SOCKET_KIND_SOCK_COMMON REG_SOCK_COMMON
#define SOCKET_KIND_TCP_SOCK REG_TCP_SOCK
#define SOCKET_KIND_XDP_SOCK REG_XDP_SOCK
#define POINTEE(kind, name, offset, bytes, rd, wr) { SOCKET_KIND_##kind, offset, bytes, rd },
#include "verifier/kernel/ctx_pointee.def"
#undef POINTEE
};

/* Is an access of size bytes at off one that a column of sizes allows inside [start, start+len)? */
static bool ctx_tab_fits(uint8_t column, uint32_t start, uint32_t len, uint32_t off, uint32_t size)
{
	if (size == 0 || size > 8 || size > len || off < start || off - start > len - size)
		return false;
	if (off == start && (column >> 4 & size))
		return true;
	return (column & size) && off % size == 0;
}

const struct ctx_field *ctx_tab_find(enum profile profile, enum kernel_arch arch, uint32_t prog_type,
				     uint32_t attach_type, uint32_t off, uint32_t size, bool write)
{
	uint64_t type = prog_type < PT_CNT ? 1ull << prog_type : 0;
	uint64_t attach = attach_type < AT_CNT ? 1ull << attach_type : 0;

	for (uint32_t i = 0; i < ARRAY_CNT(fields); i++) {
		const struct ctx_field *f = &fields[i];

		if (!(f->types & type) || !(f->profiles & (1u << profile)) ||
		    !(f->arches & (1u << arch)))
			continue;
		if (f->attach_types && !(f->attach_types & attach))
			continue;
		if (ctx_tab_fits(write ? f->write : f->read, f->off, f->size, off, size))
			return f;
	}
	return NULL;
}

bool ctx_tab_pointee(uint32_t base, uint32_t off, uint32_t size)
{
	for (uint32_t i = 0; i < ARRAY_CNT(pointees); i++)
		if (pointees[i].base == base &&
		    ctx_tab_fits(pointees[i].read, pointees[i].off, pointees[i].size, off, size))
			return true;
	return false;
}

const struct ctx_field *ctx_tab_row(uint32_t row)
{
	return row < ARRAY_CNT(fields) ? &fields[row] : NULL;
}
