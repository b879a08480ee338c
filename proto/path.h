/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text, without asking any file system. */
#ifndef BPFGATE_PROTO_PATH_H
#define BPFGATE_PROTO_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Absolute, without ".", "..", doubled slashes and one at the end: the one spelling that rules are written in. */
static inline bool path_is_plain(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
		return false;
	return path[len - 1] != '/' && !(len >= 2 && strcmp(path + len - 2, "/.") == 0) &&
	       !(len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

/* The last `part_cnt` parts of the path, or NULL when it has not so many. */
static inline const char *path_last_parts(const char *path, uint32_t part_cnt)
{
	const char *at = path + strlen(path);

	while (part_cnt) {
		if (at == path)
			return NULL;
		at--;
		if (*at == '/')
			part_cnt--;
	}
	return at + 1;
}

#endif
