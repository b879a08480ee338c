/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which stack slots may still be read, learned while walking. For every call chain and instruction
 * it keeps, per frame, the slots that may be read there and those written on every visit; at the
 * end of each path the changed chains are solved backwards, and a function's effect on its callers'
 * frames becomes the effect of the call. A finished state then needs to keep only live slots.
 */
#include "verifier/marks/slotlive.h"

#include "verifier/kernel/insn.h"
#include "verifier/marks/livemark.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"
#include "verifier/state/jumptab.h"

#define BUCKETS_FIRST 256u	/* doubled as call chains come: there can be one for each few instructions walked */

struct masks {
	uint64_t may_read, must_write, must_acc, before;
};

/* One function, reached by one chain of call sites. */
struct instance {
	struct instance *next;
	uint32_t hash;
	uint32_t frame;				/* index of its own frame */
	uint32_t site[ENV_FRAMES_MAX];		/* call sites of the outer frames */
	uint32_t sub_start[ENV_FRAMES_MAX];	/* function of each frame */
	uint32_t subprog, insn_cnt;
	bool updated, dropped;			/* to be solved; must_write shrank */
	bool has_masks;				/* any of of[] is there */
	bool *seen;				/* per instruction: must_write was set */
	struct masks *of[ENV_FRAMES_MAX];	/* per frame, per instruction; lazily */
	uint64_t *dirty[ENV_FRAMES_MAX];	/* per frame, by place in postorder: to be solved again */
};

struct slotlive {
	struct instance **bucket;
	uint32_t bucket_cnt, instance_cnt;	/* the first is a power of two */
	struct instance *cur;
	uint64_t write[ENV_FRAMES_MAX];
	uint32_t write_insn;
	bool wrote;				/* any of write[] is set */
	/*
	 * The graph, made when the first mark is: by place in env->postorder, place of an instruction;
	 * predecessors, flat.
	 */
	uint32_t *place, *pred_at, *pred;
};

/* Predecessors of place k are pred[pred_at[k]] .. pred[pred_at[k + 1]]. */
static int index_graph(struct env *env, struct slotlive *sl)
{
	uint32_t end = env->subprogs[env->subprog_cnt].postorder_start, k, s, n, buf[2], *fill, edges = 0;
	const uint32_t *succ;

	sl->place = pool_calloc(env, env->insn_cnt + 1u, sizeof(uint32_t));
	sl->pred_at = pool_calloc(env, end + 2u, sizeof(uint32_t));
	for (k = 0; k < end; k++) {
		jumptab_successors(env, env->postorder[k], buf, &n);
		edges += n;
	}
	sl->pred = pool_calloc(env, (size_t)edges + 1u, sizeof(uint32_t));
	fill = pool_calloc(env, end + 1u, sizeof(uint32_t));
	if (!sl->place || !sl->pred_at || !sl->pred || !fill)
		return verdict_nomem(env);
	for (k = 0; k < end; k++)
		sl->place[env->postorder[k]] = k;
	for (k = 0; k < end; k++) {
		succ = jumptab_successors(env, env->postorder[k], buf, &n);
		for (s = 0; s < n; s++)
			sl->pred_at[sl->place[succ[s]] + 1]++;
	}
	for (k = 0; k < end; k++)
		sl->pred_at[k + 1] += sl->pred_at[k];
	for (k = 0; k < end; k++) {
		succ = jumptab_successors(env, env->postorder[k], buf, &n);
		for (s = 0; s < n; s++) {
			uint32_t to = sl->place[succ[s]];

			sl->pred[sl->pred_at[to] + fill[to]++] = k;
		}
	}
	return 0;
}

int slotlive_init(struct env *env)
{
	env->slotlive = pool_zalloc(env, sizeof(*env->slotlive));
	if (!env->slotlive)
		return verdict_nomem(env);
	env->slotlive->bucket_cnt = BUCKETS_FIRST;
	env->slotlive->bucket = pool_calloc(env, BUCKETS_FIRST, sizeof(struct instance *));
	return env->slotlive->bucket ? 0 : verdict_nomem(env);
}

static uint32_t chain_hash(const struct instance *k)
{
	uint32_t h = k->sub_start[k->frame], i;

	for (i = 0; i < k->frame; i++)
		h = (h ^ k->site[i]) * 0x9e3779b1u;
	return h ^ h >> 15;
}

