/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of verifier cases. Promises that every line of a file is understood or refused with its
 * number; trusts nothing about the file but that it is text.
 */
#include "proto/own.h"
#include "tests/lib/casefile.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/casebtf.h"
#include "verifier/kernel/names.h"

#define WORDS_MAX 32

struct reader {
	const char *file;
	uint32_t line;
	struct tcase c;
	bool in_case, has_expect;
	const struct asm_names *names;
	casefile_each each;
	void *arg;
};

static int refuse(const struct reader *rd, const char *what, const char *word)
{
	fprintf(stderr, "%s:%u: %s%s%s\n", rd->file, rd->line, what, word ? ": " : "",
		word ? word : "");
	return -EINVAL;
}

struct word_value {
	const char *name;
	uint32_t value;
};

static const struct word_value prog_flags[] = {
	{ "strict_alignment", PROG_F_STRICT_ALIGNMENT }, { "any_alignment", PROG_F_ANY_ALIGNMENT },
	{ "test_state_freq", PROG_F_TEST_STATE_FREQ }, { "sleepable", PROG_F_SLEEPABLE },
	{ "test_rnd_hi32", PROG_F_TEST_RND_HI32 }, { "xdp_has_frags", PROG_F_XDP_HAS_FRAGS },
	{ "test_reg_invariants", PROG_F_TEST_REG_INVARIANTS },
	{ "xdp_dev_bound_only", PROG_F_XDP_DEV_BOUND_ONLY },
};

static const struct word_value map_flags[] = {
	{ "no_prealloc", 1u << 0 }, { "no_common_lru", 1u << 1 }, { "rdonly", 1u << 3 },
	{ "wronly", 1u << 4 }, { "rdonly_prog", MAP_F_RDONLY_PROG },
	{ "wronly_prog", MAP_F_WRONLY_PROG }, { "mmapable", 1u << 10 }, { "inner_map", 1u << 12 },
};

static const struct word_value caps[] = {
	{ "bpf", BGV_CAP_BPF }, { "perfmon", BGV_CAP_PERFMON }, { "net_admin", BGV_CAP_NET_ADMIN },
	{ "sys_admin", BGV_CAP_SYS_ADMIN }, { "all", BGV_CAP_ALL }, { "none", 0 },
};

static const struct word_value modes[] = {
	{ "full", BGV_MODE_FULL }, { "leak_rules", BGV_MODE_LEAK_RULES },
	{ "no_perfmon", BGV_MODE_NO_PERFMON },
};

static const struct word_value target_flags[] = {
	{ "lockdown", BGV_TARGET_LOCKDOWN }, { "no_jit", BGV_TARGET_NO_JIT },
	{ "mitigations_off", BGV_TARGET_MITIGATIONS_OFF },
};

static const struct word_value errnos[] = {
	{ "EPERM", EPERM }, { "ENOENT", ENOENT }, { "E2BIG", E2BIG }, { "EBADF", EBADF },
	{ "ENOMEM", ENOMEM }, { "EACCES", EACCES }, { "EFAULT", EFAULT }, { "EINVAL", EINVAL },
	{ "ERANGE", ERANGE }, { "EPROTO", EPROTO }, { "EOPNOTSUPP", EOPNOTSUPP },
	{ "ENOTSUPP", 524 }, { "EEXIST", EEXIST }, { "EDEADLK", EDEADLK },
	{ "EBUSY", EBUSY },
};

static bool find_word(const struct word_value *table, size_t cnt, const char *word, uint32_t *ret)
{
	char *end;

	for (size_t i = 0; i < cnt; i++)
		if (!strcmp(table[i].name, word)) {
			*ret = table[i].value;
			return true;
		}
	if (!isdigit((unsigned char)*word))
		return false;
	*ret = (uint32_t)strtoul(word, &end, 0);
	return !*end;
}
#define FIND(table, word, ret) find_word(table, ARRAY_CNT(table), word, ret)

static bool find_name(const char *(*name_of)(uint32_t), uint32_t cnt, const char *word,
		      uint32_t *ret)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (name_of(i) && !strcmp(name_of(i), word)) {
			*ret = i;
			return true;
		}
	return false;
}

