/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to open nothing but directories, only as names (O_PATH), and of another process only below that
 * process's own root. Trusts the kernel with what a path means. What it cannot find out it leaves out: the
 * daemon then knows the path as text only.
 */
#include "client/library/place.h"

#include "proto/own.h"
#include "proto/path.h"
#include "proto/raw.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

/* Whose view it is. */
struct place_view {
	int at;			/* what relative paths are relative to */
	int root;		/* of the other process; -1: it is our own */
	char root_text[PATH_MAX]; /* where that is in our view; "" for our own root */
};

static int place_open(const struct place_view *view, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	/* Raw: under the preload library open(2) of a pin's directory asks the daemon where it leads. */
	if (view->root >= 0)
		return (int)raw_syscall(__NR_openat2, view->root, (long)(uintptr_t)path,
					(long)(uintptr_t)&how, sizeof(how), 0, 0);
	return (int)raw_syscall(__NR_openat, view->at, (long)(uintptr_t)path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
}

/* What lies above may still be there, when it is not known or not allowed to look. */
static bool place_goes_up(int r)
{
	return r == -ENOENT || r == -EACCES;
}

/* Cuts parts off the end until a directory is found. *ret_rest: where in path the parts below it begin. */
static int place_find(const struct place_view *view, const char *path, struct codec_place *place,
		      const char **ret_rest)
{
	OWN_MEM char *prefix = strdup(path);
	size_t end = strlen(path);
	int r = -ENOENT;

	if (!prefix)
		return -ENOMEM;
	for (place->below = 0; place_goes_up(r) && end > 0; ) {
		while (end > 0 && prefix[end - 1] != '/')
			end--;
		prefix[end] = '\0';
		place->below++;
		*ret_rest = path + end;
		r = place_open(view, end ? prefix : ".");
		while (end > 0 && prefix[end - 1] == '/')
			end--;
	}
	if (r >= 0)
		place->dir = r;
	return r < 0 && !place_goes_up(r) ? r : 0;
}

static int place_join(const char *dir, const char *rest, char **ret_text)
{
	size_t len = strlen(dir) + strlen(rest) + 2;
	char *text;

	if (len > PATH_MAX)
		return -ENAMETOOLONG;
	text = malloc(len);
	if (!text)
		return -ENOMEM;
	strcpy(text, strcmp(dir, "/") == 0 ? "" : dir);
	strcat(strcat(text, "/"), rest);
	*ret_text = text;
	return 0;
}

/* The text of a link under /proc as it is below the view's root; false: there is none. */
static bool place_read_link(const struct place_view *view, const char *link, char *ret_text)
{
	ssize_t n = raw_syscall(__NR_readlinkat, AT_FDCWD, (long)(uintptr_t)link,
				(long)(uintptr_t)ret_text, PATH_MAX - 1, 0, 0);
	size_t root = strlen(view->root_text);

	if (n <= 0)
		return false;
	ret_text[n] = '\0';
	if (strncmp(ret_text, view->root_text, root) != 0 || (ret_text[root] && ret_text[root] != '/'))
		return false;
	if (!ret_text[root])
		strcpy(ret_text, "/");
	else
		memmove(ret_text, ret_text + root, (size_t)n + 1 - root);
	return ret_text[0] == '/';
}

static bool place_read_fd(const struct place_view *view, int fd, char *ret_text)
{
	char link[40];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return place_read_link(view, link, ret_text);
}

/* For a path that is not plain: what it is from the root. Else, or when that is unknown, it stays as it is. */
static int place_write_text(const struct place_view *view, const char *path, const char *rest,
			    struct codec_place *place)
{
	OWN_MEM char *text = NULL;
	char dir[PATH_MAX];
	int r;

	if (path_is_plain(path) || place->dir < 0 || !place_read_fd(view, place->dir, dir))
		return 0;
	r = place_join(dir, rest, &text);
	if (r >= 0 && path_is_plain(text))
		place->text = TAKE_PTR(text);
	return r;
}

/* Tells whoever has it when the directory is gone. Who may not read the directory cannot watch it. */
static int place_watch(int dir)
{
	OWN_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char link[40];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	if (fd < 0 || inotify_add_watch(fd, link, IN_DELETE_SELF | IN_ONLYDIR) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int place_look(const struct place_view *view, const char *path, bool watch,
		      struct codec_place *place)
{
	const char *rest = path;
	int r = place_find(view, path, place, &rest);

	if (r >= 0)
		r = place_write_text(view, path, rest, place);
	/* The daemon knows no longer names. */
	if (r >= 0 && place->below > WIRE_PLACE_PARTS_MAX)
		own_close_fd(&place->dir);
	if (r >= 0 && watch && place->dir >= 0)
		place->watch = place_watch(place->dir);
	return r;
}

int place_of_self(int dir_fd, const char *path, bool watch, struct codec_place *ret_place)
{
	const struct place_view view = { .at = dir_fd < 0 ? AT_FDCWD : dir_fd, .root = -1 };

	*ret_place = CODEC_PLACE_INIT;
	return place_look(&view, path, watch, ret_place);
}

/* Puts what the path is relative to before it. */
static int place_make_absolute(const struct place_view *view, pid_t tid, int dir_fd, const char *path,
			       char **ret_path)
{
	char link[40], dir[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
	if (dir_fd < 0 ? !place_read_link(view, link, dir) : !place_read_fd(view, dir_fd, dir))
		return -ENOENT;
	return place_join(dir, path, ret_path);
}

int place_of_other(pid_t tid, int dir_fd, const char *path, bool watch, struct codec_place *ret_place)
{
	struct place_view view = { .at = -1, .root = -1 };
	OWN_MEM char *absolute = NULL;
	OWN_FD int root = -1;
	char link[40];
	int r;

	*ret_place = CODEC_PLACE_INIT;
	snprintf(link, sizeof(link), "/proc/%d/root", (int)tid);
	root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	if (!place_read_link(&view, link, view.root_text))
		return -ENOENT;
	if (strcmp(view.root_text, "/") == 0)
		view.root_text[0] = '\0';
	view.root = root;
	if (path[0] != '/') {
		r = place_make_absolute(&view, tid, dir_fd, path, &absolute);
		if (r < 0)
			return r;
	}
	r = place_look(&view, absolute ? absolute : path, watch, ret_place);
	if (r >= 0 && absolute && !ret_place->text && path_is_plain(absolute))
		ret_place->text = TAKE_PTR(absolute);
	return r;
}
