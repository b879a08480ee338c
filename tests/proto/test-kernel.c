/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-kernel [BTF-FILE VERSION]: a kernel's BTF (the running one's) against our own record: a command or an attr
 * field that the kernel has and the table lacks is a failure here, before it is a hole in front of users. Of a
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
	printf("%s %s: %s\n", counts->newer ? "note: not in our record, the kernel is newer:" : "FAILED", what, name);
}

/* "7.4.1-...": is it later than the kernel of the table? */
static bool version_is_newer(const char *version)
{
	char *end;
	unsigned long major = strtoul(version, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	return CMD_KERNEL(major, minor) > CMD_KERNEL(TABLE_MAJOR, TABLE_MINOR);
}

static void check_commands(const struct btf *btf, struct counts *counts)
{
	int id = btf__find_by_name_kind(btf, "bpf_cmd", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);

	expect(counts, type, "the kernel has an enum", "bpf_cmd");
	for (int i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *e = &btf_enum(type)[i];
		const char *name = btf__name_by_offset(btf, e->name_off);
		const struct cmd_row *row = cmd_row_of((uint32_t)e->val);

		/* __MAX_BPF_CMD, BPF_COMMON_ATTRS and an alias are not commands. */
		if (!strncmp(name, "__", 2) || !strcmp(name, "BPF_PROG_RUN") ||
		    e->val == CMD_COMMON_ATTRS)
			continue;
		expect(counts, row && !strcmp(row->name, name + 4), "a row for the command", name);
	}
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

static void check_attach_types(const struct btf *btf, struct counts *counts)
{
	int id = btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);

	expect(counts, type, "the kernel has an enum", "bpf_attach_type");
	for (int i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *e = &btf_enum(type)[i];
		const char *name = btf__name_by_offset(btf, e->name_off);
		const struct cmd_attach *attach = cmd_attach_of((uint32_t)e->val);

		if (strncmp(name, "__", 2))
			expect(counts, attach && !strcmp(attach->name, name + 4),
			       "a row for the attach type", name);
	}
}

int main(int argc, char **argv)
{
	struct btf *btf = argc > 2 ? btf__parse_raw(argv[1]) : btf__load_vmlinux_btf();
	struct counts counts = { 0 };
	struct utsname un = { 0 };
	int id;

	(void)uname(&un);
	counts.newer = version_is_newer(argc > 2 ? argv[2] : un.release);

	if (!btf) {
		printf("no BTF of the running kernel\n0 passed, 0 failed, 1 skipped\n");
		return 77;
	}
	check_commands(btf, &counts);
	id = btf__find_by_name_kind(btf, "bpf_attr", BTF_KIND_UNION);
	expect(&counts, id >= 0, "the kernel has a union", "bpf_attr");
	if (id >= 0) {
		check_members(btf, (__u32)id, "", 0, 0, &counts);
		expect(&counts, btf__resolve_size(btf, (__u32)id) <= ATTR_BYTES,
		       "union bpf_attr is no longer than our record", "sizeof");
	}
	/* The control: the walk found what it should find, and notices what is not there. */
	expect(&counts, counts.fields > 100, "the walk reaches the fields", "control");
	expect(&counts, !has_field("insns", 0, 8), "a moved field is noticed", "control");
	check_attach_types(btf, &counts);
	btf__free(btf);
	if (version_is_newer("7.3.4") || !version_is_newer("7.4-rc1") || !version_is_newer("8.0") || version_is_newer("6.18.44"))
		counts.failed++, printf("FAILED control: what is newer\n");
	printf("%d passed, %d failed%s\n", counts.passed, counts.failed,
	       counts.noted ? "; the running kernel is newer than our record, see the notes" : "");
	return counts.failed ? 1 : 0;
}
