/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tracing clients read of the kernel's functions and symbols: the list of functions for who
 * may attach to one, the addresses for whose rule says so in so many words. Each is refused to
 * somebody whose rule lacks only that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "proto/trace.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#define CAROL	  65530 /* as Bob, but for the addresses */
#define FUNCTIONS "/sys/kernel/tracing/available_filter_functions"

#define RULE(id, user, attach, more)                                                                  \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"         \
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"kprobe\"]},\n" \
	" \"helpers\": {\"any_except\": []}, \"perfmon\": \"grant\", \"attach\": {" attach            \
	"}" more "}}"

static const char policy[] = "{\"version\": 1, \"rules\": [\n" RULE(
	"alice", "65531", "\"tracepoint\": [\"*\"]",
	"") ",\n" RULE("bob", "65532", "\"kprobe\": [\"vfs_*\"]",
		       ", \"kernel_addresses\": true") ",\n" RULE("carol", "65530",
								  "\"tracing\": [\"vfs_*\"]",
								  "") "]}\n";

static struct live live;

static int open_file(enum trace_file_kind what)
{
	struct trace_open open = { .what = what };
	int r = bpfgate_bpf(CMD_TRACE_OPEN, &open, sizeof(open));

	return r < 0 ? -errno : r;
}

static bool is_refused(int r, const char *why)
{
	return r == -EPERM && strstr(bpfgate_last_reason(), why);
}

/* Lines of programs come and go, those of tests', too. */
static bool is_of_programs(const char *line)
{
	return strstr(line, "\t[bpf]");
}

/* A sum over the lines, in which each has its place; *ret_cnt: how many. */
static uint64_t sum_of(int take_fd, size_t *ret_cnt)
{
	FILE *file = fdopen(take_fd, "r");
	OWN_MEM char *line = NULL;
	uint64_t sum = 14695981039346656037ull;
	size_t room = 0;

	*ret_cnt = 0;
	while (file && getline(&line, &room, file) > 0) {
		if (is_of_programs(line))
			continue;
		for (const char *c = line; *c; c++)
			sum = (sum ^ (uint8_t)*c) * 1099511628211ull;
		++*ret_cnt;
	}
	if (file)
		(void)fclose(file);
	return sum;
}

static bool same_as_roots(int take_fd, const uint64_t *roots)
{
	size_t cnt;
	uint64_t sum = take_fd < 0 ? 0 : sum_of(take_fd, &cnt);

	return HOLDS(take_fd >= 0) && HOLDS(cnt > 100) && HOLDS(sum == *roots);
}

/* 0: root cannot read it either. */
static uint64_t sum_for_root(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t cnt;

	return fd < 0 ? 0 : sum_of(fd, &cnt);
}

/* ---- functions ---- */

/* A machine that is locked down shows it to nobody: then the kernel's refusal is what the daemon
 * gets, and policy's is none. */
static bool part_sees_functions(void *roots)
{
	if (!*(const uint64_t *)roots)
		return HOLDS(open_file(TRACE_FILE_FUNCTIONS) == -EPERM) &&
		       HOLDS(!strstr(bpfgate_last_reason(), "rule"));
	return same_as_roots(open_file(TRACE_FILE_FUNCTIONS), roots) &&
	       HOLDS(open(FUNCTIONS, O_RDONLY | O_CLOEXEC) < 0);
}

static bool part_sees_no_functions(void *arg)
{
	return HOLDS(is_refused(open_file(TRACE_FILE_FUNCTIONS),
				"the list of all kernel functions: the rule lists no such target"));
}

static bool the_list_of_functions_is_for_who_may_attach_to_one(void)
{
	uint64_t roots = sum_for_root(FUNCTIONS);

	return HOLDS(live_as(LIVE_ALICE, part_sees_no_functions, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_sees_functions, &roots)) &&
	       HOLDS(live_as(CAROL, part_sees_functions, &roots));
}

/* ---- addresses ---- */

static bool part_sees_addresses(void *roots)
{
	OWN_FD int written = open_file(TRACE_FILE_SYMBOLS);

	return same_as_roots(open_file(TRACE_FILE_SYMBOLS), roots) &&
	       HOLDS(write(written, "x", 1) < 0);
}

static bool part_sees_no_addresses(void *arg)
{
	return HOLDS(is_refused(open_file(TRACE_FILE_SYMBOLS),
				"the rule lacks \"kernel_addresses\": true"));
}

static bool part_stranger(void *arg)
{
	return HOLDS(is_refused(open_file(TRACE_FILE_SYMBOLS), "no rule allows any program to this caller")) &&
	       HOLDS(is_refused(open_file(TRACE_FILE_FUNCTIONS), "no rule allows any program to this caller"));
}

static bool the_kernels_addresses_are_for_whose_rule_says_so(void)
{
	uint64_t roots = sum_for_root("/proc/kallsyms");

	return HOLDS(live_as(LIVE_ALICE, part_sees_no_addresses, NULL)) &&
	       HOLDS(live_as(CAROL, part_sees_no_addresses, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_sees_addresses, &roots)) &&
	       HOLDS(live_as(65528, part_stranger, NULL));
}

static const struct attack_row rows[] = {
	ATTACK(the_list_of_functions_is_for_who_may_attach_to_one),
	ATTACK(the_kernels_addresses_are_for_whose_rule_says_so),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB, CAROL };

static const struct attack_plan plan = {
	.live = &live,
	.policy = policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
	.idle_fd_cnt = 8, /* idle loaders of the users and the ledger's */
};

int main(int argc, char **argv)
{
	if (geteuid() == 0 && access(FUNCTIONS, F_OK) < 0)
		(void)mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
	if (geteuid() == 0 && access(FUNCTIONS, F_OK) < 0) {
		printf("no list of functions here\n");
		return 77;
	}
	return attack_main(&plan, argc, argv);
}
