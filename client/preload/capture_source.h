/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind an fd, asked of the kernel: capture.c's source for object/gather.h. */
#ifndef BPFGATE_CLIENT_CAPTURE_SOURCE_H
#define BPFGATE_CLIENT_CAPTURE_SOURCE_H

#include "object/gather.h"

struct seen_map;
struct seen_btf;

/* What the kernel does not tell (again), by id; grows with the recorded process. */
struct seen {
	struct seen_map *maps;
	struct seen_btf *btfs;
};

/* Its arg is a struct seen. */
extern const struct gather_source capture_source;

/* bpf(2), errors as -errno. */
long capture_raw_bpf(unsigned int cmd, void *attr, unsigned int attr_bytes);

/* Copies from this process's own memory, which may not be there: 0 or -EFAULT. */
int capture_copy(void *to, uint64_t from, size_t bytes);

/* Notes what a successful MAP_CREATE said about the map behind fd. Missing memory is ignored. */
void capture_note_map(struct seen *seen, int fd, const struct map_create_attr *attr);
void capture_seen_done(struct seen *seen);

#endif
