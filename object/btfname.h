/* SPDX-License-Identifier: Apache-2.0 */
/* Names of BTF types by id, from raw and possibly hostile BTF. No libbpf: the broker links it. */
#ifndef BPFGATE_OBJECT_BTFNAME_H
#define BPFGATE_OBJECT_BTFNAME_H

#include <stddef.h>
#include <stdint.h>

struct btfname;

/*
 * Indexes raw little-endian BTF; bytes are borrowed until btfname_free(). base: vmlinux's index when
 * this is a module's BTF (borrowed too), else NULL. -EINVAL when the bytes are no BTF, -ENOMEM.
 */
int btfname_new(const void *bytes, size_t bytes_cnt, const struct btfname *base,
		struct btfname **ret_names);
void btfname_free(struct btfname *names);

/* The name of a type, NUL-terminated, borrowed; NULL when there is no such id or it has no name. */
const char *btfname_get(const struct btfname *names, uint32_t type_id);

#endif
