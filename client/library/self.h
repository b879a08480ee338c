/* SPDX-License-Identifier: Apache-2.0 */
/* The calling process as the source of a call: its own memory and fds. */
#ifndef BPFGATE_CLIENT_SELF_H
#define BPFGATE_CLIENT_SELF_H

#include "proto/codec.h"

/*
 * Fills a source for calls of this process. Memory is reached through the kernel, so a bad pointer is -EFAULT
 * and not the end of the process; fds are borrowed by number, nothing is duplicated.
 */
void self_init_source(struct codec_source *src);

/* bpf(2) itself: >= 0, or -errno. */
int self_bpf(uint32_t cmd, const void *attr, uint32_t attr_bytes);

/*
 * The shape of a map this process holds. Returns 0 or -errno of OBJ_GET_INFO_BY_FD (-EINVAL for what
 * is no BPF object).
 */
int self_map_shape(int map_fd, struct codec_map *ret_map);

#endif
