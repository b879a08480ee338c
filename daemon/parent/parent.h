/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgated: the one process with all privileges, and therefore the one that reads nothing of a client's.
 * Its state, shared by the files that make it up: parent.c (loop, signals, time), family.c (children),
 * ask.c (what the broker asks).
 */
#ifndef BPFGATE_DAEMON_PARENT_H
#define BPFGATE_DAEMON_PARENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/parent/to_broker.h"
#include "daemon/parent/keep.h"
#include "daemon/parent/ledger_file.h"
#include "daemon/privsep.h"
#include "daemon/parent/source.h"

struct account {
	uid_t uid;
	gid_t gid;
};

/* From the command line; unchanged after start. Strings are borrowed from argv. */
struct settings {
	const char *socket_path;	/* stand-alone: where to listen */
	const char *group;		/* stand-alone: who may connect */
	const char *libexec;
	const char *keep_dir;		/* where pins have names (pinfs.h); NULL: nowhere */
	const char *ledger_path;	/* NULL: memory that only bpfgated and the service manager hold */
	const char *spares;		/* judges that wait, as text for the zygote; NULL: its default */
	struct account broker, judge, loader;
	char *const *broker_args;	/* NULL-terminated, passed on */
	size_t broker_arg_cnt;
};

struct loader {
	struct source keep;	/* its channel to us; fd -1: the slot is free */
	pid_t pid;		/* 0: the slot is free */
	uint32_t box_id;
	uint32_t uid;		/* of the client it serves */
	uid_t runs_as;
	uint64_t lost_at_ns;	/* it was killed: when to go on without it; 0: it was not */
	bool ended;		/* its broker has gone, and it is being killed: nobody wants what it makes */
};

/* A child that is started again when it dies. */
struct ward {
	pid_t pid;		/* 0: not running */
	uid_t runs_as;
	uint64_t started_ns;
	uint64_t start_at_ns;	/* 0: nothing is due */
	uint64_t lost_at_ns;	/* it was killed: when to go on without it; 0: it was not */
};

struct parent {
	const struct settings *set;
	int epoll;
	struct source signals;
	int listen_fd;			/* owned */
	struct ledger_file ledger;
	bool socket_is_ours;		/* made by us: unlinked at the end */
	struct keep keep;
	struct to_broker to_broker;
	struct ward broker, zygote;
	struct loader loaders[LOADERS_MAX];
	uint32_t next_box_id;
	uint8_t *buf;			/* one keep_ask with what follows it; owned */
	uint64_t ping_at_ns, pong_by_ns;	/* 0: not due */
	uint64_t stop_by_ns;		/* 0: not stopping */
	bool ready;			/* the first broker said so */
	bool over;			/* leave the loop */
	int exit_status;
};

#define PARENT_BUF_BYTES (sizeof(struct keep_ask) + KEEP_FRAME_MAX)

/* CLOCK_MONOTONIC. */
uint64_t parent_now_ns(void);

/* parent.c. Runs until SIGTERM or until nothing can go on. Returns the exit status, or -errno. */
int parent_run(struct parent *parent);
/* Takes the socket in parent->listen_fd and the ledger with it. */
void parent_done(struct parent *parent);
/* Everything that must happen when the last hold is gone, or at once. */
int parent_drop_kept(struct parent *parent, struct kept *kept, uint64_t cookie);
int parent_handle_ready(struct parent *parent, struct source *source, uint32_t events);

/* family.c. 0 or -errno: not started (the caller schedules another try). */
int family_start_broker(struct parent *parent);
int family_start_zygote(struct parent *parent);
/* *ret_door: the broker's end, the caller's. client_fd: whose network namespace is entered; -1: the listening socket's. */
int family_start_loader(struct parent *parent, uint32_t uid, uint32_t flags, int client_fd,
			uint32_t *ret_box_id, int *ret_door);
struct loader *family_find_loader(struct parent *parent, uint32_t box_id);
/* Kills zygote and loaders: they belong to one broker and die with it. */
void family_end_generation(struct parent *parent);
/* Kills one; a child that sleeps in the kernel does not die, and is given up some time later. */
void family_kill_ward(struct ward *ward);
void family_kill_loader(struct loader *loader);
/* Goes on without those that were killed and have not died in time. 0 or -errno: bpfgated ends. */
int family_give_up(struct parent *parent, uint64_t now);
/* When the next may have to be given up; 0: never. */
uint64_t family_give_up_at(const struct parent *parent);
/* A child was reaped, or is given up. 0 or -errno: bpfgated ends. */
int family_child_gone(struct parent *parent, pid_t pid, int wait_status);

/* ask.c: the broker's channel is readable or writable. */
int ask_ready(struct parent *parent, struct source *source, uint32_t events);

#endif
