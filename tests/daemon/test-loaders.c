/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's side of its loaders, with this test as bpfgated and as each loader: what is asked
 * for, what is sent, and what becomes of a call whose answer is late, short, long, foreign, or
 * none.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "daemon/broker/peers/loaders.h"
#include "daemon/broker/peers/to_parent.h"
#include "proto/own.h"
#include "proto/packet.h"

#define UID 1000

struct done {
	unsigned int cnt;
	int err, result;
	uint32_t out_bytes;
	uint64_t keep_id, cookie;
	bool has_fd, has_handle, has_answer;
	struct loader_call *call;
	unsigned int order;
};

static struct box {
	sd_event *event;
	uint8_t *scratch;
	struct to_parent *to_parent;
	struct loaders *loaders;
	int parent; /* bpfgated's end */
	unsigned int gone, told, order;
	struct keep_tell last_told;
} box;

static void on_told(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	box.told++;
	box.last_told = *tell;
	if (tell->kind == TELL_KEPT)
		ck_assert_int_eq(loaders_on_kept(box.loaders, tell, fds), tell->flags != 99);
	if (tell->kind == TELL_LOADER_GONE)
		loaders_on_loader_gone(box.loaders, tell);
}

static void on_gone(void *ctx)
{
	box.gone++;
}

static void box_begin(void)
{
	int sock[2];

	memset(&box, 0, sizeof(box));
	box.scratch = malloc(PACKET_BYTES_MAX);
	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) == 0 &&
		  sd_event_new(&box.event) >= 0);
	box.parent = sock[1];
	ck_assert_int_eq(to_parent_new(box.event, box.scratch, sock[0], on_told, on_gone, &box,
				       &box.to_parent),
			 0);
	ck_assert_int_eq(loaders_new(box.event, box.scratch, NULL, box.to_parent, &box.loaders), 0);
}

static void run(void)
{
	while (sd_event_run(box.event, 0) > 0)
		;
}

static void box_end(void)
{
	loaders_free(box.loaders);
	to_parent_free(box.to_parent);
	close(box.parent);
	sd_event_unref(box.event);
	free(box.scratch);
}

/* ---- this test as bpfgated ---- */

/* The next ask; false when there is none. */
static bool hear_ask(struct keep_ask *ask, struct packet_fds *fds)
{
	run();
	fds->cnt = 0;
	return packet_recv(box.parent, ask, sizeof(*ask), fds, MSG_DONTWAIT) == (int)sizeof(*ask);
}

static struct keep_ask expect_ask(uint32_t kind, unsigned int fd_cnt)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct keep_ask ask = { 0 };

	ck_assert(hear_ask(&ask, &fds));
	ck_assert_uint_eq(ask.kind, kind);
	ck_assert_uint_eq(fds.cnt, fd_cnt);
	return ask;
}

static void expect_no_ask(void)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct keep_ask ask;

	ck_assert(!hear_ask(&ask, &fds));
}

static void tell(struct keep_tell what, int fd)
{
	struct iovec part = { &what, sizeof(what) };

	ck_assert_int_eq(packet_send(box.parent, &part, 1, &fd, fd >= 0, 0), 0);
	run();
}

/* Answers the ask for a loader; the loader's end. */
static int give_loader(uint64_t ask_id, uint32_t box_id)
{
	int door[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, door), 0);
	tell((struct keep_tell){ .kind = ANS_LOADER, .ask_id = ask_id, .box_id = box_id }, door[0]);
	close(door[0]);
	return door[1];
}

/* ---- this test as a client's request ---- */

static void on_done(void *ctx, struct loader_result *result)
{
	struct done *done = ctx;

	done->cnt++;
	done->err = result->err;
	done->has_answer = result->answer;
	done->result = result->answer ? result->answer->result : 0;
	(void)loader_result_out(done->call, result, 0, &done->out_bytes);
	done->keep_id = result->keep_id;
	done->cookie = result->cookie;
	done->has_fd = result->fd >= 0;
	done->has_handle = result->handle_fd >= 0;
	done->order = ++box.order;
}

static struct loader_call *new_call(struct done *done, uint32_t result_fd)
{
	struct loader_call *call = loader_call_new();

	*done = (struct done){ .call = call };
	call->uid = UID;
	call->on_done = on_done;
	call->ctx = done;
	call->ask.op = DOOR_BPF;
	call->ask.cmd = 5;
	call->ask.result_fd = result_fd;
	call->ask.attr_bytes = 32;
	return call;
}

/* ---- this test as a loader ---- */

static bool hear_call(int door, struct door_ask *ask, uint8_t *behind, size_t *ret_behind,
		      struct packet_fds *fds)
{
	static uint8_t buf[sizeof(*ask) + DOOR_INLINE_MAX];
	int n;