/* ---- one handler a keyword; argv[0] is the keyword --------------------------------------------- */

static int key_type(struct reader *rd, int argc, char **argv)
{
	if (argc == 2 && isdigit((unsigned char)argv[1][0])) { /* one that has no name */
		rd->c.prog.prog_type = (uint32_t)strtoul(argv[1], NULL, 0);
		return 0;
	}
	if (argc != 2 || !find_name(names_prog_type, PT_CNT, argv[1], &rd->c.prog.prog_type))
		return refuse(rd, "type: no such program type", argc > 1 ? argv[1] : NULL);
	return 0;
}

static int key_attach(struct reader *rd, int argc, char **argv)
{
	uint32_t *at = &rd->c.prog.expected_attach_type;

	if (argc < 2 || argc > 3)
		return refuse(rd, "attach TYPE [TARGET]", NULL);
	if (isdigit((unsigned char)argv[1][0]))	/* member of a struct_ops type */
		*at = (uint32_t)strtoul(argv[1], NULL, 0);
	else if (!find_name(names_attach_type, AT_CNT, argv[1], at))
		return refuse(rd, "attach: no such attach type", argv[1]);
	if (argc == 3) {
		snprintf(rd->c.attach_name, sizeof(rd->c.attach_name), "%s", argv[2]);
		rd->c.needs_vmlinux = true;
	}
	return 0;
}

static int key_license(struct reader *rd, int argc, char **argv)
{
	rd->c.license[0] = '\0';
	for (int i = 1; i < argc; i++)
		snprintf(rd->c.license + strlen(rd->c.license),
			 sizeof(rd->c.license) - strlen(rd->c.license), "%s%s", i > 1 ? " " : "",
			 argv[i]);
	return 0;
}

static int key_name(struct reader *rd, int argc, char **argv)
{
	snprintf(rd->c.prog_name, sizeof(rd->c.prog_name), "%s", argc > 1 ? argv[1] : "");
	return 0;
}

static int or_words(struct reader *rd, const struct word_value *table, size_t cnt, int argc,
		    char **argv, uint32_t *ret)
{
	*ret = 0;
	for (int i = 1; i < argc; i++) {
		uint32_t v;

		if (!find_word(table, cnt, argv[i], &v))
			return refuse(rd, argv[0], argv[i]);
		*ret |= v;
	}
	return 0;
}

static int key_flags(struct reader *rd, int argc, char **argv)
{
	return or_words(rd, prog_flags, ARRAY_CNT(prog_flags), argc, argv, &rd->c.prog.prog_flags);
}

static int key_caps(struct reader *rd, int argc, char **argv)
{
	rd->c.on_kernel = false;	/* the runner keeps all of its own */
	return or_words(rd, caps, ARRAY_CNT(caps), argc, argv, &rd->c.prog.caps);
}

static int key_target(struct reader *rd, int argc, char **argv)
{
	rd->c.on_kernel = false;
	return or_words(rd, target_flags, ARRAY_CNT(target_flags), argc, argv, &rd->c.target_flags);
}

static int key_mode(struct reader *rd, int argc, char **argv)
{
	uint32_t mode;

	if (argc != 2 || !FIND(modes, argv[1], &mode))
		return refuse(rd, "mode full|leak_rules|no_perfmon", NULL);
	rd->c.prog.mode = (enum bgv_mode)mode;
	if (mode == BGV_MODE_NO_PERFMON)
		rd->c.prog.caps &= ~BGV_CAP_PERFMON & ~BGV_CAP_SYS_ADMIN;
	if (mode != BGV_MODE_FULL)
		rd->c.on_kernel = false;
	return 0;
}

static int key_kernel(struct reader *rd, int argc, char **argv)
{
	if (argc != 2)
		return refuse(rd, "kernel VERSION", NULL);
	snprintf(rd->c.kernel, sizeof(rd->c.kernel), "%s", argv[1]);
	rd->c.on_kernel = false;
	return 0;
}

