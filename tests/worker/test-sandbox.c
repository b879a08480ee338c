/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each part of the sandbox, alone: a process with that part tries what the part forbids, and a process
 * without it does the same thing and succeeds (the control). Needs root, to have something to lose; runs
 * in namespaces of its own, so that the controls do nothing to the machine.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <net/if.h>

#include "proto/own.h"
#include "worker/sandbox.h"

#define NOBODY 65534
#define NOISY_FD 9

/* What the attempts aim at, made by the test before each attempt. */
struct target {
	pid_t outer;
	uint16_t port;
	int shm_id;
	char dir[32];
	char abstract[32];
	char suid_id[48], mount_point[48];
	struct sock_fprog filter;
};

/* 0: it worked; else it was refused. Being killed counts as refused. */
typedef int (*attempt_fn)(const struct target *t);

#define IN_INIT	 (1u << 0)	/* as the first process of the pid namespace that was unshared */
#define AS_NOBODY (1u << 1)
#define SEE_OUTSIDE (1u << 2)	/* the attempt's effect is looked for outside */

struct promise {
	const char *name;
	uint32_t parts;
	attempt_fn attempt;
	uint32_t how;
	attempt_fn seen;	/* SEE_OUTSIDE: 0 when the effect shows; undoes it */
};

/* ---- attempts -------------------------------------------------------------------------------- */

static int try_chroot(const struct target *t)
{
	return chroot("/");
}

/* Prints 0 when the set-user-id bit took effect. */
static int try_setuid_binary(const struct target *t)
{
	char out[16] = "";
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)execl(t->suid_id, "id", "-u", NULL);
		_exit(1);
	}
	(void)waitpid(pid, &status, 0);
	if (read(fds[0], out, sizeof(out) - 1) <= 0)
		return -1;
	return out[0] == '0' ? 0 : -1;
}

static int try_be_root(const struct target *t)
{
	return setresuid(0, 0, 0);
}

static int try_signal_outside(const struct target *t)
{
	return kill(t->outer, 0);
}

static int try_mount(const struct target *t)
{
	return mount("none", t->mount_point, "tmpfs", 0, NULL);
}

static int mount_shows(const struct target *t)
{
	return umount(t->mount_point);
}

static int try_connect(const struct target *t)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(t->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	OWN_FD int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static int try_bind(const struct target *t)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	OWN_FD int fd = socket(AF_INET, SOCK_STREAM, 0);

	return bind(fd, (struct sockaddr *)&at, sizeof(at));
}

static int try_shared_memory(const struct target *t)
{
	struct shmid_ds ds;

	return shmctl(t->shm_id, IPC_STAT, &ds);
}

static int try_hostname(const struct target *t)
{
	return sethostname("bpfgate-test", 12);
}

static int hostname_shows(const struct target *t)
{
	char name[64] = "";

	if (gethostname(name, sizeof(name)) < 0 || strcmp(name, "bpfgate-test") != 0)
		return -1;
	return sethostname("before", 6);
}

static int same_link(const char *ns, pid_t pid)
{
	char path[64], ours[64] = "", theirs[64] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns);
	if (readlink(path, theirs, sizeof(theirs) - 1) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", ns);
	if (readlink(path, ours, sizeof(ours) - 1) < 0)
		return -1;
	return strcmp(ours, theirs) == 0 ? 0 : -1;
}

static int try_share_cgroup_view(const struct target *t)
{
	return same_link("cgroup", t->outer);
}

static int try_read_file(const struct target *t)
{
	OWN_FD int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : 0;
}

static int try_make_file(const struct target *t)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/made", t->dir);
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : 0;
}

static int try_abstract_socket(const struct target *t)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(to.sun_path + 1, t->abstract);
	return connect(fd, (struct sockaddr *)&to,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(t->abstract)));
}

static int try_much_memory(const struct target *t)
{
	return mmap(NULL, SANDBOX_MEMORY_MAX + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int try_fork(const struct target *t)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0;
}

static int try_write_memfd(const struct target *t)
{
	OWN_FD int fd = memfd_create("x", 0);

	(void)signal(SIGXFSZ, SIG_IGN);
	return write(fd, "x", 1) == 1 ? 0 : -1;
}

static int try_many_fds(const struct target *t)
{
	return dup2(STDERR_FILENO, 100) < 0;
}

static int try_exec_page(const struct target *t)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int try_inherited_fd(const struct target *t)
{
	char byte;

	return pread(NOISY_FD, &byte, 1, 0) == 1 ? 0 : -1;
}

static int try_udp(const struct target *t)
{
	OWN_FD int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0;
}

static int try_bpf(const struct target *t)
{
	char attr[128] = { 0 };

	/* MAP_CREATE of an array: type 2, key 4, value 4, one element */
	memcpy(attr, (uint32_t[]){ 2, 4, 4, 1 }, 16);
	return syscall(SYS_bpf, 0, attr, sizeof(attr)) < 0;
}

static int try_exec(const struct target *t)
{
	(void)execl("/bin/true", "true", NULL);
	return -1;
}

static int try_ptrace(const struct target *t)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0;
}

