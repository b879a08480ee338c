/* SPDX-License-Identifier: Apache-2.0 */
/* Who vouches for a program that is being loaded: by its canonical digest, or by a signature in the attr. */
#ifndef BPFGATE_DAEMON_SIGNERS_H
#define BPFGATE_DAEMON_SIGNERS_H

#include "daemon/broker/work/work.h"

/*
 * Finds digests and proofs for the program of the work's PROG_LOAD; they are added to prog (the caller's, in its state), whose
 * canonical digest is there already if it has one. Then calls then with 0, at once or when a judge has read the signature that
 * the client passed. On a signature that is not one, or our own failure, the work is answered instead.
 */
void signers_find(struct work *work, struct ledger_prog *prog, work_then_fn then);

#endif
