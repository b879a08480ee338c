/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles, digests, BTF, line info, probes and PROG_LOADs, each with one byte, field or count
 * changed at a time. What is said to each is compared with the .golden files beside this one.
 */
#include <check.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "object/btfname.h"
#include "object/digest.h"
#include "object/elf.h"
#include "object/fakebpf.h"
#include "object/lineinfo.h"
#include "object/probes.h"
#include "object/release.h"
#include "object/section.h"
#include "proto/kernel_types.h"
#include "proto/own.h"
#include "tests/lib/golden.h"
#include "tests/lib/leaks.h"
#include "tests/object/sample.h"

/* libfakebpf.la defines syscall() for its users; here nothing may need it. */

static const uint8_t adds[] = { 1, 0xff, 0x80, 8 };

/* ---- bundles ---- */

/* What was decoded, written again: that is the same bytes or the decoder has lost something. */
static uint64_t fold_decoded(const struct bundle *bundle, uint64_t sum)
{
	size_t cnt = 0;
	uint8_t *bytes = NULL;
	int r = bundle_encode(&bundle->prog, &bundle->answer, &bytes, &cnt);

	sum = golden_fold(golden_fold_u64(sum, (uint64_t)r), bytes, cnt);
	free(bytes);
	return sum;
}

static int decode_exact(const uint8_t *bytes, size_t cnt, uint64_t *io_sum)
{
	uint8_t *copy = malloc(cnt ? cnt : 1);
	struct bundle *bundle = NULL;
	int r;

	memcpy(copy, bytes, cnt);
	r = bundle_decode(copy, cnt, &bundle);
	*io_sum = golden_fold_u64(*io_sum, (uint64_t)r + 1000u * bundle_is_bundle(copy, cnt));
	free(copy);
	if (r == 0)
		*io_sum = fold_decoded(bundle, *io_sum);
	bundle_free(bundle);
	return r;
}

static void full_sample(struct sample *s)
{
	static const uint32_t lines[8] = { 0, 1, 5, 3 << 10 | 2, 1, 1, 5, 4 << 10 };
	static const uint32_t relos[4] = { 0, 1, 5, 0 };

	sample_init(s);
	s->func_info[2] = 4;
	s->prog.line_info = (struct bgv_blob){ lines, sizeof(lines) };
	s->prog.line_info_rec_size = 16;
	s->prog.line_info_cnt = 2;
	s->prog.core_relos = (struct bgv_blob){ relos, sizeof(relos) };
	s->prog.core_relo_rec_size = 16;
	s->prog.core_relo_cnt = 1;
	s->prog.prog_ifindex = 7;
	s->prog.expected_attach_type = 37;
	s->prog.attach_btf_idx = 1;
}

START_TEST(each_byte_of_a_bundle)
{
	struct golden *golden = golden_begin("tests/object/bundle.golden");
	struct sample s;
	uint64_t line = GOLDEN_SUM;
	size_t cnt;
	uint8_t *bytes;

	full_sample(&s);
	ck_assert_int_eq(bundle_encode(&s.prog, &s.answer, &bytes, &cnt), 0);
	ck_assert_int_eq(decode_exact(bytes, cnt, &line), 0);
	golden_line(golden, "%zu bytes %016jx", cnt,
		    (uintmax_t)golden_fold(GOLDEN_SUM, bytes, cnt));
	for (size_t at = 0; at < cnt; at++) {
		for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
			bytes[at] = (uint8_t)(bytes[at] + adds[i]);
			(void)decode_exact(bytes, cnt, &line);
			bytes[at] = (uint8_t)(bytes[at] - adds[i]);
		}
		(void)decode_exact(bytes, at, &line);
		if (at % 64 == 63 || at + 1 == cnt)
			golden_line(golden, "to byte %zu: %016jx", at, (uintmax_t)line);
	}
	free(bytes);
	ck_assert(golden_end(golden));
}
END_TEST

/* Each word of the structs that a program is made of, one off: what is written, named, matched. */
static uint64_t fold_program(const struct bgv_program *prog, const struct bundle_answer *answer,
			     const struct btfname *vmlinux, uint64_t sum)
{
	const struct digest_options plain = { .vmlinux = vmlinux },
				    with = { .vmlinux = vmlinux, .flags = DIGEST_WITH_CONTENTS };
	const struct digest_options *const opts[] = { &plain, &with };
	uint8_t *bytes = NULL, digest[DIGEST_BYTES];
	char hex[DIGEST_HEX_BYTES];
	size_t cnt = 0;
	int r = bundle_encode(prog, answer, &bytes, &cnt);

	sum = golden_fold_u64(sum, (uint64_t)r);
	if (r == 0) {
		sum = golden_fold(sum, bytes, cnt);
		free(bytes);
	} else {
		return sum;
	}
	for (size_t i = 0; i < ARRAY_CNT(opts); i++) {
		r = digest_encode(prog, opts[i], &bytes, &cnt);
		sum = golden_fold_u64(sum, (uint64_t)r);
		if (r < 0)
			continue;
		sum = golden_fold(sum, bytes, cnt);
		free(bytes);
		ck_assert_int_eq(digest_program(prog, opts[i], digest), 0);
		digest_to_hex(digest, hex);
		sum = golden_fold(sum, hex, strlen(hex));
	}
	return golden_fold_u64(sum, !!probes_match(prog));
}

static void sweep_words(struct golden *golden, const char *what, void *words, size_t bytes,
			const struct sample *s, const struct btfname *vmlinux)
{
	static const uint32_t more[] = { 1, UINT32_MAX, 2, 0x80000000 };

	for (size_t at = 0; at + 4 <= bytes; at += 4) {
		uint32_t *word = (uint32_t *)(void *)((char *)words + at);
		uint64_t sum = GOLDEN_SUM;

		for (size_t i = 0; i < ARRAY_CNT(more); i++) {
			*word += more[i];
			sum = fold_program(&s->prog, &s->answer, vmlinux, sum);
			*word -= more[i];
		}
		golden_line(golden, "%s +%zu: %016jx", what, at, (uintmax_t)sum);
	}
}

