/* SPDX-License-Identifier: Apache-2.0 */
/* How bpfgated closes what a client had its hands on. */
#ifndef BPFGATE_DAEMON_LETGO_H
#define BPFGATE_DAEMON_LETGO_H

#include "proto/packet.h"

/*
 * Closes take_fd (-1 is fine) without waiting for what lies in its queue: if there is anything, a
 * child that is about to end holds it last. Where no child can be made the descriptor stays open.
 */
void letgo_fd(int take_fd);
/* The same for all that were not taken. */
void letgo_fds(struct packet_fds *fds);
#define OWN_LETGO_FDS __attribute__((cleanup(letgo_fds)))

#endif
