/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames in and out: static calls are entered, global functions are checked against their BTF and
 * skipped, callbacks become pending states that come back to the call. References and locks travel
 * with the state.
 */
#include "verifier/call/call.h"

#include "verifier/access/bounds.h"
#include "verifier/access/btfptr.h"
#include "verifier/access/dynptr.h"
#include "verifier/access/mem.h"
#include "verifier/access/pkt.h"
#include "verifier/btf/btfprog.h"
#include "verifier/marks/livemark.h"
#include "verifier/marks/precise.h"
#include "verifier/marks/slotlive.h"
#include "verifier/marks/stored.h"
#include "verifier/state/pending.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

void call_clear_caller_saved(struct env *env)
{
	struct reg *regs = env_regs(env);
	uint32_t i;

	for (i = 0; i <= 5; i++) {
		reg_set_not_init(&regs[i]);
		livemark_write_reg(env, i);
	}
}

/* ---- entering ------------------------------------------------------------------------------------- */

static int copy_args(struct env *env, struct frame *caller, struct frame *callee, uint32_t insn_idx)
{
	uint32_t i;

	(void)env;
	(void)insn_idx;
	for (i = 1; i <= 5; i++)
		callee->r[i] = caller->r[i];
	return 0;
}

/* A frame on top of *pst (setup_func_entry). The caller's frame must be private. */
static int push_frame(struct env *env, struct state **pst, uint32_t subprog, uint32_t callsite,
		      call_set_callee set_callee)
{
	struct state *st = *pst;
	struct frame *callee, *caller;
	int r;

	if (st->curframe + 1u >= env->lim->frames)
		return verdict_reject(env, E2BIG, CODE_CALL_DEPTH,
				      "the call stack of %u frames is too deep", st->curframe + 2u);
	st = state_grow(env, st);
	if (!st)
		return verdict_nomem(env);
	*pst = st;
	callee = frame_new(env, st->curframe + 1u, subprog, (int32_t)callsite);
	if (!callee)
		return verdict_nomem(env);
	caller = st->l[st->curframe].f;
	reg_set_ptr(&callee->r[BPF_REG_10], REG_STACK);
	callee->r[BPF_REG_10].frame = callee->frameno;
	r = set_callee(env, caller, callee, callsite);
	if (r < 0) {
		frame_put(env, callee);
		return r;
	}
	st->curframe++;
	memset(&st->l[st->curframe], 0, sizeof(st->l[0]));
	st->l[st->curframe].f = callee;
	return 0;
}

/* ---- global functions -------------------------------------------------------------------------------- */

static int arg_reject(struct env *env, uint32_t regno, const char *want)
{
	return verdict_reject(env, EINVAL, CODE_CALL_ARG, "arg#%u %s", regno - 1, want);
}

static int check_mem_arg(struct env *env, uint32_t regno, const struct subprog *sub,
			 const struct subprog_arg *arg)
{
	const struct reg *r = &env_regs(env)[regno];
	int err;

	if ((arg->flags & REG_F_UNTRUSTED) && env->beh->untrusted_arg_any)
		return 0;
	err = bounds_check_arg_off(env, r, regno, 0);
	if (err < 0)
		return err;
	if (arg->flags & REG_F_UNTRUSTED)
		return 0;	/* faults are handled, whatever it points to */
	/* a number that happens to be 0 is not a pointer the callee may use unchecked */
	if (reg_is_zero(r) && !(arg->flags & REG_F_MAYBE_NULL))
		return arg_reject(env, regno, "is expected to be non-NULL");
	if (reg_is_zero(r)) {
		err = precise_mark_reg(env, regno);
		return err;
	}
	err = mem_check_reg(env, regno, arg->mem_size);
	if (err < 0)
		return verdict_is_final(err) ? err : -EINVAL;
	if (env->beh->global_moves_arg && sub->changes_pkt &&
	    (reg_is_pkt(r) || r->type == REG_PKT_END || reg_is_pkt_slice(r)))
		return arg_reject(env, regno, "is a packet pointer, and the function may move the packet");
	if (!(arg->flags & REG_F_MAYBE_NULL) && reg_maybe_null(r))
		return arg_reject(env, regno, "is expected to be non-NULL");
	return 0;
}