/* Numbers only: a pointer one off is our own mistake, not a client's. */
START_TEST(each_number_of_a_program)
{
	struct golden *golden = golden_begin("tests/object/program.golden");
	struct btfname *vmlinux;
	struct sample s;

	ck_assert_int_eq(btfname_new(sample_btf, sample_btf_bytes, NULL, &vmlinux), 0);
	full_sample(&s);
	golden_line(golden, "as it is %016jx",
		    (uintmax_t)fold_program(&s.prog, &s.answer, vmlinux, GOLDEN_SUM));
	golden_line(golden, "without names %016jx",
		    (uintmax_t)fold_program(&s.prog, &s.answer, NULL, GOLDEN_SUM));
	golden_line(golden, "without answer %016jx",
		    (uintmax_t)fold_program(&s.prog, NULL, vmlinux, GOLDEN_SUM));
#define WORDS(first, last)                                                                         \
	sweep_words(golden, #first, &s.first, (size_t)((char *)&s.last - (char *)&s.first) + 4,    \
		    &s, vmlinux)
	WORDS(prog.prog_type, prog.prog_ifindex);
	WORDS(prog.map_cnt, prog.fd_array_cnt);
	WORDS(prog.btf_cnt, prog.prog_btf_idx);
	WORDS(prog.func_info_rec_size, prog.attach_btf_idx);
	WORDS(prog.mode, prog.caps);
	WORDS(insns, insns[8].imm);
	for (int i = 0; i < 3; i++) {
		WORDS(maps[i].type, maps[i].excl_hash[28]);
		WORDS(maps[i].name, maps[i].name[12]);
	}
	WORDS(value, value[8]);
	WORDS(func_info, func_info[3]);
	WORDS(answer.err, answer.nr_cpus);
	WORDS(answer.insn_processed, answer.verification_time_ns);
	btfname_free(vmlinux);
	ck_assert(golden_end(golden));
}
END_TEST

static int encode_of(const struct bgv_program *prog, const struct bundle_answer *answer)
{
	size_t cnt;
	uint8_t *bytes = NULL;
	uint64_t sum = GOLDEN_SUM;
	int r = bundle_encode(prog, answer, &bytes, &cnt);

	if (r == 0)
		ck_assert_int_eq(decode_exact(bytes, cnt, &sum), 0);
	free(bytes);
	return r;
}

START_TEST(counts_and_texts_at_their_limits)
{
	static struct bgv_map maps[BUNDLE_MAPS_MAX + 1];
	static struct bgv_blob btfs[BUNDLE_BTFS_MAX + 1];
	static struct bpf_insn insns[BUNDLE_INSNS_MAX + 1];
	static char text[BUNDLE_TEXT_MAX + 1];
	struct bgv_program prog = {
		.license = "GPL", .maps = maps, .btfs = btfs, .insns = insns, .insn_cnt = 1
	};
	struct bundle_answer answer = { .known = true, .source = text };

	for (size_t i = 0; i <= BUNDLE_BTFS_MAX; i++)
		btfs[i] = (struct bgv_blob){ sample_btf, sample_btf_bytes };
	prog.map_cnt = BUNDLE_MAPS_MAX;
	ck_assert_int_eq(encode_of(&prog, NULL), 0);
	prog.map_cnt++;
	ck_assert_int_eq(encode_of(&prog, NULL), -E2BIG);
	prog.map_cnt = 0;
	prog.btf_cnt = BUNDLE_BTFS_MAX;
	ck_assert_int_eq(encode_of(&prog, NULL), 0);
	prog.btf_cnt++;
	ck_assert_int_eq(encode_of(&prog, NULL), -E2BIG);
	prog.btf_cnt = 0;
	prog.insn_cnt = BUNDLE_INSNS_MAX;
	ck_assert_int_eq(encode_of(&prog, NULL), 0);
	prog.insn_cnt++;
	ck_assert_int_eq(encode_of(&prog, NULL), -E2BIG);
	prog.insn_cnt = 1;
	memset(text, 'x', BUNDLE_TEXT_MAX - 1);
	prog.license = prog.name = prog.attach_name = text;
	ck_assert_int_eq(encode_of(&prog, &answer), 0);
	text[BUNDLE_TEXT_MAX - 1] = 'x';
	ck_assert_int_eq(encode_of(&prog, NULL), -E2BIG);
	prog.license = "GPL";
	ck_assert_int_eq(encode_of(&prog, NULL), -E2BIG);
	prog.name = NULL;
	ck_assert_int_eq(encode_of(&prog, NULL), -E2BIG);
	prog.attach_name = NULL;
	ck_assert_int_eq(encode_of(&prog, &answer), -E2BIG);
	answer.source = NULL;
	answer.release = text;
	ck_assert_int_eq(encode_of(&prog, &answer), -E2BIG);
	answer.release = "6.18";
	ck_assert_int_eq(encode_of(&prog, &answer), 0);
}
END_TEST

/* ---- names of BTF ---- */

/* One of each kind, with and without members; strings "", "a", "bb", ... */
static size_t make_btf(uint8_t *bytes, uint32_t str_off)
{
	static const uint8_t fixed[] = {
		0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0
	};
	static const uint8_t each[] = { 0, 0, 0, 0, 12, 12, 8, 0, 0, 0,
					0, 0, 0, 8, 0,	12, 0, 0, 0, 12 };
	static const char strings[] = "\0a\0bb\0ccc";
	size_t at = sizeof(struct btf_header);
	struct btf_header header = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(header) };

	for (uint32_t kind = 1; kind < sizeof(fixed); kind++)
		for (uint32_t members = 0; members < 3; members += 2) {
			const uint32_t type[3] = { str_off + (kind + members) % 7,
						   kind << 24 | members, 0 };

			memcpy(bytes + at, type, sizeof(type));
			at += sizeof(type);
			memset(bytes + at, 0x22, fixed[kind] + (size_t)each[kind] * members);
			at += fixed[kind] + (size_t)each[kind] * members;
		}
	header.type_len = header.str_off = (uint32_t)(at - sizeof(header));
	header.str_len = sizeof(strings);
	memcpy(bytes + at, strings, sizeof(strings));
	memcpy(bytes, &header, sizeof(header));
	return at + sizeof(strings);
}

static uint64_t fold_names(const uint8_t *bytes, size_t cnt, const struct btfname *base,
			   uint64_t sum)
{
	uint8_t *copy = malloc(cnt ? cnt : 1);
	struct btfname *names = NULL;
	int r;

	memcpy(copy, bytes, cnt);
	r = btfname_new(copy, cnt, base, &names);
	sum = golden_fold_u64(sum, (uint64_t)r);
	for (uint32_t id = 0; r == 0 && id < 90; id++) {
		const char *name = btfname_get(names, id);

		sum = golden_fold(golden_fold_u64(sum, id), name ? name : "-",
				  name ? strlen(name) : 1);
	}
	btfname_free(names);
	free(copy);
	return sum;
}

