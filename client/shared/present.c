/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presenting signed objects. Promises to send the object and its signature as they are: whether they are any good
 * is for the daemon to prove. Trusts the caller's own files.
 */
#include "client/shared/present.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "client/bpfgate.h"
#include "client/shared/out.h"
#include "proto/own.h"

/* What went wrong, in the daemon's words where it has some. That an object is not signed is for the caller to tell. */
static void present_say(const char *object, int error, const char *json)
{
	json_t *doc = json ? json_loads(json, 0, NULL) : NULL;
	const json_t *answer = json_object_get(doc, "object");
	const char *text = json_string_value(json_object_get(answer ? answer : json_object_get(doc, "error"),
							     answer ? "text" : "message"));
	bool in_part = !error && json_integer_value(json_object_get(answer, "not_loadable")) > 0;

	if (in_part || (error && error != -ENOKEY)) {
		fputs(in_part ? "bpfgate: not all of " : "bpfgate: the signature of ", stderr);
		out_safe(stderr, object, false);
		fputs(in_part ? " can be known again: " : " does not count: ", stderr);
		out_safe(stderr, text ? text : strerror(-error), false);
		fputc('\n', stderr);
	}
	json_decref(doc);
}

int present_object(const char *object, const char *signature)
{
	OWN_MEM char *json = NULL;
	OWN_FD int elf = open(object, O_RDONLY | O_CLOEXEC);
	OWN_FD int sig = -1;
	char beside[PATH_MAX];
	int r;

	if (elf < 0)
		return -errno;
	if (!signature && snprintf(beside, sizeof(beside), "%s.p7s", object) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	sig = open(signature ? signature : beside, O_RDONLY | O_CLOEXEC);
	if (sig < 0 && (signature || errno != ENOENT))
		return -errno;
	r = bpfgate_present_object(object, elf, sig, &json);
	present_say(object, r, json);
	return r;
}

int present_environment(void)
{
	const char *list = getenv("BPFGATE_OBJECTS");
	int failed = 0;

	while (list && *list) {
		size_t bytes = strcspn(list, ":");
		char path[PATH_MAX];

		if (bytes > 0 && bytes < sizeof(path)) {
			int r;

			memcpy(path, list, bytes);
			path[bytes] = '\0';
			r = present_object(path, NULL);
			if (r == -ENOKEY || r == -ENOENT || r == -EACCES)
				fprintf(stderr, "bpfgate: %s: %s\n", path,
					r == -ENOKEY ? "not signed, and no rule lists its digest" : strerror(-r));
			failed += r < 0;
		}
		list += bytes;
		list += *list == ':';
	}
	return failed;
}