static int check_arg(struct env *env, uint32_t regno, const struct subprog *sub,
		     const struct subprog_arg *arg)
{
	const struct reg *r = &env_regs(env)[regno];
	int err;

	env->arg_regno = regno;
	switch (arg->kind) {
	case ARG_SCALAR:
		if (!reg_is_scalar(r))
			return verdict_reject(env, EINVAL, CODE_CALL_ARG, "R%u is not a scalar", regno);
		return 0;
	case ARG_CTX:
		err = bounds_check_arg_off(env, r, regno, REG_F_AS_CTX);
		if (err < 0)
			return err;
		return r->type == REG_CTX ? 0 : arg_reject(env, regno, "expects pointer to ctx");
	case ARG_MEM:
		return check_mem_arg(env, regno, sub, arg);
	case ARG_ARENA:
		if (r->type != REG_ARENA && !reg_is_scalar(r))
			return verdict_reject(env, EINVAL, CODE_CALL_ARG,
					      "R%u is not a pointer to arena or scalar.", regno);
		return 0;
	case ARG_DYNPTR:
		err = bounds_check_arg_off(env, r, regno, REG_F_RDONLY);
		return err < 0 ? err : dynptr_check_arg(env, regno, env->insn_idx, REG_F_RDONLY,
						       (struct dynptr_origin){ 0 });
	case ARG_BTF:
		if (reg_is_zero(r) && (arg->flags & REG_F_MAYBE_NULL))
			return precise_mark_reg(env, regno);
		return btfptr_check_subprog_arg(env, regno, arg);
	default:
		return verdict_unsupported(env, "argument %u of a global function", regno - 1);
	}
}

static int check_global_args(struct env *env, struct subprog *sub)
{
	uint32_t i;
	int r = btfprog_args(env, (uint32_t)(sub - env->subprogs));

	for (i = 0; i < sub->arg_cnt && r >= 0; i++)
		r = check_arg(env, i + 1, sub, &sub->args[i]);
	return r;
}

static int check_sleep(struct env *env, const struct subprog *sub)
{
	const struct state *st = env->cur;

	if (env->beh->global_might_sleep) {
		if (sub->might_sleep && (st->rcu_locks || st->preempt_locks || st->active_irq_id ||
					 !env_in_sleepable(env)))
			return verdict_reject(env, EINVAL, CODE_SLEEP_GLOBAL,
					      "global functions that may sleep are not allowed in non-sleepable context");
	} else if (st->preempt_locks) {
		return verdict_reject(env, EINVAL, CODE_PREEMPT_GLOBAL,
				      "global function calls are not allowed with preemption disabled");
	}
	return 0;
}

static int call_global(struct env *env, struct subprog *sub, uint32_t insn_idx)
{
	int r;

	if (env->cur->active_locks)
		return verdict_reject(env, EINVAL, CODE_LOCK_GLOBAL,
				      "global function calls are not allowed while holding a lock, use static function instead");
	r = check_sleep(env, sub);
	if (r < 0)
		return r;
	r = check_global_args(env, sub);
	if (r < 0)
		return verdict_is_final(r) ? r : verdict_rename(env, -r, CODE_CALL_ARG,
			"Caller passes invalid args into func#%u ('%s')",
			(uint32_t)(sub - env->subprogs), sub->name);
	if (sub->changes_pkt && env->beh->global_changes_pkt)
		r = pkt_invalidate_all(env);
	if (r < 0)
		return r;
	sub->called[env->beh->globals_by_context ? !env_in_rcu(env) : 0] = true;
	call_clear_caller_saved(env);
	if (!sub->returns_void)
		env_mark_unknown(env, 0);
	if (!sub->might_throw || !env->beh->throw_from_global)
		return 0;
	/* it may never come back: that way now, after it later */
	if (!pending_push(env, insn_idx + 1, insn_idx, false, EFAULT))
		return -EFAULT;
	return CALL_THROWS;
}

