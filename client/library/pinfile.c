/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to make stand-ins nowhere but in a directory that is this user's and closed to others, one for each mount and
 * user namespace, and to give each the name that it stands for: so that a descriptor of one says what is meant. What the
 * file system has itself it answers itself; a directory of it in which pins lie has a stand-in that shows both. All calls
 * are raw: under the preload library libc's are this file's own callers.
 */
#include "client/library/pinfile.h"

#include "client/library/call.h"
#include "client/library/control.h"
#include "client/library/self.h"
#include "proto/own.h"
#include "proto/path.h"
#include "proto/pinname.h"
#include "proto/raw.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PINFILE_BASE  "/tmp/.bpfgate-pins-"
/* Namespaces' numbers are given out again, and anybody can make names in /tmp: so many may be others'. */
#define PINFILE_BASES_MAX 64u

/* ---- which name is meant ---- */

static bool pinfile_read_link(const char *link, char ret_text[PATH_MAX])
{
	long n = raw_syscall(__NR_readlinkat, AT_FDCWD, (long)(uintptr_t)link, (long)(uintptr_t)ret_text,
			     PATH_MAX - 1, 0, 0);

	if (n <= 0)
		return false;
	ret_text[n] = '\0';
	return true;
}

/* Takes ".", ".." and doubled slashes out of an absolute path, in place. */
static void pinfile_make_plain(char *path)
{
	char *to = path;

	for (const char *at = path; *at;) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 2 && at[0] == '.' && at[1] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (len && !(len == 1 && at[0] == '.')) {
			*to++ = '/';
			memmove(to, at, len);
			to += len;
		}
		at += len;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

static bool pinfile_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* What the stand-in of this path stands for. NULL: it is none. */
static const char *pinfile_meaning(const char *path)
{
	const char *rest;

	if (strncmp(path, PINFILE_BASE, strlen(PINFILE_BASE)) != 0)
		return NULL;
	rest = strchr(path + strlen(PINFILE_BASE), '/');
	return rest && pinfile_is_below(rest, PINFILE_BPFFS) ? rest : NULL;
}

/* What the path is relative to. */
static bool pinfile_read_dir(pid_t tid, int dir_number, char ret_dir[PATH_MAX])
{
	char link[48], who[16] = "self";

	if (tid)
		snprintf(who, sizeof(who), "%d", (int)tid);
	if (dir_number == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%s/cwd", who);
	else
		snprintf(link, sizeof(link), "/proc/%s/fd/%d", who, dir_number);
	return pinfile_read_link(link, ret_dir) && ret_dir[0] == '/';
}

enum pinfile_where pinfile_find(pid_t tid, int dir_number, const char *path, char ret_path[PATH_MAX])
{
	char dir[PATH_MAX] = "";
	const char *meaning;
	enum pinfile_where where = PINFILE_BELOW;

	if (!path || !*path || (path[0] != '/' && !pinfile_read_dir(tid, dir_number, dir)))
		return PINFILE_ELSEWHERE;
	if (snprintf(ret_path, PATH_MAX, "%s/%s", dir, path) >= PATH_MAX)
		return PINFILE_ELSEWHERE;
	pinfile_make_plain(ret_path);
	meaning = pinfile_meaning(ret_path);
	if (meaning) {
		memmove(ret_path, meaning, strlen(meaning) + 1);
		where = PINFILE_STAND_IN;
	}
	return pinfile_is_below(ret_path, PINFILE_BPFFS) ? where : PINFILE_ELSEWHERE;
}

/* ---- the daemon ---- */

/* What we ask, and what it names, is ours; where its paths lead is the caller's to see. */
static int pinfile_call(const struct pinfile_view *view, uint32_t cmd, const void *attr, uint32_t attr_bytes,
			struct call_outcome *outcome, int *ret_fd)
{
	struct codec_source src;

	self_init_source(&src);
	src.ctx = view->src->ctx;
	src.self_pid = view->src->self_pid;
	src.place = view->src->place;
	return call_daemon(&src, cmd, (uintptr_t)attr, attr_bytes, outcome, ret_fd);
}

static int pinfile_ask(const struct pinfile_view *view, struct pin_name *ask, struct call_outcome *outcome)
{
	struct call_outcome ignored = { 0 };
	OWN_FD int none = -1;

	return pinfile_call(view, CMD_PIN_NAME, ask, sizeof(*ask), outcome ? outcome : &ignored, &none);
}

static int pinfile_ask_about(const struct pinfile_view *view, enum pin_name_op op, const char *path)
{
	struct pin_name ask = { .op = op, .path = (uintptr_t)path };

	return pinfile_ask(view, &ask, NULL);
}

/* The names in a directory: their bytes, or -errno. *ret_list is the caller's, by free(). */
static int pinfile_list(const struct pinfile_view *view, const char *path, char **ret_list)
{
	OWN_MEM char *list = malloc(PIN_NAME_LIST_MAX);
	char any[PATH_MAX + 4];
	struct pin_name ask = { .op = PIN_NAME_LIST,
				.path = (uintptr_t)any,
				.list = (uintptr_t)list,
				.list_bytes = PIN_NAME_LIST_MAX };
	int r;

	if (!list)
		return -ENOMEM;
	snprintf(any, sizeof(any), "%s/*", path);
	r = pinfile_ask(view, &ask, NULL);
	if (r < 0)
		return r;
	if (ask.list_bytes > PIN_NAME_LIST_MAX || (ask.list_bytes && list[ask.list_bytes - 1]))
		return -EPERM;
	*ret_list = TAKE_PTR(list);
	return (int)ask.list_bytes;
}

/* ---- the file system's own ---- */

/* The caller's path, in our own view of the tree. */
static void pinfile_real(const struct pinfile_view *view, const char *path, char ret_real[PATH_MAX + 32])
{
	if (view->tid)
		snprintf(ret_real, PATH_MAX + 32, "/proc/%d/root%s", (int)view->tid, path);
	else
		snprintf(ret_real, PATH_MAX + 32, "%s", path);
}

static long pinfile_raw(long nr, const char *path, long arg)
{
	return raw_syscall(nr, AT_FDCWD, (long)(uintptr_t)path, arg, 0, 0, 0);
}

static long pinfile_stat(const char *path, struct stat *st)
{
	return raw_syscall(__NR_newfstatat, AT_FDCWD, (long)(uintptr_t)path, (long)(uintptr_t)st,
			   AT_SYMLINK_NOFOLLOW, 0, 0);
}

static bool pinfile_is_hidden(long r)
{
	return r == -ENOENT || r == -EACCES || r == -EPERM || r == -ENOTDIR || r == -EROFS;
}

/* ---- stand-ins ---- */

/* Namespaces have inode numbers; who cannot look has those of nobody. */
static unsigned long pinfile_ns(pid_t tid, const char *ns)
{
	char path[48];
	struct stat st = { 0 };

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)tid, ns);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns);
	(void)raw_syscall(__NR_newfstatat, AT_FDCWD, (long)(uintptr_t)path, (long)(uintptr_t)&st, 0, 0, 0);
	return (unsigned long)st.st_ino;
}

