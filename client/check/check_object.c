/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as inputs of bpfgate-check. Promises that a kernel is asked with its own types,
 * configuration, symbols and version only: what of these is not known is said to be not checked
 * where a program hangs on it, and is never taken from another kernel. What the kernel is known to
 * lack is a refusal, in the name that the source has for it.
 */
#include "client/check/check_object.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/check/check.h"
#include "client/check/check_features.h"
#include "object/elf.h"
#include "proto/own.h"
#include "verifier/kernel/names.h"

_Static_assert(CHECK_REASON_BYTES == ELF_REASON_BYTES, "one buffer for both");

#define MAP_PAGE    4096u
#define MAP_STACK   (127u * 8u) /* addresses: what the kernel keeps by default */
#define KCONFIG_MAP                                                                                \
	"object.kconfig" /* as libbpf names it, for the object name that elf.c gives               \
			  */

/* Types of nobody: CO-RE relocations find nothing there, and programs that have some are not
 * judged. */
static const struct {
	struct btf_header header;
	char names[4];
} no_types = { .header = { .magic = BTF_MAGIC,
			   .version = BTF_VERSION,
			   .hdr_len = sizeof(struct btf_header),
			   .str_len = 1 } };

struct passing {
	const struct needs *needs;
	const struct check_kernel *kernel;
	check_program_fn fn;
	void *arg;
	struct check_finding object; /* of all programs, before any is looked at */
	struct check_finding table;  /* of programs that are functions of a table */
	bool config_assumed;
	uint32_t idx;
};

static void __attribute__((format(printf, 5, 6)))
find(struct check_finding *finding, enum diag_code code, bool refused, int err, const char *fmt, ...)
{
	va_list ap;

	if (finding->code && (finding->refused || !refused))
		return; /* a refusal outweighs what is not known; else the first counts */
	*finding = (struct check_finding){ .code = code, .refused = refused, .err = err };
	va_start(ap, fmt);
	(void)vsnprintf(finding->message, sizeof(finding->message), fmt, ap);
	va_end(ap);
}

/* ---- externs ------------------------------------------------------------------------------ */

static bool config_has(const char *config, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = config; (at = strstr(at, name)); at += len)
		if ((at == config || at[-1] == '\n') && at[len] == '=')
			return true;
	return false;
}

static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == '\n') && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

static bool types_have(const struct btf_view *types, const char *name)
{
	return types && (btf_view_find(types, BTF_KIND_FUNC, name) ||
			 btf_view_find(types, BTF_KIND_VAR, name));
}

static void check_config(struct passing *p, const struct needs_extern *one)
{
	const char *config = check_kernel_config(p->kernel);

	if (!config)
		p->config_assumed = true;
	else if (!one->weak && !config_has(config, one->name))
		find(&p->object, CODE_OBJECT_EXTERN, true, ESRCH,
		     "%s is not set in the configuration of %s", one->name, p->kernel->name);
}

static void check_symbol(struct passing *p, const struct needs_extern *one)
{
	const char *symbols = check_kernel_symbols(p->kernel);

	if (symbols && !one->weak && !list_has(symbols, one->name))
		find(&p->object, CODE_OBJECT_EXTERN, true, ESRCH, "%s has no symbol %s",
		     p->kernel->name, one->name);
	else if (!symbols && !(types_have(check_kernel_types(p->kernel), one->name)))
		find(&p->object, CODE_NOT_CHECKED, false, 0, "the symbols of %s are not known: %s",
		     p->kernel->name, one->name);
}

static void check_typed(struct passing *p, const struct needs_extern *one)
{
	const struct btf_view *types = check_kernel_types(p->kernel);
	bool function = one->kind == NEEDS_FUNCTION;
	const char *end = strstr(one->name, "___");
	char name[128];

	(void)snprintf(name, sizeof(name), "%.*s",
		       (int)(end && function ? (size_t)(end - one->name) : strlen(one->name)),
		       one->name);
	if (!types)
		find(&p->object, CODE_NOT_CHECKED, false, 0, "the types of %s are not known: %s %s",
		     p->kernel->name, function ? "kfunc" : "variable", one->name);
	else if (!one->weak && !btf_view_find(types, function ? BTF_KIND_FUNC : BTF_KIND_VAR, name))
		find(&p->object, CODE_OBJECT_EXTERN, true, ESRCH, "%s has no %s %s outside of modules",
		     p->kernel->name, function ? "kfunc" : "variable", one->name);
}

