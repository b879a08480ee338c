/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate status`, `list`, `why` and `reload`: the daemon's JSON answers as a screen, a table or a text. Promise to
 * print nothing that the daemon did not say, escaped; refuse unknown kinds and options.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>

#include "client/shared/ask.h"
#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/own.h"
#include "client/bpfgate.h"

struct status_line {
	const char *label;
	const char *object;	/* key of an object in the document; NULL: the document itself */
	const char *key;
	const char *unit;
};

static const struct status_line status_lines[] = {
	{ "Version", NULL, "version", "" },
	{ "Kernel", NULL, "kernel", "" },
	{ "Up", NULL, "uptime_s", " s" },
	{ "Policy", "policy", "digest", "" },
	{ "  files", "policy", "files", "" },
	{ "  rules", "policy", "rules", "" },
	{ "  signers", "policy", "signers", "" },
	{ "  loaded", "policy", "loaded_at", "" },
	{ "  REFUSED", "policy", "refused", "" },
	{ "Programs", NULL, "programs", "" },
	{ "Maps", NULL, "maps", "" },
	{ "Links", NULL, "links", "" },
	{ "Orphans", NULL, "orphans", "" },
	{ "Clients", NULL, "clients", "" },
	{ "Allowed", "decisions", "allowed", "" },
	{ "Refused", "decisions", "refused", "" },
	{ "Undecided", "decisions", "undecided", "" },
	{ "You: uid", "you", "uid", "" },
	{ "  programs", "you", "programs", "" },
	{ "  maps", "you", "maps", "" },
	{ "  map bytes", "you", "map_bytes", "" },
	{ "  links", "you", "links", "" },
};

static void status_print_line(const json_t *doc, const struct status_line *line)
{
	const json_t *object = line->object ? json_object_get(doc, line->object) : doc;
	const json_t *value = json_object_get(object, line->key);

	/* What is "" has nothing to say: no policy was refused. */
	if (!value || (json_is_string(value) && !*json_string_value(value)))
		return;
	printf("%-12s ", line->label);
	if (json_is_string(value))
		out_safe(stdout, json_string_value(value), false);
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		fputs("-", stdout);
	puts(line->unit);
}

static void status_print(const json_t *doc)
{
	const json_t *missing = json_object_get(json_object_get(doc, "sandbox"), "missing"), *part;
	size_t i;

	for (i = 0; i < ARRAY_CNT(status_lines); i++)
		status_print_line(doc, &status_lines[i]);
	json_array_foreach((json_t *)missing, i, part) {
		fputs("Sandbox lacks ", stdout);
		out_safe(stdout, json_is_string(part) ? json_string_value(part) : "?", false);
		putchar('\n');
	}
}

/* What every one of the verbs takes. */
struct status_args {
	bool json, pretty;
	struct out_table_opts table;
};

static int status_take(void *ctx, enum option_id id, char *value)
{
	struct status_args *args = ctx;

	args->json |= id == OPT_JSON || id == OPT_PRETTY;
	args->pretty |= id == OPT_PRETTY;
	args->table.raw |= id == OPT_RAW;
	args->table.noheadings |= id == OPT_NOHEADINGS;
	if (id == OPT_SORT)
		args->table.sort = value;
	if (id == OPT_COLUMNS)
		args->table.columns = value;
	return 0;
}

/*
 * Nobody tells the daemon when an application closes a real descriptor. A walk over ids makes it compare its ledger
 * with the kernel; the walk's own answer does not matter.
 */
static void status_freshen(void)
{
	union bpf_attr attr = { .start_id = 0 };

	(void)bpfgate_bpf(BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr));
}

/* A verb that asks one question without an argument; print may be NULL: then only --json shows the answer. */
static int status_ask(int argc, char **argv, enum verb_id verb, enum bpfgate_question what,
		      void (*before)(void), void (*print)(const json_t *doc))
{
	struct status_args args = { 0 };
	json_t *doc;
	int code;

	if (!options_parse(verb, argc, argv, status_take, &args, &code))
		return code;
	if (optind != argc)
		return options_usage(verb);
	if (before)
		before();
	code = ask_daemon(what, "", args.json, &doc);
	if (code != EXIT_OK)
		return code;
	if (args.json)
		code = out_json(stdout, doc, args.pretty) < 0 ? EXIT_INTERNAL : EXIT_OK;
	else if (print)
		print(doc);
	json_decref(doc);
	return code;
}

int cmd_reload(int argc, char **argv)
{
	return status_ask(argc, argv, VERB_RELOAD, BPFGATE_RELOAD, NULL, NULL);
}

int cmd_status(int argc, char **argv)
{
	return status_ask(argc, argv, VERB_STATUS, BPFGATE_STATUS, status_freshen, status_print);
}

static const struct out_column list_progs[] = {
	{ "id", "ID", true, false },	 { "name", "NAME", false, false },
	{ "type", "TYPE", false, false }, { "tag", "TAG", false, false },
	{ "insns", "INSNS", true, false }, { "uid", "UID", true, false },
	{ "unit", "UNIT", false, false }, { "grant", "GRANT", false, false },
	{ "rule", "RULE", false, false }, { "loaded_at", "LOADED", false, true },
};
static const struct out_column list_maps[] = {
	{ "id", "ID", true, false },
	{ "name", "NAME", false, false },
	{ "type", "TYPE", false, false },
	{ "key_size", "KEY", true, false },
	{ "value_size", "VALUE", true, false },
	{ "max_entries", "ENTRIES", true, false },
	{ "bytes", "BYTES", true, false },
	{ "uid", "UID", true, false },
	{ "unit", "UNIT", false, false },
	{ "rule", "RULE", false, true },
};
static const struct out_column list_links[] = {
	{ "id", "ID", true, false },	   { "type", "TYPE", false, false }, { "prog_id", "PROG", true, false },
	{ "target", "TARGET", false, false }, { "uid", "UID", true, false },    { "rule", "RULE", false, true },
};
static const struct out_column list_pins[] = {
	{ "path", "PATH", false, false }, { "directory", "DIRECTORY", false, false }, { "kind", "KIND", false, false }, { "id", "ID", true, false },
	{ "uid", "UID", true, false },	  { "rule", "RULE", false, true },
};
static const struct out_column list_orphans[] = {
	{ "kind", "KIND", false, false },
	{ "id", "ID", true, false },
	{ "pin", "PIN", false, true },
};
static const struct out_column list_clients[] = {
	{ "uid", "UID", true, false },		{ "pid", "PID", true, false },
	{ "unit", "UNIT", false, false },	{ "connections", "CONNECTIONS", true, false },
	{ "programs", "PROGRAMS", true, false }, { "maps", "MAPS", true, false },
	{ "map_bytes", "MAP-BYTES", true, false }, { "links", "LINKS", true, false },
	{ "unread_replies", "UNREAD", true, false },
};
static const struct out_column list_decisions[] = {
	{ "id", "ID", false, false },	   { "time", "TIME", false, false },
	{ "uid", "UID", true, false },	   { "unit", "UNIT", false, false },
	{ "command", "COMMAND", false, false }, { "verdict", "VERDICT", false, false },
	{ "rule", "RULE", false, false },  { "code", "CODE", false, false },
	{ "summary", "SUMMARY", false, true },
};

struct list_kind {
	const char *name;
	const struct out_column *columns;
	size_t column_cnt;
};

static const struct list_kind list_kinds[] = {
	{ "progs", list_progs, ARRAY_CNT(list_progs) },
	{ "maps", list_maps, ARRAY_CNT(list_maps) },
	{ "links", list_links, ARRAY_CNT(list_links) },
	{ "pins", list_pins, ARRAY_CNT(list_pins) },
	{ "orphans", list_orphans, ARRAY_CNT(list_orphans) },
	{ "clients", list_clients, ARRAY_CNT(list_clients) },
	{ "decisions", list_decisions, ARRAY_CNT(list_decisions) },
};

static int list_print(const struct list_kind *kind, const struct status_args *args, const json_t *doc)
{
	if (args->json)
		return out_json(stdout, doc, args->pretty) < 0 ? EXIT_INTERNAL : EXIT_OK;
	switch (out_table(stdout, json_object_get(doc, kind->name), kind->columns, kind->column_cnt,
			  &args->table)) {
	case 0:
		return EXIT_OK;
	case -EINVAL:
		return EXIT_USAGE;
	default:
		return EXIT_INTERNAL;
	}
}

int cmd_list(int argc, char **argv)
{
	struct status_args args = { 0 };
	const struct list_kind *kind = NULL;
	const char *name;
	json_t *doc;
	int code;

	if (!options_parse(VERB_LIST, argc, argv, status_take, &args, &code))
		return code;
	name = optind < argc ? argv[optind] : "progs";
	for (size_t i = 0; i < ARRAY_CNT(list_kinds); i++)
		if (!strcmp(name, list_kinds[i].name))
			kind = &list_kinds[i];
	if (!kind || optind + 1 < argc)
		return options_usage(VERB_LIST);
	status_freshen();
	code = ask_daemon(BPFGATE_LIST, name, args.json, &doc);
	if (code != EXIT_OK)
		return code;
	code = list_print(kind, &args, doc);
	json_decref(doc);
	return code;
}

/* One line for a decision that needs no explanation: what was asked, and by which rule it was granted. */
static void why_print_line(const json_t *decision)
{
	static const struct {
		const char *before, *key;
	} words[] = { { "bpfgate ", "id" },	   { " ", "verdict" }, { ": ", "command" }, { " by rule ", "rule" },
		      { " (", "place" }, { "): ", "summary" } };

	for (size_t i = 0; i < ARRAY_CNT(words); i++) {
		const char *word = json_string_value(json_object_get(decision, words[i].key));

		fputs(words[i].before, stdout);
		out_safe(stdout, word && *word ? word : "-", false);
	}
	putchar('\n');
}

static void why_print(const json_t *decision)
{
	const char *text = json_string_value(json_object_get(decision, "text"));
	const char *verdict = json_string_value(json_object_get(decision, "verdict"));

	if (!text || !*text || (verdict && !strcmp(verdict, "allowed"))) {
		why_print_line(decision);
		return;
	}
	out_explanation(stdout, text, out_colour(stdout, NULL));
	if (text[strlen(text) - 1] != '\n')
		putchar('\n');
}

/* The daemon hands on what a judge wrote, as text: here it becomes data, or nothing. */
static void why_read_model(json_t *decision)
{
	const char *text = json_string_value(json_object_get(decision, "model"));
	json_t *model = text ? json_loads(text, 0, NULL) : NULL;

	(void)json_object_set_new(decision, "model", model ? model : json_null());
}

int cmd_why(int argc, char **argv)
{
	struct status_args args = { 0 };
	json_t *doc;
	int code;

	if (!options_parse(VERB_WHY, argc, argv, status_take, &args, &code))
		return code;
	if (optind + 1 < argc)
		return options_usage(VERB_WHY);
	code = ask_daemon(BPFGATE_WHY, optind < argc ? argv[optind] : "", args.json, &doc);
	if (code != EXIT_OK)
		return code;
	if (args.json) {
		why_read_model(json_object_get(doc, "decision"));
		code = out_json(stdout, doc, args.pretty) < 0 ? EXIT_INTERNAL : EXIT_OK;
	} else {
		why_print(json_object_get(doc, "decision"));
	}
	json_decref(doc);
	return code;
}
