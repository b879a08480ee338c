/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program on its way: instructions that may be edited, and where its functions begin. What it needs beside
 * (maps, BTF, license, target) is its base, a bundle; many programs share one.
 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_PROGRAM_H
#define BPFGATE_TESTS_DIFFERENTIAL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"

#define PROGRAM_INSNS_MAX 1200
#define PROGRAM_FUNCS_MAX 64

struct program {
	uint64_t id;
	uint32_t base;			/* index into the batch's bases */
	uint32_t prog_type, attach_type, prog_flags;
	uint32_t insn_cnt, func_cnt;	/* func_cnt: at most the base's func info */
	uint32_t func_offs[PROGRAM_FUNCS_MAX];
	struct bpf_insn insns[PROGRAM_INSNS_MAX];
};

/* Takes over a base's instructions; false when it is too large. id and base are left alone. */
bool program_from(struct program *p, const struct bgv_program *prog);

/* ld_imm64: the first of two instructions. */
static inline bool program_is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Does it refer to another instruction of the program: by off, by imm, or not at all? */
enum program_ref { REF_NONE, REF_OFF, REF_IMM };
enum program_ref program_refers(const struct bpf_insn *insn);

/*
 * Puts ins[0..ins_cnt) in the place of del instructions at `at`; jumps, calls and functions around follow their
 * targets. What is put in is taken as it is. false, and nothing done, when it would not fit.
 */
bool program_edit(struct program *p, uint32_t at, uint32_t del, const struct bpf_insn *ins, uint32_t ins_cnt);

/*
 * *ret_prog: base with p's instructions, type and flags; points into p, base and the returned memory, which the
 * caller frees. Line info and CO-RE records are left out. NULL without memory.
 */
void *program_view(const struct program *p, const struct bgv_program *base, struct bgv_program *ret_prog);

#endif
