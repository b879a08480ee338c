/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-broker: accepts clients, decides, accounts, answers. Started by bpfgated with a uid of its own,
 * no capabilities and three descriptors (privsep.h); after set-up it also gives up every system call it
 * does not need. One thread, one event loop, nothing in it waits. It holds no program descriptor and
 * cannot load anything: if it is taken over, it can ask loaders and lie to clients, and no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config.h"
#include "daemon/broker/work/broker.h"
#include "daemon/broker/broker_filter.h"
#include "daemon/broker/peers/closers.h"
#include "daemon/broker/ask/events.h"
#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/journal_ids.h"
#include "daemon/broker/signed/signed_dirs.h"
#include "daemon/broker/signed/signed_objects.h"
#include "daemon/broker/ask/orphans.h"
#include "daemon/broker/store/people.h"
#include "daemon/broker/store/perfs.h"
#include "daemon/broker/ask/places.h"
#include "daemon/broker/ask/unpin.h"
#include "daemon/broker/ask/reconcile.h"
#include "daemon/broker/reload.h"
#include "daemon/broker/serve.h"
#include "daemon/broker/settle.h"
#include "daemon/broker/work/turns.h"
#include "daemon/broker/peers/verdicts.h"
#include "daemon/broker/work/work.h"
#include "proto/bpffs.h"
#include "proto/heap.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* Descriptors for ourselves: channels, policy files, requests in hand. The rest is for clients. */
#define BROKER_FDS_RESERVED 1024
#define BROKER_HEAP_KEPT    (1u << 20) /* several copies of a request of the largest inline size */
#define BROKER_SWEEP_USEC   (30ull * 1000 * 1000)

/* ---- what bpfgated tells ---- */

static void broker_on_kept(struct broker *broker, const struct keep_tell *tell,
			   struct packet_fds *fds)
{
	if (tell->keep_id && handles_on_kept(broker->handles, tell) < 0)
		to_parent_ask_drop(broker->to_parent, tell->keep_id);
	if (broker->listing)
		settle_row(broker, tell);
	if (loaders_on_kept(broker->loaders, tell, fds))
		return;
	/* A listing row, or the outcome of a call that was given up: the latter nobody will ever use. */
	if (tell->approval_id && tell->keep_id && !tell->cookie && !broker->listing)
		to_parent_ask_drop(broker->to_parent, tell->keep_id);
}

/* A probe is nowhere but behind its handle; other programs may live on in links and maps. */
static void broker_on_kept_gone(struct broker *broker, const struct keep_tell *tell)
{
	const struct ledger_rec *rec = ledger_find(broker->ledger, LEDGER_PROG, tell->obj_id);

	handles_on_gone(broker->handles, tell);
	if (rec && tell->obj_kind == KEEP_PROG && (tell->flags & KEEP_LAST) && rec->prog.probe)
		ledger_remove(broker->ledger, LEDGER_PROG, rec->id);
}

static void broker_on_told(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct broker *broker = ctx;

	switch (tell->kind) {
	case TELL_KEPT:
		broker_on_kept(broker, tell, fds);
		break;
	case TELL_GONE:
		broker_on_kept_gone(broker, tell);
		break;
	case TELL_LOADER_GONE:
		loaders_on_loader_gone(broker->loaders, tell);
		break;
	case TELL_ZYGOTE:
		(void)judge_pool_set_zygote(broker->judges, packet_fds_take(fds, 0));
		break;
	case TELL_PING:
		to_parent_pong(broker->to_parent);
		break;
	case TELL_RELOAD:
		reload_answer(broker);
		break;
	case TELL_STOP:
		(void)sd_event_exit(broker->event, 0);
		break;
	}
}

static void broker_on_parent_gone(void *ctx)
{
	struct broker *broker = ctx;

	(void)sd_event_exit(broker->event, 1);
}

/*
 * Only now: who was answered before knew of no handle and no pin that an earlier broker gave out, and was
 * told that they are none. Clients wait in the socket's queue meanwhile.
 */
static int broker_open_doors(struct broker *broker)
{
	char text[KEEP_STATUS_MAX];
	int r = serve_listen(broker, LISTEN_FD);

	if (r < 0)
		return r;
	reload_tell_status(broker, ASK_READY, 0);
	reload_status_text(broker, text, sizeof(text));
	journal_note(LOG_NOTICE, JOURNAL_ID_READY, "ready; %s", text);
	return 0;
}

static void broker_on_listed(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct broker *broker = ctx;

	broker->listing = false;
	if (tell->result == 0)
		settle_end(broker);
	if (broker_open_doors(broker) < 0) {
		(void)sd_event_exit(broker->event, 1);
		return;
	}
	/* What the ledger does not know is looked for once it is settled what it knows. */
	(void)reconcile_then(broker, NULL, NULL);
}

/* What was made before a restart, and has no record because it was never handed out, goes. */
static int broker_list_kept(struct broker *broker)
{
	struct keep_ask ask = { .kind = ASK_LIST };

	broker->listing = true;
	return to_parent_ask(broker->to_parent, &ask, NULL, NULL, 0, broker_on_listed, broker);
}

