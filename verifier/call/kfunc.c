/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of kernel functions: which function, may this program call it, and the order of what a call
 * checks and does. Prototypes come from the target's BTF; flags and permission, which the BTF does
 * not tell, from kfunc.def. A function without a row is unsupported, never guessed.
 */
#include "verifier/call/kfunc.h"
#include "verifier/kernel/names.h"
#include "verifier/pass/passes.h"

/* ---- the table ---- */

enum kfunc_condition { ANY, ITER, SESSION, NOT_SENDMSG };

struct kfunc_rule {
	bool present;
	uint32_t flags;
	uint64_t types;
	enum kfunc_condition condition;
};

struct kfunc_row {
	const char *name;
	struct kfunc_rule in[FACTS_CNT];
};

#define T(name) (UINT64_C(1) << PT_##name)
#define T_ALL UINT64_MAX
#define AT(f, t, c) { true, f, t, c }
#define NONE { false, 0, 0, ANY }

static const struct kfunc_row kfunc_rows[] = {
#define KFUNC(n, v61, v612, v618, v7) { #n, { v61, v612, v618, v7 } },
#include "verifier/kernel/kfunc.def"
#undef KFUNC
};

static const char *const special_names[KFS_CNT] = {
#define KFUNC_SPECIAL(name) [KFS_##name] = #name,
	KFUNC_SPECIALS(KFUNC_SPECIAL)
#undef KFUNC_SPECIAL
};

/* From 7.0 on (wq, task_work) and 7.1 on without _impl, the arguments of which the kernel adds itself. */
static const struct {
	const char *name;
	enum kfunc_special special;
} renamed[] = {
	{ "bpf_list_push_back", KFS_bpf_list_push_back_impl },
	{ "bpf_list_push_front", KFS_bpf_list_push_front_impl },
	{ "bpf_obj_drop", KFS_bpf_obj_drop_impl },
	{ "bpf_obj_new", KFS_bpf_obj_new_impl },
	{ "bpf_percpu_obj_drop", KFS_bpf_percpu_obj_drop_impl },
	{ "bpf_percpu_obj_new", KFS_bpf_percpu_obj_new_impl },
	{ "bpf_rbtree_add", KFS_bpf_rbtree_add_impl },
	{ "bpf_refcount_acquire", KFS_bpf_refcount_acquire_impl },
	{ "bpf_task_work_schedule_resume", KFS_bpf_task_work_schedule_resume_impl },
	{ "bpf_task_work_schedule_signal", KFS_bpf_task_work_schedule_signal_impl },
	{ "bpf_wq_set_callback", KFS_bpf_wq_set_callback_impl },
};

/* Flags that came with 7.x, by name. */
static const struct {
	const char *name;
	uint32_t flags;
} more_flags[] = {
#define KFUNC_FLAGS(name, flags) { #name, flags },
#include "verifier/kernel/kfunc_flags.def"
#undef KFUNC_FLAGS
};

static uint32_t flags_of_7(const struct env *env, const char *name)
{
	uint32_t known = (env->beh->kfunc_lock_flag ? (uint32_t)KF_LOCKSAFE : 0) |
			 (env->beh->kfunc_perfmon ? (uint32_t)KF_PERFMON : 0);

	for (size_t i = 0; known && i < sizeof(more_flags) / sizeof(more_flags[0]); i++)
		if (strcmp(more_flags[i].name, name) == 0)
			return more_flags[i].flags & known;
	return 0;
}

static enum kfunc_special special_of(const char *name)
{
	for (uint32_t i = 1; i < KFS_CNT; i++)
		if (strcmp(special_names[i], name) == 0)
			return (enum kfunc_special)i;
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (strcmp(renamed[i].name, name) == 0)
			return renamed[i].special;
	return KFS_NONE;
}

