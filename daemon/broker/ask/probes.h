/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libbpf loads, makes and looks up only to learn what the kernel can do. Such requests get root's
 * answer under any policy; what they load is never attachable. The list is generated from libbpf
 * itself (tests/probes/generate).
 */
#ifndef BPFGATE_DAEMON_PROBES_H
#define BPFGATE_DAEMON_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"

/* No probe has more; a caller need not describe a longer program to ask. */
#define PROBES_INSNS_MAX 16u
#define PROBES_BTF_BYTES_MAX 256u

/* Whether the program's canonical digest (without names of BTF ids) is that of a probe. */
bool probes_has_prog(const struct bgv_program *prog);

/* Whether these bytes are the BTF of a probe. */
bool probes_has_btf(const void *data, size_t bytes);

/* Whether a map of this shape and name is what a probe makes: a few bytes, harmless in any number a quota allows. */
bool probes_has_map(uint32_t type, uint32_t key_bytes, uint32_t value_bytes, uint32_t max_entries,
		    uint32_t flags, const char *name);

#endif
