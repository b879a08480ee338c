/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs libbpf's own loading against the fake bpf(2). Promises one call per program, loaded or not,
 * in the object's order; trusts libbpf to survive the object only as far as the process around it
 * can afford its death. A program that libbpf refuses spoils the loading of its neighbours, so
 * whatever is still missing after the first attempt is loaded once more alone.
 */
#include "object/elf.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "object/assume.h"
#include "object/fakebpf.h"
#include "object/gather.h"
#include "object/section.h"
#include "proto/own.h"

#define TOKEN_BYTES  8u /* the log buffer whose address tells libbpf's programs apart */
#define LOG_ANY	     1 /* libbpf passes the buffer on only with a level */

struct slot {
	struct gather *gather; /* the program, once libbpf has loaded it */
	char *name, *section;
	bool section_unknown;
	char reason[ELF_REASON_BYTES];
	struct digest_symbol symbols[ELF_SYMBOLS_MAX + 1];
	uint32_t symbol_cnt;
};

struct loading {
	const void *bytes;
	size_t bytes_cnt;
	uint8_t *renamed; /* the same, with names that libbpf knows; NULL: nothing to rename */
	const struct elf_options *opt;
	struct fakebpf *fake;
	struct slot *slots;
	size_t cnt;
	uint8_t *tokens;
	char *config, *symbols; /* that were assumed */
	char **names;		/* of the symbols, in their order; NULL-terminated */
	uint32_t name_cnt;
};

static char *current_reason; /* libbpf's printer has no context either */

static int keep_reason(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && current_reason && !*current_reason) {
		(void)vsnprintf(current_reason, ELF_REASON_BYTES, fmt, ap);
		current_reason[strcspn(current_reason, "\n")] = '\0';
	}
	return 0;
}

/* Which assumed symbol's address that instruction loads; UINT32_MAX: none. */
static uint32_t symbol_of(const struct loading *l, const struct bpf_insn *insn)
{
	uint64_t value = (uint32_t)insn[0].imm | (uint64_t)(uint32_t)insn[1].imm << 32;

	if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) || insn->src_reg || value < FAKEBPF_SYMBOL_ADDRESS ||
	    value - FAKEBPF_SYMBOL_ADDRESS >= l->name_cnt)
		return UINT32_MAX;
	return (uint32_t)(value - FAKEBPF_SYMBOL_ADDRESS);
}

static void note_symbols(const struct loading *l, struct slot *slot)
{
	const struct bgv_program *prog = &slot->gather->prog;
	uint32_t which;

	for (uint32_t i = 0; i + 1 < prog->insn_cnt && slot->symbol_cnt <= ELF_SYMBOLS_MAX; i++) {
		which = symbol_of(l, &prog->insns[i]);
		if (which != UINT32_MAX)
			slot->symbols[slot->symbol_cnt++] =
				(struct digest_symbol){ .insn_idx = i, .name = l->names[which] };
		i += prog->insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
}

/* A program reached PROG_LOAD: its log buffer tells which one. */
static void note_load(void *arg, const struct load_attr *attr)
{
	struct loading *l = arg;
	size_t idx = (size_t)((const uint8_t *)(uintptr_t)attr->log_buf - l->tokens) / TOKEN_BYTES;
	OWN_GATHER struct gather *g = NULL;

	if (idx >= l->cnt || l->slots[idx].gather)
		return;
	g = gather_new(&fakebpf_source, l->fake);
	if (!g)
		return;
	g->attr = *attr;
	if (gather_program(g) < 0)
		return;
	g->prog.mode = l->opt->mode;
	g->prog.caps = l->opt->caps;
	l->slots[idx].gather = TAKE_PTR(g);
	note_symbols(l, &l->slots[idx]);
}

static struct bpf_object *open_object(const struct loading *l)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "object", .relaxed_maps = true,
		    .kconfig = l->config ? l->config : l->opt->config);
	struct bpf_object *obj = bpf_object__open_mem(l->renamed ? l->renamed : l->bytes, l->bytes_cnt, &opts);

	return libbpf_get_error(obj) ? NULL : obj;
}

