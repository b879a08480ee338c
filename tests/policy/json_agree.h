/* SPDX-License-Identifier: Apache-2.0 */
/* The index of places against jansson's tree, for a test and a fuzzer. */
#ifndef BPFGATE_TESTS_POLICY_JSON_AGREE_H
#define BPFGATE_TESTS_POLICY_JSON_AGREE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Do the two readers say the same of this text? Both take it or both refuse it, but for what the index
 * refuses by its own limits, or leaves to jansson (UTF-8, number ranges); and when both take it, every
 * value stands where the other says, under the same key, and is of the same kind.
 */
bool json_agree(const char *text, size_t len);

#endif
