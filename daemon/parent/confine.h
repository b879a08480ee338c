/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets, one call each; caps are 1 << CAP_x. */
#ifndef BPFGATE_DAEMON_CONFINE_H
#define BPFGATE_DAEMON_CONFINE_H

#include <stdint.h>

/*
 * Leaves only these in the bounding set. Without CAP_SETPCAP it stays as it is: no_new_privs makes what is
 * left in it worthless.
 */
void confine_bounding(uint64_t caps);

/* Permitted and effective become exactly `caps`, inheritable `inheritable`. 0 or -errno. */
int confine_caps(uint64_t caps, uint64_t inheritable);

/* What is permitted now. */
uint64_t confine_permitted(void);

#endif
