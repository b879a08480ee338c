/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that an approval is whole before the kernel sees it: every pointer lies inside the payload
 * or inside scratch memory of its own, every descriptor sits at the number that the broker wrote into
 * the attributes, and nothing of the last approval is still open. Trusts the broker for *what* is
 * loaded; still refuses whatever is malformed, because the broker reads what clients send.
 */
#include "daemon/loader/approval.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/packet.h"

#define APPROVAL_TOKEN_CREATE 36	/* BPF_TOKEN_CREATE, Linux 6.9 */
#define SEALS_NEEDED (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

static void close_range_of(uint32_t first, uint32_t top)
{
	if (top > first)
		(void)close_range(first, top - 1, 0);
}

void approval_done(struct approval *approval)
{
	close_range_of(DOOR_FD_FIRST, approval->fd_top);
	close_range_of(DOOR_LENT_FIRST, approval->lent_top);
	free(approval->payload);
	free(approval->out);
	approval->payload = NULL;
	approval->out = NULL;
	approval->fd_top = 0;
	approval->lent_top = 0;
}

/* The kernel gives received descriptors the lowest free numbers; the call relies on that. */
static int approval_take_fds(struct approval *approval, struct packet_fds *fds)
{
	const struct door_ask *ask = &approval->ask;
	uint32_t want = ask->fd_cnt + (ask->flags & DOOR_PAYLOAD_FD ? 1 : 0);
	uint32_t i;

	if (fds->cnt != want)
		return -EBADMSG;
	for (i = 0; i < want; i++) {
		if (fds->fd[i] != (int)(DOOR_FD_FIRST + i))
			return -EBADFD;
	}
	for (i = 0; i < want; i++)
		(void)TAKE_FD(fds->fd[i]);
	approval->fd_top = DOOR_FD_FIRST + want;
	return 0;
}

/* A sealed file cannot change under us; a file that can is not what was judged. */
static int payload_read_fd(int fd, uint64_t bytes, uint8_t *payload)
{
	off_t end;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED)
		return -EBADMSG;
	/* Not fstat(2), which is made of a call that also looks paths up: the filter has none. */
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	if ((uint64_t)end != bytes)
		return -EBADMSG;
	return packet_read_payload(fd, 0, payload, bytes);
}

static int approval_take_payload(struct approval *approval, const uint8_t *behind, size_t behind_bytes)
{
	const struct door_ask *ask = &approval->ask;
	bool in_fd = ask->flags & DOOR_PAYLOAD_FD;

	if (ask->payload_bytes > DOOR_PAYLOAD_MAX || behind_bytes != (in_fd ? 0 : ask->payload_bytes))
		return -EBADMSG;
	approval->payload = malloc(ask->payload_bytes + 1);
	if (!approval->payload)
		return -ENOMEM;
	if (in_fd)
		return payload_read_fd((int)approval->fd_top - 1, ask->payload_bytes,
				       approval->payload);
	memcpy(approval->payload, behind, behind_bytes);
	return 0;
}

/* A program's descriptor is the right to attach: whoever decides about that does not get one. */
static bool approval_makes_program(const struct door_ask *ask)
{
	return ask->op == DOOR_BPF && (ask->cmd == BPF_PROG_LOAD || ask->cmd == BPF_PROG_GET_FD_BY_ID ||
				       ask->cmd == BPF_OBJ_GET);
}

/* A positive answer of any other command is a number, not a descriptor: of ours, then. */
static bool approval_makes_fd(const struct door_ask *ask)
{
	static const uint32_t cmds[] = {
		BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_OBJ_GET, BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID,
		BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD, BPF_BTF_GET_FD_BY_ID, BPF_LINK_CREATE,
		BPF_LINK_GET_FD_BY_ID, BPF_ENABLE_STATS, BPF_ITER_CREATE, APPROVAL_TOKEN_CREATE,
	};
	size_t i;

	if (ask->op != DOOR_BPF)
		return ask->op == DOOR_PERF || (ask->op == DOOR_SYMBOLS && ask->result_fd == DOOR_FD_BROKER);
	for (i = 0; i < ARRAY_CNT(cmds); i++) {
		if (cmds[i] == ask->cmd)
			return true;
	}
	return false;
}

static int approval_check_head(const struct door_ask *ask)
{
	if (ask->result_fd != DOOR_FD_NONE && !approval_makes_fd(ask))
		return -EBADMSG;
	if (approval_makes_program(ask) && ask->result_fd < DOOR_FD_KEEP)
		return -EBADMSG;
	if (ask->op < DOOR_BPF || ask->op > DOOR_SYMBOLS || ask->result_fd > DOOR_FD_HANDLE || ask->zero)
		return -EBADMSG;
	if (ask->attr_bytes > DOOR_ATTR_MAX || ask->ptr_cnt > DOOR_PTRS_MAX ||
	    ask->fd_cnt > DOOR_FDS_MAX || ask->lent_cnt > DOOR_LENT_MAX ||
	    ask->flags & ~DOOR_PAYLOAD_FD)
		return -EBADMSG;
	return 0;
}

