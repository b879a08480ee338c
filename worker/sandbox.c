/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a part is reported only when the kernel has confirmed it. Trusts the kernel; each part
 * stands alone, so that one which is missing (an old Landlock, user namespaces switched off) leaves the
 * others in force. What it refuses, it refuses by making it impossible, not by checking.
 */
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/own.h"
#include "worker/filter.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static const char *const part_names[] = {
	"no_new_privs", "no capabilities", "own uid",	  "user namespace", "pid namespace",
	"mount namespace", "network namespace", "ipc namespace", "uts namespace", "cgroup namespace",
	"landlock files", "landlock network", "landlock scopes", "limits", "not dumpable",
	"no new executable memory", "descriptors closed", "seccomp",
};
static_assert(1u << ARRAY_CNT(part_names) == SANDBOX_ALL + 1, "a name for each part");

const char *sandbox_part_name(uint32_t part)
{
	if (!part || part & (part - 1) || part > SANDBOX_ALL)
		return NULL;
	return part_names[__builtin_ctz(part)];
}

/* ---- namespaces ------------------------------------------------------------------------------ */

static const struct namespace_row {
	uint32_t part;
	int flag;
} namespaces[] = {
	{ SANDBOX_USER_NS, CLONE_NEWUSER },   { SANDBOX_PID_NS, CLONE_NEWPID },
	{ SANDBOX_MOUNT_NS, CLONE_NEWNS },    { SANDBOX_NET_NS, CLONE_NEWNET },
	{ SANDBOX_IPC_NS, CLONE_NEWIPC },     { SANDBOX_UTS_NS, CLONE_NEWUTS },
	{ SANDBOX_CGROUP_NS, CLONE_NEWCGROUP },
};

uint32_t sandbox_of_namespaces(unsigned long flags)
{
	uint32_t parts = 0;
	size_t i;

	for (i = 0; i < ARRAY_CNT(namespaces); i++)
		parts |= flags & (unsigned long)namespaces[i].flag ? namespaces[i].part : 0;
	return parts;
}

/* One call when the kernel allows all; else one by one, so that what can be had is had. */
uint32_t sandbox_unshare(uint32_t want)
{
	uint32_t all = 0, done = 0;
	int flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_CNT(namespaces); i++) {
		if (want & namespaces[i].part) {
			all |= namespaces[i].part;
			flags |= namespaces[i].flag;
		}
	}
	if (!flags || unshare(flags) == 0)
		return all;
	for (i = 0; i < ARRAY_CNT(namespaces); i++) {
		if ((all & namespaces[i].part) && unshare(namespaces[i].flag) == 0)
			done |= namespaces[i].part;
	}
	return done;
}

/* ---- identity -------------------------------------------------------------------------------- */

/* Also in a user namespace of our own, which starts with every capability. */
static bool drop_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };
	unsigned long cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap); /* EPERM without CAP_SETPCAP: no_new_privs covers it */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0)
		return false;
	return syscall(SYS_capget, &head, none) == 0 &&
	       !(none[0].permitted | none[1].permitted | none[0].effective | none[1].effective);
}

/* ---- Landlock -------------------------------------------------------------------------------- */

/* The build host's header knows two of these three. */
struct landlock_rules {
	uint64_t fs, net, scoped;
};
#define LANDLOCK_CREATE	    444
#define LANDLOCK_RESTRICT   446
#define LANDLOCK_ASK_VERSION 1u
#define LANDLOCK_NET_TCP    3ull /* bind and connect */
#define LANDLOCK_SCOPES	    3ull /* abstract sockets and signals to outside */

/* Every access right to files that each version knows, refused without an exception. */
static uint64_t landlock_fs_rights(long abi)
{
	static const int bits[] = { 0, 13, 14, 15, 15, 16 };
	size_t known = ARRAY_CNT(bits) - 1;

	return (1ull << bits[(size_t)abi < known ? (size_t)abi : known]) - 1;
}

