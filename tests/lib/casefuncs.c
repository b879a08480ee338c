/* SPDX-License-Identifier: Apache-2.0 */
/* The least BTF that lets a text case have callbacks. Trusts the assembler's instructions. */
#include "tests/lib/casefuncs.h"

#include <linux/btf.h>
#include <string.h>

#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

static const char strings[] = "\0int\0f";

enum { TYPE_INT = 1, TYPE_PROTO, TYPE_FUNC };

static uint32_t *put_type(uint32_t *at, uint32_t name, uint32_t kind, uint32_t size_or_type)
{
	*at++ = name;
	*at++ = kind << 24;
	*at++ = size_or_type;
	return at;
}

static size_t make_btf(unsigned char *btf)
{
	uint32_t types[16], *at = put_type(types, 1, BTF_KIND_INT, 4);
	struct btf_header head = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(head) };

	*at++ = BTF_INT_SIGNED << 24 | 32;
	at = put_type(at, 0, BTF_KIND_FUNC_PROTO, TYPE_INT);
	at = put_type(at, 5, BTF_KIND_FUNC, TYPE_PROTO); /* vlen 0: static */
	head.type_len = head.str_off = (uint32_t)((at - types) * (long)sizeof(*at));
	head.str_len = sizeof(strings);
	memcpy(btf, &head, sizeof(head));
	memcpy(btf + sizeof(head), types, head.type_len);
	memcpy(btf + sizeof(head) + head.type_len, strings, sizeof(strings));
	return sizeof(head) + head.type_len + sizeof(strings);
}

/* Keeps starts sorted; false when there are too many. */
static bool add_start(struct casefuncs *cf, uint32_t *cnt, uint32_t start)
{
	uint32_t i = *cnt;

	for (uint32_t j = 0; j < *cnt; j++)
		if (cf->records[j].insn_off == start)
			return true;
	if (*cnt == CASEFUNCS_MAX)
		return false;
	for (; i && cf->records[i - 1].insn_off > start; i--)
		cf->records[i] = cf->records[i - 1];
	cf->records[i].insn_off = start;
	cf->records[i].type_id = TYPE_FUNC;
	++*cnt;
	return true;
}

bool casefuncs_describe(struct casefuncs *cf, struct bgv_program *prog)
{
	uint32_t cnt = 0;
	bool fits = add_start(cf, &cnt, 0);

	for (uint32_t i = 0; fits && i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];
		bool wide = insn->code == (BPF_LD | BPF_IMM | BPF_DW);

		if ((wide && insn->src_reg == BPF_PSEUDO_FUNC) ||
		    (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL))
			fits = add_start(cf, &cnt, i + (uint32_t)insn->imm + 1);
		i += wide;
	}
	cf->blob = (struct bgv_blob){ cf->btf, make_btf(cf->btf) };
	prog->btfs = &cf->blob;
	prog->btf_cnt = prog->prog_btf_idx = 1;
	prog->func_info = (struct bgv_blob){ cf->records, cnt * sizeof(cf->records[0]) };
	prog->func_info_rec_size = sizeof(cf->records[0]);
	prog->func_info_cnt = cnt;
	return fits;
}