	run();
	fds->cnt = 0;
	n = packet_recv(door, buf, sizeof(buf), fds, MSG_DONTWAIT);
	if (n < (int)sizeof(*ask))
		return false;
	memcpy(ask, buf, sizeof(*ask));
	*ret_behind = (size_t)n - sizeof(*ask);
	if (behind)
		memcpy(behind, buf + sizeof(*ask), *ret_behind);
	return true;
}

static struct door_ask expect_call(int door, size_t behind_bytes, unsigned int fd_cnt)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct door_ask ask = { 0 };
	size_t behind = 0;

	ck_assert(hear_call(door, &ask, NULL, &behind, &fds));
	ck_assert_uint_eq(behind, behind_bytes);
	ck_assert_uint_eq(fds.cnt, fd_cnt);
	return ask;
}

static void answer_with(int door, const struct door_answer *answer, const void *behind,
			size_t bytes, int fd)
{
	struct iovec parts[2] = { { (void *)(uintptr_t)answer, sizeof(*answer) },
				  { (void *)(uintptr_t)behind, bytes } };

	ck_assert_int_eq(packet_send(door, parts, 2, &fd, fd >= 0, 0), 0);
	run();
}

static void answer(int door, uint64_t approval_id, int result, int fd)
{
	struct door_answer plain = { .approval_id = approval_id, .result = result };

	answer_with(door, &plain, "", 0, fd);
}

/* A call that has reached its loader; *ret_door is the loader's end. */
static struct door_ask begin_call(struct done *done, struct loader_call *call, int *ret_door)
{
	struct keep_ask ask;

	ck_assert_int_eq(loaders_submit(box.loaders, call), 0);
	ask = expect_ask(ASK_LOADER, call->netns_cookie != 0);
	*ret_door = give_loader(ask.ask_id, 7);
	ck_assert_uint_eq(done->cnt, 0);
	return expect_call(*ret_door, call->payload_bytes, call->fd_cnt);
}

/* ---- building ---- */

START_TEST(what_a_call_is_made_of_and_how_much)
{
	struct loader_call *call = loader_call_new();
	uint32_t off = 99;

	ck_assert_int_eq(loader_add_in(call, 8, "abc", 3, &off), 0);
	ck_assert_uint_eq(off, 0);
	ck_assert_int_eq(loader_add_in(call, 16, "defgh", 5, &off), 0);
	ck_assert(off == 8 && call->payload_bytes == 13 &&
		  !memcmp(call->payload, "abc\0\0\0\0\0defgh", 13));
	ck_assert_int_eq(loader_add_in(call, 24, NULL, 0, NULL), 0);
	ck_assert_uint_eq(call->payload_bytes, 16);
	ck_assert_int_eq(loader_add_out(call, 32, 77, PTR_TEXT), 0);
	ck_assert(call->ask.ptr_cnt == 4 && call->ask.ptr[1].at == 16 &&
		  call->ask.ptr[1].off == 8 && call->ask.ptr[1].bytes == 5 &&
		  !call->ask.ptr[1].flags);
	ck_assert(call->ask.ptr[3].at == 32 && call->ask.ptr[3].bytes == 77 &&
		  call->ask.ptr[3].flags == (PTR_OUT | PTR_TEXT));
	for (uint32_t i = 4; i < DOOR_PTRS_MAX; i++)
		ck_assert_int_eq(i % 2 ? loader_add_out(call, 0, 1, 0)
				       : loader_add_in(call, 0, "x", 1, NULL),
				 0);
	ck_assert_int_eq(loader_add_out(call, 0, 1, 0), -E2BIG);
	ck_assert_int_eq(loader_add_in(call, 0, "x", 1, NULL), -E2BIG);
	loader_call_free(call);
	call = loader_call_new();
	ck_assert_int_eq(loader_add_in(call, 0, "x", SIZE_MAX, NULL), -E2BIG);
	ck_assert_int_eq(loader_add_in(call, 0, "x", 1, NULL), 0);
	ck_assert_int_eq(loader_add_in(call, 0, "x", SIZE_MAX - 7, NULL), -E2BIG);
	ck_assert_int_eq(loader_add_in(call, 0, "x", DOOR_PAYLOAD_MAX - 7, NULL), -E2BIG);
	for (int fd = 0; fd < (int)DOOR_FDS_MAX; fd++)
		ck_assert_int_eq(loader_add_fd(call, 1000 + fd), (int)DOOR_FD_FIRST + fd);
	ck_assert_int_eq(loader_add_fd(call, 5), -EMFILE);
	ck_assert_int_eq(loader_add_fd(call, 1003), (int)DOOR_FD_FIRST + 3);
	for (int i = 0; i < (int)DOOR_LENT_MAX; i++)
		ck_assert_int_eq(loader_add_lent(call, 1 + (uint64_t)i), (int)DOOR_LENT_FIRST + i);
	ck_assert_int_eq(loader_add_lent(call, 50), -EMFILE);
	ck_assert_int_eq(loader_add_lent(call, 4), (int)DOOR_LENT_FIRST + 3);
	call->fd_cnt = 0;
	loader_call_free(call);
	loader_call_free(NULL);
}
END_TEST

