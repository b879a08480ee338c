/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos BUILDDIR KILLS RESTARTS SEED [--json]: a daemon with real judges, clients that pin and
 * unpin, and whatever lives is killed at random. When the clients have ended, what is there is
 * compared with what they were granted; then the daemon is stopped and started in one of the ways
 * of restarts[], and it is compared again. Root needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/chaos/chaos.h"
#include "tests/chaos/victims.h"
#include "tests/daemon/live.h"

#define KILLS_A_ROUND 50u /* 10,000 kills and 200 restarts are one of each a round */
/* What somebody died over rests until all is compared: after more, there is little left to do. */
#define KILLS_A_LOOK  10u
#define PATIENCE_S    40

static const char good[] =
	"{\"version\": 1, \"rules\": [{\"id\": \"chaos\", \"effect\": \"allow\",\n"
	" \"who\": {\"users\": [\"65520\", \"65521\", \"65522\", \"65523\"]}, \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"xdp\"]}, \"attach\": {\"xdp\": [\"netns:%1$s/net0:lo\",\n"
	"  \"netns:%1$s/net1:lo\", \"netns:%1$s/net2:lo\", \"netns:%1$s/net3:lo\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\", \"pin_under\": [\"%2$s\"]}}]}\n";
static const char broken[] =
	"{\"version\": 1, \"rules\": [\n{\"id\": \"chaos\",\n \"effekt\": \"allow\"}]}\n";

struct run {
	struct live live;
	struct chaos *chaos; /* shared with the clients */
	const char *builddir;
	char scene[48], policy[1024];
	pid_t clients[CHAOS_CLIENTS];
	uint64_t random, seed;
	uint32_t kills, restarts, lost, leaked, rounds;
};

uint32_t chaos_random(uint64_t *state, uint32_t below)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ z >> 31) % below);
}

void chaos_path(const struct chaos *chaos, uint32_t client, uint32_t slot, char *ret_path)
{
	snprintf(ret_path, CHAOS_PATH, "%.80s/c%u-%u", chaos->pins, client, slot);
}

/* ---- the scene ------------------------------------------------------------------------------- */

/* Each client's own, with a name for the rule. */
static bool make_netns(const struct run *run)
{
	OWN_FD int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct chaos *chaos = run->chaos;
	char name[80];

	for (uint32_t i = 0; i < CHAOS_CLIENTS; i++) {
		if (unshare(CLONE_NEWNET) < 0)
			return false;
		chaos->netns[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		snprintf(name, sizeof(name), "%s/net%u", run->scene, i);
		if (close(creat(name, 0444)) < 0 ||
		    mount("/proc/self/ns/net", name, NULL, MS_BIND, NULL) < 0)
			return false;
	}
	return ours >= 0 && setns(ours, CLONE_NEWNET) == 0;
}

/* A mount name space of its own: whatever happens here, nothing is left mounted. */
static bool make_mounts(struct run *run)
{
	char bpf[80];

	strcpy(run->scene, "/dev/shm/bpfgate-chaos-XXXXXX");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !mkdtemp(run->scene) || mount("none", run->scene, "tmpfs", 0, "mode=755") < 0)
		return false;
	snprintf(bpf, sizeof(bpf), "%s/bpf", run->scene);
	snprintf(run->chaos->pins, CHAOS_PATH, "%s/pins", bpf);
	snprintf(run->chaos->keep, CHAOS_PATH, "%s/kept", bpf);
	snprintf(run->chaos->ledger, CHAOS_PATH, "%s/ledger", run->scene);
	return mkdir(bpf, 0755) == 0 && mount("none", bpf, "bpf", 0, "mode=755") == 0 &&
	       mkdir(run->chaos->pins, 0777) == 0 && chmod(run->chaos->pins, 01777) == 0;
}

static bool run_begin(struct run *run)
{
	const char *more[] = { "--keep",	   run->chaos->keep, "--ledger",
			       run->chaos->ledger, "--spares",	     "4" };

	if (!make_mounts(run) || !make_netns(run))
		return false;
	memcpy(run->live.more, more, sizeof(more));
	run->live.judge = "worker/bpfgate-judge";
	snprintf(run->policy, sizeof(run->policy), good, run->scene, run->chaos->pins);
	/* Children of a killed bpfgated become ours: their ends are waited for. */
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 &&
	       live_start(&run->live, run->builddir, run->policy);
}

