/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which perf events of whom still live, and what is paid for them. The kernel lists none, and the
 * broker keeps no descriptor of them: it keeps a watch (epoll), which holds no file and forgets it
 * when the last descriptor, mapping and map entry has gone.
 */
#ifndef BPFGATE_DAEMON_PERFS_H
#define BPFGATE_DAEMON_PERFS_H

#include "daemon/broker/store/quota.h"
#include "policy/policy.h"
#include "proto/perf.h"

/* An event, its file and our watch; its ring buffer the kernel charges to who maps it. */
#define PERFS_BYTES_EACH 2048u

struct perfs;

/* What one event costs, reserved before it is opened. Zero is empty. */
struct perfs_charge {
	struct quota_charge one, bytes;
};
void perfs_charge_done(struct perfs_charge *charge);

/* What an event is of, as it was decided when it was opened. Names are cut only where no rule reads
 * them. */
struct perfs_facts {
	enum perf_kind kind;
	uid_t uid;		     /* who opened it */
	struct policy_target target; /* its name points to `name`, or is NULL */
	char name[PERF_NAME_MAX];
};

/* 0 or -ENOMEM. */
int perfs_new(struct perfs **ret_perfs);
/* Drops all charges. NULL is fine. */
void perfs_free(struct perfs *perfs);

/*
 * Reserves one for this account; whose limit is reached is looked at first, unless that was done
 * just now. 0 or -EDQUOT.
 */
int perfs_reserve(struct perfs *perfs, struct quota_account *account, struct perfs_charge *charge);
/*
 * Watches an event (borrowed) and takes over what is paid for it. facts (copied) are found again by
 * it; NULL: nothing is to be attached to it. 0; -ENOSPC, -ENOMEM and the like: it is not watched.
 */
int perfs_add(struct perfs *perfs, int fd, struct perfs_charge *charge,
	      const struct perfs_facts *facts);
/* What this event (a client's descriptor of one) is of; NULL: it was not opened by this broker.
 * Until it has gone. */
const struct perfs_facts *perfs_find(const struct perfs *perfs, int fd);
/* Whether the user has fewer than `most` events of this kind; who has not is looked at first,
 * unless that was done just now. */
bool perfs_has_room(struct perfs *perfs, uid_t uid, enum perf_kind kind, unsigned int most);
/* Forgets what does not live any more; when that cannot be seen, nothing. */
void perfs_look(struct perfs *perfs);

#endif
