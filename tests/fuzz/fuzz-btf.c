/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF as a client would load it: through the check of BTF_LOAD, through the index of names, and as
 * the BTF of a program whose function records point into it.
 */
#include <stdlib.h>
#include <string.h>

#include "object/btfname.h"
#include "verifier/bpfgate-verifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define IDS 64

static void walk_names(const uint8_t *data, size_t bytes)
{
	struct btfname *names = NULL;

	if (btfname_new(data, bytes, NULL, &names) < 0)
		return;
	for (uint32_t id = 0; id < IDS; id++) {
		const char *name = btfname_get(names, id);

		if (name && strlen(name) > bytes)
			abort();
	}
	btfname_free(names);
}

static void verify_with(const struct bgv_target *target, const uint8_t *data, size_t bytes)
{
	static const struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
	const struct bgv_options opt = { .limits = { .memory_bytes = 64 << 20, .insns = 1000 } };
	const struct bgv_blob btf = { data, bytes };
	uint32_t func_info[2] = { 0, 1 };
	struct bgv_program prog = {
		.insns = insns,	       .insn_cnt = 2,	     .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.btfs = &btf,	       .btf_cnt = 1,	     .prog_btf_idx = 1,
		.func_info = { func_info, sizeof(func_info) }, .func_info_rec_size = 8,
		.func_info_cnt = 1,    .caps = BGV_CAP_ALL,
	};
	struct bgv_result result = { 0 };

	for (func_info[1] = 1; func_info[1] < 8; func_info[1]++)
		if (bgv_verify(target, &prog, &opt, &result) == 0)
			bgv_result_done(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct bgv_target *target;
	const struct bgv_target_spec spec = { .version = "6.18.44" };
	char message[256];

	if (!target && bgv_target_new(&spec, &target) < 0)
		return 0;
	walk_names(data, bytes);
	(void)bgv_btf_check(target, data, bytes, message);
	verify_with(target, data, bytes);
	return 0;
}
