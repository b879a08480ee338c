/* SPDX-License-Identifier: Apache-2.0 */
/* What time it is. */
#ifndef BPFGATE_DAEMON_CLOCK_H
#define BPFGATE_DAEMON_CLOCK_H

#include <stdint.h>

/* Monotonic: for intervals and deadlines. */
uint64_t clock_now_ns(void);
/* Since the epoch: for records and signatures. */
int64_t clock_now_s(void);

#endif
