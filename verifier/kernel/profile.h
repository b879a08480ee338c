/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PROFILE_H
#define VERIFIER_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/kernel_types.h"
#include "verifier/kernel/behave.h"
#include "verifier/bpfgate-verifier.h"

struct btf_view;	/* btf.h: parsed BTF */

/* The numbers a kernel bounds a program by; one field a row of limits.def. */
struct profile_limits {
#define LIMIT(name, unit) uint32_t name;
#include "verifier/kernel/limits.def"
#undef LIMIT
};

/*
 * A target kernel: immutable after bgv_target_new(), shared by parallel verifications. Everything
 * that differs between kernels is read from here.
 */
struct bgv_target {
	uint32_t version;		/* major << 24 | minor << 16 | patch */
	enum profile profile;
	struct behave behave;
	struct profile_limits limits;
	uint32_t nr_cpus;		/* possible CPUs, at least 1 */
	uint32_t flags;			/* BGV_TARGET_* */
	enum kernel_arch arch;
	bool known_machine;		/* an architecture that there are facts about */
	bool kprobes;			/* built with CONFIG_KPROBES, as its BTF says; true without BTF */
	struct btf_view *vmlinux;	/* owned; NULL: no BTF was given */
};

/*
 * Reads "6.18.44", "6.12", "6.1.0-48-amd64" into *ret_version (as in struct bgv_target) and the
 * nearest profile that is not newer. 0, or -EINVAL: not a version, or older than 6.1.
 */
int profile_parse_version(const char *text, uint32_t *ret_version, enum profile *ret_profile);

/* "6.12", static; profile must be one of the enum. */
const char *profile_name(enum profile profile);
/* Static; profile must be one of the enum. */
const struct profile_limits *profile_limits_of(enum profile profile);

#endif
