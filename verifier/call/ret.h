/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_RET_H
#define VERIFIER_RET_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/kernel/behave.h"

struct ret_range {
	int32_t lo, hi;
};

/* The range a program of these types must return in; false: anything goes. */
bool ret_range_of(enum profile profile, uint32_t prog_type, uint32_t attach_type,
		  struct ret_range *ret_range);

struct env;

/* check_return_code() at main (or exception) exit: may that register be returned? 0 or negative. */
int ret_check(struct env *env, uint32_t regno);

#endif
