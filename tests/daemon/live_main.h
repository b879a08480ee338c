/* SPDX-License-Identifier: Apache-2.0 */
/* A program of tests that share one daemon. */
#ifndef BPFGATE_TESTS_DAEMON_LIVE_MAIN_H
#define BPFGATE_TESTS_DAEMON_LIVE_MAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/daemon/live.h"

struct live_test {
	const char *name;
	bool (*run)(void);
};
#define LIVE_TEST(name) { #name, name }

/*
 * Starts the daemon of the build tree with this policy, runs the tests, stops it, and says how many passed: the exit code of
 * main(). Without root nothing is run, and all are counted as skipped.
 */
int live_main(struct live *live, const char *policy, const struct live_test *tests, size_t cnt);

#endif