/* ---- sending ---- */

START_TEST(a_loader_is_started_once_and_gets_one_call_at_a_time)
{
	struct done done[3];
	struct loader_call *call[3];
	struct door_ask first, second;
	struct keep_ask ask;
	int door;

	box_begin();
	for (int i = 0; i < 3; i++) {
		call[i] = new_call(&done[i], DOOR_FD_NONE);
		ck_assert_int_eq(loaders_submit(box.loaders, call[i]), 0);
	}
	ck_assert_uint_eq(loaders_busy(box.loaders), 3);
	ask = expect_ask(ASK_LOADER, 0);
	ck_assert(ask.uid == UID && ask.flags == 0);
	expect_no_ask();
	door = give_loader(ask.ask_id, 7);
	first = expect_call(door, 0, 0);
	ck_assert(first.cmd == 5 && first.op == DOOR_BPF && first.attr_bytes == 32 &&
		  !first.fd_cnt && !first.lent_cnt && !first.payload_bytes && !first.flags);
	ck_assert(
		!hear_call(door, &second, NULL, &(size_t){ 0 }, &(struct packet_fds){ .cnt = 0 }));
	answer(door, first.approval_id, 3, -1);
	ck_assert(done[0].cnt == 1 && done[0].err == 0 && done[0].result == 3 && !done[0].has_fd &&
		  done[1].cnt == 0);
	second = expect_call(door, 0, 0);
	ck_assert_uint_ne(second.approval_id, first.approval_id);
	answer(door, second.approval_id, -EPERM, -1);
	ck_assert(done[1].cnt == 1 && done[1].err == 0 && done[1].result == -EPERM);
	answer(door, expect_call(door, 0, 0).approval_id, 0, -1);
	ck_assert(done[2].cnt == 1 && done[2].order == 3 && loaders_busy(box.loaders) == 0);
	/* The next finds it there. */
	loader_call_free(call[0]);
	call[0] = new_call(&done[0], DOOR_FD_NONE);
	ck_assert_int_eq(loaders_submit(box.loaders, call[0]), 0);
	expect_no_ask();
	answer(door, expect_call(door, 0, 0).approval_id, 0, -1);
	ck_assert_uint_eq(done[0].cnt, 1);
	for (int i = 0; i < 3; i++)
		loader_call_free(call[i]);
	close(door);
	box_end();
}
END_TEST

START_TEST(who_differs_in_user_namespace_or_flags_has_another_loader)
{
	struct done done[4];
	struct loader_call *call[4];
	int sock[2];

	box_begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	for (int i = 0; i < 4; i++)
		call[i] = new_call(&done[i], DOOR_FD_NONE);
	call[1]->uid = UID + 1;
	call[2]->netns_cookie = 5;
	call[2]->netns_sock = sock[0];
	call[3]->loader_flags = LOADER_LEDGER;
	for (int i = 0; i < 4; i++) {
		struct keep_ask ask;

		ck_assert_int_eq(loaders_submit(box.loaders, call[i]), 0);
		ask = expect_ask(ASK_LOADER, i == 2);
		ck_assert(ask.uid == call[i]->uid && ask.flags == (i == 3 ? LOADER_LEDGER : 0));
	}
	box_end();
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(done[i].cnt, 1);
		ck_assert_int_ne(done[i].err, 0);
		loader_call_free(call[i]);
	}
	close(sock[0]);
	close(sock[1]);
}
END_TEST

