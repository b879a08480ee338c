/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the daemon a question of bpfgate's own and printing the answer: shared by status, list and why.
 */
#ifndef BPFGATE_CLIENT_ASK_H
#define BPFGATE_CLIENT_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

/*
 * Sends one control question (enum wire_verb of proto/wire.h) with its argument ("" for none). EXIT_OK with
 * *ret_doc, a JSON object that the caller releases; else an exit code, and what went wrong was said: on stderr,
 * or as the one error document on stdout when json.
 */
int ask_daemon(uint32_t verb, const char *arg, bool json, json_t **ret_doc);

#endif
