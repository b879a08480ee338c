/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel keeps for root below tracefs, opened for the broker by bpfgated. */
#ifndef BPFGATE_DAEMON_TRACEFS_H
#define BPFGATE_DAEMON_TRACEFS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/privsep.h"

/*
 * Opens, for reading, what `what` and `name` ("category/event"; name_bytes of it, not
 * NUL-terminated) mean. The descriptor, or -errno: -EINVAL for a name that is none, -ENOENT where
 * tracefs is not mounted or has no such file.
 */
int tracefs_open(enum trace_file what, const uint8_t *name, size_t name_bytes);

#endif
