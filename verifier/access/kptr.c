/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel pointers stored in map values and own objects. Promises that what is loaded from such a
 * field is typed and trusted as the kernel has it, and that only a fitting pointer goes in;
 * referenced fields are changed by exchange only.
 */
#include "verifier/access/kptr.h"

#include "proto/array.h"
#include "verifier/access/btfptr.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/marks/precise.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

/* Kernel types whose objects outlive a grace period. */
static bool is_rcu_type(struct env *env, uint32_t btf, uint32_t id)
{
	static const char *const names[] = { "prog_test_ref_kfunc", "cgroup", "bpf_cpumask",
					     "task_struct", "bpf_crypto_ctx" };
	const struct btf_view *view = btf_of(env, btf);

	if (btf && btf == env->prog->prog_btf_idx)
		return true;
	if (btf)
		return true;	/* own types of a map's BTF */
	for (size_t i = 0; view && i < ARRAY_CNT(names); i++)
		if (strcmp(btf_view_name(view, id), names[i]) == 0)
			return true;
	return false;
}

static bool is_rcu_safe(struct env *env, const struct btf_member_field *f)
{
	return f->kind == BTFREC_KPTR_PERCPU ||
	       (f->kind == BTFREC_KPTR_REF && is_rcu_type(env, f->btf, f->btf_id));
}

uint32_t kptr_load_flags(struct env *env, const struct btf_member_field *f)
{
	uint32_t flags = REG_F_MAYBE_NULL;
	const struct btfrec *rec;

	if (!is_rcu_safe(env, f) || !env_in_rcu(env))
		return flags | REG_F_UNTRUSTED;
	flags |= REG_F_RCU;
	if (f->kind == BTFREC_KPTR_PERCPU)
		flags |= REG_F_PERCPU;
	else if (f->btf)
		flags |= REG_F_ALLOC;
	rec = btfrec_pointee(env, f);
	if (btfrec_has(rec, BTFREC_LIST_NODE | BTFREC_RB_NODE))
		flags |= REG_F_NON_OWN_REF;
	return flags;
}

static int misfit(struct env *env, uint32_t regno, const struct reg *r)
{
	return verdict_reject(env, EACCES, CODE_KPTR_TYPE, "invalid kptr access, R%u type=%s", regno,
			      reg_type_name(r));
}

int kptr_check_match(struct env *env, const struct btf_member_field *f, uint32_t regno)
{
	const struct reg *r = &env_regs(env)[regno];
	uint32_t flags = reg_flags(r), may = REG_F_MAYBE_NULL;

	if (r->btf == 0 || r->btf != env->prog->prog_btf_idx) {
		may |= REG_F_TRUSTED | REG_F_RCU |
		       (f->kind == BTFREC_KPTR_UNREF ? REG_F_UNTRUSTED : 0);
	} else {
		may |= REG_F_ALLOC | (f->kind == BTFREC_KPTR_PERCPU ? REG_F_PERCPU : 0);
	}
	if (reg_base(r) != REG_BTF_ID || (flags & ~may))
		return misfit(env, regno, r);
	if ((f->kind == BTFREC_KPTR_PERCPU) != !!(flags & REG_F_PERCPU))
		return misfit(env, regno, r);
	if (r->off < 0 || !val_is(&r->v, 0))
		return verdict_reject(env, EACCES, CODE_KPTR_OFFSET,
				      "R%u must have zero variable offset for a kptr", regno);
	if (!btfptr_ids_match(env, r->btf, r->btf_id, r->off, f->btf, f->btf_id,
			      f->kind != BTFREC_KPTR_UNREF))
		return misfit(env, regno, r);
	return 0;
}

