/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events that programs are attached to: of what a rule names, known by the kernel's name or by
 * the file, of whose processes the rule says, and telling nothing but what programs write. Alice's
 * rule says the least, Bob's the most: what is refused to her is his control.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "client/library/self.h"
#include "proto/attr.h"
#include "proto/cmd.h"
#include "proto/own.h"
#include "proto/perf.h"
#include "proto/trace.h"
#include "tests/daemon/attack.h"
#include "tests/daemon/stuck.h"
#include "tests/lib/holds.h"

#define PAGE	   4096u
#define CAROL	   65530 /* her rule names files, and says nothing of others' processes */
#define DISABLED   (1ull << 0)
#define WATERMARK  (1ull << 14)
#define BACKWARD   (1ull << 27)
#define SAMPLE_RAW (1ull << 10)
#define CALLCHAIN  (1ull << 5)
#define REGS_USER  (1ull << 12)

#define RULE(id, user, attach, more)                                                                                \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"                       \
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"tracepoint\", \"kprobe\",\n" \
	"  \"perf_event\"]}, \"helpers\": {\"any_except\": []}, \"perfmon\": \"grant\", \"attach\": {" attach       \
	"}" more "},\n"                                                                                             \
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"},\n"                               \
	" \"quota\": {\"loads_per_minute\": 100000}}"

static const char policy[] = "{\"version\": 1, \"rules\": [\n" RULE(
	"alice", "65531",
	"\"tracepoint\": [\"sched:sched_process_*\", \"syscalls:sys_enter_getppid\"], \"perf_event\": [\"software\"]",
	"") ",\n" RULE("alices-probes", "65531", "\"uprobe\": [\"*/libc.so.6\", \"/bin/true\"]",
		       ", \"processes\": \"any\"") ",\n" RULE("carol", "65530",
							      "\"uprobe\": [\"*\"]",
							      "") ",\n" RULE("bob", "65532",
									     "\"tracepoint\": [\"*\"], \"uprobe\": [\"*\"], \"perf_event\": [\"*\"], \"kprobe\": [\"vfs_*\"]",
									     ", \"processes\": \"any\", \"samples\": true") "]}\n";

static struct live live;

/* ---- asking ---- */

static int open_event(const struct perf_open *open)
{
	struct perf_open asked = *open;
	int r = bpfgate_bpf(CMD_PERF_EVENT_OPEN, &asked, sizeof(asked));

	return r < 0 ? -errno : r;
}

/* What tracefs says, to root. */
static uint64_t event_id(const char *name)
{
	char path[128], text[24] = "";
	OWN_FD int fd = -1;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strtoull(text, NULL, 10) : 0;
}

static struct {
	uint64_t exec, switches, getppid;
} ids;

static int open_tracepoint(uint64_t id, uint64_t sample_type)
{
	const struct perf_open open = { .kind = PERF_KIND_TRACEPOINT,
					.config = id,
					.sample_type = sample_type,
					.period = sample_type != 0,
					.wakeup = sample_type != 0 };

	return open_event(&open);
}

static int set_bpf(int event, int prog)
{
	struct perf_set_bpf set = { event, prog };
	int r = bpfgate_bpf(CMD_PERF_EVENT_SET_BPF, &set, sizeof(set));

	return r < 0 ? -errno : r;
}

/* A program that counts in element 0 of the map. */
static int load_counting(uint32_t type, uint32_t attach_type, int map)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = 2,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load_for(type, attach_type, "counter", insns, ARRAY_CNT(insns));
}

static int load_counter(uint32_t type, int map)
{
	return load_counting(type, 0, map);
}

static int counter_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	return live_call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static uint64_t counted(int map)
{
	union bpf_attr attr;
	uint32_t key = 0;
	uint64_t value = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return live_call(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) == 0 ? value : 0;
}

static bool is_refused(int r, int err, const char *why)
{
	if (r == -err && live_reason_has(why))
		return true;
	printf("%s: %d, %s\n", why, r, bpfgate_last_reason());
	return false;
}

/* ---- tracepoints ---- */

static bool part_alices_tracepoints(void *arg)
{
	int map = counter_map(), prog = load_counter(BPF_PROG_TYPE_TRACEPOINT, map);
	int next = load_counter(BPF_PROG_TYPE_TRACEPOINT, map); /* one that is not attached there */
	int event = open_tracepoint(ids.getppid, 0), other = open_tracepoint(ids.getppid, 0), link;
	uint64_t before;

	if (FAILS(map < 0) || FAILS(prog < 0) || FAILS(event < 0) || FAILS(other < 0))
		return false;
	(void)syscall(SYS_getppid);
	if (FAILS(counted(map)) || FAILS(set_bpf(event, prog) != 0))
		return false;
	(void)syscall(SYS_getppid);
	before = counted(map);
	if (FAILS(before == 0) || FAILS(close(event) < 0))
		return false;
	link = live_link(next, BPF_PERF_EVENT, (uint32_t)other);
	if (FAILS(link < 0))
		return false;
	before = counted(map);
	(void)syscall(SYS_getppid);
	return HOLDS(counted(map) > before) &&
	       HOLDS(is_refused(open_tracepoint(ids.switches, 0), EPERM,
				"tracepoint at \"sched:sched_switch\" is not listed")) &&
	       HOLDS(open_tracepoint(1u << 30, 0) == -EINVAL) &&
	       HOLDS(open_tracepoint(ids.exec, 0) >= 0);
}

