/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of attr.h as data, and the proof that it agrees with the uapi header of the build host
 * in every field that any header since Linux 6.1 knows. Trusts nothing, does nothing.
 */
#include "proto/attr.h"

#include "proto/own.h"

#include <linux/bpf.h>

#define X(name, path, off, bytes)                                                       \
	_Static_assert(offsetof(union bpf_attr, path) == (off), #path " has moved");    \
	_Static_assert(sizeof(((union bpf_attr *)NULL)->path) == (bytes), #path " has another size");
ATTR_FIELDS_6_1(X)
#undef X

#define X(name, path, off, bytes) \
	_Static_assert((off) + (bytes) <= ATTR_BYTES, #path " lies outside of ATTR_BYTES");
ATTR_FIELDS(X)
#undef X

const struct attr_field attr_fields[] = {
#define X(name, path, off, bytes) { #name, #path, (off), (bytes) },
	ATTR_FIELDS(X)
#undef X
};

const size_t attr_field_cnt = ARRAY_CNT(attr_fields);