START_TEST(each_byte_of_a_btf)
{
	struct golden *golden = golden_begin("tests/object/btf.golden");
	uint8_t bytes[2048], split[2048];
	size_t cnt = make_btf(bytes, 0), split_cnt = make_btf(split, 10);
	uint64_t line = GOLDEN_SUM;
	struct btfname *base;

	golden_line(golden, "whole %016jx", (uintmax_t)fold_names(bytes, cnt, NULL, GOLDEN_SUM));
	ck_assert_int_eq(btfname_new(bytes, cnt, NULL, &base), 0);
	golden_line(golden, "split %016jx",
		    (uintmax_t)fold_names(split, split_cnt, base, GOLDEN_SUM));
	for (uint32_t id = 0; id < 42; id++)
		golden_line(golden, "%u %s", id, btfname_get(base, id) ?: "-");
	btfname_free(base);
	for (size_t at = 0; at < cnt; at++) {
		for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
			bytes[at] = (uint8_t)(bytes[at] + adds[i]);
			line = fold_names(bytes, cnt, NULL, line);
			bytes[at] = (uint8_t)(bytes[at] - adds[i]);
		}
		line = fold_names(bytes, at, NULL, line);
		if (at % 32 == 31 || at + 1 == cnt)
			golden_line(golden, "to byte %zu: %016jx", at, (uintmax_t)line);
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- line info ---- */

static uint64_t fold_lines(const struct bgv_program *prog, uint64_t sum)
{
	for (uint32_t insn = 0; insn < 12; insn++) {
		struct lineinfo line = { 0 };
		int r = lineinfo_find(prog, insn, &line);

		sum = golden_fold_u64(sum, (uint64_t)r);
		if (r < 0)
			continue;
		sum = golden_fold(golden_fold(sum, line.file, strlen(line.file)), line.text,
				  strlen(line.text));
		sum = golden_fold_u64(sum, (uint64_t)line.line << 32 | line.column);
	}
	return sum;
}

static uint64_t sweep_lines(const struct bgv_program *prog, uint8_t *bytes, size_t cnt,
			    struct bgv_blob *blob)
{
	uint64_t sum = fold_lines(prog, GOLDEN_SUM);
	struct bgv_blob whole = *blob;

	for (size_t at = 0; at < cnt; at++) {
		for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
			uint8_t *copy = malloc(cnt);

			memcpy(copy, bytes, cnt);
			copy[at] = (uint8_t)(copy[at] + adds[i]);
			*blob = (struct bgv_blob){ copy, cnt };
			sum = fold_lines(prog, sum);
			free(copy);
		}
		*blob = (struct bgv_blob){ memcpy(malloc(at ? at : 1), bytes, at), at };
		sum = fold_lines(prog, sum);
		free((void *)(uintptr_t)blob->data);
	}
	*blob = whole;
	return sum;
}

