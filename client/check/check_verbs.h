/* SPDX-License-Identifier: Apache-2.0 */
/* What bpfgate-check does beside `check`, by the name it is called with: argv[0] is the verb. Each returns an exit code. */
#ifndef BPFGATE_CLIENT_CHECK_VERBS_H
#define BPFGATE_CLIENT_CHECK_VERBS_H

#include "client/check/check.h"

/* check_compare.c: two objects, kernels or compilers side by side. opts: workers are set, the rest is not. */
int check_compare(int argc, char **argv, struct check_options *opts);

/* check_inspect.c: what an object needs. */
int check_inspect(int argc, char **argv, struct check_options *opts);

#endif
