/* SPDX-License-Identifier: Apache-2.0 */
/* Promises to look at what is mounted as bpf and one level below it; what cannot be looked at is closed to us, too. */
#include "proto/bpffs.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/own.h"

static bool bpffs_is_open(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_uid != 0 || st.st_mode & 022);
}

static bool bpffs_find_below(const char *root, char *ret_path, size_t path_bytes)
{
	struct dirent *entry;
	bool found = false;
	struct stat st;
	DIR *list;

	/* Below what is closed to others nobody reaches anything. */
	if (stat(root, &st) < 0 || !(st.st_mode & 011))
		return false;
	list = opendir(root);
	while (list && !found && (entry = readdir(list))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		found = snprintf(ret_path, path_bytes, "%s/%s", root, entry->d_name) < (int)path_bytes &&
			bpffs_is_open(ret_path);
	}
	if (list)
		(void)closedir(list);
	return found;
}

/* Blanks and their like are written as three octal digits there. */
static void bpffs_unescape(char *text)
{
	char *to = text;
	unsigned int code;

	for (const char *at = text; *at; at++)
		if (*at == '\\' && sscanf(at + 1, "%3o", &code) == 1) {
			*to++ = (char)code;
			at += 3;
		} else {
			*to++ = *at;
		}
	*to = '\0';
}

/* The mount point in a line of mountinfo, when it is a bpffs. */
static bool bpffs_read_line(const char *line, char ret_root[PATH_MAX])
{
	const char *type = strstr(line, " - ");

	if (!type || strncmp(type, " - bpf ", strlen(" - bpf ")) != 0 ||
	    sscanf(line, "%*s %*s %*s %*s %4095s", ret_root) != 1)
		return false;
	bpffs_unescape(ret_root);
	return true;
}

bool bpffs_find_open(char *ret_path, size_t path_bytes)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	OWN_MEM char *line = NULL;
	char root[PATH_MAX];
	bool found = false;
	size_t cap = 0;

	while (mounts && !found && getline(&line, &cap, mounts) > 0) {
		if (!bpffs_read_line(line, root))
			continue;
		found = bpffs_is_open(root) &&
			snprintf(ret_path, path_bytes, "%s", root) < (int)path_bytes;
		if (!found)
			found = bpffs_find_below(root, ret_path, path_bytes);
	}
	if (mounts)
		(void)fclose(mounts);
	return found;
}