START_TEST(each_byte_of_line_info)
{
	uint32_t records[] = { 0,  1, 5, 3 << 10 | 2, 77,	  4, 5, 6, 4 << 10 | 1023,
			       78, 9, 5, 1,	      0xffffffff, 79 };
	struct golden *golden = golden_begin("tests/object/lines.golden");
	uint8_t btf[512];
	struct bgv_blob btfs[2] = { { sample_btf, sample_btf_bytes }, { btf, sample_btf_bytes } };
	struct bgv_program prog = { .insn_cnt = 11,
				    .btfs = btfs,
				    .btf_cnt = 2,
				    .prog_btf_idx = 2,
				    .line_info = { records, sizeof(records) },
				    .line_info_rec_size = 20,
				    .line_info_cnt = 3 };

	memcpy(btf, sample_btf, sample_btf_bytes);
	btf[sample_btf_bytes - 7] = '\t';
	golden_line(golden, "records %016jx",
		    (uintmax_t)sweep_lines(&prog, (uint8_t *)records, sizeof(records),
					   &prog.line_info));
	golden_line(golden, "BTF %016jx",
		    (uintmax_t)sweep_lines(&prog, btf, sample_btf_bytes, &btfs[1]));
	for (uint32_t idx = 0; idx < 4; idx++) {
		prog.prog_btf_idx = idx;
		golden_line(golden, "BTF %u: %016jx", idx,
			    (uintmax_t)fold_lines(&prog, GOLDEN_SUM));
	}
	prog.prog_btf_idx = 2;
	for (uint32_t size = 14; size < 22; size++) {
		prog.line_info_rec_size = size;
		for (prog.line_info_cnt = 0; prog.line_info_cnt < 6; prog.line_info_cnt++) {
			prog.line_info.bytes = (size_t)size * prog.line_info_cnt;
			if (prog.line_info.bytes <= sizeof(records))
				golden_line(golden, "%u records of %u: %016jx", prog.line_info_cnt,
					    size, (uintmax_t)fold_lines(&prog, GOLDEN_SUM));
		}
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- probes ---- */

#define I(c, d, s, o, i)                                                                           \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}

static const struct probe {
	uint32_t type, cnt;
	struct bpf_insn insns[6];
	bool map;
} probes[] = {
	{ 5,
	  6,
	  { I(0xbf, 1, 10, 0, 0), I(0x07, 1, 0, 0, -8), I(0xb7, 2, 0, 0, 8), I(0xb7, 3, 0, 0, 0),
	    I(0x85, 0, 0, 0, 113), I(0x95, 0, 0, 0, 0) },
	  false },
	{ 1,
	  5,
	  { I(0x18, 1, 2, 0, 0), I(0, 0, 0, 0, 16), I(0x7a, 1, 0, 0, 42), I(0xb7, 0, 0, 0, 0),
	    I(0x95, 0, 0, 0, 0) },
	  true },
	{ 2,
	  4,
	  { I(0x85, 0, 1, 0, 1), I(0x95, 0, 0, 0, 0), I(0x85, 0, 0, 0, 173), I(0x95, 0, 0, 0, 0) },
	  false },
	{ 1,
	  4,
	  { I(0xb7, 0, 0, 0, 10), I(0x17, 0, 0, 0, 1), I(0x55, 0, 0, -2, 0), I(0x95, 0, 0, 0, 0) },
	  false },
	{ 1,
	  4,
	  { I(0xb7, 0, 0, 0, 0), I(0xa5, 0, 0, 1, 0), I(0xb7, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0) },
	  false },
	{ 1,
	  4,
	  { I(0xb7, 0, 0, 0, 0), I(0xa6, 0, 0, 1, 0), I(0xb7, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0) },
	  false },
	{ 6, 2, { I(0xb7, 0, 0, 0, 7), I(0x95, 0, 0, 0, 0) }, false },
	{ 6, 2, { I(0x85, 0, 0, 0, 7), I(0x95, 0, 0, 0, 0) }, false },
};

static const char *match_of(const struct bgv_program *prog)
{
	return probes_match(prog) ?: "-";
}

START_TEST(each_byte_of_each_probe)
{
	struct golden *golden = golden_begin("tests/object/probes.golden");

	for (size_t p = 0; p < ARRAY_CNT(probes); p++) {
		struct probe probe = probes[p];
		struct bgv_map map[2] = {
			{ .type = 2, .key_size = 4, .value_size = 32, .max_entries = 1 }
		};
		struct bgv_program target = { 0 };
		struct bgv_program prog = { .insns = probe.insns,
					    .insn_cnt = probe.cnt,
					    .prog_type = probe.type,
					    .license = "GPL",
					    .maps = map,
					    .map_cnt = probe.map };
		uint64_t sum = GOLDEN_SUM;
		uint8_t *bytes = (uint8_t *)probe.insns;

		golden_line(golden, "probe %zu: %s", p, match_of(&prog));
		for (size_t at = 0; at < sizeof(probe.insns); at++)
			for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
				bytes[at] = (uint8_t)(bytes[at] + adds[i]);
				sum = golden_fold_u64(sum, strlen(match_of(&prog)));
				bytes[at] = (uint8_t)(bytes[at] - adds[i]);
			}
		golden_line(golden, "  changed %016jx", (uintmax_t)sum);
#define ONE_OFF(field, value)                                                                      \
	do {                                                                                       \
		typeof(field) was = field;                                                         \
		field = (value);                                                                   \
		golden_line(golden, "  %s: %s", #field " " #value, match_of(&prog));               \
		field = was;                                                                       \
	} while (0)
		ONE_OFF(prog.prog_type, prog.prog_type + 1);
		ONE_OFF(prog.insn_cnt, prog.insn_cnt - 1);
		ONE_OFF(prog.map_cnt, prog.map_cnt + 1);
		ONE_OFF(prog.map_cnt, 0);
		ONE_OFF(map[0].type, 1);
		ONE_OFF(map[0].key_size, 5);
		ONE_OFF(map[0].value_size, 31);
		ONE_OFF(map[0].value_size, 33);
		ONE_OFF(map[0].max_entries, 2);
		ONE_OFF(map[0].map_flags, 1);
		ONE_OFF(map[0].map_extra, 1);
		ONE_OFF(prog.attach_btf_id, 1);
		ONE_OFF(prog.attach_btf_id, 2);
		ONE_OFF(prog.attach_prog, &target);
		ONE_OFF(prog.attach_name, "x");
		ONE_OFF(prog.prog_ifindex, 1);
		ONE_OFF(prog.fd_array_cnt, 1);
		ONE_OFF(prog.prog_flags, BPF_F_SLEEPABLE);
		ONE_OFF(prog.prog_flags, 1);
		ONE_OFF(prog.prog_flags, BPF_F_SLEEPABLE | 1);
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(the_large_probe_is_long_and_does_nothing)
{
	static struct bpf_insn insns[4099];
	struct bgv_program prog = { .insns = insns, .prog_type = 1, .license = "GPL" };
	static const struct bpf_insn mov = I(0xb7, 0, 0, 0, 1), exit_insn = I(0x95, 0, 0, 0, 0);

	for (uint32_t cnt = 4095; cnt <= 4099; cnt++) {
		for (uint32_t i = 0; i < cnt; i++)
			insns[i] = i + 1 < cnt ? mov : exit_insn;
		prog.insn_cnt = cnt;
		ck_assert_str_eq(match_of(&prog), cnt == 4097 ? "large program" : "-");
	}
	for (uint32_t i = 0; i < 4097; i++)
		insns[i] = i < 4096 ? mov : exit_insn;
	prog.insn_cnt = 4097;
	for (uint32_t i = 0; i < 4097; i += 1024) {
		insns[i].dst_reg = 1;
		ck_assert_str_eq(match_of(&prog), "-");
		insns[i].dst_reg = 0;
	}
	insns[4095].off = 1;
	ck_assert_str_eq(match_of(&prog), "-");
	insns[4095].off = 0;
	prog.prog_type = 2;
	ck_assert_str_eq(match_of(&prog), "-");
}
END_TEST

/* ---- a PROG_LOAD ---- */

/* Fd n is a map up to 299, a BTF up to 599 or nothing; ids are fds and 1000. */
static int put_map(void *arg, int fd, struct gather_map *ret)
{
	(void)arg;
	if (fd >= 300 && fd < 600)
		return -EINVAL;
	if (fd < 0 || fd >= 600)
		return -EBADF;
	*ret = (struct gather_map){ .id = 1000 + (uint32_t)fd,
				    .shape = { .type = fd % 3 ? 2 : 12,
					       .key_size = 4,
					       .value_size = 4 + (uint32_t)fd,
					       .max_entries = 1 + fd % 5 / 4,
					       .frozen = fd % 2,
					       .map_extra = 9 },
				    .btf_id = fd % 7 ? 0 : 1300 + (uint32_t)fd };
	if (fd % 3 == 0) {
		ret->has_inner = true;
		ret->inner = (struct bgv_map){
			.type = 2, .key_size = 4, .value_size = 8, .max_entries = 3
		};
		ret->inner_btf_id = fd % 2 ? 1301 : 0;
	}
	return 0;
}

static int put_value(void *arg, int fd, uint32_t key, uint32_t bytes, void **ret)
{
	(void)arg;
	(void)key;
	if (fd % 10 == 9)
		return -ENOMEM;
	*ret = memset(malloc(bytes), fd, bytes);
	return 0;
}

static int put_btf(void *arg, int fd, struct gather_btf *ret)
{
	(void)arg;
	if (fd == 599)
		return 1;
	if (fd < 300 || fd > 599)
		return -EBADF;
	*ret = (struct gather_btf){ 1000 + (uint32_t)fd, sample_btf,
				    fd == 598 ? 0 : sample_btf_bytes };
	return 0;
}

static int put_btf_by_id(void *arg, uint32_t id, struct gather_btf *ret)
{
	return put_btf(arg, (int)id - 1000, ret);
}

static int put_copy(void *arg, void *to, uint64_t from, size_t bytes)
{
	(void)arg;
	if (from < 4096)
		return -EFAULT;
	memcpy(to, (const void *)(uintptr_t)from, bytes);
	return 0;
}

static const struct gather_source source = { put_map, put_value, put_btf, put_btf_by_id, put_copy };

static uint64_t fold_gathered(const struct gather *g, uint64_t sum)
{
	uint8_t *bytes = NULL;
	size_t cnt;

	for (uint32_t i = 0; i < g->prog.map_cnt; i++) {
		const struct bgv_map *m = &g->prog.maps[i];

		sum = golden_fold_u64(sum, (uint64_t)m->type << 32 | m->value_size);
		sum = golden_fold_u64(sum, (uint64_t)m->btf_idx << 32 | m->inner_idx);
		sum = golden_fold(sum, m->contents, m->contents_bytes);
	}
	if (bundle_encode(&g->prog, NULL, &bytes, &cnt) == 0)
		sum = golden_fold(sum, bytes, cnt);
	free(bytes);
	return golden_fold_u64(sum, (uint64_t)g->prog.btf_cnt << 32 | g->prog.fd_array_cnt);
}

struct load {
	struct load_attr attr;
	struct bpf_insn insns[16];
	int32_t fds[300];
	char license[200];
	uint32_t infos[32];
};

static void fill_load(struct load *load)
{
	static const struct bpf_insn insns[] = {
		I(0x18, 1, 1, 0, 10), I(0, 0, 0, 0, 0),	   I(0x18, 1, 2, 0, 21),
		I(0, 0, 0, 0, 4),     I(0x18, 1, 5, 0, 1), I(0, 0, 0, 0, 0),
		I(0x18, 1, 6, 0, 2),  I(0, 0, 0, 0, 8),	   I(0x18, 1, 3, 0, 5),
		I(0, 0, 0, 0, 301),   I(0x18, 1, 3, 0, 5), I(0, 0, 0, 0, 0),
		I(0x85, 0, 2, 3, 5),  I(0x85, 0, 2, 0, 5), I(0x85, 0, 0, 3, 5),
		I(0x95, 0, 0, 0, 0),
	};

	memset(load, 0, sizeof(*load));
	memcpy(load->insns, insns, sizeof(insns));
	for (int i = 0; i < 300; i++)
		load->fds[i] = i < 3 ? 10 + i : 302 + i % 2;
	strcpy(load->license, "GPL");
	for (uint32_t i = 0; i < 32; i++)
		load->infos[i] = i;
	load->attr = (struct load_attr){ .prog_type = 6,
					 .insn_cnt = 16,
					 .insns = (uintptr_t)load->insns,
					 .license = (uintptr_t)load->license,
					 .prog_flags = 16,
					 .prog_name = "a-long-name-here",
					 .prog_ifindex = 5,
					 .expected_attach_type = 37,
					 .prog_btf_fd = 300,
					 .func_info_rec_size = 8,
					 .func_info = (uintptr_t)load->infos,
					 .func_info_cnt = 2,
					 .line_info_rec_size = 16,
					 .line_info = (uintptr_t)load->infos,
					 .line_info_cnt = 1,
					 .core_relo_rec_size = 16,
					 .core_relos = (uintptr_t)load->infos,
					 .core_relo_cnt = 2,
					 .attach_btf_id = 3,
					 .attach_fd = 304,
					 .fd_array = (uintptr_t)load->fds,
					 .fd_array_cnt = 0 };
}

static int gather_of(const struct load *load, uint64_t *io_sum)
{
	struct gather *g = gather_new(&source, NULL);
	int r;

	g->attr = load->attr;
	r = gather_program(g);
	*io_sum = golden_fold_u64(*io_sum, (uint64_t)r);
	if (r >= 0)
		*io_sum = fold_gathered(g, *io_sum);
	gather_free(g);
	return r;
}

/* One change to a load, told in a line. */
#define TELL(...)                                                                                  \
	do {                                                                                       \
		uint64_t sum = GOLDEN_SUM;                                                         \
		int r;                                                                             \
		fill_load(&load);                                                                  \
		__VA_ARGS__;                                                                       \
		r = gather_of(&load, &sum);                                                        \
		golden_line(golden, "%s: %d %016jx", #__VA_ARGS__, r, (uintmax_t)sum);             \
	} while (0)

START_TEST(each_field_of_a_load)
{
	static const int32_t numbers[] = { -1, 0,   1,	 3,   9,   10,	19,  28,
					   35, 299, 300, 301, 598, 599, 600, INT32_MAX };
	struct golden *golden = golden_begin("tests/object/loads.golden");
	static struct load load;

	TELL((void)0);
	TELL(load.attr.insn_cnt = 0);
	TELL(load.attr.insn_cnt = 1);
	TELL(load.attr.insn_cnt = 15);
	TELL(load.attr.insn_cnt = BUNDLE_INSNS_MAX + 1);
	TELL(load.attr.insns = 8);
	TELL(load.attr.license = 8);
	TELL(memset(load.license, 'x', 126));
	TELL(memset(load.license, 'x', 127));
	TELL(memset(load.license, 'x', 128));
	TELL(load.attr.func_info = 8);
	TELL(load.attr.line_info = 8);
	TELL(load.attr.core_relos = 8);
	TELL(load.attr.func_info_cnt = 0; load.attr.func_info = 8);
	TELL(load.attr.func_info_rec_size = BUNDLE_BYTES_MAX; load.attr.func_info_cnt = 1;
	     load.attr.func_info = 8);
	TELL(load.attr.func_info_rec_size = BUNDLE_BYTES_MAX + 1; load.attr.func_info_cnt = 1;
	     load.attr.func_info = 8);
	TELL(load.attr.func_info_rec_size = UINT32_MAX; load.attr.func_info_cnt = UINT32_MAX);
	TELL(load.attr.prog_btf_fd = 0);
	TELL(load.attr.prog_btf_fd = 10);
	TELL(load.attr.attach_btf_id = 0);
	TELL(load.attr.attach_fd = 0);
	TELL(load.attr.fd_array = 0);
	TELL(load.attr.fd_array = 8);
	for (uint32_t cnt = 0; cnt < 5; cnt++)
		TELL(load.attr.fd_array_cnt = cnt);
	TELL(load.attr.fd_array_cnt = 256);
	TELL(load.attr.fd_array_cnt = 257);
	TELL(load.attr.fd_array_cnt = 256; for (int i = 0; i < 300; i++) load.fds[i] = i);
	TELL(load.attr.fd_array_cnt = 255; for (int i = 0; i < 300; i++) load.fds[i] = 3 * i % 299);
	TELL(load.attr.fd_array_cnt = 255; for (int i = 0; i < 300; i++) load.fds[i] = i;
	     load.insns[0].imm = 255);
	TELL(load.attr.fd_array_cnt = 255; for (int i = 0; i < 300; i++) load.fds[i] = i;
	     load.insns[0].imm = 299; load.insns[2].imm = 298);
	for (size_t i = 0; i < ARRAY_CNT(numbers); i++) {
		TELL(load.insns[0].imm = numbers[i]);
		TELL(load.insns[2].imm = numbers[i]);
		TELL(load.insns[9].imm = numbers[i]);
		TELL(load.fds[1] = numbers[i]);
		TELL(load.fds[3] = numbers[i]);
		TELL(load.attr.prog_btf_fd = (uint32_t)numbers[i]);
		TELL(load.attr.attach_fd = (uint32_t)numbers[i]);
	}
	for (int src = 0; src < 8; src++) {
		TELL(load.insns[0].src_reg = (uint8_t)src & 15);
		TELL(load.insns[8].src_reg = (uint8_t)src & 15);
		TELL(load.insns[12].src_reg = (uint8_t)src & 15);
	}
	TELL(load.insns[12].off = -1);
	TELL(load.insns[12].off = 299);
	TELL(load.insns[15] = load.insns[0]);
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- the bpf(2) that is none ---- */

static long fake(struct fakebpf *f, unsigned int cmd, void *attr, unsigned int bytes)
{
	return fakebpf_call(f, cmd, attr, bytes);
}

START_TEST(each_command_of_the_fake)
{
	struct golden *golden = golden_begin("tests/object/fake.golden");
	struct fakebpf *f = fakebpf_new("x", 1);
	uint8_t attr[ATTR_BYTES] = { 0 };
	size_t bytes;

	for (unsigned int cmd = 0; cmd < 40; cmd++) {
		long r;

		if (cmd == BPF_MAP_UPDATE_ELEM || cmd == BPF_BTF_LOAD)
			continue;
		r = fake(f, cmd, attr, sizeof(attr));
		golden_line(golden, "%u: %ld", cmd, r > 0 ? 1 : r);
		if (r > 0)
			(void)close((int)r);
	}
	ck_assert_str_eq(fakebpf_vmlinux(f, &bytes), "x");
	ck_assert_uint_eq(bytes, 1);
	fakebpf_free(f);
	ck_assert(golden_end(golden));
}
END_TEST

static int fake_map(struct fakebpf *f, uint32_t type, uint32_t value_size, uint32_t max_entries,
		    int inner, int btf)
{
	struct map_create_attr attr = { .map_type = type,
					.key_size = 4,
					.value_size = value_size,
					.max_entries = max_entries,
					.map_flags = 3,
					.inner_map_fd = (uint32_t)inner,
					.map_name = "0123456789abcde",
					.btf_fd = (uint32_t)btf,
					.btf_key_type_id = 5,
					.btf_value_type_id = 6,
					.btf_vmlinux_value_type_id = 7,
					.map_extra = 8 };

	return (int)fake(f, BPF_MAP_CREATE, &attr, sizeof(attr));
}

START_TEST(a_map_of_the_fake_is_what_was_asked_for)
{
	struct fakebpf *f = fakebpf_new(NULL, 0);
	uint8_t btf_attr[ATTR_BYTES] = { 0 };
	struct gather_map map;
	struct gather_btf btf;
	struct elem_attr elem = { 0 };
	uint32_t key = 0;
	char value[9] = "abcdefgh";
	void *got;
	int btf_fd, inner, outer, third;

	attr_put_u64(btf_attr, ATTR_BTF_LOAD_DATA, (uintptr_t)sample_btf);
	attr_put_u32(btf_attr, ATTR_BTF_LOAD_SIZE, (uint32_t)sample_btf_bytes);
	btf_fd = (int)fake(f, BPF_BTF_LOAD, btf_attr, sizeof(btf_attr));
	ck_assert_int_ge(btf_fd, 0);
	inner = fake_map(f, BPF_MAP_TYPE_ARRAY, 8, 1, 0, btf_fd);
	outer = fake_map(f, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 5, inner, 0);
	third = fake_map(f, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 5, outer, 0);
	ck_assert_int_eq(fakebpf_source.map(f, inner, &map), 0);
	ck_assert(map.id == 2 && map.btf_id == 1 && !map.has_inner && !map.shape.frozen);
	ck_assert(map.shape.type == 2 && map.shape.key_size == 4 && map.shape.value_size == 8 &&
		  map.shape.max_entries == 1 && map.shape.map_flags == 3 &&
		  map.shape.map_extra == 8);
	ck_assert(map.shape.btf_key_type_id == 5 && map.shape.btf_value_type_id == 6 &&
		  map.shape.btf_vmlinux_value_type_id == 7);
	ck_assert_str_eq(map.shape.name, "0123456789abcde");
	ck_assert_int_eq(fakebpf_source.map(f, outer, &map), 0);
	ck_assert(map.has_inner && map.inner_btf_id == 1 && map.inner.value_size == 8);
	ck_assert_int_eq(fakebpf_source.map(f, third, &map), 0);
	ck_assert(!map.has_inner);
	ck_assert_int_eq(fakebpf_source.map(f, btf_fd, &map), -EBADF);
	ck_assert_int_eq(fakebpf_source.map(f, 99999, &map), -EBADF);
	ck_assert_int_eq(fakebpf_source.btf(f, btf_fd, &btf), 0);
	ck_assert(btf.id == 1 && btf.bytes == sample_btf_bytes);
	ck_assert_mem_eq(btf.data, sample_btf, sample_btf_bytes);
	ck_assert_int_eq(fakebpf_source.btf(f, inner, &btf), -EBADF);
	ck_assert_int_eq(fakebpf_source.btf_by_id(f, 1, &btf), 0);
	ck_assert_int_eq(fakebpf_source.btf_by_id(f, 0, &btf), -ENOENT);
	ck_assert_int_eq(fakebpf_source.btf_by_id(f, 2, &btf), -ENOENT);
	ck_assert_int_eq(fakebpf_source.btf_by_id(f, 5, &btf), -ENOENT);
	ck_assert_int_eq(fakebpf_source.value(f, inner, 0, 8, &got), 0);
	ck_assert_mem_eq(got, "\0\0\0\0\0\0\0", 8);
	free(got);
	elem = (struct elem_attr){ .map_fd = (uint32_t)inner,
				   .key = (uintptr_t)&key,
				   .value = (uintptr_t)value };
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), 0);
	value[0] = 'A'; /* a second time, into the same room */
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), 0);
	ck_assert_int_eq(fakebpf_source.value(f, inner, 0, 8, &got), 0);
	ck_assert_mem_eq(got, "Abcdefgh", 8);
	free(got);
	ck_assert_int_eq(fakebpf_source.value(f, inner, 0, 7, &got), 0);
	ck_assert_mem_eq(got, "\0\0\0\0\0\0", 7);
	free(got);
	ck_assert_int_eq(fakebpf_source.value(f, btf_fd, 0, 8, &got), -EBADF);
	key = 1;
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), -E2BIG);
	elem.map_fd = (uint32_t)outer;
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), 0);
	elem.map_fd = (uint32_t)btf_fd;
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), -EBADF);
	ck_assert_int_eq(fake(f, BPF_MAP_FREEZE, &elem, sizeof(elem)), -EBADF);
	elem.map_fd = (uint32_t)inner;
	ck_assert_int_eq(fake(f, BPF_MAP_FREEZE, &elem, sizeof(elem)), 0);
	ck_assert_int_eq(fakebpf_source.map(f, inner, &map), 0);
	ck_assert(map.shape.frozen);
	fakebpf_free(f);
}
END_TEST

