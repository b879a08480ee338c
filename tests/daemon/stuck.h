/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors whose close(2) sleeps, for attacks: a file of a FUSE file system whose server does
 * not answer FLUSH, and a TCP socket of the loopback that lingers over bytes nobody reads. Both are
 * let go by the test.
 */
#ifndef BPFGATE_TESTS_DAEMON_STUCK_H
#define BPFGATE_TESTS_DAEMON_STUCK_H

#include <stdbool.h>
#include <sys/types.h>

/* A server, and the file that it serves in a mount namespace of the test's own. */
struct stuck {
	char path[32]; /* "": none was made */
	pid_t server;
	int word;      /* what it is told */
	int fd;	       /* the file, open */
	int *held_cnt; /* shared with it: how many sleep */
};

/*
 * As root. Closing the file sleeps in processes whose name begins with `whom`, in others it does
 * not: who brings it must get rid of it. Neither SIGKILL nor anything else ends that sleep. false:
 * there is no FUSE here.
 */
bool stuck_start(struct stuck *stuck, const char *whom);
/* Those who sleep go on, and nobody sleeps until the next stuck_hold(). */
void stuck_let_go(struct stuck *stuck);
/* As at first. */
void stuck_hold(struct stuck *stuck);
/* Ends the server and takes the file away. */
void stuck_done(struct stuck *stuck);

/*
 * A socket that sleeps ten seconds in the close(2) of its last copy, unless that is at a process's
 * end. *ret_peer: closing it ends the sleep. -1: none could be made.
 */
int stuck_socket(int *ret_peer);

/* One end of a Unix socket pair in whose queue the descriptor lies; the other end is closed.
 * take_fd is consumed. */
int stuck_nest(int take_fd);

#endif