/* -EPERM: what is there is not this user's alone. */
static int pinfile_take_base(const char *base)
{
	long r = pinfile_raw(__NR_mkdirat, base, 0700);
	struct stat st;

	if (r < 0 && r != -EEXIST)
		return (int)r;
	r = pinfile_stat(base, &st);
	if (r < 0)
		return (int)r;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) ? 0 : -EPERM;
}

/* Where they are; made when it is not there. */
static int pinfile_base(const struct pinfile_view *view, char ret_base[PATH_MAX])
{
	unsigned long user = pinfile_ns(view->tid, "user"), mnt = pinfile_ns(view->tid, "mnt");
	int r = -EPERM;

	for (unsigned int i = 0; r == -EPERM && i < PINFILE_BASES_MAX; i++) {
		snprintf(ret_base, PATH_MAX, PINFILE_BASE "%u-%lx-%lx-%u", (unsigned int)geteuid(), user, mnt, i);
		r = pinfile_take_base(ret_base);
	}
	return r;
}

static int pinfile_place(const struct pinfile_view *view, const char *path, char ret_path[PATH_MAX])
{
	int r = pinfile_base(view, ret_path);
	size_t len = strlen(ret_path);

	if (r >= 0 && snprintf(ret_path + len, PATH_MAX - len, "%s", path) >= (int)(PATH_MAX - len))
		r = -ENAMETOOLONG;
	return r;
}

