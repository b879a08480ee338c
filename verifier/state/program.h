/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PROGRAM_H
#define VERIFIER_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/kfunc_tab.h"

struct bpf_insn;
struct btf_type;
struct btf_view;	/* btf.h: parsed BTF */
struct btfrec;		/* btfrec.h: special fields of a map value or local type */
struct env;

#define PROGRAM_ARGS_MAX 5	/* arguments of a function that travel in registers */
#define PROGRAM_KFUNCS_MAX 256	/* the kernel's MAX_KFUNC_DESCS */
#define PROGRAM_CTX_ARGS 12	/* the kernel's MAX_BPF_FUNC_ARGS */

/* The program, decoded: what the passes found out of its instructions, functions, maps and calls. */

/* What graph passes and the walk must know of a call before stepping it. */
struct call_facts {
	bool known;		/* false: no such function for this program type */
	uint8_t nargs;		/* r1..rN it reads */
	bool is_void;
	bool sync_callback, async_callback;
	bool iter_next;
	bool changes_pkt;
	bool might_sleep;
	bool fastcall;		/* bpf_fastcall, and inlined by the target */
	bool noreturn;		/* bpf_throw */
};

struct insn_aux {			/* one an instruction: kept small, its pages are the price of a load */
	bool seen : 1;
	bool prune_point : 1, jmp_point : 1, force_checkpoint : 1, calls_callback : 1, jump_target : 1;
	bool is_iter_next : 1;
	bool storage_atomic : 1;
	bool fastcall_pattern : 1;
	bool nospec : 1, nospec_result : 1;	/* unprivileged: barriers */
	bool proves_packet : 1;	/* a compare here proved packet bytes, on some path */
	bool call_map_poisoned : 1, call_map_unpriv : 1;
	bool alu_arena : 1, alu_elsewhere : 1;	/* 64-bit arithmetic: on arena pointers, on others */
	bool has_ref_kptr : 1;
	bool loop_seen : 1, loop_inline : 1;	/* bpf_loop: may still be rewritten without a call */
	uint8_t fastcall_spills;
	uint16_t live_regs;		/* registers live before this instruction */
	uint32_t scc;			/* 0: in no loop */
	uint32_t ptr_type;		/* first pointer type seen by a load or store; 0: none yet */
	uint32_t ptr_btf;
	uint32_t map;			/* ld_imm64 of a map: 1 + map index */
	uint32_t map_off;
	struct { uint32_t type, btf, btf_id, mem_size; } var;	/* ld_imm64 of a BTF id */
	uint32_t alu_state, alu_limit;	/* unprivileged masking */
	uint32_t call_map;		/* helper calls: 1 + first map seen */
	uint32_t loop_subprog;
	uint64_t obj_size;		/* kfuncs: remembered sizes and offsets */
};

enum arg_kind {			/* argument of a global function */
	ARG_NONE, ARG_SCALAR, ARG_CTX, ARG_MEM, ARG_BTF, ARG_DYNPTR, ARG_ARENA, ARG_DONTCARE,
};

struct subprog_arg {
	enum arg_kind kind;
	uint32_t flags;			/* REG_F_MAYBE_NULL, _TRUSTED, _UNTRUSTED, _RDONLY, … */
	uint32_t mem_size, btf, btf_id;
	uint32_t dynptr_type;
};

struct subprog {
	uint32_t start;			/* end is the next one's start */
	uint32_t postorder_start;
	uint32_t exit_idx;
	uint16_t stack_depth;		/* bytes touched */
	int16_t fastcall_stack_off;
	bool keep_fastcall_stack;
	bool has_tail_call, tail_call_reachable, has_ld_abs;
	bool is_cb, is_async_cb, is_exception_cb;
	bool changes_pkt, might_sleep, might_throw;
	bool is_global;			/* by func_info linkage */
	bool returns_void;		/* a global function (void_globals) */
	bool called[2], verified_in[2];	/* a global function; from where nothing may sleep, and where it may */
	bool args_cached;
	bool priv_stack, no_priv_stack;
	int args_err;			/* btfprog_args_prepare() of it failed with this */
	uint8_t arg_cnt;
	struct subprog_arg args[PROGRAM_ARGS_MAX];
	uint32_t func_id;		/* BTF_KIND_FUNC of func_info; 0: none */
	const char *name;		/* "" without func_info */
};

/* A map the program names, or a template of one. */
struct map_info {
	const struct bgv_map *shape;
	struct btfrec *rec;		/* special fields of its value; NULL: none */
	uint32_t inner;			/* 1 + index of the template; 0: none */
	bool used;
};

/* A kfunc the program calls; lives with the env. */
struct kfunc {
	uint32_t id, off;		/* as in the instruction: BTF id, 0 or 1 + index of a module's BTF */
	uint32_t btf;			/* as in struct reg */
	const struct btf_view *view;
	const struct btf_type *proto;
	const char *name;
	uint8_t arg_cnt;		/* arguments of its prototype that travel in registers */
	bool is_void;			/* it returns nothing */
	enum kfunc_special special;
	bool known;			/* kfunc.def has it for this kernel */
	bool allowed;			/* to this program type */
	uint32_t flags;			/* enum kfunc_flag */
};

struct kfuncs {
	uint32_t cnt;
	struct kfunc at[PROGRAM_KFUNCS_MAX];
};

/* Index of the function that starts at / contains an instruction; -1: none starts there. */
int subprog_at(const struct env *env, uint32_t insn_idx);
uint32_t subprog_containing(const struct env *env, uint32_t insn_idx);

/* The resolved kfunc of a call; NULL: none was resolved (imm 0). */
const struct kfunc *kfunc_at(const struct env *env, const struct bpf_insn *insn);

#endif
