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

struct log {
	char *text;
	size_t used, room;
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

static bool log_room(struct env *env, struct log *log, size_t want)
{
	size_t max = env->opt->log_bytes, room;
	char *text;

	if (log->used + want < log->room)
		return true;
	room = log->room ? log->room * 2 : 65536;
	while (room <= log->used + want)
		room *= 2;
	if (log->used + want >= max)
		return false;
	text = realloc(log->text, room < max ? room : max);
	if (!text)
		return false;
	log->text = text;
	log->room = room < max ? room : max;
	return true;
}

void verdict_log(struct env *env, const char *fmt, ...)
{
	struct log *log = env->log;
	char line[512];
	va_list ap;
	int n;

	if (!env->opt->log_level || !env->opt->log_bytes)
		return;
	if (!log) {
		log = env->log = pool_zalloc(env, sizeof(*log));
		if (!log)
			return;
	}
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(line)); /* the number and code of an instruction */
	if (!log_room(env, log, (size_t)n + 1))
		return;
	memcpy(log->text + log->used, line, (size_t)n + 1);
	log->used += (size_t)n;
}

char *verdict_take_log(struct env *env)
{
	struct log *log = env->log;
	char *text = log ? log->text : NULL;

	if (log)
		log->text = NULL;
	return text;
}