static const struct kfunc_row *find_row(const char *name)
{
	size_t low = 0, high = sizeof(kfunc_rows) / sizeof(kfunc_rows[0]);

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(name, kfunc_rows[mid].name);

		if (c == 0)
			return &kfunc_rows[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static bool condition_holds(const struct env *env, enum kfunc_condition condition)
{
	switch (condition) {
	case ITER:
		return env->attach_type == BPF_TRACE_ITER;
	case SESSION:	/* kprobe.session, uprobe.session */
		return env->attach_type == AT_TRACE_KPROBE_SESSION ||
		       env->attach_type == AT_TRACE_UPROBE_SESSION ||
		       env->attach_type == AT_TRACE_FSESSION ||
		       env->attach_type == AT_TRACE_FSESSION_MULTI;
	case NOT_SENDMSG: /* a socket's hook that would call itself */
		return env->prog_type != PT_LSM ||
		       strcmp(btf_view_name(env->target->vmlinux, env->prog->attach_btf_id),
			      "bpf_lsm_socket_sendmsg") != 0;
	default:
		return true;
	}
}

static void apply_row(const struct env *env, struct kfunc *k)
{
	const struct kfunc_row *row = find_row(k->name);
	const struct kfunc_rule *rule = row ? &row->in[fact_column_of(env->target->profile)] : NULL;

	k->special = special_of(k->name);
	if (!rule || !rule->present)
		return;
	k->known = true;
	k->flags = rule->flags | flags_of_7(env, k->name);
	k->allowed = env->prog_type < 64 && (rule->types >> env->prog_type & 1) &&
		     condition_holds(env, rule->condition);
}

/* ---- the functions pass: every call's target, dead ones too ---- */

struct kfunc_tab {
	uint32_t cnt;
	struct kfunc at[256];		/* the kernel's MAX_KFUNC_DESCS */
};

static struct kfunc *find_desc(const struct env *env, uint32_t id, uint32_t off)
{
	struct kfunc_tab *tab = env->kfuncs;

	for (uint32_t i = 0; tab && i < tab->cnt; i++)
		if (tab->at[i].id == id && tab->at[i].off == off)
			return &tab->at[i];
	return NULL;
}

const struct kfunc *kfunc_at(const struct env *env, const struct bpf_insn *insn)
{
	return find_desc(env, (uint32_t)insn->imm, (uint16_t)insn->off);
}

static int start_table(struct env *env, uint32_t at)
{
	if (!env->target->vmlinux)
		return verdict_unsupported(env, "kernel functions without the kernel's BTF");
	if (env->target->flags & BGV_TARGET_NO_JIT)
		return verdict_reject_at(env, at, ENOTSUPP, "KFUNC-JIT",
					 "JIT is required for calling kernel function");
	if (!env->gpl)
		return verdict_reject_at(
			env, at, EINVAL, "KFUNC-LICENSE",
			"cannot call kernel function from non-GPL compatible program");
	env->kfuncs = pool_zalloc(env, sizeof(struct kfunc_tab));
	return env->kfuncs ? 0 : verdict_nomem(env);
}

static int resolve(struct env *env, uint32_t at, struct kfunc *k)
{
	const struct btf_type *func;

	if ((int16_t)k->off < 0)
		return verdict_reject_at(
			env, at, EINVAL, "KFUNC-OFF",
			"negative offset disallowed for kernel module function call");
	/* the program's own BTF is nothing that an fd_array named for a call */
	if (k->off > env->prog->btf_cnt || (k->off && k->off == env->prog->prog_btf_idx))
		return verdict_reject_at(env, at, EPROTO, "KFUNC-OFF",
					 "kfunc offset > 0 without fd_array is invalid");
	k->btf = k->off;
	k->view = btf_of(env, k->btf);
	if (!k->view)
		return verdict_reject_at(env, at, EINVAL, "KFUNC-OFF",
					 "invalid module BTF fd specified");
	func = btf_view_type(k->view, k->id);
	if (!func || btf_kind_of(func) != BTF_KIND_FUNC)
		return verdict_reject_at(env, at, EINVAL, "KFUNC-ID",
					 "kernel btf_id %u is not a function", k->id);
	k->proto = btf_view_type(k->view, func->type);
	if (!k->proto || btf_kind_of(k->proto) != BTF_KIND_FUNC_PROTO)
		return verdict_reject_at(
			env, at, EINVAL, "KFUNC-ID",
			"kernel function btf_id %u does not have a valid func_proto", k->id);
	k->name = btf_view_str(k->view, func->name_off);
	if (btf_text_begins(k->name,
			    "bpf_xdp_metadata_rx_")) /* bound programs are unsupported before */
		return verdict_reject_at(env, at, EINVAL, "KFUNC-DEVICE",
					 "metadata kfuncs require device-bound program");
	apply_row(env, k);
	return 0;
}

int kfunc_add(struct env *env, uint32_t insn_idx)
{
	const struct bpf_insn *insn = &env->insns[insn_idx];
	struct kfunc_tab *tab;
	int r;

	if (!env->kfuncs) {
		r = start_table(env, insn_idx);
		if (r < 0)
			return r;
	}
	if (!insn->imm && !insn->off)
		return 0;	/* must be gone, or never stepped, by the end */
	if (kfunc_at(env, insn))
		return 0;
	tab = env->kfuncs;
	if (tab->cnt == sizeof(tab->at) / sizeof(tab->at[0]))
		return verdict_reject_at(env, insn_idx, E2BIG, "KFUNC-COUNT",
					 "too many different kernel function calls");
	tab->at[tab->cnt].id = (uint32_t)insn->imm;
	tab->at[tab->cnt].off = (uint16_t)insn->off;
	r = resolve(env, insn_idx, &tab->at[tab->cnt]);
	if (r >= 0)
		tab->cnt++;
	return r;
}

/* Arguments of a prototype that travel in registers. */
static uint8_t arg_count(const struct btf_type *proto)
{
	return (uint8_t)(btf_vlen_of(proto) > 5 ? 5 : btf_vlen_of(proto));
}

void kfunc_facts(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret)
{
	const struct kfunc *k = kfunc_at(env, insn);

	memset(ret, 0, sizeof(*ret));
	ret->nargs = 5;
	if (!k)
		return;
	ret->known = true;
	ret->nargs = arg_count(k->proto);
	ret->is_void = k->proto->type == 0;
	ret->sync_callback = KF_IS(k, bpf_rbtree_add_impl);
	ret->async_callback = KF_IS(k, bpf_wq_set_callback_impl) ||
			      KF_IS(k, bpf_task_work_schedule_signal_impl) ||
			      KF_IS(k, bpf_task_work_schedule_resume_impl);
	ret->iter_next = k->flags & KF_NEXT;
	ret->changes_pkt = KF_IS(k, bpf_xdp_pull_data);
	ret->might_sleep = k->flags & KF_SLEEP;
	ret->fastcall = KF_IS(k, bpf_cast_to_kern_ctx) || KF_IS(k, bpf_rdonly_cast);
	ret->noreturn = KF_IS(k, bpf_throw);
}

/* ---- the call ---- */

/* Only in a mode of our own: what without CAP_PERFMON no helper would give. */
static bool leaks(const struct kfunc *k)
{
	static const char *const names[] = {
#define LEAK_KFUNC(name) #name,
#include "verifier/kernel/leak_kfuncs.def"
#undef LEAK_KFUNC
	};
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], k->name) != 0)
		i++;
	return i < sizeof(names) / sizeof(names[0]);
}

