/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the daemon itself, and its answers. */
#ifndef BPFGATE_CLIENT_CONTROL_H
#define BPFGATE_CLIENT_CONTROL_H

#include "proto/codec.h"

/*
 * Asks; arg may be NULL for "", the fds are borrowed, ret_json may be NULL. 0 or -errno: of the way to the daemon, or
 * the daemon's own refusal, which may have set *ret_json (free() it), too.
 */
int control_ask(uint32_t verb, const char *arg, const int *fds, unsigned int fd_cnt, char **ret_json);

/*
 * Takes away the pin that the source's process means with this path, relative to its open directory dir_number or,
 * with -1, to its working directory. 0; -ENOENT: the caller has none there; or as above.
 */
int control_unpin(const struct codec_source *src, int dir_number, const char *path);

#endif
