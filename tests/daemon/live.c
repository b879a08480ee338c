/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and watches a real daemon of the build tree; see live.h. */
#include "tests/daemon/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/lib/reports.h"

#define LIVE_PATIENCE_MS 20000

static bool live_place(const struct live *live, const char *builddir, const char *from, const char *to)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "cp '%s/%s' '%s/bin/%s' && chmod 755 '%s/bin/%s'", builddir, from,
		 live->dir, to, live->dir, to);
	return system(cmd) == 0;
}

static bool live_write(const struct live *live, const struct live_file *what)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", live->policy, what->name);
	file = fopen(path, "w");
	if (!file)
		return false;
	fputs(what->text, file);
	return fclose(file) == 0;
}

bool live_write_policy(const struct live *live, const char *policy)
{
	return live_write(live, &(struct live_file){ .name = "50-test.json", .text = policy });
}

static _Noreturn void live_be_bpfgated(const struct live *live, const char *builddir, int out)
{
	char path[256], bin[80];
	const char *argv[25] = { "bpfgated", "--socket", live->socket, "--group", "root", "--libexec", bin,
				 "--broker-user", "65501", "--judge-user", "65502", "--loader-user",
				 "65503", "--policy", live->policy };

	snprintf(path, sizeof(path), "%s/daemon/bpfgated", builddir);
	snprintf(bin, sizeof(bin), "%s/bin", live->dir);
	(void)dup2(live->err > 0 ? live->err : out, STDERR_FILENO);
	(void)unsetenv("JOURNAL_STREAM");
	memcpy(argv + 15, live->more, sizeof(live->more));
	(void)execv(path, (char *const *)argv);
	_exit(127);
}

bool live_start(struct live *live, const char *builddir, const char *policy)
{
	return live_start_with(live, builddir, policy, NULL);
}

bool live_start_with(struct live *live, const char *builddir, const char *policy,
		     const struct live_file *more)
{
	char bin[64];

	live->ready = -1;
	strcpy(live->dir, "/tmp/bpfgate-live-XXXXXX");
	if (!mkdtemp(live->dir) || chmod(live->dir, 0755) < 0)
		return false;
	snprintf(bin, sizeof(bin), "%s/bin", live->dir);
	snprintf(live->policy, sizeof(live->policy), "%s/policy", live->dir);
	snprintf(live->socket, sizeof(live->socket), "%s/socket", live->dir);
	if (mkdir(bin, 0755) < 0 || mkdir(live->policy, 0755) < 0 ||
	    !live_place(live, builddir, live->judge ? live->judge : "tests/daemon/odd-judge", "bpfgate-judge") ||
	    !live_place(live, builddir, "daemon/bpfgate-loader", "bpfgate-loader") ||
	    !live_place(live, builddir, "daemon/bpfgate-broker", "bpfgate-broker") ||
	    !live_write_policy(live, policy) || (more && !live_write(live, more)))
		return false;
	return live_again(live, builddir);
}

/* In a process of its own: whoever has connected once stays so. */
static bool live_part_status(void *arg)
{
	char *json = NULL;
	int r = bpfgate_control(BPFGATE_STATUS, "", &json);

	free(json);
	return r >= 0;
}

static bool live_serves(void *arg)
{
	return live_as(0, live_part_status, arg);
}

static bool live_is_sound(const struct live *live)
{
	char said[80];

	snprintf(said, sizeof(said), "%s/said", live->dir);
	return reports_none(said);
}

