/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor of a program that was loaded past bpfgate, in the hands of a user whose rule grants
 * the target: it is attached by nobody, though the user may attach its own there. Whoever leaked it
 * may not have meant that.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/daemon/live_main.h"
#include "tests/lib/holds.h"

static const char policy[] =
	"{\"version\": 1, \"rules\": [{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"xdp\", \"sched_cls\"]}, \"helpers\": {\"only\": [\"bpf_map_lookup_elem\"]},\n"
	"  \"perfmon\": \"judged\", \"attach\": {\"xdp\": [\"lo\"], \"tcx\": [\"lo\"]}}}]}\n";

#define TCX_INGRESS 46

static struct live live;

static bool is_refused(int r)
{
	return HOLDS(r == -EPERM) && HOLDS(live_reason_has("was not loaded through bpfgate"));
}

static bool part_links(void *arg)
{
	int own = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2), link;
	unsigned int lo = if_nametoindex("lo");

	if (FAILS(!is_refused(live_link(*(int *)arg, BPF_XDP, lo))))
		return false;
	link = live_link(own, BPF_XDP, lo);
	return HOLDS(own >= 0) && HOLDS(link >= 0);
}

static bool a_foreign_program_gets_no_link(void)
{
	OWN_FD int prog = live_load_natively(BPF_PROG_TYPE_XDP, 2);

	return HOLDS(prog >= 0) && HOLDS(live_as(LIVE_ALICE, part_links, &prog));
}

static int attach(int cmd, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = if_nametoindex("lo");
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = TCX_INGRESS;
	return live_call(cmd, &attr, sizeof(attr));
}

static bool part_attaches(void *arg)
{
	int own = live_prog(BPF_PROG_TYPE_SCHED_CLS, "cls", -1);

	if (FAILS(!is_refused(attach(BPF_PROG_ATTACH, *(int *)arg))))
		return false;
	return HOLDS(own >= 0) && HOLDS(attach(BPF_PROG_ATTACH, own) == 0) &&
	       HOLDS(attach(BPF_PROG_DETACH, own) == 0);
}

static bool a_foreign_program_is_not_attached(void)
{
	OWN_FD int prog = live_load_natively(BPF_PROG_TYPE_SCHED_CLS, -1);

	return HOLDS(prog >= 0) && HOLDS(live_as(LIVE_ALICE, part_attaches, &prog));
}

static const struct live_test tests[] = {
	LIVE_TEST(a_foreign_program_gets_no_link),
	LIVE_TEST(a_foreign_program_is_not_attached),
};

int main(void)
{
	return live_main(&live, policy, tests, ARRAY_CNT(tests));
}