static void check_externs(struct passing *p)
{
	for (size_t i = 0; i < p->needs->extern_cnt; i++) {
		const struct needs_extern *one = &p->needs->externs[i];

		if (one->kind == NEEDS_CONFIG)
			check_config(p, one);
		else if (one->kind == NEEDS_SYMBOL)
			check_symbol(p, one);
		else if (one->kind != NEEDS_VERSION)
			check_typed(p, one);
	}
}

/* A table of functions is of a type of the kernel's, which has another around it. */
static void check_table(struct passing *p, const char *name)
{
	const struct btf_view *types = check_kernel_types(p->kernel);
	const char *flavour = strstr(name, "___");
	char wrapper[160];

	(void)snprintf(wrapper, sizeof(wrapper), "bpf_struct_ops_%.*s",
		       (int)(flavour ? (size_t)(flavour - name) : strlen(name)), name);
	if (!types)
		find(&p->table, CODE_NOT_CHECKED, false, 0, "the types of %s are not known: struct_ops %s", p->kernel->name,
		     name);
	else if (!btf_view_find(types, BTF_KIND_STRUCT, wrapper))
		find(&p->table, CODE_OBJECT_EXTERN, true, ESRCH, "%s has no struct_ops of type %s outside of modules",
		     p->kernel->name, name);
}

static void check_tables(struct passing *p)
{
	static const char *const sections[] = { ".struct_ops", ".struct_ops.link" };
	const struct btf_view *btf = p->needs->btf;

	for (size_t i = 0; btf && i < ARRAY_CNT(sections); i++) {
		uint32_t id = btf_view_find(btf, BTF_KIND_DATASEC, sections[i]);
		const struct btf_type *sec = id ? btf_view_type(btf, id) : NULL;

		for (uint32_t k = 0; sec && k < btf_vlen_of(sec); k++) {
			const struct btf_type *var = btf_view_type(btf, btf_vars_of(sec)[k].type);
			const struct btf_type *t =
				var && btf_kind_of(var) == BTF_KIND_VAR ? btf_skip_mods(btf, var->type, NULL) : NULL;

			if (t && btf_is_struct(t))
				check_table(p, btf_view_str(btf, t->name_off));
		}
	}
}

/* So that libbpf goes on to the programs that do not ask: a value for every CONFIG_* extern. */
static char *some_config(const struct needs *needs)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	for (size_t i = 0; out && i < needs->extern_cnt; i++)
		if (needs->externs[i].kind == NEEDS_CONFIG)
			(void)fprintf(out, "%s=%s\n", needs->externs[i].name,
				      needs->externs[i].some_value);
	if (out)
		(void)fclose(out);
	return text;
}

/* Where a kernel's symbols are not known: those that its types have. */
static char *symbols_of_types(const struct needs *needs, const struct btf_view *types)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	for (size_t i = 0; out && i < needs->extern_cnt; i++)
		if (needs->externs[i].kind == NEEDS_SYMBOL &&
		    types_have(types, needs->externs[i].name))
			(void)fprintf(out, "%s\n", needs->externs[i].name);
	if (out)
		(void)fclose(out);
	return text;
}

static bool has_externs(const struct needs *needs, enum needs_kind kind)
{
	for (size_t i = 0; i < needs->extern_cnt; i++)
		if (needs->externs[i].kind == kind)
			return true;
	return false;
}

/* ---- programs ----------------------------------------------------------------------------- */

static bool uses_config(const struct bgv_program *prog)
{
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		if (!strncmp(prog->maps[i].name, KCONFIG_MAP, sizeof(prog->maps[i].name)))
			return true;
	return false;
}

