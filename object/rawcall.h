/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls for binaries that define `syscall()` themselves, in the shapes they need them: with
 * arguments as an array, or few of them. The kernel's value: >= 0, or -errno.
 */
#ifndef BPFGATE_OBJECT_RAWCALL_H
#define BPFGATE_OBJECT_RAWCALL_H

#include "proto/raw.h"

/*
 * syscall() takes as many arguments as the call has, and does not know how many that are: it reads
 * all six, as libc's does, of which some are whatever lies on the stack.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RAWCALL_VARARGS __attribute__((no_sanitize("address")))
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RAWCALL_VARARGS __attribute__((no_sanitize_address))
#endif
#ifndef RAWCALL_VARARGS
#define RAWCALL_VARARGS
#endif

static inline long rawcall(long nr, const long arg[6])
{
	return raw_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static inline long rawcall3(long nr, long a, long b, long c)
{
	return raw_syscall(nr, a, b, c, 0, 0, 0);
}

#endif
