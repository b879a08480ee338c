/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels have, by number, also what the build host's header does not have; and the kinds of targets that rules tell
 * apart. kernel_types.def has what else is known of each: who wants more than the number includes it.
 */
#ifndef BPFGATE_PROTO_KERNEL_TYPES_H
#define BPFGATE_PROTO_KERNEL_TYPES_H

#include <stdint.h>

/* A version as a number that can be compared: the table's "since". */
#define KERNEL(major, minor) ((uint16_t)((major) << 8 | (minor)))

enum kernel_prog_type {
	KERNEL_PROG_UNSPEC,
#define KERNEL_PROG_TYPE(number, NAME, ...) KERNEL_PROG_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_PROG_CNT,
};

enum kernel_map_type {
#define KERNEL_MAP_TYPE(number, NAME, ...) KERNEL_MAP_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_MAP_CNT,
};

enum kernel_link_type {
	KERNEL_LINK_NONE,
#define KERNEL_LINK_TYPE(number, NAME, ...) KERNEL_LINK_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_LINK_CNT,
};

enum kernel_attach_type {
#define KERNEL_ATTACH_TYPE(number, NAME, ...) KERNEL_ATTACH_##NAME = number,
#include "proto/kernel_types.def"
	KERNEL_ATTACH_CNT,
};

/* Architectures, also those of which no facts are known. */
enum kernel_arch {
#define KERNEL_ARCH(number, name, ...) KERNEL_ARCH_##name = number,
#include "proto/kernel_types.def"
	KERNEL_ARCH_CNT,
};

enum kernel_helper {
#define KERNEL_HELPER(number, name, ...) KERNEL_HELPER_##name = number,
#include "proto/kernel_types.def"
	KERNEL_HELPER_CNT,
};

#endif
