/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator of the C library, with a count of what is held; that library allocates by these functions, too. */
#include "tests/lib/leaks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#ifdef BPFGATE_ASAN

long leaks_of(void (*work)(void))
{
	work();
	return 0;
}

#else

enum { FIRST = 4, ROUNDS = 8 };

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t cnt, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

#define FOR_ALL __attribute__((visibility("default")))

static bool counting;
static long held;

FOR_ALL void *malloc(size_t bytes)
{
	void *block = __libc_malloc(bytes);

	held += counting && block;
	return block;
}

FOR_ALL void *calloc(size_t cnt, size_t bytes)
{
	void *block = __libc_calloc(cnt, bytes);

	held += counting && block;
	return block;
}

FOR_ALL void *realloc(void *old, size_t bytes)
{
	void *block = __libc_realloc(old, bytes);

	held += counting && block && !old;
	return block;
}

FOR_ALL void free(void *block)
{
	held -= counting && block;
	__libc_free(block);
}

long leaks_of(void (*work)(void))
{
	held = 0;
	for (int i = 0; i < FIRST + ROUNDS; i++) {
		counting = i >= FIRST;
		work();
	}
	counting = false;
	return held / ROUNDS;
}

#endif
