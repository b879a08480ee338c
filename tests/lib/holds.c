/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that all processes of a test share, mapped before any of them is forked. What is asked again and
 * again while a state is waited for is kept once, with how often.
 */
#include "tests/lib/holds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { NOTES_MAX = 12 };

static struct notes {
	unsigned int cnt;
	struct note {
		char file[64], text[240];
		int line;
		unsigned int times;
	} notes[NOTES_MAX];
} *shared;

__attribute__((constructor)) static void map_notes(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
}

static bool is_known(const char *file, int line)
{
	for (unsigned int i = 0; i < shared->cnt && i < NOTES_MAX; i++)
		if (shared->notes[i].line == line && strcmp(shared->notes[i].file, file) == 0) {
			shared->notes[i].times++;
			return true;
		}
	return false;
}

void holds_note(const char *text, const char *file, int line)
{
	unsigned int at;

	if (is_known(file, line))
		return;
	at = shared->cnt < NOTES_MAX ? shared->cnt++ : NOTES_MAX - 1;
	shared->notes[at].line = line;
	shared->notes[at].times = 1;
	(void)snprintf(shared->notes[at].file, sizeof(shared->notes[at].file), "%.63s", file);
	(void)snprintf(shared->notes[at].text, sizeof(shared->notes[at].text), "%.239s", text);
}

bool holds_run(bool (*test)(void))
{
	shared->cnt = 0;
	if (test())
		return true;
	for (unsigned int i = 0; i < shared->cnt; i++)
		printf("    %s:%d: %s (%u times false)\n", shared->notes[i].file, shared->notes[i].line,
		       shared->notes[i].text, shared->notes[i].times);
	return false;
}
