/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of a running broker: the first, the next, and what is said of them. */
#ifndef BPFGATE_DAEMON_RELOAD_H
#define BPFGATE_DAEMON_RELOAD_H

#include "daemon/broker/work/broker.h"

/* At the start. Where the files are not a policy no rule is in force, and broker->trouble says why. 0 or -ENOMEM. */
int reload_first(struct broker *broker);
/* Reads the files again and tells the service manager. 0, or -errno: the old policy stays, trouble says why. */
int reload_now(struct broker *broker);
/* The same, as the answer to TELL_RELOAD. */
void reload_answer(struct broker *broker);

/* One line about policy and work; it goes out with the ask of this kind. */
void reload_status_text(const struct broker *broker, char *text, size_t bytes);
void reload_tell_status(struct broker *broker, enum keep_ask_kind kind, int result);

#endif
