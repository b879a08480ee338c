/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate kernels`: the library of kernels that `bpfgate check` knows beside the running one.
 * Promises to write into the caller's own library or the directory that was asked for, and nowhere
 * else; needs no privileges.
 */
#include "client/shared/cmd.h"

#include <glob.h>
#include <jansson.h>
#include <stdbool.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client/command/kernimport.h"
#include "client/shared/kernlib.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "object/release.h"
#include "proto/own.h"
#include "verifier/kernel/measured.h"

struct kernels_options {
	const char *dir, *name;
	bool json, pretty, running;
	char *const *words;
	int word_cnt;
};

struct kernels_verb {
	const char *name;
	int (*run)(const struct kernels_options *opts);
	int words_min, words_max; /* after the verb */
};

static int fail(const char *what, int r)
{
	(void)fputs("bpfgate kernels: ", stderr);
	out_safe(stderr, what, false);
	(void)fprintf(stderr, ": %s\n",
		      r == -ENODATA
			      ? "nothing of use in it: neither types (BTF) nor a configuration"
		      : r == -EBADMSG ? "no kernel, package, configuration or BTF"
		      : r == -ENOPKG  ? "the program that unpacks it is not installed"
				      : strerror(-r));
	return EXIT_INPUT;
}

/* ---- list, show --------------------------------------------------------------------------- */

static json_t *entry_json(const struct kernlib_entry *entry)
{
	const struct measured *measured = measured_of(entry->version);

	return json_pack("{s:s, s:s, s:s?, s:s, s:b, s:b, s:b, s:s}", "kernel", entry->name,
			 "version", entry->version, "rules", measured ? measured->rules : NULL,
			 "confidence", measured_name(measured_confidence(entry->version)), "types",
			 entry->has[KERNLIB_BTF], "configuration", entry->has[KERNLIB_CONFIG],
			 "symbols", entry->has[KERNLIB_SYMBOLS], "source", entry->source);
}

static json_t *lib_json(const struct kernlib *lib)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lib->cnt; i++)
		(void)json_array_append_new(list, entry_json(&lib->entries[i]));
	return list;
}

static int print_document(json_t *take_doc, bool pretty)
{
	return out_json_take(stdout, take_doc, pretty) < 0 ? EXIT_INTERNAL : EXIT_OK;
}

static int kernels_list(const struct kernels_options *opts)
{
	static const struct out_column columns[] = {
		{ "kernel", "KERNEL" },
		{ "rules", "RULES" },
		{ "confidence", "CONFIDENCE" },
		{ "types", "TYPES" },
		{ "configuration", "CONFIGURATION" },
		{ "symbols", "SYMBOLS" },
		{ "source", "SOURCE", .flexible = true },
	};
	const struct out_table_opts table = { 0 };
	struct kernlib lib;
	json_t *list;
	int r = kernlib_open(opts->dir, &lib);

	if (r < 0)
		return fail("library", r);
	list = lib_json(&lib);
	kernlib_done(&lib);
	if (opts->json)
		return print_document(json_pack("{s:s, s:o}", "schema_version", OUT_SCHEMA_VERSION,
						"kernels", list),
				      opts->pretty);
	r = out_table(stdout, list, columns, ARRAY_CNT(columns), &table);
	json_decref(list);
	return r < 0 ? EXIT_INTERNAL : EXIT_OK;
}

static void show_part(const struct kernlib_entry *entry, enum kernlib_part part, const char *what,
		      const char *without)
{
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0;
	int r = kernlib_read(entry, part, &bytes, &cnt);

	if (r < 0)
		(void)printf("%-14s %s\n", what, r == -ENOENT ? without : strerror(-r));
	else
		(void)printf("%-14s %zu KB\n", what, (cnt + 1023) / 1024);
}

static int kernels_show(const struct kernels_options *opts)
{
	const struct kernlib_entry *entry;
	struct kernlib lib;
	int r = kernlib_open(opts->dir, &lib);

	if (r < 0)
		return fail("library", r);
	entry = kernlib_find(&lib, opts->words[0]);
	if (!entry) {
		kernlib_done(&lib);
		(void)fputs("bpfgate kernels: no kernel \"", stderr);
		out_safe(stderr, opts->words[0], false);
		(void)fputs("\" in the library; see bpfgate kernels list\n", stderr);
		return EXIT_INPUT;
	}
	if (opts->json) {
		json_t *doc = entry_json(entry);

		(void)json_object_set_new(doc, "schema_version", json_string(OUT_SCHEMA_VERSION));
		r = print_document(doc, opts->pretty);
	} else {
		const struct measured *measured = measured_of(entry->version);

		(void)printf("%-14s %s\n%-14s %s\n%-14s %s, %s\n", "kernel", entry->name, "version",
			     entry->version, "rules", measured ? measured->rules : "none",
			     measured_name(measured_confidence(entry->version)));
		show_part(entry, KERNLIB_BTF, "types",
			  "not known: CO-RE, kfuncs and BTF targets are not checked");
		show_part(entry, KERNLIB_CONFIG, "configuration",
			  "not known: CONFIG_* externs are not checked");
		show_part(entry, KERNLIB_SYMBOLS, "symbols",
			  "not known: addresses of symbols are not checked");
		(void)printf("%-14s ", "source");
		out_safe(stdout, entry->source, false);
		(void)putchar('\n');
		r = EXIT_OK;
	}
	kernlib_done(&lib);
	return r;
}

/* ---- import, update ------------------------------------------------------------------------ */

static int save(const struct kernels_options *opts, const struct kernimport *import,
		const char *source)
{
	struct kernlib_parts parts = { .source = source };
	const char *name = opts->name ? opts->name : import->name;
	char dir[512];
	int r = kernlib_own_dir(opts->dir, dir, sizeof(dir));

	if (!*name) {
		(void)fputs("bpfgate kernels: ", stderr);
		out_safe(stderr, source, false);
		(void)fputs(": does not say of which kernel it is; give --name RELEASE\n", stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < KERNLIB_PART_CNT; i++) {
		parts.data[i] = import->data[i];
		parts.bytes[i] = import->bytes[i];
	}
	if (r >= 0)
		r = kernlib_write(dir, name, &parts);
	if (r < 0)
		return fail(name, r);
	(void)printf("%s:%s%s%s\n", name, parts.data[KERNLIB_BTF] ? " types" : "",
		     parts.data[KERNLIB_CONFIG] ? " configuration" : "",
		     parts.data[KERNLIB_SYMBOLS] ? " symbols" : "");
	return EXIT_OK;
}

static int import_running(const struct kernels_options *opts)
{
	struct kernimport import = { 0 };
	int r = kernimport_running(&import);

	r = r < 0 ? fail("this machine's kernel", r) : save(opts, &import, "the running kernel");
	kernimport_done(&import);
	return r;
}

static int import_file(const struct kernels_options *opts, const char *path)
{
	struct kernimport import = { 0 };
	const char *base = strrchr(path, '/');
	int r = kernimport_file(&import, path);

	r = r < 0 ? fail(path, r) : save(opts, &import, base ? base + 1 : path);
	kernimport_done(&import);
	return r;
}

/* One that fails does not stop the others. */
static int kernels_import(const struct kernels_options *opts)
{
	int code = opts->running ? import_running(opts) : EXIT_OK, r;

	if (!opts->running && !opts->word_cnt) {
		return options_usage(VERB_KERNELS);
	}
	for (int i = 0; i < opts->word_cnt; i++) {
		r = import_file(opts, opts->words[i]);
		code = code == EXIT_OK ? r : code;
	}
	return code;
}

static int kernels_update(const struct kernels_options *opts)
{
	static const char *const patterns[] = { "/boot/vmlinuz-[0-9]*", "/boot/config-[0-9]*",
						"/lib/modules/[0-9]*/vmlinuz",
						"/lib/modules/[0-9]*/config",
						"/usr/lib/debug/boot/vmlinux-[0-9]*" };
	int code = import_running(opts), r;
	glob_t found = { 0 };

	for (size_t i = 0; i < ARRAY_CNT(patterns); i++) {
		if (glob(patterns[i], 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			r = import_file(opts, found.gl_pathv[k]);
			code = code == EXIT_OK ? r : code;
		}
		globfree(&found);
	}
	return code;
}

static const struct kernels_verb kernels_verbs[] = {
	{ "list", kernels_list, 0, 0 },
	{ "show", kernels_show, 1, 1 },
	{ "import", kernels_import, 0, 1024 },
	{ "update", kernels_update, 0, 0 },
};

static int kernels_take(void *ctx, enum option_id id, char *value)
{
	struct kernels_options *opts = ctx;

	if (id == OPT_KERNELS)
		opts->dir = value;
	else if (id == OPT_NAME)
		opts->name = value;
	else if (id == OPT_RUNNING)
		opts->running = true;
	else
		opts->json = true;
	opts->pretty |= id == OPT_PRETTY;
	return 0;
}

int cmd_kernels(int argc, char **argv)
{
	struct kernels_options opts = { 0 };
	int code, words;

	if (!options_parse(VERB_KERNELS, argc, argv, kernels_take, &opts, &code))
		return code;
	words = argc - optind - 1;
	for (size_t i = 0; words >= 0 && i < ARRAY_CNT(kernels_verbs); i++) {
		const struct kernels_verb *verb = &kernels_verbs[i];

		if (strcmp(argv[optind], verb->name) != 0 || words < verb->words_min ||
		    words > verb->words_max)
			continue;
		opts.words = argv + optind + 1;
		opts.word_cnt = words;
		return verb->run(&opts);
	}
	return options_usage(VERB_KERNELS);
}
