/* SPDX-License-Identifier: Apache-2.0 */
/* What a command sees that is user 0 of a namespace of its own (`bpfgate run --as-if-root`). */
#ifndef BPFGATE_CLIENT_ROOTVIEW_H
#define BPFGATE_CLIENT_ROOTVIEW_H

/*
 * For a process with one thread that has CAP_SYS_ADMIN in its user namespace: from now on it has mounts of its own, a
 * /run into which it may write beside all that is there, and, where a rule shows any tracepoint, directories of
 * tracefs that list those. The files there are empty: who opens one is answered by notify.h. Says on stderr what of
 * this could not be made. 0: the tracepoints are listed; or -errno.
 */
int rootview_enter(void);

#endif