static void pinfile_make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)pinfile_raw(__NR_mkdirat, path, 0700);
		*slash = '/';
	}
}

/* Adds to the path what lies first in that directory. false: nothing does, or it cannot be read. */
static bool pinfile_step_down(int dir_fd, char path[PATH_MAX])
{
	OWN_FD int fd = (int)raw_syscall(__NR_openat, dir_fd, (long)(uintptr_t)path,
					 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0, 0, 0);
	size_t len = strlen(path);
	struct dirent *entry;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list)
		return false;
	(void)TAKE_FD(fd);
	do
		entry = readdir(list);
	while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	if (entry && len + strlen(entry->d_name) + 2 > PATH_MAX)
		entry = NULL;
	if (entry)
		snprintf(path + len, PATH_MAX - len, "/%s", entry->d_name);
	(void)closedir(list);
	return entry;
}

/* Takes what stands there away, whatever it is: what lies deepest first. */
static void pinfile_drop_from(int dir_fd, const char *name)
{
	char at[PATH_MAX];
	long r;

	do {
		snprintf(at, sizeof(at), "%s", name);
		do {
			r = raw_syscall(__NR_unlinkat, dir_fd, (long)(uintptr_t)at, 0, 0, 0, 0);
			if (r == -EISDIR)
				r = raw_syscall(__NR_unlinkat, dir_fd, (long)(uintptr_t)at, AT_REMOVEDIR,
						0, 0, 0);
		} while (r == -ENOTEMPTY && pinfile_step_down(dir_fd, at));
	} while (r == 0 && strcmp(at, name) != 0);
}

static void pinfile_drop(const struct pinfile_view *view, const char *path)
{
	char at[PATH_MAX];

	if (pinfile_place(view, path, at) >= 0)
		pinfile_drop_from(AT_FDCWD, at);
}

/* Something of this kind stands there afterwards, the old one when that is right. */
static int pinfile_make(const char *path, bool dir)
{
	struct stat st;
	OWN_FD int fd = -1;

	if (pinfile_stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode) == dir)
			return 0;
		pinfile_drop_from(AT_FDCWD, path);
	}
	if (dir)
		return (int)pinfile_raw(__NR_mkdirat, path, 0700);
	fd = (int)raw_syscall(__NR_openat, AT_FDCWD, (long)(uintptr_t)path,
			      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600, 0, 0);
	return fd < 0 ? fd : 0;
}

struct pinfile_names {
	char *list; /* kind, name, NUL, ... */
	size_t bytes;
};

static bool pinfile_has(const struct pinfile_names *names, const char *name)
{
	return pin_name_is_listed(names->list, names->bytes, name, strlen(name));
}

static DIR *pinfile_open_dir(const char *path)
{
	int fd = (int)raw_syscall(__NR_openat, AT_FDCWD, (long)(uintptr_t)path,
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		own_close_fd(&fd);
	return dir;
}

/* What the file system has there itself joins the names. */
static void pinfile_add_real(const char *real, struct pinfile_names *names)
{
	DIR *dir = pinfile_open_dir(real);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		char *list;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    pinfile_has(names, entry->d_name))
			continue;
		list = realloc(names->list, names->bytes + len + 2);
		if (!list)
			break;
		names->list = list;
		list[names->bytes] = entry->d_type == DT_DIR ? PIN_NAME_DIR : PIN_NAME_MAP;
		memcpy(list + names->bytes + 1, entry->d_name, len + 1);
		names->bytes += len + 2;
	}
	if (dir)
		(void)closedir(dir);
}

/* The directory at `path` has stand-ins for these names and no others. */
static int pinfile_fill(const char *path, const struct pinfile_names *names)
{
	char at[PATH_MAX];
	struct dirent *entry;
	DIR *dir = pinfile_open_dir(path);
	int r = dir ? 0 : -ENOENT;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !pinfile_has(names, entry->d_name))
			pinfile_drop_from(dirfd(dir), entry->d_name);
	if (dir)
		(void)closedir(dir);
	for (size_t i = 0; r >= 0 && i < names->bytes; i += strlen(names->list + i + 1) + 2) {
		if (snprintf(at, sizeof(at), "%s/%s", path, names->list + i + 1) < (int)sizeof(at))
			r = pinfile_make(at, names->list[i] == PIN_NAME_DIR);
		if (r == -EEXIST)
			r = 0; /* another thread was here */
	}
	return r;
}