static bool part_bobs_tracepoints(void *arg)
{
	return HOLDS(open_tracepoint(ids.switches, 0) >= 0);
}

static bool part_strangers_tracepoints(void *arg)
{
	return HOLDS(
		is_refused(open_tracepoint(ids.exec, 0), EPERM, "no allow rule names the caller"));
}

static bool an_event_is_what_the_kernel_calls_it_and_a_rule_names(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_alices_tracepoints, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_bobs_tracepoints, NULL)) &&
	       HOLDS(live_as(65528, part_strangers_tracepoints, NULL));
}

/* ---- whose event, whose program ---- */

static int open_natively(uint64_t id)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.config = id };

	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Root's event reached her; and one of her own beside it. */
static bool part_attaches_to(void *arg)
{
	const int *roots = arg;
	int map = counter_map(), prog = load_counter(BPF_PROG_TYPE_TRACEPOINT, map);
	int hers = open_tracepoint(ids.getppid, 0);

	return HOLDS(prog >= 0) &&
	       HOLDS(is_refused(set_bpf(*roots, prog), EPERM,
				"not opened through this bpfgated")) &&
	       HOLDS(is_refused(live_link(prog, BPF_PERF_EVENT, (uint32_t)*roots), EPERM,
				"not opened through this bpfgated")) &&
	       HOLDS(set_bpf(map, prog) == -EBADF) && HOLDS(set_bpf(-1, prog) == -EBADF) &&
	       HOLDS(set_bpf(hers, map) == -EINVAL) && HOLDS(set_bpf(hers, prog) == 0);
}

static bool an_event_that_was_opened_past_the_daemon_takes_no_program(void)
{
	OWN_FD int roots = open_natively(ids.getppid);

	return HOLDS(roots >= 0) && HOLDS(live_as(LIVE_ALICE, part_attaches_to, &roots));
}

struct passed {
	int event, handle;
	int done; /* a pipe */
};

/* Alice's rule does not list what Bob's event is of; nor is his handle hers. */
static bool part_uses_bobs(void *arg)
{
	const struct passed *bobs = arg;
	int map = counter_map(), prog = load_counter(BPF_PROG_TYPE_TRACEPOINT, map);
	int hers = open_tracepoint(ids.getppid, 0);

	return HOLDS(prog >= 0) && HOLDS(hers >= 0) &&
	       HOLDS(is_refused(set_bpf(bobs->event, prog), EPERM, "sched_switch")) &&
	       HOLDS(is_refused(set_bpf(hers, bobs->handle), EPERM, "belongs to another user")) &&
	       HOLDS(set_bpf(hers, prog) == 0);
}

static bool part_bob_opens(void *arg)
{
	struct passed bobs;
	int map = counter_map();

	bobs.handle = load_counter(BPF_PROG_TYPE_TRACEPOINT, map);
	bobs.event = open_tracepoint(ids.switches, 0);
	if (FAILS(bobs.handle < 0) || FAILS(bobs.event < 0))
		return false;
	/* A child of root's that has inherited them is Alice: see below. */
	return HOLDS(set_bpf(bobs.event, bobs.handle) == 0);
}

static bool part_gets_bobs(void *arg)
{
	int *ends = arg;
	struct passed bobs;
	int map = counter_map();
	char go;

	bobs.handle = load_counter(BPF_PROG_TYPE_TRACEPOINT, map);
	bobs.event = open_tracepoint(ids.switches, 0);
	if (FAILS(bobs.handle < 0) || FAILS(bobs.event < 0) ||
	    FAILS(write(ends[1], &bobs, sizeof(bobs)) != sizeof(bobs)))
		return false;
	return HOLDS(read(ends[0], &go, 1) == 1);
}

/* Root takes them from Bob's process and gives them to Alice's. */
static bool another_users_event_and_handle_are_no_ones_own(void)
{
	int to[2], from[2], status = 1;
	struct passed bobs;
	bool ok = false;
	pid_t pid;

	if (FAILS(pipe2(to, O_CLOEXEC) < 0) || FAILS(pipe2(from, O_CLOEXEC) < 0))
		return false;
	pid = fork();
	if (pid == 0) {
		int ends[2] = { to[0], from[1] };

		_exit(live_become(LIVE_BOB) && part_gets_bobs(ends) ? 0 : 1);
	}
	if (pid > 0 && read(from[0], &bobs, sizeof(bobs)) == sizeof(bobs)) {
		OWN_FD int pidfd = pidfd_open(pid, 0);
		OWN_FD int event = pidfd_getfd(pidfd, bobs.event, 0);
		OWN_FD int handle = pidfd_getfd(pidfd, bobs.handle, 0);
		struct passed hers = { event, handle, -1 };

		ok = HOLDS(event >= 0) && HOLDS(handle >= 0) &&
		     HOLDS(live_as(LIVE_ALICE, part_uses_bobs, &hers));
	}
	ok = HOLDS(write(to[1], "", 1) == 1) && HOLDS(waitpid(pid, &status, 0) == pid) &&
	     HOLDS(status == 0) && ok;
	close(to[0]), close(to[1]), close(from[0]), close(from[1]);
	return HOLDS(ok) && HOLDS(live_as(LIVE_BOB, part_bob_opens, NULL));
}