static uint32_t landlock_enter(uint32_t want)
{
	long abi = syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_ASK_VERSION);
	struct landlock_rules rules = { 0 };
	size_t bytes = abi >= 6 ? sizeof(rules) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	uint32_t parts = 0;
	int fd, r;

	if (abi < 1)
		return 0;
	if (want & SANDBOX_LANDLOCK_FS)
		rules.fs = landlock_fs_rights(abi), parts |= SANDBOX_LANDLOCK_FS;
	if ((want & SANDBOX_LANDLOCK_NET) && abi >= 4)
		rules.net = LANDLOCK_NET_TCP, parts |= SANDBOX_LANDLOCK_NET;
	if ((want & SANDBOX_LANDLOCK_SCOPE) && abi >= 6)
		rules.scoped = LANDLOCK_SCOPES, parts |= SANDBOX_LANDLOCK_SCOPE;
	if (!parts)
		return 0;
	fd = (int)syscall(LANDLOCK_CREATE, &rules, bytes, 0);
	if (fd < 0)
		return 0;
	r = (int)syscall(LANDLOCK_RESTRICT, fd, 0);
	(void)close(fd);
	return r == 0 ? parts : 0;
}

uint32_t sandbox_give_up(uint32_t want)
{
	uint32_t parts = 0;

	if (want & SANDBOX_OWN_UID)
		parts |= getuid() && geteuid() ? SANDBOX_OWN_UID : 0;
	if ((want & SANDBOX_NO_NEW_PRIVS) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		parts |= SANDBOX_NO_NEW_PRIVS;
	if (want & (SANDBOX_LANDLOCK_FS | SANDBOX_LANDLOCK_NET | SANDBOX_LANDLOCK_SCOPE))
		parts |= landlock_enter(want);
	if ((want & SANDBOX_NO_CAPS) && drop_caps())
		parts |= SANDBOX_NO_CAPS;
	if ((want & SANDBOX_NOT_DUMPABLE) && prctl(PR_SET_DUMPABLE, 0) == 0)
		parts |= SANDBOX_NOT_DUMPABLE;
	return parts;
}

/* ---- what each judge does for itself ---------------------------------------------------------- */

static bool close_all_but(int channel)
{
	if (channel != SANDBOX_FD && dup2(channel, SANDBOX_FD) < 0)
		return false;
	return close_range(0, SANDBOX_FD - 1, 0) == 0 && close_range(SANDBOX_FD + 1, ~0u, 0) == 0;
}

static const struct limit_row {
	int resource;
	rlim_t most;
} limit_rows[] = {
	{ RLIMIT_CORE, 0 },	 { RLIMIT_FSIZE, 0 },
	{ RLIMIT_NPROC, 0 }, /* binds only a uid other than root's */
	{ RLIMIT_MEMLOCK, 0 },	 { RLIMIT_MSGQUEUE, 0 },
	{ RLIMIT_NOFILE, SANDBOX_FD + 1 }, /* the channel, and below it room for one memfd */
	{ RLIMIT_CPU, SANDBOX_CPU_SECONDS }, { RLIMIT_AS, SANDBOX_MEMORY_MAX },
};

static bool set_limits(void)
{
	size_t i;

	for (i = 0; i < ARRAY_CNT(limit_rows); i++) {
		struct rlimit limit = { limit_rows[i].most, limit_rows[i].most };

		if (setrlimit((__rlimit_resource_t)limit_rows[i].resource, &limit) < 0)
			return false;
	}
	return true;
}

uint32_t sandbox_seal(uint32_t want, int channel, const struct sock_fprog *filter)
{
	uint32_t parts = 0;

	if ((want & SANDBOX_FDS_CLOSED) && close_all_but(channel))
		parts |= SANDBOX_FDS_CLOSED;
	if ((want & SANDBOX_RLIMITS) && set_limits())
		parts |= SANDBOX_RLIMITS;
	if ((want & SANDBOX_MDWE) && prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0)
		parts |= SANDBOX_MDWE;
	if ((want & SANDBOX_SECCOMP) && filter_install(filter) == 0)
		parts |= SANDBOX_SECCOMP;
	return parts;
}

/*
 * To compute, to answer, to end. Reading an ELF object, libbpf looks for files and makes some: those calls
 * fail as on a machine that has nothing, all others end the process.
 */
static const struct filter_row judge_calls[] = {
	{ __NR_recvmsg, 0, 0 },
	{ __NR_sendmsg, 0, 0 },
	{ __NR_pread64, 0, 0 },
	{ __NR_close, 0, 0 },
	{ __NR_brk, 0, 0 },
	{ __NR_munmap, 0, 0 },
	{ __NR_mremap, 0, 0 },
	{ __NR_madvise, 0, 0 },
	{ __NR_futex, 0, 0 },
	{ __NR_getrandom, 0, 0 },
	{ __NR_clock_gettime, 0, 0 },
	{ __NR_exit_group, 0, 0 },
	{ __NR_rt_sigreturn, 0, 0 },
	{ __NR_getpid, 0, 0 },	/* libbpf makes names of it; of the judge's own namespace */
	{ __NR_sysinfo, 0, 0 }, /* qsort(3) asks how much memory there is */
	{ __NR_uname, 0, 0 },	/* libbpf tells programs the kernel's release */
	{ __NR_restart_syscall, 0, 0 },
	{ __NR_mmap, FILTER_NO_EXEC | FILTER_NO_FD, 0 },
	{ __NR_mprotect, FILTER_NO_EXEC, 0 },
	{ __NR_openat, FILTER_ERRNO, EACCES },
	{ __NR_newfstatat, FILTER_ERRNO, EACCES },
	{ __NR_faccessat, FILTER_ERRNO, EACCES },
	{ __NR_readlinkat, FILTER_ERRNO, EACCES },
	{ __NR_statfs, FILTER_ERRNO, EACCES },
	{ __NR_memfd_create, FILTER_ERRNO, EPERM },
	{ __NR_fcntl, FILTER_ERRNO, EBADF },
	{ __NR_dup3, FILTER_ERRNO, EBADF },
	{ __NR_ioctl, FILTER_ERRNO, ENOTTY },
	{ __NR_write, FILTER_ERRNO, EBADF },
	{ __NR_perf_event_open, FILTER_ERRNO, ENOSYS },
#ifdef __NR_access
	{ __NR_access, FILTER_ERRNO, EACCES },
	{ __NR_readlink, FILTER_ERRNO, EACCES },
#endif
};

int sandbox_build_filter(struct sock_fprog *ret_filter)
{
	return filter_build(judge_calls, ARRAY_CNT(judge_calls), ret_filter);
}

/* No file is opened, nothing executed, no socket but pairs; whoever is not a child sees no signal of it. */
static const struct filter_row zygote_calls[] = {
	{ __NR_clone, 0, 0 },	    { __NR_wait4, 0, 0 },	{ __NR_kill, 0, 0 },
	{ __NR_read, 0, 0 },	    { __NR_write, 0, 0 },	{ __NR_recvmsg, 0, 0 },
	{ __NR_sendmsg, 0, 0 },	    { __NR_socketpair, 0, 0 },	{ __NR_close, 0, 0 },
	{ __NR_close_range, 0, 0 }, { __NR_dup2, 0, 0 },	{ __NR_prctl, 0, 0 },
	{ __NR_prlimit64, 0, 0 },   { __NR_set_robust_list, 0, 0 }, { __NR_rseq, 0, 0 },
	{ __NR_poll, 0, 0 },	    { __NR_rt_sigprocmask, 0, 0 },
};

int sandbox_filter_zygote(void)
{
	struct filter_row rows[ARRAY_CNT(zygote_calls) + ARRAY_CNT(judge_calls)];
	struct sock_fprog filter = { 0 };
	size_t i, cnt = ARRAY_CNT(zygote_calls);
	int r;

	memcpy(rows, zygote_calls, sizeof(zygote_calls));
	for (i = 0; i < ARRAY_CNT(judge_calls); i++) {
		if (judge_calls[i].nr != __NR_write)
			rows[cnt++] = judge_calls[i];
	}
	r = filter_build(rows, cnt, &filter);
	if (r == 0)
		r = filter_install(&filter);
	free(filter.filter);
	return r;
}
