/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles are read here and written in bundle_write.c. The reader promises that a decoded bundle
 * points only into memory it owns, that each array has the length it claims, and that every byte
 * of the input had one meaning. It trusts nothing, copies before it looks, needs memory in
 * proportion to the input only, and refuses whatever BUNDLE.md does not describe.
 */
#include "object/bundle.h"
#include "object/bundle_wire.h"

#include <string.h>

#include "proto/own.h"

/* Owns what a struct bundle points into. The attach target is a second, inner program. */
struct bundle_body {
	uint8_t *bytes;
	struct bgv_map *maps;
	struct bgv_blob *btfs;
	struct bgv_program attach_prog;
	struct bgv_map *attach_maps;
	struct bgv_blob *attach_btfs;
};

/* One program's sections on their way into a bgv_program. */
struct reader {
	const uint8_t *at, *end;
	struct bgv_program *prog;
	struct bundle_answer *answer; /* NULL: the inner program, which has none */
	struct bgv_map *maps;
	struct bgv_blob *btfs;
	struct bgv_blob inner; /* the attach program's bytes */
	uint32_t last_tag;
	uint32_t last_contents; /* 1 + map index of the last contents section */
};

static uint32_t read_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t read_u64(const uint8_t *at)
{
	return (uint64_t)read_u32(at) | (uint64_t)read_u32(at + 4) << 32;
}

static bool bytes_are_zero(const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (at[i])
			return false;
	return true;
}

static int read_text(const uint8_t *at, size_t bytes, const char **ret_text)
{
	if (!bytes || bytes > BUNDLE_TEXT_MAX || memchr(at, 0, bytes) != at + bytes - 1)
		return -EBADMSG;
	*ret_text = (const char *)at;
	return 0;
}

static int read_prog(struct reader *r, const uint8_t *at, size_t bytes)
{
	struct bgv_program *prog = r->prog;
	uint32_t v[BUNDLE_PROG_FIELDS];

	for (size_t i = 0; i < ARRAY_CNT(v); i++)
		v[i] = read_u32(at + 4 * i);
	prog->prog_type = v[0];
	prog->expected_attach_type = v[1];
	prog->prog_flags = v[2];
	prog->prog_ifindex = v[3];
	prog->fd_array_cnt = v[4];
	prog->prog_btf_idx = v[5];
	prog->attach_btf_id = v[6];
	prog->attach_btf_idx = v[7];
	prog->mode = (enum bgv_mode)v[8];
	prog->caps = v[9];
	prog->func_info_rec_size = v[10];
	prog->func_info_cnt = v[11];
	prog->line_info_rec_size = v[12];
	prog->line_info_cnt = v[13];
	prog->core_relo_rec_size = v[14];
	prog->core_relo_cnt = v[15];
	return v[8] > BGV_MODE_NO_PERFMON ? -EBADMSG : 0;
}

static int read_insns(struct reader *r, const uint8_t *at, size_t bytes)
{
	if (bytes / sizeof(struct bpf_insn) > BUNDLE_INSNS_MAX)
		return -E2BIG;
	r->prog->insns = (const struct bpf_insn *)(const void *)at;
	r->prog->insn_cnt = (uint32_t)(bytes / sizeof(struct bpf_insn));
	return 0;
}

static int read_license(struct reader *r, const uint8_t *at, size_t bytes)
{
	return read_text(at, bytes, &r->prog->license);
}

static int read_name(struct reader *r, const uint8_t *at, size_t bytes)
{
	return read_text(at, bytes, &r->prog->name);
}

static int read_attach_name(struct reader *r, const uint8_t *at, size_t bytes)
{
	return read_text(at, bytes, &r->prog->attach_name);
}

static int read_btf(struct reader *r, const uint8_t *at, size_t bytes)
{
	r->btfs[r->prog->btf_cnt++] = (struct bgv_blob){ at, bytes };
	return 0;
}