static int key_cpus(struct reader *rd, int argc, char **argv)
{
	if (argc != 2)
		return refuse(rd, "cpus N", NULL);
	rd->c.cpus = (uint32_t)strtoul(argv[1], NULL, 0);
	rd->c.on_kernel = false;
	return 0;
}

static int map_hex(struct reader *rd, struct bgv_map *m, unsigned char **data, const char *hex)
{
	size_t n = strlen(hex) / 2, bytes = m->value_size;

	if (m->type == MT_INSN_ARRAY)	/* all elements: their number comes first on the line */
		bytes *= m->max_entries;
	*data = calloc(1, bytes ? bytes : 1);
	if (!*data)
		return -ENOMEM;
	if (n > bytes)
		return refuse(rd, "data longer than the value", NULL);
	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return refuse(rd, "data is not hex", hex);
		(*data)[i] = (unsigned char)byte;
	}
	m->contents = *data;
	m->contents_bytes = bytes;
	return 0;
}

/* map TYPE key K value V max N [flags F…] [inner I] [frozen] [data HEX] [btf NAME] [extra E] */
static int key_map(struct reader *rd, int argc, char **argv)
{
	uint32_t i = rd->c.prog.map_cnt;
	struct bgv_map *m = &rd->c.maps[i];
	uint32_t v;

	if (i == CASE_MAPS_MAX || argc < 2 || !find_name(names_map_type, MT_CNT, argv[1], &m->type))
		return refuse(rd, "map: too many, or no such type", argc > 1 ? argv[1] : NULL);
	snprintf(m->name, sizeof(m->name), "map%u", i);
	for (int a = 2; a < argc; a++) {
		const char *k = argv[a], *val = a + 1 < argc ? argv[a + 1] : "";
		int r = 0;

		if (!strcmp(k, "frozen")) {
			m->frozen = 1;
			continue;
		}
		if (FIND(map_flags, k, &v) && !isdigit((unsigned char)*k)) {
			m->map_flags |= v;
			continue;
		}
		a++;
		if (!strcmp(k, "key"))
			m->key_size = (uint32_t)strtoul(val, NULL, 0);
		else if (!strcmp(k, "value"))
			m->value_size = (uint32_t)strtoul(val, NULL, 0);
		else if (!strcmp(k, "max"))
			m->max_entries = (uint32_t)strtoul(val, NULL, 0);
		else if (!strcmp(k, "extra"))
			m->map_extra = strtoull(val, NULL, 0);
		else if (!strcmp(k, "inner"))
			m->inner_idx = 1 + (uint32_t)strtoul(val, NULL, 0);
		else if (!strcmp(k, "data"))
			r = map_hex(rd, m, &rd->c.map_data[i], val);
		else if (!strcmp(k, "btf"))
			snprintf(rd->c.map_value[i], sizeof(rd->c.map_value[i]), "%s", val);
		else
			return refuse(rd, "map: unknown word", k);
		if (r < 0)
			return r;
	}
	rd->c.prog.map_cnt++;
	return 0;
}

/* accept | reject ERRNO | unsupported | undecided */
static int parse_verdict(struct reader *rd, int argc, char **argv, enum bgv_verdict *ret, int *err)
{
	uint32_t e = 0;

	*err = 0;
	if (argc == 2 && !strcmp(argv[1], "accept"))
		*ret = BGV_ACCEPT;
	else if (argc == 2 && !strcmp(argv[1], "unsupported"))
		*ret = BGV_UNSUPPORTED;
	else if (argc == 2 && !strcmp(argv[1], "undecided"))
		*ret = BGV_UNDECIDED;
	else if (argc == 3 && !strcmp(argv[1], "reject") && FIND(errnos, argv[2], &e))
		*ret = BGV_REJECT;
	else
		return refuse(rd, "expect accept | reject ERRNO [CODE] | unsupported", NULL);
	*err = (int)e;
	return 0;
}

