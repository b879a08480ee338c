/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the daemon a question of bpfgate's own and printing the answer: shared by status, list and why.
 */
#ifndef BPFGATE_CLIENT_ASK_H
#define BPFGATE_CLIENT_ASK_H

#include <stdbool.h>
#include <jansson.h>

#include "client/bpfgate.h"

/*
 * Sends one control question (enum bpfgate_question) with its argument ("" for none). EXIT_OK with
 * *ret_doc, a JSON object that the caller releases; else an exit code, and what went wrong was said: on stderr,
 * or as the one error document on stdout when json.
 */
int ask_daemon(enum bpfgate_question question, const char *arg, bool json, json_t **ret_doc);

#endif
