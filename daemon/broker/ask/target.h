/* SPDX-License-Identifier: Apache-2.0 */
/* What a program is to be attached to, as policy wants to know it. */
#ifndef BPFGATE_DAEMON_TARGET_H
#define BPFGATE_DAEMON_TARGET_H

#include "daemon/broker/ask/cgroups.h"
#include "daemon/broker/ask/facts.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/work/work.h"
#include "proto/perf.h"

/* A target with the memory that it points into. */
struct target {
	struct policy_target policy;
	struct policy_object_id cgroups[CGROUPS_DEPTH_MAX];
	char name[PERF_NAME_MAX]; /* interface, function, event, path */
	const char
		*names; /* functions, of a link to several: names_cnt texts in the request; NULL */
	uint32_t names_cnt;
	struct client_obj prog; /* whose function is replaced, where the call names it: else kind is 0 */
	int file, pidfd; /* uprobe_multi: in the request; -1 */
	pid_t pid;	 /* ... of the pidfd's process; 0: of all */
	const char *why; /* with -EPERM: what is not offered; NULL: the kind */
	bool in_netns;	 /* the loader must stand in the client's network namespace */
	char shown[64];	 /* for the ledger and people */
};

/* Where a command keeps what the target is made of; 0xffff: nowhere. */
struct target_fields {
	uint16_t type, target, name;
};
#define TARGET_NOWHERE	0xffff
#define TARGET_IS_EVENT 0xfffe /* as the type: the target is a perf event, whatever the command */

/*
 * Finds out what the request attaches rec's program to (NULL: it asks who stands at a place), now or after asking a loader in the
 * client's network namespace. target (the caller's, zeroed) must stay until `then` is called: with 0 and
 * the target, or -errno: as the kernel would say, or -EPERM for what is not offered, -EXDEV for a perf
 * event that was opened past us.
 */
void target_find(struct work *work, const struct target_fields *fields,
		 const struct ledger_rec *rec, struct target *target, work_then_fn then);

#endif