START_TEST(descriptors_payload_and_what_is_lent_travel_with_a_call)
{
	static const size_t sizes[] = { 1, DOOR_INLINE_MAX, DOOR_INLINE_MAX + 1 };

	for (size_t i = 0; i < ARRAY_CNT(sizes); i++) {
		struct done done;
		struct loader_call *call = new_call(&done, DOOR_FD_NONE);
		char *bytes = memset(malloc(sizes[i]), 'p', sizes[i]);
		OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
		bool in_file = sizes[i] > DOOR_INLINE_MAX;
		struct door_ask got;
		struct keep_ask ask;
		size_t behind;
		int door;

		box_begin();
		ck_assert_int_eq(loader_add_in(call, 8, bytes, sizes[i], NULL), 0);
		(void)loader_add_fd(call, STDIN_FILENO);
		(void)loader_add_lent(call, 11);
		(void)loader_add_lent(call, 12);
		ck_assert_int_eq(loaders_submit(box.loaders, call), 0);
		door = give_loader(expect_ask(ASK_LOADER, 0).ask_id, 9);
		ask = expect_ask(ASK_LEND, 0);
		ck_assert(ask.box_id == 9 && ask.cnt == 2 && ask.keep_id[0] == 11 &&
			  ask.keep_id[1] == 12);
		ck_assert(hear_call(door, &got, NULL, &behind, &fds));
		ck_assert(behind == (in_file ? 0 : sizes[i]) && fds.cnt == (in_file ? 2 : 1));
		ck_assert(got.payload_bytes == sizes[i] && got.fd_cnt == 1 && got.lent_cnt == 2 &&
			  got.flags == (in_file ? DOOR_PAYLOAD_FD : 0) &&
			  got.approval_id == ask.approval_id);
		if (in_file)
			ck_assert_int_eq(fcntl(fds.fd[1], F_GET_SEALS) &
						 (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK),
					 F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
		answer(door, got.approval_id, 0, -1);
		ck_assert_uint_eq(done.cnt, 1);
		loader_call_free(call);
		close(door);
		free(bytes);
		box_end();
	}
}
END_TEST

/* ---- answers ---- */

/* What becomes of a call with two outputs of 16 and 8 bytes and this answer. */
static struct done answered(void (*spoil)(struct door_answer *), size_t bytes, int fd,
			    uint32_t result_fd)
{
	static const char outs[64] = "0123456789abcdefghijklmnopqrstuvw";
	struct done done;
	struct loader_call *call = new_call(&done, result_fd);
	struct door_answer answer = { .attr_bytes = 32 };
	int door;

	box_begin();
	ck_assert(loader_add_out(call, 8, 16, 0) == 0 &&
		  loader_add_in(call, 16, "in", 2, NULL) == 0 &&
		  loader_add_out(call, 24, 8, 0) == 0);
	answer.approval_id = begin_call(&done, call, &door).approval_id;
	answer.out[0] = 10;
	answer.out[2] = 4;
	answer.out_bytes = 14;
	if (spoil)
		spoil(&answer);
	answer_with(door, &answer, outs, bytes, fd);
	if (done.err)
		ck_assert_uint_eq(expect_ask(ASK_STOP_LOADER, 0).box_id, 7);
	else
		expect_no_ask();
	loader_call_free(call);
	close(door);
	box_end();
	return done;
}

static void out_1_too_long(struct door_answer *a)
{
	a->out[0] = 17;
	a->out_bytes = 21;
}
static void out_1_full(struct door_answer *a)
{
	a->out[0] = 16;
	a->out_bytes = 20;
}
static void out_of_an_input(struct door_answer *a)
{
	a->out[1] = 1;
	a->out_bytes = 15;
}
static void out_of_nothing(struct door_answer *a)
{
	a->out[3] = 1;
	a->out_bytes = 15;
}
static void out_sum_less(struct door_answer *a)
{
	a->out_bytes = 13;
}
static void out_sum_more(struct door_answer *a)
{
	a->out_bytes = 15;
}
static void no_outs(struct door_answer *a)
{
	a->out[0] = a->out[2] = a->out_bytes = 0;
}
static void foreign_approval(struct door_answer *a)
{
	a->approval_id++;
}
static void attr_most(struct door_answer *a)
{
	a->attr_bytes = DOOR_ATTR_MAX;
}
static void attr_more(struct door_answer *a)
{
	a->attr_bytes = DOOR_ATTR_MAX + 1;
}
static void in_a_file(struct door_answer *a)
{
	a->flags = DOOR_OUT_FD;
}
static void refused(struct door_answer *a)
{
	no_outs(a);
	a->result = -EPERM;
}

START_TEST(an_answer_that_does_not_fit_its_call_ends_the_loader)
{
	int small = memfd_create("small", MFD_CLOEXEC), right = memfd_create("right", MFD_CLOEXEC),
	    pair[2];
	static const struct {
		void (*spoil)(struct door_answer *);
		size_t bytes;
		int err;
	} rows[] = {
		{ NULL, 14, 0 },
		{ NULL, 13, -EIO },
		{ NULL, 15, -EIO },
		{ out_1_too_long, 21, -EIO },
		{ out_1_full, 20, 0 },
		{ out_of_an_input, 15, -EIO },
		{ out_of_nothing, 15, -EIO },
		{ out_sum_less, 13, -EIO },
		{ out_sum_more, 15, -EIO },
		{ no_outs, 0, 0 },
		{ no_outs, 1, -EIO },
		{ foreign_approval, 14, -EIO },
		{ attr_most, 14, 0 },
		{ attr_more, 14, -EIO },
		{ in_a_file, 0, -EIO },
	};
	struct done done;

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		done = answered(rows[i].spoil, rows[i].bytes, -1, DOOR_FD_NONE);
		ck_assert_msg(done.cnt == 1 && done.err == rows[i].err, "row %zu: %d", i, done.err);
		ck_assert_int_eq(done.has_answer, !rows[i].err);
		if (!rows[i].err)
			ck_assert_uint_eq(done.out_bytes, rows[i].spoil == no_outs	? 0
							  : rows[i].spoil == out_1_full ? 16
											: 10);
	}
	ck_assert(ftruncate(small, 13) == 0 && ftruncate(right, 14) == 0 &&
		  pipe2(pair, O_CLOEXEC) == 0);
	ck_assert_int_eq(answered(in_a_file, 0, small, DOOR_FD_NONE).err, -EIO);
	ck_assert_int_eq(answered(in_a_file, 0, pair[0], DOOR_FD_NONE).err, -EIO);
	done = answered(in_a_file, 0, right, DOOR_FD_NONE);
	ck_assert(done.err == 0 && done.out_bytes == 10);
	/* A descriptor, when one was promised. */
	ck_assert_int_eq(answered(no_outs, 0, -1, DOOR_FD_BROKER).err, -EIO);
	done = answered(no_outs, 0, right, DOOR_FD_BROKER);
	ck_assert(done.err == 0 && done.has_fd);
	done = answered(refused, 0, -1, DOOR_FD_BROKER);
	ck_assert(done.err == 0 && done.result == -EPERM && !done.has_fd);
	done = answered(no_outs, 0, right, DOOR_FD_NONE);
	ck_assert(done.err == 0 && !done.has_fd);
	for (int i = 0; i < 2; i++)
		close(pair[i]);
	close(small);
	close(right);
}
END_TEST

