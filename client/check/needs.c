/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an object's demands on a kernel. Promises to stay inside the object's bytes, which it
 * believes nothing of; a record that makes no sense is left out, since libbpf reads the same
 * records and says what is wrong with them.
 */
#include "client/check/needs.h"

#include <errno.h>
#include <gelf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

#define CORES_MAX	 65536u
#define EXTERNS_MAX	 4096u
#define CORE_RELO_BYTES	 16u
#define EXT_HEADER_BYTES 32u /* of .BTF.ext, up to the CO-RE section's place */
#define ACCESS_DEPTH_MAX 64

/* ---- ELF ---------------------------------------------------------------------------------- */

static const char *section_name(Elf *elf, size_t idx)
{
	Elf_Scn *scn = elf_getscn(elf, idx);
	size_t strings;
	GElf_Shdr shdr;
	const char *name;

	if (!scn || !gelf_getshdr(scn, &shdr) || elf_getshdrstrndx(elf, &strings) != 0)
		return "";
	name = elf_strptr(elf, strings, shdr.sh_name);
	return name ? name : "";
}

static Elf_Data *section_data(Elf *elf, const char *name)
{
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn))
		if (!strcmp(section_name(elf, elf_ndxscn(scn)), name))
			return elf_getdata(scn, NULL);
	return NULL;
}

/* The first section of that type, with its header; NULL: none. */
static Elf_Data *section_of_type(Elf *elf, uint32_t type, GElf_Shdr *ret_shdr)
{
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn))
		if (gelf_getshdr(scn, ret_shdr) && ret_shdr->sh_type == type)
			return elf_getdata(scn, NULL);
	return NULL;
}

/* Calls of a symbol of that name: 1 found, 0 not. */
static bool symbol_find(Elf *elf, const char *name, GElf_Sym *ret_sym)
{
	GElf_Shdr shdr;
	Elf_Data *symbols = section_of_type(elf, SHT_SYMTAB, &shdr);
	const char *one;

	for (int i = 0; symbols && gelf_getsym(symbols, i, ret_sym); i++) {
		one = elf_strptr(elf, shdr.sh_link, ret_sym->st_name);
		if (one && !strcmp(one, name))
			return true;
	}
	return false;
}

/* ---- externs ------------------------------------------------------------------------------ */

static const char *some_value(const struct btf_view *btf, const struct btf_type *t)
{
	uint32_t kind = btf_kind_of(t);

	if (kind == BTF_KIND_ARRAY)
		return "\"\"";
	return kind == BTF_KIND_INT && t->size > 1 &&
			       strcmp(btf_view_str(btf, t->name_off), "_Bool") != 0
		       ? "1"
		       : "y";
}

static void extern_fill(const struct btf_view *btf, const char *section, uint32_t id,
			struct needs_extern *one)
{
	const struct btf_type *t = btf_view_type(btf, id);

	one->name = btf_view_name(btf, id);
	one->kind = NEEDS_FUNCTION;
	if (btf_kind_of(t) == BTF_KIND_FUNC)
		return;
	t = btf_skip_mods(btf, t->type, NULL);
	one->kind = !t || btf_is_void(t) ? NEEDS_SYMBOL : NEEDS_VARIABLE;
	if (strcmp(section, ".kconfig") != 0 || !t)
		return;
	one->kind = btf_text_begins(one->name, "CONFIG_") ? NEEDS_CONFIG : NEEDS_VERSION;
	one->some_value = some_value(btf, t);
}