int call_subprog(struct env *env, uint32_t insn_idx)
{
	uint32_t target = insn_idx + (uint32_t)env->insns[insn_idx].imm + 1, caller;
	int sub = subprog_at(env, target), r;
	struct frame *f;

	if (sub < 0)
		return verdict_reject(env, EFAULT, CODE_INTERNAL, "no program starts at insn %u", target);
	if (env->subprogs[sub].is_global)
		return call_global(env, &env->subprogs[sub], insn_idx);
	caller = env->cur->curframe;
	r = push_frame(env, &env->cur, (uint32_t)sub, insn_idx, copy_args);
	if (r < 0)
		return r;
	livemark_pass_args(env, env->cur);
	f = state_frame_mut(env, env->cur, caller);
	if (!f)
		return verdict_nomem(env);
	for (r = 0; r <= 5; r++)
		reg_set_not_init(&f->r[r]);
	env->cur->l[caller].written_r |= 0x3f;
	env->insn_idx = target - 1;	/* the dispatcher adds one */
	slotlive_leave_instance(env);
	return 0;
}

/* ---- callbacks --------------------------------------------------------------------------------------- */

static int push_async(struct env *env, uint32_t insn_idx, uint32_t subprog, bool sleepable,
		      call_set_callee set_callee)
{
	struct frame *caller = env_top(env), *callee;
	struct state *st;

	env->subprogs[subprog].is_async_cb = true;
	st = pending_push_async(env, env->subprogs[subprog].start, subprog, sleepable);
	if (!st)
		return -ENOMEM;
	st->prev_insn_idx = insn_idx;
	callee = st->l[0].f;
	reg_set_ptr(&callee->r[BPF_REG_10], REG_STACK);
	callee->async_entry = caller->async_entry + 1;
	return set_callee(env, caller, callee, insn_idx);
}

/* Older kernels step into the callback once, like into a function, and go on after the call. */
static int enter_callback(struct env *env, uint32_t insn_idx, uint32_t subprog,
			  call_set_callee set_callee)
{
	uint32_t caller = env->cur->curframe;
	int r = push_frame(env, &env->cur, subprog, insn_idx, set_callee);
	struct frame *f;

	if (r < 0)
		return r;
	f = state_frame_mut(env, env->cur, caller);
	if (!f)
		return verdict_nomem(env);
	for (uint32_t i = 0; i <= 5; i++)
		reg_set_not_init(&f->r[i]);
	reg_set_unknown(&f->r[0]);
	env->cur->l[caller].written_r |= 0x3f;
	env->insn_idx = env->subprogs[subprog].start - 1;	/* the dispatcher adds one */
	env->callback_once = true;
	slotlive_leave_instance(env);
	return 0;
}

int call_push_callback(struct env *env, uint32_t insn_idx, uint32_t subprog, bool is_async,
		       bool async_sleepable, call_set_callee set_callee)
{
	struct state *st, **link;
	struct frame *f;
	int r;

	env->subprogs[subprog].is_cb = true;
	if (is_async)
		return push_async(env, insn_idx, subprog, async_sleepable, set_callee);
	if (!env->beh->callbacks_converge)
		return enter_callback(env, insn_idx, subprog, set_callee);
	st = pending_push(env, env->subprogs[subprog].start, insn_idx, false, ENOMEM);
	if (!st)
		return -ENOMEM;
	link = &env->pending;	/* a grown state takes its place at the head */
	r = push_frame(env, &st, subprog, insn_idx, set_callee);
	*link = st;
	if (r < 0)
		return r;
	st->callback_unroll_depth++;
	f = state_frame_mut(env, st, st->curframe - 1u);
	if (!f)
		return verdict_nomem(env);
	f->callback_depth++;
	env_top(env)->callback_depth = 0;
	return 0;
}

/* ---- leaving ------------------------------------------------------------------------------------------ */

static int refuse_callback_return(struct env *env, const struct frame *callee)
{
	const struct reg *r0 = &callee->r[0];

	verdict_want(env, (int32_t)callee->ret_lo, (int32_t)callee->ret_hi);
	return verdict_reject(env, EINVAL, CODE_CALLBACK_RETURN,
			      "At callback return the register R0 has smin=%lld smax=%lld should have been in [%lld, %lld]",
			      (long long)r0->v.sl, (long long)r0->v.sh, (long long)callee->ret_lo,
			      (long long)callee->ret_hi);
}

