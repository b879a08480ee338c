/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of /usr/lib/bpfgate/objects.d and /etc/bpfgate/objects.d. They are root's files, but they are
 * offered like a client's: without a signature that counts, or a rule that lists their digest, they
 * are worth nothing. What happened to each is told to the journal.
 */
#include "daemon/broker/signed/signed_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "daemon/broker/store/journal.h"
#include "daemon/broker/signed/signed_objects.h"
#include "daemon/broker/work/work.h"
#include "proto/whole.h"

#define OBJECT_DIRS_FILES_MAX 1024

struct signed_dirs {
	struct broker *broker;
	struct quota_account *account;	/* root's */
	char **paths;			/* still to be offered, last first */
	size_t cnt;
	struct offer *offer;		/* in hand */
	char *path;			/* of it */
	bool again;			/* a reload came meanwhile */
};

static void signed_dirs_next(struct signed_dirs *dirs);

int signed_dirs_new(struct broker *broker, struct signed_dirs **ret_dirs)
{
	struct signed_dirs *dirs = calloc(1, sizeof(*dirs));
	int r = dirs ? quota_account_get(broker->quota, 0, &dirs->account) : -ENOMEM;

	if (r < 0) {
		free(dirs);
		return r;
	}
	dirs->broker = broker;
	*ret_dirs = dirs;
	return 0;
}

static void signed_dirs_clear(struct signed_dirs *dirs)
{
	while (dirs->cnt > 0)
		free(dirs->paths[--dirs->cnt]);
	free(dirs->paths);
	dirs->paths = NULL;
}

void signed_dirs_free(struct signed_dirs *dirs)
{
	if (!dirs)
		return;
	if (dirs->offer)
		offer_forget(dirs->offer);
	signed_dirs_clear(dirs);
	free(dirs->path);
	quota_account_unref(dirs->account);
	free(dirs);
}

/* ---- the files ---- */

/* A regular file that only root can change; 0 and its bytes, or -errno. */
static int signed_dirs_read(const char *path, size_t most, uint8_t **ret_bytes, size_t *ret_cnt)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return whole_read(fd, most, ret_bytes, ret_cnt);
}

static bool signed_dirs_is_object(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && strcmp(dot, ".o") == 0;
}

static int signed_dirs_add(struct signed_dirs *dirs, const char *dir, const char *name)
{
	char **paths = realloc(dirs->paths, (dirs->cnt + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	dirs->paths = paths;
	if (asprintf(&paths[dirs->cnt], "%s/%s", dir, name) < 0)
		return -ENOMEM;
	dirs->cnt++;
	return 0;
}

static void signed_dirs_list(struct signed_dirs *dirs, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		if (errno != ENOENT)
			journal_note(LOG_WARNING, NULL, "%s: %s", path, strerror(errno));
		return;
	}
	while (r == 0 && dirs->cnt < OBJECT_DIRS_FILES_MAX && (entry = readdir(dir)))
		if (signed_dirs_is_object(entry->d_name))
			r = signed_dirs_add(dirs, path, entry->d_name);
	closedir(dir);
}

/* ---- one after the other ---- */

static void signed_dirs_on_done(void *ctx, const struct offer_outcome *outcome)
{
	struct signed_dirs *dirs = ctx;

	dirs->offer = NULL;
	journal_note(outcome->error ? LOG_WARNING : LOG_INFO, NULL, "object %s: %s", dirs->path,
		     outcome->text);
	signed_dirs_next(dirs);
}

static int signed_dirs_offer(struct signed_dirs *dirs)
{
	OWN_MEM char *sig_path = NULL;
	uint8_t *file = NULL, *sig = NULL;
	size_t file_bytes = 0, sig_bytes = 0;
	int r;

	r = signed_dirs_read(dirs->path, SIGNED_OBJECT_BYTES_MAX, &file, &file_bytes);
	if (r < 0)
		return r;
	if (asprintf(&sig_path, "%s.p7s", dirs->path) < 0)
		r = -ENOMEM;
	else
		r = signed_dirs_read(sig_path, SIGNED_OBJECT_SIG_MAX, &sig, &sig_bytes);
	if (r < 0 && r != -ENOENT) {
		free(file);
		return r;
	}
	return signed_objects_offer(dirs->broker->objects, dirs->account, dirs->broker->rules, file,
				    file_bytes, sig, sig_bytes, signed_dirs_on_done, dirs,
				    &dirs->offer);
}

static void signed_dirs_next(struct signed_dirs *dirs)
{
	int r;

	if (dirs->again) {
		dirs->again = false;
		signed_dirs_scan(dirs);
		return;
	}
	while (!dirs->offer && dirs->cnt > 0) {
		free(dirs->path);
		dirs->path = dirs->paths[--dirs->cnt];
		r = signed_dirs_offer(dirs);
		if (r < 0)
			journal_note(LOG_WARNING, NULL, "object %s: %s", dirs->path,
				     r == -ENOKEY ? "not signed, and no rule lists its digest" :
						    strerror(-r));
	}
}

void signed_dirs_scan(struct signed_dirs *dirs)
{
	const struct rules_dirs *signed_dirs = &dirs->broker->options.signed_dirs;

	if (dirs->offer) {
		dirs->again = true;
		return;
	}
	signed_dirs_clear(dirs);
	for (size_t i = 0; i < signed_dirs->cnt; i++)
		signed_dirs_list(dirs, signed_dirs->path[i]);
	signed_dirs_next(dirs);
}
