/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verification did, as one number: see the header. Takes structs as bytes where the verifier
 * promises that every byte is set (struct reg), and field by field where it does not.
 */
#include "proto/own.h"
#include "tests/cases/digest.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/api.h"
#include "verifier/state/state.h"

#define PARENTS_MAX 3 /* how far up marks are looked at: they were at the top once */

static void digest_word(struct digest *d, uint64_t word)
{
	d->hash = (d->hash ^ word) * 0x9e3779b97f4a7c15ull;
	d->hash ^= d->hash >> 29;
}

void digest_bytes(struct digest *d, const void *data, size_t bytes)
{
	const unsigned char *at = data;
	uint64_t word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		digest_word(d, word);
	}
	for (word = bytes; bytes; bytes--)
		word = word << 8 | *at++;
	digest_word(d, word);
}

void digest_text(struct digest *d, const char *text)
{
	digest_bytes(d, text ? text : "", text ? strlen(text) : 0);
}

#define WORDS(d, ...)                                                                              \
	do {                                                                                       \
		const uint64_t words_[] = { __VA_ARGS__ };                                         \
		for (size_t i_ = 0; i_ < ARRAY_CNT(words_); i_++)                                  \
			digest_word(d, words_[i_]);                                                \
	} while (0)

static void digest_aux(struct digest *d, const struct insn_aux *a)
{
	WORDS(d, a->seen, a->prune_point, a->jmp_point, a->force_checkpoint, a->calls_callback,
	      a->jump_target, a->is_iter_next, a->storage_atomic, a->fastcall_pattern, a->nospec,
	      a->nospec_result, a->proves_packet, a->call_map_poisoned, a->call_map_unpriv,
	      a->has_ref_kptr, a->loop_seen, a->loop_inline, a->fastcall_spills, a->live_regs,
	      a->scc, a->ptr_type, a->ptr_btf, a->map, a->map_off, a->var.type, a->var.btf,
	      a->var.btf_id, a->var.mem_size, a->alu_state, a->alu_limit, a->call_map,
	      a->loop_subprog, a->obj_size);
}

static void digest_subprog(struct digest *d, const struct subprog *s)
{
	WORDS(d, s->start, s->postorder_start, s->exit_idx, s->stack_depth,
	      (uint64_t)s->fastcall_stack_off, s->keep_fastcall_stack, s->has_tail_call,
	      s->tail_call_reachable, s->has_ld_abs, s->is_cb, s->is_async_cb, s->is_exception_cb,
	      s->changes_pkt, s->might_sleep, s->might_throw, s->is_global,
	      s->called[0] || s->called[1], s->verified_in[0] || s->verified_in[1],
	      s->priv_stack, s->no_priv_stack, s->arg_cnt);
	for (uint32_t i = 0; i < s->arg_cnt && i < PROGRAM_ARGS_MAX; i++)
		WORDS(d, s->args[i].kind, s->args[i].flags, s->args[i].mem_size, s->args[i].btf,
		      s->args[i].btf_id, s->args[i].dynptr_type);
}

static void digest_marks(struct digest *d, const struct state *st)
{
	for (uint32_t i = 0; i <= st->curframe; i++) {
		const struct level *l = &st->l[i];

		WORDS(d, l->prec_s, l->dead_s, l->read_s, l->written_s, l->linked_s, l->prec_r,
		      l->dead_r, l->read_r, l->written_r);
	}
}

static void digest_frame(struct digest *d, const struct frame *f)
{
	WORDS(d, (uint64_t)f->callsite, f->frameno, f->subprog, f->async_entry, f->callback_depth,
	      (uint64_t)f->ret_lo, (uint64_t)f->ret_hi, f->in_callback, f->in_async_callback,
	      f->in_exception_callback, f->slot_cnt);
	digest_bytes(d, f->r, sizeof(f->r));
	for (uint32_t i = 0; i < f->slot_cnt; i++) {
		const struct slot *s = frame_slot(f, i);

		digest_bytes(d, s->byte, sizeof(s->byte));
		if (s->byte[7] != SLOT_INVALID && s->byte[7] != SLOT_MISC &&
		    s->byte[7] != SLOT_ZERO)
			digest_bytes(d, &s->r, sizeof(s->r));
	}
}

static void digest_state(struct digest *d, const struct state *st)
{
	const struct state *up = st->parent;

	WORDS(d, st->insn_idx, st->first_insn_idx, st->last_insn_idx, st->hist_cnt, st->branches,
	      st->dfs_depth, st->callback_unroll_depth, st->may_goto_depth, st->active_locks,
	      st->preempt_locks, st->rcu_locks, st->active_irq_id, st->active_lock_id,
	      st->active_lock_object, st->active_lock_object_id, st->speculative, st->in_sleepable,
	      st->curframe);
	digest_marks(d, st);
	for (int i = 0; i < PARENTS_MAX && up; i++, up = up->parent) {
		WORDS(d, up->insn_idx, up->branches, up->hit_cnt, up->miss_cnt, up->cleaned,
		      up->used_as_loop_entry);
		digest_marks(d, up);
	}
	digest_frame(d, st->l[st->curframe].f);
	for (uint32_t i = 0; st->held && i < st->held->cnt; i++) {
		const struct held *h = &st->held->h[i];

		WORDS(d, h->type, h->id, h->insn_idx, h->object, h->object_id);
	}
}

static void digest_look(void *ctx, const struct env *env)
{
	struct digest *d = ctx;

	if (env->insn_processed == 1) { /* what the passes before the walk left */
		for (uint32_t i = 0; i < env->insn_cnt; i++)
			digest_aux(d, &env->aux[i]);
		for (uint32_t i = 0; i < env->subprog_cnt; i++)
			digest_subprog(d, &env->subprogs[i]);
	}
	d->looks++;
	WORDS(d, env->insn_idx, env->prev_insn_idx, env->insn_processed, env->jmps_processed,
	      env->pending_cnt, env->id_gen, env->total_states, env->kept_states,
	      env->max_states_per_insn);
	digest_aux(d, &env->aux[env->insn_idx]);
	digest_state(d, env->cur);
}

static void digest_answer(struct digest *d, const struct bgv_program *prog,
			  const struct bgv_result *res)
{
	char *text = NULL;

	WORDS(d, (uint64_t)res->err, res->insn_idx, res->stats.insn_processed,
	      res->stats.total_states, res->stats.peak_states, res->stats.max_states_per_insn);
	digest_bytes(d, res->stats.stack_depth, sizeof(res->stats.stack_depth));
	digest_text(d, bgv_verdict_name(res->verdict));
	digest_text(d, res->code);
	digest_text(d, res->message);
	if (res->verdict != BGV_ACCEPT && bgv_explain(prog, res, &text) == 0)
		digest_text(d, text);
	free(text);
}

int digest_verify(struct digest *d, const struct bgv_target *target, const struct bgv_program *prog,
		  const struct bgv_options *opt, struct bgv_result *ret_result)
{
	const struct env_watch watch = { .look = digest_look, .ctx = d };
	int r = api_verify_watched(target, prog, opt, &watch, ret_result);

	if (r == 0)
		digest_answer(d, prog, ret_result);
	return r;
}
