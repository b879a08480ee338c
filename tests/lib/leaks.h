/* SPDX-License-Identifier: Apache-2.0 */
/* Does work give back what it took? With leaks.c, which counts for the whole program it is linked into. */
#ifndef BPFGATE_TESTS_LIB_LEAKS_H
#define BPFGATE_TESTS_LIB_LEAKS_H

/*
 * How many blocks of the heap each round of the work keeps. In the first rounds, which do not count, whoever is called
 * may fill caches of his own. 0 also under AddressSanitizer, which has an allocator, and a count, of its own.
 */
long leaks_of(void (*work)(void));

#endif
