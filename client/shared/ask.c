/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control questions and how their failures are told. Promises that every failure has words and an exit code;
 * trusts the daemon for the truth of an answer, not for its form: an answer that is no JSON object is refused.
 */
#include "client/shared/ask.h"

#include <errno.h>
#include <string.h>

#include "client/bpfgate.h"
#include "client/shared/cmd.h"
#include "client/shared/out.h"
#include "proto/own.h"

struct ask_failure {
	int err;
	enum refusal refusal;
	const char *message, *hint;
};

static const struct ask_failure ask_failures[] = {
	{ ENOENT, REFUSAL_NO_DAEMON, "there is no bpfgate socket", "systemctl start bpfgate.socket; bpfgate doctor" },
	{ ECONNREFUSED, REFUSAL_NO_DAEMON, "nobody listens on the bpfgate socket", "systemctl status bpfgated" },
	{ EACCES, REFUSAL_NO_ACCESS, "you may not connect to the bpfgate socket", "usermod -aG bpfgate USER" },
	{ EBADMSG, REFUSAL_PROTOCOL, "the answer did not come from bpfgated", "check BPFGATE_SOCKET" },
	{ EPROTONOSUPPORT, REFUSAL_PROTOCOL, "the daemon and this command have no protocol version in common",
	  "update the older of the two" },
};

static int ask_failed(int err, bool json)
{
	struct ask_failure other = { err, REFUSAL_DAEMON, strerror(err), "bpfgate doctor" };
	const struct ask_failure *failure = &other;

	for (size_t i = 0; i < ARRAY_CNT(ask_failures); i++)
		if (ask_failures[i].err == err)
			failure = &ask_failures[i];
	if (json)
		out_json_error(stdout, failure->refusal, failure->message, failure->hint, false);
	else
		fprintf(stderr, "bpfgate: %s; try: %s\n", failure->message, failure->hint);
	return EXIT_DAEMON;
}

/* The daemon answered with its error document: pass it on. */
static int ask_refused(const json_t *doc, const json_t *error, bool json)
{
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *hint = json_string_value(json_object_get(error, "hint"));

	if (json) {
		out_json(stdout, doc, false);
		return EXIT_INPUT;
	}
	fputs("bpfgate: ", stderr);
	out_safe(stderr, message ? message : "refused", false);
	if (hint && *hint) {
		fputs("; ", stderr);
		out_safe(stderr, hint, false);
	}
	fputc('\n', stderr);
	return EXIT_INPUT;
}

int ask_daemon(enum bpfgate_question question, const char *arg, bool json, json_t **ret_doc)
{
	OWN_MEM char *text = NULL;
	json_t *doc, *error;
	int r = bpfgate_control(question, arg, &text);

	if (r < 0 && !text)
		return ask_failed(-r, json);
	doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(doc)) {
		json_decref(doc);
		return ask_failed(EBADMSG, json);
	}
	error = json_object_get(doc, "error");
	if (error) {
		int code = ask_refused(doc, error, json);

		json_decref(doc);
		return code;
	}
	*ret_doc = doc;
	return EXIT_OK;
}
