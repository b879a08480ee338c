/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linear scan for fds, as the kernel's own resolution of pseudo ld_imm64 is linear. Promises to
 * look at nothing but the bytes it is given; judges nothing: nonsense instructions have no fds.
 */
#include "proto/insnfd.h"

#include "proto/own.h"

#include <linux/bpf.h>
#include <string.h>

#define INSNFD_LD_IMM64 (BPF_LD | BPF_IMM | BPF_DW)
#define INSNFD_CALL	(BPF_JMP | BPF_CALL)

/* By src_reg of an ld_imm64: what the number is, and in which half of the pair it stands. */
static const struct {
	bool used;
	uint8_t half;
	enum insnfd_kind kind;
} insnfd_pseudo[16] = {
	[BPF_PSEUDO_MAP_FD] = { true, 0, INSNFD_MAP },
	[BPF_PSEUDO_MAP_VALUE] = { true, 0, INSNFD_MAP },
	[BPF_PSEUDO_BTF_ID] = { true, 1, INSNFD_BTF },
	[BPF_PSEUDO_MAP_IDX] = { true, 0, INSNFD_MAP_IDX },
	[BPF_PSEUDO_MAP_IDX_VALUE] = { true, 0, INSNFD_MAP_IDX },
};

static struct bpf_insn insnfd_read(const uint8_t *insns, size_t idx)
{
	struct bpf_insn insn;

	memcpy(&insn, insns + idx * sizeof(insn), sizeof(insn));
	return insn;
}

/* The pair at idx; false if it names no fd. A vmlinux type has BTF fd 0: none. */
static bool insnfd_of_pair(const uint8_t *insns, size_t insn_cnt, size_t idx, struct insnfd *ret)
{
	struct bpf_insn insn = insnfd_read(insns, idx);
	size_t half_idx = idx + insnfd_pseudo[insn.src_reg].half;

	if (!insnfd_pseudo[insn.src_reg].used || half_idx >= insn_cnt)
		return false;
	ret->kind = insnfd_pseudo[insn.src_reg].kind;
	ret->number = insnfd_read(insns, half_idx).imm;
	ret->insn_idx = (uint32_t)half_idx;
	return ret->kind != INSNFD_BTF || ret->number != 0;
}

/* A call of a module's kernel function; offset 0 means the kernel proper. */
static bool insnfd_of_call(const struct bpf_insn *insn, size_t idx, struct insnfd *ret)
{
	if (insn->src_reg != BPF_PSEUDO_KFUNC_CALL || insn->off == 0)
		return false;
	ret->kind = INSNFD_KFUNC_IDX;
	ret->number = insn->off;
	ret->insn_idx = (uint32_t)idx;
	return true;
}

bool insnfd_next(const uint8_t *insns, size_t insn_cnt, size_t *io_idx, struct insnfd *ret)
{
	size_t idx = *io_idx;
	bool found = false;

	while (idx < insn_cnt && !found) {
		struct bpf_insn insn = insnfd_read(insns, idx);

		if (insn.code == INSNFD_LD_IMM64) {
			found = insnfd_of_pair(insns, insn_cnt, idx, ret);
			idx += 2;
		} else {
			found = insn.code == INSNFD_CALL && insnfd_of_call(&insn, idx, ret);
			idx++;
		}
	}
	*io_idx = idx;
	return found;
}

uint32_t insnfd_array_cnt(const uint8_t *insns, size_t insn_cnt)
{
	struct insnfd use;
	uint32_t cnt = 0;
	size_t idx = 0;

	while (insnfd_next(insns, insn_cnt, &idx, &use)) {
		if (use.kind != INSNFD_MAP_IDX && use.kind != INSNFD_KFUNC_IDX)
			continue;
		if (use.number < 0 || use.number == INT32_MAX)
			return UINT32_MAX;
		if ((uint32_t)use.number >= cnt)
			cnt = (uint32_t)use.number + 1;
	}
	return cnt;
}
