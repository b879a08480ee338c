/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What single helpers ask beside their prototype. Promises, for each of them, the kernel's own
 * extra condition, checked between the arguments and the result, or after the result.
 */
#include "verifier/call/helper_special.h"

#include "proto/array.h"
#include "verifier/access/btfctx.h"
#include "verifier/access/dynptr.h"
#include "verifier/access/mapval.h"
#include "verifier/call/helper_callback.h"
#include "verifier/call/helper_printf.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/refs.h"
#include "verifier/state/verdict.h"

#define ERRNO_MAX 4095

struct special {
	struct env *env;
	const struct helper_proto *proto;
	uint32_t insn_idx;
	struct call_meta *meta;
	bool *changes_pkt;
};

static int special_tail_call(const struct special *s)
{
	return refs_check_resources(s->env, false, true, "tail_call");
}

static int special_local_storage(const struct special *s)
{
	if (!reg_is_zero(&env_regs(s->env)[2]))
		return verdict_reject(s->env, EINVAL, CODE_STORAGE_FLAGS,
				      "get_local_storage() doesn't support non-zero flags");
	return precise_mark_reg(s->env, 2);
}

static int special_callback(const struct special *s)
{
	return helper_callback_push(s->env, s->proto->id, s->insn_idx, s->meta);
}

/* The format is constant, NUL-terminated and read-only: the arguments proved it. */
static int special_snprintf(const struct special *s)
{
	struct env *env = s->env;
	const struct reg *format = &env_regs(env)[3], *bytes = &env_regs(env)[5];
	const uint8_t *text;
	size_t left;

	if (bytes->v.tv % 8)
		return verdict_reject(env, EINVAL, CODE_PRINTF,
				      "snprintf data must be an array of 8-byte numbers");
	text = mapval_contents(env, format->map, (uint64_t)format->off + format->v.tv, &left);
	if (!text)
		return verdict_unsupported(env, "format string of a map whose contents are unknown");
	if (!helper_printf_ok(text, left, (uint32_t)(bytes->v.tv / 8)))
		return verdict_reject(env, EINVAL, CODE_PRINTF, "Invalid format string");
	return 0;
}

static int special_dynptr_from_mem(const struct special *s)
{
	char name[REGNAME_BYTES];
	uint32_t type = env_regs(s->env)[1].type;

	if (type == REG_MAP_VALUE)
		return 0;
	return verdict_reject(s->env, EACCES, CODE_DYNPTR_MEM,
			      "Unsupported reg type %s for bpf_dynptr_from_mem data",
			      regname_type(type, name));
}

/*
 * The value becomes the errno a hook returns; a number that is none would be taken for a pointer
 * by callers. Kernels before 7.2 let any value pass; ours refuses what is surely no errno.
 */
static int special_set_retval(const struct special *s)
{
	struct env *env = s->env;
	const struct reg *r = &env_regs(env)[1];
	bool refused;

	if (env->prog_type == PT_LSM && env->attach_type == AT_LSM_CGROUP && btfctx_hook_is_void(env))
		return verdict_reject(env, EINVAL, CODE_SET_RETVAL,
				      "BPF_LSM_CGROUP that attach to void LSM hooks can't modify "
				      "return value!");
	if (env->attach_type == AT_CGROUP_GETSOCKOPT)
		return 0;
	if (env->beh->set_retval_range)
		refused = !reg_is_scalar(r) || r->v.xl < -ERRNO_MAX || r->v.xh > 0;
	else
		refused = !reg_is_scalar(r) || r->v.xh < -ERRNO_MAX || r->v.xl > 0;
	if (refused)
		return verdict_reject(env, EINVAL, CODE_SET_RETVAL,
				      "bpf_set_retval takes 0 or a negative errno");
	return env->beh->set_retval_range ? precise_mark_reg(env, 1) : 0;
}

static int special_dynptr_data(const struct special *s)
{
	struct dynptr_origin from;
	enum dynptr_type type;
	int r = dynptr_facts(s->env, 1, &s->meta->dynptr_id, &from, &type);

	if (r >= 0)
		s->meta->ref_obj_id = from.ref;
	return r;
}

/* Writing an skb's bytes may move them. */
static int special_dynptr_write(const struct special *s)
{
	enum dynptr_type type;
	struct dynptr_origin from;
	uint32_t id;
	int r = dynptr_facts(s->env, 1, &id, &from, &type);

	if (r >= 0 && (type == DYNPTR_SKB || type == DYNPTR_SKB_META))
		*s->changes_pkt = true;
	return r;
}

