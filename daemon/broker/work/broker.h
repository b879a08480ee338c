/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the broker share: one of each, made in broker_main.c. */
#ifndef BPFGATE_DAEMON_BROKER_H
#define BPFGATE_DAEMON_BROKER_H

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/broker/store/btfs.h"
#include "daemon/broker/store/clock.h"
#include "daemon/broker/store/decision_log.h"
#include "daemon/broker/store/handles.h"
#include "daemon/broker/peers/judge_pool.h"
#include "daemon/broker/store/ledger.h"
#include "daemon/broker/peers/loaders.h"
#include "daemon/broker/store/mapsize.h"
#include "daemon/broker/store/quota.h"
#include "daemon/broker/store/rules.h"
#include "daemon/broker/store/targets.h"
#include "daemon/broker/store/vmbtf.h"
#include "daemon/broker/peers/to_parent.h"
#include "proto/channel.h"

struct events;
struct orphans;
struct people;
struct perfs;
struct places;
struct session;
struct work;

struct broker_options {
	struct rules_dirs dirs;
	struct rules_dirs signed_dirs; /* signed objects of root's */
	struct quota_limits limits;
	bool ledger_set_aside;		/* of a version that bpfgated does not know: its records are not in ours */
};

struct broker {
	struct broker_options options;
	sd_event *event;
	struct channel_scratch *scratch;	/* frames of clients */
	uint8_t *peer_scratch;			/* messages of our own processes */
	struct rules *rules;
	char trouble[RULES_TROUBLE_MAX];	/* with the newest policy: it is not in force; "" */
	struct quota_table *quota;
	struct people *people;
	struct perfs *perfs;
	struct events *events;
	struct ledger *ledger;
	struct handles *handles;
	struct btfs *btfs;
	struct targets *targets;
	struct decision_log *decisions;
	struct verdicts *verdicts;
	struct to_parent *to_parent;
	struct loaders *loaders;
	struct judge_pool *judges;
	struct reconcile *reconcile;
	struct orphans *orphans;
	struct signed_objects *objects;
	struct signed_dirs *signed_dirs;
	struct vmbtf *vmbtf;
	struct closers *closers;
	struct places *places;
	struct turns *turns;

	int listen_fd;
	sd_event_source *listen_source;
	TAILQ_HEAD(, session) sessions;
	unsigned int session_cnt, session_max;
	unsigned int stranger_max;		/* descriptors that clients' messages may bring, all together */
	bool starved;				/* somebody's message waits because there are so many */
	uint64_t last_session_id;
	TAILQ_HEAD(, work) works;

	uint64_t netns_cookie;			/* our own network namespace */
	struct policy_object_id netns;
	int netns_fd;				/* ... of it, to ask what stands there */
	struct mapsize_world world;		/* as counted at the last sweep */
	uint64_t started_ns;
	bool stopping, listing;
};

#endif
