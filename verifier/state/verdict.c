/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a verification ends before its end. The first verdict recorded is the one that counts; the
 * numbers returned here travel up unchanged. A budget or an unsupported feature can never turn into
 * "accept": their numbers are not errnos, so that no code that forgives an errno forgives them.
 */
#include "verifier/state/verdict.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/state/pool.h"

#define RET_UNSUPPORTED	(-100001)
#define RET_UNDECIDED	(-100002)

#define LOG_FIRST_BYTES 65536u
#define LOG_NOTE_BYTES	80u /* for the line that says what is left out; logs of a few lines have none */

/* gone: bytes that were dropped before text; lost: after it. */
struct log {
	char *text;
	size_t used, room;
	uint64_t gone, lost;
};

static void record(struct env *env, enum bgv_verdict verdict, int err, const char *code,
		   const char *fmt, va_list ap)
{
	struct bgv_result *res = env->result;

	if (res->verdict)
		return;
	res->verdict = verdict;
	res->err = err;
	res->code = code;
	res->insn_idx = env->cur ? env->insn_idx : UINT32_MAX;
	vsnprintf(res->message, sizeof(res->message), fmt, ap);
}

int verdict_reject(struct env *env, int err, enum diag_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(env, BGV_REJECT, err, diag_code_name(code), fmt, ap);
	va_end(ap);
	return -err;
}

int verdict_reject_at(struct env *env, uint32_t insn_idx, int err, enum diag_code code,
		      const char *fmt, ...)
{
	bool first = !env->result->verdict;
	va_list ap;

	va_start(ap, fmt);
	record(env, BGV_REJECT, err, diag_code_name(code), fmt, ap);
	va_end(ap);
	if (first)
		env->result->insn_idx = insn_idx;
	return -err;
}

static void forget(struct env *env)
{
	struct bgv_result *res = env->result;

	res->verdict = 0;
	res->err = 0;
	res->code = NULL;
	res->insn_idx = UINT32_MAX;
	res->message[0] = 0;
}

void verdict_forgive(struct env *env)
{
	forget(env);
	env->need.set = env->span.set = env->want.set = false;
}

int verdict_add(struct env *env, int r, const char *fmt, ...)
{
	struct bgv_result *res = env->result;
	size_t used = strlen(res->message);
	va_list ap;

	if (res->verdict != BGV_REJECT || verdict_is_final(r) || used + 3 > sizeof(res->message))
		return r;
	memcpy(res->message + used, ": ", 3);
	va_start(ap, fmt);
	vsnprintf(res->message + used + 2, sizeof(res->message) - used - 2, fmt, ap);
	va_end(ap);
	return r;
}

int verdict_rename(struct env *env, int err, enum diag_code code, const char *fmt, ...)
{
	char before[sizeof(env->result->message)], now[sizeof(before)];
	va_list ap;

	strcpy(before, env->result->message);
	va_start(ap, fmt);
	vsnprintf(now, sizeof(now), fmt, ap);
	va_end(ap);
	forget(env);
	(void)verdict_reject(env, err, code, "%s", *before ? before : now);
	return *before ? verdict_add(env, -err, "%s", now) : -err;
}

int verdict_unsupported(struct env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(env, BGV_UNSUPPORTED, 0, "UNSUPPORTED", fmt, ap);
	va_end(ap);
	return RET_UNSUPPORTED;
}

int verdict_undecided(struct env *env, const char *what)
{
	struct bgv_result *res = env->result;

	if (!res->verdict) {
		res->verdict = BGV_UNDECIDED;
		res->code = "BUDGET";
		res->insn_idx = env->cur ? env->insn_idx : UINT32_MAX;
		snprintf(res->message, sizeof(res->message), "budget exceeded: %s", what);
	}
	return RET_UNDECIDED;
}

int verdict_nomem(struct env *env)
{
	return verdict_undecided(env, "memory");
}

bool verdict_is_final(int r)
{
	return r == RET_UNSUPPORTED || r == RET_UNDECIDED;
}

/* ---- the log ------------------------------------------------------------------------------------ */

static size_t log_most(const struct env *env)
{
	uint32_t bytes = env->opt->log_bytes;

	return bytes > 4 * LOG_NOTE_BYTES ? bytes - LOG_NOTE_BYTES : bytes;
}

/* Of what has no room the oldest half goes; true: there is room now. */
static bool log_forget(const struct env *env, struct log *log, size_t want)
{
	size_t keep = log_most(env) / 2, gone;

	if (env->opt->log_level & BGV_LOG_HEAD || want >= log_most(env) - keep)
		return false;
	gone = log->used > keep ? log->used - keep : 0;
	memmove(log->text, log->text + gone, log->used - gone);
	log->used -= gone;
	log->gone += gone;
	return true;
}

static bool log_room(const struct env *env, struct log *log, size_t want)
{
	size_t max = log_most(env), room = log->room ? log->room : LOG_FIRST_BYTES;
	char *text;

	if (log->used + want < log->room)
		return true;
	if (log->used + want >= max)
		return log->text && log_forget(env, log, want);
	while (room <= log->used + want)
		room *= 2;
	room = room < max ? room : max;
	text = realloc(log->text, room);
	if (!text)
		return false;
	log->text = text;
	log->room = room;
	return true;
}

void verdict_log_write(struct env *env, const char *text, size_t bytes)
{
	struct log *log = env->log;

	if (!env->trace || !env->opt->log_bytes)
		return;
	if (!log) {
		log = env->log = pool_zalloc(env, sizeof(*log));
		if (!log)
			return;
	}
	if (log->lost || !log_room(env, log, bytes + 1)) {
		log->lost += bytes;
		return;
	}
	memcpy(log->text + log->used, text, bytes);
	log->used += bytes;
	log->text[log->used] = '\0';
}

void verdict_log(struct env *env, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		verdict_log_write(env, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

uint64_t verdict_log_pos(const struct env *env)
{
	const struct log *log = env->log;

	return log ? log->gone + log->used + log->lost : 0;
}

void verdict_log_reset(struct env *env, uint64_t pos)
{
	struct log *log = env->log;

	if (!log || pos >= verdict_log_pos(env))
		return;
	if (pos >= log->gone + log->used) {
		log->lost = pos - log->gone - log->used;
		return;
	}
	log->lost = 0;
	log->used = pos > log->gone ? (size_t)(pos - log->gone) : 0;
	log->gone = pos > log->gone ? log->gone : pos;
	if (log->text)
		log->text[log->used] = '\0';
}

/* Says what is missing, where that is the beginning, in place of the line that was cut. */
static char *log_say_gone(const struct log *log)
{
	const char *line = strchr(log->text, '\n');
	char *text = NULL;

	line = line ? line + 1 : log->text;
	if (asprintf(&text, "(the first %llu bytes of this log are left out)\n%s",
		     (unsigned long long)(log->gone + (uint64_t)(line - log->text)), line) < 0)
		return NULL;
	return text;
}

char *verdict_take_log(struct env *env)
{
	struct log *log = env->log;
	char *text = log ? log->text : NULL, *told;

	if (!log)
		return NULL;
	told = text && log->gone && log->room > LOG_NOTE_BYTES ? log_say_gone(log) : NULL;
	log->text = NULL;
	if (!told)
		return text;
	free(text);
	return told;
}
