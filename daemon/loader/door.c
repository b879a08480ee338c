/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a program's descriptor leaves the loader towards bpfgated only, and that an answer holds
 * no address of this process. Trusts nothing but the approval. A result too large for a message travels
 * in a memfd of its own.
 */
#include "daemon/loader/door.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "daemon/shared/kern_info.h"
#include "proto/own.h"
#include "proto/packet.h"

/* ---- what was made -------------------------------------------------------------------------- */

static void door_describe_prog(int fd, struct door_answer *answer)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (kern_info_get(fd, &info, &len) < 0)
		return;
	answer->obj_id = info.id;
	memcpy(answer->tag, info.tag, sizeof(answer->tag));
	answer->xlated_bytes = info.xlated_prog_len;
	answer->jited_bytes = info.jited_prog_len;
	answer->verified_insns = info.verified_insns;
	answer->btf_id = info.btf_id;
	answer->load_time_ns = info.load_time;
}

/* For these three the id is all that the ledger wants. */
static void door_describe_map(int fd, struct door_answer *answer)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (kern_info_get(fd, &info, &len) == 0) {
		answer->obj_id = info.id;
		answer->btf_id = info.btf_id;
	}
}

static void door_describe_link(int fd, struct door_answer *answer)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (kern_info_get(fd, &info, &len) == 0)
		answer->obj_id = info.id;
}

static void door_describe_btf(int fd, struct door_answer *answer)
{
	struct bpf_btf_info info = { 0 };
	uint32_t len = sizeof(info);

	if (kern_info_get(fd, &info, &len) == 0)
		answer->obj_id = info.id;
}

typedef void (*door_describe_fn)(int fd, struct door_answer *answer);
static const door_describe_fn door_describe[] = {
	[KEEP_PROG] = door_describe_prog,
	[KEEP_MAP] = door_describe_map,
	[KEEP_LINK] = door_describe_link,
	[KEEP_BTF] = door_describe_btf,
};

/* ---- what goes back ------------------------------------------------------------------------- */

/* An address of ours would tell where our memory lies. */
static void door_copy_attr(const struct approval *approval, struct door_answer *answer)
{
	uint32_t i;

	answer->attr_bytes = approval->ask.attr_bytes;
	memcpy(answer->attr, approval->ask.attr, sizeof(answer->attr));
	for (i = 0; i < approval->ask.ptr_cnt; i++) {
		uint8_t *in = approval->ask.ptr[i].flags & PTR_IN_PAYLOAD ? approval->payload : answer->attr;

		memset(in + approval->ask.ptr[i].at, 0, sizeof(uint64_t));
	}
}

/* Fills the iovec with the output areas, as much of each as goes back. Returns how many. */
static size_t door_list_outputs(const struct approval *approval, struct door_answer *answer,
				struct iovec *parts)
{
	size_t cnt = 0;
	uint32_t i;

	for (i = 0; i < approval->ask.ptr_cnt; i++) {
		const struct door_ptr *ptr = &approval->ask.ptr[i];
		uint8_t *area = ptr->flags & PTR_BACK ? approval->payload + ptr->off
						      : approval->out + approval->out_off[i];
		uint32_t bytes = ptr->bytes;

		if (!(ptr->flags & PTR_OUT))
			continue;
		if (ptr->flags & PTR_TEXT) {
			bytes = (uint32_t)strnlen((char *)area, bytes);
			bytes += bytes < ptr->bytes; /* its NUL, when there is room for one */
		}
		answer->out[i] = bytes;
		answer->out_bytes += bytes;
		parts[cnt++] = (struct iovec){ area, bytes };
	}
	return cnt;
}

static int door_write_memfd(const struct iovec *parts, size_t cnt)
{
	OWN_FD int fd = memfd_create("bpfgate-outputs", MFD_CLOEXEC);
	size_t i;

	if (fd < 0)
		return -errno;
	for (i = 0; i < cnt; i++) {
		size_t done = 0;

		while (done < parts[i].iov_len) {
			ssize_t put = write(fd, (uint8_t *)parts[i].iov_base + done,
					    parts[i].iov_len - done);

			if (put < 0)
				return -errno;
			done += (size_t)put;
		}
	}
	return TAKE_FD(fd);
}

static int door_send(int door, struct door_answer *answer, struct iovec *parts, size_t cnt, int obj_fd)
{
	OWN_FD int out_fd = -1;
	int fds[2];
	size_t fd_cnt = 0;

	if (obj_fd >= 0)
		fds[fd_cnt++] = obj_fd;
	if (answer->out_bytes > DOOR_INLINE_MAX) {
		out_fd = door_write_memfd(parts + 1, cnt - 1);
		if (out_fd < 0)
			return out_fd;
		answer->flags |= DOOR_OUT_FD;
		fds[fd_cnt++] = out_fd;
		cnt = 1;
	}
	parts[0] = (struct iovec){ answer, sizeof(*answer) };
	return packet_send(door, parts, cnt, fds, fd_cnt, 0);
}

static int door_keep(int keep, const struct approval *approval, uint32_t obj_id, int fd)
{
	struct door_keep msg = {
		.approval_id = approval->ask.approval_id,
		.obj_kind = approval->ask.obj_kind,
		.obj_id = obj_id,
		.want_handle = approval->ask.result_fd == DOOR_FD_HANDLE,
	};
	struct iovec part = { &msg, sizeof(msg) };

	return packet_send(keep, &part, 1, &fd, 1, 0);
}

int door_answer_outcome(int door, int keep, const struct approval *approval,
			struct kern_outcome *outcome)
{
	struct door_answer answer = {
		.approval_id = approval->ask.approval_id,
		.result = outcome->result,
		.cpu_ns = outcome->cpu_ns,
	};
	struct iovec parts[DOOR_PTRS_MAX + 1];
	OWN_FD int fd = TAKE_FD(outcome->fd);
	uint32_t kind = approval->ask.obj_kind;
	size_t cnt;
	int r;

	if (fd >= 0 && kind < ARRAY_CNT(door_describe) && door_describe[kind])
		door_describe[kind](fd, &answer);
	if (fd >= 0 && approval->ask.result_fd >= DOOR_FD_KEEP) {
		r = door_keep(keep, approval, answer.obj_id, fd);
		if (r < 0)
			return r;
		own_close_fd(&fd);
	}
	door_copy_attr(approval, &answer);
	cnt = 1 + door_list_outputs(approval, &answer, parts + 1);
	return door_send(door, &answer, parts, cnt, fd);
}

int door_answer_netns(int door, const struct approval *approval, const struct netns *netns)
{
	struct door_answer answer = { .approval_id = approval->ask.approval_id,
				      .attr_bytes = sizeof(struct door_netns) };
	struct iovec part = { &answer, sizeof(answer) };
	struct door_netns view;

	memcpy(&view, approval->ask.attr, sizeof(view));
	netns_describe(netns, &view);
	memcpy(answer.attr, &view, sizeof(view));
	return packet_send(door, &part, 1, NULL, 0, 0);
}

int door_answer_refused(int door, uint64_t approval_id, int err)
{
	struct door_answer answer = { .approval_id = approval_id, .result = -err, .refused = 1 };
	struct iovec part = { &answer, sizeof(answer) };

	return packet_send(door, &part, 1, NULL, 0, 0);
}