int kptr_check_slot_arg(struct env *env, uint32_t regno, struct call_meta *meta)
{
	const struct reg *r = &env_regs(env)[regno];
	const int err = env_field_errno(env);
	const struct btfrec *rec;
	const struct btf_member_field *f;
	uint32_t off;

	if (reg_base(r) == REG_MAP_VALUE) {
		if (!env->maps[r->map - 1].shape->btf_idx)
			return verdict_reject(
				env, err, CODE_KPTR_ARG,
				"map '%.16s' has to have BTF in order to use bpf_kptr_xchg",
				env->maps[r->map - 1].shape->name);
		rec = env->maps[r->map - 1].rec;
		meta->map = r->map;
	} else {
		rec = btfrec_of_type(env, r->btf, r->btf_id);
	}
	if (!val_is_const(&r->v))
		return verdict_reject(
			env, err, CODE_KPTR_ARG,
			"R%u doesn't have constant offset. kptr has to be at the constant offset",
			regno);
	if (!btfrec_has(rec, BTFREC_KPTR))
		return verdict_reject(env, err, CODE_KPTR_ARG, "R%u has no valid kptr", regno);
	off = (uint32_t)r->off + (uint32_t)r->v.tv;
	f = btfrec_find(rec, off);
	if (!f || !(f->kind & BTFREC_KPTR))
		return verdict_reject(env, EACCES, CODE_KPTR_ARG, "off=%u doesn't point to kptr", off);
	if (f->kind == BTFREC_KPTR_UNREF)
		return verdict_reject(env, EACCES, CODE_KPTR_ARG, "off=%u kptr isn't referenced kptr",
				      off);
	meta->kptr_field = f;
	return 0;
}

static int load_uptr(struct env *env, const struct memop *op, const struct btf_member_field *f)
{
	const struct btf_view *view = btf_of(env, f->btf);
	const struct btf_type *t = view ? btf_view_type(view, f->btf_id) : NULL;
	struct reg *r = &env_regs(env)[op->value_regno];

	if (!t)
		return verdict_unsupported(env, "uptr without BTF");
	reg_set_ptr(r, REG_MEM | REG_F_MAYBE_NULL);
	r->mem_size = t->size;
	r->id = env_new_id(env);
	return 0;
}

int kptr_map_access(struct env *env, const struct memop *op, const struct btf_member_field *f)
{
	const struct bpf_insn *insn = &env->insns[op->insn_idx];
	uint32_t class = BPF_CLASS(insn->code);
	int r;

	if (BPF_MODE(insn->code) != BPF_MEM)
		return verdict_reject(
			env, EACCES, CODE_KPTR_ACCESS,
			"kptr in map can only be accessed using BPF_MEM instruction mode");
	if (class == BPF_LDX) {
		if (f->kind == BTFREC_UPTR)
			return load_uptr(env, op, f);
		btfptr_set_reg(env, (uint32_t)op->value_regno, f->btf, f->btf_id,
			       kptr_load_flags(env, f));
		return 0;
	}
	if (f->kind & (BTFREC_KPTR_REF | BTFREC_KPTR_PERCPU))
		return verdict_reject(env, EACCES, CODE_KPTR_ACCESS,
				      "store to referenced kptr disallowed");
	if (f->kind == BTFREC_UPTR)
		return verdict_reject(env, EACCES, CODE_KPTR_ACCESS, "store to uptr disallowed");
	if (class == BPF_ST)
		return !insn->imm ? 0
				  : verdict_reject(
					    env, EACCES, CODE_KPTR_ACCESS,
					    "BPF_ST imm must be 0 when storing to kptr at off=%u",
					    f->off);
	if (op->value_regno < 0)
		return verdict_reject(
			env, EACCES, CODE_KPTR_ACCESS,
			"kptr in map can only be accessed using BPF_LDX/BPF_STX/BPF_ST");
	if (reg_is_zero(&env_regs(env)[op->value_regno]))
		return precise_mark_reg(env, (uint32_t)op->value_regno);
	r = kptr_check_match(env, f, (uint32_t)op->value_regno);
	return r;
}
