/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf replaces an instruction whose CO-RE relocation finds nothing by a call of a helper that no
 * kernel has, and a call of a weak kfunc that is not there by a call of number 0 (newer ones: of a
 * made-up helper). The verifier refuses those only where a path leads to them. Trusts the object's
 * records only to find a name in them.
 */
#include "client/check/check_missing.h"

#include <stdio.h>
#include <string.h>

#include "verifier/state/diag.h"
#include "verifier/tell/srcline.h"

#define POISON_CORE  195896080	/* 0xbad2310 reads "bad relo" */
#define POISON_KFUNC 2002000000 /* plus the extern's number */
#define POISON_CNT   1000000

static bool is_call(const struct bpf_insn *insn, uint32_t src)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == src;
}

static bool is_core_poison(const struct bpf_insn *insn)
{
	return is_call(insn, 0) && insn->imm == POISON_CORE;
}

static bool is_kfunc_poison(const struct bpf_insn *insn)
{
	if (is_call(insn, BPF_PSEUDO_KFUNC_CALL))
		return !insn->imm;
	return is_call(insn, 0) && insn->imm >= POISON_KFUNC &&
	       insn->imm < POISON_KFUNC + POISON_CNT;
}

static void tell(struct bgv_result *result, enum diag_code code, const char *way_out)
{
	result->code = diag_code_name(code);
	result->class_name = diag_class_name(DIAG_FEATURE);
	(void)snprintf(result->way_out, sizeof(result->way_out), "%s", way_out);
	result->way_out_checked = false;
}

static void explain_core(const struct needs *needs, const struct check_kernel *kernel,
			 const char *function, uint32_t off, struct bgv_result *result)
{
	const struct needs_core *core = needs_core_at(needs, function, off);
	char text[NEEDS_TEXT_BYTES] = "what a CO-RE relocation asks for";

	if (core)
		needs_core_text(needs, core, text);
	(void)snprintf(result->cause, sizeof(result->cause), "%.150s is not in the types of %.80s",
		       text, kernel->name);
	tell(result, CODE_CORE_MISSING,
	     "test it with bpf_core_field_exists() or bpf_core_type_exists() and go another way where it is not there");
}

static void explain_kfunc(const struct needs *needs, const struct check_kernel *kernel,
			  const char *function, uint32_t off, struct bgv_result *result)
{
	const char *name = needs_symbol_at(needs, function, off);

	(void)snprintf(result->cause, sizeof(result->cause),
		       "%.80s has no kfunc %.100s outside of modules", kernel->name,
		       name ? name : "of the name that is called here");
	tell(result, CODE_KFUNC_MISSING, "test it with bpf_ksym_exists() before the call");
}

/*
 * The problem with a stand-in, among all that were found; NULL: none has to do with one. The call
 * of number 0 is refused last of all, after what it should have returned was used.
 */
static struct bgv_result *find_stand_in(const struct bgv_program *prog, struct bgv_result *result)
{
	for (; result; result = result->more)
		if (result->insn_idx < prog->insn_cnt &&
		    (is_core_poison(&prog->insns[result->insn_idx]) ||
		     is_kfunc_poison(&prog->insns[result->insn_idx])))
			return result;
	return NULL;
}

void check_missing_explain(const struct needs *needs, const struct check_kernel *kernel,
			   const struct bgv_program *prog, struct bgv_result *result)
{
	const struct bgv_result *at =
		result->verdict == BGV_REJECT ? find_stand_in(prog, result) : NULL;
	struct btf_view *view;
	const char *function;
	uint32_t start = 0;

	if (!at || (at != result && is_core_poison(&prog->insns[at->insn_idx])))
		return;
	result->insn_idx = at->insn_idx;
	view = srcline_view(prog);
	function = srcline_function(prog, view, result->insn_idx, &start);
	if (is_core_poison(&prog->insns[result->insn_idx]))
		explain_core(needs, kernel, function, result->insn_idx - start, result);
	else
		explain_kfunc(needs, kernel, function, result->insn_idx - start, result);
	btf_view_free(view);
}
