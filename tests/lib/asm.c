/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assembler of the text cases. Promises exactly the instruction a line names; trusts its
 * caller's text only so far as to report the line it cannot read.
 */
#include "proto/own.h"
#include "tests/lib/asm.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 64

#ifndef BPF_MEMSX
#define BPF_MEMSX 0x80
#endif
#ifndef BPF_JCOND
#define BPF_JCOND 0xe0
#endif
#define LOAD_ACQ 0x100
#define STORE_REL 0x110
#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

struct asm_label {
	char name[NAME_BYTES];
	uint32_t idx;
};

/* A jump or call whose target is a label. */
struct fixup {
	char name[NAME_BYTES];
	uint32_t idx, line;
	bool in_imm;
};

struct as {
	const char *p;			/* cursor in the current statement */
	const struct asm_names *names;
	struct asm_out *out;
	uint32_t cap, line;
	struct fixup *fixups;
	uint32_t fixup_cnt;
};

static int as_fail(struct as *as, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int as_fail(struct as *as, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(as->out->error, sizeof(as->out->error), fmt, ap);
	va_end(ap);
	as->out->error_line = as->line;
	return -EINVAL;
}

static void skip(struct as *as)
{
	while (*as->p == ' ' || *as->p == '\t')
		as->p++;
}

/* Takes `text` if it is next; a word must end where the text's word ends. */
static bool take(struct as *as, const char *text)
{
	size_t n = strlen(text);

	skip(as);
	if (strncmp(as->p, text, n))
		return false;
	if (isalnum((unsigned char)text[n - 1]) &&
	    (isalnum((unsigned char)as->p[n]) || as->p[n] == '_'))
		return false;
	as->p += n;
	return true;
}

static bool take_num(struct as *as, int64_t *ret)
{
	char *end;
	bool neg = false;
	const char *p;

	skip(as);
	p = as->p;
	if (*p == '+' || *p == '-') {
		neg = *p == '-';
		p++;
		while (*p == ' ')
			p++;
	}
	if (!isdigit((unsigned char)*p))
		return false;
	errno = 0;
	*ret = (int64_t)strtoull(p, &end, 0);
	if (errno || end == p)
		return false;
	if (neg)
		*ret = (int64_t)-(uint64_t)*ret;
	as->p = end;
	return true;
}

/* r0..r15 or w0..w15. */
static bool take_reg(struct as *as, uint8_t *ret_reg, bool *ret_wide)
{
	const char *p;
	char *end;
	unsigned long n;

	skip(as);
	p = as->p;
	if ((*p != 'r' && *p != 'w') || !isdigit((unsigned char)p[1]))
		return false;
	n = strtoul(p + 1, &end, 10);
	if (n > 15 || isalnum((unsigned char)*end) || *end == '_')
		return false;
	*ret_reg = (uint8_t)n;
	*ret_wide = *p == 'r';
	as->p = end;
	return true;
}

static bool take_name(struct as *as, char *buf)
{
	size_t n = 0;

	skip(as);
	if (!isalpha((unsigned char)*as->p) && *as->p != '_')
		return false;
	while ((isalnum((unsigned char)as->p[n]) || as->p[n] == '_') && n < NAME_BYTES - 1) {
		buf[n] = as->p[n];
		n++;
	}
	buf[n] = '\0';
	as->p += n;
	return true;
}

static int as_emit(struct as *as, struct bpf_insn insn)
{
	struct asm_out *out = as->out;

	if (out->cnt == as->cap) {
		uint32_t cap = as->cap ? as->cap * 2 : 32;
		struct bpf_insn *grown = realloc(out->insns, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		out->insns = grown;
		as->cap = cap;
	}
	out->insns[out->cnt++] = insn;
	return 0;
}

static int as_emit_parts(struct as *as, int code, int dst, int src, int off, int64_t imm)
{
	return as_emit(as, (struct bpf_insn){
		.code = (__u8)code, .dst_reg = (__u8)(dst & 15), .src_reg = (__u8)(src & 15),
		.off = (__s16)off, .imm = (__s32)imm,
	});
}

static int as_emit64(struct as *as, int dst, int src, int32_t lo, int32_t hi)
{
	int r = as_emit_parts(as, BPF_LD | BPF_IMM | BPF_DW, dst, src, 0, lo);

	return r < 0 ? r : as_emit_parts(as, 0, 0, 0, 0, hi);
}

/* "+3", "-1", a label: the target of a jump that is about to be emitted. */
static int as_target(struct as *as, bool in_imm, int64_t *ret)
{
	struct fixup f = { .idx = as->out->cnt, .line = as->line, .in_imm = in_imm };
	struct fixup *grown;

	if (take(as, "pc"))
		skip(as);
	if (take_num(as, ret))
		return 0;
	if (!take_name(as, f.name))
		return as_fail(as, "no jump target at '%s'", as->p);
	grown = realloc(as->fixups, (as->fixup_cnt + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	as->fixups = grown;
	grown[as->fixup_cnt++] = f;
	*ret = 0;
	return 0;
}

static const struct {
	const char *name;
	int size;
	int mode;
	int bytes;
} sizes[] = {
	{ "u8", BPF_B, BPF_MEM, 1 }, { "u16", BPF_H, BPF_MEM, 2 }, { "u32", BPF_W, BPF_MEM, 4 },
	{ "u64", BPF_DW, BPF_MEM, 8 }, { "s8", BPF_B, BPF_MEMSX, 1 }, { "s16", BPF_H, BPF_MEMSX, 2 },
	{ "s32", BPF_W, BPF_MEMSX, 4 }, { "s64", BPF_DW, BPF_MEMSX, 8 },
};

/* "(u32 *)": index into sizes, or -1. */
static int take_size(struct as *as)
{
	const char *at = as->p;

	if (!take(as, "("))
		return -1;
	for (size_t i = 0; i < ARRAY_CNT(sizes); i++)
		if (take(as, sizes[i].name)) {
			if (take(as, "*") && take(as, ")"))
				return (int)i;
			break;
		}
	as->p = at;
	return -1;
}

/* "(r1 +8)" */
static bool take_address(struct as *as, uint8_t *ret_reg, int64_t *ret_off)
{
	bool wide;

	*ret_off = 0;
	if (!take(as, "(") || !take_reg(as, ret_reg, &wide) || !wide)
		return false;
	take_num(as, ret_off);
	return take(as, ")");
}

static const struct {
	const char *name;
	int op;
	int off;		/* 1: the signed form */
} alu_ops[] = {
	{ "s>>=", BPF_ARSH, 0 }, { "s/=", BPF_DIV, 1 }, { "s%=", BPF_MOD, 1 }, { "<<=", BPF_LSH, 0 },
	{ ">>=", BPF_RSH, 0 }, { "+=", BPF_ADD, 0 }, { "-=", BPF_SUB, 0 }, { "*=", BPF_MUL, 0 },
	{ "/=", BPF_DIV, 0 }, { "%=", BPF_MOD, 0 }, { "|=", BPF_OR, 0 }, { "&=", BPF_AND, 0 },
	{ "^=", BPF_XOR, 0 },
};

static const struct {
	const char *name;
	int op;
} jmp_ops[] = {
	{ "==", BPF_JEQ }, { "!=", BPF_JNE }, { "s>=", BPF_JSGE }, { "s<=", BPF_JSLE },
	{ "s>", BPF_JSGT }, { "s<", BPF_JSLT }, { ">=", BPF_JGE }, { "<=", BPF_JLE },
	{ ">", BPF_JGT }, { "<", BPF_JLT }, { "&", BPF_JSET },
};

static const struct {
	const char *name;
	int imm;
} atomic_ops[] = {
	{ "atomic_fetch_add", BPF_ADD | BPF_FETCH }, { "atomic_fetch_or", BPF_OR | BPF_FETCH },
	{ "atomic_fetch_and", BPF_AND | BPF_FETCH }, { "atomic_fetch_xor", BPF_XOR | BPF_FETCH },
	{ "atomic_xchg", BPF_XCHG }, { "atomic_cmpxchg", BPF_CMPXCHG },
	{ "atomic64_fetch_add", BPF_ADD | BPF_FETCH }, { "atomic64_fetch_or", BPF_OR | BPF_FETCH },
	{ "atomic64_fetch_and", BPF_AND | BPF_FETCH }, { "atomic64_fetch_xor", BPF_XOR | BPF_FETCH },
	{ "atomic64_xchg", BPF_XCHG }, { "atomic64_cmpxchg", BPF_CMPXCHG },
};

/* "if r1 OP r2|imm goto TARGET" */
static int as_if(struct as *as)
{
	uint8_t dst, src = 0;
	bool wide, src_wide;
	int64_t imm = 0, off;
	int class, code = -1, r;

	if (!take_reg(as, &dst, &wide))
		return as_fail(as, "if: no register");
	for (size_t i = 0; i < ARRAY_CNT(jmp_ops) && code < 0; i++)
		if (take(as, jmp_ops[i].name))
			code = jmp_ops[i].op;
	if (code < 0)
		return as_fail(as, "if: no operator at '%s'", as->p);
	class = wide ? BPF_JMP : BPF_JMP32;
	if (take_reg(as, &src, &src_wide))
		code |= BPF_X;
	else if (!take_num(as, &imm))
		return as_fail(as, "if: no operand at '%s'", as->p);
	if (!take(as, "goto"))
		return as_fail(as, "if without goto");
	r = as_target(as, false, &off);
	return r < 0 ? r : as_emit_parts(as, class | code, dst, src, (int)off, imm);
}

static int as_call(struct as *as)
{
	char name[NAME_BYTES];
	const char *at;
	int64_t n;
	int id, r;

	skip(as);
	if (take_num(as, &n))
		return as_emit_parts(as, BPF_JMP | BPF_CALL, 0, 0, 0, n);
	at = as->p;
	if (strncmp(at, "pc", 2) && take_name(as, name)) {
		const char *bare = strncmp(name, "bpf_", 4) ? name : name + 4;

		if (*as->p == '#') {
			as->p++;
			take_num(as, &n);
		}
		id = as->names->helper(as->names->arg, bare);
		if (id >= 0)
			return as_emit_parts(as, BPF_JMP | BPF_CALL, 0, 0, 0, id);
		id = as->names->kfunc(as->names->arg, name);
		if (id >= 0)
			return as_emit_parts(as, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id);
		as->p = at;
	}
	r = as_target(as, true, &n);
	return r < 0 ? r : as_emit_parts(as, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, n);
}

/* "*(u32 *)(r10 -8) = r1" */
static int as_store(struct as *as)
{
	int size = take_size(as);
	uint8_t dst, src;
	bool wide;
	int64_t off, imm;

	if (size < 0 || !take_address(as, &dst, &off) || !take(as, "="))
		return as_fail(as, "store: expected *(SIZE *)(rN +OFF) = VALUE");
	if (take_reg(as, &src, &wide))
		return as_emit_parts(as, BPF_STX | sizes[size].mode | sizes[size].size, dst, src,
				     (int)off, 0);
	if (take_num(as, &imm))
		return as_emit_parts(as, BPF_ST | sizes[size].mode | sizes[size].size, dst, 0,
				     (int)off, imm);
	return as_fail(as, "store: no value");
}

/* "lock *(u64 *)(r1 +0) += r2" */
static int as_lock(struct as *as)
{
	int size, op = -1;
	uint8_t dst, src;
	bool wide;
	int64_t off;

	if (!take(as, "*"))
		return as_fail(as, "lock: no address");
	size = take_size(as);
	if (size < 0 || !take_address(as, &dst, &off))
		return as_fail(as, "lock: no address");
	for (size_t i = 0; i < ARRAY_CNT(alu_ops) && op < 0; i++)
		if (take(as, alu_ops[i].name))
			op = alu_ops[i].op;
	if (op < 0 || !take_reg(as, &src, &wide))
		return as_fail(as, "lock: no operation");
	return as_emit_parts(as, BPF_STX | BPF_ATOMIC | sizes[size].size, dst, src, (int)off, op);
}

/* "((u64 *)(r1 +0)" and what follows up to the closing bracket. */
static int as_atomic(struct as *as, int imm, uint8_t result)
{
	uint8_t base, src = result;
	bool wide;
	int64_t off;
	int size;

	if (!take(as, "("))
		return as_fail(as, "atomic: no arguments");
	size = take_size(as);
	if (size < 0 || !take_address(as, &base, &off))
		return as_fail(as, "atomic: no address");
	while (take(as, ","))
		if (!take_reg(as, &src, &wide))
			return as_fail(as, "atomic: no register");
	if (!take(as, ")"))
		return as_fail(as, "atomic: no )");
	if (imm == LOAD_ACQ)	/* the address is the source */
		return as_emit_parts(as, BPF_STX | BPF_ATOMIC | sizes[size].size, result, base,
				     (int)off, imm);
	return as_emit_parts(as, BPF_STX | BPF_ATOMIC | sizes[size].size, base, src, (int)off, imm);
}

/* "*(u16 *)skb[12]", "*(u8 *)skb[r7 +2]", "*(u32 *)(r1 +8)" after "rN = *" */
static int as_load(struct as *as, uint8_t dst)
{
	int size = take_size(as);
	uint8_t src;
	bool wide;
	int64_t off = 0;

	if (size < 0)
		return as_fail(as, "load: no size");
	if (take(as, "skb")) {
		if (!take(as, "["))
			return as_fail(as, "load: no [");
		if (take_reg(as, &src, &wide)) {
			take_num(as, &off);
			return take(as, "]") ? as_emit_parts(as, BPF_LD | BPF_IND |
				sizes[size].size, 0, src, 0, off) : as_fail(as, "load: no ]");
		}
		if (!take_num(as, &off) || !take(as, "]"))
			return as_fail(as, "load: bad skb offset");
		return as_emit_parts(as, BPF_LD | BPF_ABS | sizes[size].size, 0, 0, 0, off);
	}
	if (!take_address(as, &src, &off))
		return as_fail(as, "load: no address");
	return as_emit_parts(as, BPF_LDX | sizes[size].mode | sizes[size].size, dst, src, (int)off, 0);
}

static const struct {
	const char *name;
	int code, imm;
} swaps[] = {
	{ "be16", BPF_ALU | BPF_END | BPF_TO_BE, 16 }, { "be32", BPF_ALU | BPF_END | BPF_TO_BE, 32 },
	{ "be64", BPF_ALU | BPF_END | BPF_TO_BE, 64 }, { "le16", BPF_ALU | BPF_END | BPF_TO_LE, 16 },
	{ "le32", BPF_ALU | BPF_END | BPF_TO_LE, 32 }, { "le64", BPF_ALU | BPF_END | BPF_TO_LE, 64 },
	{ "bswap16", BPF_ALU64 | BPF_END, 16 }, { "bswap32", BPF_ALU64 | BPF_END, 32 },
	{ "bswap64", BPF_ALU64 | BPF_END, 64 },
};

static const struct {
	const char *name;
	int bits;
} sexts[] = { { "(s8)", 8 }, { "(s16)", 16 }, { "(s32)", 32 } };

/* "map[0]", "map_value[0]+8", "func LABEL", "btf_id NAME" after "rN = "; 1: none of them. */
static int as_assign_pseudo(struct as *as, uint8_t dst)
{
	char name[NAME_BYTES];
	int64_t n, off = 0;
	int r, id;

	if (take(as, "map_value")) {
		if (!take(as, "[") || !take_num(as, &n) || !take(as, "]"))
			return as_fail(as, "map_value: no index");
		take_num(as, &off);
		return as_emit64(as, dst, BPF_PSEUDO_MAP_VALUE, (int32_t)n, (int32_t)off);
	}
	if (take(as, "map")) {
		if (!take(as, "[") || !take_num(as, &n) || !take(as, "]"))
			return as_fail(as, "map: no index");
		return as_emit64(as, dst, BPF_PSEUDO_MAP_FD, (int32_t)n, 0);
	}
	if (take(as, "func")) {
		r = as_target(as, true, &n);
		return r < 0 ? r : as_emit64(as, dst, BPF_PSEUDO_FUNC, (int32_t)n, 0);
	}
	if (take(as, "btf_id")) {
		if (take_num(as, &n))
			return as_emit64(as, dst, BPF_PSEUDO_BTF_ID, (int32_t)n, 0);
		if (!take_name(as, name))
			return as_fail(as, "btf_id: no name");
		id = as->names->var(as->names->arg, name);
		return id < 0 ? as_fail(as, "no kernel variable %s", name) :
			as_emit64(as, dst, BPF_PSEUDO_BTF_ID, id, 0);
	}
	return 1;
}

/* What may follow "rN = ". */
static int as_assign(struct as *as, uint8_t dst, bool wide)
{
	int class = wide ? BPF_ALU64 : BPF_ALU, r;
	uint8_t src;
	bool src_wide;
	int64_t n;

	if (take(as, "*"))
		return as_load(as, dst);
	if (take(as, "load_acquire"))
		return as_atomic(as, LOAD_ACQ, dst);
	for (size_t i = 0; i < ARRAY_CNT(atomic_ops); i++)
		if (take(as, atomic_ops[i].name))
			return as_atomic(as, atomic_ops[i].imm, dst);
	for (size_t i = 0; i < ARRAY_CNT(swaps); i++)
		if (take(as, swaps[i].name))
			return take_reg(as, &src, &src_wide) ?
				as_emit_parts(as, swaps[i].code, dst, 0, 0, swaps[i].imm) :
				as_fail(as, "swap: no register");
	for (size_t i = 0; i < ARRAY_CNT(sexts); i++)
		if (take(as, sexts[i].name))
			return take_reg(as, &src, &src_wide) ?
				as_emit_parts(as, class | BPF_MOV | BPF_X, dst, src, sexts[i].bits, 0) :
				as_fail(as, "cast: no register");
	r = as_assign_pseudo(as, dst);
	if (r <= 0)
		return r;
	if (take_num(as, &n)) {
		if (take(as, "ll"))
			return as_emit64(as, dst, 0, (int32_t)n, (int32_t)((uint64_t)n >> 32));
		if (n < INT32_MIN || n > UINT32_MAX)
			return as_fail(as, "constant needs ' ll'");
		return as_emit_parts(as, class | BPF_MOV | BPF_K, dst, 0, 0, n);
	}
	if (take(as, "-"))
		return take_reg(as, &src, &src_wide) && src == dst ?
			as_emit_parts(as, class | BPF_NEG, dst, 0, 0, 0) :
			as_fail(as, "neg: only rN = -rN");
	if (take_reg(as, &src, &src_wide))
		return as_emit_parts(as, class | BPF_MOV | BPF_X, dst, src, 0, 0);
	return as_fail(as, "cannot assign '%s'", as->p);
}

static int as_alu(struct as *as, uint8_t dst, bool wide)
{
	int class = wide ? BPF_ALU64 : BPF_ALU;
	uint8_t src;
	bool src_wide;
	int64_t n;

	for (size_t i = 0; i < ARRAY_CNT(alu_ops); i++) {
		if (!take(as, alu_ops[i].name))
			continue;
		if (take_reg(as, &src, &src_wide))
			return as_emit_parts(as, class | alu_ops[i].op | BPF_X, dst, src,
					     alu_ops[i].off, 0);
		if (take_num(as, &n))
			return as_emit_parts(as, class | alu_ops[i].op | BPF_K, dst, 0,
					     alu_ops[i].off, n);
		return as_fail(as, "no operand at '%s'", as->p);
	}
	if (take(as, "="))
		return as_assign(as, dst, wide);
	return as_fail(as, "no operator at '%s'", as->p);
}

static int as_raw(struct as *as)
{
	int64_t n[5];

	for (size_t i = 0; i < 5; i++)
		if (!take_num(as, &n[i]))
			return as_fail(as, ".insn CODE DST SRC OFF IMM");
	return as_emit_parts(as, (int)n[0], (int)n[1], (int)n[2], (int)n[3], n[4]);
}

static int as_jump(struct as *as, int code, bool in_imm)
{
	int64_t n;
	int r = as_target(as, in_imm, &n);

	if (r < 0)
		return r;
	return as_emit_parts(as, code, 0, 0, in_imm ? 0 : (int)n, in_imm ? n : 0);
}

static int as_statement(struct as *as)
{
	uint8_t dst;
	bool wide;

	if (take(as, "exit"))
		return as_emit_parts(as, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	if (take(as, "if"))
		return as_if(as);
	if (take(as, "goto"))
		return as_jump(as, BPF_JMP | BPF_JA, false);
	if (take(as, "gotol"))
		return as_jump(as, BPF_JMP32 | BPF_JA, true);
	if (take(as, "may_goto"))
		return as_jump(as, BPF_JMP | BPF_JCOND, false);
	if (take(as, "call"))
		return as_call(as);
	if (take(as, "lock"))
		return as_lock(as);
	if (take(as, "store_release"))
		return as_atomic(as, STORE_REL, 0);
	if (take(as, ".insn"))
		return as_raw(as);
	if (take(as, "*"))
		return as_store(as);
	if (take_reg(as, &dst, &wide))
		return as_alu(as, dst, wide);
	return as_fail(as, "unknown instruction '%s'", as->p);
}

/* "name:" at the start of a line. */
static int as_label(struct as *as, bool *ret_was_label)
{
	const char *at = as->p;
	struct asm_label l = { .idx = as->out->cnt };
	struct asm_label *grown;

	*ret_was_label = false;
	if (!take_name(as, l.name) || *as->p != ':') {
		as->p = at;
		return 0;
	}
	as->p++;
	grown = realloc(as->out->labels, (as->out->label_cnt + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	as->out->labels = grown;
	grown[as->out->label_cnt++] = l;
	*ret_was_label = true;
	return 0;
}

static int as_line(struct as *as, char *line)
{
	char *save = NULL;

	for (char *stmt = strtok_r(line, ";", &save); stmt; stmt = strtok_r(NULL, ";", &save)) {
		bool was_label;
		int r;

		as->p = stmt;
		skip(as);
		if (!*as->p)
			continue;
		r = as_label(as, &was_label);
		skip(as);
		if (r == 0 && (!was_label || *as->p))
			r = as_statement(as);
		if (r < 0)
			return r;
		skip(as);
		if (*as->p)
			return as_fail(as, "left over: '%s'", as->p);
	}
	return 0;
}

int64_t asm_label(const struct asm_out *out, const char *name)
{
	for (uint32_t i = out->label_cnt; i-- > 0;)
		if (!strcmp(out->labels[i].name, name))
			return out->labels[i].idx;
	return -ENOENT;
}

static int as_resolve(struct as *as)
{
	for (uint32_t i = 0; i < as->fixup_cnt; i++) {
		const struct fixup *f = &as->fixups[i];
		int64_t at = asm_label(as->out, f->name), delta;

		if (at < 0) {
			as->line = f->line;
			return as_fail(as, "no label, helper or kfunc named %s", f->name);
		}
		delta = at - f->idx - 1;
		if (f->in_imm)
			as->out->insns[f->idx].imm = (__s32)delta;
		else
			as->out->insns[f->idx].off = (__s16)delta;
	}
	return 0;
}

/* Ends the line at a comment: '#' that does not continue a word ("bpf_loop#181"). */
static void cut_comment(char *line)
{
	for (char *p = line; *p; p++)
		if (*p == '#' && (p == line || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			return;
		}
}

int asm_text(const char *text, const struct asm_names *names, struct asm_out *out)
{
	struct as as = { .names = names, .out = out };
	int r = 0;

	memset(out, 0, sizeof(*out));
	for (const char *p = text; *p && r >= 0; as.line++) {
		size_t n = strcspn(p, "\n");
		char *line = strndup(p, n);

		if (!line) {
			r = -ENOMEM;
			break;
		}
		cut_comment(line);
		r = as_line(&as, line);
		free(line);
		p += n + (p[n] == '\n');
	}
	if (r >= 0)
		r = as_resolve(&as);
	free(as.fixups);
	return r;
}

void asm_done(struct asm_out *out)
{
	free(out->insns);
	free(out->labels);
	memset(out, 0, sizeof(*out));
}
