/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presenting signed objects. Promises to send the object and its signature as they are: whether they are any good
 * is for the daemon to prove. Trusts the caller's own files.
 */
#include "client/present.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/bpfgate.h"
#include "policy/appended.h"
#include "proto/own.h"

/* Does the file end with the trailer of an appended signature? 1, 0 or -errno. */
static int present_is_appended(int fd)
{
	uint8_t wanted[APPENDED_TRAILER_LEN], trailer[APPENDED_TRAILER_LEN];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < APPENDED_TRAILER_LEN)
		return 0;
	if (pread(fd, trailer, sizeof(trailer), st.st_size - APPENDED_TRAILER_LEN) != sizeof(trailer))
		return -EIO;
	appended_trailer(0, wanted);
	memcpy(trailer, wanted, sizeof(uint32_t)); /* the length differs from one to the next */
	return !memcmp(trailer, wanted, sizeof(trailer));
}

int present_object(const char *object, const char *signature)
{
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
	if (sig < 0) {
		r = present_is_appended(elf);
		if (r <= 0)
			return r < 0 ? r : -ENODATA;
	}
	return bpfgate_present_object(object, elf, sig, NULL);
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