static int try_exec_mapping(const struct target *t)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int try_map_file(const struct target *t)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, NOISY_FD, 0) == MAP_FAILED;
}

static int try_new_process(const struct target *t)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0;
}

static int try_prctl(const struct target *t)
{
	return prctl(PR_GET_DUMPABLE) < 0;
}

/* ---- promises -------------------------------------------------------------------------------- */

static const struct promise promises[] = {
	{ "a_judge_gains_nothing_by_executing", SANDBOX_NO_NEW_PRIVS, try_setuid_binary, AS_NOBODY },
	{ "a_judge_has_no_capability", SANDBOX_NO_CAPS, try_chroot, 0 },
	{ "a_judge_cannot_become_root", SANDBOX_USER_NS, try_be_root, 0 },
	{ "a_judge_sees_no_process", SANDBOX_PID_NS, try_signal_outside, IN_INIT },
	{ "a_judge_mounts_nothing_outside", SANDBOX_USER_NS | SANDBOX_MOUNT_NS, try_mount, SEE_OUTSIDE,
	  mount_shows },
	{ "a_judge_reaches_no_network", SANDBOX_NET_NS, try_connect, 0 },
	{ "a_judge_sees_no_shared_memory", SANDBOX_IPC_NS, try_shared_memory, 0 },
	{ "a_judge_names_no_host", SANDBOX_UTS_NS, try_hostname, SEE_OUTSIDE, hostname_shows },
	{ "a_judge_has_its_own_cgroup_view", SANDBOX_CGROUP_NS, try_share_cgroup_view, 0 },
	{ "landlock_refuses_reading", SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK_FS, try_read_file, 0 },
	{ "landlock_refuses_making_files", SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK_FS, try_make_file, 0 },
	{ "landlock_refuses_connecting", SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK_NET, try_connect, 0 },
	{ "landlock_refuses_binding", SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK_NET, try_bind, 0 },
	{ "landlock_refuses_abstract_sockets", SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK_SCOPE,
	  try_abstract_socket, 0 },
	{ "landlock_refuses_signals_to_outside", SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK_SCOPE,
	  try_signal_outside, 0 },
	{ "limits_bound_memory", SANDBOX_RLIMITS, try_much_memory, 0 },
	{ "limits_forbid_new_processes", SANDBOX_RLIMITS, try_fork, AS_NOBODY },
	{ "limits_forbid_writing_files", SANDBOX_RLIMITS, try_write_memfd, 0 },
	{ "limits_bound_descriptors", SANDBOX_RLIMITS, try_many_fds, 0 },
	{ "no_page_becomes_executable", SANDBOX_MDWE, try_exec_page, 0 },
	{ "nothing_inherited_is_open", SANDBOX_FDS_CLOSED, try_inherited_fd, 0 },
	{ "seccomp_kills_udp", SANDBOX_SECCOMP, try_udp, 0 },
	{ "seccomp_kills_bpf", SANDBOX_SECCOMP, try_bpf, 0 },
	{ "seccomp_kills_exec", SANDBOX_SECCOMP, try_exec, 0 },
	{ "seccomp_kills_ptrace", SANDBOX_SECCOMP, try_ptrace, 0 },
	{ "seccomp_kills_new_processes", SANDBOX_SECCOMP, try_new_process, 0 },
	{ "seccomp_kills_signals", SANDBOX_SECCOMP, try_signal_outside, 0 },
	{ "seccomp_kills_prctl", SANDBOX_SECCOMP, try_prctl, 0 },
	{ "seccomp_kills_executable_mappings", SANDBOX_SECCOMP, try_exec_mapping, 0 },
	{ "seccomp_kills_file_mappings", SANDBOX_SECCOMP, try_map_file, 0 },
	{ "seccomp_refuses_opening", SANDBOX_SECCOMP, try_read_file, 0 },
};

/* ---- the rig --------------------------------------------------------------------------------- */

static int wait_result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define NOT_IN_FORCE 99

