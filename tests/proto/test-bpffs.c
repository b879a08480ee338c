/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where others than root may make names in a bpffs. As root, in a mount namespace of its own, with
 * nothing else mounted as bpf there; what is closed to others is beside what is open.
 */
#include "proto/bpffs.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/lib/holds.h"

static char dir[] = "/tmp/bpfgate-bpffs-XXXXXX";

static bool make_mount(const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", dir, name);
	return mkdir(path, 0700) == 0 && mount("none", path, "bpf", 0, NULL) == 0;
}

static bool drop_mount(const char *path)
{
	return umount2(path, MNT_DETACH) == 0 && rmdir(path) == 0;
}

static bool owned(const char *path, mode_t mode, uid_t uid)
{
	return chown(path, uid, 0) == 0 && chmod(path, mode) == 0;
}

/* A root, and one directory in it; which of them is told: "", "root", "below". */
static const struct row {
	mode_t mode;
	uid_t uid;
	mode_t below_mode;
	uid_t below_uid;
	const char *told;
} rows[] = {
	{ 0700, 0, 0700, 0, "" },	{ 0755, 0, 0755, 0, "" },	{ 0775, 0, 0755, 0, "root" },
	{ 0757, 0, 0755, 0, "root" },	{ 0720, 0, 0755, 0, "root" },	{ 0702, 0, 0755, 0, "root" },
	{ 0700, 1, 0755, 0, "root" },	{ 0700, 65534, 0700, 0, "root" }, { 0755, 0, 0775, 0, "below" },
	{ 0755, 0, 0720, 0, "below" },	{ 0755, 0, 0702, 0, "below" },	{ 0755, 0, 0700, 1, "below" },
	{ 0710, 0, 0777, 0, "below" },	{ 0701, 0, 0777, 0, "below" },	{ 0744, 0, 0777, 0, "" },
	{ 0700, 0, 0777, 0, "" },	{ 0700, 0, 0700, 1, "" },	{ 0755, 0, 0754, 0, "" },
};

static bool row_holds(const struct row *row)
{
	char root[256], below[300], found[PATH_MAX] = "";
	const char *want = *row->told == 'r' ? root : *row->told == 'b' ? below : "";
	bool ok = HOLDS(make_mount("root", root));

	snprintf(below, sizeof(below), "%s/below", root);
	ok = ok && HOLDS(mkdir(below, 0700) == 0) && HOLDS(owned(below, row->below_mode, row->below_uid)) &&
	     HOLDS(owned(root, row->mode, row->uid));
	ok = ok && HOLDS(bpffs_find_open(found, sizeof(found)) == (*row->told != 0)) &&
	     HOLDS(!*row->told || strcmp(found, want) == 0);
	return HOLDS(drop_mount(root)) && ok;
}

static bool what_others_may_write_is_told(void)
{
	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		if (!row_holds(&rows[i])) {
			printf("row %zu\n", i);
			return false;
		}
	return true;
}

/* As mountinfo spells them: with three octal digits. */
static bool names_are_as_they_are(void)
{
	static const char *const names[] = { "plain", "a b", "a\tb\nc", "back\\slash", "\\040", " ", "x - bpf y" };

	for (size_t i = 0; i < ARRAY_CNT(names); i++) {
		char root[256], found[PATH_MAX] = "";
		bool ok = HOLDS(make_mount(names[i], root)) && HOLDS(owned(root, 0777, 0)) &&
			  HOLDS(bpffs_find_open(found, sizeof(found))) && HOLDS(strcmp(found, root) == 0);

		if (!HOLDS(drop_mount(root)) || !ok)
			return false;
	}
	return true;
}

/* A name that is cut would be another one. */
static bool what_has_no_room_is_not_told(void)
{
	char root[256], below[300], found[PATH_MAX];
	bool ok = HOLDS(make_mount("root", root)) && HOLDS(owned(root, 0777, 0));

	ok = ok && HOLDS(bpffs_find_open(found, strlen(root) + 1)) && HOLDS(strcmp(found, root) == 0) &&
	     HOLDS(!bpffs_find_open(found, strlen(root)));
	snprintf(below, sizeof(below), "%s/below", root);
	ok = ok && HOLDS(mkdir(below, 0700) == 0) && HOLDS(owned(below, 0777, 0)) && HOLDS(owned(root, 0755, 0)) &&
	     HOLDS(bpffs_find_open(found, strlen(below) + 1)) && HOLDS(strcmp(found, below) == 0) &&
	     HOLDS(!bpffs_find_open(found, strlen(below)));
	return HOLDS(drop_mount(root)) && ok;
}

/* The first that is open, whatever else is mounted; one of another kind is none. */
static bool each_bpffs_is_looked_at(void)
{
	char closed[256], open[256], other[256], found[PATH_MAX] = "";
	bool ok = HOLDS(make_mount("closed", closed)) && HOLDS(make_mount("open", open)) &&
		  HOLDS(owned(closed, 0755, 0)) && HOLDS(owned(open, 0755, 7));

	snprintf(other, sizeof(other), "%s/other", dir);
	ok = ok && HOLDS(mkdir(other, 0777) == 0) && HOLDS(mount("bpf", other, "tmpfs", 0, NULL) == 0) &&
	     HOLDS(owned(other, 0777, 7)) && HOLDS(bpffs_find_open(found, sizeof(found))) &&
	     HOLDS(strcmp(found, open) == 0) && HOLDS(owned(open, 0755, 0)) &&
	     HOLDS(!bpffs_find_open(found, sizeof(found)));
	ok = HOLDS(drop_mount(other)) && ok;
	ok = HOLDS(drop_mount(open)) && ok;
	return HOLDS(drop_mount(closed)) && ok;
}

/* Those of the machine are out of the way here; nothing of it changes outside. */
static bool leave_namespace(void)
{
	char found[PATH_MAX];

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	while (umount2("/sys/fs/bpf", MNT_DETACH) == 0)
		;
	return mkdtemp(dir) && !bpffs_find_open(found, sizeof(found));
}

static const struct promise {
	const char *name;
	bool (*keep)(void);
} promises[] = {
#define PROMISE(name) { #name, name }
	PROMISE(what_others_may_write_is_told),
	PROMISE(names_are_as_they_are),
	PROMISE(what_has_no_room_is_not_told),
	PROMISE(each_bpffs_is_looked_at),
};

int main(void)
{
	int passed = 0, failed = 0;

	if (geteuid() != 0 || !leave_namespace()) {
		printf("skipped: needs root, and no bpffs but its own\n");
		return 77;
	}
	for (size_t i = 0; i < ARRAY_CNT(promises); i++) {
		bool ok = holds_run(promises[i].keep);

		printf("%s %s\n", ok ? "ok" : "FAILED", promises[i].name);
		*(ok ? &passed : &failed) += 1;
	}
	(void)rmdir(dir);
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}
