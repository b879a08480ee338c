/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership by cleanup attribute, and arithmetic on lengths that cannot wrap. Included by every
 * folder; depends on libc only.
 *
 * A variable declared OWN_FD or OWN_MEM owns what it holds until TAKE_FD()/TAKE_PTR() hands it on.
 */
#ifndef BPFGATE_PROTO_OWN_H
#define BPFGATE_PROTO_OWN_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/array.h"

static inline void own_close_fd(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		(void)close(*fd);
		errno = saved;
		*fd = -1;
	}
}

static inline void own_free_mem(void *ptr)
{
	free(*(void **)ptr);
	*(void **)ptr = NULL;
}

static inline void own_close_file(FILE **file)
{
	if (*file) {
		int saved = errno;

		(void)fclose(*file);
		errno = saved;
		*file = NULL;
	}
}

static inline void own_close_dir(DIR **dir)
{
	if (*dir) {
		int saved = errno;

		(void)closedir(*dir);
		errno = saved;
		*dir = NULL;
	}
}

#define OWN_FD	__attribute__((cleanup(own_close_fd)))
#define OWN_MEM __attribute__((cleanup(own_free_mem)))
/* One that was read: what is written is closed with a look at whether it got there. */
#define OWN_FILE __attribute__((cleanup(own_close_file)))
#define OWN_DIR __attribute__((cleanup(own_close_dir)))

/* Hands the fd on: the variable no longer owns it. */
#define TAKE_FD(fd)                          \
	__extension__({                      \
		int own_taken_ = (fd);       \
		(fd) = -1;                   \
		own_taken_;                  \
	})

#define TAKE_PTR(ptr)                           \
	__extension__({                         \
		__typeof__(ptr) own_taken_ = (ptr); \
		(ptr) = NULL;                   \
		own_taken_;                     \
	})

/* true and *ret set, or false when the result does not fit. */
#define SIZE_ADD(a, b, ret) (!__builtin_add_overflow((a), (b), (ret)))
#define SIZE_MUL(a, b, ret) (!__builtin_mul_overflow((a), (b), (ret)))

#endif