static int leave_callback(struct env *env, const struct frame *callee)
{
	const struct reg *r0 = &callee->r[0];
	int r;

	if (!reg_is_scalar(r0))
		return verdict_reject(env, EACCES, CODE_CALLBACK_RETURN, "R0 not a scalar value");
	r = precise_mark_reg(env, 0);
	if (r < 0)
		return r;
	if (env->beh->ret_range_by_tnum ?
	    !tnum_within(tnum_range((uint64_t)callee->ret_lo, (uint64_t)callee->ret_hi),
			 val_tnum(&r0->v)) :
	    r0->v.sl < callee->ret_lo || r0->v.sh > callee->ret_hi)
		return refuse_callback_return(env, callee);
	if (!env->aux[callee->callsite].calls_callback)
		return verdict_reject(env, EFAULT, CODE_INTERNAL, "callback of no call");
	return 0;
}

int call_exit(struct env *env)
{
	struct state *st = env->cur, *prev;
	struct frame *callee = env_top(env), *caller;
	bool in_callback = callee->in_callback, again;
	int r = slotlive_update(env);

	if (r < 0)
		return r;
	if (callee->r[0].type == REG_STACK)
		return verdict_reject(env, EINVAL, CODE_STACK_RETURN,
				      "cannot return stack pointer to the caller");
	if (in_callback) {
		livemark_read_reg(env, 0);
		r = leave_callback(env, callee);
		if (r < 0)
			return r;
	}
	caller = state_frame_mut(env, st, st->curframe - 1u);
	if (!caller)
		return verdict_nomem(env);
	if (!in_callback) {
		caller->r[0] = callee->r[0];
		livemark_pass_result(env, st);
	}
	again = in_callback && env->beh->callbacks_converge;	/* at the call, where states converge */
	env->insn_idx = (uint32_t)callee->callsite + (again ? 0 : 1);
	frame_put(env, callee);
	st->curframe--;
	if (!again)
		return 0;
	prev = stored_find_prev_of(env, st, env->insn_idx);
	return prev ? stored_widen(env, prev, st) : 0;
}

/* ---- roots --------------------------------------------------------------------------------------------- */

static int root_arg(struct env *env, struct reg *r, const struct subprog_arg *arg)
{
	uint32_t flags = arg->flags & (REG_F_MAYBE_NULL | REG_F_TRUSTED | REG_F_UNTRUSTED | REG_F_RDONLY);

	switch (arg->kind) {
	case ARG_CTX:
		reg_set_ptr(r, REG_CTX);
		return 0;
	case ARG_SCALAR:
	case ARG_ARENA:
		reg_set_unknown(r);
		return 0;
	case ARG_DYNPTR:
		dynptr_set_arg(env, r, arg->dynptr_type ? arg->dynptr_type : DYNPTR_LOCAL);
		return 0;
	case ARG_MEM:
		reg_set_ptr(r, REG_MEM | flags);
		r->mem_size = arg->mem_size;
		r->id = env_new_id(env);
		return 0;
	case ARG_BTF:
		reg_set_ptr(r, REG_BTF_ID | flags);
		r->btf = arg->btf;
		r->btf_id = arg->btf_id;
		r->id = env_new_id(env);
		return 0;
	default:
		return verdict_unsupported(env, "argument of a global function");
	}
}

int call_enter_root(struct env *env, uint32_t subprog)
{
	struct frame *f = env_top(env);
	struct subprog *sub = &env->subprogs[subprog];
	uint32_t i;
	int r;

	reg_set_ptr(&f->r[BPF_REG_10], REG_STACK);
	if (!subprog && env->prog->prog_type != BPF_PROG_TYPE_EXT) {
		reg_set_ptr(&f->r[1], REG_CTX);
		return 0;
	}
	r = btfprog_args(env, subprog);
	if (r < 0)
		return r;
	if (sub->is_exception_cb) {
		f->in_exception_callback = true;
		if (sub->returns_void)
			return verdict_reject(env, EINVAL, CODE_EXCEPTION_CALLBACK, "exception cb cannot return void");
		if (sub->arg_cnt != 1 || sub->args[0].kind != ARG_SCALAR)
			return verdict_reject(env, EINVAL, CODE_EXCEPTION_CALLBACK,
					      "exception cb only supports single integer argument");
	}
	for (i = 0; i < sub->arg_cnt && r >= 0; i++)
		r = root_arg(env, &f->r[i + 1], &sub->args[i]);
	return r;
}