/* A percpu object of the program's own: the result is this CPU's copy of it. */
static int special_percpu(const struct special *s)
{
	s->meta->percpu_alloc = env_regs(s->env)[1].type & REG_F_RCU;
	return 0;
}

static const struct {
	uint32_t id;
	int (*check)(const struct special *s);
} specials[] = {
	{ HELPER_TAIL_CALL, special_tail_call },
	{ HELPER_GET_LOCAL_STORAGE, special_local_storage },
	{ HELPER_FOR_EACH_MAP_ELEM, special_callback },
	{ HELPER_TIMER_SET_CALLBACK, special_callback },
	{ HELPER_FIND_VMA, special_callback },
	{ HELPER_LOOP, special_callback },
	{ HELPER_USER_RINGBUF_DRAIN, special_callback },
	{ HELPER_SNPRINTF, special_snprintf },
	{ HELPER_DYNPTR_FROM_MEM, special_dynptr_from_mem },
	{ HELPER_SET_RETVAL, special_set_retval },
	{ HELPER_DYNPTR_DATA, special_dynptr_data },
	{ HELPER_DYNPTR_WRITE, special_dynptr_write },
	{ HELPER_PER_CPU_PTR, special_percpu },
	{ HELPER_THIS_CPU_PTR, special_percpu },
};

int helper_special_check(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
			 struct call_meta *meta, bool *ret_changes_pkt)
{
	struct special s = { env, proto, insn_idx, meta, ret_changes_pkt };

	for (size_t i = 0; i < ARRAY_CNT(specials); i++)
		if (specials[i].id == proto->id)
			return specials[i].check(&s);
	return 0;
}

/* Program types that meet no locked socket may change socket maps directly. */
static bool special_may_update_sockmap(const struct env *env, uint32_t id)
{
	switch (env->prog_type) {
	case PT_TRACING:
		return env->attach_type == AT_TRACE_ITER;
	case PT_SOCK_OPS:
		return id == HELPER_MAP_DELETE_ELEM;
	case PT_SK_REUSEPORT:
	case PT_SK_LOOKUP:
		return true;
	case PT_SOCKET_FILTER:
	case PT_SCHED_CLS:
	case PT_SCHED_ACT:
	case PT_XDP:
	case PT_FLOW_DISSECTOR:
		return !env->beh->sockmap_few_types;
	default:
		return false;
	}
}

static int special_check_map(struct env *env, const struct helper_proto *proto, uint32_t map)
{
	uint32_t type = env->maps[map - 1].shape->type;
	bool sockets = type == MT_SOCKMAP || type == MT_SOCKHASH;
	bool updates = proto->id == HELPER_MAP_UPDATE_ELEM || proto->id == HELPER_MAP_DELETE_ELEM;

	if (!helper_tab_takes_map(env->target->profile, proto->id, type) ||
	    (sockets && updates && !special_may_update_sockmap(env, proto->id)))
		return verdict_reject(env, EINVAL, CODE_HELPER_MAP,
				      "cannot pass map_type %u into func bpf_%s#%u", type, proto->name,
				      proto->id);
	if (proto->id == HELPER_TAIL_CALL && env->subprog_cnt > 1 &&
	    (env->target->flags & BGV_TARGET_NO_JIT))
		return verdict_reject(env, EINVAL, CODE_TAIL_CALL,
				      "tail_calls are not allowed in non-JITed programs with bpf-to-bpf "
				      "calls");
	return 0;
}

/* The address of the traced function exists only behind a trampoline or a kprobe. */
static int special_check_func_ip(struct env *env, const struct helper_proto *proto)
{
	bool trampoline = env->attach_type == AT_TRACE_FENTRY || env->attach_type == AT_TRACE_FEXIT ||
			  env->attach_type == AT_MODIFY_RETURN || env->attach_type == AT_TRACE_FSESSION;

	if (proto->id != HELPER_GET_FUNC_IP || env->prog_type == PT_KPROBE ||
	    (env->prog_type == PT_TRACING && trampoline))
		return 0;
	return verdict_reject(env, ENOTSUPP, CODE_HELPER_TARGET,
			      "func bpf_%s#%u not supported for program type %u", proto->name, proto->id,
			      env->prog_type);
}

int helper_special_after(struct env *env, const struct helper_proto *proto,
			 const struct call_meta *meta)
{
	int r = meta->map ? special_check_map(env, proto, meta->map) : 0;

	return r < 0 ? r : special_check_func_ip(env, proto);
}