/* ---- housekeeping ---- */

/* Nothing tells us when local storage grows: it is charged for what there is in the world now. */
static void broker_recharge_maps(struct broker *broker)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	mapsize_look(&broker->world);
	while ((rec = ledger_walk(broker->ledger, LEDGER_MAP, &cursor)))
		if (mapsize_grows(rec->map.type))
			ledger_set_map_bytes(broker->ledger, rec->id,
					     mapsize_of(&rec->map, &broker->world));
}

static int broker_on_sweep(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct broker *broker = ctx;

	quota_sweep(broker->quota, clock_now_ns());
	broker_recharge_maps(broker);
	perfs_look(broker->perfs);
	(void)reconcile_then(broker, NULL, NULL);
	vmbtf_rest(broker->vmbtf);
	reload_tell_status(broker, ASK_STATUS, 0);
	(void)sd_event_source_set_time_relative(source, BROKER_SWEEP_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- set-up ---- */

static int broker_identify_netns(struct broker *broker, int sock)
{
	socklen_t len = sizeof(broker->netns_cookie);
	struct stat st;

	broker->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (broker->netns_fd < 0 || fstat(broker->netns_fd, &st) < 0 ||
	    getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &broker->netns_cookie, &len) < 0)
		return -errno;
	broker->netns = (struct policy_object_id){ st.st_dev, st.st_ino };
	return 0;
}

/* As many connections as descriptors allow: the rest must stay for the work on them, and for what their messages bring. */
static int broker_raise_limits(struct broker *broker)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur < 2 * BROKER_FDS_RESERVED)
		return -EMFILE;
	broker->stranger_max = (unsigned int)(limit.rlim_cur - BROKER_FDS_RESERVED) / 4;
	broker->session_max = (unsigned int)(limit.rlim_cur - BROKER_FDS_RESERVED) - broker->stranger_max;
	return 0;
}

static void broker_on_room(void *ctx, struct quota_account *account)
{
	if (account)
		sessions_wake(ctx, account);
	sessions_wake_starved(ctx);
}

static int broker_make_parts(struct broker *broker)
{
	int r;

	broker->scratch = malloc(sizeof(*broker->scratch));
	broker->peer_scratch = malloc(PACKET_BYTES_MAX);
	if (!broker->scratch || !broker->peer_scratch)
		return -ENOMEM;
	if ((r = sd_event_new(&broker->event)) < 0 ||
	    (r = quota_table_new(&broker->options.limits, &broker->quota)) < 0 ||
	    (r = people_new("/etc/subuid", "/etc/subgid", &broker->people)) < 0 ||
	    (r = ledger_open(LEDGER_FD, broker->quota, &broker->ledger)) < 0 ||
	    (r = handles_new(&broker->handles)) < 0 || (r = btfs_new(&broker->btfs)) < 0 ||
	    (r = targets_new(&broker->targets)) < 0 ||
	    (r = decision_log_new(&broker->decisions)) < 0 || (r = perfs_new(&broker->perfs)) < 0 ||
	    (r = verdicts_new(&broker->verdicts)) < 0 || (r = vmbtf_new(&broker->vmbtf)) < 0 ||
	    (r = reconcile_new(broker, &broker->reconcile)) < 0 ||
	    (r = orphans_new(&broker->orphans)) < 0 ||
	    (r = signed_objects_new(broker, &broker->objects)) < 0 ||
	    (r = signed_dirs_new(broker, &broker->signed_dirs)) < 0 ||
	    (r = judge_pool_new(broker->event, broker->peer_scratch, &broker->judges)) < 0)
		return r;
	if ((r = closers_new(broker->event, broker->handles, broker_on_room, broker, &broker->closers)) < 0 ||
	    (r = turns_new(broker->event, &broker->turns)) < 0 ||
	    (r = places_new(broker, unpin_record, &broker->places)) < 0)
		return r;
	r = to_parent_new(broker->event, broker->peer_scratch, CHANNEL_FD, broker_on_told,
			  broker_on_parent_gone, broker, &broker->to_parent);
	if (r >= 0)
		r = events_new(broker->to_parent, &broker->events);
	if (r < 0)
		return r;
	return loaders_new(broker->event, broker->peer_scratch, broker->closers, broker->to_parent,
			   &broker->loaders);
}

static void broker_look_at_bpffs(void)
{
	char path[256];

	if (bpffs_find_open(path, sizeof(path)))
		journal_note(LOG_WARNING, NULL,
			     "%s may be written by others than root: who can, and is granted a map for reading "
			     "(share_with), can pin it there natively and write it",
			     path);
}

static int broker_start(struct broker *broker)
{
	sd_event_source *sweep = NULL;
	int r;

	r = broker_list_kept(broker);
	if (r >= 0)
		r = sd_event_add_time_relative(broker->event, &sweep, CLOCK_MONOTONIC,
					       BROKER_SWEEP_USEC, 1000000, broker_on_sweep, broker);
	if (r >= 0)
		r = sd_event_source_set_floating(sweep, true);
	sd_event_source_unref(sweep);
	if (r < 0)
		return r;
	signed_dirs_scan(broker->signed_dirs);
	broker_look_at_bpffs();
	return broker_filter_install();
}

