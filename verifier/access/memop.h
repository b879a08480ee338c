/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_MEMOP_H
#define VERIFIER_MEMOP_H

#include <stdbool.h>
#include <stdint.h>

struct btf_member_field;	/* btfrec.h */

enum access { ACCESS_READ = 1, ACCESS_WRITE = 2 };

/* One access through a pointer. */
struct memop {
	uint32_t insn_idx;
	uint32_t regno;		/* base register */
	int32_t off;		/* of the instruction */
	uint32_t size;		/* bytes */
	enum access access;
	int value_regno;	/* loaded into or stored from; -1: none or unknown */
	bool strict_once;	/* alignment always checked */
	bool sext;		/* sign-extending load */
};

/* What the arguments of one call told so far; zeroed before the first argument. */
struct call_meta {
	uint32_t func_id;
	uint32_t map;			/* 1 + map index; 0: none */
	uint32_t map_uid;
	bool raw_mode;			/* a region to be written before it is read */
	bool pkt_access;
	bool percpu_alloc;		/* the percpu argument is an own object */
	uint8_t release_regno;
	uint32_t regno;
	int32_t access_size;		/* of the raw region */
	uint32_t mem_size;
	uint64_t msize_max;
	uint32_t ref_obj_id;
	uint32_t dynptr_id;
	uint32_t btf, btf_id;
	uint32_t ret_btf, ret_btf_id;
	uint32_t subprog;
	int64_t const_map_key;
	const struct btf_member_field *kptr_field;
};

#endif
