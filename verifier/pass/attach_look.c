/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that attaches to another one depends on what the kernel found when it verified that
 * other: functions never entered are gone, and BTF of static functions counts only if all calls keep
 * to it. So the target is verified again here, watched. Trusts that the target was loaded, and with
 * the capabilities that it says; a target that we would not load ends as unsupported.
 */
#include "verifier/pass/attach_look.h"

#include "verifier/btf/btf.h"
#include "verifier/btf/ctxtype.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/state/callfacts.h"

/* The function that is looked for, while the target is verified. */
struct watched {
	struct attach_look *look;
	uint32_t start;
	uint32_t arg_cnt;
	bool is_static;
	bool is_ctx[PROGRAM_ARGS_MAX];
};

struct func_record {
	uint32_t insn_off, type_id;
};

static bool record_at(const struct bgv_program *target, uint32_t index, struct func_record *ret)
{
	size_t at = (size_t)index * target->func_info_rec_size;

	if (!target->func_info.data || index >= target->func_info_cnt ||
	    at + sizeof(*ret) > target->func_info.bytes)
		return false;
	memcpy(ret, (const uint8_t *)target->func_info.data + at, sizeof(*ret));
	return true;
}

/* ---- by its text ---- */

/* Index of the function that starts there; negative: none. */
static int64_t function_at(const struct bgv_program *target, uint32_t insn_off)
{
	struct func_record rec;

	for (uint32_t i = 0; record_at(target, i, &rec); i++)
		if (rec.insn_off == insn_off)
			return i;
	return -1;
}

static uint32_t function_end(const struct bgv_program *target, uint32_t index)
{
	struct func_record rec;

	if (!record_at(target, index + 1, &rec) || rec.insn_off > target->insn_cnt)
		return target->insn_cnt;
	return rec.insn_off;
}

/* Does the function call such a helper itself? Functions that it calls are added to the list. */
static bool moves_itself(const struct env *env, uint32_t index, bool *called)
{
	const struct bgv_program *target = env->prog->attach_prog;
	const struct bpf_insn *insn;
	struct call_facts facts;
	struct func_record rec;
	int64_t callee;

	if (!record_at(target, index, &rec))
		return false;
	for (uint32_t i = rec.insn_off; i < function_end(target, index); i++) {
		insn = &target->insns[i];
		if (insn_is_subprog_call(insn)) {
			callee = function_at(target, i + (uint32_t)insn->imm + 1);
			if (callee >= 0 && callee < ENV_SUBPROGS_MAX)
				called[callee] = true;
		} else if (insn_is_helper_call(insn)) {
			call_facts_of_helper(env, insn->imm, &facts);
			if (facts.changes_pkt)
				return true;
		}
	}
	return false;
}

static bool moves_packets(const struct env *env, uint32_t index)
{
	bool called[ENV_SUBPROGS_MAX] = { false }, done[ENV_SUBPROGS_MAX] = { false };
	uint32_t i = index;

	while (i < ENV_SUBPROGS_MAX) {
		done[i] = true;
		if (moves_itself(env, i, called))
			return true;
		for (i = 0; i < ENV_SUBPROGS_MAX && (!called[i] || done[i]); i++)
			;
	}
	return false;
}

static bool is_exception_cb(const struct env *env, const struct btf_view *view, uint32_t type_id)
{
	struct func_record rec;
	const char *name;

	if (!env->beh->exceptions || !record_at(env->prog->attach_prog, 0, &rec))
		return false;
	name = btf_decl_tag(view, rec.type_id, -1, "exception_callback:", 0, NULL);
	return name && btf_view_find(view, BTF_KIND_FUNC, name) == type_id;
}

/* ---- by verifying it ---- */

/* Before each instruction of the target: is the function entered, or about to be called? */
static void look_at(void *ctx, const struct env *env)
{
	const struct bpf_insn *insn = &env->insns[env->insn_idx];
	const struct reg *regs = env_regs(env);
	struct watched *w = ctx;

	if (env->insn_idx == w->start)
		w->look->alive = true;
	if (!insn_is_subprog_call(insn) || env->insn_idx + (uint32_t)insn->imm + 1 != w->start)
		return;
	for (uint32_t i = 0; w->is_static && i < w->arg_cnt; i++)
		if (w->is_ctx[i] ? regs[i + 1].type != REG_CTX : !reg_is_scalar(&regs[i + 1]))
			w->look->args_differ = true;
}

static void describe(const struct env *env, const struct btf_view *view, uint32_t type_id,
		     struct watched *w)
{
	const struct btf_type *func = btf_view_type(view, type_id);
	const struct btf_type *proto = func ? btf_view_type(view, func->type) : NULL;

	if (!proto || btf_kind_of(proto) != BTF_KIND_FUNC_PROTO)
		return;
	w->is_static = btf_vlen_of(func) == BTF_FUNC_STATIC;
	for (; w->arg_cnt < PROGRAM_ARGS_MAX && w->arg_cnt < btf_vlen_of(proto); w->arg_cnt++)
		w->is_ctx[w->arg_cnt] =
			ctxtype_is_of(env, env->prog->attach_prog->prog_type, view,
					 btf_params_of(proto)[w->arg_cnt].type);
}

static int verify_target(struct env *env, struct watched *w)
{
	const struct env_watch watch = { .look = look_at, .ctx = w };
	const struct bgv_program *target = env->prog->attach_prog;
	int r = env->verify_other(env, target, &watch);

	if (!(target->caps & (BGV_CAP_BPF | BGV_CAP_SYS_ADMIN)))
		w->look->alive = true;	/* its dead code was not removed */
	return r;
}

int attach_look(struct env *env, const struct btf_view *view, uint32_t index,
		struct attach_look *ret_look)
{
	const struct bgv_program *target = env->prog->attach_prog;
	struct watched w = { .look = ret_look };
	struct func_record rec;

	memset(ret_look, 0, sizeof(*ret_look));
	ret_look->alive = index == 0;
	if (!record_at(target, index, &rec))
		return 0;
	ret_look->moves_packets = moves_packets(env, index);
	ret_look->is_exception_cb = is_exception_cb(env, view, rec.type_id);
	if (ret_look->is_exception_cb || target->attach_prog ||
	    (env->prog->prog_type == PT_EXT && target->prog_type == PT_EXT))
		ret_look->alive = true;		/* refused whatever it looks like inside */
	if (ret_look->alive)
		return 0;
	w.start = rec.insn_off;
	describe(env, view, rec.type_id, &w);
	return verify_target(env, &w);
}