/* ---- files ---- */

/* Where a function of libc lies in its file, and which that is. */
static uint64_t find_in_libc(char path[256])
{
	uintptr_t address = (uintptr_t)dlsym(RTLD_DEFAULT, "getppid");
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long first, end, off;
	char line[512];
	uint64_t found = 0;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &first, &end, &off, path) == 4 &&
		    address >= first && address < end) {
			found = address - first + off;
			break;
		}
	if (maps)
		(void)fclose(maps);
	return found;
}

static int open_uprobe(const char *path, uint64_t offset, pid_t pid)
{
	OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
	OWN_FD int pidfd = pid ? pidfd_open(pid, 0) : -1;
	const struct perf_open open = { .kind = PERF_KIND_UPROBE,
					.flags = PERF_OPEN_FILE | (pid ? PERF_OPEN_PROCESS : 0),
					.cpu = pid ? -1 : 0,
					.file = file,
					.pidfd = pidfd,
					.offset = offset };

	return file < 0 || (pid && pidfd < 0) ? -ENODEV : open_event(&open);
}

/* A user of tests was root: what it runs now is its own again. */
static bool be_traceable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool part_probes_libc(void *arg)
{
	int map = counter_map(), prog = load_counter(BPF_PROG_TYPE_KPROBE, map), event;
	char path[256] = "";
	uint64_t offset = find_in_libc(path);

	if (FAILS(!be_traceable()) || FAILS(prog < 0) || FAILS(!offset))
		return false;
	event = open_uprobe(path, offset, getpid());
	if (FAILS(event < 0) || FAILS(set_bpf(event, prog) != 0))
		return false;
	(void)getppid();
	return HOLDS(counted(map) == 1) && HOLDS(open_uprobe("/bin/true", 4096, getpid()) >= 0) &&
	       HOLDS(is_refused(open_uprobe("/bin/false", 4096, getpid()), EPERM, "is not listed"));
}

/* What libbpf makes of uprobe.multi: a path, and where in the file. */
static int link_uprobes(int prog, const char *path, uint64_t offset, uint32_t pid)
{
	struct {
		uint32_t prog_fd, target_fd, attach_type, flags;
		uint64_t path, offsets, ref_ctr_offsets, cookies;
		uint32_t cnt, more_flags, pid, zero;
	} attr = { .prog_fd = (uint32_t)prog,
		   .attach_type = 48, /* BPF_TRACE_UPROBE_MULTI, Linux 6.6 */
		   .path = (uintptr_t)path,
		   .offsets = (uintptr_t)&offset,
		   .cnt = 1,
		   .pid = pid };

	return live_call(BPF_LINK_CREATE, (union bpf_attr *)&attr, 60);
}

/* The same by a descriptor of the file, as from Linux 7.2 on; older ones know no such flag. path may be NULL. */
static int link_uprobes_by_fd(int prog, const char *path, const char *file)
{
	OWN_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint64_t offset = 4096;
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, 48);
	attr_put_u64(attr, ATTR_LINK_CREATE_UPROBE_MULTI_PATH, (uintptr_t)path);
	attr_put_u64(attr, ATTR_LINK_CREATE_UPROBE_MULTI_OFFSETS, (uintptr_t)&offset);
	attr_put_u32(attr, ATTR_LINK_CREATE_UPROBE_MULTI_CNT, 1);
	attr_put_u32(attr, ATTR_LINK_CREATE_UPROBE_MULTI_FLAGS, CMD_F_UPROBE_PATH_FD);
	attr_put_u32(attr, ATTR_LINK_CREATE_UPROBE_MULTI_PATH_FD, (uint32_t)fd);
	return live_call(BPF_LINK_CREATE, (union bpf_attr *)attr, ATTR_END_LINK_CREATE_UPROBE_MULTI_PATH_FD);
}

/* The type that such a program is loaded for. */
static int load_multi(int map)
{
	return load_counting(BPF_PROG_TYPE_KPROBE, 48, map);
}

static bool part_links_libc(void *arg)
{
	int map = counter_map(), prog = load_multi(map), link;
	char path[256] = "";
	uint64_t offset = find_in_libc(path);

	if (FAILS(prog < 0))
		return false;
	link = link_uprobes(prog, path, offset, (uint32_t)getpid());
	if (FAILS(link < 0))
		return false;
	(void)getppid();
	return HOLDS(counted(map) == 1) && HOLDS(link_uprobes(prog, "/bin/true", 4096, 0) >= 0) &&
	       HOLDS(is_refused(link_uprobes(prog, "/bin/false", 4096, 0), EPERM,
				"is not listed")) &&
	       HOLDS(link_uprobes(prog, "/no/such/file", 4096, 0) == -ENOENT);
}

