/* SPDX-License-Identifier: Apache-2.0 */
/* Promises to find a report in what processes wrote to one stderr, and to show it; see reports.h. */
#include "tests/lib/reports.h"

#include <stdio.h>
#include <string.h>

#define REPORT_LINES 30

static bool reports_one(const char *line)
{
	return strstr(line, "ERROR: AddressSanitizer") || strstr(line, ": runtime error:") ||
	       (strstr(line, ": Assertion `") && strstr(line, "failed."));
}

bool reports_none(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024];
	int left = 0;
	bool none = true;

	while (file && fgets(line, sizeof(line), file)) {
		if (reports_one(line)) {
			none = false;
			left = REPORT_LINES;
		}
		if (left > 0 && left--)
			fprintf(stderr, "    | %s", line);
	}
	if (file)
		fclose(file);
	return none;
}
