/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as one page: no script, nothing fetched, in light and dark and on paper. Promises that
 * text of a program is text of the page (check_form_markup), and that the page's own policy lets no
 * style or script but its own run, should that promise fail. Colour never says what words do not.
 */
#include "client/check/check_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "config.h"
#include "proto/own.h"

#define MS_PER_NS 1000000.0

static const char style[] =
	":root{color-scheme:light dark;--fg:#1b1f24;--dim:#57606a;--bg:#fff;--box:#f6f8fa;--line:#d0d7de;"
	"--bad:#a40e26;--badbg:#ffebe9;--ok:#116329;--note:#0550ae;--notebg:#ddf4ff}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--dim:#9198a1;--bg:#0d1117;--box:#161b22;"
	"--line:#30363d;--bad:#ff938a;--badbg:#3c1618;--ok:#56d364;--note:#79c0ff;--notebg:#0c2d4d}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;max-width:72rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;color:var(--fg);"
	"background:var(--bg)}"
	"h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}"
	"h3{font-size:1.05rem;margin:0 0 .5rem;overflow-wrap:anywhere}"
	"p{margin:.25rem 0}.dim{color:var(--dim)}a{color:var(--note)}"
	"code,pre,.src{font-family:ui-monospace,monospace;font-size:.85rem}"
	"table{border-collapse:collapse;width:100%}"
	".all td,.all th{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--line)}"
	".all td:first-child{overflow-wrap:anywhere}.all a{white-space:nowrap}.all .n{text-align:right;white-space:nowrap}"
	".bad{color:var(--bad);font-weight:600}.ok{color:var(--ok);font-weight:600}"
	"article{border:1px solid var(--line);border-radius:6px;padding:1rem;margin:1rem 0;break-inside:avoid-page}"
	".code{font-family:ui-monospace,monospace;font-size:.8rem;border:1px solid currentColor;border-radius:4px;"
	"padding:0 .35rem;margin-right:.4rem;white-space:nowrap}"
	".scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px;margin:.75rem 0;background:var(--box)}"
	".src td{padding:0 .6rem;vertical-align:top;white-space:pre;tab-size:8}"
	".src .no{color:var(--dim);text-align:right;width:1%;border-right:3px solid transparent;user-select:none}"
	".src .gap td{border-top:1px dashed var(--line)}"
	".src .on .no{border-right-color:var(--note);color:var(--fg)}"
	".src .at td{background:var(--badbg)}.src .at .no{border-right-color:var(--bad);color:var(--bad);font-weight:600}"
	".src .say td{white-space:pre-wrap;color:var(--note);padding-bottom:.15rem}"
	".src .say.aside td{color:var(--dim)}"
	".src .say.need td{color:var(--bad);background:var(--badbg)}"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.5rem 0}"
	"dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
	"pre{background:var(--box);border:1px solid var(--line);border-radius:6px;padding:.6rem;overflow-x:auto;"
	"margin:.3rem 0;tab-size:8}pre.edit{border-left:3px solid var(--ok)}"
	"details{margin-top:.5rem}summary{cursor:pointer;color:var(--dim)}"
	"footer{margin-top:2rem;color:var(--dim);font-size:.85rem;border-top:1px solid var(--line);padding-top:.5rem}"
	"@media print{:root{--fg:#000;--dim:#444;--bg:#fff;--box:#fff;--line:#999;--bad:#800;--badbg:#eee;--ok:#040;"
	"--note:#024;--notebg:#fff}body{max-width:none;padding:0;font-size:11pt}"
	".src td,pre{white-space:pre-wrap;overflow-wrap:anywhere}.scroll{overflow:visible}}";

/* "sha256-...": the one style that the page's policy lets in. */
static void put_style_hash(FILE *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_Digest(style, sizeof(style) - 1, hash, &n, EVP_sha256(), NULL) != 1)
		n = 0;
	(void)EVP_EncodeBlock(text, hash, (int)n);
	(void)fprintf(out, "'sha256-%s'", text);
}

