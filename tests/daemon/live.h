/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real daemon with odd judges (odd-judge.c), and users without privileges that call it. Each user's part
 * of a test runs in a process of its own; waiting is for an event or a state, with a limit that only a
 * broken daemon reaches.
 */
#ifndef BPFGATE_TESTS_DAEMON_LIVE_H
#define BPFGATE_TESTS_DAEMON_LIVE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LIVE_ALICE 65531
#define LIVE_BOB   65532

struct live {
	char dir[48], socket[80], policy[80];
	pid_t parent;
	const char *more[9];	/* further options of bpfgated, set before the start; NULL-terminated */
	const char *judge;	/* in the build tree; NULL: the odd ones */
	int ready;		/* what bpfgated and its children say on stderr */
	int err;		/* > 0: that is their stderr, and nothing they say is heard, no report either */
};

/* Starts it with this policy; false: what failed is printed. */
bool live_start(struct live *live, const char *builddir, const char *policy);
/* The same with another policy file beside it (NULL: none). */
struct live_file {
	const char *name, *text;
};
bool live_start_with(struct live *live, const char *builddir, const char *policy,
		     const struct live_file *more);
/* SIGTERM; true when it ended well, and no process of it reported a mistake (a sanitizer, an assertion). */
bool live_stop(struct live *live);
/* After bpfgated was killed and reaped: the next one, with the same socket and options. */
bool live_again(struct live *live, const char *builddir);
bool live_write_policy(const struct live *live, const char *policy);
/* Waits until the daemon says this (a part of a line). */
bool live_says(struct live *live, const char *text);
/* The pid of the daemon's one child of this name; 0: none. */
pid_t live_child(const struct live *live, const char *name);
/* Sends a signal to each of the daemon's children of this name; how many there are. */
unsigned int live_signal(const struct live *live, const char *name, int signal);
/* Open descriptors of bpfgated and the broker. */
int live_fd_cnt(const struct live *live);

/* Runs part(arg) as uid in a process of its own: its result, false when it died. */
typedef bool (*live_part)(void *arg);
bool live_as(uid_t uid, live_part part, void *arg);
/* This process is that user from now on, without groups. */
bool live_become(uid_t uid);

/* ---- for parts: calls as their own user; results as bpf(2): >= 0 or -errno ---- */

int live_call(int cmd, union bpf_attr *attr, unsigned int bytes);
/* The id of a program, map or link that the user holds; 0: it is none. */
uint32_t live_id_of(int fd);
int live_map(uint32_t type, uint32_t flags);
/* A program that returns R0 = ret; name asks something of the judge. */
int live_prog(uint32_t type, const char *name, int32_t ret);
int live_load(uint32_t type, const char *name, const struct bpf_insn *insns, uint32_t cnt);
int live_load_for(uint32_t type, uint32_t attach_type, const char *name, const struct bpf_insn *insns, uint32_t cnt);
int live_link(int prog, uint32_t attach_type, uint32_t target);
/* BPF_MAP_UPDATE_ELEM of one element. */
int live_update(int map, const void *key, const void *value);
/* PROG_ATTACH or PROG_DETACH for packets that leave a cgroup; prog 0: none is named. */
int live_egress(int cmd, const char *cgroup, int prog, uint32_t flags);
/* The last refusal contains this text. */
bool live_reason_has(const char *text);
/* A number in the "you" part of the status, or -1. */
long live_mine(const char *key);

/* ---- for the test itself, as root ---- */

bool live_prog_exists(uint32_t id);
/* A program that returns R0 = ret, loaded past the daemon. */
int live_load_natively(uint32_t type, int32_t ret);
/* Where the version 2 tree of cgroups is; both are in policies, since that is known only when they are used. */
#define LIVE_CGROUP_ALONE  "/sys/fs/cgroup"
#define LIVE_CGROUP_HYBRID "/sys/fs/cgroup/unified"
const char *live_cgroup_root(void);
/* Until cond(arg) holds. */
bool live_until(bool (*cond)(void *arg), void *arg);

#endif
