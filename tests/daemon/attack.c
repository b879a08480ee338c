/* SPDX-License-Identifier: Apache-2.0 */
/* Runs attacks on a daemon of its own and watches a bystander; see attack.h. */
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"

#define ATTACK_WAIT_MS_DEFAULT 1000
#define ATTACK_PAUSE_NS	       (2 * 1000 * 1000)

static const char bystander_policy[] =
	"{\"version\": 1, \"rules\": [{\"id\": \"bystander\", \"effect\": \"allow\",\n"
	" \"who\": {\"users\": [\"65529\"]}, \"signed_by\": {\"unsigned\": true},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"}}]}\n";

/* Shared with the bystander. */
struct watch {
	_Atomic uint64_t round_cnt; /* calls that ended */
	_Atomic uint64_t worst_ns;  /* since it was last set to zero */
	_Atomic int failed;	    /* errno of the last that failed; 0 */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The bystander's life: a map, a breath, the next map. */
static _Noreturn void watch_live(struct watch *watch)
{
	const struct timespec breath = { .tv_nsec = ATTACK_PAUSE_NS };

	if (!live_become(ATTACK_BYSTANDER))
		_exit(1);
	for (;;) {
		uint64_t begin = now_ns(), took;
		OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

		took = now_ns() - begin;
		if (map < 0)
			watch->failed = -map;
		if (took > watch->worst_ns)
			watch->worst_ns = took;
		watch->round_cnt++;
		(void)nanosleep(&breath, NULL);
	}
}

struct arena {
	const struct attack_plan *plan;
	struct watch *watch;
	pid_t bystander;
	int fd_cnt;
	uint64_t seen_round;
	char left[64]; /* what nothing_is_left() saw last */
};

static bool watch_start(struct arena *arena)
{
	arena->watch = mmap(NULL, sizeof(*arena->watch), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (FAILS(arena->watch == MAP_FAILED))
		return false;
	arena->bystander = fork();
	if (arena->bystander == 0)
		watch_live(arena->watch);
	return HOLDS(arena->bystander > 0);
}

static bool watch_moved(void *arg)
{
	const struct arena *arena = arg;

	return HOLDS(arena->watch->round_cnt >= arena->seen_round + 2);
}

/* A call that began after now has ended. */
static bool watch_turn(struct arena *arena)
{
	arena->seen_round = arena->watch->round_cnt;
	return HOLDS(live_until(watch_moved, arena));
}

static bool part_holds_nothing(void *arg)
{
	union bpf_attr attr;

	/* A walk looks at what really exists. */
	memset(&attr, 0, sizeof(attr));
	(void)bpfgate_bpf(BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr));
	return HOLDS(live_mine("programs") == 0) && HOLDS(live_mine("maps") == 0) &&
	       HOLDS(live_mine("links") == 0) && HOLDS(live_mine("connections") == 1);
}

static bool nothing_is_left(void *arg)
{
	struct arena *arena = arg;
	int fd_cnt;

	for (size_t i = 0; i < arena->plan->uid_cnt; i++)
		if (!live_as(arena->plan->uids[i], part_holds_nothing, NULL)) {
			snprintf(arena->left, sizeof(arena->left), "user %u holds something",
				 (unsigned int)arena->plan->uids[i]);
			return false;
		}
	fd_cnt = live_fd_cnt(arena->plan->live);
	snprintf(arena->left, sizeof(arena->left), "%d descriptors, %d before", fd_cnt,
		 arena->fd_cnt);
	/* Spare judges and idle loaders come and go. */
	return HOLDS(fd_cnt <= arena->fd_cnt + 4 + arena->plan->idle_fd_cnt);
}

static uint64_t wait_limit_ms(void)
{
	const char *text = getenv("ATTACK_WAIT_MS");

	return text && *text ? strtoull(text, NULL, 10) : ATTACK_WAIT_MS_DEFAULT;
}

static bool arena_run(struct arena *arena, const struct attack_row *row)
{
	const char *how = "";
	uint64_t worst_ms;

	if (!watch_turn(arena))
		how = "the bystander is not served before it";
	arena->watch->worst_ns = 0;
	arena->watch->failed = 0;
	if (!holds_run(row->run) && !*how)
		how = "the attack gained, or its control failed";
	if (!watch_turn(arena) && !*how)
		how = "the bystander is not served any more";
	worst_ms = row->stops_all ? 0 : arena->watch->worst_ns / 1000000u;
	if (arena->watch->failed && !row->stops_all && !*how)
		how = strerror(arena->watch->failed);
	if (worst_ms > wait_limit_ms() && !*how)
		how = "the bystander waited too long";
	if (!live_until(nothing_is_left, arena) && !*how)
		how = arena->left;
	printf("%s %s worst_other_wait_ms %llu%s%s\n", *how ? "WON" : "survived", row->name,
	       (unsigned long long)worst_ms, *how ? ": " : "", how);
	return HOLDS(!*how);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	if (argc < 2)
		return true;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return false;
}

static bool arena_open(struct arena *arena)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	struct live_file more = { .name = "60-bystander.json", .text = bystander_policy };

	if (FAILS(!live_start_with(arena->plan->live, builddir, arena->plan->policy, &more)))
		return false;
	(void)live_until(nothing_is_left, arena);
	if (FAILS(!watch_start(arena) || !watch_turn(arena)))
		return false;
	arena->fd_cnt = live_fd_cnt(arena->plan->live);
	return true;
}

int attack_main(const struct attack_plan *plan, int argc, char **argv)
{
	struct arena arena = { .plan = plan, .fd_cnt = 1 << 20 };
	unsigned int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getuid() != 0) {
		printf("skipped: a daemon of its own needs root\n0 passed, 0 failed, %zu skipped\n",
		       plan->row_cnt);
		return 77;
	}
	if (!arena_open(&arena)) {
		printf("WON: the daemon does not start\n0 passed, 1 failed\n");
		return 1;
	}
	for (size_t i = 0; i < plan->row_cnt; i++)
		if (is_wanted(plan->rows[i].name, argc, argv))
			*(arena_run(&arena, &plan->rows[i]) ? &passed : &failed) += 1;
	(void)kill(arena.bystander, SIGKILL);
	(void)waitpid(arena.bystander, NULL, 0);
	if (!live_stop(plan->live)) {
		failed++;
		printf("WON: the daemon does not end as it should\n");
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
