/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs made from a seed: the same on the host (judged by us) and in the guest (judged by its kernel), so that
 * only seeds and verdicts travel. Also the text form in which a shrunk program travels.
 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_GEN_H
#define BPFGATE_TESTS_DIFFERENTIAL_GEN_H

#include <stdint.h>
#include <stdio.h>
#include <linux/bpf.h>

#define GEN_INSNS_MAX 160

/* ld_imm64 with src_reg BPF_PSEUDO_MAP_FD or _VALUE holds an index into this table in imm. */
struct gen_map {
	uint32_t type, key_size, value_size, max_entries;
};

#define GEN_VALUE_MAP_CNT 4 /* the first ones: with keys and values */
#define GEN_RINGBUF	  4
#define GEN_MAP_CNT	  5
extern const struct gen_map gen_maps[GEN_MAP_CNT];

struct gen_program {
	uint32_t prog_type;
	uint32_t expected_attach_type;
	uint32_t insn_cnt;
	struct bpf_insn insns[GEN_INSNS_MAX];
};

/* Makes the seed's program. Deterministic, on every machine. */
void gen_make(uint64_t seed, struct gen_program *ret_program);

/* One line of text: type, attach type, then the instructions as 16 hex digits each. */
void gen_print(FILE *out, const struct gen_program *program);

/* 0, or -EINVAL when the line is no such text. */
int gen_parse(const char *line, struct gen_program *ret_program);

#endif
