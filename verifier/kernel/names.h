/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_NAMES_H
#define VERIFIER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/kernel/behave.h"

/*
 * Program, attach and map types of every kernel we know, whatever the build host's uapi header
 * has. The numbers are the kernel's.
 */
enum prog_type_id {
#define PROG_TYPE(id, NAME, name, caps, flags, profiles, attach) PT_##NAME = id,
#include "verifier/kernel/prog_types.def"
#undef PROG_TYPE
	PT_CNT,
};

enum attach_type_id {
#define ATTACH_TYPE(id, NAME, name, profiles) AT_##NAME = id,
#include "verifier/kernel/attach_types.def"
#undef ATTACH_TYPE
	AT_CNT,
};

enum map_type_id {
	MT_UNSPEC,
#define MAP_TYPE(id, NAME, name, direct, sleepable, profiles) MT_##NAME = id,
#include "verifier/kernel/map_types.def"
#undef MAP_TYPE
	MT_CNT,
};

#ifndef ENOTSUPP
#define ENOTSUPP 524	/* the kernel's own, never seen in libc headers */
#endif

/* Sets of kernels, as the tables spell them. */
#define P61	(1u << PROFILE_6_1)
#define P612	(1u << PROFILE_6_12)
#define P618	(1u << PROFILE_6_18 | 1u << PROFILE_6_18_44)
#define P70	(1u << PROFILE_7_0)
#define P71	(1u << PROFILE_7_1)
#define P72	(1u << PROFILE_7_2)
#define P73	(1u << PROFILE_7_3)
#define P7	(P70 | P71 | P72 | P73)
#define P_ALL	(P61 | P612 | P618 | P7)

/* Program flags (BPF_F_* of PROG_LOAD). */
#define PROG_F_STRICT_ALIGNMENT		(1u << 0)
#define PROG_F_ANY_ALIGNMENT		(1u << 1)
#define PROG_F_TEST_RND_HI32		(1u << 2)
#define PROG_F_TEST_STATE_FREQ		(1u << 3)
#define PROG_F_SLEEPABLE		(1u << 4)
#define PROG_F_XDP_HAS_FRAGS		(1u << 5)
#define PROG_F_XDP_DEV_BOUND_ONLY	(1u << 6)
#define PROG_F_TEST_REG_INVARIANTS	(1u << 7)
#define PROG_F_TOKEN_FD			(1u << 16)

/* Map flags that decide what a program may do (BPF_F_* of MAP_CREATE). */
#define MAP_F_RDONLY_PROG	(1u << 7)
#define MAP_F_WRONLY_PROG	(1u << 8)
#define MAP_F_INNER_MAP		(1u << 12)

const char *names_prog_type(uint32_t id);	/* "xdp"; NULL: no such type */
const char *names_attach_type(uint32_t id);	/* "cgroup_inet_ingress"; NULL: none */
const char *names_map_type(uint32_t id);	/* "hash"; NULL: none */

#endif
