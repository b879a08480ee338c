/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the service manager drops its fd store (before systemd 254 it does so when the unit stops), what is
 * pinned is held by names in a directory of a bpf file system that only root can enter. bpfgated makes them,
 * and adopts what they name when it starts.
 */
#ifndef BPFGATE_DAEMON_PINFS_H
#define BPFGATE_DAEMON_PINFS_H

#include "daemon/parent/keep.h"

/*
 * Makes the directory (mode 0700) where it is missing, names what is pinned and has no name yet, and adopts
 * into keep what is named and not there. From then on keep->pin_dir is set: the string is borrowed. 0, or
 * -errno: it is not such a directory, and nothing will be named. What cannot be adopted keeps its name.
 */
int pinfs_open(struct keep *keep, const char *dir);

/* Names an object, or takes its name away. Without a directory both do nothing. BTF cannot be named. */
void pinfs_pin(const struct keep *keep, const struct kept *kept);
void pinfs_unpin(const struct keep *keep, const struct kept *kept);

#endif
