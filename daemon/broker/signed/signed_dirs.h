/* SPDX-License-Identifier: Apache-2.0 */
/* Signed objects that lie in directories of root's: offered at the start and after each reload. */
#ifndef BPFGATE_DAEMON_SIGNED_DIRS_H
#define BPFGATE_DAEMON_SIGNED_DIRS_H

#include "daemon/broker/work/broker.h"

struct signed_dirs;

/* 0 or -ENOMEM; what is in the directories is root's account's. */
int signed_dirs_new(struct broker *broker, struct signed_dirs **ret_dirs);
/* Offers in hand are forgotten. NULL is fine. */
void signed_dirs_free(struct signed_dirs *dirs);

/* Reads the directories again and offers what is there, one file after the other. */
void signed_dirs_scan(struct signed_dirs *dirs);

#endif
