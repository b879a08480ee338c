/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction set as a table: which opcodes exist, and where an instruction goes on. */
#include "verifier/insn.h"

#include <stddef.h>

struct insn_row {
	bool known;
	bool conditional;	/* needs the behaviour bit at offset when */
	uint16_t when;
};

#define WHEN_always	0, 0
#define WHEN_isa_v4	1, offsetof(struct behave, isa_v4)
#define WHEN_gotol	1, offsetof(struct behave, gotol)
#define WHEN_gotox	1, offsetof(struct behave, gotox)
#define WHEN_may_goto	1, offsetof(struct behave, may_goto)
#define WHEN_load_acquire 1, offsetof(struct behave, load_acquire)

static const struct insn_row insn_rows[256] = {
#define INSN(code, when) [code] = { true, WHEN_##when },
#include "verifier/insn.def"
#undef INSN
};

bool insn_is_known(const struct behave *beh, uint8_t code)
{
	const struct insn_row *row = &insn_rows[code];

	if (!row->known)
		return false;
	return !row->conditional || *((const bool *)beh + row->when);
}

uint32_t insn_successors(const struct bpf_insn *insns, uint32_t idx, uint32_t ret_succ[2])
{
	const struct bpf_insn *i = &insns[idx];
	uint32_t cnt = 0;

	if (insn_is_jmp_class(i) && BPF_OP(i->code) != BPF_CALL) {
		if (BPF_OP(i->code) == BPF_EXIT)
			return 0;
		if (BPF_OP(i->code) != BPF_JA)
			ret_succ[cnt++] = idx + 1;
		ret_succ[cnt++] = idx + 1 + (uint32_t)insn_jmp_off(i);
		return cnt;
	}
	ret_succ[cnt++] = idx + insn_len(i);
	return cnt;
}
