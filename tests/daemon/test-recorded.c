/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is granted is paid for and written down, and no flood of refusals fills the journal: perf events, what is
 * opened again, and whom no rule names.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "proto/perf.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#define STRANGER 65528	/* in no rule */
#define EVENTS	 1024	/* quota_default_limits(): QUOTA_PERF */
#define TOLD	 600	/* DECISIONS_TOLD_PER_MINUTE */

#define RULE(id, user)                                                                             \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"         \
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"socket_filter\"]}},\n" \
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"}}"

static const char policy[] = "{\"version\": 1, \"rules\": [\n" RULE(
	"alice", "65531") ",\n" RULE("bob", "65532") "]}\n";

static struct live live;

/* ---- perf events ---- */

static int open_event(void)
{
	struct perf_output output = { .sample_type = PERF_OUTPUT_SAMPLE, .sample_period = 1, .wakeup = 1 };
	int r = bpfgate_bpf(CMD_PERF_OUTPUT_OPEN, &output, sizeof(output));

	return r < 0 ? -errno : r;
}

static bool opens(void *arg)
{
	int *fd = arg;

	*fd = open_event();
	return *fd >= 0;
}

/* Who was at the limit is looked at again a moment later; and a map lets go of what it held a moment later (RCU). */
static int open_soon(void)
{
	int fd = -1;

	(void)live_until(opens, &fd);
	return fd;
}

/* The right to have events: an array for them. */
static int event_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	attr.key_size = attr.value_size = sizeof(int);
	attr.max_entries = 8;
	return live_call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static bool may_open_many(void)
{
	struct rlimit limit = { EVENTS + 256, EVENTS + 256 };

	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool part_events_closed_at_once(void *arg)
{
	if (FAILS(event_map() < 0))
		return false;
	for (int i = 0; i < EVENTS + 2; i++) {
		OWN_FD int event = open_soon();

		if (FAILS(event < 0))
			return false;
	}
	return true;
}

static bool part_events_held(void *arg)
{
	if (FAILS(!may_open_many() || event_map() < 0))
		return false;
	for (int i = 0; i < EVENTS; i++)
		if (FAILS(open_soon() < 0))
			return false;
	return HOLDS(open_event() == -EMFILE) && HOLDS(live_reason_has("too many perf events")) &&
	       HOLDS(live_mine("perf_events") == EVENTS) && HOLDS(live_mine("kernel_bytes") >= EVENTS * 2048L) &&
	       /* one that is closed makes room for one, and for no second; a moment later */
	       HOLDS(close(EVENTS) == 0) && HOLDS(open_soon() >= 0) && HOLDS(open_event() == -EMFILE);
}

static bool part_one_event(void *arg)
{
	OWN_FD int map = event_map(), event = open_soon();

	return HOLDS(map >= 0) && HOLDS(event >= 0);
}

static bool events_that_are_closed_are_forgotten_and_those_that_are_held_are_not(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_events_closed_at_once, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_events_held, NULL)) && HOLDS(live_as(LIVE_BOB, part_one_event, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_one_event, NULL));
}

static int drop_event(int map, uint32_t key)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	return live_call(BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
}

/* Three that only a map holds, and as many descriptors as there may be beside them. */
static bool part_events_hidden(void *arg)
{
	int map = event_map();

	if (FAILS(!may_open_many() || map < 0))
		return false;
	for (uint32_t i = 0; i < 3; i++) {
		OWN_FD int event = open_soon();

		if (FAILS(event < 0 || live_update(map, &i, &event) != 0))
			return false;
	}
	for (int i = 0; i < EVENTS - 3; i++)
		if (FAILS(open_soon() < 0))
			return false;
	return HOLDS(open_event() == -EMFILE) && HOLDS(drop_event(map, 1) == 0) &&
	       HOLDS(open_soon() >= 0) && HOLDS(open_event() == -EMFILE);
}

