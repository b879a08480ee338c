/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose pin a path means: the caller's own, in the directory that the path leads this caller to, or one that a rule
 * shares. Users live in mount namespaces with a bpffs of their own each. Every step is a process of its own, so nothing
 * is held but by pins.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "client/library/self.h"
#include "proto/channel.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"

#define CAROL 65533

#define BPFFS "/sys/fs/bpf"
#define HERE  BPFFS "/pins"
#define MAP   HERE "/map"

#define PINS_RULE(name, user, more)                                                                \
	"{\"id\": \"" name "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"       \
	" \"signed_by\": {\"unsigned\": true},\n"                                                   \
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\",\n"               \
	"  \"pin_under\": [\"" HERE "\"]" more "}}"

static const char pins_policy[] = "{\"version\": 1, \"rules\": [\n" PINS_RULE(
	"alice", "65531", ", \"share_with\": [\"user:65532:rw\", \"user:65533\"]") ",\n" PINS_RULE(
	"bob", "65532", "") ",\n" PINS_RULE("carol", "65533", "") "\n]}\n";

static struct live live;

/* ---- mount namespaces ---- */

enum { HOST = -1 };

static _Noreturn void view_be(void (*change)(void *arg), void *arg, int from, bool leave, int tell)
{
	char byte;

	if (from != HOST && setns(from, CLONE_NEWNS) < 0)
		_exit(1);
	if (leave && (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		_exit(1);
	change(arg);
	/* Until the other has seen where we are. */
	_exit(write(tell, "x", 1) == 1 && read(tell, &byte, 1) == 1 ? 0 : 1);
}

/* Has a process enter or leave a namespace and change something there. arg is memory that is shared with it. */
static bool view_change(void (*change)(void *arg), void *arg, int from, bool leave, int *ret_view)
{
	int tell[2], status = 1;
	char path[40], byte;
	pid_t pid;
	bool ok;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, tell) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(tell[0]);
		view_be(change, arg, from, leave, tell[1]);
	}
	close(tell[1]);
	ok = read(tell[0], &byte, 1) == 1;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	if (ok && ret_view)
		*ret_view = open(path, O_RDONLY | O_CLOEXEC);
	ok = send(tell[0], "x", 1, MSG_NOSIGNAL) == 1 && ok;
	close(tell[0]);
	return waitpid(pid, &status, 0) == pid && status == 0 && ok && (!ret_view || *ret_view >= 0);
}

static void mount_bpffs(void *arg)
{
	if (mount("bpf", BPFFS, "bpf", 0, NULL) < 0 || mkdir(HERE, 0755) < 0)
		_exit(1);
}

static void mount_nothing(void *arg)
{
}

/* The broker may not have closed yet what came with the last request. */
static bool is_unmounted(void *arg)
{
	return umount(BPFFS) == 0 || errno != EBUSY;
}

static void unmount(void *arg)
{
	errno = 0;
	if (!live_until(is_unmounted, NULL) || (errno && errno != EBUSY))
		_exit(1);
}

static void mount_again(void *arg)
{
	struct stat *dirs = arg;

	if (stat(HERE, &dirs[0]) < 0)
		_exit(1);
	unmount(NULL);
	mount_bpffs(NULL);
	if (stat(HERE, &dirs[1]) < 0)
		_exit(1);
}

static void mount_root_again(void *arg)
{
	struct stat *dirs = arg;

	if (rmdir(HERE) < 0 || stat(BPFFS, &dirs[0]) < 0)
		_exit(1);
	unmount(NULL);
	if (mount("bpf", BPFFS, "bpf", 0, NULL) < 0 || stat(BPFFS, &dirs[1]) < 0)
		_exit(1);
}

static void remake_dir(void *arg)
{
	if (rmdir(HERE) < 0 || mkdir(HERE, 0755) < 0)
		_exit(1);
}

static void rename_dir(void *arg)
{
	if (rename(HERE, BPFFS "/old") < 0 || mkdir(HERE, 0755) < 0)
		_exit(1);
}

static void remove_dir(void *arg)
{
	if (rmdir(HERE) < 0)
		_exit(1);
}

