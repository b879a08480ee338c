/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction: check what must hold, then transfer. Dispatch by class; constants, packet
 * loads and the ends of functions are here.
 */
#include "verifier/walk/step.h"

#include "verifier/access/bounds.h"
#include "verifier/access/ctx.h"
#include "verifier/access/lock.h"
#include "verifier/access/pkt.h"
#include "verifier/access/regcheck.h"
#include "verifier/call/call.h"
#include "verifier/call/helper.h"
#include "verifier/call/kfunc.h"
#include "verifier/call/ret.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/slotlive.h"
#include "verifier/state/callfacts.h"
#include "verifier/state/pending.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"
#include "verifier/walk/step_atomic.h"
#include "verifier/walk/step_alu.h"
#include "verifier/walk/step_jump.h"
#include "verifier/walk/step_mem.h"
#include "verifier/state/jumptab.h"

static int reserved(struct env *env, const char *what)
{
	return verdict_reject(env, EINVAL, CODE_INSN_RESERVED, "%s uses reserved fields", what);
}

static int step_stx(struct env *env, const struct bpf_insn *i)
{
	if (BPF_MODE(i->code) == BPF_ATOMIC)
		return step_atomic(env, i);
	if (BPF_MODE(i->code) != BPF_MEM || i->imm)
		return reserved(env, "BPF_STX");
	return step_store(env, i, false);
}

static int step_st(struct env *env, const struct bpf_insn *i)
{
	if (BPF_MODE(i->code) != BPF_MEM || i->src_reg)
		return reserved(env, "BPF_ST");
	return step_store(env, i, false);
}

/* ---- constants --------------------------------------------------------------------------------------- */

static int load_func(struct env *env, struct reg *dst, const struct bpf_insn *i)
{
	int sub = subprog_at(env, env->insn_idx + (uint32_t)i->imm + 1);

	if (!env->prog->func_info_cnt)
		return verdict_reject(env, EINVAL, CODE_FUNC_INFO, "missing btf func_info");
	if (sub < 0 || env->subprogs[sub].is_global)
		return verdict_reject(env, EINVAL, CODE_CALLBACK_STATIC, "callback function not static");
	if (sub == 0)
		return verdict_reject(env, EINVAL, CODE_CALLBACK_STATIC,
				      "callback function cannot be the main program");
	dst->type = REG_FUNC;
	dst->subprog = (uint32_t)sub;
	return 0;
}

static int load_map(struct env *env, struct reg *dst, const struct bpf_insn *i)
{
	const struct insn_aux *aux = env_aux(env);

	if (i->src_reg == BPF_PSEUDO_MAP_FD || i->src_reg == BPF_PSEUDO_MAP_IDX) {
		dst->type = REG_MAP_PTR;
		dst->map = aux->map;
		return 0;
	}
	if (env->maps[aux->map - 1].shape->type == MT_ARENA) {
		reg_set_unknown(dst);
		return 0;
	}
	dst->type = REG_MAP_VALUE;
	dst->map = aux->map;
	dst->off = (int32_t)aux->map_off;
	return 0;
}

static int load_btf_var(struct env *env, struct reg *dst)
{
	const struct insn_aux *aux = env_aux(env);

	dst->type = aux->var.type;
	if ((aux->var.type & REG_BASE_MASK) == REG_MEM) {
		dst->mem_size = aux->var.mem_size;
	} else {
		dst->btf = aux->var.btf;
		dst->btf_id = aux->var.btf_id;
	}
	return 0;
}

static int load_imm64(struct env *env, const struct bpf_insn *i)
{
	struct reg *dst;
	int r;

	if (i->off)
		return reserved(env, "BPF_LD_IMM64");
	r = regcheck_write(env, i->dst_reg);
	if (r < 0)
		return r;
	dst = &env_regs(env)[i->dst_reg];
	if (i->src_reg == 0) {
		reg_set_known(dst, (uint64_t)(uint32_t)i[1].imm << 32 | (uint32_t)i->imm);
	} else {
		reg_set_ptr(dst, REG_SCALAR);
		if (i->src_reg == BPF_PSEUDO_BTF_ID)
			r = load_btf_var(env, dst);
		else if (i->src_reg == BPF_PSEUDO_FUNC)
			r = load_func(env, dst, i);
		else
			r = load_map(env, dst, i);
	}
	env->insn_idx++;	/* the second slot; the dispatcher adds one more */
	return r;
}

/* ---- LD_ABS, LD_IND: old packet loads with a hidden return ------------------------------------------------ */

