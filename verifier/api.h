/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_API_H
#define VERIFIER_API_H

#include "verifier/state/env.h"

/* bgv_verify() with somebody looking on; watch may be NULL. */
int api_verify_watched(const struct bgv_target *target, const struct bgv_program *prog,
		       const struct bgv_options *opt, const struct env_watch *watch,
		       struct bgv_result *ret_result);

#endif
