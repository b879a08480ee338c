/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel [BTF-FILE VERSION]: a kernel's BTF (the running one's) against our own record: a command, type,
 * helper or attr field that the kernel has and the table lacks is a failure here, before it is a hole in front of users. Of a
 * kernel that is newer than the table it is a note: nobody could have written it down. Exits 77 (skipped) where
 * there is no BTF.
 */
#include "proto/attr.h"
#include "proto/cmd.h"
#include "proto/own.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { PATH_MAX_BYTES = 128, DEPTH_MAX = 6, TABLE_MAJOR = 7, TABLE_MINOR = 3 };

struct counts {
	int passed;
	int failed;
	int noted;
	bool newer; /* the kernel, than the table */
	uint16_t version;
	bool is_control; /* what fails is not said */
	size_t fields;
};

static void expect(struct counts *counts, bool ok, const char *what, const char *name)
{
	if (ok) {
		counts->passed++;
		return;
	}
	if (counts->newer)
		counts->noted++;
	else
		counts->failed++;
	if (counts->is_control)
		return;
	printf("%s %s: %s\n", counts->newer ? "note: not in our record, the kernel is newer:" : "FAILED", what, name);
}

/* "7.4.1-..." */
static uint16_t version_of(const char *version)
{
	char *end;
	unsigned long major = strtoul(version, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	return KERNEL(major, minor);
}

/* Is it later than the kernel of the table? */
static bool version_is_newer(const char *version)
{
	return version_of(version) > KERNEL(TABLE_MAJOR, TABLE_MINOR);
}

/* A row of the vocabulary, and an enum of the kernel's that has it. */
struct word {
	uint32_t number;
	const char *name; /* as in the kernel's enum, without what all begin with */
	uint16_t since;
};

static const struct word commands[] = {
#define KERNEL_COMMAND(number, NAME, since) { number, #NAME, since },
#include "proto/kernel_types.def"
};
static const struct word prog_types[] = {
#define KERNEL_PROG_TYPE(number, NAME, name, since, ...) { number, #NAME, since },
#include "proto/kernel_types.def"
};
static const struct word map_types[] = {
#define KERNEL_MAP_TYPE(number, NAME, name, since, ...) { number, #NAME, since },
#include "proto/kernel_types.def"
};
static const struct word link_types[] = {
#define KERNEL_LINK_TYPE(number, NAME, name, since, ...) { number, #NAME, since },
#include "proto/kernel_types.def"
};
static const struct word attach_types[] = {
#define KERNEL_ATTACH_TYPE(number, NAME, since, ...) { number, #NAME, since },
#include "proto/kernel_types.def"
};
static const struct word helpers[] = {
#define KERNEL_HELPER(number, name, text, since, ...) { number, #name, since },
#include "proto/kernel_types.def"
};

static const struct vocabulary {
	const char *of, *prefix;
	const struct word *words;
	size_t cnt;
} vocabularies[] = {
	{ "bpf_cmd", "BPF_", commands, ARRAY_CNT(commands) },
	{ "bpf_prog_type", "BPF_PROG_TYPE_", prog_types, ARRAY_CNT(prog_types) },
	{ "bpf_map_type", "BPF_MAP_TYPE_", map_types, ARRAY_CNT(map_types) },
	{ "bpf_link_type", "BPF_LINK_TYPE_", link_types, ARRAY_CNT(link_types) },
	{ "bpf_attach_type", "BPF_", attach_types, ARRAY_CNT(attach_types) },
	{ "bpf_func_id", "BPF_FUNC_", helpers, ARRAY_CNT(helpers) },
};

static const struct word *word_find(const struct vocabulary *vocabulary, uint32_t number)
{
	for (size_t i = 0; i < vocabulary->cnt; i++)
		if (vocabulary->words[i].number == number)
			return &vocabulary->words[i];
	return NULL;
}

/* No number of the kernel's: ends of lists, an alias, the bit of further arguments; the type that is none. */
static bool is_no_word(const char *name, int value)
{
	return !strncmp(name, "__", 2) || !strcmp(name, "BPF_PROG_RUN") || value == CMD_COMMON_ATTRS ||
	       strstr(name, "_UNSPEC") || !strcmp(name, "BPF_FUNC_unspec");
}

/* The number that this enum gives a name, or -1. A name may be there under a second spelling: then the first counts. */
static int number_in(const struct btf *btf, const struct btf_type *type, const char *prefix, const char *name)
{
	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *have = btf__name_by_offset(btf, btf_enum(type)[i].name_off);

		if (!strncmp(have, prefix, strlen(prefix)) && !strcmp(have + strlen(prefix), name))
			return btf_enum(type)[i].val;
	}
	return -1;
}