static void run_end(struct run *run)
{
	char bpf[80];

	/* It may have ended before, and been waited for: then its number is nobody's. */
	if (!run->live.parent)
		printf("the daemon had ended before\n");
	else if (!live_stop(&run->live))
		printf("the daemon does not end as it should\n");
	snprintf(bpf, sizeof(bpf), "%s/bpf", run->scene);
	(void)umount2(bpf, MNT_DETACH);
	(void)umount2(run->scene, MNT_DETACH);
	(void)rmdir(run->scene);
}

/* ---- clients --------------------------------------------------------------------------------- */

static void start_client(struct run *run, uint32_t i)
{
	uint64_t seed = (uint64_t)chaos_random(&run->random, UINT32_MAX) << 32 | i;

	run->clients[i] = fork();
	if (run->clients[i] == 0)
		client_run(run->chaos, i, seed);
}

/* Also reaps whoever became ours. bpfgated ends when it is killed, and never else. */
static void reap(struct run *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (uint32_t i = 0; i < CHAOS_CLIENTS; i++)
			if (run->clients[i] == pid)
				run->clients[i] = 0;
		if (pid == run->live.parent) {
			printf("bpfgated ended by itself: status 0x%x\n", (unsigned int)status);
			run->lost++;
			run->live.parent = 0;
		}
	}
}

/* The last words of the daemon, for people. */
static void print_said(const struct run *run)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "tail -n 25 '%s/said' | sed 's/^/    | /'", run->live.dir);
	(void)!system(cmd);
}

static void pause_shortly(void)
{
	struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

static bool clients_are_gone(struct run *run)
{
	reap(run);
	for (uint32_t i = 0; i < CHAOS_CLIENTS; i++)
		if (run->clients[i])
			return false;
	return true;
}

static bool end_clients(struct run *run)
{
	time_t until = time(NULL) + PATIENCE_S;

	run->chaos->stop = 1;
	while (!clients_are_gone(run)) {
		if (time(NULL) > until)
			return printf("clients do not end\n"), false;
		pause_shortly();
	}
	run->chaos->stop = 0;
	return true;
}

/* ---- bpfgated -------------------------------------------------------------------------------- */

/* All that it had must be gone before the next: as a service manager sees to it. */
static bool daemon_ends(struct run *run, int signal)
{
	time_t until = time(NULL) + PATIENCE_S;

	run->chaos->generation++;
	if (run->live.parent) {
		(void)kill(run->live.parent, signal);
		if (waitpid(run->live.parent, NULL, 0) < 0)
			return printf("bpfgated: %s\n", strerror(errno)), false;
		run->live.parent = 0;
	}
	while (victims_left()) {
		reap(run);
		if (time(NULL) > until) {
			printf("bpfgated has gone, its children have not:\n");
			victims_print();
			return false;
		}
		pause_shortly();
	}
	return true;
}

static bool daemon_starts(struct run *run)
{
	bool ok = live_again(&run->live, run->builddir);

	run->chaos->generation++;
	if (!ok)
		printf("bpfgated does not start\n");
	return ok;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static uint32_t open_all(const struct run *run)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < CHAOS_CLIENTS; i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(client_open_all(run->chaos, i));
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			wrong += (uint32_t)WEXITSTATUS(status);
	}
	return wrong;
}

static void print_holders(const char *text)
{
	char line[32];
	uint32_t id;

	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
		if (sscanf(text, "leaked: program %u in the k", &id) == 1)
			snprintf(line, sizeof(line), "prog_id:\t%u", id);
		else if (sscanf(text, "leaked: link %u in the k", &id) == 1)
			snprintf(line, sizeof(line), "link_id:\t%u", id);
		else if (sscanf(text, "leaked: map %u in the k", &id) == 1)
			snprintf(line, sizeof(line), "map_id:\t%u", id);
		else
			continue;
		printf("%s:\n", line);
		victims_print_holders(line);
	}
}

/* What is still on its way is waited for; a difference that stays is one. */
static void compare(struct run *run, bool orphans, const char *after)
{
	time_t until = time(NULL) + PATIENCE_S;
	struct slot saved[CHAOS_CLIENTS][CHAOS_SLOTS];
	struct faults faults;
	bool answered;

	memcpy(saved, run->chaos->slots, sizeof(saved));
	for (;;) {
		answered = world_compare(run->chaos, orphans, &faults);
		if ((answered && !faults.lost && !faults.leaked) || time(NULL) > until)
			break;
		memcpy(run->chaos->slots, saved, sizeof(saved));
		pause_shortly();
		reap(run);
	}
	if (answered && !orphans)
		faults.lost += open_all(run);
	run->lost += faults.lost + run->chaos->lost + !answered;
	run->leaked += faults.leaked;
	run->chaos->lost = 0;
	if (faults.lost || faults.leaked || !answered) {
		printf("after %s, %u kills and %u restarts:\n%s%s", after, run->kills,
		       run->restarts, faults.text, answered ? "" : "the daemon does not answer\n");
		print_holders(faults.text);
		print_said(run);
	}
}

