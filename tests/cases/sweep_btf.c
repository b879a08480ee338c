/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF with a type of each kind, and each of its bytes changed a little: what is said about it, and
 * what of it a program's map and functions can still be made of.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"


struct whole {
	struct btf *btf;
	int func, value;
};

static int sure(int id)
{
	if (id < 0) {
		fprintf(stderr, "sweep: libbpf refuses a type: %s\n", strerror(-id));
		exit(2);
	}
	return id;
}

/* Types 1 to 23; names in words. */
static void make_whole(struct whole *w)
{
	struct btf *b = w->btf = btf__new_empty();
	int i, u, p, s, lock, proto, var;

	if (!b)
		exit(2);
	i = sure(btf__add_int(b, "int", 4, BTF_INT_SIGNED));
	u = sure(btf__add_int(b, "u64", 8, 0));
	p = sure(btf__add_ptr(b, i));
	sure(btf__add_array(b, i, u, 3));
	lock = sure(btf__add_struct(b, "bpf_spin_lock", 4));
	sure(btf__add_field(b, "val", i, 0, 0));
	s = sure(btf__add_struct(b, "value", 64));
	sure(btf__add_field(b, "lock", lock, 0, 0));
	sure(btf__add_field(b, "bits", i, 32, 5));
	sure(btf__add_field(b, "more", i, 37, 27));
	sure(btf__add_field(b, "p", p, 64, 0));
	sure(btf__add_field(b, "many", 4, 128, 0));
	sure(btf__add_field(b, "big", u, 320, 0));
	sure(btf__add_union(b, "either", 8));
	sure(btf__add_field(b, "n", u, 0, 0));
	sure(btf__add_field(b, "q", p, 0, 0));
	sure(btf__add_enum(b, "three", 4));
	sure(btf__add_enum_value(b, "one", 1));
	sure(btf__add_enum_value(b, "two", -2));
	sure(btf__add_enum64(b, "wide", 8, false));
	sure(btf__add_enum64_value(b, "huge", 1ull << 40));
	sure(btf__add_fwd(b, "unseen", BTF_FWD_UNION));
	sure(btf__add_typedef(b, "number", i));
	sure(btf__add_const(b, sure(btf__add_volatile(b, 11))));
	sure(btf__add_restrict(b, p));
	sure(btf__add_ptr(b, sure(btf__add_type_tag(b, "user", s))));
	proto = sure(btf__add_func_proto(b, i));
	sure(btf__add_func_param(b, "a", p));
	sure(btf__add_func_param(b, "b", 13));
	w->func = sure(btf__add_func(b, "take", BTF_FUNC_GLOBAL, proto));
	sure(btf__add_decl_tag(b, "arg:nonnull", w->func, 0));
	sure(btf__add_decl_tag(b, "of it", s, -1));
	var = sure(btf__add_var(b, "counter", BTF_VAR_GLOBAL_ALLOCATED, u));
	i = sure(btf__add_var(b, "other", BTF_VAR_STATIC, u));
	sure(btf__add_datasec(b, ".data", 16));
	sure(btf__add_datasec_var_info(b, var, 0, 8));
	sure(btf__add_datasec_var_info(b, i, 8, 8));
	sure(btf__add_float(b, "real", 8));
	w->value = s;
}

/* Is it BTF, and does a program with a map of it, and with it as its functions' BTF, load? */
static unsigned int ask_bytes(struct sweep *s, struct digest *d, const struct whole *w,
			      const void *bytes, size_t cnt)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct {
		uint32_t off, type;
	} record = { 0, (uint32_t)w->func };
	const struct bgv_blob blob = { bytes, cnt };
	const struct bgv_map map = { .type = BPF_MAP_TYPE_ARRAY,
				     .key_size = 4,
				     .value_size = 64,
				     .max_entries = 1,
				     .btf_idx = 1,
				     .btf_key_type_id = 1,
				     .btf_value_type_id = (uint32_t)w->value };
	const struct bgv_program prog = { .insns = insns,
					  .insn_cnt = 2,
					  .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
					  .license = "GPL",
					  .caps = BGV_CAP_ALL,
					  .btfs = &blob,
					  .btf_cnt = 1,
					  .prog_btf_idx = 1,
					  .func_info = { &record, sizeof(record) },
					  .func_info_rec_size = sizeof(record),
					  .func_info_cnt = 1,
					  .maps = &map,
					  .map_cnt = 1 };
	unsigned int good = 0;

	for (int p = 0; p < PROFILE_CNT; p++) {
		char message[256] = "";
		int r = bgv_btf_check(s->plain[p], bytes, cnt, message);

		digest_bytes(d, &r, sizeof(r));
		digest_text(d, message);
		good += r == 0;
		sweep_judge(s, d, (enum profile)p, false, &prog, 20);
	}
	return good;
}

static const char *kind_at(const struct whole *w, uint32_t off)
{
	static const char *const names[] = {
		"header", "int",     "ptr",	 "array",    "struct",	 "union",  "enum",
		"fwd",	  "typedef", "volatile", "const",    "restrict", "func",   "func_proto",
		"var",	  "datasec", "float",	 "decl_tag", "type_tag", "enum64",
	};
	uint32_t bytes, at = sizeof(struct btf_header), id;
	const struct btf_header *h = btf__raw_data(w->btf, &bytes);

	if (off < at)
		return names[0];
	if (off >= at + h->str_off)
		return "strings";
	for (id = 1; id < btf__type_cnt(w->btf); id++) {
		const struct btf_type *t = btf__type_by_id(w->btf, id);
		const uint8_t *next = (const uint8_t *)btf__type_by_id(w->btf, id + 1);
		uint32_t len = next ? (uint32_t)(next - (const uint8_t *)t) : UINT32_MAX;

		if (off - at < len && off < bytes)
			return names[btf_kind(t) < ARRAY_CNT(names) ? btf_kind(t) : 0];
		at += len;
	}
	return "strings";
}

void sweep_btf(struct sweep *s)
{
	struct whole w = { 0 };
	uint32_t bytes;
	OWN_MEM uint8_t *copy = NULL;
	const void *raw;

	make_whole(&w);
	raw = btf__raw_data(w.btf, &bytes);
	copy = malloc(bytes + 8);
	if (!raw || !copy)
		exit(2);
	memset(copy + bytes, 0, 8);
	memcpy(copy, raw, bytes);
	for (uint32_t at = 0; at < bytes; at += 4) {
		static const int steps[] = { 1, -1, 2, 4, 0x10, 0x80, -16 };
		struct digest d = { 0 };
		unsigned int good = 0;
		char name[64], said[32];

		for (uint32_t n = 0; n < 4 * ARRAY_CNT(steps) && at + n / ARRAY_CNT(steps) < bytes;
		     n++) {
			uint8_t *byte = copy + at + n / ARRAY_CNT(steps), was = *byte;

			*byte = (uint8_t)(was + steps[n % ARRAY_CNT(steps)]);
			good += ask_bytes(s, &d, &w, copy, bytes);
			*byte = was;
		}
		good += ask_bytes(s, &d, &w, copy, at); /* and where it ends here */
		snprintf(name, sizeof(name), "%u: %s", at, kind_at(&w, at));
		snprintf(said, sizeof(said), "%u good", good);
		sweep_row(s, name, said, &d);
	}
	btf__free(w.btf);
}
