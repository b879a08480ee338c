/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpfgate-verifier on its own: judges two XDP programs, one that tests the packet's end before it reads and one
 * that does not, for the kernel whose version is the argument (6.18 without one). No privileges, no bpf(2).
 *
 *	cc judge.c $(pkg-config --cflags --libs libbpfgate-verifier) && ./a.out 6.1.192
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpfgate-verifier.h>

#define CNT(array) ((unsigned int)(sizeof(array) / sizeof((array)[0])))

#define LOAD(size, dst, src, off) { BPF_LDX | BPF_MEM | (size), (dst), (src), (off), 0 }
#define MOV(dst, imm)		  { BPF_ALU64 | BPF_MOV | BPF_K, (dst), 0, 0, (imm) }
#define COPY(dst, src)		  { BPF_ALU64 | BPF_MOV | BPF_X, (dst), (src), 0, 0 }
#define ADD(dst, imm)		  { BPF_ALU64 | BPF_ADD | BPF_K, (dst), 0, 0, (imm) }
#define JGT(dst, src, off)	  { BPF_JMP | BPF_JGT | BPF_X, (dst), (src), (off), 0 }
#define EXIT			  { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 }

/* data and data_end are the first two words of struct xdp_md */
static const struct bpf_insn careful[] = {
	LOAD(BPF_W, 2, 1, 0), LOAD(BPF_W, 3, 1, 4), COPY(4, 2), ADD(4, 14), MOV(0, 2), JGT(4, 3, 1),
	LOAD(BPF_B, 5, 2, 13), EXIT,
};
static const struct bpf_insn careless[] = {
	LOAD(BPF_W, 2, 1, 0), MOV(0, 2), LOAD(BPF_B, 5, 2, 13), EXIT,
};

/* For people, for a log that others read, and for programs. */
static void explain(const struct bgv_program *prog, const struct bgv_result *result)
{
	char *text = NULL, *brief = NULL, *json = NULL;

	if (bgv_explain(prog, result, &text) == 0)
		fputs(text, stdout);
	if (bgv_explain_short(prog, result, &brief) == 0)
		printf("in short:\n%s", brief);
	if (bgv_explain_json(prog, result, 0, &json) == 0)
		printf("as data: %s\n", json);
	free(text);
	free(brief);
	free(json);
}

/* Prints what becomes of one program; 0, or -1 when memory is out. */
static int judge(const struct bgv_target *target, const char *name, const struct bpf_insn *insns,
		 unsigned int insn_cnt)
{
	struct bgv_program prog = {
		.insns = insns, .insn_cnt = insn_cnt, .prog_type = BPF_PROG_TYPE_XDP, .license = "GPL",
		.name = name, .mode = BGV_MODE_FULL, .caps = BGV_CAP_ALL,
	};
	struct bgv_options options = { .explain = 1 };
	struct bgv_result result;
	char place[64];

	if (bgv_verify(target, &prog, &options, &result) < 0)
		return -1;
	printf("%s: %s, %llu instructions walked\n", name, bgv_verdict_name(result.verdict),
	       (unsigned long long)result.stats.insn_processed);
	if (bgv_place(&prog, result.insn_idx, place, sizeof(place)) == 0)
		printf("at %s\n", place);
	if (result.verdict != BGV_ACCEPT)
		explain(&prog, &result);
	bgv_result_done(&result);
	return 0;
}

int main(int argc, char **argv)
{
	static const char no_btf[] = "these bytes are no BTF";
	struct bgv_target_spec spec = { .version = argc > 1 ? argv[1] : "6.18" };
	struct bgv_map ring = { .type = BPF_MAP_TYPE_RINGBUF, .value_size = 8, .max_entries = 4096 };
	struct bgv_target *target = NULL;
	char message[256] = "";
	int failed;

	if (bgv_target_new(&spec, &target) < 0) {
		fprintf(stderr, "no profile for Linux %s\n", spec.version);
		return 1;
	}
	printf("by the rules of Linux %s\n", bgv_target_profile(target));
	failed = judge(target, "careful", careful, CNT(careful)) < 0 ||
		 judge(target, "careless", careless, CNT(careless)) < 0;
	if (bgv_btf_check(target, no_btf, sizeof(no_btf), message) < 0)
		printf("BTF: %s\n", message);
	if (bgv_map_check(target, &ring, NULL, message) < 0)
		printf("map: %s\n", message);
	bgv_target_free(target);
	return failed;
}
