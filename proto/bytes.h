/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over a body: one that appends, one that consumes. Neither ever reads or writes outside
 * of its bytes; a failed step leaves the cursor failed, so that the caller may ask once at the end.
 */
#ifndef BPFGATE_PROTO_BYTES_H
#define BPFGATE_PROTO_BYTES_H

#include "proto/own.h"
#include "proto/wire.h"

#include <string.h>

struct bytes_out {
	uint8_t *data; /* malloc; the owner frees it, or takes it */
	size_t len;
	size_t cap;
	int error; /* 0, -E2BIG (above WIRE_BODY_MAX), -ENOMEM */
};

struct bytes_in {
	const uint8_t *start;
	size_t len;
	size_t at;
	bool failed;
};

/* Appends n zero bytes; returns where they start in data, or SIZE_MAX and sets error. */
static inline size_t bytes_reserve(struct bytes_out *out, size_t n)
{
	size_t at = out->len;
	size_t cap = out->cap ? out->cap : 512;
	uint8_t *data;

	if (out->error)
		return SIZE_MAX;
	if (n > WIRE_BODY_MAX || at + n > WIRE_BODY_MAX) {
		out->error = -E2BIG;
		return SIZE_MAX;
	}
	while (cap < at + n)
		cap *= 2;
	if (cap != out->cap) {
		data = realloc(out->data, cap);
		if (!data) {
			out->error = -ENOMEM;
			return SIZE_MAX;
		}
		out->data = data;
		out->cap = cap;
	}
	memset(out->data + at, 0, n);
	out->len = at + n;
	return at;
}

static inline void bytes_put(struct bytes_out *out, const void *src, size_t n)
{
	size_t at = bytes_reserve(out, n);

	if (at != SIZE_MAX && n)
		memcpy(out->data + at, src, n);
}

/* Zero bytes up to the next multiple of WIRE_ALIGN. */
static inline void bytes_put_pad(struct bytes_out *out)
{
	(void)bytes_reserve(out, -out->len % WIRE_ALIGN);
}

/* The next n bytes, or NULL. n = 0 gives a valid pointer to nothing. */
static inline const uint8_t *bytes_take(struct bytes_in *in, size_t n)
{
	const uint8_t *at = in->start + in->at;

	if (in->failed || n > in->len - in->at) {
		in->failed = true;
		return NULL;
	}
	in->at += n;
	return at;
}

static inline bool bytes_get(struct bytes_in *in, void *dst, size_t n)
{
	const uint8_t *src = bytes_take(in, n);

	if (src && n)
		memcpy(dst, src, n);
	return src;
}

/* Consumes the padding that bytes_put_pad() wrote; anything but zero fails. */
static inline bool bytes_get_pad(struct bytes_in *in)
{
	size_t n = -in->at % WIRE_ALIGN;
	const uint8_t *pad = bytes_take(in, n);

	for (size_t i = 0; pad && i < n; i++)
		if (pad[i])
			in->failed = true;
	return !in->failed;
}

/* Whether every byte was consumed and no step failed. */
static inline bool bytes_all_taken(const struct bytes_in *in)
{
	return !in->failed && in->at == in->len;
}

#endif
