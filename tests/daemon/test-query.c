/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask what is attached where: at the places where a rule lets him attach, and at no other.
 * Of what stands there he is told of his own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/daemon/live_main.h"
#include "tests/lib/holds.h"

#define TCX_INGRESS 46u
#define CGROUP_A    "/bpfgate-query-a"
#define CGROUP_B    "/bpfgate-query-b"
#define BOTH(where) "\"" LIVE_CGROUP_ALONE where "\", \"" LIVE_CGROUP_HYBRID where "\""

/* bob may attach to sockets' cgroups, alice to packets' interface; carol may load and attach
 * nowhere. */
#define CAROL 65530

static const char policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]}, \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"sched_cls\"]}, \"attach\": {\"tcx\": [\"lo\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"sockmap\"]}, \"max_bytes_each\": \"1M\"}},\n"
	"{\"id\": \"bob\", \"effect\": \"allow\", \"who\": {\"users\": [\"65532\"]}, \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"cgroup_skb\"]}, \"attach\": {\"cgroup\": [" BOTH(
		CGROUP_A) "], \"map\": [\"sockmap\"]}},\n"
			  " \"maps\": {\"types\": {\"only\": [\"sockmap\"]}, \"max_bytes_each\": \"1M\"}},\n"
			  "{\"id\": \"carol\", \"effect\": \"allow\", \"who\": {\"users\": [\"65530\"]}, \"signed_by\": {\"unsigned\": true},\n"
			  " \"programs\": {\"types\": {\"only\": [\"sched_cls\", \"cgroup_skb\"]}}}]}\n";

static struct live live;
static char paths[2][96]; /* of the two cgroups */

static int query(uint32_t type, uint32_t target)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = target;
	attr.query.attach_type = type;
	return live_call(BPF_PROG_QUERY, &attr, sizeof(attr.query));
}

static int query_cgroup(int which)
{
	OWN_FD int fd = open(paths[which], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return query(BPF_CGROUP_INET_EGRESS, (uint32_t)fd);
}

static int query_netns(void)
{
	OWN_FD int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return query(BPF_FLOW_DISSECTOR, (uint32_t)fd);
}

static int query_map(void)
{
	OWN_FD int fd = live_map(BPF_MAP_TYPE_SOCKMAP, 0);

	return fd < 0 ? -EBADF : query(BPF_SK_SKB_STREAM_VERDICT, (uint32_t)fd);
}

static bool part_alice(void *arg)
{
	return HOLDS(query(TCX_INGRESS, if_nametoindex("lo")) == 0) &&
	       HOLDS(query(TCX_INGRESS, 99999) == -EPERM) && HOLDS(query_cgroup(0) == -EPERM) &&
	       HOLDS(query_netns() == -EPERM) && HOLDS(query_map() == -EPERM) &&
	       HOLDS(query(BPF_XDP, if_nametoindex("lo")) == -EPERM);
}

static bool part_bob(void *arg)
{
	return HOLDS(query_cgroup(0) == 0) && HOLDS(query_cgroup(1) == -EPERM) &&
	       HOLDS(live_reason_has("cgroup")) &&
	       HOLDS(query(TCX_INGRESS, if_nametoindex("lo")) == -EPERM) &&
	       HOLDS(query_map() != -EPERM) && HOLDS(query_netns() == -EPERM);
}

static bool part_carol(void *arg)
{
	return HOLDS(query_cgroup(0) == -EPERM) &&
	       HOLDS(query(TCX_INGRESS, if_nametoindex("lo")) == -EPERM);
}

static bool who_may_attach_nowhere_else_may_not_ask_there(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_alice, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_bob, NULL)) && HOLDS(live_as(CAROL, part_carol, NULL));
}

/* Index 1 is lo there, too, and another. */
static bool part_elsewhere(void *arg)
{
	return HOLDS(query(TCX_INGRESS, 1) == -EPERM);
}

static bool an_interface_is_one_of_the_callers_namespace(void)
{
	OWN_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool ok = HOLDS(home >= 0) && HOLDS(unshare(CLONE_NEWNET) == 0) &&
		  HOLDS(live_as(LIVE_ALICE, part_elsewhere, NULL));

	return HOLDS(setns(home, CLONE_NEWNET) == 0) && ok &&
	       HOLDS(live_as(LIVE_ALICE, part_alice, NULL));
}

/* What is not a place, the kernel does not know either. */
static bool part_odd(void *arg)
{
	static const uint32_t types[] = { BPF_TRACE_FENTRY, BPF_TRACE_ITER, BPF_LSM_MAC,
					  BPF_PERF_EVENT,   9999,	    UINT32_MAX };
	bool ok = true;

	for (size_t i = 0; i < ARRAY_CNT(types); i++)
		ok = HOLDS(query(types[i], 1) == -EINVAL) && ok;
	return ok;
}

static bool what_is_no_place_is_nothing_to_ask_about(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd, NULL));
}

static const struct live_test tests[] = {
	LIVE_TEST(who_may_attach_nowhere_else_may_not_ask_there),
	LIVE_TEST(an_interface_is_one_of_the_callers_namespace),
	LIVE_TEST(what_is_no_place_is_nothing_to_ask_about),
};

static bool make_cgroups(void)
{
	snprintf(paths[0], sizeof(paths[0]), "%s" CGROUP_A, live_cgroup_root());
	snprintf(paths[1], sizeof(paths[1]), "%s" CGROUP_B, live_cgroup_root());
	return (mkdir(paths[0], 0755) == 0 || errno == EEXIST) &&
	       (mkdir(paths[1], 0755) == 0 || errno == EEXIST);
}

int main(void)
{
	int r;

	if (getuid() == 0 && !make_cgroups()) {
		printf("skipped: its users need cgroups\n0 passed, 0 failed, %zu skipped\n", ARRAY_CNT(tests));
		return 77;
	}
	r = live_main(&live, policy, tests, ARRAY_CNT(tests));
	(void)rmdir(paths[0]);
	(void)rmdir(paths[1]);
	return r;
}
