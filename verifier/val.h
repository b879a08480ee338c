/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_VAL_H
#define BPFGATE_VERIFIER_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/behave.h"
#include "verifier/tnum.h"

/*
 * What is known of a 64-bit number: its bits (tv, tm: a tnum), and its unsigned and signed ends as a
 * whole (ul..uh, sl..sh) and of its low half (wl..wh, xl..xh). The pairs are not kept minimal: which
 * deductions ran, in which order, is part of the kernel's verdict.
 */
struct val {
	uint64_t tv, tm;
	uint64_t ul, uh;
	int64_t sl, sh;
	uint32_t wl, wh;
	int32_t xl, xh;
};

#define VAL_FULL ((struct val){ 0, UINT64_MAX, 0, UINT64_MAX, INT64_MIN, INT64_MAX, \
				0, UINT32_MAX, INT32_MIN, INT32_MAX })

/* ---- plain values -------------------------------------------------------------------------- */

static inline struct tnum val_tnum(const struct val *v)
{
	return (struct tnum){ v->tv, v->tm };
}

static inline void val_set_tnum(struct val *v, struct tnum t)
{
	v->tv = t.value;
	v->tm = t.mask;
}

struct val val_of(uint64_t number);	/* exactly this number */
void val_unbound(struct val *v);	/* all four pairs full; the tnum stays */
void val_unbound64(struct val *v);
void val_unbound32(struct val *v);

/* The kernel's round of deductions after each operator and refinement (reg_bounds_sync). */
void val_sync(const struct behave *bh, struct val *v);

/*
 * Do the pairs contradict themselves or a constant tnum? Then they become full, the tnum stays and
 * the answer is false (reg_bounds_sanity_check). Always true where the kernel has no such check.
 */
bool val_settle(const struct behave *bh, struct val *v);

/* u64 and s64 pair from the 32-bit pairs of a zero-extended number (tnum is the caller's). */
void val_ends_from_low(struct val *v);

/* Is every pair, and the tnum, of `inner` inside `outer`'s? (range_within and tnum_in) */
bool val_within(const struct val *outer, const struct val *inner);

/* May the number be this one? For tests and the soundness runs. */
bool val_has(const struct val *v, uint64_t number);

/* ---- interned values ----------------------------------------------------------------------- */

/*
 * A handle names a value for the life of its pool: equal handles are equal values and different
 * handles different ones. 0 is "unknown" (VAL_FULL); a handle with the top bit set is a number in
 * [-2^30, 2^30) and has no entry.
 */
#define VAL_UNKNOWN	0u
#define VAL_NUMBER	(1u << 31)

struct vals;

/*
 * A pool for one verification; *bh is borrowed and must outlive it. At most max_entries values.
 * 0 or -ENOMEM. vals_free(NULL) is fine.
 */
int vals_new(const struct behave *bh, uint32_t max_entries, struct vals **ret_vals);
void vals_free(struct vals *vals);

const struct behave *vals_behave(const struct vals *vals);

/* Ran out of memory or entries? Handles given since then may be VAL_UNKNOWN: sound, but the caller must give up. */
bool vals_exhausted(const struct vals *vals);
size_t vals_bytes(const struct vals *vals);
uint32_t vals_count(const struct vals *vals);

/*
 * Did an operator or refinement since the last call contradict itself (val_settle)? With
 * BPF_F_TEST_REG_INVARIANTS the kernel then answers EFAULT. Reading clears it.
 */
bool vals_take_contradiction(struct vals *vals);

uint32_t val_intern(struct vals *vals, const struct val *v);
/* The entry of `handle`; a number is expanded into *scratch and that is returned. */
const struct val *val_get(const struct vals *vals, uint32_t handle, struct val *scratch);

uint32_t val_number(struct vals *vals, uint64_t number);	/* the handle of a constant */

static inline bool val_is_small(uint32_t handle)
{
	return handle & VAL_NUMBER;
}

/* The number of a small handle. */
static inline int64_t val_small(uint32_t handle)
{
	return (int64_t)((int32_t)(handle << 1) >> 1);
}

/* Is the tnum constant (kernel: tnum_is_const(var_off))? Then *ret_number (may be NULL) is it. */
bool val_is_number(const struct vals *vals, uint32_t handle, uint64_t *ret_number);
/* The same for the low half alone. */
bool val_is_number32(const struct vals *vals, uint32_t handle, uint32_t *ret_number);

bool val_handle_within(struct vals *vals, uint32_t outer, uint32_t inner);

/*
 * Collecting: begin, mark every handle that is still held, sweep. Handles stay valid, entries not
 * marked become free. Worth it above 1.5 M entries only.
 */
int vals_mark_begin(struct vals *vals);
void vals_mark(struct vals *vals, uint32_t handle);
void vals_sweep(struct vals *vals);

#endif
