/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that an object lives exactly as long as somebody holds a handle or a pin of it, and that the
 * table never holds more descriptors than this process may open. Trusts whoever sends a descriptor that
 * it is what is said of it: nothing here looks inside. A client cannot fill our end: we never read it.
 */
#include "daemon/parent/keep.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "proto/own.h"

void keep_init(struct keep *keep, int epoll, source_fn handle_ready, uint32_t spare)
{
	struct rlimit limit = { 0, 0 };

	*keep = (struct keep){ .next_id = 1, .epoll = epoll, .handle_ready = handle_ready };
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > UINT32_MAX)
		limit.rlim_cur = UINT32_MAX;
	keep->fd_max = limit.rlim_cur > spare ? (uint32_t)limit.rlim_cur - spare : 0;
}

void keep_done(struct keep *keep)
{
	struct kept *kept, *tmp;

	HASH_ITER (hh, keep->by_id, kept, tmp)
		keep_drop(keep, kept);
}

int keep_add(struct keep *keep, int take_fd, const struct kept *like, struct kept **ret_kept)
{
	OWN_FD int fd = take_fd;
	OWN_MEM struct kept *kept = NULL;

	if (keep->fd_cnt >= keep->fd_max)
		return -EMFILE;
	kept = malloc(sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = *like;
	kept->handles = NULL;
	if (!kept->keep_id)
		kept->keep_id = keep->next_id;
	if (kept->keep_id >= keep->next_id)
		keep->next_id = kept->keep_id + 1;
	kept->fd = TAKE_FD(fd);
	keep->fd_cnt++;
	HASH_ADD(hh, keep->by_id, keep_id, sizeof(kept->keep_id), kept);
	*ret_kept = TAKE_PTR(kept);
	return 0;
}

struct kept *keep_find(struct keep *keep, uint64_t keep_id)
{
	struct kept *kept;

	HASH_FIND(hh, keep->by_id, &keep_id, sizeof(keep_id), kept);
	return kept;
}

int keep_restore_handle(struct keep *keep, struct kept *kept, int take_fd, uint64_t cookie)
{
	OWN_FD int fd = take_fd;
	OWN_MEM struct handle *handle = NULL;
	int r;

	if (keep->fd_cnt >= keep->fd_max)
		return -EMFILE;
	handle = calloc(1, sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	/* A hang-up is always told; nothing else is wanted, and edge-triggered it is told once. */
	r = source_add(keep->epoll, &handle->source, fd, keep->handle_ready, EPOLLET);
	if (r < 0)
		return r;
	(void)TAKE_FD(fd);
	keep->fd_cnt++;
	handle->of = kept;
	handle->cookie = cookie;
	handle->next = kept->handles;
	kept->handles = TAKE_PTR(handle);
	return 0;
}

int keep_add_handle(struct keep *keep, struct kept *kept, struct handle **ret_handle, int *ret_client_fd)
{
	OWN_FD int client = -1;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	client = pair[1];
	if (getsockopt(client, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0 ||
	    shutdown(pair[0], SHUT_RD) < 0) {
		r = -errno;
		own_close_fd(&pair[0]);
		return r;
	}
	r = keep_restore_handle(keep, kept, pair[0], cookie);
	if (r < 0)
		return r;
	*ret_handle = kept->handles;
	*ret_client_fd = TAKE_FD(client);
	return 0;
}

static void handle_unlink(struct handle *handle)
{
	struct handle **at = &handle->of->handles;

	while (*at != handle)
		at = &(*at)->next;
	*at = handle->next;
}

bool keep_close_handle(struct keep *keep, struct handle *handle)
{
	struct kept *kept = handle->of;

	handle_unlink(handle);
	source_close(keep->epoll, &handle->source);
	keep->fd_cnt--;
	free(handle);
	return !kept_is_held(kept);
}

void keep_drop(struct keep *keep, struct kept *kept)
{
	while (kept->handles)
		(void)keep_close_handle(keep, kept->handles);
	HASH_DEL(keep->by_id, kept);
	own_close_fd(&kept->fd);
	keep->fd_cnt--;
	free(kept);
}
