/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one user can make the daemon and the kernel hold, and whose it then is: tried on a running daemon. Every
 * refusal stands beside a control that differs only in what is refused.
 */
#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/daemon/live.h"

/* The daemon's own limit; see quota_default_limits(). */
#define LIMITS_BTFS 1024

static const char limits_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"maps\": {\"types\": {\"any_except\": []}}, \"log\": \"denials\"},\n"
	"{\"id\": \"bob\", \"effect\": \"allow\", \"who\": {\"users\": [\"65532\"]},\n"
	" \"maps\": {\"types\": {\"any_except\": []}}}\n"
	"]}\n";

static struct live live;

static int call(int cmd, union bpf_attr *attr, unsigned int bytes)
{
	int r = bpfgate_bpf(cmd, attr, bytes);

	return r < 0 ? -errno : r;
}

/* An int and a pointer to it: nothing that a loader probes with. */
static int load_btf(void)
{
	static const struct {
		struct btf_header header;
		uint32_t types[4 + 3];
		char texts[8];
	} btf = {
		{ .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header),
		  .type_len = 28, .str_off = 28, .str_len = sizeof(btf.texts) },
		{ 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32, 0, BTF_KIND_PTR << 24, 1 },
		"\0int\0\0\0",
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = sizeof(btf);
	return call(BPF_BTF_LOAD, &attr, sizeof(attr));
}

static bool may_open_many(void)
{
	struct rlimit limit = { 4096, 4096 };

	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* ---- the ledger ---- */

static bool part_btf_closed_at_once(void *arg)
{
	for (int i = 0; i < LIMITS_BTFS + 2; i++) {
		OWN_FD int btf = load_btf();

		if (btf < 0) {
			printf("load %d: %s\n", i, strerror(-btf));
			return false;
		}
	}
	return true;
}

static bool part_btf_held(void *arg)
{
	int btf;

	if (!may_open_many())
		return false;
	for (int i = 0; i < LIMITS_BTFS; i++)
		if (load_btf() < 0)
			return false;
	btf = load_btf();
	return btf == -ENOSPC && live_reason_has("too many objects of this kind");
}

static bool part_one_btf(void *arg)
{
	OWN_FD int btf = load_btf();

	return btf >= 0;
}

static bool btf_that_is_closed_is_forgotten_and_btf_that_is_held_is_not(void)
{
	return live_as(LIVE_ALICE, part_btf_closed_at_once, NULL) &&
	       live_as(LIVE_ALICE, part_btf_held, NULL) && live_as(LIVE_BOB, part_one_btf, NULL) &&
	       live_as(LIVE_ALICE, part_one_btf, NULL);
}

/* ---- */

#define PROMISE(name) { #name, name }

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	PROMISE(btf_that_is_closed_is_forgotten_and_btf_that_is_held_is_not),
};

int main(int argc, char **argv)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	unsigned int passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getuid() != 0) {
		printf("skipped: a daemon of its own needs root\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(tests));
		return 77;
	}
	if (!live_start(&live, builddir, limits_policy)) {
		printf("the daemon does not start\n0 passed, 1 failed\n");
		return 1;
	}
	for (size_t i = 0; i < ARRAY_CNT(tests); i++) {
		if (argc > 1 && strcmp(argv[1], tests[i].name) != 0)
			continue;
		if (tests[i].run()) {
			passed++;
			continue;
		}
		failed++;
		printf("FAILED %s\n", tests[i].name);
	}
	if (!live_stop(&live)) {
		failed++;
		printf("FAILED the daemon does not end as it should\n");
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