static bool same_chain(const struct instance *a, const struct instance *b)
{
	return a->frame == b->frame && a->sub_start[a->frame] == b->sub_start[b->frame] &&
	       !memcmp(a->site, b->site, a->frame * sizeof(a->site[0]));
}

static void put_in(struct slotlive *sl, struct instance *i)
{
	struct instance **head = &sl->bucket[i->hash & (sl->bucket_cnt - 1)];

	i->next = *head;
	*head = i;
}

/* Twice the buckets; without memory for them the lists just stay long. */
static void grow(struct env *env, struct slotlive *sl)
{
	struct instance **old = sl->bucket, *i, *next;
	uint32_t cnt = sl->bucket_cnt;
	struct instance **twice = pool_calloc(env, 2 * (size_t)cnt, sizeof(*twice));

	if (!twice)
		return;
	sl->bucket = twice;
	sl->bucket_cnt = 2 * cnt;
	for (uint32_t b = 0; b < cnt; b++)
		for (i = old[b]; i; i = next) {
			next = i->next;
			put_in(sl, i);
		}
}

static struct instance *lookup(struct env *env, const struct instance *key)
{
	struct slotlive *sl = env->slotlive;
	uint32_t hash = chain_hash(key), sub;
	struct instance *i;

	for (i = sl->bucket[hash & (sl->bucket_cnt - 1)]; i; i = i->next)
		if (i->hash == hash && same_chain(i, key))
			return i;
	i = pool_zalloc(env, sizeof(*i));
	if (!i)
		return NULL;
	*i = *key;
	i->hash = hash;
	sub = i->subprog = subprog_containing(env, key->sub_start[key->frame]);
	i->insn_cnt = env->subprogs[sub + 1].start - env->subprogs[sub].start;
	i->seen = pool_calloc(env, i->insn_cnt, sizeof(bool));
	if (!i->seen)
		return NULL;
	if (++sl->instance_cnt > sl->bucket_cnt)
		grow(env, sl);
	put_in(sl, i);
	return i;
}

static void chain_key(const struct env *env, const struct state *st, uint32_t frame,
		      struct instance *key)
{
	uint32_t i;

	memset(key, 0, sizeof(*key));
	key->frame = frame;
	for (i = 0; i <= frame; i++) {
		key->sub_start[i] = env->subprogs[st->l[i].f->subprog].start;
		if (i < frame)
			key->site[i] = (uint32_t)st->l[i + 1].f->callsite;
	}
}

static struct instance *instance_of(struct env *env, const struct state *st, uint32_t frame)
{
	struct instance key;

	chain_key(env, st, frame, &key);
	return lookup(env, &key);
}

static int ensure_cur(struct env *env)
{
	if (!env->slotlive->cur)
		env->slotlive->cur = instance_of(env, env->cur, env->cur->curframe);
	return env->slotlive->cur ? 0 : verdict_nomem(env);
}

static struct masks *masks_at(const struct instance *i, uint32_t frame, uint32_t insn)
{
	return i->of[frame] ? &i->of[frame][insn - i->sub_start[i->frame]] : NULL;
}

static struct masks *masks_make(struct env *env, struct instance *i, uint32_t frame, uint32_t insn)
{
	if (!i->of[frame]) {
		if (!env->slotlive->place && index_graph(env, env->slotlive) < 0)
			return NULL;
		i->dirty[frame] = pool_calloc(env, i->insn_cnt / 64 + 1, sizeof(uint64_t));
		if (!i->dirty[frame])
			return NULL;
		i->of[frame] = pool_calloc(env, i->insn_cnt, sizeof(struct masks));
		i->has_masks = true;
	}
	return masks_at(i, frame, insn);
}

/* Its own marks or a successor's solution changed. */
static void set_dirty(const struct env *env, struct instance *i, uint32_t frame, uint32_t place)
{
	uint32_t at = place - env->subprogs[i->subprog].postorder_start;

	i->dirty[frame][at / 64] |= 1ull << at % 64;
}

static int mark_read(struct env *env, struct instance *i, uint32_t frame, uint32_t insn,
		     uint64_t slots)
{
	struct masks *m = masks_make(env, i, frame, insn);

	if (!m)
		return verdict_nomem(env);
	if ((slots & ~m->may_read) && ((m->may_read | slots) & ~m->before))
		i->updated = true;
	if (slots & ~m->may_read)
		set_dirty(env, i, frame, env->slotlive->place[insn]);
	m->may_read |= slots;
	return 0;
}

