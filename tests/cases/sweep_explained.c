/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of each refused text case when its program has source lines. They have nothing to do
 * with the program, but a column of them may be anything: an operand, a call, an index, a blank.
 */
#include <bpf/btf.h>
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"
#include "verifier/kernel/insn.h"

#ifndef CASES_DIR
#define CASES_DIR "tests/cases"
#endif
#define LINES_MAX    4096
#define INSNS_MAX    2000

static const struct {
	const char *text;
	uint32_t line, col;
} sources[] = {
	{ "\tvalue = ip->saddr + p.q[i].r;", 10, 10 },
	{ "\tif (data + sizeof(*eth) > data_end)", 11, 6 },
	{ "\t\treturn bpf_map_lookup_elem(&map, &key);", 12, 10 },
	{ "\tbpf_map_update_elem((void *)map, &key, &value, BPF_ANY);", 14, 2 },
	{ "\tbuf[i & 7] = *p;", 14, 2 },
	{ "\tbuf[i & 7] = *p;", 14, 15 },
	{ "", 15, 0 },
	{ "\tfor (i = 0; i < n; i++) sum += a->b[i];", 16, 30 },
	{ "\x01nothing \x7f to see", 1017, 3 },
	{ "\tbpf_loop(n, callback, &ctx, 0);", 18, 2 },
	{ "}", 19, 1 },
	{ "\tp += len;", 20, 4 },
	{ "\tr = bpf_probe_read_kernel(dst, size, src); /* a line that is longer than what is shown of one, "
	  "and goes on and on until nobody looks at it any more, which takes one hundred and sixty bytes */",
	  21, 6 },
};

struct record {
	uint32_t insn_off, file_name_off, line_off, line_col;
};

struct telling {
	struct sweep *s;
	struct digest *d;
	unsigned int told, asked;
};

/* A program of one function; line info wants a record for each. */
static bool is_single(const struct bgv_program *prog)
{
	if (prog->btf_cnt || prog->func_info_cnt || !prog->insn_cnt || prog->insn_cnt > LINES_MAX)
		return false;
	for (uint32_t i = 0; i < prog->insn_cnt; i += insn_len(&prog->insns[i]))
		if (insn_is_subprog_call(&prog->insns[i]) || insn_is_pseudo_func(&prog->insns[i]))
			return false;
	return true;
}

static uint32_t write_lines(struct btf *b, const struct bgv_program *prog, uint32_t seed,
			    struct record *lines)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < prog->insn_cnt; i += insn_len(&prog->insns[i])) {
		const size_t n = (i + seed) % ARRAY_CNT(sources);

		if (i && (i + seed) % 5 == 4) /* as the one before */
			continue;
		lines[cnt++] = (struct record){
			i,
			(uint32_t)btf__add_str(b, n & 1 ? "a/b/prog.c" : "prog.h"),
			(uint32_t)btf__add_str(b, sources[n].text),
			sources[n].line << 10 | sources[n].col,
		};
	}
	return cnt;
}

static void tell(struct telling *t, const struct bgv_program *prog, uint32_t seed)
{
	static struct record lines[LINES_MAX];
	const struct bgv_options opt = { .limits.insns = INSNS_MAX, .explain = 1 };
	struct {
		uint32_t off, type;
	} func = { 0, 0 };
	struct btf *b = btf__new_empty();
	struct bgv_program with = *prog;
	struct bgv_result res;
	struct bgv_blob blob;
	uint32_t bytes;
	int number;

	if (!b)
		exit(2);
	number = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	func.type =
		(uint32_t)btf__add_func(b, "prog", BTF_FUNC_STATIC, btf__add_func_proto(b, number));
	with.line_info_cnt = write_lines(b, prog, seed, lines);
	with.line_info = (struct bgv_blob){ lines, with.line_info_cnt * sizeof(lines[0]) };
	with.line_info_rec_size = sizeof(lines[0]);
	blob.data = btf__raw_data(b, &bytes);
	blob.bytes = bytes;
	with.btfs = &blob;
	with.btf_cnt = with.prog_btf_idx = 1;
	with.func_info = (struct bgv_blob){ &func, sizeof(func) };
	with.func_info_rec_size = sizeof(func);
	with.func_info_cnt = 1;
	if (digest_verify(t->d, t->s->full[seed % 3 ? PROFILE_6_18_44 : PROFILE_6_1], &with, &opt,
			  &res) < 0)
		exit(2);
	t->told += res.verdict != BGV_ACCEPT;
	t->asked++;
	bgv_result_done(&res);
	btf__free(b);
}

static int tell_case(void *arg, struct tcase *c)
{
	struct telling *t = arg;

	casenames_resolve(&t->s->names, c);
	if (c->verdict != BGV_ACCEPT && is_single(&c->prog))
		for (uint32_t seed = 0; seed < 5; seed++)
			tell(t, &c->prog, c->line + seed * 7);
	return 0;
}

void sweep_explained(struct sweep *s)
{
	struct asm_names names = casenames_asm(&s->names);
	glob_t all = { 0 };

	if (glob(CASES_DIR "/*.case", 0, NULL, &all))
		exit(2);
	for (size_t i = 0; i < all.gl_pathc; i++) {
		struct digest d = { 0 };
		struct telling t = { .s = s, .d = &d };
		FILE *f = fopen(all.gl_pathv[i], "re");
		char said[48];

		if (!f || casefile_read(f, all.gl_pathv[i], &names, tell_case, &t) < 0)
			exit(2);
		fclose(f);
		snprintf(said, sizeof(said), "%u of %u told", t.told, t.asked);
		sweep_row(s, basename(all.gl_pathv[i]), said, &d);
	}
	globfree(&all);
}
