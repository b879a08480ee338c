/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a rejection, as data: the one model that all forms of bpfgate check are written
 * from. */
#ifndef BPFGATE_CLIENT_CHECK_MODEL_H
#define BPFGATE_CLIENT_CHECK_MODEL_H

#include <stdbool.h>
#include <jansson.h>

#include "verifier/bpfgate-verifier.h"

/*
 * {"explanation", "debug_info", "problems"} of a result that is not an accept, as
 * client/schema/check.json describes them; the first problem is the result itself, the others what
 * is wrong after it. `named`: variables are known by DWARF. The caller's; NULL when memory is out.
 */
json_t *check_model(const struct bgv_program *prog, const struct bgv_result *result, bool named);

/* Text from a program: as it is, but bytes that are no UTF-8 made visible (\xNN). NULL when memory
 * is out. */
json_t *check_model_text(const char *text);

#endif
