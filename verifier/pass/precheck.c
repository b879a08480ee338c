/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PROG_LOAD looks at before it reads an instruction. Promises the kernel's errno for wrong
 * flags, counts, capabilities, attach types and names, in the kernel's order. Unprivileged loading
 * is taken to be allowed (sysctl kernel.unprivileged_bpf_disabled = 0).
 */
#include "verifier/pass/precheck.h"

#include "verifier/kernel/names.h"
#include "verifier/kernel/progtype.h"
#include "verifier/state/verdict.h"

#define PROG_NAME_BYTES 16
#define BTF_ID_MAX 0x000fffff

static uint32_t precheck_known_flags(enum profile profile)
{
	uint32_t flags = PROG_F_STRICT_ALIGNMENT | PROG_F_ANY_ALIGNMENT | PROG_F_TEST_RND_HI32 |
			 PROG_F_TEST_STATE_FREQ | PROG_F_SLEEPABLE | PROG_F_XDP_HAS_FRAGS;

	if (profile != PROFILE_6_1)
		flags |= PROG_F_XDP_DEV_BOUND_ONLY | PROG_F_TEST_REG_INVARIANTS | PROG_F_TOKEN_FD;
	return flags;
}

static int precheck_caps(struct env *env, const struct progtype *type)
{
	uint32_t want = type ? type->caps : BGV_CAP_BPF;

	if ((want & BGV_CAP_BPF) && !env->cap_bpf)
		return verdict_reject(env, EPERM, CODE_CAP, "CAP_BPF is needed to load this type");
	if ((want & BGV_CAP_NET_ADMIN) && !env->cap_net_admin)
		return verdict_reject(env, EPERM, CODE_CAP, "CAP_NET_ADMIN is needed to load this type");
	if ((want & BGV_CAP_PERFMON) && !env->cap_perfmon)
		return verdict_reject(env, EPERM, CODE_CAP, "CAP_PERFMON is needed to load this type");
	return 0;
}

static bool precheck_has_btf_target(uint32_t prog_type)
{
	return prog_type == PT_TRACING || prog_type == PT_LSM || prog_type == PT_STRUCT_OPS ||
	       prog_type == PT_EXT;
}

/* bpf_prog_load_check_attach() */
static int precheck_attach(struct env *env)
{
	const struct bgv_program *prog = env->prog;

	if (prog->attach_btf_id) {
		if (prog->attach_btf_id > BTF_ID_MAX || !precheck_has_btf_target(prog->prog_type))
			return verdict_reject(env, EINVAL, CODE_ATTACH_BTF,
					      "this program type has no BTF attach target");
	} else if (prog->attach_btf_idx) {
		return verdict_reject(env, EINVAL, CODE_ATTACH_BTF, "attach BTF without a type in it");
	}
	if (prog->attach_prog && prog->prog_type != PT_TRACING && prog->prog_type != PT_EXT)
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG,
				      "this program type attaches to no program");
	if (!progtype_takes_attach(env->target->profile, prog->prog_type, env->attach_type))
		return verdict_reject(env, EINVAL, CODE_ATTACH_TYPE,
				      "expected attach type %u does not fit the program type",
				      env->attach_type);
	return 0;
}

static bool precheck_name_ok(const char *name)
{
	size_t i;

	for (i = 0; name && name[i]; i++) {
		char c = name[i];

		if (i == PROG_NAME_BYTES - 1)
			return false;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.'))
			return false;
	}
	return true;
}

static int precheck_device(struct env *env)
{
	const struct bgv_program *prog = env->prog;

	if (!prog->prog_ifindex)
		return 0;
	if (prog->prog_type != PT_SCHED_CLS && prog->prog_type != PT_XDP)
		return verdict_reject(env, EINVAL, CODE_DEVICE, "this type is not bound to a device");
	return verdict_unsupported(env, "programs bound to a device");
}

int precheck_load(struct env *env)
{
	const struct bgv_program *prog = env->prog;
	enum profile profile = env->target->profile;
	const struct progtype *type = progtype_find(profile, prog->prog_type);
	uint32_t insns_max = env->cap_bpf ? env->lim->insns : env->lim->insns_unpriv;
	int r;

	if (prog->prog_flags & ~precheck_known_flags(profile))
		return verdict_reject(env, EINVAL, CODE_FLAGS, "unknown program flags 0x%x",
				      prog->prog_flags & ~precheck_known_flags(profile));
	env->attach_type = progtype_fix_attach(prog->prog_type, prog->expected_attach_type);
	if (prog->insn_cnt == 0 || prog->insn_cnt > insns_max)
		return verdict_reject(env, E2BIG, CODE_INSN_COUNT, "%u instructions, at most %u",
				      prog->insn_cnt, insns_max);
	r = precheck_caps(env, type);
	if (r >= 0)
		r = precheck_attach(env);
	if (r >= 0)
		r = precheck_device(env);
	if (r < 0)
		return r;
	env->gpl = progtype_license_is_gpl(prog->license);
	if (!type)
		return verdict_reject(env, EINVAL, CODE_PROG_TYPE, "no program type %u",
				      prog->prog_type);
	if (prog->prog_type == PT_LIRC_MODE2)
		return verdict_unsupported(env, "lirc_mode2 programs, whose kernels were not probed");
	if (!precheck_name_ok(prog->name))
		return verdict_reject(env, EINVAL, CODE_PROG_NAME, "program name is not [A-Za-z0-9_.]*");
	if (prog->prog_type == PT_EXT && prog->attach_prog) {	/* it is judged as what it replaces */
		env->prog_type = prog->attach_prog->prog_type;
		env->attach_type = progtype_fix_attach(env->prog_type, prog->attach_prog->expected_attach_type);
	}
	return 0;
}