START_TEST(an_answer_that_nobody_waits_for_ends_the_loader)
{
	struct done done;
	struct loader_call *call = new_call(&done, DOOR_FD_NONE);
	uint64_t id;
	int door;

	box_begin();
	id = begin_call(&done, call, &door).approval_id;
	answer(door, id, 0, -1);
	ck_assert_uint_eq(done.cnt, 1);
	answer(door, id, 0, -1);
	ck_assert_uint_eq(expect_ask(ASK_STOP_LOADER, 0).box_id, 7);
	loader_call_free(call);
	/* And the next call gets a new one. */
	call = new_call(&done, DOOR_FD_NONE);
	close(door);
	id = begin_call(&done, call, &door).approval_id;
	answer(door, id, 0, -1);
	ck_assert(done.cnt == 1 && done.err == 0);
	loader_call_free(call);
	close(door);
	box_end();
}
END_TEST

/* ---- what bpfgated keeps ---- */

static struct keep_tell kept_of(uint64_t approval_id, uint32_t box_id, int result)
{
	return (struct keep_tell){ .kind = TELL_KEPT,
				   .approval_id = approval_id,
				   .box_id = box_id,
				   .keep_id = 31,
				   .cookie = 32,
				   .result = result };
}

START_TEST(a_kept_object_and_its_answer_come_in_either_order)
{
	for (int first = 0; first < 2; first++)
		for (uint32_t result_fd = DOOR_FD_KEEP; result_fd <= DOOR_FD_HANDLE; result_fd++) {
			struct done done;
			struct loader_call *call = new_call(&done, result_fd);
			struct keep_tell other;
			uint64_t id;
			int door;

			box_begin();
			id = begin_call(&done, call, &door).approval_id;
			/* Of another loader, or for another approval: not this call's. */
			other = kept_of(id, 8, 0);
			other.flags = 99;
			tell(other, -1);
			other = kept_of(id + 1, 7, 0);
			other.flags = 99;
			tell(other, -1);
			if (first)
				tell(kept_of(id, 7, 0), STDIN_FILENO);
			else
				answer(door, id, 0, -1);
			ck_assert_uint_eq(done.cnt, 0);
			if (first)
				answer(door, id, 0, -1);
			else
				tell(kept_of(id, 7, 0), STDIN_FILENO);
			ck_assert(done.cnt == 1 && done.err == 0 && done.keep_id == 31 &&
				  done.cookie == 32 && done.has_handle);
			/* Twice it is nobody's. */
			other = kept_of(id, 7, 0);
			other.flags = 99;
			tell(other, -1);
			loader_call_free(call);
			close(door);
			box_end();
		}
}
END_TEST