/* "expect reject ERRNO CODE" names the diagnostic as well. */
static int key_expect(struct reader *rd, int argc, char **argv)
{
	rd->has_expect = true;
	if (argc == 4 && !strcmp(argv[1], "reject")) {
		snprintf(rd->c.code, sizeof(rd->c.code), "%s", argv[3]);
		argc = 3;
	}
	return parse_verdict(rd, argc, argv, &rd->c.verdict, &rd->c.err);
}

/* "twin NAME": an accepted case of the same file that differs only in what is refused here (tests/cases/codes). */
static int key_twin(struct reader *rd, int argc, char **argv)
{
	return argc > 1 ? 0 : refuse(rd, "twin NAME", NULL);
}

static int key_ifindex(struct reader *rd, int argc, char **argv)
{
	if (argc != 2)
		return refuse(rd, "ifindex N", NULL);
	rd->c.prog.prog_ifindex = (uint32_t)strtoul(argv[1], NULL, 0);
	rd->c.on_kernel = false;
	return 0;
}

static int key_kernel_says(struct reader *rd, int argc, char **argv)
{
	enum bgv_verdict v;

	rd->c.kernel_differs = true;
	return parse_verdict(rd, argc, argv, &v, &rd->c.kernel_err);
}

static int key_insns(struct reader *rd, int argc, char **argv)
{
	if (argc != 2)
		return refuse(rd, "insns N", NULL);
	rd->c.insns = (uint32_t)strtoul(argv[1], NULL, 0);
	return 0;
}

static int key_not_on_kernel(struct reader *rd, int argc, char **argv)
{
	rd->c.on_kernel = false;
	return 0;
}

static int key_needs_vmlinux(struct reader *rd, int argc, char **argv)
{
	rd->c.needs_vmlinux = true;
	return 0;
}

static int key_struct(struct reader *rd, int argc, char **argv)
{
	const char *error = NULL;
	int r = casebtf_struct(&rd->c.btf, argc, argv, &error);

	return r < 0 ? refuse(rd, "struct", error) : 0;
}

static int key_func(struct reader *rd, int argc, char **argv)
{
	const char *error = NULL;
	int r = casebtf_func(&rd->c.btf, argc, argv, &error);

	return r < 0 ? refuse(rd, "func", error) : 0;
}

static int key_tag(struct reader *rd, int argc, char **argv)
{
	const char *error = NULL;
	int r = casebtf_tag(rd->c.btf, argc, argv, &error);

	return r < 0 ? refuse(rd, "tag", error) : 0;
}

static int key_functions_btf(struct reader *rd, int argc, char **argv)
{
	rd->c.has_funcs = true;
	return 0;
}

static const struct {
	const char *word;
	int (*take)(struct reader *rd, int argc, char **argv);
} keys[] = {
	{ "type", key_type }, { "attach", key_attach }, { "license", key_license },
	{ "name", key_name }, { "flags", key_flags }, { "caps", key_caps },
	{ "target", key_target }, { "mode", key_mode }, { "kernel", key_kernel },
	{ "cpus", key_cpus }, { "map", key_map }, { "expect", key_expect }, { "twin", key_twin },
	{ "ifindex", key_ifindex }, { "tag", key_tag },
	{ "kernel_says", key_kernel_says }, { "insns", key_insns },
	{ "not_on_kernel", key_not_on_kernel }, { "needs_vmlinux", key_needs_vmlinux },
	{ "struct", key_struct }, { "func", key_func },
	{ "functions_btf", key_functions_btf },
};

static void case_begin(struct reader *rd, const char *name)
{
	struct tcase *c = &rd->c;

	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->file = rd->file;
	c->line = rd->line;
	c->on_kernel = true;
	c->prog.caps = BGV_CAP_ALL;
	c->prog.prog_type = PT_SOCKET_FILTER;
	snprintf(c->license, sizeof(c->license), "GPL");
	rd->in_case = true;
	rd->has_expect = false;
}

static void case_done(struct tcase *c)
{
	for (size_t i = 0; i < CASE_MAPS_MAX; i++)
		free(c->map_data[i]);
	free(c->text);
	casebtf_free(c->btf);
	asm_done(&c->as);
	memset(c, 0, sizeof(*c));
}

