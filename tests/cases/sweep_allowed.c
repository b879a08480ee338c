/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which helpers a program may call depends, for some, on the name of what it attaches to: a kernel
 * of our own making has functions, hooks, iterators and members of all the names that matter, and
 * beside each one that differs a little.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"

static const char *const functions[] = {
	/* whose argument's path may be told */
	"security_file_permission", "security_inode_getattr", "security_file_open",
	"security_path_truncate", "vfs_truncate", "vfs_fallocate", "dentry_open", "vfs_getattr",
	"filp_close", "vfs_getattrs", "filp_clos",
	/* which storage functions may not trace themselves */
	"bpf_sk_storage_get", "bpf_sk_storage", "bpf_sk_storag", "ordinary",
};

static const char *const iterators[] = { "task", "tcp", "unix", "udp", "task_file" };

static const char *const hooks[] = {
	"sock_graft", "inet_csk_clone", "inet_conn_established", "socket_post_create", "socket_socketpair",
	"socket_bind", "file_open", "inode_getattr", "inode_free_security", "bprm_creds_for_exec",
	"bprm_committed_creds", "task_free", "task_alloc", "mmap_file", "socket_sendmsg",
};

enum { MEMBERS = 3 };
static const char *const members[MEMBERS] = { "init", "release", "released" },
			 *const queue_members[MEMBERS] = { "enqueue", "dequeue", "enqueues" };

static const char *const calls[] = {
	"bpf_d_path", "bpf_ima_inode_hash", "bpf_ima_file_hash", "bpf_sk_storage_get", "bpf_sk_storage_delete",
	"bpf_setsockopt", "bpf_getsockopt", "bpf_bprm_opts_set", "bpf_get_func_ip", "bpf_get_attach_cookie",
	"bpf_get_func_arg", "bpf_get_func_ret", "bpf_get_func_arg_cnt", "bpf_tcp_send_ack",
	"bpf_ktime_get_coarse_ns", "bpf_inode_storage_get", "bpf_task_storage_get", "bpf_seq_printf",
	"bpf_copy_from_user", "bpf_ktime_get_ns",
};

/* Kernel functions that ask where they are called, and some that do not. */
static const char *const kfuncs[] = {
	"bpf_skb_get_hash", "bpf_kfree_skb", "bpf_qdisc_skb_drop", "bpf_qdisc_watchdog_schedule",
	"bpf_qdisc_bstats_update", "bpf_ksock_acquire", "bpf_ksock_release", "bpf_ksock_send", "bpf_session_cookie",
	"bpf_session_is_return", "bpf_sock_destroy", "scx_bpf_now", "scx_bpf_locked_rq", "scx_bpf_nr_cpu_ids",
	"bpf_task_release", "bpf_copy_from_user_str", "crash_kexec", "bpf_preempt_disable",
};

static int sure(int id)
{
	if (id < 0) {
		fprintf(stderr, "sweep: libbpf refuses a type: %s\n", strerror(-id));
		exit(2);
	}
	return id;
}

static void add_functions(struct btf *b, const char *prefix, const char *const *names, size_t cnt, int proto)
{
	for (size_t i = 0; i < cnt; i++) {
		char name[96];

		snprintf(name, sizeof(name), "%s%s", prefix, names[i]);
		sure(btf__add_func(b, name, BTF_FUNC_STATIC, proto));
	}
}

/* Structs of functions: congestion control, and another whose members are called the same. */
static void add_ops(struct btf *b, const char *name, const char *const own[MEMBERS], int proto)
{
	char other[96];
	int ptr = sure(btf__add_ptr(b, proto));

	sure(btf__add_struct(b, name, 8 * MEMBERS));
	for (size_t i = 0; i < MEMBERS; i++)
		sure(btf__add_field(b, own[i], ptr, (unsigned int)(64 * i), 0));
	snprintf(other, sizeof(other), "%s__", name);
	add_functions(b, other, own, MEMBERS, proto);
	snprintf(other, sizeof(other), "bpf_struct_ops_%s", name);
	sure(btf__add_struct(b, other, 8));
}

static struct btf *make_kernel(void)
{
	struct btf *b = btf__new_empty();
	int number, path, proto, iter;

	if (!b)
		exit(2);
	number = sure(btf__add_int(b, "int", 4, BTF_INT_SIGNED));
	path = sure(btf__add_struct(b, "path", 16));
	sure(btf__add_field(b, "mnt", number, 0, 0));
	path = sure(btf__add_ptr(b, path));
	proto = sure(btf__add_func_proto(b, number));
	sure(btf__add_func_param(b, "path", path));
	iter = sure(btf__add_func_proto(b, number));
	for (int i = 0; i < 3; i++)
		sure(btf__add_func_param(b, "path", path));
	add_functions(b, "", functions, ARRAY_CNT(functions), proto);
	add_functions(b, "bpf_iter_", iterators, ARRAY_CNT(iterators), iter);
	add_functions(b, "bpf_lsm_", hooks, ARRAY_CNT(hooks), proto);
	add_functions(b, "security_", hooks, ARRAY_CNT(hooks), proto);
	add_ops(b, "tcp_congestion_ops", members, proto);
	add_ops(b, "sched_ext_ops", members, proto);
	add_ops(b, "Qdisc_ops", queue_members, proto);
	add_functions(b, "", kfuncs, ARRAY_CNT(kfuncs), sure(btf__add_func_proto(b, number)));
	sure(btf__add_typedef(b, "btf_trace_ordinary", sure(btf__add_ptr(b, iter))));
	return b;
}

