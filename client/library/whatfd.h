/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/self/fd says of a handle. */
#ifndef BPFGATE_CLIENT_WHATFD_H
#define BPFGATE_CLIENT_WHATFD_H

#include <stddef.h>
#include <sys/types.h>

/* N of "/proc/self/fd/N" or "/proc/PID/fd/N" with that pid, or -1. */
int whatfd_number(const char *path, pid_t pid);

/*
 * What the kernel calls what an fd of this process stands for ("anon_inode:bpf-prog"), or NULL if the
 * fd is not a handle. Asks the daemon, but only about sockets of the kind that handles are.
 */
const char *whatfd_name(int fd);

/*
 * Given the link_bytes that readlink(path) put into buf (room buf_bytes): if path is
 * /proc/self/fd/N or /proc/PID/fd/N of this process and N is a handle, replaces them by what the
 * kernel says of the object it stands for ("anon_inode:bpf-prog"). Returns the length now in buf.
 */
long whatfd_rename_link(const char *path, char *buf, size_t link_bytes, size_t buf_bytes);

#endif
