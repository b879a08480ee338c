/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program returns. Promises that r0 (or the cookie of a throw) lies in the range that the
 * program's type and hook ask for, on every path; refuses pointers where they would leak.
 */
#include "verifier/call/ret.h"

#include "proto/array.h"
#include "verifier/access/btfctx.h"
#include "verifier/access/regcheck.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/env.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

#define T(NAME) (1ull << PT_##NAME)
#define A(NAME) (1ull << AT_##NAME)

static const struct {
	uint64_t types, attach_types;
	uint32_t profiles;
	struct ret_range range;
} rows[] = {
#define RET(types, attach_types, profiles, lo, hi) { types, attach_types, profiles, { lo, hi } },
#include "verifier/kernel/ret.def"
#undef RET
};

bool ret_range_of(enum profile profile, uint32_t prog_type, uint32_t attach_type,
		  struct ret_range *ret_range)
{
	uint64_t type = prog_type < PT_CNT ? 1ull << prog_type : 0;
	uint64_t attach = attach_type < AT_CNT ? 1ull << attach_type : 0;

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		if (!(rows[i].types & type) || !(rows[i].profiles & (1u << profile)))
			continue;
		if (rows[i].attach_types && !(rows[i].attach_types & attach))
			continue;
		*ret_range = rows[i].range;
		return true;
	}
	return false;
}

/* LSM hooks and struct_ops members that return void may leave r0 unset. */
static bool ret_is_void_hook(const struct env *env)
{
	if (env->prog_type == PT_LSM && env->attach_type != AT_LSM_CGROUP)
		return btfctx_hook_is_void(env);
	if (env->prog_type == PT_STRUCT_OPS)
		return btfctx_hook_is_void(env);
	return false;
}

static int ret_refuse_range(struct env *env, uint32_t regno, const char *when,
			    const struct reg *r, struct ret_range want)
{
	verdict_want(env, want.lo, want.hi);
	if (r->v.sl == INT64_MIN && r->v.sh == INT64_MAX)
		return verdict_reject(env, EINVAL, CODE_RET_RANGE,
				      "%s the register R%u has unknown scalar value should have been "
				      "in [%d, %d]", when, regno, want.lo, want.hi);
	return verdict_reject(env, EINVAL, CODE_RET_RANGE,
			      "%s the register R%u has smin=%lld smax=%lld should have been in "
			      "[%d, %d]", when, regno, (long long)r->v.sl, (long long)r->v.sh,
			      want.lo, want.hi);
}

static bool ret_within(const struct env *env, const struct reg *r, struct ret_range want,
		       bool low_half)
{
	if (env->beh->ret_range_by_tnum)
		return tnum_within(tnum_range((uint64_t)(int64_t)want.lo, (uint64_t)(int64_t)want.hi),
			       val_tnum(&r->v));
	if (low_half)
		return r->v.xl >= want.lo && r->v.xh <= want.hi;
	return r->v.sl >= want.lo && r->v.sh <= want.hi;
}

static int ret_enforce(struct env *env, uint32_t regno, const char *when, struct ret_range want,
		       bool low_half)
{
	const struct reg *r = &env_regs(env)[regno];
	int ret;

	if (!reg_is_scalar(r))
		return verdict_reject(env, EINVAL, CODE_RET_NOT_SCALAR,
				      "%s the register R%u is not a known value", when, regno);
	if (!env->beh->ret_range_by_tnum) {
		ret = precise_mark_reg(env, regno);
		if (ret < 0)
			return ret;
		r = &env_regs(env)[regno];
	}
	if (!ret_within(env, r, want, low_half))
		return ret_refuse_range(env, regno, when, r, want);
	return 0;
}

/* The main program's end, by type and hook. */
static int ret_check_main(struct env *env, uint32_t regno)
{
	const char *when = "At program exit";
	struct ret_range want;

	if (env->prog_type == PT_LSM && env->attach_type != AT_LSM_CGROUP) {
		if (!env->beh->lsm_ranges || !env->att.ret_range)
			return 0;
		want = (struct ret_range){ (int32_t)env->att.ret_lo, (int32_t)env->att.ret_hi };
		if (want.lo == INT32_MIN && want.hi == INT32_MAX)
			return 0;
		return ret_enforce(env, regno, when, want, true);
	}
	if (env->prog_type == PT_LSM && btfctx_hook_is_void(env))
		return ret_enforce(env, regno, when, (struct ret_range){ 1, 1 }, false);
	if (env->prog_type == PT_STRUCT_OPS && btfctx_returns_pointer(env)) {
		/* NULL, or a matching object that the program owns */
		int r = btfctx_check_ret(env, regno);

		if (r != 0)
			return r < 0 ? r : 0;
		return ret_enforce(env, regno, when, (struct ret_range){ 0, 0 }, false);
	}
	if (!ret_range_of(env->target->profile, env->prog_type, env->attach_type, &want))
		return 0;
	return ret_enforce(env, regno, when, want, false);
}

int ret_check(struct env *env, uint32_t regno)
{
	const struct frame *first = state_frame(env->cur, 0);
	/* what is thrown leaves the program, from wherever */
	bool is_subprog = first->subprog != 0 && !(regno && env->beh->throw_from_global);
	const struct reg *r;
	int ret;

	if ((!is_subprog || first->in_exception_callback) && ret_is_void_hook(env))
		return 0;
	if (is_subprog && env->subprogs[first->subprog].returns_void && !first->in_exception_callback &&
	    !first->in_async_callback)
		return 0;
	ret = regcheck_read(env, regno);
	if (ret < 0)
		return ret;
	r = &env_regs(env)[regno];
	if (env_is_unpriv(env) && !reg_is_scalar(r))
		return verdict_reject(env, EACCES, CODE_LEAK, "R%u leaks addr as return value", regno);
	if (first->in_async_callback)
		return ret_enforce(env, regno, "At async callback return",
				   (struct ret_range){ (int32_t)first->ret_lo, (int32_t)first->ret_hi },
				   false);
	if (is_subprog && !first->in_exception_callback) {
		if (!reg_is_scalar(r) && !(r->type == REG_ARENA && env->beh->arena_type_tags))
			return verdict_reject(env, EINVAL, CODE_RET_NOT_SCALAR,
					      "At subprogram exit the register R%u is not a scalar "
					      "value", regno);
		return 0;
	}
	return ret_check_main(env, regno);
}
