/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file of this folder that makes system calls: it finds the drop-ins, reads them whole and
 * hands their bytes on. It trusts root and nobody else: a file that another may change, or a link, is
 * refused, and with it the whole set.
 */
#include "policy/policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "policy/json_index.h"
#include "policy/report.h"
#include "policy/signer.h"
#include "proto/own.h"
#include "proto/whole.h"

#define FILES_MAX     512
#define ID_BUFFER     16384	 /* a group with thousands of members still fits */
#define KEY_BYTES_MAX (64 * 1024)

struct drop_in {
	char name[POLICY_FILE_MAX];
	size_t source; /* the last one that has it */
};

struct drop_ins {
	struct drop_in *items;
	size_t cnt;
};

static int find_user(void *ctx, const char *name, uid_t *ret_uid)
{
	char buffer[ID_BUFFER];
	struct passwd entry, *found = NULL;
	int r;

	(void)ctx;
	r = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);
	if (!found)
		return r ? -r : -ENOENT;
	*ret_uid = found->pw_uid;
	return 0;
}

static int find_group(void *ctx, const char *name, gid_t *ret_gid)
{
	char buffer[ID_BUFFER];
	struct group entry, *found = NULL;
	int r;

	(void)ctx;
	r = getgrnam_r(name, &entry, buffer, sizeof(buffer), &found);
	if (!found)
		return r ? -r : -ENOENT;
	*ret_gid = found->gr_gid;
	return 0;
}

/* All of a regular file that only root can change (any_owner: or somebody else). */
static int read_owned(int fd, bool any_owner, size_t most, char **ret_bytes, size_t *ret_len)
{
	uint8_t *bytes;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && !any_owner && (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH))))
		return -EPERM;
	r = whole_read(fd, most, &bytes, ret_len);
	if (r == 0)
		*ret_bytes = (char *)bytes;
	return r;
}

static int read_key_file(const char *path, bool any_owner, char **ret_bytes, size_t *ret_len)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : read_owned(fd, any_owner, KEY_BYTES_MAX, ret_bytes, ret_len);
}

static int read_key(void *ctx, const char *path, char **ret_bytes, size_t *ret_len)
{
	(void)ctx;
	return read_key_file(path, false, ret_bytes, ret_len);
}

static int read_anyones_key(void *ctx, const char *path, char **ret_bytes, size_t *ret_len)
{
	(void)ctx;
	return read_key_file(path, true, ret_bytes, ret_len);
}

void policy_env_init(struct policy_env *ret_env)
{
	*ret_env = (struct policy_env){
		.find_user = find_user,
		.find_group = find_group,
		.read_key = read_key,
		.now_s = time(NULL),
	};
}

