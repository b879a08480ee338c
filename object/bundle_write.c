/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes bundles. Promises bytes that bundle_decode() reads back to the same program, and the same
 * bytes for the same program. Trusts the caller's pointers and lengths; refuses a program that the
 * reader would refuse.
 */
#include "object/bundle.h"
#include "object/bundle_wire.h"

#include <string.h>

#include "proto/own.h"

/* Grows by doubling. The first error sticks, so that writers need not check each step. */
struct writer {
	uint8_t *bytes;
	size_t cnt, room;
	int err;
};

static uint8_t *writer_take(struct writer *w, size_t bytes)
{
	size_t need = 0, room;
	uint8_t *grown;

	if (!w->err && (!SIZE_ADD(w->cnt, bytes, &need) || need > BUNDLE_BYTES_MAX))
		w->err = -E2BIG;
	if (w->err)
		return NULL;
	if (need > w->room) {
		room = w->room ? w->room : 1024;
		while (room < need)
			room *= 2;
		grown = realloc(w->bytes, room);
		if (!grown) {
			w->err = -ENOMEM;
			return NULL;
		}
		w->bytes = grown;
		w->room = room;
	}
	memset(w->bytes + w->cnt, 0, bytes);
	w->cnt = need;
	return w->bytes + need - bytes;
}

static void store_u32(uint8_t *at, uint32_t v)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static void store_u64(uint8_t *at, uint64_t v)
{
	store_u32(at, (uint32_t)v);
	store_u32(at + 4, (uint32_t)(v >> 32));
}

/* Opens a section and returns its zeroed payload, padding included; NULL after an error. */
static uint8_t *put_section(struct writer *w, uint32_t tag, size_t bytes)
{
	uint8_t *at;

	if (bytes > BUNDLE_BYTES_MAX) {
		w->err = w->err ? w->err : -E2BIG;
		return NULL;
	}
	at = writer_take(w, BUNDLE_SECTION_BYTES + bytes + (0 - bytes) % 8);
	if (!at)
		return NULL;
	store_u32(at, tag);
	store_u32(at + 4, (uint32_t)bytes);
	return at + BUNDLE_SECTION_BYTES;
}

/* Absent (NULL or empty) blobs make no section. */
static void put_blob(struct writer *w, uint32_t tag, const void *data, size_t bytes)
{
	uint8_t *at;

	if (!data || !bytes)
		return;
	at = put_section(w, tag, bytes);
	if (at)
		memcpy(at, data, bytes);
}

static void put_text(struct writer *w, uint32_t tag, const char *text)
{
	size_t bytes;

	if (!text)
		return;
	bytes = strlen(text) + 1;
	if (bytes > BUNDLE_TEXT_MAX)
		w->err = w->err ? w->err : -E2BIG;
	put_blob(w, tag, text, bytes);
}

static void put_prog(struct writer *w, const struct bgv_program *prog)
{
	const uint32_t v[BUNDLE_PROG_FIELDS] = {
		prog->prog_type,	  prog->expected_attach_type,
		prog->prog_flags,	  prog->prog_ifindex,
		prog->fd_array_cnt,	  prog->prog_btf_idx,
		prog->attach_btf_id,	  prog->attach_btf_idx,
		(uint32_t)prog->mode,	  prog->caps,
		prog->func_info_rec_size, prog->func_info_cnt,
		prog->line_info_rec_size, prog->line_info_cnt,
		prog->core_relo_rec_size, prog->core_relo_cnt,
	};
	uint8_t *at = put_section(w, BUNDLE_TAG_PROG, BUNDLE_PROG_BYTES);

	for (size_t i = 0; at && i < ARRAY_CNT(v); i++)
		store_u32(at + 4 * i, v[i]);
}

static void put_map(struct writer *w, const struct bgv_map *map)
{
	uint8_t *at = put_section(w, BUNDLE_TAG_MAP, BUNDLE_MAP_BYTES);

	if (!at)
		return;
	store_u32(at, map->type);
	store_u32(at + 4, map->key_size);
	store_u32(at + 8, map->value_size);
	store_u32(at + 12, map->max_entries);
	store_u32(at + 16, map->map_flags);
	store_u32(at + 20, map->btf_idx);
	store_u64(at + 24, map->map_extra);
	store_u32(at + 32, map->btf_key_type_id);
	store_u32(at + 36, map->btf_value_type_id);
	store_u32(at + 40, map->btf_vmlinux_value_type_id);
	store_u32(at + 44, map->inner_idx);
	at[48] = !!map->frozen;
	at[49] = !!map->has_excl_hash;
	if (map->has_excl_hash)
		memcpy(at + 56, map->excl_hash, sizeof(map->excl_hash));
	memcpy(at + 88, map->name, strnlen(map->name, sizeof(map->name) - 1));
}

