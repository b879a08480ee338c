/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the differential test's grammar (tests/differential/gen.h): on kernels 6.1, 6.12
 * and 6.18 a million of them were judged as by the kernel. A row is a run of seeds; each program is
 * walked as it is, and with every state kept, by the leak rules, or without CAP_PERFMON.
 */
#include <stdlib.h>

#include "tests/cases/sweep.h"
#include "tests/differential/gen.h"

#define RUNS	  40
#define SEEDS_RUN 60
#define INSNS_MAX 600

#define FLAG_TEST_STATE_FREQ (1u << 3)

static void maps_make(struct bgv_map *maps)
{
	for (int i = 0; i < GEN_MAP_ALL_CNT; i++) {
		maps[i] = (struct bgv_map){ .type = gen_maps[i].type,
					    .key_size = gen_maps[i].key_size,
					    .value_size = gen_maps[i].value_size,
					    .max_entries = gen_maps[i].max_entries,
					    .map_flags = gen_maps[i].flags,
					    .inner_idx = gen_maps[i].inner,
					    .frozen = gen_maps[i].frozen };
		if (gen_maps[i].frozen) {
			maps[i].contents = gen_rodata;
			maps[i].contents_bytes = sizeof(gen_rodata);
		}
	}
}

static void variant(struct bgv_program *prog, uint64_t seed)
{
	switch (seed % 4) {
	case 1:
		prog->prog_flags |= FLAG_TEST_STATE_FREQ;
		break;
	case 2:
		prog->mode = BGV_MODE_LEAK_RULES;
		break;
	case 3:
		prog->mode = BGV_MODE_NO_PERFMON;
		prog->caps = BGV_CAP_BPF | BGV_CAP_NET_ADMIN;
		break;
	default:
		break;
	}
}

static bool judge_seed(struct sweep *s, struct digest *d, enum profile p,
		       const struct bgv_map *maps, uint64_t seed, bool more)
{
	struct gen_program made;
	struct bgv_program prog;

	if (more)
		gen_make_more(seed, NULL, &made);
	else
		gen_make(seed, &made);
	prog = (struct bgv_program){ .insns = made.insns,
				     .insn_cnt = made.insn_cnt,
				     .prog_type = made.prog_type,
				     .expected_attach_type = made.expected_attach_type,
				     .prog_flags = made.prog_flags,
				     .license = "GPL",
				     .maps = maps,
				     .map_cnt = GEN_MAP_ALL_CNT,
				     .caps = BGV_CAP_ALL };
	variant(&prog, seed);
	return sweep_judge(s, d, p, false, &prog, INSNS_MAX);
}

void sweep_generated(struct sweep *s)
{
	struct bgv_map maps[GEN_MAP_ALL_CNT];
	char name[64], text[64];

	maps_make(maps);
	for (uint64_t run = 0; run < RUNS; run++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;

		for (uint64_t seed = run * SEEDS_RUN; seed < (run + 1) * SEEDS_RUN; seed++)
			for (enum profile p = 0; p < PROFILE_CNT; p++)
				accepted += judge_seed(s, &d, p, maps, seed, run & 1);
		snprintf(name, sizeof(name), "seeds from %u", (unsigned int)(run * SEEDS_RUN));
		snprintf(text, sizeof(text), "%u of %u accepted", accepted,
			 SEEDS_RUN * PROFILE_CNT);
		sweep_row(s, name, text, &d);
	}
}
