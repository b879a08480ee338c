/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERDICT_H
#define VERIFIER_VERDICT_H

#include "verifier/state/diag.h"
#include "verifier/state/env.h"

/*
 * Records a rejection at the current instruction (only the first counts) and returns -err.
 * code: a row of diag.def; fmt: the kernel's class of message.
 */
int verdict_reject(struct env *env, int err, enum diag_code code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Another line of the kernel's about the rejection that was just recorded, after ": ". Returns r. */
int verdict_add(struct env *env, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Before verdict_reject(): how many bytes were needed through that register, how many are proved. */
static inline void verdict_need(struct env *env, uint32_t regno, int64_t needed, int64_t proved)
{
	if (!ENV_EXPLAINS || env->result->verdict)
		return;
	env->need.set = true;
	env->need.regno = regno;
	env->need.needed = needed;
	env->need.proved = proved;
}

/* Before verdict_reject() of a returned value: what is allowed. */
static inline void verdict_want(struct env *env, int32_t lo, int32_t hi)
{
	if (env->result->verdict)
		return;
	env->want.set = true;
	env->want.lo = lo;
	env->want.hi = hi;
}

/* Before verdict_reject(): the bytes of a frame that were to be touched, [lo, hi) from its r10. */
static inline void verdict_span(struct env *env, uint32_t frame, int64_t lo, int64_t hi)
{
	if (env->result->verdict)
		return;
	env->span.set = true;
	env->span.frame = frame;
	env->span.lo = lo;
	env->span.hi = hi;
}

/* This library cannot judge it: the reason names the feature. Returns a negative of its own. */
int verdict_unsupported(struct env *env, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A budget (memory, time, instructions) ran out. */
int verdict_undecided(struct env *env, const char *what);
int verdict_nomem(struct env *env);
/* r is what verdict_unsupported or _undecided returned: no speculative path may swallow it. */
bool verdict_is_final(int r);
/*
 * The log of a walk that is traced: at most opt->log_bytes, of which the end is kept, or with BGV_LOG_HEAD the
 * beginning. Positions count all that was written. Going back drops what was written since.
 */
void verdict_log(struct env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void verdict_log_write(struct env *env, const char *text, size_t bytes);
uint64_t verdict_log_pos(const struct env *env);
void verdict_log_reset(struct env *env, uint64_t pos);
int verdict_reject_at(struct env *env, uint32_t insn_idx, int err, enum diag_code code,
		      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/*
 * The rejection stands, under another code, with another line of the kernel's behind its own; or, when none is
 * recorded yet, becomes one.
 */
int verdict_rename(struct env *env, int err, enum diag_code code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
char *verdict_take_log(struct env *env);
/* A speculative path ended where it may: the recorded rejection is dropped. */
void verdict_forgive(struct env *env);

#endif