START_TEST(a_jump_table_is_kept_whole)
{
	struct fakebpf *f = fakebpf_new(NULL, 0);
	int table = fake_map(f, KERNEL_MAP_INSN_ARRAY, JUMP_ELEMENT_BYTES, 2, 0, 0);
	uint8_t value[JUMP_ELEMENT_BYTES] = { 7 }, none[JUMP_ELEMENT_BYTES] = { 0 };
	uint32_t key = 1;
	struct elem_attr elem = { .map_fd = (uint32_t)table, .key = (uintptr_t)&key, .value = (uintptr_t)value };
	void *got;

	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), 0);
	ck_assert_int_eq(fakebpf_source.value(f, table, 0, sizeof(value), &got), 0);
	ck_assert_mem_eq(got, none, sizeof(none));
	free(got);
	ck_assert_int_eq(fakebpf_source.value(f, table, 1, sizeof(value), &got), 0);
	ck_assert_mem_eq(got, value, sizeof(value));
	free(got);
	key = 2;
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), -E2BIG);
	fakebpf_free(f);
}
END_TEST

/* A jump table as this says; which elements were asked for, and the one that cannot be read. */
struct table {
	uint32_t value_size, entries, asked, missing;
	bool frozen;
};

static int put_table(void *arg, int fd, struct gather_map *ret)
{
	const struct table *table = arg;

	*ret = (struct gather_map){ .id = 1,
				    .shape = { .type = KERNEL_MAP_INSN_ARRAY,
					       .key_size = 4,
					       .value_size = table->value_size,
					       .max_entries = table->entries,
					       .frozen = table->frozen } };
	return fd == 10 ? 0 : -EBADF;
}