/* The first argument of what it attaches to as the call's, and memory: so that some are accepted. */
static void ask_calls(struct sweep *s, const char *head, const char *name)
{
	struct digest d = { 0 };
	unsigned int accepted = 0;
	char text[1024], said[32], row[128];

	for (size_t i = 0; i < ARRAY_CNT(calls); i++) {
		snprintf(text, sizeof(text),
			 "case x\nmap sk_storage key 4 value 8 max 0\n%s %s\nexpect accept\n"
			 "  r1 = *(u64 *)(r1 +0)\n  if r1 == 0 goto end\n  r2 = r10\n  r2 += -8\n  *(u64 *)(r2 +0) = 0\n"
			 "  r3 = 8\n  r4 = 0\n  r5 = 0\n  call %s\n  end:\n  r0 = 0\n  exit\n",
			 head, name, calls[i]);
		accepted += sweep_text(s, &d, text);
		snprintf(text, sizeof(text),
			 "case x\nmap sk_storage key 4 value 8 max 0\n%s %s\nexpect accept\n"
			 "  call %s\n  r0 = 0\n  exit\n",
			 head, name, calls[i]);
		accepted += sweep_text(s, &d, text);
	}
	for (size_t i = 0; i < ARRAY_CNT(kfuncs); i++) {
		snprintf(text, sizeof(text), "case x\n%s %s\nexpect accept\n  call %s\n  r0 = 0\n  exit\n", head, name,
			 kfuncs[i]);
		accepted += sweep_text(s, &d, text);
	}
	snprintf(said, sizeof(said), "%u accepted", accepted);
	snprintf(row, sizeof(row), "%s %s", strrchr(head, '\n') + 1, name);
	sweep_row(s, row, said, &d);
}

static void ask_each(struct sweep *s, const char *const *heads, size_t head_cnt, const char *const *names, size_t cnt)
{
	for (size_t h = 0; h < head_cnt; h++)
		for (size_t i = 0; i < cnt; i++)
			ask_calls(s, heads[h], names[i]);
}

static void ask_all(struct sweep *s)
{
	static const char *const of_functions[] = { "type tracing\nattach trace_fentry", "type tracing\nattach trace_fexit",
						    "type tracing\nattach modify_return" };
	static const char *const of_iterators[] = { "type tracing\nattach trace_iter" };
	static const char *const of_hooks[] = { "type lsm\nattach lsm_mac", "type lsm\nflags sleepable\nattach lsm_mac",
						"type lsm\nattach lsm_cgroup" };
	static const char *const of_members[] = { "type struct_ops\nattach 0", "type struct_ops\nattach 1",
						  "type struct_ops\nattach 2" };
	/* kprobe, kprobe.session, uprobe.session, and what has no such number */
	static const char *const sessions[] = { "type kprobe\nattach 0", "type kprobe\nattach 56", "type kprobe\nattach 57",
						"type kprobe\nattach 58" };
	static const char *const nothing[] = { "" };
	static const char *const tracepoint[] = { "type tracing\nattach trace_raw_tp" };
	static const char *const ops[] = { "tcp_congestion_ops", "sched_ext_ops", "Qdisc_ops" }, *const ordinary[] = { "ordinary" };

	ask_each(s, of_functions, ARRAY_CNT(of_functions), functions, ARRAY_CNT(functions));
	ask_each(s, of_iterators, ARRAY_CNT(of_iterators), iterators, ARRAY_CNT(iterators));
	ask_each(s, of_hooks, ARRAY_CNT(of_hooks), hooks, ARRAY_CNT(hooks));
	ask_each(s, of_members, ARRAY_CNT(of_members), ops, ARRAY_CNT(ops));
	ask_each(s, tracepoint, ARRAY_CNT(tracepoint), ordinary, ARRAY_CNT(ordinary));
	ask_each(s, sessions, ARRAY_CNT(sessions), nothing, ARRAY_CNT(nothing));
}

void sweep_allowed(struct sweep *s)
{
	struct btf *kernel = make_kernel();
	struct sweep own = *s;
	uint32_t bytes;

	own.names = (struct casenames){ .vmlinux = kernel };
	own.names.vmlinux_data = (void *)btf__raw_data(kernel, &bytes);
	own.names.vmlinux_bytes = bytes;
	for (int p = 0; p < PROFILE_CNT; p++) {
		struct bgv_target_spec spec = { .version = sweep_versions[p],
						.nr_cpus = 2,
						.vmlinux_btf = own.names.vmlinux_data,
						.vmlinux_btf_bytes = bytes };

		if (bgv_target_new(&spec, &own.full[p]) < 0)
			exit(2);
	}
	ask_all(&own);
	s->passed = own.passed;
	s->failed = own.failed;
	for (int p = 0; p < PROFILE_CNT; p++)
		bgv_target_free(own.full[p]);
	btf__free(kernel);
}