static bool part_links_by_descriptor(void *arg)
{
	OWN_FD int prog = load_multi(counter_map()), link = -1;

	if (FAILS(prog < 0))
		return false;
	/* Control: the kernel is asked, and may not know the flag. */
	link = link_uprobes_by_fd(prog, NULL, "/bin/true");
	if (FAILS(link < 0 && !is_refused(link, EINVAL, "the kernel refused")))
		return false;
	return HOLDS(is_refused(link_uprobes_by_fd(prog, NULL, "/bin/false"), EPERM, "is not listed")) &&
	       HOLDS(is_refused(link_uprobes_by_fd(prog, "/bin/true", "/bin/false"), EPERM, "is not listed"));
}

static bool the_file_of_probes_is_the_one_that_the_kernel_will_take(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_links_by_descriptor, NULL));
}

/* PROG_ASSOC_STRUCT_OPS, Linux 7.0; older ones know no such command, and say so. */
static int associate(int prog, int map)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_ASSOC_MAP_FD, (uint32_t)map);
	attr_put_u32(attr, ATTR_ASSOC_PROG_FD, (uint32_t)prog);
	return live_call(CMD_PROG_ASSOC_STRUCT_OPS, (union bpf_attr *)attr, ATTR_END_ASSOC_FLAGS);
}

static bool part_associates(void *arg)
{
	OWN_FD int map = counter_map(), prog = load_multi(map);
	struct utsname kernel;

	/* Control: it is no struct_ops map, as the kernel says of one's own. */
	if (FAILS(uname(&kernel) < 0 || prog < 0) || FAILS(associate(prog, map) != -EINVAL))
		return false;
	if (atoi(kernel.release) < 7)
		return HOLDS(associate(prog, *(const int *)arg) == -EINVAL);
	return HOLDS(is_refused(associate(prog, *(const int *)arg), EPERM, "is not one that bpfgate made"));
}

static bool a_program_is_associated_with_no_map_of_roots(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	OWN_FD int roots = self_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));

	return HOLDS(roots >= 0) && HOLDS(live_as(LIVE_ALICE, part_associates, &roots));
}

static bool part_links_tracing(void *arg)
{
	OWN_FD int prog = load_multi(counter_map());
	uint8_t attr[ATTR_BYTES] = { 0 };
	uint32_t id = 1;

	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, 59 /* BPF_TRACE_FENTRY_MULTI, Linux 7.2 */);
	attr_put_u64(attr, ATTR_LINK_CREATE_TRACING_MULTI_IDS, (uintptr_t)&id);
	attr_put_u32(attr, ATTR_LINK_CREATE_TRACING_MULTI_CNT, 1);
	return HOLDS(prog >= 0) &&
	       HOLDS(is_refused(live_call(BPF_LINK_CREATE, (union bpf_attr *)attr,
					  ATTR_END_LINK_CREATE_TRACING_MULTI_CNT),
				EPERM, "one by one")) &&
	       HOLDS(link_uprobes(prog, "/bin/true", 4096, 0) >= 0);
}

static bool functions_by_their_numbers_in_one_link_are_refused_with_a_reason(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_links_tracing, NULL));
}

static bool part_carol_links_libc(void *arg)
{
	int map = counter_map(), prog = load_multi(map);
	char path[256] = "";
	uint64_t offset = find_in_libc(path);

	return HOLDS(prog >= 0) && HOLDS(be_traceable()) &&
	       HOLDS(is_refused(link_uprobes(prog, path, offset, (uint32_t)getpid()), EPERM,
				"reaches other users' processes"));
}

/* Two functions, of which her rule names one; this kernel may have no way to attach to either. */
static bool part_links_functions(void *arg)
{
	struct {
		uint32_t prog_fd, target_fd, attach_type, flags, more_flags, cnt;
		uint64_t syms, addrs, cookies;
	} attr = { .attach_type = 42 /* BPF_TRACE_KPROBE_MULTI */, .cnt = 2 };
	const char *granted[] = { "vfs_read", "vfs_write" },
		   *mixed[] = { "vfs_read", "tcp_connect" };
	uint64_t addrs[] = { 0xffffffff81000000ull, 0xffffffff81000010ull };
	int map = counter_map(), r;

	attr.prog_fd = (uint32_t)load_counter(BPF_PROG_TYPE_KPROBE, map);
	attr.syms = (uintptr_t)granted;
	r = live_call(BPF_LINK_CREATE, (union bpf_attr *)&attr, sizeof(attr));
	if (FAILS(r < 0 && !live_reason_has("the kernel refused")))
		return false;
	attr.syms = (uintptr_t)mixed;
	r = live_call(BPF_LINK_CREATE, (union bpf_attr *)&attr, sizeof(attr));
	if (FAILS(!is_refused(r, EPERM, "kprobe at \"tcp_connect\" is not listed")))
		return false;
	attr.syms = 0;
	attr.addrs = (uintptr_t)addrs;
	r = live_call(BPF_LINK_CREATE, (union bpf_attr *)&attr, sizeof(attr));
	return HOLDS(is_refused(r, EPERM, "by name, not by address"));
}

static bool a_link_to_several_places_is_granted_each_of_them(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_links_libc, NULL)) &&
	       HOLDS(live_as(CAROL, part_carol_links_libc, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_links_functions, NULL));
}

