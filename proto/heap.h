/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_PROTO_HEAP_H
#define BPFGATE_PROTO_HEAP_H

#include <malloc.h>
#include <stddef.h>

/*
 * For processes that serve one request after the other: blocks of up to `bytes` come from the heap,
 * and as much of it stays mapped when it is free. glibc would otherwise give each request's pages
 * back and fault them in again for the next, which on virtual machines costs more than the request.
 * Larger blocks still come and go by mmap(2).
 */
static inline void heap_keep(size_t bytes)
{
	(void)mallopt(M_MMAP_THRESHOLD, (int)bytes);
	(void)mallopt(M_TRIM_THRESHOLD, (int)bytes);
}

#endif