int slotlive_read(struct env *env, uint32_t frameno, uint64_t slots)
{
	int r;

	if (env->beh->live_marks) {
		livemark_read_slots(env, frameno, slots);
		return 0;
	}
	r = ensure_cur(env);
	return r < 0 ? r : mark_read(env, env->slotlive->cur, frameno, env->insn_idx, slots);
}

void slotlive_write(struct env *env, uint32_t frameno, uint64_t slots)
{
	env->slotlive->write[frameno] |= slots;
	env->slotlive->wrote = true;
	if (env->beh->live_marks)
		livemark_write_slots(env, frameno, slots);
}

static void begin_writes(struct slotlive *sl, uint32_t insn)
{
	sl->write_insn = insn;
	if (!sl->wrote)
		return;
	sl->wrote = false;
	memset(sl->write, 0, sizeof(sl->write));
}

int slotlive_step_begin(struct env *env, uint32_t insn_idx)
{
	int r;

	if (env->beh->live_marks)
		return 0;
	r = ensure_cur(env);
	if (r < 0)
		return r;
	begin_writes(env->slotlive, insn_idx);
	return 0;
}

/* First visit: the writes as they are; later ones: only what every visit writes. */
static int commit(struct env *env, struct instance *i)
{
	struct slotlive *sl = env->slotlive;
	uint32_t frame, at = sl->write_insn - i->sub_start[i->frame];
	struct masks *m;
	uint64_t mask;

	for (frame = 0; (sl->wrote || i->has_masks) && frame <= i->frame; frame++) {
		mask = sl->write[frame];
		if (!mask && !(i->seen[at] && i->of[frame]))
			continue;
		m = masks_make(env, i, frame, sl->write_insn);
		if (!m)
			return verdict_nomem(env);
		if (i->seen[at])
			mask &= m->must_write;
		if (m->must_write & ~mask)
			i->dropped = true;
		if (m->must_write != mask) {
			i->updated = true;
			set_dirty(env, i, frame, sl->place[sl->write_insn]);
		}
		m->must_write = mask;
	}
	i->seen[at] = true;
	return 0;
}

int slotlive_step_end(struct env *env)
{
	if (env->beh->live_marks || !env->slotlive->cur)
		return 0;
	return commit(env, env->slotlive->cur);
}

void slotlive_leave_instance(struct env *env)
{
	env->slotlive->cur = NULL;
}

/*
 * A tail call that succeeds, or a packet load that fails, leaves the function there: what comes after
 * is then never written. Kernels up to 6.18 forget that; ours does not.
 */
static bool may_return_here(const struct bpf_insn *i)
{
	if (BPF_CLASS(i->code) == BPF_LD)
		return BPF_MODE(i->code) == BPF_ABS || BPF_MODE(i->code) == BPF_IND;
	return insn_is_helper_call(i) && i->imm == BPF_FUNC_tail_call;
}

/* Its solution from its successors'; predecessors are dirty when it changed. */
static bool solve_insn(const struct env *env, struct instance *i, uint32_t frame, uint32_t place)
{
	const struct slotlive *sl = env->slotlive;
	uint32_t insn = env->postorder[place];
	struct masks *m = masks_at(i, frame, insn), *s;
	uint64_t after = 0, acc = UINT64_MAX, before;
	uint32_t buf[2], n, k;
	const uint32_t *succ = jumptab_successors(env, insn, buf, &n);

	if (!n)
		return false;
	for (k = 0; k < n; k++) {
		s = masks_at(i, frame, succ[k]);
		after |= s->before;
		acc &= s->must_acc;
	}
	if (may_return_here(&env->insns[insn]))
		acc = 0;
	acc |= m->must_write;
	before = (after & ~m->must_write) | m->may_read;
	if (before == m->before && acc == m->must_acc)
		return false;
	m->before = before;
	m->must_acc = acc;
	for (k = sl->pred_at[place]; k < sl->pred_at[place + 1]; k++)
		set_dirty(env, i, frame, sl->pred[k]);
	return true;
}

/*
 * One sweep in postorder over what is dirty. The order is the kernel's, which also visits the clean
 * ones, to no effect.
 */
