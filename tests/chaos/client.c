/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client under chaos: pins, opens and unpins maps, programs and attached links, and holds
 * programs by handles. It writes down what it is about to do before it does it, for it may be
 * killed at any instruction.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "daemon/privsep.h"
#include "proto/own.h"
#include "tests/chaos/chaos.h"
#include "tests/daemon/live.h"

#define HANDLES	   3u
#define LOOPBACK   1u
#define PATIENCE_S 30

struct client {
	struct chaos *chaos;
	uint32_t number;
	uint64_t random;
	struct {
		int fd;
		uint32_t id, generation;
	} handles[HANDLES];
};

static int pin_call(int cmd, const char *path, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	return live_call(cmd, &attr, sizeof(attr));
}

static int make_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 4;
	strcpy(attr.map_name, CHAOS_NAME);
	return live_call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int make_link(void)
{
	OWN_FD int prog = live_prog(BPF_PROG_TYPE_XDP, CHAOS_NAME, 2);

	return prog < 0 ? prog : live_link(prog, BPF_XDP, LOOPBACK);
}

static int make(uint32_t kind)
{
	switch (kind) {
	case KEEP_MAP:
		return make_map();
	case KEEP_PROG:
		return live_prog(BPF_PROG_TYPE_XDP, CHAOS_NAME, 2);
	default:
		return make_link();
	}
}

/* Somebody is being started again: no use in asking a thousand times meanwhile. */
static void breathe(void)
{
	struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

/* Before and after a state that nobody can know, if we die in between. */
static void set_state(struct slot *slot, enum slot_state state)
{
	__atomic_store_n(&slot->state, state, __ATOMIC_SEQ_CST);
}

static void pin_one(struct client *client, struct slot *slot, uint32_t number, const char *path)
{
	/* An interface takes one XDP program, so each client has one slot for links. */
	uint32_t kind = number == 0			   ? KEEP_LINK
			: chaos_random(&client->random, 2) ? KEEP_MAP
							   : KEEP_PROG;
	OWN_FD int fd = make(kind);
	uint32_t id = fd < 0 ? 0 : live_id_of(fd);

	if (!id) {
		breathe();
		return;
	}
	slot->kind = kind;
	slot->id = id;
	set_state(slot, SLOT_UNKNOWN);
	if (pin_call(BPF_OBJ_PIN, path, fd) < 0)
		return;
	set_state(slot, SLOT_PINNED);
	__atomic_add_fetch(&client->chaos->granted, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&client->chaos->attached, kind == KEEP_LINK, __ATOMIC_RELAXED);
}

/* ENOENT is the daemon's own word: who has died says nothing, or EPERM. */
static void open_one(struct client *client, const struct slot *slot, const char *path)
{
	OWN_FD int fd = pin_call(BPF_OBJ_GET, path, 0);
	uint32_t id = fd < 0 ? 0 : live_id_of(fd);

	if (fd == -ENOENT || (id && id != slot->id)) {
		fprintf(stderr, "lost: %s (%s)\n", path,
			fd < 0 ? "is not there" : "is another object");
		__atomic_add_fetch(&client->chaos->lost, 1, __ATOMIC_RELAXED);
	}
}

static void unpin_one(struct slot *slot, const char *path)
{
	set_state(slot, SLOT_UNKNOWN);
	if (bpfgate_unpin(path) == 0)
		set_state(slot, SLOT_EMPTY);
}

static void use_slot(struct client *client)
{
	uint32_t number = chaos_random(&client->random, CHAOS_SLOTS);
	struct slot *slot = &client->chaos->slots[client->number][number];
	char path[CHAOS_PATH];

	chaos_path(client->chaos, client->number, number, path);
	if (slot->state == SLOT_EMPTY)
		pin_one(client, slot, number, path);
	else if (slot->state == SLOT_PINNED && chaos_random(&client->random, 3))
		open_one(client, slot, path);
	else if (slot->state == SLOT_PINNED)
		unpin_one(slot, path);
}

/* ---- handles --------------------------------------------------------------------------------- */

static bool handle_is_right(const struct client *client, uint32_t i)
{
	return live_id_of(client->handles[i].fd) == client->handles[i].id;
}

static void renew_handle(struct client *client)
{
	uint32_t i = chaos_random(&client->random, HANDLES);
	uint32_t generation = client->chaos->generation;

	own_close_fd(&client->handles[i].fd);
	client->handles[i].fd = live_prog(BPF_PROG_TYPE_XDP, CHAOS_NAME, 2);
	client->handles[i].id = client->handles[i].fd < 0 ? 0 : live_id_of(client->handles[i].fd);
	client->handles[i].generation = generation;
	if (!client->handles[i].id)
		own_close_fd(&client->handles[i].fd);
}

/* A handle lasts as long as bpfgated, whoever else dies. */
static void check_handle(struct client *client, uint32_t i)
{
	time_t until = time(NULL) + PATIENCE_S;

	if (client->handles[i].fd < 0)
		return;
	while (!handle_is_right(client, i)) {
		if (client->handles[i].generation != client->chaos->generation)
			return;
		if (time(NULL) > until) {
			fprintf(stderr, "lost: the program of a handle, %u\n",
				client->handles[i].id);
			__atomic_add_fetch(&client->chaos->lost, 1, __ATOMIC_RELAXED);
			return;
		}
		breathe();
	}
}

_Noreturn void client_run(struct chaos *chaos, uint32_t number, uint64_t seed)
{
	struct client client = { .chaos = chaos, .number = number, .random = seed };
	uint32_t i;

	for (i = 0; i < HANDLES; i++)
		client.handles[i].fd = -1;
	if (setns(chaos->netns[number], CLONE_NEWNET) < 0 || !live_become(CHAOS_FIRST_UID + number))
		_exit(2);
	while (!chaos->stop) {
		if (chaos_random(&client.random, 4))
			use_slot(&client);
		else
			renew_handle(&client);
		__atomic_add_fetch(&chaos->ops, 1, __ATOMIC_RELAXED);
	}
	for (i = 0; i < HANDLES; i++)
		check_handle(&client, i);
	_exit(0);
}

int client_open_all(const struct chaos *chaos, uint32_t number)
{
	int wrong = 0;

	if (!live_become(CHAOS_FIRST_UID + number))
		return 100;
	for (uint32_t i = 0; i < CHAOS_SLOTS; i++) {
		const struct slot *slot = &chaos->slots[number][i];
		char path[CHAOS_PATH];
		OWN_FD int fd = -1;

		if (slot->state != SLOT_PINNED)
			continue;
		chaos_path(chaos, number, i, path);
		fd = pin_call(BPF_OBJ_GET, path, 0);
		wrong += fd < 0 || live_id_of(fd) != slot->id;
	}
	return wrong;
}