/* The kernel calls her file /bin/true, in a mount namespace of hers where that is another. */
static bool part_lies(void *arg)
{
	if (FAILS(!be_traceable()) || FAILS(unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
	    FAILS(mount("/bin/false", "/bin/true", NULL, MS_BIND, NULL) < 0))
		return false;
	return HOLDS(is_refused(open_uprobe("/bin/true", 4096, getpid()), EACCES,
				"no such file under the name")) &&
	       HOLDS(umount2("/bin/true", MNT_DETACH) == 0) && /* the broker may hold it for a moment */
	       HOLDS(open_uprobe("/bin/true", 4096, getpid()) >= 0);
}

static bool a_file_is_what_it_is_in_the_host_whatever_the_caller_calls_it(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_probes_libc, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_lies, NULL));
}

static bool part_probes_fuse(void *arg)
{
	const struct stuck *stuck = arg;
	const struct perf_open open = {
		.kind = PERF_KIND_UPROBE, .flags = PERF_OPEN_FILE, .cpu = 0, .file = stuck->fd
	};

	return HOLDS(open_event(&open) == -EACCES) &&
	       HOLDS(open_uprobe("/bin/false", 4096, 0) >= 0);
}

/* Found under the same name by the daemon, but no file; and ways to hold one that read nothing. */
static bool part_probes_what_is_no_program(void *arg)
{
	static const struct {
		const char *path;
		int flags;
		const char *why;
	} files[] = {
		{ "/usr", O_RDONLY, "regular files of local file systems" },
		{ "/dev/null", O_RDWR, "regular files of local file systems" },
		{ "/dev/null", O_WRONLY, "may not read the file" },
		{ "/bin/false", O_PATH, "may not read the file" },
	};

	for (size_t i = 0; i < ARRAY_CNT(files); i++) {
		OWN_FD int fd = open(files[i].path, files[i].flags | O_CLOEXEC);
		const struct perf_open open = {
			.kind = PERF_KIND_UPROBE, .flags = PERF_OPEN_FILE, .cpu = 0, .file = fd
		};

		if (FAILS(fd < 0) || FAILS(!is_refused(open_event(&open), EACCES, files[i].why))) {
			printf("%s\n", files[i].path);
			return false;
		}
	}
	return HOLDS(open_uprobe("/bin/false", 4096, 0) >= 0);
}

/* A file of a kind of file system that is not on the list. Empty: none could be made. */
static void make_queue(char dir[64], char path[80])
{
	OWN_FD int fd = -1;

	snprintf(dir, 64, "%s/queues", live.dir);
	snprintf(path, 80, "%s/q", dir);
	if (mkdir(dir, 0755) == 0 && mount("none", dir, "mqueue", 0, NULL) == 0 && chmod(dir, 0755) == 0)
		fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		path[0] = '\0';
}

static bool part_probes_a_queue(void *arg)
{
	return !*(const char *)arg ||
	       HOLDS(is_refused(open_uprobe(arg, 0, 0), EACCES, "regular files of local file systems"));
}

static bool a_file_of_a_file_system_that_is_not_listed_takes_no_probe(void)
{
	char dir[64], path[80];
	bool ok;

	make_queue(dir, path);
	ok = live_as(LIVE_BOB, part_probes_a_queue, path);
	(void)umount2(dir, MNT_DETACH);
	(void)rmdir(dir);
	return HOLDS(ok) && HOLDS(live_as(LIVE_BOB, part_probes_what_is_no_program, NULL));
}

static bool a_file_whose_pages_somebody_else_gives_out_takes_no_probe(void)
{
	struct stuck stuck;
	bool ok;

	if (!stuck_start(&stuck, "nobody"))
		return true; /* no FUSE here */
	ok = live_as(LIVE_BOB, part_probes_fuse, &stuck);
	stuck_done(&stuck);
	return HOLDS(ok);
}

/* ---- processes ---- */

static int open_count(uint64_t config, pid_t pid)
{
	OWN_FD int pidfd = pid ? pidfd_open(pid, 0) : -1;
	const struct perf_open open = { .kind = PERF_KIND_SOFTWARE,
					.config = config,
					.period = config == PERF_COUNT_SW_CPU_CLOCK ? 10000000 : 1,
					.flags = pid ? PERF_OPEN_PROCESS : 0,
					.cpu = pid ? -1 : 0,
					.pidfd = pidfd };

	return open_event(&open);
}

static bool part_counts_roots(void *arg)
{
	const pid_t *roots = arg;

	return HOLDS(be_traceable()) &&
	       HOLDS(is_refused(open_count(0, *roots), EPERM, "reaches other users' processes")) &&
	       HOLDS(is_refused(open_count(0, 0), EPERM, "reaches other users' processes")) &&
	       HOLDS(open_count(0, getpid()) >= 0);
}

static bool part_bob_counts_roots(void *arg)
{
	const pid_t *roots = arg;
	char path[256] = "";
	uint64_t offset = find_in_libc(path);

	return HOLDS(open_count(0, *roots) >= 0) && HOLDS(open_count(0, 0) >= 0) &&
	       HOLDS(open_uprobe(path, offset, *roots) >= 0) &&
	       HOLDS(open_uprobe(path, offset, 0) >= 0);
}

