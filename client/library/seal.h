/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way to the daemon, as memory that nobody can change any more. */
#ifndef BPFGATE_CLIENT_SEAL_H
#define BPFGATE_CLIENT_SEAL_H

/*
 * A sealed memfd with the contents of a regular file; fd is borrowed. 0, -EINVAL (not a regular file),
 * -EFBIG (above what the daemon takes), -errno.
 */
int seal_file(int fd, int *ret_fd);

#endif