START_TEST(what_could_not_be_kept_is_an_error_and_what_was_refused_is_not_waited_for)
{
	struct done done;
	struct loader_call *call = new_call(&done, DOOR_FD_HANDLE);
	uint64_t id;
	int door;

	box_begin();
	id = begin_call(&done, call, &door).approval_id;
	answer(door, id, 0, -1);
	tell(kept_of(id, 7, -EMFILE), -1);
	ck_assert(done.cnt == 1 && done.err == -EMFILE && !done.has_answer);
	loader_call_free(call);
	call = new_call(&done, DOOR_FD_HANDLE);
	ck_assert_int_eq(loaders_submit(box.loaders, call), 0);
	answer(door, expect_call(door, 0, 0).approval_id, -EACCES, -1);
	ck_assert(done.cnt == 1 && done.err == 0 && done.result == -EACCES);
	loader_call_free(call);
	close(door);
	box_end();
}
END_TEST

/* ---- ends ---- */

START_TEST(a_loader_that_is_gone_ends_its_calls)
{
	for (int way = 0; way < 3; way++) {
		struct done done[2];
		struct loader_call *call[2] = { new_call(&done[0], DOOR_FD_NONE),
						new_call(&done[1], DOOR_FD_NONE) };
		int door;

		box_begin();
		(void)begin_call(&done[0], call[0], &door);
		ck_assert_int_eq(loaders_submit(box.loaders, call[1]), 0);
		if (way == 0)
			close(door);
		else
			tell((struct keep_tell){ .kind = TELL_LOADER_GONE,
						 .box_id = way == 1 ? 7 : 8 },
			     -1);
		run();
		for (int i = 0; i < 2; i++)
			ck_assert(way == 2 ? done[i].cnt == 0
					   : done[i].cnt == 1 && done[i].err == -EIO);
		if (way == 0)
			ck_assert_uint_eq(expect_ask(ASK_STOP_LOADER, 0).box_id, 7);
		else
			expect_no_ask();
		box_end();
		for (int i = 0; i < 2; i++) {
			ck_assert_uint_eq(done[i].cnt, 1);
			loader_call_free(call[i]);
		}
		if (way)
			close(door);
	}
}
END_TEST

START_TEST(a_loader_that_cannot_be_started_ends_its_calls)
{
	struct done done;
	struct loader_call *call = new_call(&done, DOOR_FD_NONE);

	box_begin();
	ck_assert_int_eq(loaders_submit(box.loaders, call), 0);
	tell((struct keep_tell){ .kind = ANS_LOADER,
				 .ask_id = expect_ask(ASK_LOADER, 0).ask_id,
				 .result = -EMFILE },
	     -1);
	ck_assert(done.cnt == 1 && done.err == -EMFILE);
	expect_no_ask();
	ck_assert_uint_eq(loaders_busy(box.loaders), 0);
	loader_call_free(call);
	box_end();
}
END_TEST

START_TEST(a_call_that_takes_too_long_ends_with_its_loader)
{
	struct done done;
	struct loader_call *call = new_call(&done, DOOR_FD_NONE);
	int door;

	box_begin();
	call->timeout_ns = 20 * 1000 * 1000;
	(void)begin_call(&done, call, &door);
	for (int i = 0; i < 100 && !done.cnt; i++)
		(void)sd_event_run(box.event, 100 * 1000);
	ck_assert(done.cnt == 1 && done.err == -ETIMEDOUT);
	ck_assert_uint_eq(expect_ask(ASK_STOP_LOADER, 0).box_id, 7);
	loader_call_free(call);
	close(door);
	box_end();
}
END_TEST

/* ---- how many ---- */

/* Submits a call of that namespace; its loader is given when one is asked for. */
static int submit_in(struct loader_call *call, uint64_t netns, int sock, uint32_t box_id,
		     int *ret_door)
{
	struct keep_ask ask;
	int r;

	call->netns_cookie = netns;
	call->netns_sock = netns ? sock : -1;
	r = loaders_submit(box.loaders, call);
	if (r < 0)
		return r;
	ask = expect_ask(ASK_LOADER, netns != 0);
	*ret_door = give_loader(ask.ask_id, box_id);
	return 0;
}

