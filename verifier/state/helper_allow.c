/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which helpers this program gets, by what it is and where it is attached. Promises the kernel's allow lists: a path
 * may be printed, a file measured, a socket's storage touched only from the functions named here.
 */
#include "verifier/state/helper_allow.h"

#include "proto/array.h"
#include "verifier/kernel/hooks.h"
#include "verifier/kernel/names.h"
#include "verifier/state/env.h"

#define LSM_PREFIX "bpf_lsm_"

/* Functions from which fentry, fexit and fmod_ret programs may print a path. */
static const char *const d_path_targets[] = {
	"security_file_permission", "security_inode_getattr", "security_file_open",
	"security_path_truncate", "vfs_truncate", "vfs_fallocate", "dentry_open", "vfs_getattr",
	"filp_close",
};

static const char *target_name(const struct env *env)
{
	const char *name = env->att.name ? env->att.name : "";

	return strncmp(name, LSM_PREFIX, strlen(LSM_PREFIX)) ? name : name + strlen(LSM_PREFIX);
}

static bool allow_d_path(const struct env *env)
{
	if (env->prog_type == PT_TRACING && env->attach_type == AT_TRACE_ITER)
		return true;
	if (env->prog_type == PT_LSM)
		return hooks_lsm_sleeps(target_name(env));
	for (size_t i = 0; i < ARRAY_CNT(d_path_targets); i++)
		if (!strcmp(d_path_targets[i], target_name(env)))
			return true;
	return false;
}

static bool allow_ima(const struct env *env)
{
	return hooks_lsm_sleeps(target_name(env));
}

/* Only the form for tracing programs asks: storage functions must not trace themselves. */
static bool allow_sk_storage(const struct env *env)
{
	if (env->prog_type != PT_TRACING)
		return env->prog_type != PT_SYSCALL;
	switch (env->attach_type) {
	case AT_TRACE_ITER:
	case AT_TRACE_RAW_TP:
		return true;
	case AT_TRACE_FENTRY:
	case AT_TRACE_FEXIT:
	case AT_TRACE_FSESSION:
		return strncmp(target_name(env), "bpf_sk_storage", strlen("bpf_sk_storage"));
	default:
		return false;
	}
}

/* Hooks that run with the socket locked, or before anybody else has it. */
static const char *const lsm_sockopt_hooks[] = {
	"sock_graft", "inet_csk_clone", "inet_conn_established", "socket_post_create",
	"socket_socketpair",
};

bool helper_allow_sockopt(const struct env *env)
{
	const char *name = target_name(env);

	if (env->prog_type == PT_TRACING && env->attach_type == AT_TRACE_ITER)
		return !strcmp(name, "bpf_iter_tcp") || !strcmp(name, "bpf_iter_unix");
	if (env->prog_type != PT_LSM || env->attach_type != AT_LSM_CGROUP)
		return false;
	for (size_t i = 0; i < ARRAY_CNT(lsm_sockopt_hooks); i++)
		if (!strcmp(lsm_sockopt_hooks[i], name))
			return true;
	return false;
}

/*
 * What TCP congestion control may call beyond the base set belongs to no other struct_ops type; a
 * release() may be running because of the very setsockopt it would make.
 */
static bool allow_tcp_ca(const struct env *env)
{
	return env->prog_type != PT_STRUCT_OPS ||
	       (env->att.ops_name && !strcmp(env->att.ops_name, "tcp_congestion_ops"));
}

static bool allow_tcp_ca_sockopt(const struct env *env)
{
	return allow_tcp_ca(env) &&
	       (env->prog_type != PT_STRUCT_OPS || strcmp(target_name(env), "release"));
}

/*
 * Does the type's own function table know the helper for this attach target? A second table beside
 * helper_types.def, for what depends on names.
 */
bool helper_allow_member(const struct env *env, uint32_t id)
{
	switch (id) {
	case HELPER_SETSOCKOPT:
	case HELPER_GETSOCKOPT:
		return allow_tcp_ca_sockopt(env);
	case HELPER_SK_STORAGE_GET:
	case HELPER_SK_STORAGE_DELETE:
	case HELPER_TCP_SEND_ACK:
	case HELPER_KTIME_GET_COARSE_NS:
		return allow_tcp_ca(env);
	default:
		return true;
	}
}

static const struct {
	uint32_t id;
	bool (*allow)(const struct env *env);
} predicates[] = {
	{ HELPER_D_PATH, allow_d_path },
	{ HELPER_IMA_INODE_HASH, allow_ima },
	{ HELPER_IMA_FILE_HASH, allow_ima },
	{ HELPER_SK_STORAGE_GET, allow_sk_storage },
	{ HELPER_SK_STORAGE_DELETE, allow_sk_storage },
};

bool helper_allow_target(const struct env *env, uint32_t id)
{
	for (size_t i = 0; i < ARRAY_CNT(predicates); i++)
		if (predicates[i].id == id)
			return predicates[i].allow(env);
	return true;
}

struct helper_caller helper_caller_of(const struct env *env)
{
	struct helper_caller caller = {
		.profile = env->target->profile, .prog_type = env->prog_type,
		.attach_type = env->attach_type, .sleepable = env->sleepable,
	};

	caller.caps = (env->cap_bpf ? BGV_CAP_BPF : 0u) | (env->cap_perfmon ? BGV_CAP_PERFMON : 0u) |
		      (env->cap_net_admin ? BGV_CAP_NET_ADMIN : 0u);
	caller.sockopt = helper_allow_sockopt(env);
	return caller;
}

const struct helper_proto *helper_proto_of(const struct env *env, int32_t id)
{
	struct helper_caller caller = helper_caller_of(env);
	const struct helper_proto *proto;

	return helper_tab_find(&caller, id, &proto) < 0 ? NULL : proto;
}

bool helper_locked_down(const struct env *env, int32_t id)
{
	return id == HELPER_PROBE_WRITE_USER && (env->target->flags & BGV_TARGET_LOCKDOWN);
}
