/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files to judge. Promises a stable order and no endless walk (fts does not follow links);
 * refuses nothing but what cannot be opened.
 */
#include "client/check/check.h"

#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/own.h"

static int inputs_push(struct check_inputs *inputs, const char *path, int err)
{
	char **grown;
	int *errs;

	if (inputs->cnt == inputs->room) {
		size_t room = inputs->room ? 2 * inputs->room : 64;

		grown = reallocarray(inputs->paths, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		inputs->paths = grown;
		errs = reallocarray(inputs->errs, room, sizeof(*errs));
		if (!errs)
			return -ENOMEM;
		inputs->errs = errs;
		inputs->room = room;
	}
	inputs->paths[inputs->cnt] = strdup(path);
	if (!inputs->paths[inputs->cnt])
		return -ENOMEM;
	inputs->errs[inputs->cnt++] = err;
	return 0;
}

static bool name_is_input(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".bpfb") || !strcmp(dot, ".o"));
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int inputs_add_tree(struct check_inputs *inputs, const char *path)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int r = 0;

	if (!fts)
		return -errno;
	while (r >= 0 && (entry = fts_read(fts)))
		if (entry->fts_info == FTS_F && name_is_input(entry->fts_name))
			r = inputs_push(inputs, entry->fts_path, 0);
	(void)fts_close(fts);
	return r;
}

int check_inputs_add(struct check_inputs *inputs, const char *path)
{
	struct stat st;

	if (!strcmp(path, "-"))
		path = "/dev/stdin";
	if (stat(path, &st) < 0)
		return inputs_push(inputs, path, -errno);
	return S_ISDIR(st.st_mode) ? inputs_add_tree(inputs, path) : inputs_push(inputs, path, 0);
}

void check_inputs_done(struct check_inputs *inputs)
{
	for (size_t i = 0; i < inputs->cnt; i++)
		free(inputs->paths[i]);
	free(inputs->paths);
	free(inputs->errs);
	*inputs = (struct check_inputs){ 0 };
}

/* Also for pipes and /sys files, whose size is not told. */
int check_read_file(const char *path, uint8_t **ret_bytes, size_t *ret_bytes_cnt)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0, room = 1 << 16;
	uint8_t *grown;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		if (!bytes || cnt == room) {
			room *= bytes ? 2 : 1;
			grown = room > 2 * (size_t)BUNDLE_BYTES_MAX ? NULL : realloc(bytes, room);
			if (!grown)
				return room > 2 * (size_t)BUNDLE_BYTES_MAX ? -E2BIG : -ENOMEM;
			bytes = grown;
		}
		n = read(fd, bytes + cnt, room - cnt);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		cnt += n > 0 ? (size_t)n : 0;
	}
	*ret_bytes = TAKE_PTR(bytes);
	*ret_bytes_cnt = cnt;
	return 0;
}