static int put_element(void *arg, int fd, uint32_t key, uint32_t bytes, void **ret)
{
	struct table *table = arg;

	ck_assert_int_eq(fd, 10);
	ck_assert_uint_eq(bytes, JUMP_ELEMENT_BYTES);
	ck_assert_uint_eq(key, table->asked);
	table->asked++;
	if (key == table->missing)
		return -ENOMEM;
	*ret = memset(malloc(bytes), 'a' + (int)key, bytes);
	return 0;
}

/* How many bytes of the table's contents a program gets. */
static size_t table_bytes(struct table table)
{
	const struct gather_source tables = { put_table, put_element, put_btf, put_btf_by_id, put_copy };
	static struct load load;
	struct gather *g = gather_new(&tables, &table);
	size_t bytes;

	fill_load(&load);
	g->attr = load.attr;
	g->attr.insn_cnt = 2; /* the first map of them */
	g->attr.prog_btf_fd = 0;
	g->attr.attach_fd = 0;
	g->attr.func_info_cnt = g->attr.line_info_cnt = g->attr.core_relo_cnt = 0;
	ck_assert_int_eq(gather_program(g), 0);
	ck_assert_uint_eq(g->prog.map_cnt, 1);
	bytes = g->prog.maps[0].contents_bytes;
	for (size_t i = 0; i < bytes; i++)
		ck_assert_int_eq(((const uint8_t *)g->prog.maps[0].contents)[i], 'a' + (int)(i / JUMP_ELEMENT_BYTES));
	ck_assert((g->prog.maps[0].contents != NULL) == (bytes != 0));
	gather_free(g);
	return bytes;
}

