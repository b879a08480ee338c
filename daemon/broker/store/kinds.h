/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger's descriptor is, told by calls that cannot sleep. */
#ifndef BPFGATE_DAEMON_KINDS_H
#define BPFGATE_DAEMON_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum kind {
	KIND_STRANGE,	/* none of those below: looked at no further, passed on to nobody */
	KIND_PROG,
	KIND_MAP,
	KIND_LINK,
	KIND_BTF,
	KIND_MEMFD,	/* or another file in memory: it knows seals */
	KIND_UNIX,	/* a Unix socket; also each handle */
	KIND_CGROUP,	/* in the cgroup tree of the host */
	KIND_BPFFS,	/* a file or directory of the host's bpffs */
	KIND_NETNS,
	KIND_PERF_EVENT,
	KIND_PIDFD,
};

/* The kernel's name for it, cut to `bytes`; "" when there is none. A path begins with a slash, nothing else does. */
void kinds_read_name(int fd, char *ret_name, size_t bytes);

/*
 * Asks neither the file system nor the driver behind it: fstat(2) of a FUSE or NFS file waits for a server that
 * need not answer, and so does fstatfs(2).
 */
enum kind kinds_of(int fd);

/*
 * Whether close(2), even of the last copy, is over at once. Not so: a socket in whose queue others lie, a link
 * (it detaches), much memory, a map of many elements, and everything strange.
 */
bool kinds_close_is_quick(int fd);

/* Whether a loader may get it to carry a call out. */
bool kinds_may_be_passed_on(int fd);

#endif
