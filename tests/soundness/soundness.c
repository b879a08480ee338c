/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soundness FIRST-SEED PROGRAMS RUNS-EACH [VERSION]: what the verifier accepts for that kernel is run on random inputs
 * by the reference interpreter, twice: as the verifier judges (no run may touch memory it must not, jump where nothing
 * is, or not end), and with the verifier watched while every scalar counts as precise (each concrete register that the
 * profile's comparisons look at must lie in what some abstract state of that instruction says, pruned paths included).
 * Violations print their seed. Says how much was generated, accepted, run and compared, so that a run that proved
 * nothing shows. Exit 1 on a violation or when fewer than a tenth of the programs could be run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/soundness/cover.h"
#include "tests/soundness/interp.h"
#include "tests/soundness/shapes.h"
#include "verifier/api.h"

static bool known_helper(int32_t id)
{
	static const int32_t known[] = {
		BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem, BPF_FUNC_ktime_get_ns,
		BPF_FUNC_get_prandom_u32, BPF_FUNC_get_smp_processor_id, BPF_FUNC_skb_load_bytes, BPF_FUNC_skb_pull_data,
		BPF_FUNC_xdp_adjust_head, BPF_FUNC_ringbuf_reserve, BPF_FUNC_ringbuf_submit, BPF_FUNC_ringbuf_discard,
		BPF_FUNC_loop,
	};

	for (size_t i = 0; i < ARRAY_CNT(known); i++)
		if (known[i] == id)
			return true;
	return false;
}

/* Programs that mutation made call what the interpreter does not know are counted, not run. */
static bool interpretable(const struct gen_program *program)
{
	for (uint32_t i = 0; i < program->insn_cnt; i++) {
		const struct bpf_insn *insn = &program->insns[i];

		if (BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) != BPF_IMM) {
			if (BPF_SIZE(insn->code) == BPF_DW)
				return false;
		} else if (BPF_CLASS(insn->code) == BPF_LD) {
			if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) || (insn->src_reg > BPF_PSEUDO_MAP_VALUE && insn->src_reg != BPF_PSEUDO_FUNC))
				return false;
			i++;
		} else if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg != BPF_PSEUDO_CALL) {
			if (insn->src_reg != 0 || !known_helper(insn->imm))
				return false;
		} else if (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC &&
			   (insn->imm & 0x100)) {
			return false; /* load-acquire, store-release */
		}
	}
	return true;
}

static void shapes(struct bgv_map maps[GEN_MAP_CNT])
{
	memset(maps, 0, GEN_MAP_CNT * sizeof(*maps));
	for (int i = 0; i < GEN_MAP_CNT; i++) {
		maps[i].type = gen_maps[i].type;
		maps[i].key_size = gen_maps[i].key_size;
		maps[i].value_size = gen_maps[i].value_size;
		maps[i].max_entries = gen_maps[i].max_entries;
	}
}

/* A watched verifier keeps all its states, and that of 6.1 walks back over loops it does not cut: no longer ones. */
#define INSNS_MAX 20000

static bool accepted(const struct bgv_target *target, const struct gen_program *program, const struct env_watch *watch)
{
	const struct bgv_options opt = { .limits.insns = INSNS_MAX };
	struct bgv_map maps[GEN_MAP_CNT];
	struct shapes_info info;
	struct bgv_program prog = {
		.insns = program->insns,
		.insn_cnt = program->insn_cnt,
		.prog_type = program->prog_type,
		.license = "GPL",
		.maps = maps,
		.map_cnt = GEN_MAP_CNT,
		.mode = BGV_MODE_FULL,
		.caps = BGV_CAP_ALL,
	};
	struct bgv_result result;
	bool accept;

	shapes(maps);
	shapes_attach_info(program, &info, &prog);
	if (api_verify_watched(target, &prog, &opt, watch, &result) < 0) {
		fprintf(stderr, "soundness: out of memory\n");
		exit(2);
	}
	accept = result.verdict == BGV_ACCEPT;
	bgv_result_done(&result);
	return accept;
}

/* Runs one accepted program on its inputs. Number of violations. */
static unsigned int run_program(struct interp *interp, uint64_t seed, const struct gen_program *program, unsigned int runs)
{
	for (unsigned int i = 0; i < runs; i++) {
		enum interp_outcome outcome = interp_run(interp, program, seed * 1000003 + i);

		if (outcome == INTERP_DONE)
			continue;
		printf("violation: seed %llu run %u: %s at instruction %u\n", (unsigned long long)seed, i,
		       interp_outcome_names[outcome], interp->insn_idx);
		if (outcome == INTERP_UNCOVERED)
			cover_explain(interp->observer, interp);
		return 1;
	}
	return 0;
}

/* The same again with the verifier watched. Number of violations. */
static unsigned int run_watched(const struct bgv_target *target, struct interp *interp, struct cover *cover,
				uint64_t seed, const struct gen_program *program, unsigned int runs,
				unsigned long *ret_compared)
{
	const struct env_watch watch = { .look = cover_look, .done = cover_done, .ctx = cover, .all_precise = true };
	unsigned int violations;

	cover_clear(cover);
	if (!accepted(target, program, &watch))
		return 0; /* more states to keep apart: it may well be too complex now */
	++*ret_compared;
	interp->observe = cover_holds;
	interp->observer = cover;
	violations = run_program(interp, seed, program, runs);
	interp->observe = NULL;
	return violations;
}

int main(int argc, char **argv)
{
	struct bgv_target_spec spec = { .version = argc > 4 ? argv[4] : "6.18.44", .nr_cpus = 1 };
	unsigned long programs, runs, ran = 0, accept_cnt = 0, compared_cnt = 0, violations = 0;
	struct bgv_target *target;
	struct interp *interp = calloc(1, sizeof(*interp));
	struct cover *cover = cover_new();
	uint64_t first;

	if (argc < 4 || !interp || !cover || bgv_target_new(&spec, &target) < 0)
		return 2;
	first = strtoull(argv[1], NULL, 10);
	programs = strtoul(argv[2], NULL, 10);
	runs = strtoul(argv[3], NULL, 10);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		struct gen_program program;

		shapes_make(seed, &program);
		if (!accepted(target, &program, NULL))
			continue;
		accept_cnt++;
		if (!interpretable(&program))
			continue;
		ran++;
		violations += run_program(interp, seed, &program, (unsigned int)runs);
		violations += run_watched(target, interp, cover, seed, &program, (unsigned int)runs, &compared_cnt);
	}
	printf("%s: %lu programs, %lu accepted, %lu run on %lu inputs each, %lu of them compared: %llu claims, "
	       "%llu comparisons of states; %lu violations\n", spec.version, programs, accept_cnt, ran, runs, compared_cnt,
	       (unsigned long long)cover_claimed(cover), (unsigned long long)cover_compared(cover), violations);
	printf("%d passed, %d failed\n", violations == 0 && ran * 10 >= programs, violations > 0 || ran * 10 < programs);
	bgv_target_free(target);
	cover_free(cover);
	free(interp);
	return violations || ran * 10 < programs;
}