static int read_map(struct reader *r, const uint8_t *at, size_t bytes)
{
	struct bgv_map *map = &r->maps[r->prog->map_cnt++];
	size_t named;

	map->type = read_u32(at);
	map->key_size = read_u32(at + 4);
	map->value_size = read_u32(at + 8);
	map->max_entries = read_u32(at + 12);
	map->map_flags = read_u32(at + 16);
	map->btf_idx = read_u32(at + 20);
	map->map_extra = read_u64(at + 24);
	map->btf_key_type_id = read_u32(at + 32);
	map->btf_value_type_id = read_u32(at + 36);
	map->btf_vmlinux_value_type_id = read_u32(at + 40);
	map->inner_idx = read_u32(at + 44);
	map->frozen = at[48];
	map->has_excl_hash = at[49];
	memcpy(map->excl_hash, at + 56, sizeof(map->excl_hash));
	memcpy(map->name, at + 88, sizeof(map->name));
	if (at[48] > 1 || at[49] > 1 || !bytes_are_zero(at + 50, 6))
		return -EBADMSG;
	named = strnlen(map->name, sizeof(map->name));
	if (named == sizeof(map->name) ||
	    !bytes_are_zero(at + 88 + named, sizeof(map->name) - named))
		return -EBADMSG;
	if (!map->has_excl_hash && !bytes_are_zero(at + 56, sizeof(map->excl_hash)))
		return -EBADMSG;
	return 0;
}

static int read_contents(struct reader *r, const uint8_t *at, size_t bytes)
{
	uint32_t idx = read_u32(at);

	if (idx >= r->prog->map_cnt || idx < r->last_contents || read_u32(at + 4))
		return -EBADMSG;
	if (!r->maps[idx].frozen)
		return -EBADMSG;
	r->last_contents = idx + 1;
	r->maps[idx].contents = at + 8;
	r->maps[idx].contents_bytes = bytes - 8;
	return 0;
}

static int read_func_info(struct reader *r, const uint8_t *at, size_t bytes)
{
	r->prog->func_info = (struct bgv_blob){ at, bytes };
	return 0;
}

static int read_line_info(struct reader *r, const uint8_t *at, size_t bytes)
{
	r->prog->line_info = (struct bgv_blob){ at, bytes };
	return 0;
}

static int read_core_relos(struct reader *r, const uint8_t *at, size_t bytes)
{
	r->prog->core_relos = (struct bgv_blob){ at, bytes };
	return 0;
}

static int read_attach_prog(struct reader *r, const uint8_t *at, size_t bytes)
{
	r->inner = (struct bgv_blob){ at, bytes };
	return 0;
}

static int read_source(struct reader *r, const uint8_t *at, size_t bytes)
{
	return read_text(at, bytes, &r->answer->source);
}

static int read_answer(struct reader *r, const uint8_t *at, size_t bytes)
{
	struct bundle_answer *answer = r->answer;

	answer->known = true;
	answer->err = read_u32(at);
	answer->nr_cpus = read_u32(at + 4);
	answer->insn_processed = read_u64(at + 8);
	answer->total_states = read_u64(at + 16);
	answer->peak_states = read_u64(at + 24);
	answer->max_states_per_insn = read_u64(at + 32);
	answer->verification_time_ns = read_u64(at + 40);
	return 0;
}

static int read_release(struct reader *r, const uint8_t *at, size_t bytes)
{
	if (!r->answer->known)
		return -EBADMSG;
	return read_text(at, bytes, &r->answer->release);
}

static int read_log(struct reader *r, const uint8_t *at, size_t bytes)
{
	if (!r->answer->known)
		return -EBADMSG;
	r->answer->log = (const char *)at;
	r->answer->log_bytes = bytes;
	return 0;
}

