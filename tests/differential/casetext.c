/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions as the assembler of text cases reads them. Promises that each line assembles to the same bytes: what
 * does not is printed as ".insn".
 */
#include "tests/differential/casetext.h"

#include <bpf/btf.h>
#include <string.h>

#include "proto/own.h"
#include "tests/differential/gen.h"
#include "tests/lib/asm.h"
#include "verifier/kernel/names.h"

static const char *const sizes[] = { "u32", "u16", "u8", "u64" }; /* by BPF_SIZE >> 3 */
static const char *const alu_ops[16] = { "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", NULL, "%=", "^=", "=", "s>>=" };
static const char *const jmp_ops[16] = { NULL, "==", ">", ">=", "&", "!=", "s>", "s>=", NULL, NULL, "<", "<=", "s<", "s<=" };

static void text_alu(const struct bpf_insn *insn, char *text, size_t bytes)
{
	char w = BPF_CLASS(insn->code) == BPF_ALU ? 'w' : 'r';
	uint8_t op = insn->code >> 4;

	if (insn->code >> 4 == BPF_NEG >> 4)
		snprintf(text, bytes, "%c%u = -%c%u", w, insn->dst_reg, w, insn->dst_reg);
	else if (BPF_OP(insn->code) == BPF_END)
		snprintf(text, bytes, "r%u = %s%d r%u", insn->dst_reg,
			 w == 'r' ? "bswap" : insn->code & BPF_TO_BE ? "be" : "le", insn->imm, insn->dst_reg);
	else if (BPF_OP(insn->code) == BPF_MOV && insn->off && insn->code & BPF_X)
		snprintf(text, bytes, "%c%u = (s%d)%c%u", w, insn->dst_reg, insn->off, w, insn->src_reg);
	else if (alu_ops[op] && insn->code & BPF_X)
		snprintf(text, bytes, "%c%u %s%s %c%u", w, insn->dst_reg, insn->off ? "s" : "", alu_ops[op], w, insn->src_reg);
	else if (alu_ops[op])
		snprintf(text, bytes, "%c%u %s%s %d", w, insn->dst_reg, insn->off ? "s" : "", alu_ops[op], insn->imm);
}

static void text_jump(const struct bpf_insn *insn, char *text, size_t bytes)
{
	char w = BPF_CLASS(insn->code) == BPF_JMP32 ? 'w' : 'r';
	const char *op = jmp_ops[insn->code >> 4];

	if (insn->code == (BPF_JMP | BPF_EXIT))
		snprintf(text, bytes, "exit");
	else if (insn->code == (BPF_JMP | BPF_CALL))
		snprintf(text, bytes, insn->src_reg == BPF_PSEUDO_CALL ? "call pc%+d" : "call %d", insn->imm);
	else if (BPF_OP(insn->code) == BPF_JA)
		snprintf(text, bytes, w == 'w' ? "gotol %+d" : "goto %+d", w == 'w' ? insn->imm : insn->off);
	else if (BPF_OP(insn->code) == 0xe0)
		snprintf(text, bytes, "may_goto %+d", insn->off);
	else if (op && insn->code & BPF_X)
		snprintf(text, bytes, "if %c%u %s %c%u goto %+d", w, insn->dst_reg, op, w, insn->src_reg, insn->off);
	else if (op)
		snprintf(text, bytes, "if %c%u %s %d goto %+d", w, insn->dst_reg, op, insn->imm, insn->off);
}

static void text_atomic(const struct bpf_insn *insn, const char *size, char *text, size_t bytes)
{
	const char *sign = alu_ops[insn->imm >> 4 & 0xf];

	if (insn->imm == BPF_XCHG)
		snprintf(text, bytes, "r%u = atomic_xchg((%s *)(r%u %+d), r%u)", insn->src_reg, size, insn->dst_reg, insn->off, insn->src_reg);
	else if (insn->imm == BPF_CMPXCHG)
		snprintf(text, bytes, "r0 = atomic_cmpxchg((%s *)(r%u %+d), r0, r%u)", size, insn->dst_reg, insn->off, insn->src_reg);
	else if (insn->imm & BPF_FETCH)
		snprintf(text, bytes, "r%u = atomic_fetch_%s((%s *)(r%u %+d), r%u)", insn->src_reg,
			 insn->imm == (BPF_ADD | BPF_FETCH) ? "add" : insn->imm == (BPF_OR | BPF_FETCH) ? "or" :
			 insn->imm == (BPF_AND | BPF_FETCH) ? "and" : "xor", size, insn->dst_reg, insn->off, insn->src_reg);
	else if (sign)
		snprintf(text, bytes, "lock *(%s *)(r%u %+d) %s r%u", size, insn->dst_reg, insn->off, sign, insn->src_reg);
}

