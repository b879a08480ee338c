/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of registers and stack, in the words of the kernel's log. Promises a line that ends, whatever
 * stands in a state; names of types and maps are the program's author's and are cut.
 */
#include "verifier/tell/statetext.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/regname.h"
#include "verifier/state/state.h"

#define NAME_SHOWN 64

void statetext_say(struct statetext *text, const char *fmt, ...)
{
	size_t room = sizeof(text->bytes) - text->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text->bytes + text->used, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		text->used += (size_t)n < room ? (size_t)n : room - 1;
}

/* ---- numbers ------------------------------------------------------------------------------------ */

/* Small ones are decimal; so are negative ones near zero. */
static void say_signed(struct statetext *text, int64_t v)
{
	if (v >= INT16_MIN && v <= INT16_MAX)
		statetext_say(text, "%lld", (long long)v);
	else
		statetext_say(text, "%#llx", (unsigned long long)v);
}

static void say_unsigned(struct statetext *text, uint64_t v)
{
	if (v <= UINT16_MAX)
		statetext_say(text, "%llu", (unsigned long long)v);
	else
		statetext_say(text, "%#llx", (unsigned long long)v);
}

struct end {
	const char *name;
	uint64_t value;
	bool is_signed, known;
};

/* Of the low half: a negative number that is not near zero is shown as the 32 bits that it is. */
static uint64_t low_end(int32_t v)
{
	return v >= INT16_MIN && v <= INT16_MAX ? (uint64_t)(int64_t)v : (uint32_t)v;
}

static bool end_is_negative(const struct end *e)
{
	return e->is_signed && (int64_t)e->value < 0;
}

/* Ends that are equal are told together: "smax=umax=7". Lower ends and upper ends take turns. */
static void say_ends(struct statetext *text, const char **sep, const struct val *v)
{
	struct end ends[] = {
		{ "smin", (uint64_t)v->sl, true, v->sl != INT64_MIN },
		{ "smax", (uint64_t)v->sh, true, v->sh != INT64_MAX },
		{ "umin", v->ul, false, v->ul != 0 },
		{ "umax", v->uh, false, v->uh != UINT64_MAX },
		{ "smin32", low_end(v->xl), true, v->xl != INT32_MIN },
		{ "smax32", low_end(v->xh), true, v->xh != INT32_MAX },
		{ "umin32", v->wl, false, v->wl != 0 },
		{ "umax32", v->wh, false, v->wh != UINT32_MAX },
	};
	const size_t cnt = ARRAY_CNT(ends);

	for (size_t i = 0; i < cnt; i++) {
		if (!ends[i].known)
			continue;
		statetext_say(text, "%s%s=", *sep, ends[i].name);
		*sep = ",";
		for (size_t j = i + 2; j < cnt; j += 2) {
			if (!ends[j].known || ends[j].value != ends[i].value ||
			    end_is_negative(&ends[j]) != end_is_negative(&ends[i]))
				continue;
			ends[j].known = false;
			statetext_say(text, "%s=", ends[j].name);
		}
		if (ends[i].is_signed)
			say_signed(text, (int64_t)ends[i].value);
		else
			say_unsigned(text, ends[i].value);
	}
}

/* ---- a register --------------------------------------------------------------------------------- */

static const char *dynptr_word(uint32_t type)
{
	static const char *const words[] = { "<invalid>", "local", "ringbuf", "skb", "xdp", "skb_meta", "file" };

	return type < ARRAY_CNT(words) ? words[type] : "<invalid>";
}

/* The first of a list has no comma before it. */
#define SAY_NEXT(...) (statetext_say(text, "%s", *sep), *sep = ",", statetext_say(text, __VA_ARGS__))

static void say_map(const struct env *env, const struct reg *r, const char **sep, struct statetext *text)
{
	const struct bgv_map *shape;

	if (!r->map)
		return;
	shape = env->maps[r->map - 1].shape;
	if (shape->name[0])
		SAY_NEXT("map=%.*s", (int)sizeof(shape->name), shape->name);
	SAY_NEXT("ks=%u,vs=%u", shape->key_size, shape->value_size);
}

