/* SPDX-License-Identifier: Apache-2.0 */
/* Bpf file systems in which others than root may make names, as far as this process sees them. */
#ifndef BPFGATE_PROTO_BPFFS_H
#define BPFGATE_PROTO_BPFFS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A map that is shared for reading is held by a descriptor that the kernel lets its holder pin and open anew, for
 * writing, wherever that holder may make a name. true and such a directory: the root of a mounted bpffs or one
 * directly below it, that belongs to another than root or that its group or others may write.
 */
bool bpffs_find_open(char *ret_path, size_t path_bytes);

#endif