static void text_access(const struct bpf_insn *insn, char *text, size_t bytes)
{
	const char *size = sizes[BPF_SIZE(insn->code) >> 3];

	if (BPF_CLASS(insn->code) == BPF_LDX)
		snprintf(text, bytes, "r%u = *(%s%s *)(r%u %+d)", insn->dst_reg, BPF_MODE(insn->code) == 0x80 ? "s" : "u", size + 1,
			 insn->src_reg, insn->off);
	else if (BPF_CLASS(insn->code) == BPF_ST)
		snprintf(text, bytes, "*(%s *)(r%u %+d) = %d", size, insn->dst_reg, insn->off, insn->imm);
	else if (BPF_MODE(insn->code) == BPF_ATOMIC)
		text_atomic(insn, size, text, bytes);
	else
		snprintf(text, bytes, "*(%s *)(r%u %+d) = r%u", size, insn->dst_reg, insn->off, insn->src_reg);
}

static void text_ld(const struct bpf_insn *insn, uint32_t left, char *text, size_t bytes)
{
	if (BPF_MODE(insn->code) == BPF_ABS)
		snprintf(text, bytes, "r0 = *(%s *)skb[%d]", sizes[BPF_SIZE(insn->code) >> 3], insn->imm);
	else if (BPF_MODE(insn->code) == BPF_IND)
		snprintf(text, bytes, "r0 = *(%s *)skb[r%u %+d]", sizes[BPF_SIZE(insn->code) >> 3], insn->src_reg, insn->imm);
	else if (left < 2)
		return;
	else if (insn->src_reg == BPF_PSEUDO_MAP_FD)
		snprintf(text, bytes, "r%u = map[%d]", insn->dst_reg, insn->imm);
	else if (insn->src_reg == BPF_PSEUDO_MAP_VALUE)
		snprintf(text, bytes, "r%u = map_value[%d]%+d", insn->dst_reg, insn->imm, insn[1].imm);
	else if (insn->src_reg == BPF_PSEUDO_FUNC)
		snprintf(text, bytes, "r%u = func %+d", insn->dst_reg, insn->imm);
	else if (!insn->src_reg)
		snprintf(text, bytes, "r%u = 0x%llx ll", insn->dst_reg,
			 (unsigned long long)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm);
}

static bool assembles_to(const char *text, const struct asm_names *lookup, const struct bpf_insn *insns, uint32_t cnt)
{
	struct asm_out out;
	bool same = asm_text(text, lookup, &out) == 0 && out.cnt == cnt && !memcmp(out.insns, insns, cnt * sizeof(*insns));

	asm_done(&out);
	return same;
}

static void text_named(const struct bpf_insn *insn, const struct casenames *names, char *text, size_t bytes)
{
	const struct btf_type *type = names->vmlinux ? btf__type_by_id(names->vmlinux, (uint32_t)insn->imm) : NULL;
	const char *name = type ? btf__name_by_offset(names->vmlinux, type->name_off) : NULL;

	if (!name || !*name)
		return;
	if (program_is_wide(insn))
		snprintf(text, bytes, "r%u = btf_id %s", insn->dst_reg, name);
	else
		snprintf(text, bytes, "call %s", name);
}

/* One instruction's line; how many instructions it was. */
static uint32_t print_insn(FILE *out, const struct bpf_insn *insn, uint32_t left, const struct casenames *names)
{
	struct casenames mine = *names;
	struct asm_names lookup = casenames_asm(&mine);
	uint32_t cnt = program_is_wide(insn) && left > 1 ? 2 : 1;
	char text[160] = "";

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU: case BPF_ALU64: text_alu(insn, text, sizeof(text)); break;
	case BPF_JMP: case BPF_JMP32: text_jump(insn, text, sizeof(text)); break;
	case BPF_LD: text_ld(insn, left, text, sizeof(text)); break;
	default: text_access(insn, text, sizeof(text));
	}
	if ((cnt == 2 && insn->src_reg == BPF_PSEUDO_BTF_ID) || (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL))
		text_named(insn, names, text, sizeof(text));
	if (text[0] && assembles_to(text, &lookup, insn, cnt)) {
		fprintf(out, "  %s\n", text);
		return cnt;
	}
	for (uint32_t i = 0; i < cnt; i++)
		fprintf(out, "  .insn 0x%02x %u %u %d %d\n", insn[i].code, insn[i].dst_reg, insn[i].src_reg, insn[i].off, insn[i].imm);
	return cnt;
}

