/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the kernel's types, also of those that the build host's header does not have. */
#ifndef BPFGATE_PROTO_KERNEL_TYPES_H
#define BPFGATE_PROTO_KERNEL_TYPES_H

enum kernel_prog_type {
#define KERNEL_PROG_TYPE(number, NAME, ...) KERNEL_PROG_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_PROG_CNT,
};

enum kernel_map_type {
#define KERNEL_MAP_TYPE(number, NAME, ...) KERNEL_MAP_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_MAP_CNT,
};

enum kernel_attach_type {
#define KERNEL_ATTACH_TYPE(number, NAME, ...) KERNEL_ATTACH_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_ATTACH_CNT,
};

#endif