/* What an inner map is like decides what a program may do with it, and here nobody has said it. */
static const char *map_of_unknown_maps(const struct needs *needs, const struct bgv_program *prog)
{
	for (uint32_t i = 0; i < prog->map_cnt; i++) {
		const struct bgv_map *map = &prog->maps[i];

		if ((map->type == MT_ARRAY_OF_MAPS || map->type == MT_HASH_OF_MAPS) && !map->inner_idx &&
		    !needs_map_has(needs, map->name, "values"))
			return map->name;
	}
	return NULL;
}

/* Sections of programs that libbpf looks a target up for in the kernel's types, and how it is named
 * there. */
static const struct {
	const char *prefix, *named;
	uint32_t kind;
} targets[] = {
	{ "fentry/", "", BTF_KIND_FUNC },
	{ "fentry.s/", "", BTF_KIND_FUNC },
	{ "fexit/", "", BTF_KIND_FUNC },
	{ "fexit.s/", "", BTF_KIND_FUNC },
	{ "fmod_ret/", "", BTF_KIND_FUNC },
	{ "fmod_ret.s/", "", BTF_KIND_FUNC },
	{ "tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF },
	{ "lsm/", "bpf_lsm_", BTF_KIND_FUNC },
	{ "lsm.s/", "bpf_lsm_", BTF_KIND_FUNC },
	{ "lsm_cgroup/", "bpf_lsm_", BTF_KIND_FUNC },
	{ "iter/", "bpf_iter_", BTF_KIND_FUNC },
	{ "iter.s/", "bpf_iter_", BTF_KIND_FUNC },
};

/* "+": libbpf did not load it. Is it that the kernel has no such target? */
static void check_attach_target(const struct passing *p, const struct elf_program *program,
				struct check_finding *finding)
{
	const struct btf_view *types = check_kernel_types(p->kernel);
	const char *target;
	char name[192];

	for (size_t i = 0; i < ARRAY_CNT(targets); i++) {
		if (strncmp(program->section, targets[i].prefix, strlen(targets[i].prefix)) != 0)
			continue;
		target = program->section + strlen(targets[i].prefix);
		(void)snprintf(name, sizeof(name), "%s%s", targets[i].named, target);
		if (!p->kernel->btf)
			find(finding, CODE_NOT_CHECKED, false, 0,
			     "the types of %s are not known: attach target %s", p->kernel->name,
			     target);
		else if (types && !btf_view_find(types, targets[i].kind, name))
			find(finding, CODE_OBJECT_ATTACH, true, ESRCH,
			     "%s has no %s to attach to outside of modules", p->kernel->name,
			     target);
	}
}

static void check_program(const struct passing *p, const struct elf_program *program,
			  struct check_finding *finding)
{
	*finding = p->object;
	if (p->table.code && !strncmp(program->section, "struct_ops", strlen("struct_ops")))
		find(finding, p->table.code, p->table.refused, p->table.err, "%s", p->table.message);
	if (!p->kernel->btf &&
	    (needs_core_in(p->needs, program->section) || needs_core_in(p->needs, ".text")))
		find(finding, CODE_NOT_CHECKED, false, 0,
		     "the types of %s are not known: CO-RE relocations", p->kernel->name);
	if (p->config_assumed && program->prog && uses_config(program->prog))
		find(finding, CODE_NOT_CHECKED, false, 0, "the configuration of %s is not known",
		     p->kernel->name);
	/* a traffic classifier's attach type is looked at from 6.6 on only, and when it is attached */
	if (program->prog && map_of_unknown_maps(p->needs, program->prog))
		find(finding, CODE_NOT_CHECKED, false, 0, "which maps %.15s holds is left to the loader",
		     map_of_unknown_maps(p->needs, program->prog));
	if (program->prog && finding->code && !finding->refused && p->kernel->target &&
	    program->prog->prog_type != BPF_PROG_TYPE_SCHED_CLS) {
		char message[CHECK_REASON_BYTES];

		if (check_features_missing(p->kernel->target, program->prog, message))
			find(finding, CODE_FEATURE, true, EINVAL, "%s", message);
	}
	if (program->prog)
		return;
	if (program->section_unknown)
		find(finding, CODE_OBJECT_SECTION, false, 0, "the section \"%s\" does not say which type of program it holds",
		     program->section);
	check_attach_target(p, program, finding);
	find(finding, CODE_OBJECT_LOAD, false, 0, "%s", program->reason);
}

/* Those that belong to something else's lifetime have no number of entries. */
static bool map_is_storage(uint32_t type)
{
	return type == MT_SK_STORAGE || type == MT_INODE_STORAGE || type == MT_TASK_STORAGE || type == MT_CGRP_STORAGE ||
	       type == MT_CGROUP_STORAGE || type == MT_PERCPU_CGROUP_STORAGE;
}

/*
 * What the object leaves out its loader puts in before it loads (bpf_map__set_max_entries()), so nobody can judge it here;
 * what it says to be 0 is 0.
 */
static struct bgv_map map_completed(const struct needs *needs, const struct bgv_map *map)
{
	bool ring = map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF;
	struct bgv_map whole = *map;

	if (!map->max_entries && !needs_map_has(needs, map->name, "max_entries") && !map_is_storage(map->type))
		whole.max_entries = ring ? MAP_PAGE : 1;
	if (!map->value_size && map->type == BPF_MAP_TYPE_STACK_TRACE &&
	    !needs_map_has(needs, map->name, "value_size") && !needs_map_has(needs, map->name, "value"))
		whole.value_size = MAP_STACK;
	return whole;
}

/* The loader makes all maps before the first program. */
static void check_map(void *arg, const struct bgv_map *map, const struct bgv_map *inner)
{
	char message[CHECK_REASON_BYTES];
	struct passing *p = arg;
	const struct bgv_map whole = map_completed(p->needs, map), any = { .type = MT_ARRAY };
	int r;

	if (!p->kernel->target)
		return;
	if (!inner && !needs_map_has(p->needs, map->name, "values"))
		inner = &any; /* the loader says which (bpf_map__set_inner_map_fd()) */
	r = bgv_map_check(p->kernel->target, &whole, inner, message);
	if (r < 0)
		find(&p->object, CODE_MAP_CREATE, true, -r, "map %.15s: %.200s", map->name, message);
}

static void pass_on(void *arg, const struct elf_program *program)
{
	struct passing *p = arg;
	struct check_finding finding;
	const struct check_object_program one = {
		.name = program->name,
		.section = program->section,
		.prog = program->prog,
		.finding = &finding,
		.idx = p->idx++,
	};

	check_program(p, program, &finding);
	p->fn(p->arg, &one);
}

int check_object_programs(const uint8_t *bytes, size_t bytes_cnt, const struct needs *needs,
			  const struct check_kernel *kernel, check_program_fn fn, void *arg,
			  char *ret_reason)
{
	struct passing passing = { .needs = needs, .kernel = kernel, .fn = fn, .arg = arg };
	OWN_MEM char *config = NULL, *symbols = NULL;
	struct elf_options opt = {
		.mode = BGV_MODE_FULL,
		.caps = BGV_CAP_ALL,
		.reason = ret_reason,
		.map_fn = check_map,
		.release = kernel->name,
		.vmlinux_btf = kernel->btf ? kernel->btf : (const uint8_t *)&no_types,
		.vmlinux_btf_bytes = kernel->btf ? kernel->btf_bytes : sizeof(no_types.header) + 1,
	};

	check_externs(&passing);
	check_tables(&passing);
	if (passing.config_assumed)
		opt.config = config = some_config(needs);
	else if (has_externs(needs, NEEDS_CONFIG))
		opt.config = check_kernel_config(kernel);
	if (has_externs(needs, NEEDS_SYMBOL)) {
		opt.symbols = check_kernel_symbols(kernel);
		if (!opt.symbols)
			opt.symbols = symbols = symbols_of_types(needs, check_kernel_types(kernel));
	}
	return elf_programs(bytes, bytes_cnt, &opt, pass_on, &passing);
}