/* One row a section: how often, how long (a multiple of unit), who reads it. */
static const struct section {
	uint32_t max_cnt; /* 1: at most once */
	uint32_t min_bytes, max_bytes, unit;
	int (*read)(struct reader *r, const uint8_t *at, size_t bytes);
} sections[] = {
	[BUNDLE_TAG_PROG] = { 1, BUNDLE_PROG_BYTES, BUNDLE_PROG_BYTES, 1, read_prog },
	[BUNDLE_TAG_INSNS] = { 1, 8, BUNDLE_BYTES_MAX, 8, read_insns },
	[BUNDLE_TAG_LICENSE] = { 1, 1, BUNDLE_TEXT_MAX, 1, read_license },
	[BUNDLE_TAG_NAME] = { 1, 1, BUNDLE_TEXT_MAX, 1, read_name },
	[BUNDLE_TAG_ATTACH_NAME] = { 1, 1, BUNDLE_TEXT_MAX, 1, read_attach_name },
	[BUNDLE_TAG_BTF] = { BUNDLE_BTFS_MAX, 1, BUNDLE_BYTES_MAX, 1, read_btf },
	[BUNDLE_TAG_MAP] = { BUNDLE_MAPS_MAX, BUNDLE_MAP_BYTES, BUNDLE_MAP_BYTES, 1, read_map },
	[BUNDLE_TAG_CONTENTS] = { BUNDLE_MAPS_MAX, 9, BUNDLE_BYTES_MAX, 1, read_contents },
	[BUNDLE_TAG_FUNC_INFO] = { 1, 1, BUNDLE_BYTES_MAX, 1, read_func_info },
	[BUNDLE_TAG_LINE_INFO] = { 1, 1, BUNDLE_BYTES_MAX, 1, read_line_info },
	[BUNDLE_TAG_CORE_RELOS] = { 1, 1, BUNDLE_BYTES_MAX, 1, read_core_relos },
	[BUNDLE_TAG_ATTACH_PROG] = { 1, 1, BUNDLE_BYTES_MAX, 1, read_attach_prog },
	[BUNDLE_TAG_SOURCE] = { 1, 1, BUNDLE_TEXT_MAX, 1, read_source },
	[BUNDLE_TAG_ANSWER] = { 1, BUNDLE_ANSWER_BYTES, BUNDLE_ANSWER_BYTES, 1, read_answer },
	[BUNDLE_TAG_RELEASE] = { 1, 1, BUNDLE_TEXT_MAX, 1, read_release },
	[BUNDLE_TAG_LOG] = { 1, 1, BUNDLE_LOG_MAX, 1, read_log },
};

/* Steps over one section's frame; the payload is then known to lie inside the bytes. */
static int reader_next(struct reader *r, uint32_t *ret_tag, const uint8_t **ret_at, size_t *ret_bytes)
{
	size_t left = (size_t)(r->end - r->at), bytes, padded;

	if (left < BUNDLE_SECTION_BYTES)
		return -EBADMSG;
	bytes = read_u32(r->at + 4);
	padded = bytes + (0 - bytes) % 8;
	if (padded < bytes || padded > left - BUNDLE_SECTION_BYTES)
		return -EBADMSG;
	*ret_tag = read_u32(r->at);
	*ret_at = r->at + BUNDLE_SECTION_BYTES;
	*ret_bytes = bytes;
	r->at = *ret_at + padded;
	return bytes_are_zero(*ret_at + bytes, padded - bytes) ? 0 : -EBADMSG;
}

static bool section_fits(const struct reader *r, uint32_t tag, size_t bytes)
{
	const struct section *s = &sections[tag];

	if (tag < r->last_tag || (tag == r->last_tag && s->max_cnt == 1))
		return false;
	if (!r->answer && tag >= BUNDLE_TAG_ATTACH_PROG)
		return false;
	return bytes >= s->min_bytes && bytes <= s->max_bytes && bytes % s->unit == 0;
}

