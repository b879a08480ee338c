/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PKT_H
#define VERIFIER_PKT_H

#include "verifier/state/env.h"

/*
 * A 64-bit order compare of a packet pointer with the packet's end (or of meta with unmoved data):
 * the range it proves, and end marks, in both branches. False: it is not such a compare; else *ret_err is 0
 * or negative. this_branch falls through, other jumps.
 */
bool pkt_learn(struct env *env, const struct bpf_insn *insn, struct state *other, int *ret_err);
/* Is a compare with the packet's end decided by an earlier one? -1: no. */
int pkt_predict(const struct reg *dst, const struct reg *src, uint8_t op);

/* check_packet_access(), flow keys; also raises max_pkt_offset. */
int pkt_check(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok);
/* All packet pointers and packet slices of the state die (clear_all_pkt_pointers). */
int pkt_invalidate_all(struct env *env);

#endif
