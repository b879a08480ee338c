/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs by which libbpf and bpftool find out what a kernel can do. A client that gets another
 * answer than root would behaves differently afterwards, so these get root's answer under any policy;
 * what they load is never run and never attached.
 */
#ifndef BPFGATE_OBJECT_PROBES_H
#define BPFGATE_OBJECT_PROBES_H

#include "verifier/bpfgate-verifier.h"

/*
 * The name of the feature this program probes for; NULL: it is not a probe. Compares everything that a
 * kernel would act on (type, flags, target, instructions, maps), so nothing else can pass for one.
 */
const char *probes_match(const struct bgv_program *prog);

#endif
