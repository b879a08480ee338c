/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls that the preload library replaces have in common. */
#ifndef BPFGATE_CLIENT_PRELOAD_H
#define BPFGATE_CLIENT_PRELOAD_H

#include <errno.h>

/* Stands in the place of libc's function of that name. */
#define PUBLIC __attribute__((visibility("default")))

/* A raw system call's result as libc has it: -1 and errno where it is one. */
static inline long preload_result(long r)
{
	if (r >= 0 || r < -4095)
		return r;
	errno = (int)-r;
	return -1;
}

#endif