static void put(FILE *out, const char *text)
{
	check_form_markup(out, text, false);
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void put_place(FILE *out, const json_t *place)
{
	const char *file = check_form_string(place, "file"), *slash = strrchr(file, '/');

	put(out, slash ? slash + 1 : file);
	(void)fprintf(out, ":%" JSON_INTEGER_FORMAT, number_of(place, "line"));
}

/* ---- source lines ------------------------------------------------------------------------------
 */

static bool is_here(const json_t *problem, const json_t *place)
{
	const json_t *at = json_object_get(problem, "place");

	return json_is_object(at) && json_is_object(place) &&
	       !strcmp(check_form_string(at, "file"), check_form_string(place, "file"));
}

/* Adds a line to those in order, unless it is there. */
static void add_line(json_t *lines, const json_t *place)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (number_of(line, "line") == number_of(place, "line"))
			return;
		if (number_of(line, "line") > number_of(place, "line"))
			break;
	}
	(void)json_array_insert_new(lines, i,
				    json_pack("{s:O, s:O}", "line", json_object_get(place, "line"),
					      "text", json_object_get(place, "text")));
}

/* All lines of the refused one's file that there is something to say of, in order. */
static json_t *lines_of(const json_t *problem)
{
	static const char *const told[] = { "events", "path" };
	json_t *lines = json_copy(json_object_get(problem, "source"));
	const json_t *one;
	size_t i, k;

	for (k = 0; k < ARRAY_CNT(told); k++)
		json_array_foreach(json_object_get(problem, told[k]), i,
				   one) if (is_here(problem, json_object_get(one, "place")))
			add_line(lines, json_object_get(one, "place"));
	return lines;
}

static bool is_on(const json_t *problem, const json_t *of, json_int_t line)
{
	return is_here(problem, json_object_get(of, "place")) &&
	       number_of(json_object_get(of, "place"), "line") == line;
}

static void put_note(FILE *out, const char *kind, bool aside, const char *text)
{
	bool need = !strcmp(kind, "needed");

	(void)fprintf(out, "<tr class=\"say%s\"><td class=\"no\"></td><td>%s ", need ? " need" : aside ? " aside" : "",
		      need ? "&#9650;" : "&#9657;");
	put(out, text);
	(void)fputs("</td></tr>\n", out);
}

static void put_turns(FILE *out, const json_t *problem, json_int_t line)
{
	char way[64], text[96];
	const json_t *turn;
	size_t i;

	json_array_foreach(json_object_get(problem, "path"), i, turn)
	{
		if (!is_on(problem, turn, line))
			continue;
		(void)snprintf(text, sizeof(text), "path: jump %s",
			       check_form_turn(turn, way, sizeof(way)));
		put_note(out, "path", false, text);
	}
}

static bool is_told(const json_t *problem, json_int_t line)
{
	static const char *const told[] = { "events", "path" };
	const json_t *one;
	size_t i, k;

	for (k = 0; k < ARRAY_CNT(told); k++)
		json_array_foreach(json_object_get(problem, told[k]), i,
				   one) if (is_on(problem, one, line)) return true;
	return false;
}

static void put_line(FILE *out, const json_t *problem, const json_t *line, json_int_t last)
{
	json_int_t no = number_of(line, "line");
	bool at = is_here(problem, json_object_get(problem, "place")) &&
		  number_of(json_object_get(problem, "place"), "line") == no;
	const json_t *event;
	size_t i;

	(void)fprintf(out, "<tr class=\"%s%s\"><td class=\"no\">%" JSON_INTEGER_FORMAT "</td><td>",
		      at		     ? "at"
		      : is_told(problem, no) ? "on"
					     : "",
		      last && no != last + 1 ? " gap" : "", no);
	check_form_markup(out, check_form_string(line, "text"), true); /* tabs, too */
	(void)fputs("</td></tr>\n", out);
	json_array_foreach(json_object_get(problem, "events"), i,
			   event) if (is_on(problem, event, no))
		put_note(out, check_form_string(event, "kind"), json_is_true(json_object_get(event, "aside")),
			 check_form_string(event, "text"));
	put_turns(out, problem, no);
}