/* Everything is there: assembles the program and hands the case over. */
static int case_hand_over(struct reader *rd)
{
	struct tcase *c = &rd->c;
	const char *error = NULL;
	int r = asm_text(c->text, rd->names, &c->as);

	if (r < 0) {
		fprintf(stderr, "%s:%u: %s\n", rd->file, c->text_line + c->as.error_line, c->as.error);
		return r;
	}
	c->prog.insns = c->as.insns;
	c->prog.insn_cnt = c->as.cnt;
	c->prog.maps = c->maps;
	c->prog.license = c->license;
	c->prog.name = c->prog_name;
	c->prog.attach_name = c->attach_name[0] ? c->attach_name : NULL;
	if (c->has_funcs && !casefuncs_describe(&c->funcs, &c->prog))
		return refuse(rd, "too many functions", c->name);
	for (uint32_t i = 0; i < c->prog.map_cnt; i++)
		if (c->map_value[i][0] && casebtf_map(c->btf, c->map_value[i], &c->maps[i]) < 0)
			return refuse(rd, "map: btf names no struct, or the key is no u32", c->map_value[i]);
	r = casebtf_attach(c->btf, &c->as, &c->prog, &error);
	return r < 0 ? refuse(rd, "func: no such label", error) : rd->each(rd->arg, c);
}

static int case_end(struct reader *rd)
{
	struct tcase *c = &rd->c;
	int r;

	if (!rd->in_case)
		return 0;
	rd->in_case = false;
	if (!c->text || !rd->has_expect)
		r = refuse(rd, "case without program or expect", c->name);
	else
		r = case_hand_over(rd);
	case_done(c);
	return r;
}

/* Appends a program line. */
static int case_text(struct reader *rd, const char *line)
{
	struct tcase *c = &rd->c;
	size_t old = c->text ? strlen(c->text) : 0;
	char *grown = realloc(c->text, old + strlen(line) + 2);

	if (!grown)
		return -ENOMEM;
	if (!c->text)
		c->text_line = rd->line;
	c->text = grown;
	sprintf(grown + old, "%s\n", line);
	return 0;
}

static int key_line(struct reader *rd, char *line)
{
	char *argv[WORDS_MAX], *save = NULL;
	int argc = 0;

	if (!strncmp(line, "message ", 8)) {
		snprintf(rd->c.message, sizeof(rd->c.message), "%s", line + 8);
		return 0;
	}
	for (char *w = strtok_r(line, " \t", &save); w && argc < WORDS_MAX;
	     w = strtok_r(NULL, " \t", &save))
		argv[argc++] = w;
	for (size_t i = 0; i < ARRAY_CNT(keys); i++)
		if (!strcmp(keys[i].word, argv[0]))
			return keys[i].take(rd, argc, argv);
	return refuse(rd, "unknown word", argv[0]);
}

/*
 * "case NAME" opens a case; lines that start with a blank are its program; all others say
 * something about it; the next "case" or the end of the file closes it.
 */
static int one_line(struct reader *rd, char *line)
{
	size_t n = strlen(line);
	int r;

	while (n && isspace((unsigned char)line[n - 1]))
		line[--n] = '\0';
	if (!n || line[0] == '#')
		return 0;
	if (!strncmp(line, "case ", 5)) {
		r = case_end(rd);
		case_begin(rd, line + 5);
		return r;
	}
	if (!rd->in_case)
		return refuse(rd, "outside a case", line);
	if (isspace((unsigned char)line[0]))
		return case_text(rd, line);
	return key_line(rd, line);
}

int casefile_read(FILE *f, const char *file, const struct asm_names *names, casefile_each each,
		  void *arg)
{
	struct reader rd = { .file = file, .names = names, .each = each, .arg = arg };
	char *line = NULL;
	size_t cap = 0;
	int r = 0;

	while (r >= 0 && getline(&line, &cap, f) >= 0) {
		rd.line++;
		r = one_line(&rd, line);
	}
	if (r >= 0)
		r = case_end(&rd);
	else
		case_done(&rd.c);
	free(line);
	return r;
}
