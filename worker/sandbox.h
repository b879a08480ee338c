/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox in two stages. What a process passes on to its children is done once, in the zygote; what
 * each judge must do for itself comes after the fork. Both report which parts are in force, and both take
 * which are wanted, so that a test can look at one part alone.
 */
#ifndef BPFGATE_WORKER_SANDBOX_H
#define BPFGATE_WORKER_SANDBOX_H

#include <linux/filter.h>
#include <stdint.h>

#include "worker/judge.h"

/* Stage one: namespaces, no_new_privs, capabilities, Landlock. A pid namespace holds the *children*. */
#define SANDBOX_SHARED (SANDBOX_NO_NEW_PRIVS | SANDBOX_NO_CAPS | SANDBOX_OWN_UID | SANDBOX_USER_NS | \
			SANDBOX_PID_NS | SANDBOX_MOUNT_NS | SANDBOX_NET_NS | SANDBOX_IPC_NS | \
			SANDBOX_UTS_NS | SANDBOX_CGROUP_NS | SANDBOX_LANDLOCK_FS | \
			SANDBOX_LANDLOCK_NET | SANDBOX_LANDLOCK_SCOPE | SANDBOX_NOT_DUMPABLE)
/* Stage two: descriptors, limits, executable memory, system calls. */
#define SANDBOX_OF_ONE (SANDBOX_FDS_CLOSED | SANDBOX_RLIMITS | SANDBOX_MDWE | SANDBOX_SECCOMP)

/* What a judge may use at most, whatever a job says. */
#define SANDBOX_MEMORY_MAX (2048ull << 20)	/* address space: the worst known program needs 200 MB */
#define SANDBOX_CPU_SECONDS 60u
#define SANDBOX_FD	   3			/* the channel's number in a judge */

/* The parts that namespaces of these kinds (CLONE_NEW*) are. */
uint32_t sandbox_of_namespaces(unsigned long flags);
/* Separates this process from the machine as far as it can; parts that fail are absent in the result. */
uint32_t sandbox_unshare(uint32_t want);
/* Gives up capabilities, file system and network for good. Call after the last open(). */
uint32_t sandbox_give_up(uint32_t want);

/*
 * Closes everything but `channel` (which becomes SANDBOX_FD), limits, and installs the filter. Allocates
 * nothing. Returns the parts now in force.
 */
uint32_t sandbox_seal(uint32_t want, int channel, const struct sock_fprog *filter);

/* The judge's allow-list. The instructions are the caller's (free()). 0 or -errno. */
int sandbox_build_filter(struct sock_fprog *ret_filter);
/* Installs the zygote's own: what it takes to make, seal, reap and kill judges. 0 or -errno. */
int sandbox_filter_zygote(void);

/* A name for people: "seccomp". NULL for anything but exactly one part. */
const char *sandbox_part_name(uint32_t part);

#endif
