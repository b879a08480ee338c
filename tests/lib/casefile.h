/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_CASEFILE_H
#define TESTS_LIB_CASEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/lib/asm.h"
#include "tests/lib/casefuncs.h"
#include "verifier/bpfgate-verifier.h"

/*
 * Verifier cases as text: tests/cases/README.md describes the format. A case is parsed into what
 * PROG_LOAD would get and what is expected of it.
 */
#define CASE_MAPS_MAX 8
#define CASE_NAME_BYTES 96

struct case_btf;	/* casebtf.h */

struct tcase {
	char name[CASE_NAME_BYTES];
	const char *file;		/* borrowed from the caller of casefile_read() */
	uint32_t line;
	struct bgv_program prog;	/* points into this struct and asm */
	struct bgv_map maps[CASE_MAPS_MAX];
	unsigned char *map_data[CASE_MAPS_MAX];
	char map_value[CASE_MAPS_MAX][32];	/* struct that its value is; "" none */
	struct case_btf *btf;		/* of its own functions; NULL: none */
	struct asm_out as;
	char *text;			/* of the program */
	uint32_t text_line;		/* of its first line in the file */
	char license[160];
	char prog_name[16];
	char attach_name[64];		/* "sched_switch" of tracing and LSM programs */
	char kernel[32];		/* version judged for; "" the runner's default */
	uint32_t cpus;
	uint32_t target_flags;		/* BGV_TARGET_* */

	enum bgv_verdict verdict;
	int err;
	char code[32];			/* of the diagnostic; "" any */
	char message[160];		/* must be part of ours; "" any */
	uint32_t insns;			/* processed; 0 not compared */
	bool on_kernel;			/* may be loaded into the running kernel */
	bool kernel_differs;		/* the kernel's verdict is known to be another: see kernel_err */
	int kernel_err;			/* 0 accept */
	bool needs_vmlinux;		/* wants BTF of the running kernel */
	bool has_funcs;			/* functions have BTF */
	struct casefuncs funcs;
};

/*
 * Reads all cases of a stream; calls each(arg, case) for each, which may keep nothing of it.
 * names resolves helpers and kfuncs. 0, or -EINVAL after printing "file:line: what" on stderr.
 */
typedef int (*casefile_each)(void *arg, struct tcase *c);
int casefile_read(FILE *f, const char *file, const struct asm_names *names, casefile_each each,
		  void *arg);

#endif