/* Her own process, which the kernel would not let her trace. */
static bool part_counts_the_undumpable(void *arg)
{
	if (FAILS(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
		return false;
	return HOLDS(is_refused(open_count(0, getpid()), EPERM,
				"reaches other users' processes")) &&
	       HOLDS(be_traceable()) && HOLDS(open_count(0, getpid()) >= 0);
}

/* The kernel runs a probe's program on in what her process becomes: so none is only of her own. */
static bool part_carol_probes_her_own(void *arg)
{
	char path[256] = "";
	uint64_t offset = find_in_libc(path);

	return HOLDS(be_traceable()) && HOLDS(is_refused(open_uprobe(path, offset, getpid()), EPERM,
							 "reaches other users' processes"));
}

#define FAULTS 2000u

static void touch_pages(void)
{
	char *pages = mmap(NULL, FAULTS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	(void)madvise(pages, FAULTS * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; pages != MAP_FAILED && i < FAULTS; i++)
		*(volatile char *)(pages + i * PAGE) = 1;
}

/* How many page faults of a child that runs this file her program sees. */
static int64_t faults_seen(const char *file, int event_of(pid_t pid))
{
	int map = counter_map(), prog = load_counter(BPF_PROG_TYPE_PERF_EVENT, map), event, go[2],
	    status = 1;
	char said = 0;
	pid_t pid;

	if (prog < 0 || pipe(go) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &said, 1) == 1)
			execl(file, file, "--touch", NULL);
		_exit(1);
	}
	event = event_of(pid);
	if (event < 0 || set_bpf(event, prog) != 0 || write(go[1], "", 1) != 1 ||
	    waitpid(pid, &status, 0) != pid || status)
		return -1;
	return (int64_t)counted(map);
}

static int open_faults(pid_t pid)
{
	return open_count(PERF_COUNT_SW_PAGE_FAULTS, pid);
}

static bool part_counts_what_becomes_roots(void *arg)
{
	const char *const *files = arg;
	int64_t own, roots;

	if (FAILS(!be_traceable()))
		return false;
	own = faults_seen(files[0], open_faults);
	roots = faults_seen(files[1], open_faults);
	printf("page faults seen: %lld, as root %lld\n", (long long)own, (long long)roots);
	return HOLDS(own >= FAULTS) && HOLDS(roots >= 0) && HOLDS(roots < FAULTS);
}

/* A copy of this program, root's. */
static bool copy_self(char path[64], const char *name, mode_t mode)
{
	char cmd[256];

	snprintf(path, 64, "%s/%s", live.dir, name);
	snprintf(cmd, sizeof(cmd), "cp /proc/%d/exe %s", (int)getpid(), path);
	return system(cmd) == 0 && chmod(path, mode) == 0;
}

static bool other_users_processes_take_a_rule_that_says_so(void)
{
	pid_t roots = getpid();
	char plain[64], as_root[64];
	const char *files[] = { plain, as_root };

	return HOLDS(live_as(LIVE_ALICE, part_counts_roots, &roots)) &&
	       HOLDS(live_as(LIVE_BOB, part_bob_counts_roots, &roots)) &&
	       HOLDS(live_as(LIVE_ALICE, part_counts_the_undumpable, NULL)) &&
	       HOLDS(live_as(CAROL, part_carol_probes_her_own, NULL)) &&
	       HOLDS(copy_self(plain, "plain", 0755)) &&
	       HOLDS(copy_self(as_root, "as-root", 04755)) &&
	       HOLDS(live_as(LIVE_ALICE, part_counts_what_becomes_roots, files));
}

/* ---- what it tells ---- */

/* How many bytes the kernel wrote for one call of getppid. -1: the buffer could not be mapped. */
static int64_t bytes_told(int event)
{
	struct perf_event_mmap_page *page =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, event, 0);
	int64_t told;

	if (page == MAP_FAILED)
		return -1;
	for (int i = 0; i < 1000; i++)
		(void)syscall(SYS_getppid);
	told = (int64_t)page->data_head;
	(void)munmap(page, 2 * PAGE);
	return told;
}

static bool run_on_cpu_0(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static bool part_alice_asks_for_samples(void *arg)
{
	int event = open_tracepoint(ids.getppid, SAMPLE_RAW | CALLCHAIN);
	const struct perf_open clock = { .kind = PERF_KIND_SOFTWARE,
					 .sample_type = CALLCHAIN,
					 .period = 1000000,
					 .cpu = -1,
					 .flags = PERF_OPEN_PROCESS,
					 .pidfd = pidfd_open(getpid(), 0) };
	struct perf_open plain = clock;

	plain.sample_type = 0;
	return HOLDS(be_traceable()) && HOLDS(run_on_cpu_0()) && HOLDS(event >= 0) &&
	       HOLDS(bytes_told(event) == 0) &&
	       HOLDS(is_refused(open_event(&clock), EPERM, "tells more than programs write")) &&
	       HOLDS(open_event(&plain) >= 0) &&
	       HOLDS(open_tracepoint(ids.getppid, REGS_USER) == -EACCES);
}

static bool part_bob_asks_for_samples(void *arg)
{
	int event = open_tracepoint(ids.getppid, SAMPLE_RAW | CALLCHAIN);

	return HOLDS(run_on_cpu_0()) && HOLDS(event >= 0) && HOLDS(bytes_told(event) > 0) &&
	       HOLDS(open_tracepoint(ids.getppid, REGS_USER) == -EACCES);
}

static bool an_event_tells_nothing_but_what_programs_write(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_alice_asks_for_samples, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_bob_asks_for_samples, NULL));
}