/* ---- kills ----------------------------------------------------------------------------------- */

static void kill_client(struct run *run)
{
	uint32_t i = chaos_random(&run->random, CHAOS_CLIENTS);

	if (!run->clients[i])
		return;
	(void)kill(run->clients[i], SIGKILL);
	while (run->clients[i]) {
		pause_shortly();
		reap(run);
	}
	run->kills++;
}

/* SIGKILL mostly; asked to end; or stopped, and killed when others have done something meanwhile.
 */
static bool strike(struct run *run, pid_t pid)
{
	uint32_t how = chaos_random(&run->random, 10);
	uint64_t ops = run->chaos->ops;

	if (how == 0)
		return kill(pid, SIGTERM) == 0;
	if (how == 1 && kill(pid, SIGSTOP) == 0)
		for (int i = 0; i < 5 && run->chaos->ops == ops; i++)
			pause_shortly();
	return kill(pid, SIGKILL) == 0;
}

static bool kill_daemon(struct run *run)
{
	static const int signals[] = { SIGKILL, SIGKILL, SIGKILL, SIGTERM };

	run->kills++;
	return daemon_ends(run, signals[chaos_random(&run->random, ARRAY_CNT(signals))]) &&
	       daemon_starts(run);
}

/* Of a hundred: clients 30, bpfgated 2, and of its descendants some kind. */
static bool kill_somebody(struct run *run)
{
	uint32_t dice = chaos_random(&run->random, 100);
	pid_t pid;

	if (dice < 30) {
		kill_client(run);
		return true;
	}
	if (dice < 32)
		return kill_daemon(run);
	pid = victims_choose(run->live.parent, &run->random);
	if (pid && strike(run, pid))
		run->kills++;
	return true;
}

/* Until the clients have got somewhere: a daemon that is killed before it does anything is not a test.
 */
static void wait_for_work(struct run *run)
{
	uint64_t ops = run->chaos->ops + chaos_random(&run->random, 8);

	for (int i = 0; i < 100 && run->chaos->ops < ops; i++)
		pause_shortly();
}

static bool round_of_kills(struct run *run, uint32_t kills)
{
	uint32_t until = run->kills + kills;

	while (run->kills < until) {
		reap(run);
		for (uint32_t i = 0; i < CHAOS_CLIENTS; i++)
			if (!run->clients[i])
				start_client(run, i);
		wait_for_work(run);
		if (!kill_somebody(run))
			return false;
	}
	return end_clients(run);
}

/* ---- restarts -------------------------------------------------------------------------------- */

static bool plainly(struct run *run)
{
	return daemon_ends(run, SIGTERM) && daemon_starts(run);
}

static bool by_kill(struct run *run)
{
	return daemon_ends(run, SIGKILL) && daemon_starts(run);
}

/* With no rules nothing is granted, and nothing lost. */
static bool with_a_broken_policy(struct run *run)
{
	OWN_MEM char *json = NULL;
	bool ok = daemon_ends(run, SIGTERM) && live_write_policy(&run->live, broken) &&
		  daemon_starts(run);
	struct faults faults;

	ok = ok && world_compare(run->chaos, false, &faults);
	run->lost += ok ? faults.lost : 0;
	return live_write_policy(&run->live, run->policy) && ok &&
	       bpfgate_control(BPFGATE_RELOAD, "", &json) == 0;
}

static bool from_an_old_ledger(struct run *run)
{
	return daemon_ends(run, SIGTERM) && ledgers_become_old(run->chaos->ledger) &&
	       daemon_starts(run);
}

static bool with_a_newer_ledger(struct run *run)
{
	return daemon_ends(run, SIGKILL) && ledgers_become_kindred(run->chaos->ledger) &&
	       daemon_starts(run);
}

