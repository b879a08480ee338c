/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are loaded although the rule that granted them would not grant them today. */
#ifndef BPFGATE_DAEMON_COVERAGE_H
#define BPFGATE_DAEMON_COVERAGE_H

#include "daemon/broker/work/broker.h"

/*
 * Tells the journal of each live program that its rule no longer covers: the rule is gone, has expired,
 * or asks for what the program does not have (a signer that is revoked, a helper that is denied). Such
 * a program stays loaded; its next attach is refused. Returns how many there are.
 */
size_t coverage_report(struct broker *broker);

#endif
