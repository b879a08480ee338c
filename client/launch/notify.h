/* SPDX-License-Identifier: Apache-2.0 */
/* The bpf() calls of a whole process tree, caught by seccomp and answered by us. */
#ifndef BPFGATE_CLIENT_NOTIFY_H
#define BPFGATE_CLIENT_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Child: from now on every bpf() of this process and of what it forks or executes waits for whoever holds
 * *ret_listener (the caller's), except operations on map elements. Sets no_new_privs. `handles_in_maps`: map
 * updates wait, too, so that program arrays and device maps take handles; each costs 6 us then.
 * `answers_as_root`: getuid(2), geteuid(2), their like for groups and capget(2) answer what they would to root, without any right.
 * Returns 0, -EBUSY (some ancestor listens already), -EINVAL or -ENOSYS (a kernel without it).
 */
int notify_install(bool handles_in_maps, bool answers_as_root, int *ret_listener);

/*
 * Parent: answers calls until the process ends, in threads of its own, which keep *ret_server. `listener` must stay open.
 * verbose: says on stderr why a call was refused. has_view: directories of tracefs are the command's own (rootview.h). Each call that the
 * daemon must answer is made as the user, and in the network namespace, of the thread that made it; where that is not
 * possible it is refused with EPERM, and the first time a sentence on stderr says so. Returns 0 or -errno
 * of starting threads, or of reading /proc.
 */
struct notify_server;
int notify_serve(int listener, bool verbose, bool has_view, struct notify_server **ret_server);

/* How many calls the daemon refused so far, and its last decision about one; what the kernel refused is not counted. */
unsigned int notify_refused(const struct notify_server *server, uint64_t *ret_decision);

/* Whether some process still depends on the listener. */
bool notify_is_needed(int listener);

/* Blocks until none does. */
void notify_wait(int listener);

#endif