static int check_ld_abs(struct env *env, const struct bpf_insn *i)
{
	bool abs = BPF_MODE(i->code) == BPF_ABS;
	uint32_t f;
	int r;

	if (!ctx_may_ld_abs(env))
		return verdict_reject(env, EINVAL, CODE_LD_ABS_TYPE,
				      "BPF_LD_[ABS|IND] instructions not allowed for this program type");
	for (f = env->cur->curframe; f && env->beh->ld_abs_returns; f--)
		if (env->cur->l[f].f->in_callback)
			return verdict_reject(env, EINVAL, CODE_LD_ABS_CALLBACK,
					      "cannot use BPF_LD_[ABS|IND] within callback");
	if (i->dst_reg || i->off || BPF_SIZE(i->code) == BPF_DW || (abs && i->src_reg))
		return reserved(env, "BPF_LD_[ABS|IND]");
	r = regcheck_read(env, BPF_REG_6);
	if (r >= 0)
		r = refs_check_resources(env, false, true, "BPF_LD_[ABS|IND]");
	if (r < 0)
		return r;
	if (env_regs(env)[BPF_REG_6].type != REG_CTX)
		return verdict_reject(env, EINVAL, CODE_LD_ABS_CTX,
				      "at the time of BPF_LD_ABS|IND R6 != pointer to skb");
	if (!abs) {
		r = regcheck_read(env, i->src_reg);
		if (r < 0)
			return r;
	}
	return bounds_check_off(env, &env_regs(env)[BPF_REG_6], BPF_REG_6, false);
}

static int step_ld_abs(struct env *env, const struct bpf_insn *i)
{
	int r = check_ld_abs(env, i);

	if (r < 0)
		return r;
	call_clear_caller_saved(env);
	env_mark_unknown(env, 0);
	if (!env->cur->curframe || !env->beh->ld_abs_returns)
		return 0;
	/* it returns 0 from the function when the load fails: that way now, this one later */
	if (!pending_push(env, env->insn_idx + 1, env->insn_idx, false, EFAULT))
		return -EFAULT;
	reg_set_known(&env_regs(env)[0], 0);
	r = call_exit(env);
	env->insn_idx--;
	return r;
}

static int step_ld(struct env *env, const struct bpf_insn *i)
{
	if (BPF_MODE(i->code) == BPF_ABS || BPF_MODE(i->code) == BPF_IND)
		return step_ld_abs(env, i);
	return load_imm64(env, i);
}

/* ---- jumps, calls, exits ------------------------------------------------------------------------------------ */

static bool call_is_dirty(const struct bpf_insn *i)
{
	return BPF_SRC(i->code) != BPF_K || i->dst_reg || BPF_CLASS(i->code) == BPF_JMP32 ||
	       (i->src_reg != BPF_PSEUDO_KFUNC_CALL && i->off) ||
	       (i->src_reg && i->src_reg != BPF_PSEUDO_CALL && i->src_reg != BPF_PSEUDO_KFUNC_CALL);
}

static int end_of_path(struct env *env, bool exception)
{
	/* a lock may be taken in one function and left in another since static ones may be called */
	bool outermost = exception || !env->cur->curframe || !env->beh->lock_static_calls;
	int r = refs_check_resources(env, exception, outermost,
				     exception ? "bpf_throw" : "BPF_EXIT instruction in main prog");

	if (r < 0)
		return r;
	if (!exception && env->cur->curframe)
		return call_exit(env);
	r = slotlive_update(env);
	if (r < 0)
		return r;
	if (exception)
		return STEP_PATH_ENDS;
	r = ret_check(env, 0);
	return r < 0 ? r : STEP_PATH_ENDS;
}

/* In a function, a tail call that succeeds returns from it: that way now, its failure later. */
static int step_tail_call(struct env *env)
{
	int r;

	if (!env->cur->curframe || !env->beh->tail_call_returns_frame)
		return 0;
	if (env->beh->tail_call_not_in_cb && env_top(env)->in_callback)
		return verdict_reject(env, EINVAL, CODE_TAIL_CALL_CALLBACK,
				      "cannot tail call within callback");
	if (!pending_push(env, env->insn_idx + 1, env->insn_idx, false, EFAULT))
		return -EFAULT;
	r = pkt_invalidate_all(env);
	if (r < 0)
		return r;
	env_mark_unknown(env, 0);
	r = call_exit(env);
	env->insn_idx--;
	return r;
}

static int step_call(struct env *env, const struct bpf_insn *i)
{
	struct call_facts facts;
	int r;

	if (call_is_dirty(i))
		return reserved(env, "BPF_CALL");
	if (env->cur->active_locks &&
	    (!lock_allows_call(env, i) ||
	     (i->src_reg == BPF_PSEUDO_CALL && !env->beh->lock_static_calls)))
		return verdict_reject(env, EINVAL, CODE_LOCK_CALL,
				      "function calls are not allowed while holding a lock");
	if (i->src_reg == BPF_PSEUDO_CALL) {
		r = call_subprog(env, env->insn_idx);
		if (r == CALL_THROWS)
			return end_of_path(env, true);
	} else if (i->src_reg == BPF_PSEUDO_KFUNC_CALL) {
		call_facts_of(env, i, &facts);
		r = kfunc_call(env, env->insn_idx);
		if (r >= 0 && facts.noreturn)
			return end_of_path(env, true);
	} else {
		r = helper_call(env, env->insn_idx);
		if (r >= 0 && i->imm == BPF_FUNC_tail_call)
			r = step_tail_call(env);
	}
	if (r < 0)
		return r;
	env->insn_idx++;
	return 0;
}