static bool is_drop_in(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static int drop_in_add(struct drop_ins *list, const char *name, size_t source)
{
	size_t i;

	for (i = 0; i < list->cnt; i++) {
		if (strcmp(list->items[i].name, name) == 0) {
			list->items[i].source = source;
			return 0;
		}
	}
	if (list->cnt == FILES_MAX || strlen(name) >= POLICY_FILE_MAX)
		return -E2BIG;
	strcpy(list->items[list->cnt].name, name);
	list->items[list->cnt++].source = source;
	return 0;
}

static int list_source(const struct policy_source *source, size_t number, struct drop_ins *list)
{
	OWN_FD int fd = openat(source->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	fd = -1; /* dir's now */
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (is_drop_in(entry->d_name))
			r = drop_in_add(list, entry->d_name, number);
	}
	if (r == 0 && errno)
		r = -errno;
	(void)closedir(dir);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

/* A link to /dev/null, or to anything that is that very device. */
static bool is_null_link(int dir_fd, const char *name)
{
	struct stat link, target;

	return fstatat(dir_fd, name, &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode) &&
	       fstatat(dir_fd, name, &target, 0) == 0 && S_ISCHR(target.st_mode) &&
	       target.st_rdev == makedev(1, 3);
}

static const struct {
	int error;
	const char *text;
} file_errors[] = {
	{ -ELOOP, "is a link; only a link to /dev/null (which masks) is taken" },
	{ -EINVAL, "is not a regular file" },
	{ -EPERM, "must belong to root and must not be writable by group or others" },
	{ -EFBIG, "is larger than a megabyte" },
	{ -EAGAIN, "changed while it was read" },
	{ -E2BIG, "more than 512 files, or a name that is too long" },
};

static const char *file_error(int error)
{
	size_t i;

	for (i = 0; i < ARRAY_CNT(file_errors); i++) {
		if (file_errors[i].error == error)
			return file_errors[i].text;
	}
	return strerror(-error);
}

static void report_file(struct policy_report *report, const char *name, const char *dir, int error)
{
	struct policy_text text = { .name = name };

	report_add(report, POLICY_ERROR, &text, NULL, NULL, "%s/%s: %s", dir, name,
		   file_error(error));
}

/* 1 when it is masked, 0 with the bytes, -errno. */
static int read_drop_in(const struct policy_source *source, const char *name, bool any_owner,
			struct policy_text *ret_text)
{
	OWN_FD int fd = -1;
	OWN_MEM char *bytes = NULL;
	int r;

	if (is_null_link(source->dir_fd, name))
		return 1;
	fd = openat(source->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = read_owned(fd, any_owner, JSON_BYTES_MAX, &bytes, &ret_text->len);
	if (r < 0)
		return r;
	if (ret_text->len == 0)
		return 1;
	ret_text->bytes = TAKE_PTR(bytes);
	ret_text->name = name;
	return 0;
}

/* A directory that others can write to would let them mask and add files. */
static int check_dir(const struct policy_source *source, bool any_owner)
{
	struct stat st;

	if (fstat(source->dir_fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return any_owner || (st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH))) ? 0 : -EPERM;
}

static void list_sources(const struct policy_source *sources, size_t source_cnt, bool any_owner,
			 struct drop_ins *list, struct policy_report *report)
{
	size_t i;
	int r;

	for (i = 0; i < source_cnt; i++) {
		r = check_dir(&sources[i], any_owner);
		if (r == 0)
			r = list_source(&sources[i], i, list);
		if (r < 0)
			report_add(report, POLICY_ERROR, NULL, NULL, NULL, "%s: %s", sources[i].name,
				   file_error(r));
	}
	qsort(list->items, list->cnt, sizeof(*list->items), compare_names);
}

static int read_drop_ins(const struct policy_source *sources, const struct drop_ins *list,
			 bool any_owner, struct policy_text *texts, size_t *ret_cnt,
			 struct policy_report *report)
{
	size_t i, cnt = 0;
	int r;

	for (i = 0; i < list->cnt; i++) {
		const struct policy_source *source = &sources[list->items[i].source];

		r = read_drop_in(source, list->items[i].name, any_owner, &texts[cnt]);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			report_file(report, list->items[i].name, source->name, r);
		else if (r == 0)
			cnt = ++*ret_cnt;
	}
	return 0;
}

/* The texts that could be read are checked too, so that one run reports all that is wrong. */
static int load_texts(const struct policy_text *texts, size_t cnt, const struct policy_env *env,
		      struct policy_report *report, struct policy **ret_policy,
		      struct policy_report **ret_report)
{
	struct policy *policy = NULL;
	struct policy_report *more = NULL;
	int r;

	r = policy_from_texts(texts, cnt, env, &policy, &more);
	if (r == 0 && policy_report_cnt(report, POLICY_ERROR) > 0) {
		policy_free(policy);
		r = -EBADMSG;
	}
	if (r == 0 || r == -EBADMSG) {
		int taken = report_take(report, more);

		if (taken < 0) {
			if (r == 0)
				policy_free(policy);
			return taken;
		}
		*ret_report = report;
	}
	if (r == 0)
		*ret_policy = policy;
	return r;
}

int policy_load(const struct policy_source *sources, size_t source_cnt, const struct policy_env *env,
		struct policy **ret_policy, struct policy_report **ret_report)
{
	OWN_MEM struct drop_in *items = calloc(FILES_MAX, sizeof(*items));
	OWN_MEM struct policy_text *texts = calloc(FILES_MAX, sizeof(*texts));
	struct drop_ins list = { .items = items };
	struct policy_report *report = NULL, *kept = NULL;
	struct policy_env used = *env;
	size_t cnt = 0, i;
	int r;

	r = items && texts ? report_new(&report) : -ENOMEM;
	if (r < 0)
		return r;
	if (used.any_owner && used.read_key == read_key)
		used.read_key = read_anyones_key;
	list_sources(sources, source_cnt, used.any_owner, &list, report);
	r = read_drop_ins(sources, &list, used.any_owner, texts, &cnt, report);
	if (r == 0)
		r = load_texts(texts, cnt, &used, report, ret_policy, &kept);
	for (i = 0; i < cnt; i++)
		free((char *)texts[i].bytes);
	if (kept && ret_report)
		*ret_report = kept;
	else
		policy_report_free(report);
	return r;
}
