/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper prototypes and who may call them, as tables. Promises the prototype that a kernel selects
 * for a program; refuses numbers a kernel lacks and callers it would turn away.
 */
#include "verifier/kernel/helper_tab.h"

#include <errno.h>
#include <stddef.h>

#include "proto/array.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/regname.h"

/* The vocabulary of helper.def. */
#define CAP_BPF BGV_CAP_BPF
#define CAP_TRACE (BGV_CAP_BPF | BGV_CAP_PERFMON)
#define T(NAME) (1ull << PT_##NAME)
#define A(NAME) (1ull << AT_##NAME)
#define H_GPL HELPER_F_GPL
#define H_PKT_ACCESS HELPER_F_PKT_ACCESS
#define H_CHANGES_PKT HELPER_F_CHANGES_PKT
#define H_MIGHT_SLEEP HELPER_F_MIGHT_SLEEP
#define H_FASTCALL HELPER_F_FASTCALL
#define H_ACQUIRE HELPER_F_ACQUIRE
#define H_ACQUIRE_MAP HELPER_F_ACQUIRE_MAP
#define H_RELEASE HELPER_F_RELEASE
#define H_SYNC_CB HELPER_F_SYNC_CB
#define H_ASYNC_CB HELPER_F_ASYNC_CB
#define H_PTR_CAST HELPER_F_PTR_CAST

/* Argument and result flags: words of the table to register flags. */
enum {
	READ = 1 << 0, WRITE = 1 << 1, UNINIT = 1 << 2, NULLABLE = 1 << 3, ALIGNED = 1 << 4,
	ANY = 1 << 5, REL = 1 << 6, TRUSTED = 1 << 7, RDONLY = 1 << 8,
};

/* Memory that is only read may be read-only; the older kernels' plain "memory" may not. */
#define FLAGS(f) \
	((((f) & (READ | WRITE | ANY)) == READ ? REG_F_RDONLY : 0u) | \
	 ((f) & WRITE ? REG_F_WRITE : 0u) | ((f) & UNINIT ? REG_F_UNINIT : 0u) | \
	 ((f) & NULLABLE ? REG_F_MAYBE_NULL : 0u) | ((f) & ALIGNED ? REG_F_ALIGNED : 0u) | \
	 ((f) & REL ? REG_F_RELEASE : 0u) | ((f) & TRUSTED ? REG_F_TRUSTED : 0u) | \
	 ((f) & RDONLY ? REG_F_RDONLY : 0u))

/* UNINIT_MAP_VALUE is a map value that the helper writes. */
#define KIND_ANYTHING HARG_ANYTHING, 0, 0
#define KIND_SCALAR HARG_SCALAR, 0, 0
#define KIND_CTX HARG_CTX, 0, 0
#define KIND_MAP_PTR HARG_MAP_PTR, 0, 0
#define KIND_MAP_KEY HARG_MAP_KEY, 0, 0
#define KIND_MAP_VALUE HARG_MAP_VALUE, 0, 0
#define KIND_UNINIT_MAP_VALUE HARG_MAP_VALUE, 0, REG_F_UNINIT | REG_F_WRITE
#define KIND_SIZE HARG_SIZE, 0, 0
#define KIND_SIZE_OR_ZERO HARG_SIZE_OR_ZERO, 0, 0
#define KIND_ALLOC_SIZE HARG_ALLOC_SIZE, 0, 0
#define KIND_SOCK HARG_SOCK, 0, 0
#define KIND_SOCK_COMMON HARG_SOCK_COMMON, 0, 0
#define KIND_BTF_SOCK_COMMON HARG_BTF_SOCK_COMMON, 0, 0
#define KIND_PERCPU_BTF_ID HARG_PERCPU_BTF_ID, 0, 0
#define KIND_CONST_STR HARG_CONST_STR, 0, 0
#define KIND_RINGBUF_MEM HARG_RINGBUF_MEM, 0, 0
#define KIND_SPIN_LOCK HARG_SPIN_LOCK, 0, 0
#define KIND_TIMER HARG_TIMER, 0, 0
#define KIND_KPTR_SLOT HARG_KPTR_SLOT, 0, 0
#define KIND_STACK HARG_STACK, 0, 0
#define KIND_FUNC HARG_FUNC, 0, 0
#define DYNPTR_OF_ANY 0u
#define DYNPTR_OF_LOCAL REG_F_DYNPTR_LOCAL
#define DYNPTR_OF_RINGBUF REG_F_DYNPTR_RINGBUF