/* What this kernel has the table has; what the table says that it has it has, and nothing that came later. */
static void check_words(const struct btf *btf, const struct vocabulary *vocabulary, struct counts *counts)
{
	int id = btf__find_by_name_kind(btf, vocabulary->of, BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	size_t prefix = strlen(vocabulary->prefix);

	expect(counts, type, "the kernel has an enum", vocabulary->of);
	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, btf_enum(type)[i].name_off);
		const struct word *word = word_find(vocabulary, (uint32_t)btf_enum(type)[i].val);

		if (is_no_word(name, btf_enum(type)[i].val))
			continue;
		expect(counts, word && (!strcmp(word->name, name + prefix) ||
					number_in(btf, type, vocabulary->prefix, word->name) == (int)word->number),
		       "a row with this number and name", name);
	}
	for (size_t i = 0; type && i < vocabulary->cnt; i++) {
		const struct word *word = &vocabulary->words[i];
		bool has = number_in(btf, type, vocabulary->prefix, word->name) == (int)word->number;

		expect(counts, has == (word->since <= counts->version), has ? "a kernel that has it is said to" :
		       "a kernel that is said to has it", word->name);
	}
}

/* The control: a number that is another's, and what a kernel has or lacks against what the table says, are noticed. */
static bool words_are_told_apart(const struct btf *btf)
{
	static const struct {
		struct word word;
		int failed;
	} wrong[] = {
		{ { 2, "ARRAY", 0 }, 0 },
		{ { 1, "ARRAY", 0 }, 2 },
		{ { 2, "ARRAY", UINT16_MAX }, 1 },
		{ { 999, "RINGED", 0 }, 2 },
	};
	struct counts base = { .is_control = true };

	for (size_t i = 0; i < ARRAY_CNT(wrong); i++) {
		struct vocabulary one = { "bpf_map_type", "BPF_MAP_TYPE_", &wrong[i].word, 1 };
		struct counts counts = { .is_control = true };

		check_words(btf, &one, &counts);
		if (i == 0)
			base = counts;
		/* of all the kernel's types the one row names one at most: the others are missing each time */
		if (counts.failed != base.failed + wrong[i].failed)
			return false;
	}
	return true;
}

static bool has_field(const char *path, uint32_t off, uint64_t bytes)
{
	for (size_t i = 0; i < attr_field_cnt; i++)
		if (!strcmp(attr_fields[i].path, path))
			return attr_fields[i].off == off && attr_fields[i].bytes == bytes;
	return false;
}

/* Walks structs and unions down to fields; depth is the kernel's own nesting, which is 4. */
static void check_members(const struct btf *btf, __u32 id, const char *prefix, uint32_t base,
			  int depth, struct counts *counts)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	if (depth > DEPTH_MAX)
		return;
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *m = &btf_members(type)[i];
		int inner_id = btf__resolve_type(btf, m->type);
		const struct btf_type *inner = btf__type_by_id(btf, (__u32)inner_id);
		uint32_t off = base + btf_member_bit_offset(type, (__u32)i) / 8;
		const char *name = btf__name_by_offset(btf, m->name_off);
		char path[PATH_MAX_BYTES];

		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix && *name ? "." : "", name);
		if (btf_is_composite(inner)) {
			check_members(btf, (__u32)inner_id, path, off, depth + 1, counts);
			continue;
		}
		counts->fields++;
		expect(counts, has_field(path, off, (uint64_t)btf__resolve_size(btf, m->type)),
		       "our record has the field", path);
	}
}

int main(int argc, char **argv)
{
	struct btf *btf = argc > 2 ? btf__parse_raw(argv[1]) : btf__load_vmlinux_btf();
	struct counts counts = { 0 };
	struct utsname un = { 0 };
	int id;

	(void)uname(&un);
	counts.version = version_of(argc > 2 ? argv[2] : un.release);
	counts.newer = counts.version > KERNEL(TABLE_MAJOR, TABLE_MINOR);

	if (!btf) {
		printf("no BTF of the running kernel\n0 passed, 0 failed, 1 skipped\n");
		return 77;
	}
	for (size_t i = 0; i < ARRAY_CNT(vocabularies); i++)
		check_words(btf, &vocabularies[i], &counts);
	id = btf__find_by_name_kind(btf, "bpf_attr", BTF_KIND_UNION);
	expect(&counts, id >= 0, "the kernel has a union", "bpf_attr");
	if (id >= 0) {
		check_members(btf, (__u32)id, "", 0, 0, &counts);
		expect(&counts, btf__resolve_size(btf, (__u32)id) <= ATTR_BYTES,
		       "union bpf_attr is no longer than our record", "sizeof");
	}
	expect(&counts, words_are_told_apart(btf), "a wrong number or version is noticed", "control");
	/* The control: the walk found what it should find, and notices what is not there. */
	expect(&counts, counts.fields > 100, "the walk reaches the fields", "control");
	expect(&counts, !has_field("insns", 0, 8), "a moved field is noticed", "control");
	btf__free(btf);
	if (version_is_newer("7.3.4") || !version_is_newer("7.4-rc1") || !version_is_newer("8.0") || version_is_newer("6.18.44"))
		counts.failed++, printf("FAILED control: what is newer\n");
	printf("%d passed, %d failed%s\n", counts.passed, counts.failed,
	       counts.noted ? "; the running kernel is newer than our record, see the notes" : "");
	return counts.failed ? 1 : 0;
}
