/* SPDX-License-Identifier: Apache-2.0 */
/* Promises to count each test, and a daemon that does not end as it should as one that failed. */
#include "tests/daemon/live_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/holds.h"

static unsigned int live_run(const struct live_test *tests, size_t cnt)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < cnt; i++) {
		if (holds_run(tests[i].run))
			continue;
		failed++;
		printf("FAILED %s\n", tests[i].name);
	}
	return failed;
}

int live_main(struct live *live, const char *policy, const struct live_test *tests, size_t cnt)
{
	unsigned int failed;
	bool ended;

	if (getuid() != 0) {
		printf("skipped: a daemon of its own needs root\n0 passed, 0 failed, %zu skipped\n", cnt);
		return 77;
	}
	if (!live_start(live, getenv("builddir") ? getenv("builddir") : ".", policy)) {
		printf("the daemon does not start\n0 passed, 1 failed\n");
		return 1;
	}
	failed = live_run(tests, cnt);
	ended = live_stop(live);
	if (!ended)
		printf("FAILED the daemon does not end as it should\n");
	printf("%zu passed, %u failed\n", cnt - failed, failed + !ended);
	return failed || !ended;
}
