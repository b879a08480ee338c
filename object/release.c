/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of kernels. Stable releases change verdicts, so a name must hold the whole version; it
 * trusts uname(2).
 */
#include "object/release.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static const char version_chars[] = "0123456789.";

/* Debian has the ABI in `uname -r`, the version only in `uname -v`: "... Debian 6.1.192-2 (...)". */
void release_running(char *text, size_t text_bytes)
{
	struct utsname un;
	const char *at;
	size_t len;

	text[0] = '\0';
	if (uname(&un) < 0)
		return;
	at = strstr(un.version, "Debian ");
	at = at ? at + strlen("Debian ") : "";
	len = strspn(at, version_chars);
	if (len && strncmp(un.release, at, len))
		(void)snprintf(text, text_bytes, "%s (%.*s)", un.release, (int)len, at);
	else
		(void)snprintf(text, text_bytes, "%s", un.release);
}

void release_version(const char *release, char *version, size_t version_bytes)
{
	const char *at = strchr(release, '(');

	at = at ? at + 1 : release;
	(void)snprintf(version, version_bytes, "%.*s", (int)strspn(at, version_chars), at);
}