static bool an_event_that_only_a_map_holds_is_still_paid_for(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_events_hidden, NULL));
}

/* ---- written down ---- */

static int decision_log_with(const char *text)
{
	OWN_MEM char *json = NULL;
	int cnt = 0;

	if (bpfgate_control(BPFGATE_LIST, "decisions", &json) != 0)
		return -1;
	for (const char *at = json; (at = strstr(at, text)); at++)
		cnt++;
	return cnt;
}

static int by_id(int cmd, uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	return live_call(cmd, &attr, sizeof(attr));
}

static bool part_opens_again(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0), prog = live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "again", 0);
	int events = decision_log_with("a perf event");
	char text[2][64];

	snprintf(text[0], sizeof(text[0]), "map %u opened by its id", live_id_of(map));
	snprintf(text[1], sizeof(text[1]), "program %u opened by its id", live_id_of(prog));
	if (FAILS(map < 0 || prog < 0 || decision_log_with(text[0]) || decision_log_with(text[1])))
		return false;
	return HOLDS(by_id(BPF_MAP_GET_FD_BY_ID, live_id_of(map)) >= 0) &&
	       HOLDS(decision_log_with(text[0]) == 1) &&
	       HOLDS(by_id(BPF_PROG_GET_FD_BY_ID, live_id_of(prog)) >= 0) &&
	       HOLDS(decision_log_with(text[1]) == 1) && HOLDS(event_map() >= 0) &&
	       HOLDS(decision_log_with("a perf event") == events) && HOLDS(open_soon() >= 0) &&
	       HOLDS(decision_log_with("a perf event") == events + 1);
}

static bool what_is_opened_again_is_written_down(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_opens_again, NULL));
}

/* ---- floods ---- */

/* Lines that the daemon said of this user until now. */
static int lines_of(uid_t uid)
{
	char path[96], line[4096], what[32];
	FILE *said;
	int cnt = 0;

	snprintf(path, sizeof(path), "%s/said", live.dir);
	snprintf(what, sizeof(what), " uid %u ", (unsigned int)uid);
	said = fopen(path, "re");
	while (said && fgets(line, sizeof(line), said))
		cnt += strstr(line, what) != NULL;
	if (said)
		(void)fclose(said);
	return cnt;
}

/* Two that differ, in turns: the same again would only be counted. */
static bool part_is_refused_often(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++) {
		int r = i % 2 ? live_map(BPF_MAP_TYPE_ARRAY, 0) : live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "x", 0);

		if (FAILS(r != -EPERM))
			return false;
	}
	return true;
}

/* A minute may end meanwhile: then twice as many are told. */
static bool whom_no_rule_names_does_not_flood_the_journal(void)
{
	int few = 20, many = 3 * TOLD, before = lines_of(STRANGER), after_few, after_many;
	bool ok = HOLDS(live_as(STRANGER, part_is_refused_often, &few));

	after_few = lines_of(STRANGER);
	ok = ok && HOLDS(live_as(STRANGER, part_is_refused_often, &many));
	after_many = lines_of(STRANGER);
	return HOLDS(ok) && HOLDS(after_few - before >= few - 1) && HOLDS(after_many - before >= TOLD) &&
	       HOLDS(after_many - before <= 2 * TOLD + 2);
}

static const struct attack_row rows[] = {
	ATTACK(events_that_are_closed_are_forgotten_and_those_that_are_held_are_not),
	ATTACK(an_event_that_only_a_map_holds_is_still_paid_for),
	ATTACK(what_is_opened_again_is_written_down),
	ATTACK(whom_no_rule_names_does_not_flood_the_journal),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB };

static const struct attack_plan plan = {
	.live = &live,
	.policy = policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
	.idle_fd_cnt = 8, /* idle loaders of two users and the ledger, and two watches until the next sweep */
};

int main(int argc, char **argv)
{
	return attack_main(&plan, argc, argv);
}
