/* SPDX-License-Identifier: Apache-2.0 */
/* From numbers to programs: the grammar's, and mutants of the pool's. Deterministic. */
#include "tests/differential/make.h"

#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/differential/batch.h"
#include "tests/differential/gen.h"
#include "tests/differential/judge.h"
#include "tests/differential/mutate.h"
#include "tests/differential/rng.h"

#define MUTANTS_A_BASE 16 /* neighbouring numbers share a base, so that a guest makes its maps once */

/* What the grammar's base names of its BTF. */
struct grammar_types {
	int number, func;
	int value[GEN_BTF_CNT];
};

/* A struct of 24 bytes whose first member is one that the kernel knows by its name, of so many words. */
static int grammar_value(struct btf *btf, const char *special, uint32_t words)
{
	int word = btf__add_int(btf, "u32", 4, 0), wide = btf__add_int(btf, "u64", 8, 0), first, value;

	first = btf__add_struct(btf, special, 4 * words);
	for (uint32_t i = 0; i < words; i += words > 1 ? 2 : 1)
		if (btf__add_field(btf, "v", words > 1 ? wide : word, 32 * i, 0) < 0)
			return -1;
	value = btf__add_struct(btf, "value", 24);
	if (value < 0 || btf__add_field(btf, "special", first, 0, 0) < 0 ||
	    (words == 1 && btf__add_field(btf, "a", wide, 64, 0) < 0) || btf__add_field(btf, "b", wide, 128, 0) < 0)
		return -1;
	return value;
}

/* int f(void), for every function of a program: callbacks must be functions that BTF knows. */
static struct btf *grammar_btf(struct grammar_types *ret_types)
{
	struct btf *btf = btf__new_empty();
	struct grammar_types types = { .number = btf ? btf__add_int(btf, "int", 4, BTF_INT_SIGNED) : -1 };
	int proto = btf ? btf__add_func_proto(btf, types.number) : -1;

	types.func = btf ? btf__add_func(btf, "f", BTF_FUNC_STATIC, proto) : -1;
	types.value[GEN_BTF_LOCK] = btf ? grammar_value(btf, "bpf_spin_lock", 1) : -1;
	types.value[GEN_BTF_RES_LOCK] = btf ? grammar_value(btf, "bpf_res_spin_lock", 1) : -1;
	types.value[GEN_BTF_TIMER] = btf ? grammar_value(btf, "bpf_timer", 4) : -1;
	*ret_types = types;
	if (types.func > 0 && types.value[GEN_BTF_TIMER] > 0)
		return btf;
	btf__free(btf);
	return NULL;
}

static void grammar_map(const struct gen_map *made, const struct grammar_types *types, struct bgv_map *ret_map)
{
	*ret_map = (struct bgv_map){ .type = made->type, .key_size = made->key_size, .value_size = made->value_size,
				     .max_entries = made->max_entries, .map_flags = made->flags,
				     .inner_idx = made->inner, .frozen = made->frozen };
	if (made->frozen) {
		ret_map->contents = gen_rodata;
		ret_map->contents_bytes = sizeof(gen_rodata);
	}
	if (made->value_btf) {
		ret_map->btf_idx = 1;
		ret_map->btf_key_type_id = (uint32_t)types->number;
		ret_map->btf_value_type_id = (uint32_t)types->value[made->value_btf];
	}
}

int make_grammar_base(struct pool *pool)
{
	uint32_t records[GEN_FUNCS_MAX][2] = { 0 };
	struct grammar_types types;
	struct btf *btf = grammar_btf(&types);
	struct bgv_blob blob = { 0 };
	struct bgv_map maps[GEN_MAP_ALL_CNT] = { 0 };
	uint32_t bytes = 0;
	int r;
	struct bpf_insn exit = { .code = BPF_JMP | BPF_EXIT };
	struct bgv_program prog = { .insns = &exit, .insn_cnt = 1, .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .license = "GPL",
				    .maps = maps, .map_cnt = GEN_MAP_ALL_CNT, .mode = BGV_MODE_FULL, .caps = BGV_CAP_ALL };

	for (int i = 0; i < GEN_MAP_ALL_CNT; i++)
		grammar_map(&gen_maps[i], &types, &maps[i]);
	blob.data = btf ? btf__raw_data(btf, &bytes) : NULL;
	if (!blob.data)
		return -ENOMEM;
	blob.bytes = bytes;
	for (int i = 0; i < GEN_FUNCS_MAX; i++)
		records[i][1] = (uint32_t)types.func;
	prog.btfs = &blob;
	prog.btf_cnt = prog.prog_btf_idx = 1;
	prog.func_info = (struct bgv_blob){ records, sizeof(records) };
	prog.func_info_rec_size = sizeof(records[0]);
	prog.func_info_cnt = GEN_FUNCS_MAX;
	r = pool_add(pool, &prog, "grammar");
	btf__free(btf);
	return r;
}

