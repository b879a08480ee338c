/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format strings of bpf_snprintf. Promises the kernel's answer to whether a format is one that
 * programs may use with so many arguments. Works on bytes that end in NUL within their length.
 */
#include "verifier/call/helper_printf.h"

#include <string.h>

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_print(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

static bool is_punct(uint8_t c)
{
	return is_print(c) && c != ' ' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
	       !(c >= 'A' && c <= 'Z');
}

static bool ends_word(uint8_t c)
{
	return c == 0 || is_space(c) || is_punct(c);
}

/* "0", "+", "-", " " and a width. */
static const uint8_t *skip_width(const uint8_t *p)
{
	while (*p == '0' || *p == '+' || *p == '-' || *p == ' ')
		p++;
	if (*p >= '1' && *p <= '9')
		while (*p >= '0' && *p <= '9')
			p++;
	return p;
}

/* What may stand after "%p". Returns the last byte of the specifier; NULL: none. */
static const uint8_t *pointer_spec(const uint8_t *p)
{
	if (ends_word(p[1]))
		return p;
	if ((p[1] == 'k' || p[1] == 'u') && p[2] == 's')
		return ends_word(p[3]) ? p + 2 : NULL;
	if (p[1] == 'K' || p[1] == 'x' || p[1] == 's' || p[1] == 'S' || p[1] == 'B')
		return p + 1;
	if ((p[1] == 'i' || p[1] == 'I') && (p[2] == '4' || p[2] == '6'))
		return p + 2;
	return NULL;
}

/* One specifier after '%': its last byte; NULL: not one that programs may use. */
static const uint8_t *one_spec(const uint8_t *p)
{
	p = skip_width(p);
	if (*p == 'p')
		return pointer_spec(p);
	if (*p == 's')
		return ends_word(p[1]) ? p : NULL;
	if (*p == 'c')
		return p;
	if (*p == 'l')
		p++;
	if (*p == 'l')
		p++;
	return *p == 'i' || *p == 'd' || *p == 'u' || *p == 'x' || *p == 'X' ? p : NULL;
}

bool helper_printf_ok(const uint8_t *format, size_t bytes, uint32_t arg_cnt)
{
	uint32_t used = 0;

	if (!memchr(format, 0, bytes))
		return false;
	for (const uint8_t *p = format; *p; p++) {
		if (*p < 0x80 && !is_print(*p) && !is_space(*p))
			return false;
		if (*p != '%')
			continue;
		if (p[1] == '%') {
			p++;
			continue;
		}
		if (used++ >= arg_cnt || p[1] >= 0x80)
			return false;
		p = one_spec(p + 1);
		if (!p)
			return false;
	}
	return true;
}
