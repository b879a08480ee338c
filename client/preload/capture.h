/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording bpf(2): does the caller's call exactly as asked, and hands each PROG_LOAD with the
 * kernel's answer to a sink. Behind the preload library of `bpfgate capture` and the loader of
 * tests/conformance. Not thread-safe: callers serialise.
 */
#ifndef BPFGATE_CLIENT_CAPTURE_H
#define BPFGATE_CLIENT_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "object/bundle.h"

struct capture;

/*
 * Gets one finished bundle (borrowed). prog and answer are what it holds. The sink's own failure
 * is its own business: the recorded process must not notice.
 */
typedef void (*capture_sink)(void *arg, const struct bgv_program *prog,
			     const struct bundle_answer *answer, const uint8_t *bytes,
			     size_t bytes_cnt);

/* NULL when memory is out. sink_arg is borrowed until capture_free(). */
struct capture *capture_new(capture_sink sink, void *sink_arg);
void capture_free(struct capture *cap);

/*
 * bpf(2) as the caller meant it: same result, same attr and buffers as without recording; returns
 * what the kernel returned, errors as -errno. A program is loaded a second time (for statistics)
 * and, if refused, a third (for the log), into buffers of our own; those fds are closed at once.
 */
long capture_bpf(struct capture *cap, unsigned int cmd, void *attr, unsigned int attr_bytes);

/* The words that the next bundles carry as their source; NULL: none. Borrowed. */
void capture_set_source(struct capture *cap, const char *source);

#endif