static void say_pointer(const struct env *env, const struct reg *r, const char **sep, struct statetext *text)
{
	uint32_t base = reg_base(r);

	if (base == REG_MAP_PTR || base == REG_MAP_VALUE || base == REG_MAP_KEY)
		say_map(env, r, sep, text);
	if (r->off) {
		SAY_NEXT("off=");
		say_signed(text, r->off);
	}
	if (reg_is_pkt(r)) {
		SAY_NEXT("r=");
		say_unsigned(text, (uint64_t)(int64_t)r->range);
	}
	if (base == REG_MEM) {
		SAY_NEXT("sz=");
		say_unsigned(text, r->mem_size);
	}
	if (base == REG_DYNPTR)
		SAY_NEXT("type=%s", dynptr_word(r->dynptr_type));
}

static void say_ids(const struct reg *r, const char **sep, struct statetext *text)
{
	if (r->id) {
		SAY_NEXT("id=%u", r->id & ~REG_ID_DELTA);
		if (reg_is_scalar(r) && r->id & REG_ID_DELTA)
			statetext_say(text, "%+d", r->off);
	}
	if (r->ref)
		SAY_NEXT("ref_obj_id=%u", r->ref);
	if (!reg_is_scalar(r) && r->type & REG_F_NON_OWN_REF)
		SAY_NEXT("non_own_ref");
}

static void say_number(const struct reg *r, const char **sep, struct statetext *text)
{
	if (r->v.tm == 0) {
		if (r->v.tv) {
			SAY_NEXT("imm=");
			say_signed(text, (int64_t)r->v.tv);
		}
		return;
	}
	say_ends(text, sep, &r->v);
	if (r->v.tm != UINT64_MAX)
		SAY_NEXT("var_off=(0x%llx; 0x%llx)", (unsigned long long)r->v.tv, (unsigned long long)r->v.tm);
}

static void say_type(struct env *env, const struct reg *r, struct statetext *text)
{
	char word[REGNAME_BYTES];
	const struct btf_view *view;
	const char *name;

	statetext_say(text, "%s", regname_type(r->type & ~REG_F_NON_OWN_REF, word));
	if (reg_base(r) != REG_BTF_ID)
		return;
	view = btf_of(env, r->btf);
	name = view ? btf_view_name(view, r->btf_id) : NULL;
	statetext_say(text, "%.*s", NAME_SHOWN, name ? name : "");
}

/* The 6.1 kernel has another form; ours is that of the kernels since. */
static void say_reg(struct env *env, const struct statetext_frame *f, const struct reg *r, bool precise,
		    struct statetext *text)
{
	const char *none = "", **sep = &none;

	if (reg_is_scalar(r) && precise)
		statetext_say(text, "P");
	if (reg_is_const(r)) {
		say_signed(text, (int64_t)r->v.tv);
		return;
	}
	say_type(env, r, text);
	if (reg_base(r) == REG_ARENA)
		return;
	if (reg_base(r) == REG_STACK) {
		if (r->frame != f->frameno)
			statetext_say(text, "[%u]", r->frame);
		if (r->v.tm == 0) {
			say_signed(text, (int64_t)r->v.tv + r->off);
			return;
		}
	}
	statetext_say(text, "(");
	say_ids(r, sep, text);
	if (!reg_is_scalar(r))
		say_pointer(env, r, sep, text);
	say_number(r, sep, text);
	statetext_say(text, ")");
}

/* ---- the stack ---------------------------------------------------------------------------------- */

static int32_t slot_off(uint32_t spi)
{
	return -8 * (int32_t)(spi + 1);
}

static void say_dynptr(const struct reg *r, int32_t off, struct statetext *text)
{
	const char *none = "", **sep = &none;

	statetext_say(text, " fp%d=dynptr_%s(", off, dynptr_word(r->dynptr_type));
	if (r->id)
		SAY_NEXT("id=%u", r->id);
	if (r->ref)
		SAY_NEXT("ref_id=%u", r->ref);
	if (r->dynptr_id)
		SAY_NEXT("dynptr_id=%u", r->dynptr_id);
	statetext_say(text, ")");
}