START_TEST(a_frozen_jump_table_is_read_whole_or_not_at_all)
{
	const struct table good = { JUMP_ELEMENT_BYTES, 3, 0, UINT32_MAX, true };
	struct table others[] = { good, good, good, good, good, good, good };

	ck_assert_uint_eq(table_bytes(good), 3 * JUMP_ELEMENT_BYTES);
	others[0].frozen = false;
	others[1].value_size--;
	others[2].value_size++;
	others[3].entries = 0;
	others[4].entries = BUNDLE_INSNS_MAX + 1;
	others[5].missing = 0;
	others[6].missing = 2;
	for (size_t i = 0; i < ARRAY_CNT(others); i++)
		ck_assert_msg(table_bytes(others[i]) == 0, "table %zu", i);
	others[0] = good;
	others[0].entries = 1;
	ck_assert_uint_eq(table_bytes(others[0]), JUMP_ELEMENT_BYTES);
}
END_TEST

/* ---- what is taken is given back ---- */

static void use_bundles(void)
{
	uint64_t sum = GOLDEN_SUM;
	struct sample s;
	uint8_t *bytes;
	size_t cnt;

	full_sample(&s);
	ck_assert_int_eq(bundle_encode(&s.prog, &s.answer, &bytes, &cnt), 0);
	for (size_t at = cnt % 23; at <= cnt; at += 23)
		(void)decode_exact(bytes, at, &sum);
	for (size_t at = 0; at < cnt; at += 17) {
		bytes[at] ^= 1;
		(void)decode_exact(bytes, cnt, &sum);
		bytes[at] ^= 1;
	}
	free(bytes);
	(void)fold_program(&s.prog, &s.answer, NULL, sum);
}

static void use_loads(void)
{
	static struct load load;
	uint64_t sum = GOLDEN_SUM;

	for (size_t at = 0; at + 4 <= sizeof(load.attr); at += 4) {
		fill_load(&load);
		(void)gather_of(&load, &sum);
		*(uint32_t *)(void *)((char *)&load.attr + at) += 1;
		load.attr.insns = (uintptr_t)load.insns;
		load.attr.license = (uintptr_t)load.license;
		load.attr.func_info = load.attr.line_info = load.attr.core_relos = (uintptr_t)load.infos;
		load.attr.fd_array = (uintptr_t)load.fds;
		(void)gather_of(&load, &sum);
	}
}

static void use_fakes(void)
{
	struct fakebpf *f = fakebpf_new(NULL, 0);
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct elem_attr elem = { 0 };
	uint32_t key = 0;
	int fds[3];

	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, (uintptr_t)sample_btf);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, (uint32_t)sample_btf_bytes);
	fds[0] = (int)fake(f, BPF_BTF_LOAD, attr, sizeof(attr));
	fds[1] = fake_map(f, BPF_MAP_TYPE_ARRAY, 8, 1, 0, fds[0]);
	fds[2] = fake_map(f, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 5, fds[1], 0);
	elem = (struct elem_attr){ .map_fd = (uint32_t)fds[1], .key = (uintptr_t)&key, .value = (uintptr_t)attr };
	ck_assert_int_eq(fake(f, BPF_MAP_UPDATE_ELEM, &elem, sizeof(elem)), 0);
	for (size_t i = 0; i < ARRAY_CNT(fds); i++)
		(void)close(fds[i]);
	fakebpf_free(f);
}

START_TEST(nothing_is_kept_of_what_is_done_with)
{
	ck_assert_int_eq(leaks_of(use_bundles), 0);
	ck_assert_int_eq(leaks_of(use_loads), 0);
	ck_assert_int_eq(leaks_of(use_fakes), 0);
	bundle_free(NULL);
	gather_free(NULL);
	fakebpf_free(NULL);
}
END_TEST

START_TEST(the_fake_holds_only_so_much)
{
	struct fakebpf *f = fakebpf_new(NULL, 0);
	static uint8_t large[(64u << 20) + 8];
	uint8_t attr[ATTR_BYTES] = { 0 };
	long r = 0;

	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, (uintptr_t)large);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, sizeof(large));
	ck_assert_int_eq(fake(f, BPF_BTF_LOAD, attr, sizeof(attr)), -ENOMEM);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, (64u << 20) - 1);
	ck_assert_int_ge(fake(f, BPF_BTF_LOAD, attr, sizeof(attr)), 0);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 2);
	ck_assert_int_eq(fake(f, BPF_BTF_LOAD, attr, sizeof(attr)), -ENOMEM);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 1);
	ck_assert_int_ge(fake(f, BPF_BTF_LOAD, attr, sizeof(attr)), 0);
	/* Four so far. */
	for (int i = 4; i < 4096 && r >= 0; i++) {
		r = fake(f, BPF_PROG_LOAD, attr, sizeof(attr));
		if (r < 1 << 20 && r > 2)
			(void)close((int)r);
	}
	ck_assert_int_ge(r, 0);
	ck_assert_int_eq(fake(f, BPF_PROG_LOAD, attr, sizeof(attr)), -ENFILE);
	fakebpf_free(f);
}
END_TEST

