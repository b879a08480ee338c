/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_CASENAMES_H
#define TESTS_LIB_CASENAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/asm.h"
#include "tests/lib/casefile.h"

/*
 * Names that cases use: helpers from the verifier's table, kernel functions, variables and attach
 * targets from the running kernel's BTF. Without that BTF they get id 1, and the case is marked as
 * needing it, so that the runner skips it.
 */
#define CASENAMES_KEPT 1024

struct casenames {
	void *vmlinux_data;		/* raw bytes; NULL: the machine has none */
	size_t vmlinux_bytes;
	struct btf *vmlinux;
	bool missing;			/* the running kernel has no such name; since last cleared */
	struct {
		uint32_t kind;		/* 0: nothing here */
		int id;
		char name[128];
	} kept[CASENAMES_KEPT];		/* names looked up before */
	bool used;			/* a name of the kernel was asked for since last cleared */
};

void casenames_init(struct casenames *cn);

/* The same with another kernel's BTF, from a file. */
void casenames_init_from(struct casenames *cn, const char *btf_path);
void casenames_done(struct casenames *cn);
struct asm_names casenames_asm(struct casenames *cn);

/* Fills attach_btf_id of a tracing, LSM or struct_ops case from its attach_name. */
void casenames_resolve(struct casenames *cn, struct tcase *c);

#endif
