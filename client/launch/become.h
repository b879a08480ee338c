/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being another thread, as far as the daemon can tell: its user, its groups, its network namespace.
 * For `bpfgate run`, whose connections would else speak of the launcher and not of the command.
 */
#ifndef BPFGATE_CLIENT_BECOME_H
#define BPFGATE_CLIENT_BECOME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Ids as whoever looked sees them in its user namespace. */
struct become_facts {
	uid_t uids[3]; /* real, effective, saved */
	gid_t gids[3];
	char *groups;		      /* the supplementary ones, as /proc writes them; owned */
	uint64_t netns[2], userns[2]; /* device, inode */
};

/* Frees the groups. */
void become_facts_done(struct become_facts *facts);
#define OWN_BECOME_FACTS __attribute__((cleanup(become_facts_done)))

/* What /proc says of a thread; tid 0: of the calling one. 0, or -errno: it cannot be told. */
int become_look(pid_t tid, struct become_facts *ret_facts);

/* Whether the daemon would take both for the same. */
bool become_is_same(const struct become_facts *a, const struct become_facts *b);

/*
 * For a process with one thread and for good: enters the thread's network namespace, and its user
 * namespace where that takes it; takes on its groups, group and user. Keeps CAP_SYS_PTRACE if it
 * had that, because the thread is still to be read. Returns 0 only if it is the same afterwards;
 * else -errno and in *ret_what which step failed, and the process is good for nothing but its end.
 */
int become_thread(pid_t tid, const char **ret_what);

#endif
