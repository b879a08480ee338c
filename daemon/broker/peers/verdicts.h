/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts that judges gave already: the same bytes under the same conditions need no second judge. */
#ifndef BPFGATE_DAEMON_VERDICTS_H
#define BPFGATE_DAEMON_VERDICTS_H

#include <stdbool.h>

#include "daemon/broker/peers/judge_pool.h"

struct verdicts;

#define VERDICTS_KEY_BYTES JUDGE_KEY_BYTES

/* 0 or -ENOMEM; NULL may be freed. */
int verdicts_new(struct verdicts **ret_verdicts);
void verdicts_free(struct verdicts *verdicts);

/*
 * The key of a job: SHA-256 over its payload and everything in judge_job that a verdict depends on.
 * false when it is too large to be worth it.
 */
bool verdicts_key(const struct judge_call *call, uint8_t ret_key[VERDICTS_KEY_BYTES]);
/* NULL when not known. */
const struct judge_verdict *verdicts_find(const struct verdicts *verdicts,
					  const uint8_t key[VERDICTS_KEY_BYTES]);
/* Remembers an acceptance; anything else is judged again. */
void verdicts_put(struct verdicts *verdicts, const uint8_t key[VERDICTS_KEY_BYTES],
		  const struct judge_verdict *verdict);

#endif