/* A downgrade to a daemon that cannot read it: orphans. And an upgrade: all is known again. */
static bool down_and_up(struct run *run)
{
	if (!daemon_ends(run, SIGTERM) || !ledgers_become_strange(run->chaos->ledger) ||
	    !daemon_starts(run))
		return false;
	compare(run, true, "a downgrade");
	run->restarts++;
	return daemon_ends(run, SIGTERM) && ledgers_become_ours_again(run->chaos->ledger) &&
	       daemon_starts(run);
}

static const struct {
	const char *name;
	bool (*restart)(struct run *run);
} restarts[] = {
	{ "a stop and a start", plainly },
	{ "a kill of all and a start", by_kill },
	{ "a start with a broken policy", with_a_broken_policy },
	{ "an upgrade from an old ledger", from_an_old_ledger },
	{ "a newer daemon", with_a_newer_ledger },
	{ "a downgrade and an upgrade", down_and_up },
};

static bool restart(struct run *run, const char **ret_name)
{
	uint32_t i = run->restarts < ARRAY_CNT(restarts)
			     ? run->restarts
			     : chaos_random(&run->random, ARRAY_CNT(restarts));

	*ret_name = restarts[i].name;
	run->restarts++;
	return restarts[i].restart(run);
}

/* ---- the run --------------------------------------------------------------------------------- */

static bool round_and_looks(struct run *run, uint32_t kills)
{
	while (kills > 0) {
		uint32_t some = kills < KILLS_A_LOOK ? kills : KILLS_A_LOOK;

		if (!round_of_kills(run, some))
			return false;
		compare(run, false, "kills");
		kills -= some;
	}
	return true;
}

static bool run_all(struct run *run, uint32_t kills, uint32_t want_restarts)
{
	uint32_t each = want_restarts ? (kills + want_restarts - 1) / want_restarts : KILLS_A_ROUND;
	const char *name = "the kills";

	each = each ? each : 1;
	while (run->kills < kills || run->restarts < want_restarts) {
		run->rounds++;
		if (run->kills < kills &&
		    !round_and_looks(run, each < kills - run->kills ? each : kills - run->kills))
			return printf("the kills failed\n"), false;
		if (run->restarts < want_restarts && !restart(run, &name))
			return printf("%s failed\n", name), false;
		compare(run, false, name);
	}
	return true;
}

/* Where nothing was granted, nothing was tried. */
static bool is_good(const struct run *run, bool whole)
{
	return whole && !run->lost && !run->leaked && run->chaos->granted > run->kills / 4;
}

static void report(const struct run *run, bool whole, bool json)
{
	bool good_run = is_good(run, whole);

	if (json)
		printf("{\"schema_version\":\"1.0\",\"kills\":%u,\"restarts\":%u,\"lost_objects\":%u,"
		       "\"leaked_objects\":%u,\"granted\":%llu,\"links\":%llu,\"calls\":%llu,\"finished\":%s,\"seed\":%llu}\n",
		       run->kills, run->restarts, run->lost, run->leaked,
		       (unsigned long long)run->chaos->granted,
		       (unsigned long long)run->chaos->attached,
		       (unsigned long long)run->chaos->ops, whole ? "true" : "false",
		       (unsigned long long)run->seed);
	else
		printf("%u kills, %u restarts, %llu pins granted (%llu of links), %llu rounds of calls: %u lost, %u leaked; seed %llu\n"
		       "%u passed, %u failed\n",
		       run->kills, run->restarts, (unsigned long long)run->chaos->granted,
		       (unsigned long long)run->chaos->attached,
		       (unsigned long long)run->chaos->ops, run->lost, run->leaked,
		       (unsigned long long)run->seed, good_run, !good_run);
}

int main(int argc, char **argv)
{
	static struct run run;
	bool whole, json = argc == 6 && strcmp(argv[5], "--json") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 5)
		return 2;
	if (getuid() != 0) {
		printf("skipped: a daemon of its own needs root\n0 passed, 0 failed, 1 skipped\n");
		return 77;
	}
	run.builddir = argv[1];
	run.seed = run.random = strtoull(argv[4], NULL, 10);
	run.chaos = mmap(NULL, sizeof(*run.chaos), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.chaos == MAP_FAILED || !run_begin(&run)) {
		printf("FAILED the scene: %s\n0 passed, 1 failed\n", strerror(errno));
		return 1;
	}
	whole = run_all(&run, (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
	if (!whole)
		print_said(&run);
	run_end(&run);
	report(&run, whole, json);
	return is_good(&run, whole) ? 0 : 1;
}
