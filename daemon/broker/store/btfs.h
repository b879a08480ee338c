/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of BTF objects by kernel id, so that a judge can be told what a map's BTF says. */
#ifndef BPFGATE_DAEMON_BTFS_H
#define BPFGATE_DAEMON_BTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btfs;

struct btf_blob {
	const uint8_t *data;	/* valid until the next btfs_put() or btfs_of_fd() */
	size_t bytes;
};

/* 0 or -ENOMEM; NULL may be freed. */
int btfs_new(struct btfs **ret_btfs);
void btfs_free(struct btfs *btfs);

/* Remembers a copy; least recently used ones give way. Failure to remember is not an error. */
void btfs_put(struct btfs *btfs, uint32_t id, const void *data, size_t bytes);
/* 0, or -ENOENT when its bytes are not known (any more). */
int btfs_find(struct btfs *btfs, uint32_t id, struct btf_blob *ret_blob);
/* Id and bytes of the BTF behind fd, which the kernel tells its holder. -EINVAL: no BTF. */
int btfs_of_fd(struct btfs *btfs, int fd, uint32_t *ret_id);
/* Whether the BTF behind fd is the kernel's own, or one of its modules'. */
bool btfs_is_kernels(int fd);

#endif
