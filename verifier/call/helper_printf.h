/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_PRINTF_H
#define VERIFIER_HELPER_PRINTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the format, NUL-terminated within bytes, fit that many arguments? */
bool helper_printf_ok(const uint8_t *format, size_t bytes, uint32_t arg_cnt);

#endif