static void say_iter(struct env *env, const struct reg *r, int32_t off, struct statetext *text)
{
	static const char *const states[] = { "<invalid>", "active", "drained" };
	static const char prefix[] = "bpf_iter_";
	const struct btf_view *view = btf_of(env, r->iter_btf);
	const char *name = view ? btf_view_name(view, r->iter_btf_id) : NULL;

	if (!name)
		name = "<invalid>";
	else if (btf_text_begins(name, prefix))
		name += sizeof(prefix) - 1;
	statetext_say(text, " fp%d=iter_%.*s(ref_id=%u,state=%s,depth=%u)", off, NAME_SHOWN, name, r->ref,
		      states[r->iter_state <= ITER_DRAINED ? r->iter_state : 0], r->iter_depth);
}

/* Slot spi; how many were told with it. */
static uint32_t say_slot(struct env *env, const struct statetext_frame *f, uint32_t spi, struct statetext *text)
{
	static const char letters[] = "?rm0dif";
	const struct slot *s = &f->s[spi];
	char types[9] = "";
	bool any = false;

	for (size_t i = 0; i < 8; i++) {
		types[i] = letters[s->byte[i] < sizeof(letters) - 1 ? s->byte[i] : 0];
		any |= s->byte[i] != SLOT_INVALID;
	}
	if (!any)
		return 1;
	switch (s->byte[7]) {
	case SLOT_SPILL:
		types[strcspn(types, "r")] = '\0';
		statetext_say(text, " fp%d=%s", slot_off(spi), types);
		say_reg(env, f, &s->r, f->prec_s >> spi & 1, text);
		return 1;
	case SLOT_DYNPTR: /* the second of its slots says which it is */
		if (spi + 1 < ENV_SLOTS)
			say_dynptr(&f->s[spi + 1].r, slot_off(spi + 1), text);
		return 2;
	case SLOT_ITER: /* the first of its slots */
		if (s->r.ref)
			say_iter(env, &s->r, slot_off(spi), text);
		return 1;
	default:
		statetext_say(text, " fp%d=%s", slot_off(spi), types);
		return 1;
	}
}

static void say_held(const struct state *st, struct statetext *text)
{
	const char *sep = " refs=";

	for (uint32_t i = 0; st->held && i < st->held->cnt; i++) {
		if (!st->held->h[i].id)
			continue;
		statetext_say(text, "%s%u", sep, st->held->h[i].id);
		sep = ",";
	}
}

/* ---- a frame ------------------------------------------------------------------------------------ */

void statetext_copy(const struct env *env, uint32_t frameno, struct statetext_frame *ret_frame)
{
	const struct level *l = &env->cur->l[frameno];

	ret_frame->frameno = frameno;
	ret_frame->in_callback = l->f->in_callback;
	ret_frame->in_async_callback = l->f->in_async_callback;
	ret_frame->slot_cnt = l->f->slot_cnt;
	ret_frame->prec_r = l->prec_r;
	ret_frame->prec_s = l->prec_s;
	memcpy(ret_frame->r, l->f->r, sizeof(ret_frame->r));
	memset(ret_frame->s, 0, sizeof(ret_frame->s));
	for (uint32_t spi = 0; spi < l->f->slot_cnt && spi < ENV_SLOTS; spi++)
		ret_frame->s[spi] = *frame_slot(l->f, spi);
}

void statetext_add(struct env *env, const struct statetext_frame *frame, uint16_t regs, uint64_t slots,
		   struct statetext *text)
{
	if (frame->frameno)
		statetext_say(text, " frame%u:", frame->frameno);
	for (uint32_t i = 0; i < ENV_REGS; i++) {
		if (!(regs >> i & 1) || frame->r[i].type == REG_NOT_INIT)
			continue;
		statetext_say(text, " R%u=", i);
		say_reg(env, frame, &frame->r[i], frame->prec_r >> i & 1, text);
	}
	for (uint32_t spi = 0; spi < frame->slot_cnt && spi < ENV_SLOTS;)
		spi += slots >> spi & 1 ? say_slot(env, frame, spi, text) : 1;
	say_held(env->cur, text);
	if (frame->in_callback)
		statetext_say(text, " cb");
	if (frame->in_async_callback)
		statetext_say(text, " async_cb");
	statetext_say(text, "\n");
}
