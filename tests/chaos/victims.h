/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to kill: the processes of a daemon, found in /proc. */
#ifndef BPFGATE_TESTS_CHAOS_VICTIMS_H
#define BPFGATE_TESTS_CHAOS_VICTIMS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Some descendant of bpfgated; each kind as likely as the other. 0: it has none now. */
pid_t victims_choose(pid_t bpfgated, uint64_t *random);
/* Any of a dead bpfgated's, which are ours then: the caller is a subreaper. */
bool victims_left(void);
/* For people: those. */
void victims_print(void);

/* For people: each process with an open descriptor of such an object, by a line of its fdinfo
 * ("link_id:\t17"). */
void victims_print_holders(const char *line);

#endif