/* Counts sections of one tag without interpreting them, so that arrays are sized once. */
static int count_sections(struct reader scan, uint32_t tag, uint32_t *ret_cnt)
{
	uint32_t cnt = 0, seen;
	const uint8_t *at;
	size_t bytes;
	int r;

	while (scan.at < scan.end) {
		r = reader_next(&scan, &seen, &at, &bytes);
		if (r < 0)
			return r;
		if (seen == tag && ++cnt > sections[tag].max_cnt)
			return -E2BIG;
	}
	*ret_cnt = cnt;
	return 0;
}

static bool records_match(const struct bgv_blob *blob, uint32_t rec_size, uint32_t cnt)
{
	return (uint64_t)rec_size * cnt == blob->bytes;
}

bool bundle_prog_is_consistent(const struct bgv_program *prog)
{
	if (prog->prog_btf_idx > prog->btf_cnt || prog->attach_btf_idx > prog->btf_cnt ||
	    prog->fd_array_cnt > prog->map_cnt)
		return false;
	for (uint32_t i = 0; i < prog->map_cnt; i++) {
		const struct bgv_map *map = &prog->maps[i];

		if (map->btf_idx > prog->btf_cnt || map->inner_idx > prog->map_cnt)
			return false;
		if (map->inner_idx && prog->maps[map->inner_idx - 1].inner_idx)
			return false;
	}
	return records_match(&prog->func_info, prog->func_info_rec_size, prog->func_info_cnt) &&
	       records_match(&prog->line_info, prog->line_info_rec_size, prog->line_info_cnt) &&
	       records_match(&prog->core_relos, prog->core_relo_rec_size, prog->core_relo_cnt);
}

static int reader_check_header(struct reader *r)
{
	size_t bytes = (size_t)(r->end - r->at);

	if (bytes < BUNDLE_HEADER_BYTES || memcmp(r->at, BUNDLE_MAGIC, 8))
		return -EBADMSG;
	if (read_u32(r->at + 8) != BUNDLE_VERSION)
		return -EPROTONOSUPPORT;
	if (read_u32(r->at + 12) != bytes)
		return -EBADMSG;
	r->at += BUNDLE_HEADER_BYTES;
	return 0;
}

static int reader_alloc(struct reader *r, struct bgv_map **ret_maps, struct bgv_blob **ret_btfs)
{
	uint32_t map_cnt, btf_cnt;
	int ret;

	ret = count_sections(*r, BUNDLE_TAG_MAP, &map_cnt);
	if (ret < 0)
		return ret;
	ret = count_sections(*r, BUNDLE_TAG_BTF, &btf_cnt);
	if (ret < 0)
		return ret;
	*ret_maps = r->maps = calloc(map_cnt + 1, sizeof(*r->maps));
	*ret_btfs = r->btfs = calloc(btf_cnt + 1, sizeof(*r->btfs));
	if (!r->maps || !r->btfs)
		return -ENOMEM;
	r->prog->maps = r->maps;
	r->prog->btfs = r->btfs;
	return 0;
}

static int reader_run(struct reader *r)
{
	const uint8_t *at;
	uint32_t tag;
	size_t bytes;
	int ret;

	while (r->at < r->end) {
		ret = reader_next(r, &tag, &at, &bytes);
		if (ret < 0)
			return ret;
		if (!tag || tag >= ARRAY_CNT(sections) || !section_fits(r, tag, bytes))
			return -EBADMSG;
		if (!r->last_tag && tag != BUNDLE_TAG_PROG)
			return -EBADMSG;
		r->last_tag = tag;
		ret = sections[tag].read(r, at, bytes);
		if (ret < 0)
			return ret;
	}
	return r->last_tag && bundle_prog_is_consistent(r->prog) ? 0 : -EBADMSG;
}

