/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REGNAME_H
#define VERIFIER_REGNAME_H

#include <stdint.h>

#define REGNAME_BYTES 112

/* The kernel's word for a register type ("map_value_or_null"), into buf; returns buf. */
const char *regname_type(uint32_t type, char buf[REGNAME_BYTES]);

#endif
