/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical encoding and its hash. Promises that two programs with the same encoding are the same
 * program for the kernel, with the same maps in the same places; trusts libcrypto and the index of
 * names; refuses a program it cannot describe completely (a BTF id without a name, a map that is
 * not there) rather than leave that part out.
 */
#include "object/digest.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "object/bundle.h"
#include "proto/own.h"

static const char digest_magic[] = "bpfgate-program-1"; /* hashed with its NUL */

#define LOAD_FLAG_TOKEN_FD (1u << 16)

enum target_kind {
	TARGET_NONE,
	TARGET_VMLINUX,
	TARGET_MODULE,
	TARGET_PROG,
	NAME_SYMBOL, /* of names alone, as the next */
	NAME_ABSENT,
};

struct encoder {
	const struct bgv_program *prog;
	const struct digest_options *opt;
	uint8_t *bytes;
	size_t cnt, room;
	uint32_t order[BUNDLE_MAPS_MAX]; /* 1 + number by first use; 0: not used yet */
	uint32_t used[BUNDLE_MAPS_MAX];	 /* the other way round */
	uint32_t used_cnt;
	struct btfname *modules[BUNDLE_BTFS_MAX]; /* each indexed once: programs may alternate */
	int err;
};

static void put(struct encoder *e, const void *bytes, size_t cnt)
{
	size_t need, room = e->room ? e->room : 4096 + sizeof(struct bpf_insn) * e->prog->insn_cnt;
	uint8_t *grown;

	if (e->err || !cnt)
		return;
	if (!SIZE_ADD(e->cnt, cnt, &need) || need > BUNDLE_BYTES_MAX) {
		e->err = -E2BIG;
		return;
	}
	while (room < need)
		room *= 2;
	if (room != e->room) {
		grown = realloc(e->bytes, room);
		if (!grown) {
			e->err = -ENOMEM;
			return;
		}
		e->bytes = grown;
		e->room = room;
	}
	memcpy(e->bytes + e->cnt, bytes, cnt);
	e->cnt = need;
}

static void put_u8(struct encoder *e, uint8_t v)
{
	put(e, &v, sizeof(v));
}

static void put_u32(struct encoder *e, uint32_t v)
{
	v = htole32(v);
	put(e, &v, sizeof(v));
}

static inline void put_u64(struct encoder *e, uint64_t v)
{
	v = htole64(v);
	if (!e->err && e->room - e->cnt >= sizeof(v)) { /* nearly always: room was made for the instructions */
		memcpy(e->bytes + e->cnt, &v, sizeof(v));
		e->cnt += sizeof(v);
		return;
	}
	put(e, &v, sizeof(v));
}

static void put_text(struct encoder *e, const char *text)
{
	size_t cnt = text ? strlen(text) : 0;

	put_u32(e, (uint32_t)cnt);
	put(e, text, cnt);
}

/* Name of a type in vmlinux (idx 0) or in btfs[idx - 1], a module's; NULL and e->err when unknown. */
static const char *type_name(struct encoder *e, uint32_t idx, uint32_t type_id)
{
	const struct bgv_program *prog = e->prog;
	const struct btfname *names = e->opt->vmlinux;
	const char *name;
	int r;

	if (idx > prog->btf_cnt || idx > ARRAY_CNT(e->modules)) {
		e->err = e->err ? e->err : -EINVAL;
		return NULL;
	}
	if (idx && !e->modules[idx - 1]) {
		r = btfname_new(prog->btfs[idx - 1].data, prog->btfs[idx - 1].bytes, names,
				&e->modules[idx - 1]);
		if (r < 0) {
			e->err = e->err ? e->err : r;
			return NULL;
		}
	}
	name = btfname_get(idx ? e->modules[idx - 1] : names, type_id);
	if (!name)
		e->err = e->err ? e->err : -ENOENT;
	return name;
}

