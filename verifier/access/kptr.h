/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KPTR_H
#define VERIFIER_KPTR_H

#include "verifier/btf/btfrec.h"
#include "verifier/access/memop.h"
#include "verifier/state/env.h"

/*
 * The kptr slot regs[regno] points to, for kptr_xchg; fills meta->kptr_field (process_kptr_func).
 */
int kptr_check_slot_arg(struct env *env, uint32_t regno, struct call_meta *meta);

/* Does regs[regno] fit the field it is stored into? Rejects if not (map_kptr_match_type). */
int kptr_check_match(struct env *env, const struct btf_member_field *field, uint32_t regno);

/* A load or store that meets a kptr or uptr field of a map value (check_map_kptr_access). */
int kptr_map_access(struct env *env, const struct memop *op, const struct btf_member_field *field);

/* Flags of a pointer loaded from the field (btf_ld_kptr_type). */
uint32_t kptr_load_flags(struct env *env, const struct btf_member_field *field);

#endif