static void link_dirs(void *arg)
{
	if (symlink(HERE, BPFFS "/link") < 0 || mkdir(BPFFS "/other", 0755) < 0 ||
	    symlink(BPFFS "/other", HERE "/out") < 0)
		_exit(1);
}

static bool view_new(int *ret_view)
{
	return view_change(mount_bpffs, NULL, HOST, true, ret_view);
}

static bool view_do(int view, void (*change)(void *arg), void *arg)
{
	return view_change(change, arg, view, false, NULL);
}

/* ---- steps ---- */

enum what { PIN, GET, PUT, UNPIN, REPIN, LIE, UNPIN_ANYWHERE, COUNT_TOLD };

struct step {
	enum what what;
	const char *path, *cwd, *dir; /* where relative ones begin; what path_fd is */
	uint32_t flags;
	uint64_t value;	/* of the map that is pinned */
	const char *claim; /* LIE: what the place is said to be called */
};

static int elem(int cmd, int map, uint64_t *value)
{
	uint32_t key = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	return live_call(cmd, &attr, sizeof(attr));
}

static int obj_call(uint32_t cmd, const struct step *step, int fd)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	OWN_FD int dir = -1;
	int r;

	attr_put_u64(attr, ATTR_OBJ_PATHNAME, (uintptr_t)step->path);
	attr_put_u32(attr, ATTR_OBJ_BPF_FD, (uint32_t)fd);
	attr_put_u32(attr, ATTR_OBJ_FILE_FLAGS, step->flags);
	if (step->dir) {
		dir = open(step->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		attr_put_u32(attr, ATTR_OBJ_FILE_FLAGS, step->flags | CMD_F_PATH_FD);
		attr_put_u32(attr, ATTR_OBJ_PATH_FD, (uint32_t)dir);
	}
	r = bpfgate_bpf((int)cmd, attr, ATTR_END_OBJ_PATH_FD);
	return r < 0 ? -errno : r;
}

static int do_pin(const struct step *step)
{
	uint64_t value = step->value;
	OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	int r = map < 0 ? map : elem(BPF_MAP_UPDATE_ELEM, map, &value);

	return r < 0 ? r : obj_call(CMD_OBJ_PIN, step, map);
}

/* What is in the map that is found: the value; with PUT 0 when another could be written. */
static int do_get(const struct step *step)
{
	uint64_t value = step->value;
	OWN_FD int map = obj_call(CMD_OBJ_GET, step, 0);
	struct step again = { .what = PIN, .path = HERE "/again" };
	int r;

	if (map < 0)
		return map;
	if (step->what == REPIN)
		return obj_call(CMD_OBJ_PIN, &again, map);
	r = elem(step->what == PUT ? BPF_MAP_UPDATE_ELEM : BPF_MAP_LOOKUP_ELEM, map, &value);
	return r < 0 || step->what == PUT ? r : (int)value;
}

/* A client that is not our library: the directory is one, the path says another. */
static int place_lie(void *ctx, int dir, const char *path, bool watch, struct codec_place *ret)
{
	const struct step *step = ctx;

	*ret = CODEC_PLACE_INIT;
	ret->below = 1;
	ret->dir = strcmp(step->cwd, "socket") == 0 ? socket(AF_UNIX, SOCK_STREAM, 0) :
						      open(step->cwd, O_PATH | O_CLOEXEC);
	if (strcmp(step->cwd, "deep") == 0) {
		ret->dir = open("/", O_PATH | O_CLOEXEC);
		ret->below = WIRE_PLACE_PARTS_MAX;
	}
	return ret->dir < 0 ? -errno : 0;
}

static int answer_to(const struct codec_call *call)
{
	struct wire_head head = { .version = WIRE_VERSION_MAX, .type = WIRE_REQUEST, .id = 1 };
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct wire_welcome welcome;
	struct wire_reply reply;
	OWN_FD int sock = -1;

	if (!scratch || channel_connect(getenv("BPFGATE_SOCKET"), 10000, &sock, &welcome) < 0 ||
	    channel_send(sock, &head, call->body, call->body_bytes, call->fds, call->fd_cnt, 0) < 0 ||
	    channel_recv(sock, scratch, 0, &msg) != 1 || msg.head.body_bytes < sizeof(reply))
		return -EPIPE;
	memcpy(&reply, msg.body, sizeof(reply));
	return reply.result;
}