static void put_contents(struct writer *w, const struct bgv_map *map, uint32_t idx)
{
	uint8_t *at;
	size_t bytes;

	if (!map->contents || !map->contents_bytes || !map->frozen)
		return;
	if (!SIZE_ADD(map->contents_bytes, (size_t)8, &bytes)) {
		w->err = w->err ? w->err : -E2BIG;
		return;
	}
	at = put_section(w, BUNDLE_TAG_CONTENTS, bytes);
	if (!at)
		return;
	store_u32(at, idx);
	memcpy(at + 8, map->contents, map->contents_bytes);
}

static void put_program(struct writer *w, const struct bgv_program *prog)
{
	put_prog(w, prog);
	put_blob(w, BUNDLE_TAG_INSNS, prog->insns, prog->insn_cnt * sizeof(*prog->insns));
	put_text(w, BUNDLE_TAG_LICENSE, prog->license);
	put_text(w, BUNDLE_TAG_NAME, prog->name);
	put_text(w, BUNDLE_TAG_ATTACH_NAME, prog->attach_name);
	for (uint32_t i = 0; i < prog->btf_cnt; i++)
		put_blob(w, BUNDLE_TAG_BTF, prog->btfs[i].data, prog->btfs[i].bytes);
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		put_map(w, &prog->maps[i]);
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		put_contents(w, &prog->maps[i], i);
	put_blob(w, BUNDLE_TAG_FUNC_INFO, prog->func_info.data, prog->func_info.bytes);
	put_blob(w, BUNDLE_TAG_LINE_INFO, prog->line_info.data, prog->line_info.bytes);
	put_blob(w, BUNDLE_TAG_CORE_RELOS, prog->core_relos.data, prog->core_relos.bytes);
}

static void put_answer(struct writer *w, const struct bundle_answer *answer)
{
	uint8_t *at;

	put_text(w, BUNDLE_TAG_SOURCE, answer->source);
	if (!answer->known)
		return;
	at = put_section(w, BUNDLE_TAG_ANSWER, BUNDLE_ANSWER_BYTES);
	if (!at)
		return;
	store_u32(at, answer->err);
	store_u32(at + 4, answer->nr_cpus);
	store_u64(at + 8, answer->insn_processed);
	store_u64(at + 16, answer->total_states);
	store_u64(at + 24, answer->peak_states);
	store_u64(at + 32, answer->max_states_per_insn);
	store_u64(at + 40, answer->verification_time_ns);
	put_text(w, BUNDLE_TAG_RELEASE, answer->release);
	if (answer->log_bytes > BUNDLE_LOG_MAX)
		w->err = w->err ? w->err : -E2BIG;
	put_blob(w, BUNDLE_TAG_LOG, answer->log, answer->log_bytes);
}

static void put_header(struct writer *w)
{
	uint8_t *at = writer_take(w, BUNDLE_HEADER_BYTES);

	if (!at)
		return;
	memcpy(at, BUNDLE_MAGIC, 8);
	store_u32(at + 8, BUNDLE_VERSION);
}

static void seal_header(struct writer *w, size_t start)
{
	if (!w->err)
		store_u32(w->bytes + start + 12, (uint32_t)(w->cnt - start));
}

static void put_attach_prog(struct writer *w, const struct bgv_program *prog)
{
	size_t start;

	if (!put_section(w, BUNDLE_TAG_ATTACH_PROG, 0))
		return;
	start = w->cnt;
	put_header(w);
	put_program(w, prog);
	seal_header(w, start);
	/* Sections end on multiples of 8, so the inner bundle needs no padding. */
	if (!w->err)
		store_u32(w->bytes + start - 4, (uint32_t)(w->cnt - start));
}

/* BTF sections are counted by position, so a hole among them would shift the rest. */
static bool program_is_writable(const struct bgv_program *prog)
{
	for (uint32_t i = 0; i < prog->btf_cnt; i++)
		if (!prog->btfs[i].data || !prog->btfs[i].bytes)
			return false;
	return bundle_prog_is_consistent(prog) && prog->mode <= BGV_MODE_NO_PERFMON;
}

static int program_check(const struct bgv_program *prog)
{
	if (prog->insn_cnt > BUNDLE_INSNS_MAX || prog->map_cnt > BUNDLE_MAPS_MAX ||
	    prog->btf_cnt > BUNDLE_BTFS_MAX)
		return -E2BIG;
	return program_is_writable(prog) ? 0 : -EINVAL;
}

int bundle_encode(const struct bgv_program *prog, const struct bundle_answer *answer,
		  uint8_t **ret_bytes, size_t *ret_bytes_cnt)
{
	struct writer w = { 0 };
	int r;

	r = program_check(prog);
	if (r >= 0 && prog->attach_prog)
		r = prog->attach_prog->attach_prog ? -EINVAL : program_check(prog->attach_prog);
	if (r < 0)
		return r;
	put_header(&w);
	put_program(&w, prog);
	if (prog->attach_prog)
		put_attach_prog(&w, prog->attach_prog);
	if (answer)
		put_answer(&w, answer);
	seal_header(&w, 0);
	if (w.err) {
		free(w.bytes);
		return w.err;
	}
	*ret_bytes = w.bytes;
	*ret_bytes_cnt = w.cnt;
	return 0;
}