#define W(kind) { KIND_##kind, NULL }
#define N(kind) { KIND_##kind | REG_F_MAYBE_NULL, NULL }
#define R(kind) { KIND_##kind | REG_F_RELEASE, NULL }
#define M(f) { HARG_MEM, 0, FLAGS(f), NULL }
#define X(f, bytes) { HARG_MEM, bytes, FLAGS(f) | REG_F_FIXED_SIZE, NULL }
#define B(f, name) { HARG_BTF_ID, 0, FLAGS(f), name }
#define D(type, f) { HARG_DYNPTR, 0, DYNPTR_OF_##type | FLAGS(f), NULL }
#define _ { HARG_NONE, 0, 0, NULL }
#define RET(kind, f, type) HRET_##kind, FLAGS(f), type
#define HELPER(...) HELPER_ROW(__VA_ARGS__)	/* RET() counts as three */
#define HELPER_ROW(num, nm, cap, ty, sl, pr, fl, rk, rf, rb, ...) \
	{ .id = num, .name = #nm, .caps = cap, .types = ty, .sleepable = sl, .profiles = pr, \
	  .flags = fl, .ret = rk, .ret_flags = rf, .ret_btf = rb, .arg = { __VA_ARGS__ } },

static const struct helper_proto protos[] = {
#include "verifier/kernel/helper.def"
};

static const struct {
	uint64_t types, attach_types;
} classes[] = {
#define HELPER_CLASS(name, types, attach_types) { types, attach_types },
#include "verifier/kernel/helper_class.def"
#undef HELPER_CLASS
};

/* By helper number: the classes that may call it, for each profile. */
static const uint64_t allowed[][FACTS_CNT] = {
#define HELPER_TYPES(id, name, ...) [id] = { __VA_ARGS__ },
#include "verifier/kernel/helper_types.def"
#undef HELPER_TYPES
};

/* By helper number: the map types it takes; 0: it takes no map. */
static const uint64_t map_types[][FACTS_CNT] = {
#define MAPFUNC(id, name, ...) [id] = { __VA_ARGS__ },
#include "verifier/kernel/mapfunc.def"
#undef MAPFUNC
};

static const uint32_t helper_cnt[FACTS_CNT] = {
#include "verifier/kernel/helper_count.def"
};

#define ID_GETSOCKOPT 57
#define ID_SETSOCKOPT 49

uint32_t helper_tab_cnt(enum profile profile)
{
	return helper_cnt[fact_column_of(profile)];
}

const struct helper_proto *helper_tab_row(uint32_t row)
{
	return row < ARRAY_CNT(protos) ? &protos[row] : NULL;
}

/* First row of a helper; the rows are sorted by number. Past the last: no such helper. */
static uint32_t helper_tab_first(int32_t id)
{
	uint32_t lo = 0, hi = ARRAY_CNT(protos);

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (protos[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const char *helper_tab_name(int32_t id)
{
	uint32_t row = id < 0 ? ARRAY_CNT(protos) : helper_tab_first(id);

	if (row == ARRAY_CNT(protos) || protos[row].id != id)
		return "unknown";
	return protos[row].name;
}

static bool helper_tab_allows(const struct helper_caller *caller, int32_t id)
{
	uint64_t type = 1ull << (caller->prog_type & 63);
	uint64_t attach = caller->attach_type < AT_CNT ? 1ull << caller->attach_type : 0;

	if (caller->sockopt && (id == ID_GETSOCKOPT || id == ID_SETSOCKOPT))
		return true;
	for (uint32_t i = 0; i < ARRAY_CNT(classes); i++) {
		if (!(classes[i].types & type))
			continue;
		if (classes[i].attach_types && !(classes[i].attach_types & attach))
			continue;
		return allowed[id][fact_column_of(caller->profile)] & (1ull << i);
	}
	return false;
}

int helper_tab_find(const struct helper_caller *caller, int32_t id,
		    const struct helper_proto **ret_proto)
{
	const struct helper_proto *found = NULL;
	uint64_t type = 1ull << (caller->prog_type & 63);

	if (id < 0 || (uint32_t)id >= helper_cnt[fact_column_of(caller->profile)])
		return -ERANGE;
	if ((uint32_t)id >= ARRAY_CNT(allowed) || !helper_tab_allows(caller, id))
		return -EINVAL;
	for (uint32_t i = helper_tab_first(id); i < ARRAY_CNT(protos) && protos[i].id == id; i++) {
		const struct helper_proto *p = &protos[i];

		if (!(p->profiles & (1u << caller->profile)))
			continue;
		if (p->sleepable != 2 && p->sleepable != caller->sleepable)
			continue;
		if (p->types & type) {
			found = p;
			break;
		}
		if (!p->types)
			found = p;
		else if (!found)
			found = p;	/* every row names types, none of them ours */
	}
	if (!found || (found->caps & ~caller->caps))
		return -EINVAL;
	*ret_proto = found;
	return 0;
}

bool helper_tab_takes_map(enum profile profile, uint32_t id, uint32_t map_type)
{
	uint64_t types = id < ARRAY_CNT(map_types) ? map_types[id][fact_column_of(profile)] : 0;

	if (!types)
		return true;
	return map_type < 64 && (types & (1ull << map_type));
}
