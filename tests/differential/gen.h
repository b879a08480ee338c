/* SPDX-License-Identifier: Apache-2.0 */
/* Programs made from a seed. */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_GEN_H
#define BPFGATE_TESTS_DIFFERENTIAL_GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>

#define GEN_INSNS_MAX 280
#define GEN_FUNCS_MAX 9

/* ld_imm64 with src_reg BPF_PSEUDO_MAP_FD or _VALUE holds an index into this table in imm. */
struct gen_map {
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t inner; /* 1 + index of the template */
	bool frozen;	/* holds gen_rodata */
	enum { GEN_BTF_NONE, GEN_BTF_LOCK, GEN_BTF_RES_LOCK, GEN_BTF_TIMER, GEN_BTF_CNT } value_btf; /* what stands first in a value */
};

#define GEN_VALUE_MAP_CNT 4 /* the first ones: with keys and values */
#define GEN_RINGBUF	  4
#define GEN_MAP_CNT	  5 /* those of gen_make() */
enum { GEN_LPM = GEN_MAP_CNT, GEN_LRU, GEN_QUEUE, GEN_PROGS, GEN_OUTER, GEN_EVENTS, GEN_RODATA,
       GEN_LOCKED, GEN_LOCK_A, GEN_LOCK_B, GEN_RES_LOCKED, GEN_RES_A, GEN_RES_B, GEN_TIMERS,
       GEN_ANY_SIZE, GEN_OUTER_ANY, GEN_OUTER_HASH, GEN_MAP_ALL_CNT };
extern const struct gen_map gen_maps[GEN_MAP_ALL_CNT];
extern const uint8_t gen_rodata[32];

struct gen_program {
	uint32_t prog_type;
	uint32_t expected_attach_type;
	uint32_t prog_flags;
	uint32_t func_cnt, func_offs[GEN_FUNCS_MAX]; /* where functions begin */
	uint32_t insn_cnt;
	struct bpf_insn insns[GEN_INSNS_MAX];
};

/* Makes the seed's program, of what tests/soundness can run. Deterministic, on every machine. */
void gen_make(uint64_t seed, struct gen_program *ret_program);

/*
 * The whole grammar: callbacks, iterators, dynptrs, locks, timers, more maps and program types. kfuncs: BTF ids of
 * GEN_KFUNC_*, 0 for those that the kernel has not; NULL: it has none.
 */
enum { GEN_KFUNC_ITER_NEW, GEN_KFUNC_ITER_NEXT, GEN_KFUNC_ITER_DESTROY, GEN_KFUNC_RES_LOCK, GEN_KFUNC_RES_UNLOCK, GEN_KFUNC_CNT };
extern const char *const gen_kfunc_names[GEN_KFUNC_CNT];
void gen_make_more(uint64_t seed, const uint32_t *kfuncs, struct gen_program *ret_program);

#endif
