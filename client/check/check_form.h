/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of bpfgate check for other programs, each written from the one model (check_model.h): a
 * form reads results and never asks the verifier. And what they have in common.
 */
#ifndef BPFGATE_CLIENT_CHECK_FORM_H
#define BPFGATE_CLIENT_CHECK_FORM_H

#include <stdio.h>
#include <jansson.h>

#include "client/check/check.h"

/* All results of one call, to be written down. */
struct check_report {
	const struct check_options *opts;
	const struct check_inputs *inputs;
	const struct check_result *results;
	size_t cnt;
};

/* How many cells of a report are what. */
struct check_sum {
	size_t programs, kernels, accept, reject, unknown, failed;
};
void check_sums(const struct check_report *report, struct check_sum *ret_sum);

/* check_matrix.c: programs and kernels as a table, for a terminal. 0, -ENOMEM. */
int check_matrix(FILE *out, const struct check_report *report);

/* Each writes a whole document; 0, -ENOMEM. Whether the stream took it, the caller asks. */
int check_sarif(FILE *out, const struct check_report *report); /* check_sarif.c: SARIF 2.1.0 */
int check_junit(FILE *out,
		const struct check_report *report); /* check_junit.c: XML of test results */
int check_github(FILE *out,
		 const struct check_report *report); /* check_github.c: workflow commands */
int check_html(FILE *out, const struct check_report *report); /* check_html.c: a page */

/*
 * What is wrong with a result: the model's problems, or one of the same shape made for what has
 * none (undecided, no program, a verifier that died, a kernel that refused what we accept). Empty:
 * it would load. The caller's.
 */
json_t *check_form_problems(const struct check_report *report, const struct check_result *result);

/* Is it an error, or (undecided, unsupported) something that nobody knows? */
bool check_form_is_error(const struct check_result *result);

/* "a.bpf.o", or "a.bpf.o on 6.12.107" where several kernels were asked for. Into buf, which it
 * returns. */
const char *check_form_subject(const struct check_report *report, const struct check_result *result,
			       char *buf, size_t bytes);

/* A string of an object; "" where there is none. */
const char *check_form_string(const json_t *object, const char *key);

/* The path as seen from the working directory, where it is below that. Into the same string. */
const char *check_form_path(const char *path);

/* Cause, class, way out and the kernel's words of a problem, a line each; heap, the caller's. NULL:
 * no memory. */
char *check_form_message(const json_t *problem);

/* "taken", "not taken, 3 times": which way a jump of a problem's path went. Into buf, which it
 * returns. */
const char *check_form_turn(const json_t *turn, char *buf, size_t bytes);

/*
 * Text for XML and HTML: what out_safe() leaves, with the five characters of markup made entities.
 * Newlines stay only with keep_newlines.
 */
void check_form_markup(FILE *out, const char *text, bool keep_newlines);

#endif
