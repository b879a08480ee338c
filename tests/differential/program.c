/* SPDX-License-Identifier: Apache-2.0 */
/* Editing a program so that it stays one: see the header. Trusts its caller about indices. */
#include "tests/differential/program.h"

#include <stdlib.h>
#include <string.h>

bool program_from(struct program *p, const struct bgv_program *prog)
{
	if (prog->insn_cnt > PROGRAM_INSNS_MAX || prog->func_info_cnt > PROGRAM_FUNCS_MAX)
		return false;
	p->prog_type = prog->prog_type;
	p->attach_type = prog->expected_attach_type;
	p->prog_flags = prog->prog_flags;
	p->insn_cnt = prog->insn_cnt;
	memcpy(p->insns, prog->insns, prog->insn_cnt * sizeof(*p->insns));
	p->func_cnt = prog->func_info_cnt;
	for (uint32_t i = 0; i < p->func_cnt; i++)
		memcpy(&p->func_offs[i], (const char *)prog->func_info.data + (size_t)i * prog->func_info_rec_size,
		       sizeof(uint32_t));
	return true;
}

enum program_ref program_refers(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if (program_is_wide(insn))
		return insn->src_reg == BPF_PSEUDO_FUNC ? REF_IMM : REF_NONE;
	if (class != BPF_JMP && class != BPF_JMP32)
		return REF_NONE;
	if (op == BPF_CALL)
		return insn->src_reg == BPF_PSEUDO_CALL ? REF_IMM : REF_NONE;
	if (op == BPF_EXIT)
		return REF_NONE;
	return class == BPF_JMP32 && op == BPF_JA ? REF_IMM : REF_OFF;
}

struct edit {
	int64_t at, del, ins;
};

/* Where what was at `old` is now; what was removed is now what follows. */
static int64_t edit_moved(const struct edit *e, int64_t old)
{
	if (old <= e->at)
		return old;
	return old >= e->at + e->del ? old - e->del + e->ins : e->at + e->ins;
}

static void edit_ref(const struct edit *e, struct bpf_insn *insn, int64_t old)
{
	enum program_ref ref = program_refers(insn);
	int64_t target, moved = old < e->at ? old : old - e->del + e->ins;

	if (ref == REF_NONE)
		return;
	target = edit_moved(e, old + 1 + (ref == REF_OFF ? insn->off : insn->imm)) - moved - 1;
	if (ref == REF_OFF)
		insn->off = (int16_t)target;
	else
		insn->imm = (int32_t)target;
}

bool program_edit(struct program *p, uint32_t at, uint32_t del, const struct bpf_insn *ins, uint32_t ins_cnt)
{
	struct edit e = { at, del, ins_cnt };

	if (at + del > p->insn_cnt || p->insn_cnt - del + ins_cnt > PROGRAM_INSNS_MAX)
		return false;
	for (uint32_t i = 0; i < p->insn_cnt; i++) {
		if (i < at || i >= at + del)
			edit_ref(&e, &p->insns[i], i);
		if (program_is_wide(&p->insns[i]))
			i++;
	}
	for (uint32_t i = 0; i < p->func_cnt; i++)
		p->func_offs[i] = (uint32_t)edit_moved(&e, p->func_offs[i]);
	memmove(&p->insns[at + ins_cnt], &p->insns[at + del], (p->insn_cnt - at - del) * sizeof(*p->insns));
	if (ins_cnt)
		memcpy(&p->insns[at], ins, ins_cnt * sizeof(*ins));
	p->insn_cnt = p->insn_cnt - del + ins_cnt;
	return true;
}

void *program_view(const struct program *p, const struct bgv_program *base, struct bgv_program *ret_prog)
{
	size_t bytes = base->func_info_cnt ? (size_t)p->func_cnt * base->func_info_rec_size : 0;
	char *records = malloc(bytes + 1);

	if (!records)
		return NULL;
	*ret_prog = *base;
	ret_prog->insns = p->insns;
	ret_prog->insn_cnt = p->insn_cnt;
	ret_prog->prog_type = p->prog_type;
	ret_prog->expected_attach_type = p->attach_type;
	ret_prog->prog_flags = p->prog_flags;
	ret_prog->line_info = ret_prog->core_relos = (struct bgv_blob){ 0 };
	ret_prog->line_info_cnt = ret_prog->core_relo_cnt = 0;
	ret_prog->line_info_rec_size = ret_prog->core_relo_rec_size = 0;
	if (bytes)
		memcpy(records, base->func_info.data, bytes);
	for (uint32_t i = 0; i < p->func_cnt; i++)
		memcpy(records + (size_t)i * base->func_info_rec_size, &p->func_offs[i], sizeof(uint32_t));
	ret_prog->func_info = (struct bgv_blob){ bytes ? records : NULL, bytes };
	ret_prog->func_info_cnt = p->func_cnt;
	return records;
}