static bool we_accept(const struct make *make, const struct program *p, const struct bgv_program *base)
{
	struct bgv_result result;
	bool accept;

	judge(make->target, p, base, &result);
	accept = result.verdict == BGV_ACCEPT;
	bgv_result_done(&result);
	return accept;
}

/* Longer programs oftener: two are drawn. From cases and bundles alike, when there are bundles. */
static uint32_t draw_base(const struct make *make, uint64_t *rng)
{
	uint32_t first = 1, cnt = make->case_cnt, a, b;

	if (make->pool->cnt > 1 + make->case_cnt && rng_chance(rng, 50)) {
		first = 1 + make->case_cnt;
		cnt = make->pool->cnt - first;
	}
	a = first + rng_pick(rng, cnt);
	b = first + rng_pick(rng, cnt);
	return make->pool->bases[a].bundle->prog.insn_cnt >= make->pool->bases[b].bundle->prog.insn_cnt ? a : b;
}

static void make_mutant(const struct make *make, uint64_t number, struct program *p)
{
	uint64_t group = number / 100 * 64 + number % 100 / MUTANTS_A_BASE, rng = group * 0x2545f4914f6cdd1dull + 7;
	const struct bgv_program *other = NULL;

	for (int i = 0; i < 3; i++) { /* rather one that loads: more of its mutants do */
		const struct bgv_program *base;

		p->base = draw_base(make, &rng);
		base = &make->pool->bases[p->base].bundle->prog;
		(void)program_from(p, base);
		if (we_accept(make, p, base))
			break;
	}
	rng = number * 0x2545f4914f6cdd1dull + 3;
	for (int i = 0; i < 8 && (!other || other->prog_type != p->prog_type); i++)
		other = &make->pool->bases[draw_base(make, &rng)].bundle->prog;
	mutate(p, other, &rng);
}

void make_program(const struct make *make, uint64_t number, struct program *p)
{
	struct gen_program made;

	p->id = number;
	p->base = 0;
	if (make_is_mutant(make, number) && make->case_cnt) {
		make_mutant(make, number, p);
		return;
	}
	gen_make_more(number, make->kfuncs, &made);
	p->prog_type = made.prog_type;
	p->attach_type = made.expected_attach_type;
	p->prog_flags = made.prog_flags;
	p->func_cnt = made.func_cnt;
	memcpy(p->func_offs, made.func_offs, sizeof(made.func_offs));
	p->insn_cnt = made.insn_cnt;
	memcpy(p->insns, made.insns, made.insn_cnt * sizeof(*p->insns));
}

static bool too_long(const struct make *make, const struct program *p)
{
	struct bgv_result result;
	bool undecided;

	judge(make->target, p, &make->pool->bases[p->base].bundle->prog, &result);
	undecided = result.verdict == BGV_UNDECIDED;
	bgv_result_done(&result);
	return undecided;
}

int make_batch(const struct make *make, uint64_t first, uint64_t cnt, FILE *out)
{
	OWN_MEM uint32_t *placed = calloc(make->pool->cnt, sizeof(*placed)); /* 1 + index in the batch */
	OWN_MEM struct program *p = malloc(sizeof(*p));
	uint32_t base_cnt = 0;
	int r = placed && p ? batch_begin(out) : -ENOMEM;

	for (uint64_t number = first; r == 0 && number < first + cnt; number++) {
		const struct pool_base *base;

		make_program(make, number, p);
		base = &make->pool->bases[p->base];
		if (too_long(make, p)) {
			printf("%llu long\n", (unsigned long long)number);
			continue;
		}
		if (!placed[p->base]) {
			placed[p->base] = ++base_cnt;
			r = batch_put_base(out, base->bytes, base->bytes_cnt);
		}
		p->base = placed[p->base] - 1;
		if (r == 0)
			r = batch_put_program(out, p);
	}
	return r;
}
