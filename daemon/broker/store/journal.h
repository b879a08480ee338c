/* SPDX-License-Identifier: Apache-2.0 */
/* Where the broker tells what it did: journald inside a unit, stderr elsewhere. */
#ifndef BPFGATE_DAEMON_JOURNAL_H
#define BPFGATE_DAEMON_JOURNAL_H

#include "daemon/broker/store/decision.h"

/* One record of a decision, with the fields that bpfgated(8) lists. */
void journal_decision(const struct decision *decision);
/* That the decision was made again decision->repeated times. */
void journal_repeated(const struct decision *decision);

/* A line about ourselves; priority as syslog(3), id one of JOURNAL_ID_* or NULL. */
__attribute__((format(printf, 3, 4))) void journal_note(int priority, const char *id,
							 const char *format, ...);

#endif
