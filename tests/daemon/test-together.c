/* SPDX-License-Identifier: Apache-2.0 */
/* What all users of a rule hold together is limited, too: who has many accounts has no more of it for that. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/daemon/attack.h"

static const char together_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"team\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\", \"65532\"]},\n"
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"},\n"
	" \"quota\": {\"programs\": 3, \"maps\": 3, \"in_all\": {\"programs\": 1, \"maps\": 4}}},\n"
	"{\"id\": \"alone\", \"effect\": \"allow\", \"who\": {\"users\": [\"65533\"]},\n"
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"},\n"
	" \"quota\": {\"programs\": 3, \"maps\": 3}}\n"
	"]}\n";

static struct live live;

/* Two of each if they are granted: how many were. */
static void take_two(int ret_cnt[2])
{
	ret_cnt[0] = ret_cnt[1] = 0;
	for (int i = 0; i < 2; i++) {
		ret_cnt[0] += live_map(BPF_MAP_TYPE_ARRAY, 0) >= 0;
		ret_cnt[1] += live_prog(BPF_PROG_TYPE_XDP, "xdp", 2) >= 0;
	}
}

/* Alice takes what she may, and holds it until the other has closed its end. */
static bool part_hold(void *arg)
{
	const int *ends = arg;
	int cnt[2];
	char byte;

	take_two(cnt);
	return write(ends[1], cnt, sizeof(cnt)) == (ssize_t)sizeof(cnt) && read(ends[1], &byte, 1) == 0 &&
	       cnt[0] == 2 && cnt[1] == 1;
}

static bool part_rest_only(void *arg)
{
	int cnt[2];

	take_two(cnt);
	return cnt[0] == 2 && cnt[1] == 0 && live_reason_has("2 of 1 programs of all together") &&
	       live_map(BPF_MAP_TYPE_ARRAY, 0) == -EPERM &&
	       live_reason_has("5 of 4 maps of all together");
}

static bool part_has_own_quota(void *arg)
{
	int cnt[2];

	take_two(cnt);
	return cnt[0] == 2 && cnt[1] == 2;
}

static bool part_all_of_it(void *arg)
{
	int cnt[2];

	take_two(cnt);
	return cnt[0] == 2 && cnt[1] == 1;
}

static bool users_of_a_rule_hold_no_more_than_it_gives_to_all(void)
{
	int ends[2], cnt[2], status = 1;
	pid_t pid;
	bool ok;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(live_as(LIVE_ALICE, part_hold, ends) ? 0 : 1);
	}
	close(ends[1]);
	ok = read(ends[0], cnt, sizeof(cnt)) == (ssize_t)sizeof(cnt) &&
	     live_as(LIVE_BOB, part_rest_only, NULL);
	/* control: another rule is not theirs, and what is given back may be had again */
	ok = live_as(65533, part_has_own_quota, NULL) && ok;
	close(ends[0]);
	ok = waitpid(pid, &status, 0) == pid && status == 0 && ok;
	return live_as(LIVE_BOB, part_all_of_it, NULL) && ok;
}

static const struct attack_row rows[] = {
	ATTACK(users_of_a_rule_hold_no_more_than_it_gives_to_all),
};

int main(int argc, char **argv)
{
	static const uid_t uids[] = { LIVE_ALICE, LIVE_BOB, 65533 };
	const struct attack_plan plan = { .live = &live, .policy = together_policy, .rows = rows,
					  .row_cnt = ARRAY_CNT(rows), .uids = uids,
					  .uid_cnt = ARRAY_CNT(uids) };

	return attack_main(&plan, argc, argv);
}