/* As many pages as its values take: libbpf maps them. */
static off_t room_of(uint32_t value_size, uint32_t max_entries)
{
	struct fakebpf *f = fakebpf_new(NULL, 0);
	int fd = fake_map(f, BPF_MAP_TYPE_ARRAY, value_size, max_entries, 0, 0);
	off_t room = lseek(fd, 0, SEEK_END);

	ck_assert_int_ge(fd, 0);
	close(fd);
	fakebpf_free(f);
	return room;
}

START_TEST(a_map_of_the_fake_can_be_mapped)
{
	static const struct {
		uint32_t value_size, max_entries;
		off_t room;
	} rows[] = {
		{ 0, 1, 0 },
		{ 1, 1, 4096 },
		{ 8, 1, 4096 },
		{ 8, 512, 4096 },
		{ 8, 513, 8192 },
		{ 1, 513, 8192 },
		{ 9, 256, 4096 },
		{ 9, 257, 8192 },
		{ 4096, 1, 4096 },
		{ 4097, 1, 8192 },
		{ 64u << 20, 1, 64 << 20 },
		{ (64u << 20) + 1, 1, 0 },
		{ 8, UINT32_MAX, 0 },
		{ UINT32_MAX, UINT32_MAX, 0 },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		ck_assert_msg(room_of(rows[i].value_size, rows[i].max_entries) == rows[i].room,
			      "row %zu", i);
}
END_TEST

static void no_program(void *arg, const struct elf_program *program)
{
	ck_abort();
}

START_TEST(after_an_object_there_is_no_bpf_again)
{
	char reason[ELF_REASON_BYTES] = "before";
	struct elf_options opt = { .reason = reason };
	FILE *file;

	ck_assert_int_eq(elf_programs("no object", 9, &opt, no_program, NULL), -EBADMSG);
	ck_assert_str_ne(reason, "before");
	ck_assert(syscall(__NR_bpf, BPF_MAP_CREATE, NULL, 0) == -1 && errno == EPERM);
	file = fopen("/proc/self/stat", "re");
	ck_assert(file && fclose(file) == 0);
	ck_assert(!fopen("/tmp/bpfgate-none", "we") && errno == EACCES);
	ck_assert_int_eq(elf_programs("x", (size_t)ELF_BYTES_MAX + 1, &opt, no_program, NULL),
			 -E2BIG);
}
END_TEST

static void note_load(void *arg, const struct load_attr *attr)
{
	*(uint64_t *)arg = attr->log_buf;
}

START_TEST(only_a_token_s_load_is_its_owners)
{
	struct fakebpf *f = fakebpf_new(NULL, 0);
	struct load_attr attr = { .log_size = 8 };
	uint64_t noted = 0;
	char tokens[8];

	fakebpf_expect(f, tokens, sizeof(tokens), note_load, &noted);
	for (int at = -1; at <= 8; at++) {
		noted = 0;
		attr.log_buf = (uintptr_t)tokens + (uint64_t)at;
		ck_assert_int_ge(fake(f, BPF_PROG_LOAD, &attr, sizeof(attr)), 0);
		ck_assert_uint_eq(noted, at >= 0 && at < 8 ? attr.log_buf : 0);
	}
	fakebpf_free(f);
}
END_TEST

/* ---- releases ---- */

/* What each section name that is newer than libbpf means, and the same name shortened and longer. */
START_TEST(each_name_of_a_section)
{
	static const char *const names[] = {
		"tcx/ingress", "tcx/egress", "netkit/primary", "netkit/peer", "netfilter",
		"kprobe.session/", "uprobe.multi/", "uretprobe.multi/", "uprobe.multi.s/",
		"uretprobe.multi.s/", "uprobe.session/", "uprobe.session.s/", "usdt.s/",
		"cgroup/connect_unix", "cgroup/sendmsg_unix", "cgroup/recvmsg_unix",
		"cgroup/getpeername_unix", "cgroup/getsockname_unix", "xdp", "kprobe/", "",
	};
	struct golden *golden = golden_begin("tests/object/names.golden");
	char name[64];

	for (size_t i = 0; i < 3 * ARRAY_CNT(names); i++) {
		const struct section_meaning *m;
		int n = snprintf(name, sizeof(name), "%s%s", names[i / 3], i % 3 == 1 ? "x" : "");

		if (i % 3 == 2 && n)
			name[n - 1] = '\0';
		m = section_find(name);
		if (m)
			golden_line(golden, "%s: %s %u %u %d", name, m->prefix, m->prog_type,
				    m->attach_type, m->sleepable);
		else
			golden_line(golden, "%s: -", name);
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_version_is_taken_from_a_release)
{
	static const char *const rows[][2] = {
		{ "6.18.44-fc", "6.18.44" },
		{ "6.1.0-56-amd64 (6.1.192)", "6.1.192" },
		{ "6.1", "6.1" },
		{ "x", "" },
		{ "", "" },
		{ "(1.2", "1.2" },
		{ "6.1 ()", "" },
	};
	char version[RELEASE_BYTES];

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		release_version(rows[i][0], version, sizeof(version));
		ck_assert_str_eq(version, rows[i][1]);
	}
	release_version("6.18.44", version, 4);
	ck_assert_str_eq(version, "6.1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("object/sweep");
	TCase *tc = tcase_create("sweep");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, each_byte_of_a_bundle);
	tcase_add_test(tc, each_number_of_a_program);
	tcase_add_test(tc, counts_and_texts_at_their_limits);
	tcase_add_test(tc, each_byte_of_a_btf);
	tcase_add_test(tc, each_byte_of_line_info);
	tcase_add_test(tc, each_byte_of_each_probe);
	tcase_add_test(tc, the_large_probe_is_long_and_does_nothing);
	tcase_add_test(tc, each_field_of_a_load);
	tcase_add_test(tc, each_command_of_the_fake);
	tcase_add_test(tc, a_map_of_the_fake_is_what_was_asked_for);
	tcase_add_test(tc, a_jump_table_is_kept_whole);
	tcase_add_test(tc, a_frozen_jump_table_is_read_whole_or_not_at_all);
	tcase_add_test(tc, nothing_is_kept_of_what_is_done_with);
	tcase_add_test(tc, the_fake_holds_only_so_much);
	tcase_add_test(tc, a_map_of_the_fake_can_be_mapped);
	tcase_add_test(tc, after_an_object_there_is_no_bpf_again);
	tcase_add_test(tc, only_a_token_s_load_is_its_owners);
	tcase_add_test(tc, each_name_of_a_section);
	tcase_add_test(tc, a_version_is_taken_from_a_release);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