static int decode_outer(struct bundle *bundle, size_t bytes, struct bgv_blob *ret_inner)
{
	struct bundle_body *body = bundle->body;
	struct reader r = {
		.at = body->bytes,
		.end = body->bytes + bytes,
		.prog = &bundle->prog,
		.answer = &bundle->answer,
	};
	int ret;

	ret = reader_check_header(&r);
	if (ret < 0)
		return ret;
	ret = reader_alloc(&r, &body->maps, &body->btfs);
	if (ret < 0)
		return ret;
	ret = reader_run(&r);
	*ret_inner = r.inner;
	return ret;
}

static int decode_inner(struct bundle *bundle, struct bgv_blob inner)
{
	struct bundle_body *body = bundle->body;
	struct reader r = {
		.at = inner.data,
		.end = (const uint8_t *)inner.data + inner.bytes,
		.prog = &body->attach_prog,
	};
	int ret;

	ret = reader_check_header(&r);
	if (ret < 0)
		return ret;
	ret = reader_alloc(&r, &body->attach_maps, &body->attach_btfs);
	if (ret < 0)
		return ret;
	bundle->prog.attach_prog = &body->attach_prog;
	return reader_run(&r);
}

int bundle_decode(const void *bytes, size_t bytes_cnt, struct bundle **ret_bundle)
{
	OWN_BUNDLE struct bundle *bundle = NULL;
	struct bgv_blob inner = { 0 };
	int r;

	if (bytes_cnt > BUNDLE_BYTES_MAX)
		return -E2BIG;
	if (!bundle_is_bundle(bytes, bytes_cnt))
		return -EBADMSG;
	bundle = calloc(1, sizeof(*bundle));
	if (!bundle)
		return -ENOMEM;
	bundle->body = calloc(1, sizeof(*bundle->body));
	if (!bundle->body)
		return -ENOMEM;
	bundle->body->bytes = malloc(bytes_cnt);
	if (!bundle->body->bytes)
		return -ENOMEM;
	memcpy(bundle->body->bytes, bytes, bytes_cnt);
	r = decode_outer(bundle, bytes_cnt, &inner);
	if (r >= 0 && inner.bytes)
		r = decode_inner(bundle, inner);
	if (r < 0)
		return r;
	*ret_bundle = TAKE_PTR(bundle);
	return 0;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	if (bundle->body) {
		free(bundle->body->bytes);
		free(bundle->body->maps);
		free(bundle->body->btfs);
		free(bundle->body->attach_maps);
		free(bundle->body->attach_btfs);
		free(bundle->body);
	}
	free(bundle);
}

bool bundle_is_bundle(const void *bytes, size_t bytes_cnt)
{
	return bytes_cnt >= BUNDLE_HEADER_BYTES && !memcmp(bytes, BUNDLE_MAGIC, 8);
}

/* Where the log's own lines end: before the explanation of newer kernels. */
static size_t steps_end(const char *log, size_t bytes)
{
	static const char head[] = "\nVerification failed: ";
	const char *found = bytes ? memmem(log, bytes, head, sizeof(head) - 1) : NULL;

	return found ? (size_t)(found - log) : bytes;
}

static bool is_counter(const char *line, size_t bytes)
{
	static const char *const counters[] = { "processed ", "verification time ", "stack depth ",
						"subprog " };

	for (size_t i = 0; i < ARRAY_CNT(counters); i++)
		if (bytes >= strlen(counters[i]) && !strncmp(line, counters[i], strlen(counters[i])))
			return true;
	return bytes == 0;
}

const char *bundle_answer_reason(const struct bundle_answer *answer, size_t *ret_bytes)
{
	size_t end = answer->log ? steps_end(answer->log, answer->log_bytes) : 0, start;

	for (; end; end = start) {
		while (end && answer->log[end - 1] == '\n')
			end--;
		for (start = end; start && answer->log[start - 1] != '\n';)
			start--;
		if (!is_counter(answer->log + start, end - start)) {
			*ret_bytes = end - start;
			return answer->log + start;
		}
	}
	*ret_bytes = 0;
	return "";
}