/* As the bpffs is where it is root's alone: what the user has in it is pins only. */
static bool pinfile_is_closed(const char *dir)
{
	return raw_syscall(__NR_faccessat, AT_FDCWD, (long)(uintptr_t)dir, R_OK | X_OK, 0, 0, 0) == -EACCES;
}

/* A directory, of pins alone (real NULL) or of the file system's as well. */
static int pinfile_show_dir(const struct pinfile_view *view, const char *path, const char *real,
			    char ret_path[PATH_MAX])
{
	OWN_MEM char *list = NULL;
	struct pinfile_names names;
	int r = pinfile_list(view, path, &list), made;

	if (r < 0 || (r == 0 && real && !pinfile_is_closed(real)))
		return r < 0 ? r : -ENOENT;
	names = (struct pinfile_names){ TAKE_PTR(list), (size_t)r };
	if (real)
		pinfile_add_real(real, &names);
	made = pinfile_place(view, path, ret_path);
	if (made >= 0) {
		pinfile_make_parents(ret_path);
		made = pinfile_make(ret_path, true);
	}
	if (made >= 0 || made == -EEXIST)
		made = pinfile_fill(ret_path, &names);
	free(names.list);
	return made;
}

static int pinfile_show_file(const struct pinfile_view *view, const char *path, char ret_path[PATH_MAX])
{
	int r = pinfile_place(view, path, ret_path);

	if (r < 0)
		return r;
	pinfile_make_parents(ret_path);
	r = pinfile_make(ret_path, false);
	return r == -EEXIST ? 0 : r;
}

bool pinfile_stand_in(const struct pinfile_view *view, enum pinfile_where where, const char *path,
		      char ret_path[PATH_MAX])
{
	char real[PATH_MAX + 32];
	struct stat st;
	long r;
	int kind;

	pinfile_real(view, path, real);
	r = pinfile_stat(real, &st);
	if (r == 0 && S_ISDIR(st.st_mode) && pinfile_show_dir(view, path, real, ret_path) == 0)
		return true;
	if (r == 0 || !pinfile_is_hidden(r)) {
		if (where == PINFILE_STAND_IN)
			snprintf(ret_path, PATH_MAX, "%.*s", PATH_MAX - 1, real);
		return where == PINFILE_STAND_IN;
	}
	kind = pinfile_ask_about(view, PIN_NAME_LOOK, path);
	if (kind < 0) {
		pinfile_drop(view, path);
		return false;
	}
	return (kind == PIN_NAME_DIR ? pinfile_show_dir(view, path, NULL, ret_path) :
				       pinfile_show_file(view, path, ret_path)) >= 0;
}

/* ---- changes ---- */

int pinfile_mkdir(const struct pinfile_view *view, const char *path, mode_t mode, struct call_outcome *outcome)
{
	struct pin_name ask = { .op = PIN_NAME_MKDIR, .path = (uintptr_t)path };
	char real[PATH_MAX + 32];
	long r;
	int asked;

	if (pinfile_ask_about(view, PIN_NAME_LOOK, path) >= 0)
		return -EEXIST;
	pinfile_real(view, path, real);
	r = pinfile_raw(__NR_mkdirat, real, mode);
	if (!pinfile_is_hidden(r))
		return (int)r;
	asked = pinfile_ask(view, &ask, outcome);
	return asked < 0 && !outcome->reason[0] && asked == -EPERM ? (int)r : asked;
}

int pinfile_rmdir(const struct pinfile_view *view, const char *path)
{
	OWN_MEM char *list = NULL;
	char real[PATH_MAX + 32];
	long r;
	int asked;

	if (pinfile_list(view, path, &list) > 0)
		return -ENOTEMPTY;
	pinfile_real(view, path, real);
	r = raw_syscall(__NR_unlinkat, AT_FDCWD, (long)(uintptr_t)real, AT_REMOVEDIR, 0, 0, 0);
	if (pinfile_is_hidden(r)) {
		asked = pinfile_ask_about(view, PIN_NAME_RMDIR, path);
		r = asked == -EPERM ? r : asked;
	}
	if (r == 0)
		pinfile_drop(view, path);
	return (int)r;
}