static void put_target(struct encoder *e)
{
	const struct bgv_program *prog = e->prog;
	const struct bgv_program *target = prog->attach_prog;
	struct btfname *names = NULL;
	const char *name = NULL;

	if (target && prog->attach_btf_id) {
		if (!target->prog_btf_idx || target->prog_btf_idx > target->btf_cnt ||
		    btfname_new(target->btfs[target->prog_btf_idx - 1].data,
				target->btfs[target->prog_btf_idx - 1].bytes, NULL, &names) < 0 ||
		    !(name = btfname_get(names, prog->attach_btf_id)))
			e->err = e->err ? e->err : -ENOENT;
		put_u8(e, TARGET_PROG);
		put_text(e, name);
		btfname_free(names);
	} else if (prog->attach_btf_id) {
		put_u8(e, prog->attach_btf_idx ? TARGET_MODULE : TARGET_VMLINUX);
		put_text(e, type_name(e, prog->attach_btf_idx, prog->attach_btf_id));
	} else {
		put_u8(e, prog->attach_name ? TARGET_VMLINUX : TARGET_NONE);
		put_text(e, prog->attach_name);
	}
}

static bool insn_is_ld_imm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static bool insn_names_map(const struct bpf_insn *insn)
{
	return insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE ||
	       insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
}

static bool insn_is_absent_kfunc(const struct bpf_insn *insn)
{
	if (insn->code != (BPF_JMP | BPF_CALL) || insn->dst_reg || insn->off)
		return false;
	return insn->src_reg == BPF_PSEUDO_KFUNC_CALL ? !insn->imm :
							!insn->src_reg && insn->imm >= DIGEST_ABSENT_KFUNC_MIN &&
								insn->imm <= DIGEST_ABSENT_KFUNC_MAX;
}

/* The symbol whose address that instruction loads; NULL: none. next goes up with the instructions. */
static const struct digest_symbol *symbol_at(const struct encoder *e, uint32_t insn_idx, uint32_t *next)
{
	const struct digest_options *opt = e->opt;

	while (*next < opt->symbol_cnt && opt->symbols[*next].insn_idx < insn_idx)
		++*next;
	return *next < opt->symbol_cnt && opt->symbols[*next].insn_idx == insn_idx ? &opt->symbols[*next] : NULL;
}

static bool insn_is_kfunc_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL;
}

/* The number of map idx by first use. */
static int32_t map_number(struct encoder *e, int32_t idx)
{
	if (idx < 0 || (uint32_t)idx >= e->prog->map_cnt || idx >= (int32_t)BUNDLE_MAPS_MAX) {
		e->err = e->err ? e->err : -EINVAL;
		return 0;
	}
	if (!e->order[idx]) {
		e->used[e->used_cnt] = (uint32_t)idx;
		e->order[idx] = ++e->used_cnt;
	}
	return (int32_t)e->order[idx] - 1;
}

static void put_insn(struct encoder *e, const struct bpf_insn *insn)
{
	uint64_t word = insn->code | (uint64_t)insn->dst_reg << 8 | (uint64_t)insn->src_reg << 12 |
			(uint64_t)(uint16_t)insn->off << 16 | (uint64_t)(uint32_t)insn->imm << 32;

	put_u64(e, word);
}

/* Writes the instructions and counts the BTF ids that were taken out of them. */
static void put_insns(struct encoder *e, uint32_t *ret_name_cnt)
{
	const struct bgv_program *prog = e->prog;
	uint32_t names = 0, next = 0;

	put_u32(e, prog->insn_cnt);
	for (uint32_t i = 0; i < prog->insn_cnt && !e->err; i++) {
		struct bpf_insn insn = prog->insns[i], second;

		if (insn_is_ld_imm64(&insn) && i + 1 < prog->insn_cnt) {
			second = prog->insns[++i];
			if (insn_names_map(&insn))
				insn.imm = map_number(e, insn.imm);
			if (insn.src_reg == BPF_PSEUDO_BTF_ID ||
			    (!insn.src_reg && symbol_at(e, i - 1, &next))) {
				insn.imm = second.imm = 0;
				names++;
			}
			put_insn(e, &insn);
			insn = second;
		} else if (insn_is_kfunc_call(&insn) || insn_is_absent_kfunc(&insn)) {
			insn.src_reg = BPF_PSEUDO_KFUNC_CALL;
			insn.imm = 0;
			insn.off = 0;
			names++;
		}
		put_insn(e, &insn);
	}
	*ret_name_cnt = names;
}

/* A name that no BTF has. */
static void put_word(struct encoder *e, uint32_t insn_idx, enum target_kind kind, const char *name)
{
	put_u32(e, insn_idx);
	put_u8(e, (uint8_t)kind);
	put_text(e, name);
}