static int do_lie(const struct step *step)
{
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct codec_source source;

	self_init_source(&source);
	source.ctx = (void *)(uintptr_t)step;
	source.place = place_lie;
	attr_put_u64(attr, ATTR_OBJ_PATHNAME, (uintptr_t)step->path);
	attr_put_u32(attr, ATTR_OBJ_BPF_FD, (uint32_t)map);
	if (codec_encode_request(&source, CMD_OBJ_PIN, (uintptr_t)attr, ATTR_END_OBJ_PATH_FD, &call) < 0)
		return -EIO;
	return answer_to(&call);
}

/* How many of the caller's decisions are of OBJ_GET and name this path. */
static int do_count_told(const struct step *step)
{
	const char *summary, *repeated;
	char want[128];
	OWN_MEM char *json = NULL;
	int cnt = 0;

	snprintf(want, sizeof(want), "\"summary\":\"%s\"", step->path);
	if (bpfgate_control(BPFGATE_LIST, "decisions", &json) != 0)
		return -EIO;
	for (const char *at = json; (at = strstr(at, "\"OBJ_GET\",\"verdict\":\"allowed\"")); at++) {
		summary = strstr(at, "\"summary\"");
		repeated = strstr(at, "\"repeated\":");
		if (summary && repeated && strncmp(summary, want, strlen(want)) == 0)
			cnt += 1 + atoi(repeated + strlen("\"repeated\":"));
	}
	return cnt;
}

static int do_step(const struct step *step)
{
	if (step->what == COUNT_TOLD)
		return do_count_told(step);
	if (step->what == LIE)
		return do_lie(step);
	if (step->what == UNPIN_ANYWHERE)
		return bpfgate_control(BPFGATE_UNPIN, step->path, NULL);
	if (step->cwd && chdir(step->cwd) < 0)
		return -errno;
	if (step->what == PIN)
		return do_pin(step);
	return step->what == UNPIN ? bpfgate_unpin(step->path) : do_get(step);
}

static int step_in(int view, uid_t uid, struct step step)
{
	int tell[2], r = -EIO, got = -EIO, status;
	pid_t pid;

	if (pipe(tell) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		if ((view == HOST || setns(view, CLONE_NEWNS) == 0) && live_become(uid))
			r = do_step(&step);
		_exit(write(tell[1], &r, sizeof(r)) == (ssize_t)sizeof(r) ? 0 : 1);
	}
	close(tell[1]);
	if (read(tell[0], &r, sizeof(r)) == (ssize_t)sizeof(r))
		got = r;
	close(tell[0]);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	if (getenv("LIVE_VERBOSE"))
		fprintf(stderr, "    uid %u step %d of %s: %d\n", uid, step.what, step.path, got);
	return got;
}

#define IN(view, uid, ...) step_in((view), (uid), (struct step){ __VA_ARGS__ })

/* ---- the attacks ---- */

static bool containers_of_one_user_do_not_share_pins(void)
{
	OWN_FD int one = -1;
	OWN_FD int two = -1;
	OWN_FD int copy = -1;
	bool ok;

	ok = view_new(&one) && view_new(&two) && IN(one, LIVE_ALICE, PIN, MAP, .value = 1) == 0 &&
	     IN(two, LIVE_ALICE, GET, MAP) == -ENOENT && IN(two, LIVE_ALICE, UNPIN, MAP) == -ENOENT &&
	     IN(two, LIVE_ALICE, PIN, MAP, .value = 2) == 0 && IN(two, LIVE_ALICE, GET, MAP) == 2;
	/* control: another process that sees the same directory, also from a namespace of its own */
	return ok && view_change(mount_nothing, NULL, one, true, &copy) &&
	       IN(one, LIVE_ALICE, GET, MAP) == 1 && IN(copy, LIVE_ALICE, GET, MAP) == 1 &&
	       IN(copy, LIVE_ALICE, PIN, MAP, .value = 3) == -EEXIST &&
	       IN(HOST, LIVE_ALICE, UNPIN_ANYWHERE, MAP) == -ENOTUNIQ &&
	       IN(copy, LIVE_ALICE, UNPIN, MAP) == 0 && IN(one, LIVE_ALICE, GET, MAP) == -ENOENT &&
	       IN(HOST, LIVE_BOB, UNPIN_ANYWHERE, MAP) == -ENOENT &&
	       IN(HOST, LIVE_ALICE, UNPIN, MAP) == -ENOENT &&
	       IN(HOST, LIVE_ALICE, UNPIN_ANYWHERE, MAP) == 0 && IN(two, LIVE_ALICE, GET, MAP) == -ENOENT;
}