/* ---- form ---- */

static bool part_malformed(void *arg)
{
	const struct perf_open good = { .kind = PERF_KIND_TRACEPOINT, .config = ids.getppid };
	static const uint32_t kinds[] = { 0, PERF_KIND_CNT, PERF_KIND_CNT + 1, 1u << 20, UINT32_MAX };
	struct perf_open bad[] = { good, good, good, good, good, good, good, good, good, good, good };

	bad[0].bits = 1ull << 8; /* mmap */
	bad[1].zero = 1;
	bad[2].flags = PERF_OPEN_FILE;
	bad[3].cpu = -1;
	bad[4].clockid = 1;
	bad[5].offset = 8;
	bad[6].kind = PERF_KIND_CNT;
	bad[7].read_format = 1ull << 40;
	bad[8].ref_ctr_offset = 8;
	bad[9].name = (uintptr_t) "x";
	bad[10].flags = PERF_OPEN_RETURN;
	for (size_t i = 0; i < ARRAY_CNT(kinds); i++) {
		const struct perf_open strange = { .kind = kinds[i], .config = ids.getppid };

		if (FAILS(open_event(&strange) != -EINVAL))
			return false;
	}
	for (size_t i = 0; i < ARRAY_CNT(bad); i++)
		if (FAILS(open_event(&bad[i]) != -EINVAL)) {
			printf("malformed %zu\n", i);
			return false;
		}
	return HOLDS(open_event(&good) >= 0);
}

/* The bits that a buffer for programs' data may have are those that were asked for. */
static bool part_output_bits(void *arg)
{
	const struct perf_open plain = { .kind = PERF_KIND_OUTPUT,
					 .sample_type = SAMPLE_RAW,
					 .period = 1 };
	struct perf_open backward = plain, told = plain;
	union bpf_attr attr;
	void *pages;

	backward.bits = BACKWARD | WATERMARK;
	told.sample_type = SAMPLE_RAW | CALLCHAIN;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	if (FAILS(open_event(&plain) != -EACCES) ||
	    FAILS(live_call(BPF_MAP_CREATE, &attr, sizeof(attr)) < 0))
		return false;
	/* Two events may not share a buffer when one of them writes backward: so the kernel tells
	 * them apart. */
	int first = open_event(&plain), second = open_event(&backward), third = open_event(&plain);

	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, first, 0);
	return HOLDS(first >= 0) && HOLDS(second >= 0) && HOLDS(third >= 0) &&
	       HOLDS(pages != MAP_FAILED) &&
	       HOLDS(ioctl(second, PERF_EVENT_IOC_SET_OUTPUT, first) < 0) &&
	       HOLDS(ioctl(third, PERF_EVENT_IOC_SET_OUTPUT, first) == 0) &&
	       HOLDS(open_event(&told) == -EACCES);
}

static bool what_is_not_carried_is_refused(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_malformed, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_output_bits, NULL));
}

/* ---- how many ---- */

static bool part_opens_clocks(void *arg)
{
	const struct perf_open clock = { .kind = PERF_KIND_SOFTWARE, .period = 10000000 };
	int most = 8 * get_nprocs_conf(), last = -1;

	for (int i = 0; i < most; i++) {
		last = open_event(&clock);
		if (FAILS(last < 0))
			return false;
	}
	return HOLDS(is_refused(open_event(&clock), EMFILE,
				"too many events that the kernel counts")) &&
	       HOLDS(open_tracepoint(ids.getppid, 0) >= 0) &&
	       HOLDS(live_mine("perf_events") > most);
}

static bool nobody_gets_more_timers_than_a_profiler_needs(void)
{
	return HOLDS(live_as(LIVE_BOB, part_opens_clocks, NULL));
}

/* ---- what is read beside bpf() ---- */

static int open_trace(enum trace_file_kind what, const char *name)
{
	struct trace_open open = { .what = what, .name = (uintptr_t)name };
	int r = bpfgate_bpf(CMD_TRACE_OPEN, &open, sizeof(open));

	return r < 0 ? -errno : r;
}

