/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded sentences. Promises that a text is always NUL-terminated and never longer than its room;
 * trusts the format strings of its callers; refuses nothing, it cuts.
 */
#include "policy/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/own.h"

struct text text_start(char *bytes, size_t room)
{
	bytes[0] = '\0';
	return (struct text){ .bytes = bytes, .room = room };
}

static void text_mark_cut(struct text *text)
{
	memcpy(text->bytes + text->room - 4, "...", 4);
	text->len = text->room - 1;
}

void text_addf(struct text *text, const char *format, ...)
{
	size_t left = text->room - text->len;
	va_list args;
	int r;

	va_start(args, format);
	r = vsnprintf(text->bytes + text->len, left, format, args);
	va_end(args);
	if (r < 0)
		return;
	if ((size_t)r >= left)
		text_mark_cut(text);
	else
		text->len += (size_t)r;
}

void text_add_untrusted(struct text *text, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\t')
			text_addf(text, " ");
		else if (c >= 0x20 && c < 0x7f)
			text_addf(text, "%c", c);
		else
			text_addf(text, "\\x%02x", c);
	}
}

void text_add_name(struct text *text, const char *name)
{
	if (!name) {
		text_addf(text, "(no name)");
		return;
	}
	text_addf(text, "\"");
	text_add_untrusted(text, name, strnlen(name, 128));
	text_addf(text, "\"");
}

size_t text_columns(const struct text *text)
{
	return text->len;
}

void text_add_bytes(struct text *text, unsigned long long bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (unit + 1 < ARRAY_CNT(units) && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	text_addf(text, "%llu %s", bytes, units[unit]);
}