static _Noreturn void be_subject(const struct promise *p, const struct target *t, uint32_t parts)
{
	uint32_t got;

	if (p->how & AS_NOBODY && (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(NOT_IN_FORCE);
	got = sandbox_unshare(parts);
	if (p->how & IN_INIT) {
		pid_t pid = fork();

		if (pid != 0)
			_exit(wait_result(pid));
	}
	if (parts & SANDBOX_NO_NEW_PRIVS || parts & SANDBOX_NO_CAPS)
		got |= sandbox_give_up(parts);
	if (parts & SANDBOX_SECCOMP)
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* a root process could do without */
	got |= sandbox_seal(parts, SANDBOX_FD, &t->filter);
	if (got != parts)
		_exit(NOT_IN_FORCE);
	_exit(p->attempt(t) == 0 ? 0 : 1);
}

static int run_subject(const struct promise *p, const struct target *t, uint32_t parts)
{
	int result;
	pid_t pid = fork();

	if (pid == 0)
		be_subject(p, t, parts);
	result = wait_result(pid);
	if (result != NOT_IN_FORCE && p->how & SEE_OUTSIDE)
		result = p->seen(t) == 0 ? 0 : 1;
	return result;
}

static bool keep_promise(const struct promise *p, const struct target *t)
{
	int inside = run_subject(p, t, p->parts);
	int control = run_subject(p, t, 0);

	if (inside != 0 && inside != NOT_IN_FORCE && control == 0)
		return true;
	printf("FAILED %s: %s\n", p->name,
	       inside == NOT_IN_FORCE ? "the part could not be put in force" :
	       inside == 0	      ? "the sandbox allowed it" :
					"the control did not succeed, so nothing is proved");
	return false;
}

/* Another process of the same user reads its memory: not of one that is not dumpable. */
static bool memory_is_private(uint32_t parts, bool want_private)
{
	char path[64];
	int ready[2], result;
	pid_t outer = fork(), pid;

	if (outer > 0)
		return (wait_result(outer) == 1) == want_private;
	if (pipe(ready) < 0 || setresuid(NOBODY, NOBODY, NOBODY) || prctl(PR_SET_DUMPABLE, 1))
		_exit(2);
	pid = fork();
	if (pid == 0) {
		(void)sandbox_give_up(parts);
		(void)!write(ready[1], "x", 1);
		(void)pause();
	}
	(void)!read(ready[0], path, 1);
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	result = open(path, O_RDONLY) < 0;
	(void)kill(pid, SIGKILL);
	_exit(result);
}

static bool root_is_not_reported_as_own_uid(void)
{
	pid_t pid;

	if (sandbox_give_up(SANDBOX_OWN_UID) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		(void)!setresuid(NOBODY, NOBODY, NOBODY);
		_exit(sandbox_give_up(SANDBOX_OWN_UID) == SANDBOX_OWN_UID ? 0 : 1);
	}
	return wait_result(pid) == 0;
}

static void raise_loopback(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	OWN_FD int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)ioctl(fd, SIOCSIFFLAGS, &ifr);
}

static int listen_tcp(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return -1;
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int listen_abstract(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path + 1, name);
	if (bind(fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) < 0)
		return -1;
	return listen(fd, 64) < 0 ? -1 : fd;
}

/* A set-user-id copy of id(1), on a tmpfs of our own that honours the bit. */
static int place_suid_id(struct target *t)
{
	char cmd[256];

	(void)snprintf(t->suid_id, sizeof(t->suid_id), "%s/id", t->dir);
	(void)snprintf(cmd, sizeof(cmd), "cp /usr/bin/id %s && chmod 4755 %s && chmod 755 %s", t->suid_id,
		       t->suid_id, t->dir);
	return system(cmd);
}

static int set_up(struct target *t)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	raise_loopback();
	t->outer = getpid();
	(void)snprintf(t->abstract, sizeof(t->abstract), "bpfgate-%d", t->outer);
	strcpy(t->dir, "/tmp/bpfgate-sandbox-XXXXXX");
	if (!mkdtemp(t->dir) || mount("none", t->dir, "tmpfs", 0, NULL) < 0 || place_suid_id(t))
		return -1;
	(void)snprintf(t->mount_point, sizeof(t->mount_point), "%s/mount", t->dir);
	if (mkdir(t->mount_point, 0755) < 0)
		return -1;
	if (listen_tcp(&t->port) < 0 || listen_abstract(t->abstract) < 0)
		return -1;
	t->shm_id = shmget(IPC_PRIVATE, 4096, 0600);
	if (t->shm_id < 0 || dup2(open("/etc/passwd", O_RDONLY), NOISY_FD) < 0)
		return -1;
	return sandbox_build_filter(&t->filter);
}

static void tear_down(const struct target *t)
{
	free(t->filter.filter);
	(void)umount(t->dir);
	(void)rmdir(t->dir);
}

int main(void)
{
	struct target t = { 0 };
	int passed = 0, failed = 0;
	size_t i;

	if (geteuid()) {
		printf("SKIP: needs root, to have something to lose\n");
		return 77;
	}
	if (set_up(&t) < 0) {
		printf("SKIP: cannot make namespaces here: %s\n", strerror(errno));
		return 77;
	}
	for (i = 0; i < ARRAY_CNT(promises); i++)
		keep_promise(&promises[i], &t) ? passed++ : failed++;
	memory_is_private(SANDBOX_NOT_DUMPABLE, true) && memory_is_private(0, false) ? passed++ : failed++;
	root_is_not_reported_as_own_uid() ? passed++ : failed++;
	tear_down(&t);
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