/* What this libbpf does not read in the section's name. */
static void set_meaning(const struct loading *l, struct bpf_program *prog)
{
	const char *name = bpf_program__section_name(prog);
	const struct section_meaning *meaning = section_find(name);

	if (meaning && bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC) {
		(void)bpf_program__set_type(prog, (enum bpf_prog_type)meaning->prog_type);
		(void)bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)meaning->attach_type);
		if (meaning->attach_btf && strlen(name) > strlen(meaning->prefix))
			(void)bpf_program__set_attach_target(prog, 0, name + strlen(meaning->prefix));
	}
	if ((meaning && meaning->sleepable) || section_was_sleepable(l->bytes, l->bytes_cnt, name))
		(void)bpf_program__set_flags(prog, bpf_program__flags(prog) | BPF_F_SLEEPABLE);
}

/* Loads the programs that are still missing; only one (of that index) unless it is SIZE_MAX. */
static void load_missing(struct loading *l, size_t only)
{
	struct bpf_object *obj = open_object(l);
	struct bpf_program *prog;
	struct bpf_map *map;
	size_t i = 0;

	if (!obj)
		return;
	bpf_object__for_each_map(map, obj)
		(void)bpf_map__set_pin_path(map, NULL);
	bpf_object__for_each_program(prog, obj) {
		bool load = i < l->cnt && !l->slots[i].gather && (only == SIZE_MAX || only == i);

		(void)bpf_program__set_autoload(prog, load);
		set_meaning(l, prog);
		if (load) {
			(void)bpf_program__set_log_level(prog, LOG_ANY);
			(void)bpf_program__set_log_buf(prog, (char *)l->tokens + i * TOKEN_BYTES,
						       TOKEN_BYTES);
		}
		i++;
	}
	(void)bpf_object__load(obj);
	bpf_object__close(obj);
}

static void load_all(struct loading *l)
{
	load_missing(l, SIZE_MAX);
	for (size_t i = 0; i < l->cnt; i++) {
		if (l->slots[i].gather)
			continue;
		current_reason = l->slots[i].reason;
		load_missing(l, i);
	}
	current_reason = NULL;
}

/* One name a line, as an array. */
static int split_names(const char *text, struct loading *l)
{
	size_t cnt = 0;

	for (const char *at = text; *at; at++)
		cnt += *at == '\n';
	l->names = calloc(cnt + 1, sizeof(*l->names));
	for (const char *at = text; l->names && *at; at += strcspn(at, "\n") + 1)
		if (!(l->names[l->name_cnt++] = strndup(at, strcspn(at, "\n"))))
			return -ENOMEM;
	return l->names ? 0 : -ENOMEM;
}

static int assume(struct loading *l)
{
	struct btf *btf = NULL;

	if (!l->opt->assume)
		return 0;
	btf = assume_types(l->bytes, l->bytes_cnt);
	l->config = assume_config(btf);
	l->symbols = assume_symbols(btf);
	btf__free(btf);
	if (!l->symbols)
		return 0;
	fakebpf_pretend(l->fake, l->opt->release, l->symbols);
	fakebpf_tell_symbols_apart(l->fake);
	return split_names(l->symbols, l);
}

static int name_programs(struct loading *l)
{
	struct bpf_object *obj = open_object(l);
	struct bpf_program *prog;
	size_t cnt = 0;
	int r;

	if (!obj)
		return -EBADMSG;
	bpf_object__for_each_program(prog, obj)
		cnt++;
	r = cnt > ELF_PROGRAMS_MAX ? -E2BIG : assume(l);
	if (r < 0) {
		bpf_object__close(obj);
		return r;
	}
	l->slots = calloc(cnt + 1, sizeof(*l->slots));
	l->tokens = calloc(cnt + 1, TOKEN_BYTES);
	if (l->slots && l->tokens)
		bpf_object__for_each_program(prog, obj) {
			l->slots[l->cnt].name = strdup(bpf_program__name(prog));
			l->slots[l->cnt].section = strdup(bpf_program__section_name(prog));
			l->slots[l->cnt].section_unknown = bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC &&
							   !section_find(bpf_program__section_name(prog));
			l->cnt++;
		}
	bpf_object__close(obj);
	for (size_t i = 0; i < l->cnt; i++)
		if (!l->slots[i].name || !l->slots[i].section)
			return -ENOMEM;
	return l->slots && l->tokens ? 0 : -ENOMEM;
}

