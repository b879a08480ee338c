/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test program of attacks shares: a daemon of its own, a bystander who creates maps all the
 * while and whose worst wait is measured, and the look after each attack at whether anything was
 * left behind. One line for each attack, which `./dev attack` reads: "survived NAME
 * worst_other_wait_ms N" or "WON NAME ...".
 */
#ifndef BPFGATE_TESTS_DAEMON_ATTACK_H
#define BPFGATE_TESTS_DAEMON_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/daemon/live.h"

/* The bystander. Its rule is the harness's own; a test's policy does not name it. */
#define ATTACK_BYSTANDER 65529

struct attack_row {
	const char *name; /* the promise, as a sentence with underscores */
	/* true: the attack gained nothing, and the control beside it worked. */
	bool (*run)(void);
	/* The attack stops processes that serve the bystander as well: only a test can, so no wait
	 * is counted. */
	bool stops_all;
};

#define ATTACK(name)                                                                               \
	{                                                                                          \
#name, name, false                                                                 \
	}
#define ATTACK_THAT_STOPS(name)                                                                    \
	{                                                                                          \
#name, name, true                                                                  \
	}

struct attack_plan {
	struct live *live;  /* the test's own; filled in before the first attack */
	const char *policy; /* as for live_start() */
	const struct attack_row *rows;
	size_t row_cnt;
	const uid_t *uids; /* who must hold no object, connection or charge after each attack */
	size_t uid_cnt;
	int idle_fd_cnt; /* what loaders of namespaces and users may still hold: they stay a while */
};

/*
 * Runs them all, or those named on the command line. Returns main()'s result: 77 without root. A
 * bystander's wait above ATTACK_WAIT_MS of the environment (default 1000: a shared machine stalls
 * at times) is a lost attack too.
 */
int attack_main(const struct attack_plan *plan, int argc, char **argv);

#endif
