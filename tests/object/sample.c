/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/object/sample.h"

#include <linux/btf.h>

/* clang-format off */
const uint8_t sample_btf[] = {
	0x9f, 0xeb, 1, 0,  24, 0, 0, 0,  0, 0, 0, 0,  52, 0, 0, 0,  52, 0, 0, 0,  12, 0, 0, 0,
	1, 0, 0, 0,  0, 0, 0, BTF_KIND_INT,         4, 0, 0, 0,  32, 0, 0, 1,
	0, 0, 0, 0,  0, 0, 0, BTF_KIND_PTR,         1, 0, 0, 0,
	0, 0, 0, 0,  0, 0, 0, BTF_KIND_FUNC_PROTO,  1, 0, 0, 0,
	5, 0, 0, 0,  1, 0, 0, BTF_KIND_FUNC,        3, 0, 0, 0,
	0, 'i', 'n', 't', 0, 't', 'a', 'r', 'g', 'e', 't', 0,
};
/* clang-format on */
const size_t sample_btf_bytes = sizeof(sample_btf);

static void sample_maps(struct sample *s)
{
	s->maps[0] = (struct bgv_map){
		.type = BPF_MAP_TYPE_HASH_OF_MAPS,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 8,
		.inner_idx = 3,
		.name = "outer",
	};
	s->maps[1] = (struct bgv_map){
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = sizeof(s->value),
		.max_entries = 1,
		.map_flags = 0x480,
		.btf_idx = 1,
		.btf_value_type_id = 1,
		.frozen = 1,
		.contents = s->value,
		.contents_bytes = sizeof(s->value),
		.has_excl_hash = 1,
		.excl_hash = { 1, 2, 3 },
		.name = ".rodata",
	};
	s->maps[2] = (struct bgv_map){
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 5,
		.map_extra = 77,
	};
}

void sample_init(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->value, "0123456789ab", sizeof(s->value));
	s->insns[0] = (struct bpf_insn){ .code = 0x18, .dst_reg = 1, .src_reg = 2, .imm = 1 };
	s->insns[1] = (struct bpf_insn){ .imm = 4 };
	s->insns[2] = (struct bpf_insn){ .code = 0x18, .dst_reg = 2, .src_reg = 1, .imm = 0 };
	s->insns[4] = (struct bpf_insn){ .code = 0x18, .dst_reg = 3, .src_reg = 3, .imm = 4 };
	s->insns[5] = (struct bpf_insn){ .imm = 0 };
	s->insns[6] = (struct bpf_insn){ .code = 0x85, .src_reg = 2, .imm = 4, .off = 2 };
	s->insns[7] = (struct bpf_insn){ .code = 0xb7, .imm = 0 };
	s->insns[8] = (struct bpf_insn){ .code = 0x95 };
	s->target_insns[0] = (struct bpf_insn){ .code = 0xb7, .imm = 2 };
	s->target_insns[1] = (struct bpf_insn){ .code = 0x95 };
	sample_maps(s);
	s->btfs[0] = s->btfs[1] = s->target_btfs[0] =
		(struct bgv_blob){ sample_btf, sample_btf_bytes };
	s->target = (struct bgv_program){
		.insns = s->target_insns,
		.insn_cnt = 2,
		.prog_type = BPF_PROG_TYPE_XDP,
		.license = "GPL",
		.btfs = s->target_btfs,
		.btf_cnt = 1,
		.prog_btf_idx = 1,
	};
	s->prog = (struct bgv_program){
		.insns = s->insns,
		.insn_cnt = 9,
		.prog_type = BPF_PROG_TYPE_EXT,
		.prog_flags = 8,
		.license = "Dual BSD/GPL",
		.name = "sample",
		.maps = s->maps,
		.map_cnt = 3,
		.fd_array_cnt = 2,
		.btfs = s->btfs,
		.btf_cnt = 2,
		.prog_btf_idx = 2,
		.func_info = { s->func_info, sizeof(s->func_info) },
		.func_info_rec_size = 8,
		.func_info_cnt = 2,
		.attach_btf_id = 4,
		.attach_name = "target",
		.attach_prog = &s->target,
		.mode = BGV_MODE_NO_PERFMON,
		.caps = BGV_CAP_BPF,
	};
	s->answer = (struct bundle_answer){
		.source = "sample.bpf.o:sample",
		.known = true,
		.err = 13,
		.nr_cpus = 2,
		.release = "6.18.44",
		.insn_processed = 1ull << 33,
		.total_states = 3,
		.peak_states = 2,
		.max_states_per_insn = 1,
		.verification_time_ns = 5000,
		.log = "R1 !read_ok\n",
		.log_bytes = 12,
	};
}
