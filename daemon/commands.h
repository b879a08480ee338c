/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handlers, one for each command the broker carries out; dispatch.c has the table. Each answers
 * its work exactly once, now or later.
 */
#ifndef BPFGATE_DAEMON_COMMANDS_H
#define BPFGATE_DAEMON_COMMANDS_H

#include "daemon/work.h"

void map_create(struct work *work);		/* map_create.c */
void btf_load(struct work *work);		/* btf_load.c */
void prog_load(struct work *work);		/* prog_load.c */
void link_create(struct work *work);		/* attach.c */
void prog_attach(struct work *work);		/* attach.c: PROG_DETACH too */
void raw_tracepoint_open(struct work *work);	/* attach.c */
void token_create(struct work *work);		/* token_create.c: root's answer, never a token */

#endif
