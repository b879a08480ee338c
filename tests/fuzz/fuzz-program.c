/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions as a client would send them: the first bytes choose program type and mode, the rest
 * are instructions that may name three maps. The verifier must answer within its budgets.
 */
#include <string.h>

#include "verifier/bpfgate-verifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define INSNS_MAX  512
#define HEAD_BYTES 4 /* type, attach type, mode, flags */

static const uint8_t constants[16] = { 1, 0, 0, 0, 0, 0, 0, 0, 255 };

static const struct bgv_map maps[] = {
	{ .type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 48, .max_entries = 1 },
	{ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16, .max_entries = 1, .frozen = 1,
	  .map_flags = 0x80, .contents = constants, .contents_bytes = sizeof(constants) },
	{ .type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 2,
	  .inner_idx = 1 },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct bgv_target *target;
	const struct bgv_target_spec spec = { .version = "6.18.44", .nr_cpus = 2 };
	const struct bgv_options opt = {
		.limits = { .time_ns = 2000000000, .memory_bytes = 256 << 20, .insns = 20000 },
	};
	struct bpf_insn insns[INSNS_MAX];
	struct bgv_program prog = { .insns = insns, .license = "GPL", .maps = maps, .map_cnt = 3 };
	struct bgv_result result = { 0 };

	if ((!target && bgv_target_new(&spec, &target) < 0) || bytes < HEAD_BYTES + sizeof(*insns))
		return 0;
	prog.prog_type = data[0] % 40;
	prog.expected_attach_type = data[1] % 64;
	prog.mode = (enum bgv_mode)(data[2] % 3);
	prog.caps = prog.mode == BGV_MODE_NO_PERFMON ? BGV_CAP_BPF : BGV_CAP_ALL;
	prog.prog_flags = data[3] & 0x1f;
	prog.insn_cnt = (uint32_t)((bytes - HEAD_BYTES) / sizeof(*insns));
	if (prog.insn_cnt > INSNS_MAX)
		prog.insn_cnt = INSNS_MAX;
	memcpy(insns, data + HEAD_BYTES, prog.insn_cnt * sizeof(*insns));
	if (bgv_verify(target, &prog, &opt, &result) == 0)
		bgv_result_done(&result);
	return 0;
}
