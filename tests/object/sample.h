/* SPDX-License-Identifier: Apache-2.0 */
/* One program that uses every part of a bundle; tests change one thing in it. */
#ifndef BPFGATE_TESTS_OBJECT_SAMPLE_H
#define BPFGATE_TESTS_OBJECT_SAMPLE_H

#include <string.h>

#include "object/bundle.h"

struct sample {
	struct bpf_insn insns[10], target_insns[2];
	struct bgv_map maps[3];
	struct bgv_blob btfs[2], target_btfs[1];
	uint32_t func_info[4];
	uint8_t value[12];
	struct bgv_program prog, target;
	struct bundle_answer answer;
};

/* A well-formed BTF with the types INT "int" (1), PTR (2), FUNC_PROTO (3), FUNC "target" (4). */
extern const uint8_t sample_btf[];
extern const size_t sample_btf_bytes;

void sample_init(struct sample *s);

#endif