static void report(const struct loading *l, elf_program_fn fn, void *arg)
{
	for (size_t i = 0; i < l->cnt; i++) {
		const struct slot *slot = &l->slots[i];
		const struct elf_program program = {
			.name = slot->name,
			.section = slot->section,
			.section_unknown = slot->section_unknown,
			.prog = slot->gather ? &slot->gather->prog : NULL,
			.reason = slot->gather	? NULL :
				  slot->reason[0] ? slot->reason :
						    "libbpf did not load it",
			.symbols = slot->symbols,
			.symbol_cnt = slot->symbol_cnt,
		};

		fn(arg, &program);
	}
}

static void loading_done(struct loading *l)
{
	for (size_t i = 0; i < l->cnt; i++) {
		gather_free(l->slots[i].gather);
		free(l->slots[i].name);
		free(l->slots[i].section);
	}
	for (uint32_t i = 0; i < l->name_cnt; i++)
		free(l->names[i]);
	free(l->names);
	free(l->config);
	free(l->symbols);
	free(l->slots);
	free(l->renamed);
	free(l->tokens);
	fakebpf_free(l->fake);
}

int elf_programs(const void *bytes, size_t bytes_cnt, const struct elf_options *opt, elf_program_fn fn,
		 void *arg)
{
	struct loading l = { .bytes = bytes, .bytes_cnt = bytes_cnt, .opt = opt };
	libbpf_print_fn_t old;
	int r;

	if (bytes_cnt > ELF_BYTES_MAX)
		return -E2BIG;
	l.renamed = section_rename(bytes, bytes_cnt);
	l.fake = fakebpf_new(opt->vmlinux_btf, opt->vmlinux_btf_bytes);
	if (!l.fake) {
		loading_done(&l);
		return -ENOMEM;
	}
	fakebpf_pretend(l.fake, opt->release, opt->symbols);
	old = libbpf_set_print(keep_reason);
	fakelibc_use(l.fake);
	if (opt->reason)
		opt->reason[0] = '\0';
	current_reason = opt->reason;
	r = name_programs(&l);
	current_reason = NULL;
	if (r >= 0) {
		fakebpf_expect(l.fake, l.tokens, l.cnt * TOKEN_BYTES, note_load, &l);
		load_all(&l);
		if (opt->map_fn)
			fakebpf_maps(l.fake, opt->map_fn, arg);
		report(&l, fn, arg);
	}
	fakelibc_use(NULL);
	(void)libbpf_set_print(old);
	loading_done(&l);
	return r;
}

void elf_warm(void)
{
	(void)libbpf_num_possible_cpus();
}

static int result_fill_symbols(const struct elf_program *program, struct elf_result *result)
{
	if (program->symbol_cnt > ELF_SYMBOLS_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < program->symbol_cnt; i++) {
		struct elf_symbol *one = &result->symbols[i];

		one->insn_idx = program->symbols[i].insn_idx;
		if (strlen(program->symbols[i].name) >= sizeof(one->name))
			return -E2BIG;
		strcpy(one->name, program->symbols[i].name);
	}
	result->symbol_cnt = program->symbol_cnt;
	return 0;
}

void elf_result_fill(const struct elf_program *program, const struct btfname *vmlinux,
		     struct elf_result *ret_result)
{
	const struct digest_options opt = { .vmlinux = vmlinux, .symbols = program->symbols,
					    .symbol_cnt = program->symbol_cnt };
	struct elf_result *result = ret_result;

	memset(result, 0, sizeof(*result));
	(void)snprintf(result->name, sizeof(result->name), "%s", program->name);
	(void)snprintf(result->section, sizeof(result->section), "%s", program->section);
	if (!program->prog) {
		result->err = -ENOEXEC;
		(void)snprintf(result->reason, sizeof(result->reason), "%s", program->reason);
		return;
	}
	result->prog_type = program->prog->prog_type;
	result->expected_attach_type = program->prog->expected_attach_type;
	result->insn_cnt = program->prog->insn_cnt;
	result->err = result_fill_symbols(program, result);
	if (!result->err)
		result->err = digest_program(program->prog, &opt, result->digest);
	if (result->err)
		(void)snprintf(result->reason, sizeof(result->reason), "it has no digest: %s", strerror(-result->err));
}
