/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a real bpfgated with real loaders and a zygote, and lets the test speak as its broker. Waiting is
 * always for an event or for a state, with a time limit that only a broken daemon reaches.
 */
#ifndef BPFGATE_TESTS_DAEMON_RIG_H
#define BPFGATE_TESTS_DAEMON_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/privsep.h"

#define RIG_BROKER_UID 65501
#define RIG_JUDGE_UID  65502
#define RIG_LOADER_UID 65503
#define RIG_CLIENT_UID 65510

struct rig {
	char dir[40], socket[64], abstract[32];
	pid_t parent;		/* bpfgated */
	int puppets;		/* listens for brokers */
	pid_t broker;		/* the puppet */
	int puppet;		/* held open: closing it ends the puppet */
	int channel, listen, ledger;	/* what the broker was given */
	int zygote;		/* its channel; -1 */
	uint64_t last_id;
	uint64_t notify_cnt;
};

/* Builds a libexec directory of links, starts bpfgated, says READY for it. false: what failed is printed. */
bool rig_start(struct rig *rig, const char *builddir);
/* SIGTERM, and the status; -1 when a process reported a mistake (reports.h), too. */
int rig_stop(struct rig *rig);
/* After the puppet was killed or let go: takes over as the next one. */
bool rig_next_broker(struct rig *rig);

/* Sends a question; fds are borrowed. */
bool rig_ask(struct rig *rig, struct keep_ask *ask, const void *behind, const int *fds, uint32_t fd_cnt);
/*
 * Hears the next word of this kind; others are let go, with their descriptors. *ret_fd may be NULL. Pings are
 * answered, but for one that is waited for.
 */
bool rig_hear(struct rig *rig, uint32_t kind, struct keep_tell *ret_tell, int *ret_fd);
/* Asks and hears the answer, whose result it returns. */
int rig_call(struct rig *rig, struct keep_ask *ask, const int *fds, uint32_t fd_cnt,
	     struct keep_tell *ret_tell, int *ret_fd);

struct rig_loader {
	uint32_t box_id;
	int door;
};
bool rig_loader_start(struct rig *rig, int client_fd, struct rig_loader *ret_loader);
/* Ends it and waits until bpfgated says so. */
bool rig_loader_stop(struct rig *rig, struct rig_loader *loader);

/* A door_ask that loads a program of two instructions (or as given) and returns R0 = 0. */
void rig_fill_load(struct door_ask *ask, uint8_t *payload, uint32_t prog_type, uint64_t caps,
		   enum door_result_fd result_fd);
/* Sends an approval and hears its answer. */
bool rig_approve(const struct rig_loader *loader, struct door_ask *ask, const void *payload,
		 const int *fds, uint32_t fd_cnt, struct door_answer *ret_answer);

/* Does the kernel know a program of this id? As root. */
bool rig_prog_lives(uint32_t id);
/* Waits until it does not. */
bool rig_prog_dies(uint32_t id);

/* The pid of the one child of bpfgated whose command is `name`; 0: none. */
pid_t rig_child(const struct rig *rig, const char *name);
/* Open descriptors of bpfgated. */
int rig_fd_cnt(const struct rig *rig);

#endif
