/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a whole file, by everybody who does. */
#ifndef BPFGATE_PROTO_WHOLE_H
#define BPFGATE_PROTO_WHOLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * All of an open regular file (or memfd), from its beginning, wherever its offset is. Returns 0, *ret_bytes (the
 * caller's, from malloc; a NUL stands after them) and *ret_cnt; -EINVAL: not a regular file; -EFBIG: more than `most`
 * bytes; -EAGAIN: it became longer or shorter meanwhile, so it is half-written; -ENOMEM; or -errno of fstat(2) or read(2).
 */
int whole_read(int fd, size_t most, uint8_t **ret_bytes, size_t *ret_cnt);

#endif
