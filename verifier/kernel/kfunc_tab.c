/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the kernel that programs may call, as a table: flags and permission, which the kernel's BTF does
 * not tell, and which of them have rules of their own.
 */
#include "verifier/kernel/kfunc_tab.h"

#include <stddef.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/names.h"

struct kfunc_row {
	const char *name;
	struct kfunc_rule in[FACTS_CNT];
};

/* The words of the rows. */
#define ANY KFUNC_IF_ANY
#define ITER KFUNC_IF_ITER
#define SESSION KFUNC_IF_SESSION
#define NOT_SENDMSG KFUNC_IF_NOT_SENDMSG
#define SCHED_EXT KFUNC_IF_SCHED_EXT
#define T(name) (UINT64_C(1) << PT_##name)
#define T_ALL UINT64_MAX
#define AT(f, t, c) { true, f, t, c }
#define NONE { false, 0, 0, ANY }

static const struct kfunc_row kfunc_rows[] = {
#define KFUNC(n, ...) { #n, { __VA_ARGS__ } },
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

uint32_t kfunc_tab_flags_of_7(const struct behave *beh, const char *name)
{
	uint32_t known = (beh->kfunc_lock_flag ? (uint32_t)KF_LOCKSAFE : 0) |
			 (beh->kfunc_perfmon ? (uint32_t)KF_PERFMON : 0);

	for (size_t i = 0; known && i < ARRAY_CNT(more_flags); i++)
		if (strcmp(more_flags[i].name, name) == 0)
			return more_flags[i].flags & known;
	return 0;
}

enum kfunc_special kfunc_tab_special(const char *name)
{
	for (uint32_t i = 1; i < KFS_CNT; i++)
		if (strcmp(special_names[i], name) == 0)
			return (enum kfunc_special)i;
	for (size_t i = 0; i < ARRAY_CNT(renamed); i++)
		if (strcmp(renamed[i].name, name) == 0)
			return renamed[i].special;
	return KFS_NONE;
}

static const struct kfunc_row *find_row(const char *name)
{
	size_t low = 0, high = ARRAY_CNT(kfunc_rows);

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

const struct kfunc_rule *kfunc_tab_rule(enum profile profile, const char *name)
{
	const struct kfunc_row *row = find_row(name);
	const struct kfunc_rule *rule = row ? &row->in[fact_column_of(profile)] : NULL;

	return rule && rule->present ? rule : NULL;
}

bool kfunc_tab_leaks(const char *name)
{
	static const char *const names[] = {
#define LEAK_KFUNC(name) #name,
#include "verifier/kernel/leak_kfuncs.def"
#undef LEAK_KFUNC
	};
	size_t i = 0;

	while (i < ARRAY_CNT(names) && strcmp(names[i], name) != 0)
		i++;
	return i < ARRAY_CNT(names);
}