static int broker_set_up(struct broker *broker)
{
	int r;

	TAILQ_INIT(&broker->sessions);
	TAILQ_INIT(&broker->works);
	broker->started_ns = clock_now_ns();
	mapsize_look(&broker->world);
	r = broker_raise_limits(broker);
	if (r >= 0)
		r = broker_make_parts(broker);
	if (r >= 0)
		r = broker_identify_netns(broker, LISTEN_FD);
	if (r >= 0)
		r = reload_first(broker);
	if (r < 0 && broker->to_parent)
		to_parent_tell_text(broker->to_parent, ASK_READY, r, strerror(-r));
	return r < 0 ? r : broker_start(broker);
}

static void broker_tear_down(struct broker *broker)
{
	unsigned int waiting;

	signed_dirs_free(broker->signed_dirs);
	/* Calls in hand end first: their works answer clients that are still there. */
	judge_pool_free(broker->judges);
	broker->judges = NULL;
	signed_objects_free(broker->objects);
	loaders_free(broker->loaders);
	serve_close(broker);
	turns_free(broker->turns);
	places_free(broker->places);
	closers_free(broker->closers);
	reconcile_free(broker->reconcile);
	orphans_free(broker->orphans);
	waiting = to_parent_free(broker->to_parent);
	events_free(broker->events);
	verdicts_free(broker->verdicts);
	vmbtf_free(broker->vmbtf);
	decision_log_free(broker->decisions);
	btfs_free(broker->btfs);
	targets_free(broker->targets);
	handles_free(broker->handles);
	perfs_free(broker->perfs);
	ledger_close(broker->ledger);
	people_free(broker->people);
	/* Whose bpfgated was killed may have works that wait for it, and charges in them: the process ends with both. */
	if (waiting == 0)
		quota_table_free(broker->quota);
	rules_unref(broker->rules);
	sd_event_unref(broker->event);
	free(broker->peer_scratch);
	free(broker->scratch);
	own_close_fd(&broker->netns_fd);
}

/* ---- command line ---- */

static const struct option broker_option_rows[] = {
	{ "policy-dir", required_argument, NULL, 'p' },
	{ "object-dir", required_argument, NULL, 'o' },
	{ "connections-per-uid", required_argument, NULL, 'c' },
	{ "ledger-set-aside", no_argument, NULL, 'l' }, /* bpfgated's: it found one that it cannot read */
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int broker_add_dir(struct rules_dirs *dirs, const char *path)
{
	if (dirs->cnt == RULES_DIRS_MAX)
		return -E2BIG;
	dirs->path[dirs->cnt++] = path;
	return 0;
}

static int broker_parse_number(const char *text, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return errno || *end || end == text ? -EINVAL : 0;
}

/* 0, 1 when everything was said, or -errno. */
static int broker_parse_options(int argc, char **argv, struct broker_options *options)
{
	int c, r = 0;

	options->limits = *quota_default_limits();
	while (r == 0 && (c = getopt_long(argc, argv, "", broker_option_rows, NULL)) >= 0) {
		if (c == 'p')
			r = broker_add_dir(&options->dirs, optarg);
		else if (c == 'o')
			r = broker_add_dir(&options->signed_dirs, optarg);
		else if (c == 'c')
			r = broker_parse_number(optarg, &options->limits.per_uid[QUOTA_CONNECTIONS]);
		else if (c == 'l')
			options->ledger_set_aside = true;
		else if (c == 'V')
			r = printf("bpfgate-broker %s\n", PACKAGE_VERSION) < 0 ? -EIO : 1;
		else
			r = -EINVAL;
	}
	if (r == 0 && options->dirs.cnt == 0) {
		(void)broker_add_dir(&options->dirs, BPFGATE_PKGPREFIXLIB "/policy.d");
		(void)broker_add_dir(&options->dirs, BPFGATE_RUNDIR "/policy.d");
		(void)broker_add_dir(&options->dirs, BPFGATE_SYSCONFDIR "/policy.d");
	}
	if (r == 0 && options->signed_dirs.cnt == 0) {
		(void)broker_add_dir(&options->signed_dirs, BPFGATE_PKGPREFIXLIB "/objects.d");
		(void)broker_add_dir(&options->signed_dirs, BPFGATE_SYSCONFDIR "/objects.d");
	}
	return r;
}

int main(int argc, char **argv)
{
	struct broker broker = { .listen_fd = -1, .netns_fd = -1 };
	int r = broker_parse_options(argc, argv, &broker.options);

	if (r != 0)
		return r < 0 ? 2 : 0;
	signal(SIGPIPE, SIG_IGN);
	heap_keep(BROKER_HEAP_KEPT);
	r = broker_set_up(&broker);
	if (r >= 0)
		r = sd_event_loop(broker.event);
	if (r != 0)
		journal_note(LOG_ERR, NULL, "stopped: %s", r < 0 ? strerror(-r) : "bpfgated is gone");
	broker_tear_down(&broker);
	return r == 0 ? 0 : 1;
}
