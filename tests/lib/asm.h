/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_ASM_H
#define TESTS_LIB_ASM_H

#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

/*
 * A small assembler for BPF as the kernel's log prints it, one instruction a line, with labels:
 *
 *	again:
 *	r1 = *(u32 *)(r1 +8)		w2 s>>= 3		r1 = be16 r1
 *	*(u64 *)(r10 -8) = r1		*(u8 *)(r10 -1) = 5
 *	lock *(u64 *)(r1 +0) += r2	r2 = atomic_fetch_add((u32 *)(r1 +0), r2)
 *	r0 = atomic_cmpxchg((u64 *)(r1 +0), r0, r2)
 *	r0 = load_acquire((u8 *)(r1 +0))	store_release((u8 *)(r1 +0), r2)
 *	if r1 s> 0x5 goto again		if w1 & w2 goto +3	goto +1		gotol -4
 *	may_goto +2			r0 = *(u16 *)skb[12]	r0 = *(u8 *)skb[r7 +2]
 *	r1 = 0x100000000 ll		r1 = map[0]		r1 = map_value[0]+8
 *	r2 = func LABEL			r1 = btf_id NAME	call LABEL	call pc+2
 *	call bpf_loop#181		call ktime_get_ns	call bpf_rcu_read_lock	exit
 *	.insn CODE DST SRC OFF IMM	any eight bytes, for what no assembler would write
 *
 * "#" starts a comment unless it stands inside a word; ";" separates instructions.
 */
struct asm_names {
	void *arg;
	/* Helper number, or negative: no helper of that name ("map_lookup_elem"). */
	int (*helper)(void *arg, const char *name);
	/* BTF id of a kernel function; negative: none. */
	int (*kfunc)(void *arg, const char *name);
	/* BTF id of a kernel variable; negative: none. */
	int (*var)(void *arg, const char *name);
};

struct asm_label;

struct asm_out {
	struct bpf_insn *insns;		/* heap */
	uint32_t cnt;
	struct asm_label *labels;	/* heap */
	uint32_t label_cnt;
	char error[160];		/* on failure: what and in which line of the text */
	uint32_t error_line;		/* from 0 */
};

/* 0 and a program, or -EINVAL with out->error, -ENOMEM. asm_done() in any case. */
int asm_text(const char *text, const struct asm_names *names, struct asm_out *out);
/* The instruction after a label, or -ENOENT. */
int64_t asm_label(const struct asm_out *out, const char *name);
void asm_done(struct asm_out *out);

#endif
