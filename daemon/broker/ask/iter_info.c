/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An iterator over one object shows less than one over all, which the rule grants by its name; the object must be one that
 * the caller holds, as a descriptor: what a number means in the loader, which stands elsewhere, the caller cannot say.
 * Trusts nothing in the struct but the word that the iterator's kind reads; other words must be zero.
 */
#include "daemon/broker/ask/iter_info.h"

#include <errno.h>
#include <string.h>

#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/peers/loaders.h"
#include "daemon/broker/store/kinds.h"
#include "proto/own.h"

enum { ITER_WORDS = 4 }; /* of the largest member, the cgroup's */

/* What an iterator's kind reads of the struct. */
static const struct iter_row {
	const char *prefix;
	uint8_t fd;	/* the word that is a descriptor */
	bool map;	/* of a map; else the kernel says whether it is the right thing */
	int8_t order;	/* a word that says how to walk; -1: none */
} iter_rows[] = {
	{ "bpf_map_elem", 0, true, -1 },
	{ "bpf_sk_storage_map", 0, true, -1 },
	{ "cgroup", 1, false, 0 },
	{ "task", 2, false, -1 }, /* task_file and task_vma, too */
};

static const struct iter_row *iter_row_of(const char *iter)
{
	for (size_t i = 0; iter && i < ARRAY_CNT(iter_rows); i++)
		if (strncmp(iter, iter_rows[i].prefix, strlen(iter_rows[i].prefix)) == 0)
			return &iter_rows[i];
	return NULL;
}

static uint32_t iter_word(const struct request_ptr *info, uint32_t word)
{
	return (word + 1) * 4 <= info->bytes ? attr_u32(info->data, word * 4) : 0;
}

/* No word says anything but the descriptor's and the order's. */
static bool iter_is_plain(const struct request_ptr *info, const struct iter_row *row)
{
	for (uint32_t i = 0; i < info->bytes; i++) {
		uint32_t word = i / 4;

		if (info->data[i] && (!row || (word != row->fd && (int)word != row->order)))
			return false;
	}
	return true;
}

static const char *iter_check_map(struct work *work, uint32_t number)
{
	struct client_obj map;

	if (client_obj_of_number(work, (int32_t)number, KEEP_MAP, &map) < 0)
		return "the iterator's object is no map";
	return map.rec && forward_may_use(work, map.rec) ? NULL : "the iterator's map is not the caller's";
}

const char *iter_info_check(struct work *work, const char *iter)
{
	const struct request_ptr *info = work_ptr(work, ATTR_LINK_CREATE_ITER_INFO);
	const struct iter_row *row = iter_row_of(iter);
	uint32_t number;

	work->iter_fd = 0;
	if (info->state != WIRE_PTR_PRESENT)
		return NULL;
	if (!iter_is_plain(info, row))
		return row && row->fd == 2 ? "an iterator over one process is asked for by a pidfd, not by a number" :
					     "what the iterator is over is named by a descriptor or not at all";
	number = row ? iter_word(info, row->fd) : 0;
	if (!number)
		return NULL;
	work->iter_fd = (uint8_t)(row->fd + 1);
	return row->map ? iter_check_map(work, number) : NULL;
}

int iter_info_add(struct work *work, const struct cmd_ptr *ptr, const struct request_ptr *got)
{
	uint8_t info[ITER_WORDS * 4] = { 0 };
	uint32_t at = work->iter_fd ? (work->iter_fd - 1u) * 4 : 0;
	int fd, number;

	memcpy(info, got->data, got->bytes < sizeof(info) ? got->bytes : sizeof(info));
	if (work->iter_fd) {
		fd = work_fd(work, (int32_t)attr_u32(info, at));
		if (fd < 0 || !kinds_may_be_passed_on(fd))
			return -EBADF;
		number = loader_add_fd(work->loader_call, fd);
		if (number < 0)
			return number;
		attr_put_u32(info, at, (uint32_t)number);
	}
	return loader_add_in(work->loader_call, ptr->off, info, got->bytes < sizeof(info) ? got->bytes : sizeof(info), NULL);
}
