/* SPDX-License-Identifier: Apache-2.0 */
/* Of `bpfgate run`: another process's calls for names of files, where those are pins. */
#ifndef BPFGATE_CLIENT_NOTIFY_PINS_H
#define BPFGATE_CLIENT_NOTIFY_PINS_H

#include "client/library/call.h"
#include "client/launch/other.h"

#include <linux/seccomp.h>

/* How the call is answered: with a descriptor of ours (fd >= 0), which the caller owns, or with value, or -errno. */
struct notify_pins_answer {
	int fd;
	long value;
	struct call_outcome outcome; /* why a change was refused */
};

/* The number of the i-th call that may be about a pin; UINT32_MAX: one that this machine does not have; 0: there are no more. */
uint32_t notify_pins_call(size_t i);

/* Is it one of those? */
bool notify_pins_has_call(uint32_t nr);

/* Whether this call of thread tid is about something below the bpffs. Asks nobody but its memory and /proc. */
bool notify_pins_is_meant(const struct codec_source *src, pid_t tid, const struct seccomp_data *data);

/* Does it in our own process. false: what is meant is the kernel's own; it goes on by itself. */
bool notify_pins_do(const struct other *other, const struct seccomp_data *data,
		    struct notify_pins_answer *ret_answer);

#endif