/* First all sizes, so that the scratch memory is one block whose address is final. */
static int approval_place_outputs(struct approval *approval)
{
	const struct door_ask *ask = &approval->ask;
	uint32_t i, total = 0;

	for (i = 0; i < ask->ptr_cnt; i++) {
		const struct door_ptr *ptr = &ask->ptr[i];
		uint32_t aligned;

		if (!(ptr->flags & PTR_OUT) || ptr->flags & PTR_BACK)
			continue;
		approval->out_off[i] = total;
		if (!SIZE_ADD(ptr->bytes, 7u, &aligned) ||
		    !SIZE_ADD(total, aligned & ~7u, &total) || total > DOOR_PAYLOAD_MAX)
			return -EBADMSG;
	}
	approval->out_bytes = total;
	approval->out = calloc(1, (size_t)total + 1);
	return approval->out ? 0 : -ENOMEM;
}

static bool range_holds(uint64_t off, uint64_t bytes, uint64_t limit)
{
	return off <= limit && bytes <= limit - off;
}

static int approval_write_ptr(struct approval *approval, uint32_t i)
{
	struct door_ask *ask = &approval->ask;
	const struct door_ptr *ptr = &ask->ptr[i];
	bool nested = ptr->flags & PTR_IN_PAYLOAD;
	uint8_t *at = nested ? approval->payload : ask->attr;
	uint64_t address;

	if (!range_holds(ptr->at, sizeof(address), nested ? ask->payload_bytes : ask->attr_bytes))
		return -EBADMSG;
	if ((ptr->flags & (PTR_OUT | PTR_BACK)) == PTR_OUT)
		address = (uint64_t)(uintptr_t)(approval->out + approval->out_off[i]);
	else if (range_holds(ptr->off, ptr->bytes, ask->payload_bytes))
		address = (uint64_t)(uintptr_t)(approval->payload + ptr->off);
	else
		return -EBADMSG;
	memcpy(at + ptr->at, &address, sizeof(address));
	return 0;
}

static int approval_write_ptrs(struct approval *approval)
{
	uint32_t i;
	int r = approval_place_outputs(approval);

	for (i = 0; r == 0 && i < approval->ask.ptr_cnt; i++)
		r = approval_write_ptr(approval, i);
	return r;
}

/* Lent objects come by another channel, at about the same time: wait for those of this approval. */
static int approval_take_lent(struct approval *approval, int keep)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct door_lent lent;
	uint32_t i;
	int r;

	if (!approval->ask.lent_cnt)
		return 0;
	do { /* what was lent for an approval that turned out malformed is let go here */
		packet_fds_done(&fds);
		r = packet_recv(keep, &lent, sizeof(lent), &fds, 0);
		if (r != (int)sizeof(lent))
			return r < 0 ? r : -EPIPE;
	} while (lent.approval_id != approval->ask.approval_id);
	if (fds.cnt != approval->ask.lent_cnt || lent.cnt != fds.cnt)
		return -ENOENT;
	for (i = 0; i < fds.cnt; i++) {
		if (dup3(fds.fd[i], (int)(DOOR_LENT_FIRST + i), O_CLOEXEC) < 0)
			return -errno;
		approval->lent_top = DOOR_LENT_FIRST + i + 1;
	}
	return 0;
}

static int approval_build(struct approval *approval, const uint8_t *behind, size_t behind_bytes,
			  struct packet_fds *fds, int keep)
{
	int r = approval_check_head(&approval->ask);

	if (r == 0)
		r = approval_take_fds(approval, fds);
	if (r == 0)
		r = approval_take_payload(approval, behind, behind_bytes);
	if (r == 0)
		r = approval_write_ptrs(approval);
	if (r == 0)
		r = approval_take_lent(approval, keep);
	return r;
}

int approval_receive(int door, int keep, uint8_t *buf, struct approval *ret_approval)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int r;

	memset(ret_approval, 0, sizeof(*ret_approval));
	r = packet_recv(door, buf, DOOR_MSG_MAX, &fds, 0);
	if (r <= 0)
		return r;
	if ((size_t)r < sizeof(ret_approval->ask))
		return -EBADMSG;
	memcpy(&ret_approval->ask, buf, sizeof(ret_approval->ask));
	r = approval_build(ret_approval, buf + sizeof(ret_approval->ask),
			   (size_t)r - sizeof(ret_approval->ask), &fds, keep);
	if (r < 0)
		approval_done(ret_approval);
	return r < 0 ? r : 1;
}