static void put_source(FILE *out, const json_t *problem)
{
	json_t *lines = lines_of(problem);
	const json_t *line;
	json_int_t last = 0;
	size_t i;

	if (json_array_size(lines)) {
		(void)fputs("<div class=\"scroll\"><table class=\"src\">\n", out);
		json_array_foreach(lines, i, line)
		{
			put_line(out, problem, line, last);
			last = number_of(line, "line");
		}
		(void)fputs("</table></div>\n", out);
	}
	json_decref(lines);
}

/* What is said of other files, or of instructions that no line is known of. */
static void put_elsewhere(FILE *out, const json_t *problem)
{
	const json_t *event, *place;
	size_t i;

	json_array_foreach(json_object_get(problem, "events"), i, event)
	{
		place = json_object_get(event, "place");
		if (is_here(problem, place))
			continue;
		(void)fputs("<p class=\"dim\">", out);
		if (json_is_object(place))
			put_place(out, place);
		else
			(void)fprintf(out, "instruction %" JSON_INTEGER_FORMAT,
				      number_of(event, "insn_idx"));
		(void)fputs(": ", out);
		put(out, check_form_string(event, "text"));
		(void)fputs("</p>\n", out);
	}
}

/* ---- facts -------------------------------------------------------------------------------------
 */

static void put_fact(FILE *out, const char *term, const char *text)
{
	if (!*text)
		return;
	(void)fprintf(out, "<dt>%s</dt><dd>", term);
	put(out, text);
	(void)fputs("</dd>\n", out);
}

static void put_path(FILE *out, const json_t *problem)
{
	const json_t *turn, *place;
	char way[64];
	size_t i;

	if (!json_array_size(json_object_get(problem, "path")))
		return;
	(void)fputs("<dt>path</dt><dd>", out);
	json_array_foreach(json_object_get(problem, "path"), i, turn)
	{
		place = json_object_get(turn, "place");
		if (json_is_object(place))
			put_place(out, place);
		else
			(void)fprintf(out, "instruction %" JSON_INTEGER_FORMAT,
				      number_of(turn, "insn_idx"));
		(void)fprintf(out, " (%s) &#8594; ", check_form_turn(turn, way, sizeof(way)));
	}
	(void)fputs("here</dd>\n", out);
}

static void put_bytes(FILE *out, const json_t *bytes)
{
	if (json_is_object(bytes))
		(void)fprintf(out,
			      "<dt>bytes</dt><dd>%" JSON_INTEGER_FORMAT
			      " needed, %" JSON_INTEGER_FORMAT
			      " proved: short by %" JSON_INTEGER_FORMAT "</dd>\n",
			      number_of(bytes, "needed"), number_of(bytes, "proved"),
			      number_of(bytes, "short_by"));
}

static void put_fix(FILE *out, const json_t *fix)
{
	const json_t *edit = json_object_get(fix, "edit");

	if (!json_is_object(fix))
		return;
	(void)fputs("<dt>way out</dt><dd>", out);
	put(out, check_form_string(fix, "text"));
	if (json_is_true(json_object_get(fix, "checked")))
		(void)fputs(" <span class=\"ok\">(checked: it removes this error)</span>", out);
	if (json_is_object(edit)) {
		(void)fprintf(out, "<pre class=\"edit\">before line %" JSON_INTEGER_FORMAT ":\n",
			      number_of(edit, "before_line"));
		check_form_markup(out, check_form_string(edit, "insert"), true);
		(void)fputs("</pre>", out);
	}
	(void)fputs("</dd>\n", out);
}

static void put_problem(FILE *out, const json_t *problem, size_t number)
{
	const json_t *place = json_object_get(problem, "place");

	(void)fprintf(out, "<article id=\"e%zu\">\n<h3><span class=\"code bad\">", number);
	put(out, check_form_string(problem, "code"));
	(void)fputs("</span>", out);
	put(out, check_form_string(problem, "cause"));
	(void)fputs("</h3>\n", out);
	if (json_is_object(place)) {
		(void)fputs("<p class=\"dim\">", out);
		put(out, check_form_path(check_form_string(place, "file")));
		(void)fprintf(out, ":%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT,
			      number_of(place, "line"), number_of(place, "column"));
		if (*check_form_string(problem, "function")) {
			(void)fputs(" in ", out);
			put(out, check_form_string(problem, "function"));
		}
		(void)fputs("</p>\n", out);
	}
	put_source(out, problem);
	put_elsewhere(out, problem);
	(void)fputs("<dl>\n", out);
	put_bytes(out, json_object_get(problem, "bytes"));
	put_path(out, problem);
	put_fact(out, "class", check_form_string(problem, "class"));
	put_fix(out, json_object_get(problem, "fix"));
	put_fact(out, "kernel says", check_form_string(problem, "message"));
	(void)fputs("</dl>\n</article>\n", out);
}

