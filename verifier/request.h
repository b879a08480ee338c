/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REQUEST_H
#define VERIFIER_REQUEST_H

#include "verifier/walk/assume.h"
#include "verifier/state/env.h"

/* What one verification is asked. */
struct request {
	const struct bgv_target *target;
	const struct bgv_program *prog;
	const struct bgv_options *opt;
	const struct env_watch *watch;
	const struct behave *beh;
	bool trace;		      /* the log of opt->log_level is written */
	bool record;		      /* the steps, and from them the explanation */
	const struct assume *assumes; /* the verdict is about a program with these ways out */
	uint32_t assume_cnt;
	struct proposals *ret_propose; /* of a recorded rejection: ways out to be tried */
	bool *ret_comes_of_it; /* of a recorded rejection: it is of a value that an assumption made
				*/
};

/* One walk, in memory of its own. As bgv_verify(). */
int request_verify(const struct request *q, struct bgv_result *ret_res, bool *ret_callback_once);
/* CPU time of this thread. */
uint64_t request_now_ns(void);

#endif
