/* SPDX-License-Identifier: Apache-2.0 */
/* A generated program's func_info and BTF as the verifier library takes them; for what links the library. */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_GEN_INFO_H
#define BPFGATE_TESTS_DIFFERENTIAL_GEN_INFO_H

#include "tests/differential/gen.h"
#include "verifier/bpfgate-verifier.h"

struct gen_info {
	struct bpf_func_info func[GEN_FUNCS_MAX];
	struct bgv_blob btf;
};

/* Fills *info, which prog points to from then on; nothing when the program needs none. */
static inline void gen_info_attach(const struct gen_program *program, struct gen_info *info, struct bgv_program *prog)
{
	uint32_t cnt = gen_func_info(program, info->func), bytes;

	if (!cnt)
		return;
	info->btf.data = gen_btf(&bytes);
	info->btf.bytes = bytes;
	prog->btfs = &info->btf;
	prog->btf_cnt = prog->prog_btf_idx = 1;
	prog->func_info = (struct bgv_blob){ info->func, cnt * sizeof(info->func[0]) };
	prog->func_info_cnt = cnt;
	prog->func_info_rec_size = sizeof(info->func[0]);
}

#endif
