/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Externs of an object, from its BTF. Promises a line for each of them and nothing more; trusts libbpf, which
 * took the BTF, for its records being whole, but follows no chain of types without an end in sight.
 */
#include "object/assume.h"

#include <gelf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "proto/own.h"

static Elf_Data *section_data(Elf *elf, const char *wanted)
{
	size_t strings;
	GElf_Shdr shdr;
	const char *name;

	if (!elf || elf_getshdrstrndx(elf, &strings) != 0)
		return NULL;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		name = gelf_getshdr(scn, &shdr) ? elf_strptr(elf, strings, shdr.sh_name) : NULL;
		if (name && !strcmp(name, wanted))
			return elf_getdata(scn, NULL);
	}
	return NULL;
}

struct btf *assume_types(const void *object, size_t bytes)
{
	Elf_Data *data = NULL;
	struct btf *btf = NULL;
	Elf *elf = NULL;

	if (elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_memory((char *)(uintptr_t)object, bytes); /* reads it only */
	data = section_data(elf, ".BTF");
	if (data && data->d_buf && data->d_size <= UINT32_MAX)
		btf = btf__new(data->d_buf, (uint32_t)data->d_size);
	(void)elf_end(elf);
	return libbpf_get_error(btf) ? NULL : btf;
}

#define MODS_MAX 32 /* of one type: more than the C compiler makes */

static const struct btf_type *without_mods(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	for (int i = 0; t && i < MODS_MAX && (btf_is_mod(t) || btf_is_typedef(t)); i++)
		t = btf__type_by_id(btf, t->type);
	return t;
}

static const char *some_value(const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(btf, t->name_off);

	if (btf_is_array(t))
		return "\"\"";
	return btf_is_int(t) && t->size > 1 && (!name || strcmp(name, "_Bool")) ? "1" : "y";
}

static void say_config(FILE *out, const struct btf *btf, const char *name, const struct btf_type *t)
{
	if (t && !strncmp(name, "CONFIG_", strlen("CONFIG_")))
		(void)fprintf(out, "%s=%s\n", name, some_value(btf, t));
}

static void say_symbol(FILE *out, const struct btf *btf, const char *name, const struct btf_type *t)
{
	if (t && btf_is_void(t))
		(void)fprintf(out, "%s\n", name);
}

typedef void (*say_fn)(FILE *out, const struct btf *btf, const char *name, const struct btf_type *t);

static char *each_extern(const struct btf *btf, const char *section, say_fn say)
{
	int id = btf ? btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC) : -1;
	const struct btf_type *sec = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL, *var;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = sec ? open_memstream(&text, &bytes) : NULL;
	const char *name;

	for (uint32_t i = 0; out && i < btf_vlen(sec); i++) {
		var = btf__type_by_id(btf, btf_var_secinfos(sec)[i].type);
		name = var && btf_is_var(var) ? btf__name_by_offset(btf, var->name_off) : NULL;
		if (name && *name && !strpbrk(name, " \n"))
			say(out, btf, name, without_mods(btf, var->type));
	}
	if (out)
		(void)fclose(out);
	return text;
}

char *assume_config(const struct btf *btf)
{
	return each_extern(btf, ".kconfig", say_config);
}

char *assume_symbols(const struct btf *btf)
{
	return each_extern(btf, ".ksyms", say_symbol);
}
