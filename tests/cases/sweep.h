/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CASES_SWEEP_H
#define TESTS_CASES_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/cases/digest.h"
#include "tests/lib/casenames.h"
#include "verifier/kernel/behave.h"

/*
 * A part goes through what the verifier can be asked of one kind, and tells sweep_row() the digest
 * of what it answered. Deterministic: the same asked of the same verifier gives the same rows, in
 * the same order.
 */
struct sweep {
	struct casenames names;
	struct bgv_target *plain[PROFILE_CNT],
		*full[PROFILE_CNT]; /* without and with the kernel's BTF */
	FILE *rows;
	bool write;
	const char *part;
	unsigned int passed, failed, skipped;
};

extern const char *const sweep_versions[PROFILE_CNT];

/* Compares with the recorded row, or records it. text: what a reader can make sense of, "" none. */
void sweep_row(struct sweep *s, const char *name, const char *text, const struct digest *d);

/* Judges on one profile, adding to d; true: accepted. full: with the kernel's BTF. */
bool sweep_judge(struct sweep *s, struct digest *d, enum profile profile, bool full,
		 const struct bgv_program *prog, uint32_t insns_max);

/* Judges the cases of a text on every profile, adding to d; how many times it was accepted. */
unsigned int sweep_text(struct sweep *s, struct digest *d, const char *text);

void sweep_values(struct sweep *s);
void sweep_generated(struct sweep *s);
void sweep_helpers(struct sweep *s);
void sweep_kfuncs(struct sweep *s);
void sweep_attach(struct sweep *s);
void sweep_functions(struct sweep *s);
void sweep_extensions(struct sweep *s);
void sweep_actions(struct sweep *s);
void sweep_kernel(struct sweep *s);
void sweep_btf(struct sweep *s);
void sweep_memory(struct sweep *s);
void sweep_explained(struct sweep *s);
void sweep_allowed(struct sweep *s);
void sweep_protos(struct sweep *s);

#endif