int pinfile_unlink(const struct pinfile_view *view, const char *path)
{
	char real[PATH_MAX + 32];
	long r;

	if (pinfile_ask_about(view, PIN_NAME_LOOK, path) == PIN_NAME_DIR)
		return -EISDIR;
	r = control_unpin(view->src, -1, path);
	if (r < 0) {
		pinfile_real(view, path, real);
		r = raw_syscall(__NR_unlinkat, AT_FDCWD, (long)(uintptr_t)real, 0, 0, 0, 0);
	}
	if (r == 0)
		pinfile_drop(view, path);
	return (int)r;
}

int pinfile_rename(const struct pinfile_view *view, const char *from, const char *to, unsigned int flags,
		   struct call_outcome *outcome)
{
	struct pin_name ask = { .op = PIN_NAME_RENAME, .path = (uintptr_t)from, .to = (uintptr_t)to };
	OWN_PLACE struct codec_place place = CODEC_PLACE_INIT;
	char real_from[PATH_MAX + 32], real_to[PATH_MAX + 32];
	struct stat st;
	int r;

	pinfile_real(view, from, real_from);
	pinfile_real(view, to, real_to);
	if (pinfile_stat(real_from, &st) == 0)
		return (int)raw_syscall(__NR_renameat2, AT_FDCWD, (long)(uintptr_t)real_from, AT_FDCWD,
					(long)(uintptr_t)real_to, (long)flags, 0);
	if (flags & ~PIN_NAME_NOREPLACE)
		return -EINVAL;
	r = view->src->place(view->src->ctx, -1, to, false, &place);
	if (r < 0 || place.dir < 0)
		return r < 0 ? r : -ENOENT;
	ask.flags = flags | PIN_NAME_TO_DIR;
	ask.to_dir = place.dir;
	ask.to_below = place.below;
	r = pinfile_ask(view, &ask, outcome);
	if (r >= 0)
		pinfile_drop(view, from);
	return r;
}

/* ---- opening ---- */

int pinfile_get(const struct pinfile_view *view, const char *path)
{
	struct call_outcome ignored = { 0 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r, fd = -1;

	attr_put_u64(attr, ATTR_OBJ_PATHNAME, (uintptr_t)path);
	r = pinfile_call(view, CMD_OBJ_GET, attr, ATTR_OBJ_FILE_FLAGS + 4, &ignored, &fd);
	return r < 0 ? r : fd;
}

/* A pinned iterator begins to run; what else is pinned cannot be read. */
static int pinfile_open_pin(const struct pinfile_view *view, const char *path)
{
	struct call_outcome ignored = { 0 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	OWN_FD int link = -1;
	int r = pinfile_ask_about(view, PIN_NAME_LOOK, path);

	if (r != PIN_NAME_LINK)
		return r < 0 ? r : -EIO;
	link = pinfile_get(view, path);
	if (link < 0)
		return TAKE_FD(link);
	attr_put_u32(attr, ATTR_ITER_LINK_FD, (uint32_t)link);
	r = call_bpf(CMD_ITER_CREATE, attr, ATTR_ITER_FLAGS + 4, &ignored);
	return r < 0 ? -EIO : r;
}

bool pinfile_open(const struct pinfile_view *view, enum pinfile_where where, const char *path, int flags, mode_t mode,
		  int *ret_fd)
{
	char at[PATH_MAX];
	struct stat st;

	if (where == PINFILE_ELSEWHERE || !pinfile_stand_in(view, where, path, at))
		return false;
	if (!pinfile_meaning(at) || flags & O_PATH || (pinfile_stat(at, &st) == 0 && S_ISDIR(st.st_mode)))
		*ret_fd = (int)raw_syscall(__NR_openat, AT_FDCWD, (long)(uintptr_t)at, flags, (long)mode, 0, 0);
	else if (flags & O_DIRECTORY)
		*ret_fd = -ENOTDIR;
	else if (flags & O_CREAT && flags & O_EXCL)
		*ret_fd = -EEXIST;
	else
		*ret_fd = pinfile_open_pin(view, path);
	return true;
}
