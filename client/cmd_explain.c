/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate explain`: what a diagnostic's code means, whose doing it is and a way out, from the verifier's own
 * table; no daemon, no file, nothing of a program.
 */
#include "client/cmd.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/out.h"
#include "verifier/diag.h"

static int explain_json(const char *code, const struct diag *diag, bool pretty)
{
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "schema_version", OUT_SCHEMA_VERSION, "code", code,
				"class", diag_class_name(diag->cls), "meaning", diag->meaning, "way_out",
				diag->way_out);
	int r = doc ? out_json(stdout, doc, pretty) : -ENOMEM;

	json_decref(doc);
	return r < 0 ? EXIT_INTERNAL : EXIT_OK;
}

static int explain_text(const char *code, const struct diag *diag)
{
	printf("%s: %s\n   = class: %s\n", code, diag->meaning, diag_class_name(diag->cls));
	if (diag->way_out)
		printf("   = way out: %s\n", diag->way_out);
	return EXIT_OK;
}

static int explain_unknown(const char *code)
{
	fputs("bpfgate explain: no diagnostic \"", stderr);
	out_safe(stderr, code, false);
	fputs("\"; codes look like PKT-RANGE, and stand in brackets after \"error\"\n", stderr);
	return EXIT_USAGE;
}

int cmd_explain(int argc, char **argv)
{
	const struct diag *diag;
	bool json = false, pretty = false;
	const char *code = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			json = true;
		else if (!strcmp(argv[i], "--pretty") || !strcmp(argv[i], "-p"))
			json = pretty = true;
		else if (code || argv[i][0] == '-')
			return explain_unknown(argv[i]);
		else
			code = argv[i];
	}
	diag = diag_find(code);
	if (!diag)
		return explain_unknown(code ? code : "");
	return json ? explain_json(code, diag, pretty) : explain_text(code, diag);
}
