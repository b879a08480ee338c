/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon for tests of the client. Promises to answer by the script of fake.h, one thread for each
 * connection; trusts the test; refuses nothing that decodes.
 */
#include "tests/client/fake.h"

#include "proto/channel.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct fake_client {
	struct fake_counts *counts;
	int sock;
};

/* The far ends of the handles given out: they live as long as the process. */
static int fake_make_handle(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	return ends[0];
}

static void fake_load(const struct request *req, struct reply *reply, int *ret_fd)
{
	if (attr_u32(req->attr, ATTR_PROG_LOAD_INSN_CNT) > 1) {
		reply->result_is_fd = true;
		*ret_fd = fake_make_handle();
		return;
	}
	reply->result = -EACCES;
	reply->decision = 0x7f3a91;
	reply->reason = "because\033[2J";
	reply->reason_bytes = 11;
	reply_set_buf(reply, req, ATTR_PROG_LOAD_LOG_BUF, "no\n", 4);
	reply_set_out(reply, req, ATTR_PROG_LOAD_LOG_TRUE_SIZE, 4);
}

static void fake_info(const struct request *req, struct reply *reply)
{
	static uint8_t info[232] = { 6 };

	if (request_find_fd(req, attr_s32(req->attr, ATTR_INFO_BPF_FD)) < 0) {
		reply->result = -EBADF;
		return;
	}
	reply_set_buf(reply, req, ATTR_INFO_INFO, info, sizeof(info));
	reply_set_out(reply, req, ATTR_INFO_INFO_LEN, sizeof(info));
}

static void fake_script(const struct request *req, struct reply *reply, int *ret_fd)
{
	if (req->cmd == CMD_MAP_CREATE) {
		reply->result_is_fd = true;
		*ret_fd = memfd_create("map", MFD_CLOEXEC);
	} else if (req->cmd == CMD_PROG_LOAD) {
		fake_load(req, reply, ret_fd);
	} else if (req->cmd == CMD_OBJ_GET_INFO_BY_FD) {
		fake_info(req, reply);
	} else if (req->cmd == CMD_PROG_GET_NEXT_ID) {
		reply_set_out(reply, req, ATTR_ID_NEXT_ID,
			      attr_u32(req->attr, ATTR_ID_START_ID) + 1);
	}
}

static int fake_send(int sock, uint16_t type, uint64_t id, const void *body, size_t bytes, int fd)
{
	struct wire_head head = { .version = 1, .type = type, .id = id };

	return channel_send(sock, &head, body, bytes, &fd, fd >= 0 ? 1 : 0, 0);
}

static bool fake_take_one(atomic_int *counter)
{
	int left = atomic_load(counter);

	while (left > 0)
		if (atomic_compare_exchange_weak(counter, &left, left - 1))
			return true;
	return false;
}

static int fake_request(struct fake_client *client, struct message *msg)
{
	struct fake_counts *counts = client->counts;
	struct reply reply = { 0 };
	OWN_MEM uint8_t *body = NULL;
	OWN_FD int fd = -1;
	struct request req;
	size_t bytes;

	if (channel_load_body(msg) < 0 ||
	    codec_decode_request(msg->body, msg->head.body_bytes, msg->fd_cnt, &req) < 0)
		return -EBADMSG;
	atomic_fetch_add(&counts->requests, 1);
	atomic_store(&counts->last_cmd, (int)req.cmd);
	atomic_store(&counts->last_fd_cnt, (int)req.fd_cnt);
	if (fake_take_one(&counts->hang_up_next))
		return -ECONNRESET;
	if (fake_take_one(&counts->lie_next))
		return fake_send(client->sock, WIRE_REPLY, msg->head.id, "nonsense", 8, -1);
	fake_script(&req, &reply, &fd);
	if (codec_encode_reply(&reply, &body, &bytes) < 0)
		return -ENOMEM;
	return fake_send(client->sock, WIRE_REPLY, msg->head.id, body, bytes, fd);
}

static int fake_control(struct fake_client *client, struct message *msg)
{
	struct control_reply reply = { 0 };
	OWN_MEM uint8_t *body = NULL;
	struct control ctl;
	char text[128];
	size_t bytes;

	if (codec_decode_control(msg->body, msg->head.body_bytes, &ctl) < 0)
		return -EBADMSG;
	snprintf(text, sizeof(text), "{\"verb\":%u,\"arg\":\"%.*s\",\"fds\":%u}", ctl.verb,
		 (int)ctl.arg_bytes, ctl.arg, msg->fd_cnt);
	reply.text = text;
	reply.text_bytes = (uint32_t)strlen(text);
	if (codec_encode_control_reply(&reply, &body, &bytes) < 0)
		return -ENOMEM;
	return fake_send(client->sock, WIRE_CONTROL_REPLY, msg->head.id, body, bytes, -1);
}

static int fake_answer(struct fake_client *client, struct message *msg)
{
	struct wire_welcome welcome;

	if (msg->head.type == WIRE_HELLO && channel_welcome(msg, &welcome) == 0)
		return channel_send_welcome(client->sock, msg->head.id, &welcome);
	if (msg->head.type == WIRE_REQUEST)
		return fake_request(client, msg);
	if (msg->head.type == WIRE_CONTROL)
		return fake_control(client, msg);
	return -EBADMSG;
}

static void *fake_serve(void *arg)
{
	struct fake_client *client = arg;
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));

	for (;;) {
		OWN_MESSAGE struct message msg = MESSAGE_INIT;

		if (channel_recv(client->sock, scratch, 0, &msg) <= 0 ||
		    fake_answer(client, &msg) < 0)
			break;
	}
	close(client->sock);
	free(client);
	return NULL;
}

static _Noreturn void fake_run(struct fake_counts *counts, int listener)
{
	for (;;) {
		struct fake_client *client = malloc(sizeof(*client));
		pthread_t thread;

		client->counts = counts;
		client->sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client->sock < 0)
			_exit(1);
		atomic_fetch_add(&counts->connections, 1);
		pthread_create(&thread, NULL, fake_serve, client);
		pthread_detach(thread);
	}
}

void fake_restart(struct fake *fake)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	unlink(fake->path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", fake->path);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(listener, 64) < 0)
		abort();
	fake->pid = fork();
	if (fake->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fake_run(fake->counts, listener);
	}
	close(listener);
}

void fake_start(struct fake *fake)
{
	*fake = (struct fake){ .dir = "/tmp/bpfgate-fake-XXXXXX" };
	if (!mkdtemp(fake->dir))
		abort();
	snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->dir);
	fake->counts = mmap(NULL, sizeof(*fake->counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setenv("BPFGATE_SOCKET", fake->path, 1);
	fake_restart(fake);
}

void fake_stop(struct fake *fake)
{
	if (!fake->pid)
		return;
	kill(fake->pid, SIGKILL);
	waitpid(fake->pid, NULL, 0);
	fake->pid = 0;
}

void fake_remove(struct fake *fake)
{
	fake_stop(fake);
	unlink(fake->path);
	rmdir(fake->dir);
	munmap(fake->counts, sizeof(*fake->counts));
}
