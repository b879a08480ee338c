/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_MEND_H
#define VERIFIER_MEND_H

#include "verifier/request.h"

/*
 * Explains a rejection that q came to (began_ns: when the question was asked), tries the ways out
 * that the explanation proposes, and goes on with what then comes: res->more. Best effort; res
 * stays the rejection it is.
 */
void mend_explain(const struct request *q, struct bgv_result *res, uint64_t began_ns);

#endif