bool live_again(struct live *live, const char *builddir)
{
	char said[80];
	int out;

	own_close_fd(&live->ready);
	if (!live_is_sound(live))
		return false;
	snprintf(said, sizeof(said), "%s/said", live->dir);
	(void)unlink(said); /* what the last one said is not what this one says */
	/* A file and not a pipe: what nobody reads for a while must not stop the daemon. */
	out = open(said, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	live->ready = open(said, O_RDONLY | O_CLOEXEC);
	live->parent = out >= 0 && live->ready >= 0 ? fork() : -1;
	if (live->parent == 0)
		live_be_bpfgated(live, builddir, out);
	own_close_fd(&out);
	if (live->parent < 0)
		return false;
	setenv("BPFGATE_SOCKET", live->socket, 1);
	if (live->err > 0 ? !live_until(live_serves, live) : !live_says(live, "bpfgated: ready"))
		return false;
	return chmod(live->socket, 0666) == 0;
}

bool live_stop(struct live *live)
{
	char cmd[128];
	int status = -1;
	bool sound;

	(void)kill(live->parent, SIGTERM);
	(void)waitpid(live->parent, &status, 0);
	own_close_fd(&live->ready);
	sound = live_is_sound(live);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", live->dir);
	return system(cmd) == 0 && sound && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The next byte of what the daemon says; waits for it. */
static bool live_hear(const struct live *live, char *ret_byte)
{
	struct timespec pause = { .tv_nsec = 1000 * 1000 };

	for (int ms = 0; ms < LIVE_PATIENCE_MS; ms++) {
		ssize_t n = read(live->ready, ret_byte, 1);

		if (n != 0)
			return n == 1;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

bool live_says(struct live *live, const char *text)
{
	char line[4096];
	size_t len = 0;

	while (live_hear(live, line + len)) {
		if (line[len] != '\n' && len < sizeof(line) - 2) {
			len++;
			continue;
		}
		line[len] = '\0';
		if (getenv("LIVE_VERBOSE"))
			fprintf(stderr, "    | %s\n", line);
		if (strstr(line, text))
			return true;
		len = 0;
	}
	return false;
}

static bool live_is_child(pid_t pid, pid_t parent, const char *name)
{
	char path[64], text[512], *end;
	ssize_t n;
	int fd, ppid = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	own_close_fd(&fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	/* The kernel keeps 15 characters of a name. */
	return end && sscanf(end, ") %*c %d", &ppid) == 1 && ppid == parent &&
	       strncmp(strchr(text, '(') + 1, name, strnlen(name, 15)) == 0;
}

/* Signals each child of this name (0: none is sent); the last one, and how many there are. */
static pid_t live_each_child(const struct live *live, const char *name, int signal,
			     unsigned int *ret_cnt)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	*ret_cnt = 0;
	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !live_is_child(pid, live->parent, name))
			continue;
		(void)kill(pid, signal);
		found = pid;
		++*ret_cnt;
	}
	if (proc)
		closedir(proc);
	return found;
}

pid_t live_child(const struct live *live, const char *name)
{
	unsigned int cnt;

	return live_each_child(live, name, 0, &cnt);
}

unsigned int live_signal(const struct live *live, const char *name, int signal)
{
	unsigned int cnt;

	(void)live_each_child(live, name, signal, &cnt);
	return cnt;
}

static int live_fds_of(pid_t pid)
{
	char path[64];
	DIR *dir;
	int cnt = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		cnt++;
	if (dir)
		closedir(dir);
	return cnt;
}

int live_fd_cnt(const struct live *live)
{
	return live_fds_of(live->parent) + live_fds_of(live_child(live, "bpfgate-broker"));
}

bool live_become(uid_t uid)
{
	return setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0;
}

bool live_as(uid_t uid, live_part part, void *arg)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		bool ok = live_become(uid) && part(arg);

		if (!ok && getenv("LIVE_VERBOSE"))
			fprintf(stderr, "    last reason: %s\n", bpfgate_last_reason());
		_exit(ok ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* ---- calls ---- */

int live_call(int cmd, union bpf_attr *attr, unsigned int bytes)
{
	int r = bpfgate_bpf(cmd, attr, bytes);

	return r < 0 ? -errno : r;
}

int live_update(int map, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return live_call(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

int live_egress(int cmd, const char *cgroup, int prog, uint32_t flags)
{
	OWN_FD int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)fd;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	attr.attach_flags = flags;
	return live_call(cmd, &attr, sizeof(attr));
}

/* The second word of each info, or the first of a link's two. */
uint32_t live_id_of(int fd)
{
	uint32_t info[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)info;
	return live_call(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info[1];
}

int live_map(uint32_t type, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = type == BPF_MAP_TYPE_PROG_ARRAY ? 4 : 8;
	attr.max_entries = 4;
	attr.map_flags = flags;
	strcpy(attr.map_name, "live");
	return live_call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

int live_load_for(uint32_t type, uint32_t attach_type, const char *name, const struct bpf_insn *insns, uint32_t cnt)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = cnt;
	attr.license = (uintptr_t) "GPL";
	strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
	return live_call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

int live_load(uint32_t type, const char *name, const struct bpf_insn *insns, uint32_t cnt)
{
	return live_load_for(type, 0, name, insns, cnt);
}

int live_prog(uint32_t type, const char *name, int32_t ret)
{
	/* Three instructions: not one of the two-instruction programs that loaders probe with. */
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 77 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load(type, name, insns, ARRAY_CNT(insns));
}

int live_link(int prog, uint32_t attach_type, uint32_t target)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_fd = target;
	attr.link_create.attach_type = attach_type;
	/* Generic XDP: works on every interface. */
	attr.link_create.flags = attach_type == BPF_XDP ? 1u << 1 : 0;
	return live_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

bool live_reason_has(const char *text)
{
	return strstr(bpfgate_last_reason(), text) != NULL;
}

long live_mine(const char *key)
{
	char *json = NULL, *at, quoted[64];
	long value = -1;

	if (bpfgate_control(BPFGATE_STATUS, "", &json) < 0)
		return -1;
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(json, "\"you\":");
	at = at ? strstr(at, quoted) : NULL;
	if (at)
		value = strtol(at + strlen(quoted), NULL, 10);
	free(json);
	return value;
}

/* ---- as root ---- */

bool live_prog_exists(uint32_t id)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int live_load_natively(uint32_t type, int32_t ret)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

const char *live_cgroup_root(void)
{
	struct statfs fs;

	if (statfs(LIVE_CGROUP_ALONE, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return LIVE_CGROUP_ALONE;
	return LIVE_CGROUP_HYBRID;
}

bool live_until(bool (*cond)(void *arg), void *arg)
{
	struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 }, now;
	time_t begin;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (begin = now.tv_sec; (now.tv_sec - begin) * 1000 <= LIVE_PATIENCE_MS;
	     (void)clock_gettime(CLOCK_MONOTONIC, &now)) {
		if (cond(arg))
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}