static void put_name(struct encoder *e, uint32_t insn_idx, uint32_t btf_idx, uint32_t type_id)
{
	put_u32(e, insn_idx);
	put_u8(e, btf_idx ? TARGET_MODULE : TARGET_VMLINUX);
	put_text(e, type_name(e, btf_idx, type_id));
}

static void put_names(struct encoder *e, uint32_t name_cnt)
{
	const struct bgv_program *prog = e->prog;
	const struct digest_symbol *symbol;
	uint32_t next = 0;

	put_u32(e, name_cnt);
	for (uint32_t i = 0; i < prog->insn_cnt && !e->err; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn_is_ld_imm64(insn) && i + 1 < prog->insn_cnt) {
			i++;
			if (insn->src_reg == BPF_PSEUDO_BTF_ID)
				put_name(e, i - 1, (uint32_t)insn[1].imm, (uint32_t)insn->imm);
			else if (!insn->src_reg && (symbol = symbol_at(e, i - 1, &next)))
				put_word(e, i - 1, NAME_SYMBOL, symbol->name);
		} else if (insn_is_absent_kfunc(insn)) {
			put_word(e, i, NAME_ABSENT, NULL);
		} else if (insn_is_kfunc_call(insn)) {
			put_name(e, i, (uint16_t)insn->off, (uint32_t)insn->imm);
		}
	}
}

static void put_shape(struct encoder *e, const struct bgv_map *map)
{
	put_u32(e, map->type);
	put_u32(e, map->key_size);
	put_u32(e, map->value_size);
	put_u32(e, map->max_entries);
	put_u32(e, map->map_flags);
	put_u64(e, map->map_extra);
}

static void put_maps(struct encoder *e)
{
	const struct bgv_program *prog = e->prog;

	put_u32(e, e->used_cnt);
	for (uint32_t i = 0; i < e->used_cnt; i++) {
		const struct bgv_map *map = &prog->maps[e->used[i]];
		bool inner = map->inner_idx && map->inner_idx <= prog->map_cnt;
		bool contents = e->opt->flags & DIGEST_WITH_CONTENTS && map->frozen && map->contents;

		put_shape(e, map);
		put_u8(e, inner);
		if (inner)
			put_shape(e, &prog->maps[map->inner_idx - 1]);
		put_u8(e, contents);
		if (contents) {
			put_u32(e, (uint32_t)map->contents_bytes);
			put(e, map->contents, map->contents_bytes);
		}
	}
}

int digest_encode(const struct bgv_program *prog, const struct digest_options *opt,
		  uint8_t **ret_bytes, size_t *ret_bytes_cnt)
{
	struct encoder e = { .prog = prog, .opt = opt };
	uint32_t name_cnt = 0;

	put(&e, digest_magic, sizeof(digest_magic));
	put_u32(&e, prog->prog_type);
	put_u32(&e, prog->expected_attach_type);
	put_u32(&e, prog->prog_flags & ~LOAD_FLAG_TOKEN_FD);
	put_u32(&e, prog->prog_ifindex);
	put_target(&e);
	put_text(&e, prog->license);
	put_insns(&e, &name_cnt);
	put_names(&e, name_cnt);
	put_maps(&e);
	for (size_t i = 0; i < ARRAY_CNT(e.modules); i++)
		btfname_free(e.modules[i]);
	if (e.err) {
		free(e.bytes);
		return e.err;
	}
	*ret_bytes = e.bytes;
	*ret_bytes_cnt = e.cnt;
	return 0;
}

int digest_bytes(const void *bytes, size_t bytes_cnt, uint8_t ret_digest[DIGEST_BYTES])
{
	unsigned int cnt = 0;

	if (!EVP_Digest(bytes, bytes_cnt, ret_digest, &cnt, EVP_sha256(), NULL) || cnt != DIGEST_BYTES)
		return -EIO;
	return 0;
}

int digest_program(const struct bgv_program *prog, const struct digest_options *opt,
		   uint8_t ret_digest[DIGEST_BYTES])
{
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0;
	int r = digest_encode(prog, opt, &bytes, &cnt);

	return r < 0 ? r : digest_bytes(bytes, cnt, ret_digest);
}

void digest_to_hex(const uint8_t digest[DIGEST_BYTES], char ret_hex[DIGEST_HEX_BYTES])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		(void)snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
