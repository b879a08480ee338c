/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a program was rejected: the path to the refused instruction, read off its history, and on it
 * the check that proved too little, the call that took knowledge away, the place a value came from.
 * Nothing is recorded while walking; only who asks for an explanation pays for one.
 */
#include "verifier/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "verifier/helper_tab.h"
#include "verifier/insn.h"
#include "verifier/passes.h"
#include "verifier/precise.h"
#include "verifier/state.h"

#define PATH_MAX_INSNS	65536u
#define EVENTS_MAX	48u	/* branches beyond are the oldest, and told least */

/* Instructions of the path, the refused one first. */
struct path {
	uint32_t *idx;
	uint32_t cnt;
};

const char *why_kind_name(uint32_t kind)
{
	static const char *const names[WHY_KIND_CNT] = { "needed", "proved", "lost", "branch", "call" };

	return kind < WHY_KIND_CNT ? names[kind] : "?";
}

static void __attribute__((format(printf, 5, 6)))
add_event(struct env *env, enum why_kind kind, uint32_t insn_idx, int32_t regno, const char *fmt, ...)
{
	struct bgv_result *res = env->result;
	struct bgv_event *ev = res->events ? &res->events[res->event_cnt] : NULL;
	char text[160];
	va_list ap;

	if (!ev || res->event_cnt == EVENTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*ev = (struct bgv_event){ .kind = kind, .insn_idx = insn_idx,
				  .regno = regno < 0 ? UINT32_MAX : (uint32_t)regno,
				  .text = strdup(text) };
	if (ev->text)
		res->event_cnt++;
}

static void path_collect(struct env *env, struct path *path)
{
	const struct state *st = env->cur;
	const struct hist *h = st->hist;
	uint32_t cnt = st->hist_cnt;
	int64_t i = env->insn_idx;

	path->idx = pool_calloc(env, PATH_MAX_INSNS, sizeof(uint32_t));
	while (path->idx && path->cnt < PATH_MAX_INSNS && i >= 0 && i < env->insn_cnt) {
		if (env->insns[i].code)
			path->idx[path->cnt++] = (uint32_t)i;
		i = precise_prev_insn(st, (uint32_t)i, &h, &cnt);
		while (i == -ENOENT && (st = st->parent)) {
			h = st->hist;
			cnt = st->hist_cnt;
			i = st->last_insn_idx == UINT32_MAX ? -1 : (int64_t)st->last_insn_idx;
		}
	}
}

static bool is_conditional(const struct bpf_insn *i)
{
	return insn_is_jmp_class(i) && BPF_OP(i->code) != BPF_CALL && BPF_OP(i->code) != BPF_EXIT &&
	       BPF_OP(i->code) != BPF_JA;
}

/* The newest jumps of the path, oldest first. */
static void tell_branches(struct env *env, const struct path *path)
{
	uint32_t from[EVENTS_MAX / 2], cnt = 0, k;
	bool taken;

	for (k = 1; k < path->cnt && cnt < EVENTS_MAX / 2; k++)
		if (is_conditional(&env->insns[path->idx[k]]))
			from[cnt++] = k;
	while (cnt--) {
		k = from[cnt];
		taken = path->idx[k - 1] != path->idx[k] + 1;
		add_event(env, WHY_BRANCH, path->idx[k], -1, taken ? "taken" : "not taken");
		if (env->result->event_cnt)
			env->result->events[env->result->event_cnt - 1].needed = taken;
	}
}

/* The register whose value the refused instruction stumbled over; -1: none in particular. */
static int32_t blamed_reg(const struct env *env)
{
	const struct bpf_insn *i = &env->insns[env->insn_idx];

	if (env->need.set)
		return (int32_t)env->need.regno;
	switch (BPF_CLASS(i->code)) {
	case BPF_LDX:
		return i->src_reg;
	case BPF_ST:
	case BPF_STX:
	case BPF_ALU:
	case BPF_ALU64:
		return i->dst_reg;
	case BPF_JMP:
	case BPF_JMP32:
		return BPF_OP(i->code) == BPF_EXIT ? 0 : -1;
	default:
		return -1;
	}
}

static const char *call_name(const struct env *env, uint32_t idx)
{
	const struct bpf_insn *i = &env->insns[idx];

	if (i->src_reg == 0)
		return helper_tab_name(i->imm);
	return i->src_reg == BPF_PSEUDO_CALL ? "a function of the program" : "a kernel function";
}

static void tell_call(struct env *env, uint32_t idx, int32_t regno)
{
	if (regno == 0)
		add_event(env, WHY_CALL, idx, regno, "the value comes from %s", call_name(env, idx));
	else
		add_event(env, WHY_LOST, idx, regno, "%s leaves r%d unusable", call_name(env, idx), regno);
}

/* Where a slot was last stored as a whole on the older part of the path; path->cnt: nowhere. */
static uint32_t find_store(const struct env *env, const struct path *path, uint32_t k, int16_t off)
{
	const struct bpf_insn *i;

	for (; k < path->cnt; k++) {
		i = &env->insns[path->idx[k]];
		if (BPF_CLASS(i->code) == BPF_STX && i->dst_reg == BPF_REG_10 && i->off == off)
			break;
	}
	return k;
}

/* Follows a register back through copies and spills, within the function, to where it was made. */
static void tell_origin(struct env *env, const struct path *path, int32_t regno)
{
	const struct bpf_insn *i;
	uint32_t k, depth = 0;

	for (k = 1; k < path->cnt && regno >= 0; k++) {
		i = &env->insns[path->idx[k]];
		if (insn_is_jmp_class(i) && BPF_OP(i->code) == BPF_EXIT) {
			depth++;
		} else if (insn_is_subprog_call(i) && depth) {
			if (--depth == 0 && regno <= 5) {
				tell_call(env, path->idx[k], regno);
				return;
			}
		} else if (depth) {
			continue;
		} else if (insn_is_call(i) && !insn_is_subprog_call(i) && regno <= 5) {
			tell_call(env, path->idx[k], regno);
			return;
		} else if (BPF_CLASS(i->code) <= BPF_LDX && i->dst_reg == regno) {
			if (BPF_CLASS(i->code) == BPF_LDX && i->src_reg == BPF_REG_10) {
				k = find_store(env, path, k + 1, i->off);
				regno = k < path->cnt ? env->insns[path->idx[k]].src_reg : -1;
				continue;
			}
			add_event(env, WHY_CALL, path->idx[k], regno, "the value is loaded here");
			return;
		} else if ((BPF_CLASS(i->code) == BPF_ALU64 || BPF_CLASS(i->code) == BPF_ALU) &&
			   i->dst_reg == regno && BPF_OP(i->code) == BPF_MOV) {
			if (BPF_SRC(i->code) == BPF_K) {
				add_event(env, WHY_CALL, path->idx[k], regno, "the value is set here");
				return;
			}
			regno = i->src_reg;
		}
	}
}

/* Where the reference that leaks was taken. */
static void tell_leak(struct env *env)
{
	const struct state *st = env->cur;
	uint32_t i;

	for (i = 0; i < refs_cnt(st); i++) {
		if (st->held->h[i].type != HELD_REF)
			continue;
		add_event(env, WHY_CALL, st->held->h[i].insn_idx, -1, "acquired here");
		return;
	}
}

/* The newest packet check of the path, and a call after it that moved the packet. */
static void tell_packet(struct env *env, const struct path *path)
{
	struct call_facts facts;
	uint32_t k, idx;

	for (k = 1; k < path->cnt; k++) {
		idx = path->idx[k];
		call_facts_of(env, &env->insns[idx], &facts);
		if (insn_is_call(&env->insns[idx]) && facts.changes_pkt) {
			add_event(env, WHY_LOST, idx, -1, "%s may move the packet: checks before it are void",
				  call_name(env, idx));
			return;
		}
		if (!env->aux[idx].proves_packet)
			continue;
		add_event(env, WHY_PROVED, idx, -1, "this check proves %lld bytes",
			  (long long)env->need.proved);
		if (env->result->event_cnt)
			env->result->events[env->result->event_cnt - 1].proved = env->need.proved;
		return;
	}
}

static void tell_need(struct env *env, int32_t regno)
{
	struct bgv_event *ev;

	add_event(env, WHY_NEEDED, env->insn_idx, regno, "%s", env->result->message);
	if (!env->result->event_cnt)
		return;
	ev = &env->result->events[env->result->event_cnt - 1];
	ev->needed = env->need.set ? env->need.needed : 0;
	ev->proved = env->need.set ? env->need.proved : 0;
}

void why_record(struct env *env)
{
	struct path path = { 0 };
	int32_t regno = blamed_reg(env);
	const char *code = env->result->code;

	env->result->events = calloc(EVENTS_MAX, sizeof(*env->result->events));
	path_collect(env, &path);
	tell_branches(env, &path);
	if (code && !strncmp(code, "PKT-", 4))
		tell_packet(env, &path);
	else if (code && !strcmp(code, "REF-LEAK"))
		tell_leak(env);
	else
		tell_origin(env, &path, regno);
	tell_need(env, regno);
}
