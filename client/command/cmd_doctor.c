/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate doctor`: what this kernel and setup lack for bpfgate, each with its fix. Promises to look
 * only (it changes nothing, needs no privilege and no daemon; one that runs is asked about its policy) and
 * to report what it saw, not what a version number suggests. Trusts the kernel's files; what it may not read it calls unknown.
 */
#include "client/shared/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/bpffs.h"
#include "proto/own.h"

#define DOCTOR_BPF_FS_MAGIC	0xcafe4a11
#define DOCTOR_CGROUP2_MAGIC	0x63677270

enum doctor_state { DOCTOR_MISSING, DOCTOR_NOTE, DOCTOR_OK };

static const char *const doctor_state_names[] = { "MISSING", "note", "ok" };

/* What a check found; text may come from the kernel or another user. */
struct doctor_finding {
	enum doctor_state state;
	char detail[160];
};

struct doctor_check {
	const char *name;
	void (*look)(struct doctor_finding *ret_finding);
	const char *fix;
};

__attribute__((format(printf, 3, 4))) static void doctor_say(struct doctor_finding *finding,
							      enum doctor_state state,
							      const char *format, ...)
{
	va_list args;

	finding->state = state;
	va_start(args, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, args);
	va_end(args);
}

/* First line of a small file without its newline; -errno. */
static int doctor_read(const char *path, char *ret_text, size_t bytes)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t cnt;

	if (fd < 0)
		return -errno;
	cnt = read(fd, ret_text, bytes - 1);
	if (cnt < 0)
		return -errno;
	ret_text[cnt] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return 0;
}

static void doctor_kernel(struct doctor_finding *f)
{
	struct utsname uts;
	unsigned int major = 0, minor = 0;

	if (uname(&uts) < 0 || sscanf(uts.release, "%u.%u", &major, &minor) != 2) {
		doctor_say(f, DOCTOR_NOTE, "release unknown");
		return;
	}
	if (major < 6 || (major == 6 && minor < 1))
		doctor_say(f, DOCTOR_MISSING, "Linux %s: profiles begin with 6.1", uts.release);
	else
		doctor_say(f, DOCTOR_OK, "Linux %s on %s", uts.release, uts.machine);
}

static void doctor_btf(struct doctor_finding *f)
{
	struct stat st;

	if (stat("/sys/kernel/btf/vmlinux", &st) < 0)
		doctor_say(f, DOCTOR_MISSING, "/sys/kernel/btf/vmlinux: %s", strerror(errno));
	else
		doctor_say(f, DOCTOR_OK, "vmlinux BTF, %lld bytes", (long long)st.st_size);
}

static void doctor_unprivileged(struct doctor_finding *f)
{
	char text[32];

	if (doctor_read("/proc/sys/kernel/unprivileged_bpf_disabled", text, sizeof(text)) < 0)
		doctor_say(f, DOCTOR_NOTE, "unknown");
	else if (!strcmp(text, "0"))
		doctor_say(f, DOCTOR_MISSING, "0: anyone may load programs without asking bpfgate");
	else
		doctor_say(f, DOCTOR_OK, "kernel.unprivileged_bpf_disabled=%s", text);
}

static void doctor_jit(struct doctor_finding *f)
{
	char text[32];
	int r = doctor_read("/proc/sys/net/core/bpf_jit_enable", text, sizeof(text));

	if (r == -ENOENT)
		doctor_say(f, DOCTOR_NOTE, "no such knob in this network namespace");
	else if (r < 0)
		doctor_say(f, DOCTOR_NOTE, "not readable without privileges");
	else if (!strcmp(text, "0"))
		doctor_say(f, DOCTOR_MISSING, "JIT is off: kernel functions, arenas and speed are missing");
	else
		doctor_say(f, DOCTOR_OK, "on");
}

static void doctor_lockdown(struct doctor_finding *f)
{
	char text[64];

	if (doctor_read("/sys/kernel/security/lockdown", text, sizeof(text)) < 0)
		doctor_say(f, DOCTOR_NOTE, "unknown (securityfs not readable)");
	else if (strstr(text, "[confidentiality]"))
		doctor_say(f, DOCTOR_NOTE, "%s: reading kernel memory is refused to every program", text);
	else
		doctor_say(f, DOCTOR_OK, "%s", text);
}

static void doctor_lsm(struct doctor_finding *f)
{
	char text[160];

	if (doctor_read("/sys/kernel/security/lsm", text, sizeof(text)) < 0)
		doctor_say(f, DOCTOR_NOTE, "unknown (securityfs not readable)");
	else if (!strstr(text, "landlock"))
		doctor_say(f, DOCTOR_MISSING, "%s: no landlock", text);
	else
		doctor_say(f, strstr(text, "bpf") ? DOCTOR_OK : DOCTOR_NOTE, "%s%s", text,
			   strstr(text, "bpf") ? "" : " (no bpf: LSM programs do not attach)");
}

static void doctor_landlock(struct doctor_finding *f)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0)
		doctor_say(f, DOCTOR_MISSING, "%s", strerror(errno));
	else if (abi < 4)
		doctor_say(f, DOCTOR_NOTE, "ABI %ld: judges miss the network rules (seccomp covers them)", abi);
	else
		doctor_say(f, DOCTOR_OK, "ABI %ld", abi);
}

static void doctor_seccomp(struct doctor_finding *f)
{
	unsigned int action = SECCOMP_RET_USER_NOTIF;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		doctor_say(f, DOCTOR_MISSING, "no user notification: `bpfgate run` cannot work");
	else
		doctor_say(f, DOCTOR_OK, "user notification is there");
}

/* No attr is that large: the kernel says E2BIG to everybody, before it looks at anything. */
#define DOCTOR_ATTR_TOO_LARGE (1u << 20)

/* What bpf() answers here; a filter may end the process that asks, so it is another. Negative: it was ended, or could not ask. */
static int doctor_ask_bpf(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(syscall(SYS_bpf, 0, NULL, DOCTOR_ATTR_TOO_LARGE) < 0 ? errno & 0xff : 0);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* A filter on bpf() above us wins over the launcher's: containers, SystemCallFilter=. */
static void doctor_outer_filter(struct doctor_finding *f)
{
	int answer = doctor_ask_bpf();

	if (answer == E2BIG)
		doctor_say(f, DOCTOR_OK, "bpf() reaches the kernel");
	else if (answer < 0)
		doctor_say(f, DOCTOR_MISSING, "a filter ends who calls bpf(): clients that read or write maps, and `bpfgate run`, fail");
	else
		doctor_say(f, DOCTOR_MISSING, "a filter answers bpf() with %s: clients cannot read or write maps; `bpfgate run` fails",
			   strerrorname_np(answer) ? strerrorname_np(answer) : "nothing");
}

static void doctor_bpffs(struct doctor_finding *f)
{
	char open_dir[256];
	struct statfs fs;

	if (bpffs_find_open(open_dir, sizeof(open_dir)))
		doctor_say(f, DOCTOR_NOTE,
			   "%s may be written by others than root: who can, and is granted a map for reading "
			   "(share_with), can pin it there natively and write it",
			   open_dir);
	else if (statfs("/sys/fs/bpf", &fs) < 0 || (unsigned long)fs.f_type != DOCTOR_BPF_FS_MAGIC)
		doctor_say(f, DOCTOR_NOTE, "/sys/fs/bpf is not a bpf file system: tools that look for one do not pin");
	else
		doctor_say(f, DOCTOR_OK, "/sys/fs/bpf");
}

static void doctor_cgroup(struct doctor_finding *f)
{
	static const char *const paths[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_CNT(paths); i++)
		if (statfs(paths[i], &fs) == 0 && (unsigned long)fs.f_type == DOCTOR_CGROUP2_MAGIC) {
			doctor_say(f, DOCTOR_OK, "version 2 at %s", paths[i]);
			return;
		}
	doctor_say(f, DOCTOR_MISSING, "no cgroup2 mount: no unit rules, no cgroup programs");
}

static const char *doctor_socket_path(void)
{
	const char *path = getenv("BPFGATE_SOCKET");

	return path && *path ? path : BPFGATE_RUNDIR "/bpfgate.sock";
}

static void doctor_socket(struct doctor_finding *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = doctor_socket_path();
	OWN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path)) {
		doctor_say(f, DOCTOR_MISSING, "%s: %s", path, fd < 0 ? strerror(errno) : "path too long");
		return;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		doctor_say(f, DOCTOR_MISSING, "%s: %s", path, strerror(errno));
	else
		doctor_say(f, DOCTOR_OK, "%s answers", path);
}

/* What a running daemon says of the newest policy files; without one there is nothing to say. */
static void doctor_policy(struct doctor_finding *f)
{
	OWN_MEM char *text = NULL;
	json_t *doc;
	const char *refused;

	if (bpfgate_control(BPFGATE_STATUS, "", &text) < 0 || !text) {
		doctor_say(f, DOCTOR_NOTE, "unknown: no daemon answers");
		return;
	}
	doc = json_loads(text, 0, NULL);
	refused = json_string_value(json_object_get(json_object_get(doc, "policy"), "refused"));
	if (refused && *refused)
		doctor_say(f, DOCTOR_MISSING, "refused: %s", refused);
	else
		doctor_say(f, DOCTOR_OK, "the files are in force");
	json_decref(doc);
}

/* What is in no record of the daemon's: it tells only root. */
static void doctor_orphans(struct doctor_finding *f)
{
	OWN_MEM char *text = NULL;
	json_int_t cnt;
	json_t *doc;
	bool aside;

	if (geteuid() != 0 || bpfgate_control(BPFGATE_STATUS, "", &text) < 0 || !text) {
		doctor_say(f, DOCTOR_NOTE, "unknown: %s", geteuid() ? "only root may ask" : "no daemon answers");
		return;
	}
	doc = json_loads(text, 0, NULL);
	cnt = json_integer_value(json_object_get(doc, "orphans"));
	aside = json_is_true(json_object_get(json_object_get(doc, "ledger"), "set_aside"));
	if (cnt || aside)
		doctor_say(f, DOCTOR_NOTE, "%s%lld programs of the loaders have no record",
			   aside ? "another version's ledger is set aside; " : "", (long long)cnt);
	else
		doctor_say(f, DOCTOR_OK, "no program of the loaders is without a record");
	json_decref(doc);
}

static void doctor_group(struct doctor_finding *f)
{
	const struct group *group = getgrnam("bpfgate");
	gid_t groups[256];
	int cnt = getgroups((int)ARRAY_CNT(groups), groups);

	if (!group) {
		doctor_say(f, DOCTOR_NOTE, "there is no group bpfgate");
		return;
	}
	if (geteuid() == 0 || getegid() == group->gr_gid) {
		doctor_say(f, DOCTOR_OK, "you may connect");
		return;
	}
	for (int i = 0; i < cnt; i++)
		if (groups[i] == group->gr_gid) {
			doctor_say(f, DOCTOR_OK, "you are a member");
			return;
		}
	doctor_say(f, DOCTOR_NOTE, "you are not a member: the socket may refuse you");
}

static void doctor_userns(struct doctor_finding *f)
{
	char text[32] = "";

	if (doctor_read("/proc/sys/user/max_user_namespaces", text, sizeof(text)) < 0 || !strcmp(text, "0"))
		doctor_say(f, DOCTOR_OK, "off; judges have their namespaces from bpfgated");
	else
		doctor_say(f, DOCTOR_OK, "available");
}

static void doctor_yama(struct doctor_finding *f)
{
	char text[32];

	if (doctor_read("/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) < 0)
		doctor_say(f, DOCTOR_OK, "Yama is not there");
	else if (!strcmp(text, "0") || !strcmp(text, "1"))
		doctor_say(f, DOCTOR_OK, "ptrace_scope=%s", text);
	else
		doctor_say(f, DOCTOR_NOTE, "ptrace_scope=%s: `bpfgate run` may not read its child", text);
}

static const struct doctor_check doctor_checks[] = {
	{ "kernel", doctor_kernel, "boot Linux 6.1 or later" },
	{ "btf", doctor_btf, "build the kernel with CONFIG_DEBUG_INFO_BTF=y" },
	{ "unprivileged-bpf", doctor_unprivileged, "sysctl kernel.unprivileged_bpf_disabled=2" },
	{ "jit", doctor_jit, "sysctl net.core.bpf_jit_enable=1" },
	{ "lockdown", doctor_lockdown, "lockdown=integrity keeps tracing possible" },
	{ "lsm", doctor_lsm, "boot with lsm=...,landlock,bpf" },
	{ "landlock", doctor_landlock, "build the kernel with CONFIG_SECURITY_LANDLOCK=y" },
	{ "user-namespaces", doctor_userns, "sysctl user.max_user_namespaces=10000" },
	{ "seccomp", doctor_seccomp, "build the kernel with CONFIG_SECCOMP_FILTER=y" },
	{ "outer-filter", doctor_outer_filter, "allow bpf() in the container's or unit's filter" },
	{ "yama", doctor_yama, "sysctl kernel.yama.ptrace_scope=1" },
	{ "bpffs", doctor_bpffs, "mount -t bpf bpf /sys/fs/bpf" },
	{ "cgroup", doctor_cgroup, "mount cgroup2 (systemd does)" },
	{ "socket", doctor_socket, "systemctl enable --now bpfgate.socket" },
	{ "policy", doctor_policy, "bpfgate policy check, then bpfgate reload" },
	{ "orphans", doctor_orphans, "bpfgate list orphans; a pinned one ends with bpfgate unpin" },
	{ "group", doctor_group, "systemd-sysusers (makes the group); usermod -aG bpfgate USER, then log in again" },
};

static json_t *doctor_examine(bool *ret_missing)
{
	json_t *rows = json_array();

	*ret_missing = false;
	for (size_t i = 0; rows && i < ARRAY_CNT(doctor_checks); i++) {
		const struct doctor_check *check = &doctor_checks[i];
		struct doctor_finding finding = { .state = DOCTOR_OK };

		check->look(&finding);
		*ret_missing |= finding.state == DOCTOR_MISSING;
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "check", check->name, "state",
						      doctor_state_names[finding.state], "detail",
						      finding.detail, "fix",
						      finding.state == DOCTOR_OK ? "" : check->fix));
	}
	return rows;
}

static int doctor_print(json_t *rows, bool json, bool pretty)
{
	static const struct out_column columns[] = {
		{ "check", "CHECK", false, false },
		{ "state", "STATE", false, false },
		{ "detail", "SEEN", false, false },
		{ "fix", "FIX", false, false },
	};

	if (!json)
		return out_table(stdout, rows, columns, ARRAY_CNT(columns), &(struct out_table_opts){ 0 });
	return out_json_take(stdout, json_pack("{s:s, s:O}", "schema_version", OUT_SCHEMA_VERSION, "checks", rows), pretty);
}

struct doctor_args {
	bool json, pretty, fail_on_missing;
};

static int doctor_take(void *ctx, enum option_id id, char *value)
{
	struct doctor_args *args = ctx;

	(void)value;
	args->fail_on_missing |= id == OPT_FAIL_ON_MISSING;
	args->json |= id == OPT_JSON || id == OPT_PRETTY;
	args->pretty |= id == OPT_PRETTY;
	return 0;
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor_args args = { 0 };
	bool missing;
	json_t *rows;
	int r;

	if (!options_parse(VERB_DOCTOR, argc, argv, doctor_take, &args, &r))
		return r;
	if (optind != argc)
		return options_usage(VERB_DOCTOR);
	rows = doctor_examine(&missing);
	r = rows ? doctor_print(rows, args.json, args.pretty) : -ENOMEM;
	json_decref(rows);
	if (r < 0)
		return EXIT_INTERNAL;
	return args.fail_on_missing && missing ? EXIT_THRESHOLD : EXIT_OK;
}
