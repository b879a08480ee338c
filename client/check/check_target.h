/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels that bpfgate-check judges for: each with what is known of it and of nothing else,
 * from the running machine, the library of kernels, or a file. What is not known is NULL, and
 * whoever needs it must say that it was not checked.
 */
#ifndef BPFGATE_CLIENT_CHECK_TARGET_H
#define BPFGATE_CLIENT_CHECK_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "client/shared/kernlib.h"
#include "object/btfname.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/measured.h"

struct check_options;

struct check_kernel {
	const char *name; /* "6.12.117+deb13-cloud-amd64"; as asked where nothing is known of it */
	const struct bgv_target *target; /* NULL: no rules for it */
	const char *rules;		 /* the series they are of; "" without */
	enum measured_confidence confidence;
	const uint8_t *btf; /* raw; NULL: not known */
	size_t btf_bytes;
	const struct btfname *names; /* for digests; NULL without BTF */
};

/* Kernels by name, made on first use; not shared between processes. */
struct check_targets;
struct check_targets *check_targets_new(const struct check_options *opts);
void check_targets_free(struct check_targets *targets);

/*
 * The kernel of that name ("6.12": the newest of the series in the library; "running" or NULL: this
 * machine's) with that many CPUs (0: this machine's). Borrowed; NULL when memory is out.
 */
const struct check_kernel *check_targets_get(struct check_targets *targets, const char *name,
					     uint32_t nr_cpus);

/* Names of all kernels of the library, the oldest first, then the running one, and series that
 * neither is of. */
size_t check_targets_all(const struct check_targets *targets, const char **ret_names, size_t room);

/* More of a kernel, read on first use; NUL-terminated, borrowed; NULL: not known. */
const char *check_kernel_config(const struct check_kernel *kernel);
const char *check_kernel_symbols(const struct check_kernel *kernel);
/* Its BTF, to look names up in; NULL: not known. */
const struct btf_view *check_kernel_types(const struct check_kernel *kernel);

#endif