/* Alice's rule is not Bob's; she has no share of his. */
static bool nobody_is_told_of_anothers_pin(void)
{
	OWN_FD int view = -1;
	bool ok = view_new(&view) && IN(view, LIVE_BOB, PIN, MAP, .value = 2) == 0 &&
		  IN(view, LIVE_ALICE, GET, MAP) == -ENOENT && IN(view, LIVE_ALICE, UNPIN, MAP) == -ENOENT &&
		  IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0;

	/* Each has its own; control: of that one is told. */
	return ok && IN(view, LIVE_ALICE, GET, MAP) == 1 && IN(view, LIVE_BOB, GET, MAP) == 2 &&
	       IN(view, LIVE_ALICE, PIN, MAP) == -EEXIST && IN(view, LIVE_BOB, PIN, MAP) == -EEXIST &&
	       IN(view, LIVE_BOB, UNPIN, MAP) == 0 && IN(view, LIVE_ALICE, GET, MAP) == 1 &&
	       IN(view, LIVE_ALICE, UNPIN, MAP) == 0;
}

static bool a_pin_that_is_shared_for_reading_is_not_written(void)
{
	OWN_FD int view = -1;
	bool ok = view_new(&view) && IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0 &&
		  IN(view, CAROL, GET, MAP) == 1 && IN(view, CAROL, PUT, MAP) == -EPERM &&
		  IN(view, CAROL, GET, MAP, .flags = BPF_F_RDONLY) == 1 &&
		  IN(view, CAROL, PUT, MAP, .flags = BPF_F_RDONLY) == -EPERM &&
		  IN(view, CAROL, GET, MAP, .flags = BPF_F_WRONLY) == -EPERM &&
		  IN(view, CAROL, REPIN, MAP) == -EPERM && IN(view, CAROL, UNPIN, MAP) == -ENOENT;

	/* control: with whom it is shared for writing too */
	ok = ok && IN(view, LIVE_BOB, PUT, MAP, .value = 5) == 0 && IN(view, CAROL, GET, MAP) == 5 &&
	     IN(view, LIVE_BOB, PUT, MAP, .flags = BPF_F_RDONLY) == -EPERM;
	return ok && IN(view, LIVE_ALICE, UNPIN, MAP) == 0 && IN(view, CAROL, GET, MAP) == -ENOENT;
}

/* In all the ways that a map is opened: as it is kept, and again with fewer rights. */
static bool what_is_opened_by_its_pin_is_written_down(void)
{
	OWN_FD int view = -1;
	bool ok = view_new(&view) && IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0;
	int owner = IN(view, LIVE_ALICE, COUNT_TOLD, MAP), other = IN(view, CAROL, COUNT_TOLD, MAP);

	return ok && owner >= 0 && other >= 0 && IN(view, CAROL, GET, MAP) == 1 &&
	       IN(view, CAROL, COUNT_TOLD, MAP) == other + 1 && IN(view, LIVE_ALICE, COUNT_TOLD, MAP) == owner &&
	       IN(view, LIVE_ALICE, GET, MAP) == 1 && IN(view, LIVE_ALICE, COUNT_TOLD, MAP) == owner + 1 &&
	       IN(view, LIVE_ALICE, GET, MAP, .flags = BPF_F_RDONLY) == 1 &&
	       IN(view, LIVE_ALICE, COUNT_TOLD, MAP) == owner + 2 && IN(view, LIVE_ALICE, UNPIN, MAP) == 0;
}

