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
#include "proto/own.h"

/* What the daemon says of an object, in one sentence; NULL when it does not. */
static char *present_text(const char *json)
{
	json_t *doc = json ? json_loads(json, 0, NULL) : NULL;
	const json_t *object = json_object_get(doc, "object"), *error = json_object_get(doc, "error");
	const char *text = json_string_value(json_object_get(object, "text"));
	char *copy = NULL;

	if (!text)
		text = json_string_value(json_object_get(error, "message"));
	if (text)
		copy = strdup(text);
	json_decref(doc);
	return copy;
}

int present_object(const char *object, const char *signature, char **ret_text)
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
	if (ret_text)
		*ret_text = present_text(json);
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
			r = present_object(path, NULL, NULL);
			if (r < 0) {
				fprintf(stderr, "bpfgate: %s: %s\n", path, strerror(-r));
				failed++;
			}
		}
		list += bytes;
		list += *list == ':';
	}
	return failed;
}
