/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction set as a table: which opcodes exist. */
#include "verifier/kernel/insn.h"

#include <stddef.h>

#include "verifier/kernel/behave.h"

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
#include "verifier/kernel/insn.def"
#undef INSN
};

bool insn_is_known(const struct behave *beh, uint8_t code)
{
	const struct insn_row *row = &insn_rows[code];

	if (!row->known)
		return false;
	return !row->conditional || *((const bool *)beh + row->when);
}