/* ---- the page ----------------------------------------------------------------------------------
 */

static void put_row(FILE *out, const struct check_report *report, const struct check_result *result,
		    const json_t *problems, size_t number)
{
	bool fine = json_array_size(problems) == 0;
	char subject[512];

	(void)fputs("<tr><td>", out);
	put(out, check_form_subject(report, result, subject, sizeof(subject)));
	(void)fprintf(out, "</td><td class=\"%s\">%s</td><td>", fine ? "ok" : "bad",
		      check_verdict_word(result));
	for (size_t i = 0; i < json_array_size(problems); i++) {
		(void)fprintf(out, "%s<a href=\"#e%zu\">", i ? ", " : "", number + i);
		put(out, check_form_string(json_array_get(problems, i), "code"));
		(void)fputs("</a>", out);
	}
	(void)fprintf(
		out,
		"</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td class=\"n\">%.2f ms</td></tr>\n",
		(unsigned long long)result->stats.insn_processed,
		(unsigned long long)result->stats.total_states,
		(double)result->stats.time_ns / MS_PER_NS);
}

static void put_rows(FILE *out, const struct check_report *report)
{
	size_t number = 1;

	for (size_t i = 0; i < report->cnt; i++) {
		json_t *problems = check_form_problems(report, &report->results[i]);

		if (json_array_size(problems) || !report->opts->quiet)
			put_row(out, report, &report->results[i], problems, number);
		number += json_array_size(problems);
		json_decref(problems);
	}
}

static void put_problems(FILE *out, const struct check_report *report)
{
	json_t *problems, *problem;
	char subject[512];
	size_t number = 1, at;

	for (size_t i = 0; i < report->cnt; i++) {
		problems = check_form_problems(report, &report->results[i]);
		if (json_array_size(problems)) {
			(void)fputs("<h2>", out);
			put(out, check_form_subject(report, &report->results[i], subject,
						    sizeof(subject)));
			(void)fputs("</h2>\n", out);
		}
		json_array_foreach(problems, at, problem) put_problem(out, problem, number++);
		json_decref(problems);
	}
}

static void put_head(FILE *out)
{
	(void)fputs(
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
		"form-action 'none'; style-src ",
		out);
	put_style_hash(out);
	(void)fprintf(
		out,
		"\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>bpfgate check</title>\n"
		"<style>%s</style>\n</head>\n<body>\n",
		style);
}

static void put_verdict(FILE *out, const struct check_report *report)
{
	size_t fine = 0;

	for (size_t i = 0; i < report->cnt; i++) {
		json_t *problems = check_form_problems(report, &report->results[i]);

		fine += json_array_size(problems) == 0;
		json_decref(problems);
	}
	(void)fprintf(out, "<h1><span class=\"%s\">%zu of %zu</span> would load</h1>\n",
		      fine == report->cnt ? "ok" : "bad", fine, report->cnt);
}

int check_html(FILE *out, const struct check_report *report)
{
	put_head(out);
	put_verdict(out, report);
	(void)fputs(
		"<table class=\"all\">\n<tr><th>program</th><th>verdict</th><th>problems</th>"
		"<th class=\"n\">instructions</th><th class=\"n\">states</th><th class=\"n\">time</th></tr>\n",
		out);
	put_rows(out, report);
	(void)fputs("</table>\n", out);
	put_problems(out, report);
	(void)fprintf(out, "<footer>bpfgate %s", PACKAGE_VERSION);
	if (report->cnt && *report->results[0].kernel) {
		(void)fputs(", judged for kernel ", out);
		put(out, report->results[0].kernel);
	}
	(void)fputs(". bpfgate explain CODE tells more of a code.</footer>\n</body>\n</html>\n",
		    out);
	return 0;
}
