/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls for binaries that define `syscall()` themselves, in the shapes they need them: with
 * arguments as an array, or few of them. The kernel's value: >= 0, or -errno.
 */
#ifndef BPFGATE_OBJECT_RAWCALL_H
#define BPFGATE_OBJECT_RAWCALL_H

#include "proto/raw.h"

static inline long rawcall(long nr, const long arg[6])
{
	return raw_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static inline long rawcall3(long nr, long a, long b, long c)
{
	return raw_syscall(nr, a, b, c, 0, 0, 0);
}

#endif