static int read_datasec(struct needs *needs, uint32_t sec_id)
{
	const struct btf_type *sec = btf_view_type(needs->btf, sec_id);
	const struct btf_var_secinfo *var = btf_vars_of(sec);
	const char *section = btf_view_name(needs->btf, sec_id);
	uint32_t cnt = btf_vlen_of(sec);
	struct needs_extern *grown;

	if (cnt > EXTERNS_MAX - needs->extern_cnt)
		return -E2BIG;
	grown = reallocarray(needs->externs, needs->extern_cnt + cnt + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	needs->externs = grown;
	for (uint32_t i = 0; i < cnt; i++) {
		struct needs_extern *one = &needs->externs[needs->extern_cnt];
		const struct btf_type *t = btf_view_type(needs->btf, var[i].type);
		GElf_Sym sym;

		if (!t || (btf_kind_of(t) != BTF_KIND_VAR && btf_kind_of(t) != BTF_KIND_FUNC))
			continue;
		*one = (struct needs_extern){ 0 };
		extern_fill(needs->btf, section, var[i].type, one);
		/* one that nobody refers to has no symbol, and libbpf does not look for it */
		if (!symbol_find(needs->elf, one->name, &sym))
			continue;
		one->weak = GELF_ST_BIND(sym.st_info) == STB_WEAK;
		needs->extern_cnt++;
	}
	return 0;
}

static int read_externs(struct needs *needs)
{
	static const char *const sections[] = { ".kconfig", ".ksyms" };
	uint32_t id;
	int r = 0;

	for (size_t i = 0; i < ARRAY_CNT(sections) && r >= 0; i++) {
		id = btf_view_find(needs->btf, BTF_KIND_DATASEC, sections[i]);
		if (id)
			r = read_datasec(needs, id);
	}
	return r;
}

/* ---- CO-RE records ------------------------------------------------------------------------ */

static uint32_t load_u32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static int add_core(struct needs *needs, const char *section, const uint8_t *record)
{
	uint32_t access = load_u32(record + 8);
	struct needs_core *grown;

	if (!btf_str_fits(needs->btf, access) || load_u32(record + 4) >= btf_view_cnt(needs->btf))
		return 0;
	if (needs->core_cnt == CORES_MAX)
		return -E2BIG;
	if (!(needs->core_cnt & (needs->core_cnt + 1))) { /* room is the next power of two */
		grown = reallocarray(needs->cores, 2 * (needs->core_cnt + 1), sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		needs->cores = grown;
	}
	needs->cores[needs->core_cnt++] = (struct needs_core){
		.section = section,
		.insn_idx = load_u32(record) / (uint32_t)sizeof(struct bpf_insn),
		.type_id = load_u32(record + 4),
		.access = btf_view_str(needs->btf, access),
		.kind = load_u32(record + 12),
	};
	return 0;
}

/* The part of .BTF.ext about CO-RE: record size, then for each section its name, a count and
 * records. */
static int read_core_part(struct needs *needs, const uint8_t *at, uint32_t bytes)
{
	uint32_t record, name, cnt, pos = 4;
	int r = 0;

	if (bytes < 4)
		return 0;
	record = load_u32(at);
	if (record < CORE_RELO_BYTES || record > bytes)
		return 0;
	while (bytes - pos >= 8) {
		name = load_u32(at + pos);
		cnt = load_u32(at + pos + 4);
		pos += 8;
		if (cnt > (bytes - pos) / record || !btf_str_fits(needs->btf, name))
			return 0;
		for (uint32_t i = 0; i < cnt && r >= 0; i++, pos += record)
			r = add_core(needs, btf_view_str(needs->btf, name), at + pos);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_cores(struct needs *needs)
{
	Elf_Data *ext = section_data(needs->elf, ".BTF.ext");
	const uint8_t *at = ext ? ext->d_buf : NULL;
	uint32_t hdr, off, len;

	if (!at || ext->d_size < EXT_HEADER_BYTES)
		return 0;
	hdr = load_u32(at + 4);
	if (hdr < EXT_HEADER_BYTES || hdr > ext->d_size)
		return 0; /* older than CO-RE */
	off = load_u32(at + 24);
	len = load_u32(at + 28);
	if (off > ext->d_size - hdr || len > ext->d_size - hdr - off)
		return 0;
	return read_core_part(needs, at + hdr + off, len);
}

/* ---- maps --------------------------------------------------------------------------------- */

static bool type_has_member(const struct btf_view *btf, uint32_t id, const char *member)
{
	const struct btf_type *t = btf_skip_mods(btf, id, NULL);

	for (uint32_t i = 0; t && btf_is_struct(t) && i < btf_vlen_of(t); i++)
		if (!strcmp(btf_view_str(btf, btf_members_of(t)[i].name_off), member))
			return true;
	return false;
}

bool needs_map_has(const struct needs *needs, const char *map, const char *member)
{
	uint32_t id = needs->btf ? btf_view_find(needs->btf, BTF_KIND_DATASEC, ".maps") : 0;
	const struct btf_type *sec = id ? btf_view_type(needs->btf, id) : NULL;

	for (uint32_t i = 0; sec && i < btf_vlen_of(sec); i++) {
		const struct btf_type *var = btf_view_type(needs->btf, btf_vars_of(sec)[i].type);

		if (var && btf_kind_of(var) == BTF_KIND_VAR &&
		    !strncmp(btf_view_str(needs->btf, var->name_off), map, BPF_OBJ_NAME_LEN - 1))
			return type_has_member(needs->btf, var->type, member);
	}
	return true; /* not the object's own, or nothing is known of it */
}

/* ---- the object --------------------------------------------------------------------------- */

struct needs *needs_new(const void *object, size_t bytes)
{
	struct needs *needs = calloc(1, sizeof(*needs));
	Elf_Data *btf;
	int r = 0;

	if (!needs || elf_version(EV_CURRENT) == EV_NONE) {
		free(needs);
		return NULL;
	}
	/* elf_memory() does not write to what it is given unless asked to update */
	needs->elf = elf_memory((char *)(uintptr_t)object, bytes);
	btf = needs->elf ? section_data(needs->elf, ".BTF") : NULL;
	if (btf && btf->d_buf && btf_view_new(btf->d_buf, btf->d_size, NULL, &needs->btf) >= 0) {
		r = read_externs(needs);
		if (r >= 0)
			r = read_cores(needs);
	}
	if (needs->elf && r != -ENOMEM)
		return needs;
	needs_free(needs);
	return NULL;
}

void needs_free(struct needs *needs)
{
	if (!needs)
		return;
	btf_view_free(needs->btf);
	elf_end(needs->elf);
	free(needs->externs);
	free(needs->cores);
	free(needs);
}

/* These ask for the object's own types: no kernel is needed to answer. */
static bool core_is_local(const struct needs_core *core)
{
	return core->kind == BPF_CORE_TYPE_ID_LOCAL;
}

bool needs_core_in(const struct needs *needs, const char *section)
{
	for (size_t i = 0; i < needs->core_cnt; i++)
		if (!core_is_local(&needs->cores[i]) && !strcmp(needs->cores[i].section, section))
			return true;
	return false;
}

/* Where an instruction of a function lies: its section and its byte there. */
static const char *place_of(const struct needs *needs, const char *function, uint32_t insn_off,
			    size_t *ret_section, uint64_t *ret_at)
{
	GElf_Sym sym;

	if (!*function || !symbol_find(needs->elf, function, &sym) ||
	    GELF_ST_TYPE(sym.st_info) != STT_FUNC)
		return NULL;
	*ret_section = sym.st_shndx;
	*ret_at = sym.st_value + (uint64_t)insn_off * sizeof(struct bpf_insn);
	return section_name(needs->elf, sym.st_shndx);
}

const struct needs_core *needs_core_at(const struct needs *needs, const char *function,
				       uint32_t insn_off)
{
	uint64_t at = 0;
	size_t idx = 0;
	const char *section = place_of(needs, function, insn_off, &idx, &at);

	for (size_t i = 0; section && i < needs->core_cnt; i++)
		if (needs->cores[i].insn_idx == at / sizeof(struct bpf_insn) &&
		    !strcmp(needs->cores[i].section, section))
			return &needs->cores[i];
	return NULL;
}

const char *needs_symbol_at(const struct needs *needs, const char *function, uint32_t insn_off)
{
	uint64_t at = 0;
	size_t idx = 0;
	GElf_Shdr shdr, symtab;
	Elf_Data *symbols = section_of_type(needs->elf, SHT_SYMTAB, &symtab);
	GElf_Rel rel;
	GElf_Sym sym;

	if (!symbols || !place_of(needs, function, insn_off, &idx, &at))
		return NULL;
	for (Elf_Scn *scn = elf_nextscn(needs->elf, NULL); scn;
	     scn = elf_nextscn(needs->elf, scn)) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_REL || shdr.sh_info != idx)
			continue;
		for (int i = 0; gelf_getrel(elf_getdata(scn, NULL), i, &rel); i++)
			if (rel.r_offset == at &&
			    gelf_getsym(symbols, (int)GELF_R_SYM(rel.r_info), &sym))
				return elf_strptr(needs->elf, symtab.sh_link, sym.st_name);
	}
	return NULL;
}

/* ---- what a relocation is about ----------------------------------------------------------- */

static const char *type_word(const struct btf_type *t)
{
	static const char *const words[] = {
		[BTF_KIND_STRUCT] = "struct ",	 [BTF_KIND_UNION] = "union ",
		[BTF_KIND_ENUM] = "enum ",	 [BTF_KIND_ENUM64] = "enum ",
		[BTF_KIND_TYPEDEF] = "typedef ",
	};
	uint32_t kind = btf_kind_of(t);

	return kind < ARRAY_CNT(words) && words[kind] ? words[kind] : "type ";
}

/* ".a.b[3]" of "0:1:2"; the first number indexes the pointer itself. */
static void field_path(const struct btf_view *btf, uint32_t id, const char *access, char *text,
		       size_t bytes)
{
	const struct btf_type *t = btf_skip_mods(btf, id, NULL);
	size_t used = 0;
	char *end;

	text[0] = '\0';
	access += strcspn(access, ":");
	for (int depth = 0; *access == ':' && t && depth < ACCESS_DEPTH_MAX && used < bytes;
	     depth++) {
		unsigned long nth = strtoul(access + 1, &end, 10);
		const char *name;

		if (end == access + 1)
			return;
		access = end;
		if (btf_is_struct(t) && nth < btf_vlen_of(t)) {
			name = btf_view_str(btf, btf_members_of(t)[nth].name_off);
			t = btf_skip_mods(btf, btf_members_of(t)[nth].type, NULL);
			if (*name)
				used += (size_t)snprintf(text + used, bytes - used, "%s%s",
							 used ? "." : "", name);
		} else if (btf_kind_of(t) == BTF_KIND_ARRAY) {
			used += (size_t)snprintf(text + used, bytes - used, "[%lu]", nth);
			t = btf_skip_mods(btf, btf_array_of(t)->type, NULL);
		} else {
			return;
		}
	}
}

static void enumerator_name(const struct btf_view *btf, uint32_t id, const char *access, char *text,
			    size_t bytes)
{
	const struct btf_type *t = btf_skip_mods(btf, id, NULL);
	unsigned long nth = strtoul(access, NULL, 10);
	uint32_t name = 0;

	if (t && nth < btf_vlen_of(t) && btf_kind_of(t) == BTF_KIND_ENUM)
		name = ((const struct btf_enum *)(t + 1))[nth].name_off;
	else if (t && nth < btf_vlen_of(t) && btf_kind_of(t) == BTF_KIND_ENUM64)
		name = ((const struct btf_enum64 *)(t + 1))[nth].name_off;
	(void)snprintf(text, bytes, "%s", btf_view_str(btf, name));
}

void needs_core_text(const struct needs *needs, const struct needs_core *core,
		     char ret_text[NEEDS_TEXT_BYTES])
{
	const struct btf_type *t = btf_view_type(needs->btf, core->type_id);
	const char *name = btf_view_name(needs->btf, core->type_id), *flavour = strstr(name, "___");
	int name_len = (int)(flavour ? (size_t)(flavour - name) : strlen(name));
	char part[128] = "";

	if (core->kind <= BPF_CORE_FIELD_RSHIFT_U64)
		field_path(needs->btf, core->type_id, core->access, part, sizeof(part));
	else if (core->kind == BPF_CORE_ENUMVAL_EXISTS || core->kind == BPF_CORE_ENUMVAL_VALUE)
		enumerator_name(needs->btf, core->type_id, core->access, part, sizeof(part));
	(void)snprintf(ret_text, NEEDS_TEXT_BYTES, "%s%s%s%s%.*s",
		       core->kind <= BPF_CORE_FIELD_RSHIFT_U64 ? "field "
		       : *part				       ? "enumerator "
							       : "",
		       part, *part ? " of " : "", type_word(t), name_len, name);
}
