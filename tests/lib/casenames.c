/* SPDX-License-Identifier: Apache-2.0 */
/* Names in text cases: see the header. */
#include "proto/own.h"
#include "tests/lib/casenames.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/kernel/names.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

static const struct {
	int id;
	const char *name;
} helpers[] = {
#define HELPER_TYPES(id, name, ...) { id, #name },
#include "verifier/kernel/helper_types.def"
#undef HELPER_TYPES
};

static int names_helper(void *arg, const char *name)
{
	for (size_t i = 0; i < ARRAY_CNT(helpers); i++)
		if (!strcmp(helpers[i].name, name))
			return helpers[i].id;
	return -ENOENT;
}

/* libbpf goes through all types each time; the same few names are asked for again and again. */
static int names_look(struct casenames *cn, const char *name, uint32_t kind)
{
	uint32_t h = kind;

	for (const char *c = name; *c; c++)
		h = h * 31 + (unsigned char)*c;
	h %= CASENAMES_KEPT;
	if (cn->kept[h].kind != kind || strcmp(cn->kept[h].name, name)) {
		cn->kept[h].kind = kind;
		cn->kept[h].id = btf__find_by_name_kind(cn->vmlinux, name, kind);
		snprintf(cn->kept[h].name, sizeof(cn->kept[h].name), "%s", name);
	}
	return cn->kept[h].id;
}

static int names_find(struct casenames *cn, const char *name, uint32_t kind)
{
	int id;

	if (!cn->vmlinux) {
		/* Only what looks like a kernel name: labels must stay labels. */
		cn->used = cn->used || !strncmp(name, "bpf_", 4) || kind == BTF_KIND_VAR;
		return !strncmp(name, "bpf_", 4) || kind == BTF_KIND_VAR ? 1 : -ENOENT;
	}
	id = names_look(cn, name, kind);
	if (id < 0 && !strncmp(name, "bpf_", 4)) {
		cn->missing = true;	/* an older kernel, or another configuration */
		id = 1;
	}
	if (id >= 0)
		cn->used = true;
	return id;
}

static int names_kfunc(void *arg, const char *name)
{
	return names_find(arg, name, BTF_KIND_FUNC);
}

static int names_var(void *arg, const char *name)
{
	return names_find(arg, name, BTF_KIND_VAR);
}

void casenames_init(struct casenames *cn)
{
	casenames_init_from(cn, VMLINUX_BTF);
}

void casenames_init_from(struct casenames *cn, const char *btf_path)
{
	FILE *f = fopen(btf_path, "re");
	size_t cap = 1 << 20, n;

	memset(cn, 0, sizeof(*cn));
	if (!f)
		return;
	do {
		void *grown = realloc(cn->vmlinux_data, cap);

		if (!grown)
			break;
		cn->vmlinux_data = grown;
		n = fread((char *)grown + cn->vmlinux_bytes, 1, cap - cn->vmlinux_bytes, f);
		cn->vmlinux_bytes += n;
		cap *= 2;
	} while (n);
	fclose(f);
	cn->vmlinux = btf__new(cn->vmlinux_data, (uint32_t)cn->vmlinux_bytes);
}

void casenames_done(struct casenames *cn)
{
	btf__free(cn->vmlinux);
	free(cn->vmlinux_data);
	memset(cn, 0, sizeof(*cn));
}

struct asm_names casenames_asm(struct casenames *cn)
{
	return (struct asm_names){
		.arg = cn, .helper = names_helper, .kfunc = names_kfunc, .var = names_var,
	};
}

void casenames_resolve(struct casenames *cn, struct tcase *c)
{
	static const struct {
		uint32_t attach;
		const char *prefix;
		uint32_t kind;
	} rules[] = {
		{ AT_TRACE_RAW_TP, "btf_trace_", BTF_KIND_TYPEDEF },
		{ AT_TRACE_ITER, "bpf_iter_", BTF_KIND_FUNC },
		{ AT_LSM_MAC, "bpf_lsm_", BTF_KIND_FUNC },
		{ AT_LSM_CGROUP, "bpf_lsm_", BTF_KIND_FUNC },
	};
	const char *prefix = "";
	uint32_t kind = c->prog.prog_type == PT_STRUCT_OPS ? BTF_KIND_STRUCT : BTF_KIND_FUNC;
	char name[128];
	int id;

	if (!c->attach_name[0])
		return;
	for (size_t i = 0; i < ARRAY_CNT(rules) && kind == BTF_KIND_FUNC; i++)
		if (rules[i].attach == c->prog.expected_attach_type) {
			prefix = rules[i].prefix;
			kind = rules[i].kind;
			break;
		}
	snprintf(name, sizeof(name), "%s%s", prefix, c->attach_name);
	id = names_find(cn, name, kind);
	c->needs_vmlinux = true;
	c->prog.attach_btf_id = id > 0 ? (uint32_t)id : 0;
}
