/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_MEM_H
#define VERIFIER_MEM_H

#include "verifier/access/memop.h"
#include "verifier/state/env.h"

int mem_access(struct env *env, const struct memop *op);	/* check_mem_access */
/* Would storing register regno (-1: none) leak a pointer? (is_pointer_value) */
bool mem_is_leak(const struct env *env, int regno);

/* check_helper_mem_access(): region [regno, size). meta may be NULL. */
int mem_check_region(struct env *env, uint32_t regno, uint32_t size, enum access access,
		     bool zero_ok, struct call_meta *meta);
/* check_mem_size_reg(): size in register regno, memory in regno - 1. */
int mem_check_region_reg(struct env *env, uint32_t regno, enum access access, bool zero_ok,
			 struct call_meta *meta);
/* check_mem_reg(): mem_size bytes readable and writable, for global functions and kfuncs. */
int mem_check_reg(struct env *env, uint32_t regno, uint32_t mem_size);

/* Stores `cnt` slots of plain data at regs[regno], so that the stack is there and checked. */
int mem_store_slots(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t cnt);

#endif