/* Before the arguments; 6.1: behind them, with another errno. */
static int check_may_sleep(struct env *env, const struct kfunc *k)
{
	if (!(k->flags & KF_SLEEP) || env_in_sleepable(env))
		return 0;
	return verdict_reject(env, env->beh->args_old ? EINVAL : EACCES, "KFUNC-SLEEP",
			      "program must be sleepable to call sleepable kfunc %s", k->name);
}

static int check_may_call(struct env *env, const struct kfunc *k)
{
	if (!k->known)
		return verdict_unsupported(env, "kernel function %s has no row for this kernel",
					   k->name);
	if (!k->allowed)
		return verdict_reject(env, EACCES, "KFUNC-ALLOWED",
				      "calling kernel function %s is not allowed", k->name);
	if (k->flags & KF_DESTR)	/* needs CAP_SYS_BOOT, which nobody here holds */
		return verdict_reject(env, EACCES, "KFUNC-DESTRUCTIVE",
				      "destructive kfunc calls require CAP_SYS_BOOT capability");
	if ((k->flags & KF_PERFMON) && !env->cap_perfmon)
		return verdict_reject(env, EPERM, "CAP-PERFMON",
				      "%s is allowed only to CAP_PERFMON and CAP_SYS_ADMIN", k->name);
	if (env->leak_rules && leaks(k))
		return verdict_reject(env, EPERM, "CAP-PERFMON",
				      "kernel function %s is granted only with CAP_PERFMON", k->name);
	return env->beh->args_old ? 0 : check_may_sleep(env, k);
}

int kfunc_call(struct env *env, uint32_t insn_idx)
{
	const struct kfunc *k = kfunc_at(env, &env->insns[insn_idx]);
	struct kfunc_meta m = { .k = k };
	int r;

	if (!k) { /* stepped over now, refused at the end: kfunc_check_missing() */
		env->missing_kfunc = insn_idx + 1;
		return 0;
	}
	env->aux[insn_idx].is_iter_next = k->flags & KF_NEXT;
	r = check_may_call(env, k);
	if (r >= 0)
		r = kfunc_before_args(env, &m, insn_idx);
	if (r >= 0)
		r = kfunc_check_args(env, &m, insn_idx);
	if (r >= 0 && env->beh->args_old)
		r = check_may_sleep(env, k);
	if (r >= 0)
		r = kfunc_apply_effects(env, &m, insn_idx);
	if (r >= 0)
		r = kfunc_set_ret(env, &m, insn_idx);
	if (r >= 0 && (k->flags & KF_NEXT))
		r = iter_next(env, insn_idx, m.iter_frame, m.iter_spi);
	return r;
}

int kfunc_check_missing(struct env *env)
{
	if (!env->missing_kfunc)
		return 0;
	return verdict_reject_at(env, env->missing_kfunc - 1, EINVAL, "KFUNC-ID",
				 "invalid kernel function call not eliminated in verifier pass");
}
