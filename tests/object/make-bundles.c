/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-bundles DIR: the bundles that tests/object/check judges: a program that loads, one that does
 * not, one for a kernel nobody has heard of, one that its kernel refused without our seeing why, and one cut short.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "object/bundle.h"
#include "proto/own.h"

#define MOV_R0(k)                                                                                  \
	{                                                                                          \
		.code = 0xb7, .imm = (k)                                                           \
	}
#define LDX_CTX(dst, off_)                                                                         \
	{                                                                                          \
		.code = 0x61, .dst_reg = (dst), .src_reg = 1, .off = (off_)                        \
	}
#define LDX_B(dst, src)                                                                            \
	{                                                                                          \
		.code = 0x71, .dst_reg = (dst), .src_reg = (src)                                   \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		.code = 0x95                                                                       \
	}

static int save(const char *dir, const char *name, const uint8_t *bytes, size_t cnt)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.bpfb", dir, name);
	f = fopen(path, "we");
	if (!f || fwrite(bytes, 1, cnt, f) != cnt || fclose(f)) {
		perror(path);
		return -EIO;
	}
	return 0;
}

static int make(const char *dir, const char *name, const char *release,
		const struct bpf_insn *insns, uint32_t insn_cnt, uint32_t err, size_t cut)
{
	const struct bgv_program prog = {
		.insns = insns,
		.insn_cnt = insn_cnt,
		.prog_type = BPF_PROG_TYPE_XDP,
		.expected_attach_type = BPF_XDP,
		.license = "GPL",
		.name = name,
		.caps = BGV_CAP_ALL,
	};
	const struct bundle_answer answer = {
		.source = "make-bundles",
		.known = true,
		.err = err,
		.nr_cpus = 2,
		.release = release,
		.insn_processed = insn_cnt,
		.verification_time_ns = 1000,
		.log = "R1 says no\nprocessed 3 insns\n",
		.log_bytes = err ? 29 : 0,
	};
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0;
	int r = bundle_encode(&prog, &answer, &bytes, &cnt);

	return r < 0 ? r : save(dir, name, bytes, cnt - cut);
}

int main(int argc, char **argv)
{
	static const struct bpf_insn fine[] = { MOV_R0(2), EXIT };
	/* The first byte of the packet, without asking where it ends. */
	static const struct bpf_insn unsafe[] = { LDX_CTX(2, 0), LDX_B(0, 2), EXIT };
	const char *dir = argc == 2 ? argv[1] : NULL;

	if (!dir)
		return 2;
	return make(dir, "a_fine", "6.18.44", fine, ARRAY_CNT(fine), 0, 0) < 0 ||
	       make(dir, "b_unsafe", "6.18.44", unsafe, ARRAY_CNT(unsafe), EACCES, 0) < 0 ||
	       make(dir, "c_unknown", "0.0.1", fine, ARRAY_CNT(fine), 0, 0) < 0 ||
	       make(dir, "e_refused", "6.18.44", fine, ARRAY_CNT(fine), EINVAL, 0) < 0 ||
	       make(dir, "d_cut", "6.18.44", fine, ARRAY_CNT(fine), 0, 8) < 0;
}