static bool the_owner_narrows_its_own_pin(void)
{
	OWN_FD int view = -1;

	return view_new(&view) && IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0 &&
	       IN(view, LIVE_ALICE, PUT, MAP, .flags = BPF_F_RDONLY) == -EPERM &&
	       IN(view, LIVE_ALICE, GET, MAP, .flags = BPF_F_WRONLY) == -EPERM &&
	       IN(view, LIVE_ALICE, GET, MAP, .flags = BPF_F_RDONLY | BPF_F_WRONLY) == -EINVAL &&
	       IN(view, LIVE_ALICE, PUT, MAP, .flags = BPF_F_WRONLY, .value = 2) == 0 &&
	       IN(view, LIVE_ALICE, GET, MAP, .flags = BPF_F_RDONLY) == 2 &&
	       IN(view, LIVE_ALICE, PUT, MAP, .value = 3) == 0 && IN(view, LIVE_ALICE, UNPIN, MAP) == 0;
}

/* Numbers of devices and inodes are given out again at once: the new directory looks like the old. */
static bool a_pin_does_not_outlive_its_file_system(void)
{
	struct stat *dirs = mmap(NULL, sizeof(*dirs) * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct stat *roots = dirs + 2;
	OWN_FD int view = -1;
	bool ok = dirs != MAP_FAILED && view_new(&view) && IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0 &&
		  IN(view, LIVE_ALICE, GET, MAP) == 1 && view_do(view, mount_again, dirs) &&
		  IN(view, LIVE_ALICE, GET, MAP) == -ENOENT &&
		  IN(view, LIVE_ALICE, PIN, MAP, .value = 2) == 0;

	/* A directory that is not there: the root is the nearest. */
	ok = ok && view_do(view, mount_root_again, roots) && IN(view, LIVE_ALICE, GET, MAP) == -ENOENT &&
	     IN(view, LIVE_ALICE, PIN, MAP, .value = 3) == 0 && IN(view, LIVE_ALICE, GET, MAP) == 3 &&
	     view_do(view, mount_bpffs, NULL) && view_do(view, remove_dir, NULL);
	if (ok && (roots[0].st_dev != roots[1].st_dev || roots[0].st_ino != roots[1].st_ino))
		printf("the device's number was not given out again: nothing is shown\n");
	/* control: what is mounted over another hides its pins, and ends with its own */
	ok = ok && IN(view, LIVE_ALICE, GET, MAP) == -ENOENT && IN(view, LIVE_ALICE, PIN, MAP, .value = 4) == 0 &&
	     IN(view, LIVE_ALICE, GET, MAP) == 4 && view_do(view, unmount, NULL) &&
	     IN(view, LIVE_ALICE, GET, MAP) == 3;
	(void)munmap(dirs, sizeof(*dirs) * 4);
	return ok;
}

static bool a_pin_does_not_outlive_its_directory(void)
{
	OWN_FD int view = -1;
	bool ok = view_new(&view) && IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0 &&
		  view_do(view, remake_dir, NULL) && IN(view, LIVE_ALICE, GET, MAP) == -ENOENT &&
		  IN(view, LIVE_ALICE, PIN, MAP, .value = 2) == 0 && view_do(view, rename_dir, NULL) &&
		  IN(view, LIVE_ALICE, GET, MAP) == -ENOENT && IN(view, LIVE_ALICE, PIN, MAP, .value = 3) == 0;

	/* control: under its new name it is where it was */
	return ok && IN(view, LIVE_ALICE, GET, BPFFS "/old/map") == 2 && IN(view, LIVE_ALICE, GET, MAP) == 3 &&
	       IN(view, LIVE_ALICE, UNPIN, BPFFS "/old/map") == 0 && IN(view, LIVE_ALICE, UNPIN, MAP) == 0 &&
	       IN(view, LIVE_ALICE, GET, BPFFS "/old/map") == -ENOENT;
}

static bool a_path_means_the_directory_that_it_leads_to(void)
{
	OWN_FD int view = -1;
	bool ok = view_new(&view) && view_do(view, link_dirs, NULL) &&
		  IN(view, LIVE_ALICE, PIN, MAP, .value = 1) == 0 &&
		  IN(view, LIVE_ALICE, GET, BPFFS "/link/map") == 1 &&
		  IN(view, LIVE_ALICE, GET, "map", .cwd = HERE) == 1 &&
		  IN(view, LIVE_ALICE, GET, "../pins/./map", .cwd = HERE) == 1 &&
		  IN(view, LIVE_ALICE, GET, BPFFS "/other/../pins/map") == 1 &&
		  IN(view, LIVE_ALICE, GET, "pins/map", .dir = BPFFS) == 1 &&
		  IN(view, LIVE_ALICE, PIN, "map", .cwd = HERE) == -EEXIST;

	/* control: other directories, and rules are about where a path leads, however it is written */
	return ok && IN(view, LIVE_ALICE, GET, BPFFS "/other/map") == -ENOENT &&
	       IN(view, LIVE_ALICE, GET, HERE "/out/map") == -ENOENT &&
	       IN(view, LIVE_ALICE, GET, "map", .cwd = BPFFS) == -ENOENT &&
	       IN(view, LIVE_ALICE, GET, "map", .dir = BPFFS) == -ENOENT &&
	       IN(view, LIVE_ALICE, PIN, "map", .cwd = BPFFS "/other") == -EPERM &&
	       IN(view, LIVE_ALICE, PIN, HERE "/../other/map") == -EPERM &&
	       IN(view, LIVE_ALICE, PIN, HERE "/no/../map") == -EINVAL &&
	       IN(view, LIVE_ALICE, PIN, "new", .cwd = HERE, .value = 2) == 0 &&
	       IN(view, LIVE_ALICE, GET, HERE "/new") == 2 && IN(view, LIVE_ALICE, UNPIN, HERE "/new") == 0 &&
	       IN(view, LIVE_ALICE, UNPIN, BPFFS "/link/map") == 0;
}

/* Alice shares what she pins below one directory; her client says that this is another. */
static bool who_lies_about_a_directory_shares_nothing_there(void)
{
	OWN_FD int view = -1;
	bool ok = view_new(&view) && view_do(view, link_dirs, NULL) &&
		  IN(view, LIVE_ALICE, LIE, MAP, .cwd = BPFFS "/other") == 0 &&
		  IN(view, CAROL, GET, BPFFS "/other/map") == -ENOENT && IN(view, CAROL, GET, MAP) == -ENOENT &&
		  IN(view, LIVE_ALICE, GET, MAP) == -ENOENT &&
		  IN(view, LIVE_ALICE, UNPIN, BPFFS "/other/map") == 0 &&
		  IN(view, LIVE_ALICE, LIE, MAP, .cwd = "socket") == -EINVAL &&
		  IN(view, LIVE_ALICE, LIE, MAP, .cwd = "deep") == -EINVAL;

	/* control: the same by who says the truth */
	return ok && IN(view, LIVE_ALICE, LIE, MAP, .cwd = HERE) == 0 && IN(view, CAROL, GET, MAP) == 0 &&
	       IN(view, LIVE_ALICE, UNPIN, MAP) == 0;
}

static const struct attack_row rows[] = {
	ATTACK(containers_of_one_user_do_not_share_pins),
	ATTACK(nobody_is_told_of_anothers_pin),
	ATTACK(a_pin_that_is_shared_for_reading_is_not_written),
	ATTACK(what_is_opened_by_its_pin_is_written_down),
	ATTACK(the_owner_narrows_its_own_pin),
	ATTACK(a_pin_does_not_outlive_its_file_system),
	ATTACK(a_pin_does_not_outlive_its_directory),
	ATTACK(a_path_means_the_directory_that_it_leads_to),
	ATTACK(who_lies_about_a_directory_shares_nothing_there),
};

int main(int argc, char **argv)
{
	static const uid_t uids[] = { LIVE_ALICE, LIVE_BOB, CAROL };
	const struct attack_plan plan = { .live = &live, .policy = pins_policy, .rows = rows,
					  .row_cnt = ARRAY_CNT(rows), .uids = uids,
					  .uid_cnt = ARRAY_CNT(uids) };

	return attack_main(&plan, argc, argv);
}