static int step_exit(struct env *env, const struct bpf_insn *i)
{
	if (BPF_SRC(i->code) != BPF_K || i->imm || i->src_reg || i->dst_reg ||
	    BPF_CLASS(i->code) == BPF_JMP32)
		return reserved(env, "BPF_EXIT");
	return end_of_path(env, false);
}

/* Which elements of the jump table r may stand for. */
static bool gotox_range(const struct env *env, const struct reg *r, uint64_t *ret_low, uint64_t *ret_high)
{
	struct val v;
	int64_t apart = bounds_whole_offset(env, r, &v) ? 0 : r->off;

	*ret_low = (v.ul + (uint64_t)apart) / sizeof(uint64_t);
	*ret_high = (v.uh + (uint64_t)apart) / sizeof(uint64_t);
	return *ret_low <= *ret_high && *ret_high < env->maps[r->map - 1].shape->max_entries;
}

static int check_gotox(struct env *env, const struct bpf_insn *i, uint64_t *ret_low, uint64_t *ret_high)
{
	const struct reg *r = &env_regs(env)[i->dst_reg];
	int err;

	if (i->src_reg || i->off || i->imm)
		return reserved(env, "BPF_JA|BPF_X");
	err = regcheck_read(env, i->dst_reg);
	if (err < 0)
		return err;
	if (r->type != REG_INSN)
		return verdict_reject(env, EINVAL, CODE_GOTOX, "R%d has type %s, expected PTR_TO_INSN", i->dst_reg,
				      reg_type_name(r));
	if (!env->bypass_spec_v1)
		return verdict_unsupported(env, "indirect jumps that a CPU may guess");
	if (!gotox_range(env, r, ret_low, ret_high))
		return verdict_reject(env, EINVAL, CODE_GOTOX,
				      "R%d points to outside of jump table: [%llu,%llu] max_entries %u", i->dst_reg,
				      (unsigned long long)*ret_low, (unsigned long long)*ret_high,
				      env->maps[r->map - 1].shape->max_entries);
	return 0;
}

/* Through a jump table: one way for each place it may lead to, the last of them now. */
static int step_gotox(struct env *env, const struct bpf_insn *i)
{
	const struct jumptab *tab;
	uint64_t low = 0, high = 0;
	int r = check_gotox(env, i, &low, &high);

	if (r < 0)
		return r;
	tab = jumptab_of_map(env, env_regs(env)[i->dst_reg].map - 1, (uint32_t)low, (uint32_t)high);
	if (!tab)
		return verdict_nomem(env);
	for (uint32_t k = 0; k + 1 < tab->cnt; k++)
		if (!pending_push(env, tab->at[k], env->insn_idx, false, EFAULT))
			return -EFAULT;
	env->insn_idx = tab->at[tab->cnt - 1];
	return 0;
}

static int step_goto(struct env *env, const struct bpf_insn *i)
{
	bool jmp32 = BPF_CLASS(i->code) == BPF_JMP32;

	if (insn_is_gotox(i))
		return step_gotox(env, i);

	if (BPF_SRC(i->code) != BPF_K || i->src_reg || i->dst_reg || (jmp32 ? i->off : i->imm))
		return reserved(env, "BPF_JA");
	env->insn_idx += (uint32_t)insn_jmp_off(i) + 1;
	return 0;
}

static int step_jmp(struct env *env, const struct bpf_insn *i)
{
	int r;

	env->jmps_processed++;
	switch (BPF_OP(i->code)) {
	case BPF_CALL:
		return step_call(env, i);
	case BPF_EXIT:
		return step_exit(env, i);
	case BPF_JA:
		return step_goto(env, i);
	default:
		r = step_jump(env, i);
		if (r >= 0)
			env->insn_idx++;
		return r;
	}
}

int step_insn(struct env *env)
{
	const struct bpf_insn *i = &env->insns[env->insn_idx];
	int r;

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		r = step_alu(env, i);
		break;
	case BPF_LDX:
		r = step_load(env, i, false);
		break;
	case BPF_STX:
		r = step_stx(env, i);
		break;
	case BPF_ST:
		r = step_st(env, i);
		break;
	case BPF_LD:
		r = step_ld(env, i);
		break;
	default:
		return step_jmp(env, i);
	}
	if (r >= 0)
		env->insn_idx++;
	return r;
}