/* The text of such a file; "" when there is none. Valid until the next one is read. */
static const char *read_trace(enum trace_file_kind what, const char *name)
{
	static char text[1u << 20];
	OWN_FD int fd = open_trace(what, name);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool part_alice_reads(void *arg)
{
	return HOLDS(strtoull(read_trace(TRACE_FILE_ID, "syscalls/sys_enter_getppid"), NULL, 10) ==
		     ids.getppid) &&
	       HOLDS(strstr(read_trace(TRACE_FILE_FORMAT, "syscalls/sys_enter_getppid"),
			    "name: sys_enter_getppid")) &&
	       HOLDS(is_refused(open_trace(TRACE_FILE_ID, "sched/sched_switch"), EPERM,
				"sched_switch\" is not listed")) &&
	       HOLDS(is_refused(open_trace(TRACE_FILE_FORMAT, "sched/sched_switch"), EPERM,
				"is not listed")) &&
	       HOLDS(strstr(read_trace(TRACE_FILE_EVENTS, NULL), "sched:sched_process_exec\n")) &&
	       HOLDS(!strstr(read_trace(TRACE_FILE_EVENTS, NULL), "sched:sched_switch\n"));
}

/* His rule names every event, and nothing but events. */
static bool part_bob_reads(void *arg)
{
	static const char *const others[] = { "../trace",
					      "sched/../..",
					      "sched",
					      "sched/sched_switch/",
					      "/sched/sched_switch",
					      "sched/sched_switch/id",
					      "",
					      "sched//sched_switch",
					      "./sched" };

	for (size_t i = 0; i < ARRAY_CNT(others); i++)
		if (FAILS(open_trace(TRACE_FILE_FORMAT, others[i]) >= 0)) {
			printf("\"%s\"\n", others[i]);
			return false;
		}
	return HOLDS(open_trace(TRACE_FILE_FORMAT, "sched/no_such_event") == -ENOENT) &&
	       HOLDS(open_trace(TRACE_FILE_CNT, NULL) == -EINVAL) &&
	       HOLDS(open_trace(TRACE_FILE_ID, NULL) == -EINVAL) &&
	       HOLDS(open_trace(TRACE_FILE_FORMAT, "sched/sched_switch") >= 0) &&
	       HOLDS(strstr(read_trace(TRACE_FILE_EVENTS, NULL), "sched:sched_switch\n"));
}

/* Her rule lets programs attach, but to no tracepoint. */
static bool part_carol_reads(void *arg)
{
	return HOLDS(is_refused(open_trace(TRACE_FILE_EVENTS, NULL), EPERM, "to any tracepoint"));
}

static bool part_stranger_reads(void *arg)
{
	return HOLDS(is_refused(open_trace(TRACE_FILE_EVENTS, NULL), EPERM, "no rule allows any program")) &&
	       HOLDS(is_refused(open_trace(TRACE_FILE_ID, "sched/sched_switch"), EPERM,
				"no rule allows any program"));
}

static bool of_tracefs_nobody_reads_more_than_a_rule_names(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_alice_reads, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_bob_reads, NULL)) &&
	       HOLDS(live_as(CAROL, part_carol_reads, NULL)) &&
	       HOLDS(live_as(65528, part_stranger_reads, NULL));
}

/* ---- how long it takes ---- */

#define PROBERS 8
#define PROBES	20

static bool opens_and_closes_probes(void)
{
	for (int i = 0; i < PROBES; i++) {
		OWN_FD int event = open_uprobe("/bin/true", 4096, getpid());

		if (FAILS(event < 0))
			return false;
	}
	return true;
}

static bool part_probers(void *arg)
{
	int status, ended = 0;

	if (FAILS(!be_traceable()))
		return false;
	for (int i = 0; i < PROBERS; i++)
		if (fork() == 0)
			_exit(!opens_and_closes_probes());
	while (wait(&status) > 0)
		ended += status == 0;
	return HOLDS(ended == PROBERS);
}

/* For each the kernel waits, some hundredths of a second, until every processor has been elsewhere. */
static bool who_opens_probes_without_end_waits_for_them_alone(void)
{
	return HOLDS(live_as(LIVE_BOB, part_probers, NULL));
}

static const struct attack_row rows[] = {
	ATTACK(an_event_is_what_the_kernel_calls_it_and_a_rule_names),
	ATTACK(an_event_that_was_opened_past_the_daemon_takes_no_program),
	ATTACK(another_users_event_and_handle_are_no_ones_own),
	ATTACK(a_file_is_what_it_is_in_the_host_whatever_the_caller_calls_it),
	ATTACK(a_link_to_several_places_is_granted_each_of_them),
	ATTACK(a_file_of_a_file_system_that_is_not_listed_takes_no_probe), /* before this leaves the mount namespace */
	ATTACK(a_file_whose_pages_somebody_else_gives_out_takes_no_probe),
	ATTACK(other_users_processes_take_a_rule_that_says_so),
	ATTACK(an_event_tells_nothing_but_what_programs_write),
	ATTACK(what_is_not_carried_is_refused),
	ATTACK(nobody_gets_more_timers_than_a_profiler_needs),
	ATTACK(of_tracefs_nobody_reads_more_than_a_rule_names),
	ATTACK(who_opens_probes_without_end_waits_for_them_alone),
	ATTACK(the_file_of_probes_is_the_one_that_the_kernel_will_take),
	ATTACK(functions_by_their_numbers_in_one_link_are_refused_with_a_reason),
	ATTACK(a_program_is_associated_with_no_map_of_roots),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB, CAROL };

static const struct attack_plan plan = {
	.live = &live,
	.policy = policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
	.idle_fd_cnt = 8, /* idle loaders of two users and the ledger, and two watches until the
			     next sweep */
};

/* tracefs is not mounted everywhere; where it cannot be, there is nothing to test. */
static bool find_ids(void)
{
	if (!event_id("sched/sched_switch"))
		(void)mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
	ids.exec = event_id("sched/sched_process_exec");
	ids.switches = event_id("sched/sched_switch");
	ids.getppid = event_id("syscalls/sys_enter_getppid");
	return ids.exec && ids.switches && ids.getppid;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--touch") == 0) {
		touch_pages();
		return 0;
	}
	if (geteuid() == 0 && !find_ids()) {
		printf("no tracepoints here\n");
		return 77;
	}
	return attack_main(&plan, argc, argv);
}
