/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp allow-lists: what is not listed kills the process. */
#ifndef BPFGATE_WORKER_FILTER_H
#define BPFGATE_WORKER_FILTER_H

#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>

#define FILTER_ERRNO  (1u << 0)	/* answered with this row's error, not made */
#define FILTER_NO_EXEC (1u << 1)	/* only without PROT_EXEC in argument 2: mmap, mprotect */
#define FILTER_NO_FD  (1u << 2)	/* only with -1 as argument 4: mmap of memory, not of files */
#define FILTER_ARG1   (1u << 3)	/* only with this row's value as argument 1: one ioctl(2) */

struct filter_row {
	int nr;			/* system call */
	uint32_t how;		/* FILTER_* */
	int value;		/* FILTER_ERRNO: positive errno. FILTER_ARG1: the argument */
};

/*
 * Builds the filter once: *ret_prog's instructions are the caller's (free()). 0 or -errno.
 * Rows for system calls that this machine's libseccomp does not know are skipped.
 */
int filter_build(const struct filter_row *rows, size_t cnt, struct sock_fprog *ret_prog);

/* Puts the filter on this thread; no_new_privs must be set. No allocation. 0 or -errno. */
int filter_install(const struct sock_fprog *prog);

#endif