static bool map_used(const struct program *p, uint32_t idx)
{
	for (uint32_t i = 0; i < p->insn_cnt; i++)
		if (program_is_wide(&p->insns[i]) && p->insns[i].src_reg && (uint32_t)p->insns[i].imm >= idx)
			return true;
	return false;
}

static void print_map(FILE *out, const struct bgv_map *map)
{
	fprintf(out, "map %s key %u value %u max %u", names_map_type(map->type), map->key_size, map->value_size, map->max_entries);
	if (map->map_flags & MAP_F_RDONLY_PROG)
		fprintf(out, " rdonly_prog");
	if (map->map_flags & MAP_F_WRONLY_PROG)
		fprintf(out, " wronly_prog");
	if (map->map_flags & 1)
		fprintf(out, " no_prealloc");
	if (map->map_flags & ~(MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG | 1u))
		fprintf(out, " 0x%x", map->map_flags & ~(MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG | 1u));
	if (map->inner_idx)
		fprintf(out, " inner %u", map->inner_idx - 1);
	if (map->contents) {
		fprintf(out, " data ");
		for (size_t i = 0; i < map->contents_bytes; i++)
			fprintf(out, "%02x", ((const uint8_t *)map->contents)[i]);
	}
	fprintf(out, "%s\n", map->frozen ? " frozen" : "");
	if (map->btf_idx)
		fprintf(out, "# and the map's values have BTF\n");
}

static void print_attach(FILE *out, const struct program *p, const struct bgv_program *base, const struct casenames *names)
{
	static const char *const prefixes[] = { "btf_trace_", "bpf_iter_", "bpf_lsm_" };
	const char *name = NULL;

	if (base->attach_btf_id && names->vmlinux) {
		const struct btf_type *type = btf__type_by_id(names->vmlinux, base->attach_btf_id);

		name = type ? btf__name_by_offset(names->vmlinux, type->name_off) : NULL;
		for (size_t i = 0; name && i < ARRAY_CNT(prefixes); i++)
			if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
				name += strlen(prefixes[i]);
	}
	if ((p->attach_type || name) && names_attach_type(p->attach_type))
		fprintf(out, "attach %s%s%s\n", names_attach_type(p->attach_type), name ? " " : "", name ? name : "");
}

void casetext_print(FILE *out, const struct program *p, const struct bgv_program *base, const char *version,
		    const struct answer *kernel, const struct casenames *names)
{
	const char *type = names_prog_type(p->prog_type), *license = base->license ? base->license : "";

	fprintf(out, "type %s\n", type ? type : "?");
	print_attach(out, p, base, names);
	fprintf(out, "kernel %s\n", version);
	if (strcmp(license, "GPL"))
		fprintf(out, "license %s\n", license);
	if (p->prog_flags)
		fprintf(out, "flags %u\n", p->prog_flags);
	for (uint32_t i = 0; i < base->map_cnt && map_used(p, i); i++)
		print_map(out, &base->maps[i]);
	if (base->prog_btf_idx)
		fprintf(out, "%s\n", base->func_info_cnt == GEN_FUNCS_MAX ? "functions_btf" : "# and the program has BTF");
	if (kernel->err) {
		fprintf(out, "expect reject %s\n", strerrorname_np(kernel->err) ? strerrorname_np(kernel->err) : kernel->err == 524 ? "ENOTSUPP" : "?");
		fprintf(out, "# the kernel: %s\n", kernel->reason);
	} else {
		fprintf(out, "expect accept\ninsns %lu\n", kernel->processed);
	}
	for (uint32_t i = 0; i < p->insn_cnt;)
		i += print_insn(out, &p->insns[i], p->insn_cnt - i, names);
}