static bool sweep(const struct env *env, struct instance *i, uint32_t frame)
{
	uint32_t from = env->subprogs[i->subprog].postorder_start, w, at;
	uint64_t *dirty = i->dirty[frame];
	bool changed = false;

	for (w = 0; w <= i->insn_cnt / 64; w++) {
		uint64_t todo = dirty[w];

		while (todo) {
			at = (uint32_t)__builtin_ctzll(todo);
			dirty[w] &= ~(1ull << at);
			changed |= solve_insn(env, i, frame, from + w * 64 + at);
			/* places after this one that became dirty meanwhile belong to this sweep */
			todo = at == 63 ? 0 : dirty[w] & ~0ull << (at + 1);
		}
	}
	return changed;
}

static void forget_acc(const struct env *env, struct instance *i, uint32_t frame)
{
	uint32_t from = env->subprogs[i->subprog].postorder_start;
	uint32_t to = env->subprogs[i->subprog + 1].postorder_start, k;

	for (k = 0; k < i->insn_cnt; k++)
		i->of[frame][k].must_acc = 0;
	for (k = from; k < to; k++)
		set_dirty(env, i, frame, k);
}

/* What a function surely writes and may read of its callers' frames, at its call. */
static int hand_to_caller(struct env *env, struct instance *i)
{
	struct instance key = *i, *outer;
	uint32_t frame, site;
	struct masks *m;
	int r = 0;

	if (!i->frame)
		return 0;
	key.frame--;
	memset(key.of, 0, sizeof(key.of));
	memset(key.dirty, 0, sizeof(key.dirty));
	key.updated = key.dropped = key.has_masks = false;
	site = i->site[key.frame];
	key.site[key.frame] = 0;
	key.sub_start[i->frame] = 0;
	outer = lookup(env, &key);
	if (!outer)
		return verdict_nomem(env);
	begin_writes(env->slotlive, site);
	for (frame = 0; frame < i->frame && r >= 0; frame++) {
		m = masks_at(i, frame, i->sub_start[i->frame]);
		if (!m)
			continue;
		slotlive_write(env, frame, m->must_acc);
		r = mark_read(env, outer, frame, site, m->before);
	}
	return r < 0 ? r : commit(env, outer);
}

static int solve(struct env *env, struct instance *i)
{
	bool changed;
	uint32_t frame;

	for (frame = 0; i->dropped && frame <= i->frame; frame++)
		if (i->of[frame])
			forget_acc(env, i, frame);
	do {
		changed = false;
		for (frame = 0; frame <= i->frame; frame++)
			if (i->of[frame])
				changed |= sweep(env, i, frame);
	} while (changed);
	return hand_to_caller(env, i);
}

int slotlive_update(struct env *env)
{
	struct instance *i;
	uint32_t frame;
	int r;

	if (env->beh->live_marks)
		return 0;
	env->slotlive->cur = NULL;
	for (frame = env->cur->curframe + 1u; frame-- > 0;) {
		i = instance_of(env, env->cur, frame);
		if (!i)
			return verdict_nomem(env);
		if (!i->updated)
			continue;
		r = solve(env, i);
		if (r < 0)
			return r;
		i->updated = false;
		i->dropped = false;
	}
	return 0;
}

static uint64_t alive_before(const struct instance *i, uint32_t frame, uint32_t insn)
{
	const struct masks *m = masks_at(i, frame, insn);

	return m ? m->before : 0;
}

int slotlive_query(struct env *env, const struct state *st, uint64_t *ret_alive)
{
	struct instance *inst[ENV_FRAMES_MAX];
	uint32_t f, i, site;

	for (f = 0; f <= st->curframe; f++) {
		if (env->beh->live_marks) {
			ret_alive[f] = UINT64_MAX;
			continue;
		}
		inst[f] = instance_of(env, st, f);
		if (!inst[f])
			return verdict_nomem(env);
	}
	for (f = 0; !env->beh->live_marks && f <= st->curframe; f++) {
		ret_alive[f] = alive_before(inst[st->curframe], f, st->insn_idx);
		for (i = f; i < st->curframe; i++) {
			site = (uint32_t)st->l[i + 1].f->callsite;
			ret_alive[f] |= alive_before(inst[i], f,
						     env->aux[site].calls_callback ? site : site + 1);
		}
	}
	return 0;
}
