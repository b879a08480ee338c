/* SPDX-License-Identifier: Apache-2.0 */
/* Who vouches for a program that is being loaded: by its canonical digest, or by a signature in the attr. */
#ifndef BPFGATE_DAEMON_SIGNED_H
#define BPFGATE_DAEMON_SIGNED_H

#include "daemon/broker/cmd/prog_load.h"

/* Goes on with the load; what is proved stands in load->rec. */
typedef void (*signed_done_fn)(struct work *work);

/*
 * Finds digests and proofs for the program of work->state (a struct prog_load whose references are
 * resolved), then calls on_done, at once or when a judge has read the signature that the client passed.
 * On a signature that is none, or our own failure, the work is answered instead.
 */
void signed_find(struct work *work, signed_done_fn on_done);

#endif