START_TEST(a_user_has_eight_loaders_and_the_idle_one_gives_way)
{
	struct done done[10];
	struct loader_call *call[10];
	int door[10], sock[2];

	box_begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	for (int i = 0; i < 8; i++) {
		call[i] = new_call(&done[i], DOOR_FD_NONE);
		ck_assert_int_eq(
			submit_in(call[i], 1 + (uint64_t)i, sock[0], 100 + (uint32_t)i, &door[i]),
			0);
	}
	/* All are busy. */
	call[8] = new_call(&done[8], DOOR_FD_NONE);
	ck_assert_int_eq(submit_in(call[8], 9, sock[0], 108, &door[8]), -ENOBUFS);
	/* Another user's is his own. */
	call[9] = new_call(&done[9], DOOR_FD_NONE);
	call[9]->uid = UID + 1;
	ck_assert_int_eq(submit_in(call[9], 9, sock[0], 109, &door[9]), 0);
	answer(door[3], expect_call(door[3], 0, 0).approval_id, 0, -1);
	ck_assert_int_eq(loaders_submit(box.loaders, call[8]), 0);
	ck_assert_uint_eq(expect_ask(ASK_STOP_LOADER, 0).box_id, 103);
	ck_assert_uint_eq(expect_ask(ASK_LOADER, 1).uid, UID);
	box_end();
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(done[i].cnt, 1);
		loader_call_free(call[i]);
		if (i != 8)
			close(door[i]);
	}
	close(sock[0]);
	close(sock[1]);
}
END_TEST

START_TEST(so_many_loaders_live_at_once_and_so_many_calls_wait)
{
	static struct done done[LOADERS_MAX + 1], more[1026];
	static struct loader_call *call[LOADERS_MAX + 1], *waiting[1026];
	static int door[LOADERS_MAX + 1];
	unsigned int ok = 0;

	box_begin();
	for (uint32_t i = 0; i < LOADERS_MAX; i++) {
		call[i] = new_call(&done[i], DOOR_FD_NONE);
		call[i]->uid = UID + i;
		ck_assert_int_eq(submit_in(call[i], 0, -1, 100 + i, &door[i]), 0);
	}
	answer(door[5], expect_call(door[5], 0, 0).approval_id, 0, -1);
	answer(door[4], expect_call(door[4], 0, 0).approval_id, 0, -1);
	/* The one that was used least lately of those that idle. */
	call[LOADERS_MAX] = new_call(&done[LOADERS_MAX], DOOR_FD_NONE);
	call[LOADERS_MAX]->uid = UID + 500;
	ck_assert_int_eq(loaders_submit(box.loaders, call[LOADERS_MAX]), 0);
	ck_assert_uint_eq(expect_ask(ASK_STOP_LOADER, 0).box_id, 104);
	(void)expect_ask(ASK_LOADER, 0);
	for (int i = 0; i < 1026; i++) {
		waiting[i] = new_call(&more[i], DOOR_FD_NONE);
		ok += loaders_submit(box.loaders, waiting[i]) == 0;
	}
	ck_assert_uint_eq(ok, 1023);
	box_end();
	for (uint32_t i = 0; i <= LOADERS_MAX; i++) {
		loader_call_free(call[i]);
		if (i < LOADERS_MAX)
			close(door[i]);
	}
	for (int i = 0; i < 1026; i++)
		loader_call_free(waiting[i]);
}
END_TEST

/* ---- bpfgated itself ---- */

static unsigned int answers_cnt;

static void on_answer(void *ctx, const struct keep_tell *what, struct packet_fds *fds)
{
	answers_cnt += what->result == 5 && ctx == &box;
}

/* ---- what it costs ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* What an account owes after a call for which so much time went by, and the loader says this. */
static uint64_t owed_for(uint64_t ns, uint64_t said_ns, uint64_t *ret_passed_ns)
{
	struct door_answer plain = { .cpu_ns = said_ns };
	struct quota_account *account;
	struct quota_table *quota;
	struct loader_call *call;
	struct done done;
	uint64_t owed, began;
	int door;

	box_begin();
	ck_assert(quota_table_new(NULL, &quota) == 0 && quota_account_get(quota, UID, &account) == 0);
	call = new_call(&done, DOOR_FD_NONE);
	call->account = account;
	began = now_ns();
	plain.approval_id = begin_call(&done, call, &door).approval_id;
	while (now_ns() - began < ns)
		;
	answer_with(door, &plain, "", 0, -1);
	*ret_passed_ns = now_ns() - began;
	ck_assert_uint_eq(done.cnt, 1);
	owed = account->owed_ns;
	loader_call_free(call);
	close(door);
	box_end();
	quota_account_unref(account);
	quota_table_free(quota);
	return owed;
}

#define MS 1000000u

START_TEST(what_the_kernel_computed_is_owed_and_no_more_than_went_by)
{
	uint64_t passed;

	ck_assert_uint_ge(owed_for(50 * MS, 40 * MS, &passed), 40 * MS);
	/* The control: waiting is not computing. */
	ck_assert_uint_lt(owed_for(50 * MS, 0, &passed), 40 * MS);
	/* Nor is a loader believed that says more. */
	ck_assert_uint_ge(owed_for(50 * MS, UINT64_MAX, &passed), 40 * MS);
	ck_assert_uint_le(owed_for(50 * MS, UINT64_MAX, &passed), passed);
}
END_TEST

