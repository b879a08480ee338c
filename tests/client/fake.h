/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon for tests of the client: a process of its own that speaks the protocol and does what its
 * script says. It decides nothing and loads nothing.
 */
#ifndef TESTS_CLIENT_FAKE_H
#define TESTS_CLIENT_FAKE_H

#include "proto/codec.h"

#include <stdatomic.h>
#include <sys/types.h>

/* Shared with the test. */
struct fake_counts {
	atomic_int connections;
	atomic_int requests;
	atomic_int last_cmd;
	atomic_int last_fd_cnt;
	atomic_int hang_up_next; /* close the connection instead of answering so many requests */
	atomic_int lie_next; /* answer the next so many requests with nonsense */
};

struct fake {
	pid_t pid;
	char dir[32];
	char path[64];
	struct fake_counts *counts;
};

/*
 * Starts one, listening, in a fresh directory; BPFGATE_SOCKET points to it. What it answers:
 *   MAP_CREATE                     an fd of an empty memfd
 *   PROG_LOAD                      EACCES, the log "no\n" and the reason "because", which clears the screen; or, for a program of
 *                                  more than one instruction, one end of a socket pair (a handle)
 *   OBJ_GET_INFO_BY_FD             a struct bpf_prog_info of 232 bytes, type 6, if the fd is a handle
 *   PROG_GET_NEXT_ID               start_id + 1
 *   anything else                  0
 *   control                        the argument in JSON
 */
void fake_start(struct fake *fake);

/* As after fake_stop(): a new process on the same path. */
void fake_restart(struct fake *fake);

/* Kills it and waits. */
void fake_stop(struct fake *fake);

/* fake_stop(), and nothing is left on disk. */
void fake_remove(struct fake *fake);

#endif
