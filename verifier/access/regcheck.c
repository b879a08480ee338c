/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May an instruction read or write a register: there is one, it holds something, it is not the frame pointer. Reads
 * and writes are told to who keeps marks of them.
 */
#include "verifier/access/regcheck.h"

#include "verifier/marks/livemark.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"

int regcheck_read(struct env *env, uint32_t regno)
{
	if (regno >= ENV_REGS)
		return verdict_reject(env, EINVAL, CODE_REG_NUMBER, "R%u is invalid", regno);
	if (env_regs(env)[regno].type == REG_NOT_INIT) {
		env->unset_regno = regno;
		return verdict_reject(env, EACCES, CODE_REG_UNINIT, "R%u !read_ok", regno);
	}
	livemark_read_reg(env, regno);
	return 0;
}

int regcheck_write_nomark(struct env *env, uint32_t regno)
{
	if (regno >= ENV_REGS)
		return verdict_reject(env, EINVAL, CODE_REG_NUMBER, "R%u is invalid", regno);
	if (regno == BPF_REG_10)
		return verdict_reject(env, EACCES, CODE_REG_FRAME_POINTER,
				      "frame pointer is read only");
	livemark_write_reg(env, regno);
	return 0;
}

int regcheck_write(struct env *env, uint32_t regno)
{
	int r = regcheck_write_nomark(env, regno);

	if (r < 0)
		return r;
	env_mark_unknown(env, regno);
	return 0;
}