START_TEST(an_answer_goes_to_who_asked_and_once)
{
	struct keep_ask ask = { .kind = ASK_HANDLE, .cnt = 1, .keep_id = { 4 } }, got;

	box_begin();
	answers_cnt = 0;
	ck_assert_int_eq(to_parent_ask(box.to_parent, &ask, NULL, NULL, 0, on_answer, &box), 0);
	got = expect_ask(ASK_HANDLE, 0);
	ck_assert(got.keep_id[0] == 4 && got.ask_id == ask.ask_id && got.ask_id);
	tell((struct keep_tell){ .kind = ANS_HANDLE, .ask_id = got.ask_id + 1, .result = 5 }, -1);
	ck_assert_uint_eq(answers_cnt, 0);
	tell((struct keep_tell){ .kind = ANS_HANDLE, .ask_id = got.ask_id, .result = 5 }, -1);
	tell((struct keep_tell){ .kind = ANS_HANDLE, .ask_id = got.ask_id, .result = 5 }, -1);
	ck_assert(answers_cnt == 1 && box.told == 0);
	to_parent_ask_drop(box.to_parent, 77);
	got = expect_ask(ASK_DROP, 0);
	ck_assert(got.keep_id[0] == 77 && got.cnt == 1 && got.ask_id != ask.ask_id);
	to_parent_pong(box.to_parent);
	(void)expect_ask(ASK_PONG, 0);
	tell((struct keep_tell){ .kind = TELL_PING }, -1);
	ck_assert(box.told == 1 && box.last_told.kind == TELL_PING && box.gone == 0);
	box_end();
}
END_TEST

START_TEST(a_text_goes_to_bpfgated_cut_to_what_it_takes)
{
	char text[KEEP_STATUS_MAX + 20], buf[sizeof(struct keep_ask) + KEEP_STATUS_MAX + 8];
	struct keep_ask ask;
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };

	box_begin();
	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	to_parent_tell_text(box.to_parent, ASK_READY, -EBADMSG, text);
	run();
	ck_assert_int_eq(packet_recv(box.parent, buf, sizeof(buf), &fds, MSG_DONTWAIT),
			 (int)(sizeof(ask) + KEEP_STATUS_MAX));
	memcpy(&ask, buf, sizeof(ask));
	ck_assert(ask.kind == ASK_READY && ask.result == -EBADMSG && ask.bytes == KEEP_STATUS_MAX &&
		  buf[sizeof(ask)] == 't');
	box_end();
}
END_TEST

START_TEST(without_bpfgated_nothing_goes_on)
{
	char odd[10] = { 0 };
	struct iovec part = { odd, sizeof(odd) };

	box_begin();
	ck_assert_int_eq(packet_send(box.parent, &part, 1, NULL, 0, 0), 0);
	run();
	ck_assert_uint_eq(box.gone, 1);
	box_end();
	box_begin();
	ck_assert_int_eq(shutdown(box.parent, SHUT_RDWR), 0);
	run();
	ck_assert_uint_eq(box.gone, 1);
	box_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/loaders");
	TCase *tc = tcase_create("loaders");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_a_call_is_made_of_and_how_much);
	tcase_add_test(tc, a_loader_is_started_once_and_gets_one_call_at_a_time);
	tcase_add_test(tc, who_differs_in_user_namespace_or_flags_has_another_loader);
	tcase_add_test(tc, descriptors_payload_and_what_is_lent_travel_with_a_call);
	tcase_add_test(tc, an_answer_that_does_not_fit_its_call_ends_the_loader);
	tcase_add_test(tc, an_answer_that_nobody_waits_for_ends_the_loader);
	tcase_add_test(tc, a_kept_object_and_its_answer_come_in_either_order);
	tcase_add_test(tc,
		       what_could_not_be_kept_is_an_error_and_what_was_refused_is_not_waited_for);
	tcase_add_test(tc, a_loader_that_is_gone_ends_its_calls);
	tcase_add_test(tc, a_loader_that_cannot_be_started_ends_its_calls);
	tcase_add_test(tc, a_call_that_takes_too_long_ends_with_its_loader);
	tcase_add_test(tc, a_user_has_eight_loaders_and_the_idle_one_gives_way);
	tcase_add_test(tc, so_many_loaders_live_at_once_and_so_many_calls_wait);
	tcase_add_test(tc, what_the_kernel_computed_is_owed_and_no_more_than_went_by);
	tcase_add_test(tc, an_answer_goes_to_who_asked_and_once);
	tcase_add_test(tc, a_text_goes_to_bpfgated_cut_to_what_it_takes);
	tcase_add_test(tc, without_bpfgated_nothing_goes_on);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
