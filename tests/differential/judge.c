/* SPDX-License-Identifier: Apache-2.0 */
/* Our verdict on a program of a batch, and how it relates to a kernel's. Trusts its own tools for the form. */
#include "tests/differential/judge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

const char *const difference_names[DIFF_CNT] = { "agreed", "laxer", "stricter", "errno", "count", "purpose", "unsupported", "long", "unasked" };

/* An index into an fd_array that is not there, and a BTF fd that is not open: what the library knows them by. */
#define NO_ARRAY_INDEX (INT32_MAX - 2)
#define NO_BTF_INDEX   INT32_MAX

static void fill_indices(struct bpf_insn *insns, uint32_t cnt)
{
	for (uint32_t i = 0; i + 1 < cnt; i++) {
		struct bpf_insn *insn = &insns[i];

		if (!program_is_wide(insn))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE)
			insn->imm = NO_ARRAY_INDEX;
		if (insn->src_reg == BPF_PSEUDO_BTF_ID && insn[1].imm)
			insn[1].imm = NO_BTF_INDEX;
		i++;
	}
}

void judge(const struct bgv_target *target, const struct program *p, const struct bgv_program *base,
	   struct bgv_result *ret_result)
{
	static _Thread_local struct program told;
	struct bgv_options options = { .limits.insns = JUDGE_INSNS_MAX };
	struct bgv_program prog;
	OWN_MEM void *memory = NULL;

	told = *p;
	fill_indices(told.insns, told.insn_cnt);
	memory = program_view(&told, base, &prog);
	if (!memory || bgv_verify(target, &prog, &options, ret_result) < 0) {
		fprintf(stderr, "differ: out of memory\n");
		exit(2);
	}
}

bool answer_parse(const char *line, struct answer *ret_answer)
{
	unsigned long long id;
	int used = 0;

	memset(ret_answer, 0, sizeof(*ret_answer));
	if (sscanf(line, "%llu %d %lu %n", &id, &ret_answer->err, &ret_answer->processed, &used) == 3 && used) {
		snprintf(ret_answer->reason, sizeof(ret_answer->reason), "%.*s", (int)strcspn(line + used, "\n"), line + used);
	} else {
		char mark = 0;

		if (sscanf(line, "%llu %c", &id, &mark) != 2 || mark != '?')
			return false;
		ret_answer->err = -1;
	}
	ret_answer->id = id;
	return true;
}

/* What we refuse on purpose, so far as our message tells (verifier/SOUNDNESS.md). */
static const struct {
	const char *version, *message;
} on_purpose[] = {
	{ "6.1.", " must be 8" }, /* half a pointer of a context */
	{ "6.12.", "cannot pass in iter at an offset=0" },
	{ "6.1.", ": halves of two dynptrs" },
	{ "6.1.", "in a later round of a callback" },
	{ "", "invalid bpf_context access off=-" },
	{ "", "LSM arguments are not written" },
	{ "", "bpf_set_retval takes 0 or a negative errno" },
};

static bool is_on_purpose(const char *version, const struct bgv_result *ours)
{
	for (size_t i = 0; i < ARRAY_CNT(on_purpose); i++)
		if (!strncmp(version, on_purpose[i].version, strlen(on_purpose[i].version)) &&
		    strstr(ours->message, on_purpose[i].message))
			return true;
	return false;
}

enum difference judge_compare(const char *version, const struct answer *kernel, const struct bgv_result *ours)
{
	if (kernel->err < 0)
		return DIFF_UNASKED;
	if (kernel->err == EAGAIN || ours->verdict == BGV_UNDECIDED)
		return DIFF_LONG;
	if (ours->verdict == BGV_UNSUPPORTED)
		return DIFF_UNSUPPORTED;
	if (kernel->err && ours->verdict == BGV_ACCEPT)
		return DIFF_LAXER;
	if (ours->verdict == BGV_REJECT && kernel->err != ours->err && is_on_purpose(version, ours))
		return DIFF_PURPOSE;
	if (!kernel->err && ours->verdict == BGV_REJECT)
		return DIFF_STRICTER;
	if (kernel->err && kernel->err != ours->err)
		return DIFF_ERRNO;
	return !kernel->err && kernel->processed != ours->stats.insn_processed ? DIFF_COUNT : DIFF_AGREED;
}
