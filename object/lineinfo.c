/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads line info. Promises to stay inside the program's blobs whatever their records and headers
 * say; believes nothing but lengths that bundle_decode() or the kernel's rules have fixed.
 */
#include "object/lineinfo.h"

#include <endian.h>
#include <errno.h>
#include <linux/btf.h>
#include <string.h>

#define RECORD_BYTES 16u /* struct bpf_line_info; records may be longer, with a tail for later kernels */
#define COLUMN_BITS  10

static uint32_t load_u32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

/* The string at off of a BTF's string section; NULL when it does not end there. */
static const char *btf_string(const struct bgv_blob *btf, uint32_t off)
{
	const uint8_t *bytes = btf->data;
	uint32_t hdr, str_off, str_bytes;
	const char *strings;

	if (btf->bytes < sizeof(struct btf_header))
		return NULL;
	hdr = load_u32(bytes + 4);
	str_off = load_u32(bytes + 16);
	str_bytes = load_u32(bytes + 20);
	if (hdr > btf->bytes || str_off > btf->bytes - hdr || str_bytes > btf->bytes - hdr - str_off ||
	    off >= str_bytes)
		return NULL;
	strings = (const char *)bytes + hdr + str_off;
	return memchr(strings + off, 0, str_bytes - off) ? strings + off : NULL;
}

static bool has_records(const struct bgv_program *prog)
{
	return prog->line_info_rec_size >= RECORD_BYTES && prog->line_info.data &&
	       (uint64_t)prog->line_info_rec_size * prog->line_info_cnt == prog->line_info.bytes;
}

/* The last record at or before the instruction: records are in its order, or the kernel refuses them. */
static const uint8_t *find_record(const struct bgv_program *prog, uint32_t insn_idx)
{
	const uint8_t *at = prog->line_info.data, *best = NULL;

	if (!has_records(prog))
		return NULL;
	for (uint32_t i = 0; i < prog->line_info_cnt; i++, at += prog->line_info_rec_size) {
		if (load_u32(at) > insn_idx)
			break;
		best = at;
	}
	return best;
}

static int read_record(const struct bgv_program *prog, const uint8_t *record, struct lineinfo *ret_line)
{
	const char *file, *text;
	uint32_t where;

	if (!prog->prog_btf_idx || prog->prog_btf_idx > prog->btf_cnt)
		return -ENOENT;
	file = btf_string(&prog->btfs[prog->prog_btf_idx - 1], load_u32(record + 4));
	text = btf_string(&prog->btfs[prog->prog_btf_idx - 1], load_u32(record + 8));
	if (!file || !text)
		return -ENOENT;
	where = load_u32(record + 12);
	*ret_line = (struct lineinfo){
		.file = file,
		.text = text + strspn(text, " \t"),
		.line = where >> COLUMN_BITS,
		.column = where & ((1u << COLUMN_BITS) - 1),
		.indent = (uint32_t)strspn(text, " \t"),
	};
	return 0;
}

int lineinfo_find(const struct bgv_program *prog, uint32_t insn_idx, struct lineinfo *ret_line)
{
	const uint8_t *record = find_record(prog, insn_idx);

	if (!record || insn_idx >= prog->insn_cnt)
		return -ENOENT;
	return read_record(prog, record, ret_line);
}

int lineinfo_record(const struct bgv_program *prog, uint32_t idx, uint32_t *ret_insn_idx,
		    struct lineinfo *ret_line)
{
	const uint8_t *record;

	if (!has_records(prog) || idx >= prog->line_info_cnt)
		return -ENOENT;
	record = (const uint8_t *)prog->line_info.data + (size_t)idx * prog->line_info_rec_size;
	if (read_record(prog, record, ret_line) < 0)
		return -EBADMSG;
	*ret_insn_idx = load_u32(record);
	return 0;
}
