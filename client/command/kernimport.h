/* SPDX-License-Identifier: Apache-2.0 */
/* From a kernel as it is shipped to an entry of the kernel library. */
#ifndef BPFGATE_CLIENT_KERNIMPORT_H
#define BPFGATE_CLIENT_KERNIMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "client/shared/kernlib.h"

/* What was found of one kernel, so far; kernimport_done() frees it. */
struct kernimport {
	char name[KERNLIB_NAME_BYTES]; /* "": nothing said whose it is */
	uint8_t *data[KERNLIB_PART_CNT];
	size_t bytes[KERNLIB_PART_CNT];
};

/*
 * Adds what a file knows: an uncompressed vmlinux, a bzImage, raw BTF, a package (.deb; dpkg-deb(1)
 * opens it) with a kernel or its configuration, or a configuration. Other parts that are there
 * already stay. 0; -EBADMSG: none of these; -ENODATA: it is, but has nothing of use; -ENOPKG: the
 * program that unpacks it is missing; -errno.
 */
int kernimport_file(struct kernimport *import, const char *path);

/* Adds what this machine tells of the kernel it runs. 0, -ENODATA when it tells nothing. */
int kernimport_running(struct kernimport *import);

/* Frees the parts and makes it empty. */
void kernimport_done(struct kernimport *import);

#endif
