/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores on the stack: spills and fills of registers, single bytes, variable offsets, and
 * regions that helpers read or write. Promises that a fill never knows more than what was spilled,
 * and that no pointer is ever read in parts.
 */
#include "verifier/access/stack.h"

#include "verifier/access/dynslot.h"
#include "verifier/marks/hist.h"
#include "verifier/marks/precise.h"
#include "verifier/marks/slotlive.h"
#include "verifier/state/link.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

struct range {
	int64_t min, max;	/* bytes [min, max) below the frame */
};

static uint32_t spi_of(int64_t off) { return (uint32_t)((-off - 1) / 8); }
static uint32_t byte_of(int64_t off) { return (uint32_t)((-off - 1) % 8); }

/* ---- bounds --------------------------------------------------------------------------------- */

static int bounds_error(struct env *env, uint32_t regno, int32_t off, int64_t size,
			const char *what, int err)
{
	const struct reg *r = &env_regs(env)[regno];

	if (val_is_const(&r->v))
		return verdict_reject(env, err, CODE_STACK_OOB, "invalid%s stack R%u off=%d size=%lld",
				      what, regno, off, (long long)size);
	return verdict_reject(env, err, CODE_STACK_OOB,
			      "invalid variable-offset%s stack R%u var_off=(0x%llx; 0x%llx) off=%d size=%lld",
			      what, regno, (unsigned long long)r->v.tv, (unsigned long long)r->v.tm,
			      off, (long long)size);
}

/* Raises what counts as allocated: it shows in comparisons and in the function's depth. */
static int grow(struct env *env, uint32_t frameno, int64_t min_off)
{
	uint32_t slots = (uint32_t)((-min_off + 7) / 8);
	struct frame *f = env->cur->l[frameno].f;
	struct subprog *sub = &env->subprogs[f->subprog];

	if (f->slot_cnt >= slots)
		return 0;
	f = state_frame_mut(env, env->cur, frameno);
	if (!f)
		return verdict_nomem(env);
	f->slot_cnt = (uint8_t)slots;
	if (sub->stack_depth < slots * 8)
		sub->stack_depth = (uint16_t)(slots * 8);
	return 0;
}

static int check_bounds(struct env *env, uint32_t regno, int32_t off, uint32_t size,
			enum access access, bool by_helper, struct range *ret)
{
	const struct reg *r = &env_regs(env)[regno];
	const char *what = by_helper && !env->beh->helper_read_keeps_spills ? " indirect access to"
				     : access == ACCESS_READ ? " read from" : " write to";
	int64_t lowest = -512, alloc = -8 * (int64_t)env->cur->l[r->frame].f->slot_cnt;
	int err = 0;

	if (val_is_const(&r->v)) {
		ret->min = (int64_t)r->v.tv + off;
		ret->max = ret->min + size;
	} else {
		if (r->v.sh >= (int64_t)env->lim->var_off || r->v.sl <= -(int64_t)env->lim->var_off)
			return verdict_reject(env, EACCES, CODE_STACK_OOB,
					      "invalid unbounded variable-offset%s stack R%u", what,
					      regno);
		ret->min = r->v.sl + off;
		ret->max = r->v.sh + off + size;
	}
	if (access == ACCESS_READ && !env->allow_uninit_stack)
		lowest = alloc;
	if (ret->min < lowest || ret->min > -1)
		err = EACCES;
	else if (ret->max > 0)
		err = EINVAL;
	else if ((int32_t)size < 0)
		err = EFAULT;
	if (err) {
		verdict_span(env, r->frame, ret->min, ret->max);
		return bounds_error(env, regno, off, size, what, err);
	}
	return grow(env, r->frame, ret->min);
}

/* A stack access at offset off of function f's frame: outside a pattern of fastcall.c it ends them (contract). */
static void note_access(struct env *env, const struct frame *f, uint32_t insn_idx, int32_t off)
{
	struct subprog *sub = &env->subprogs[f->subprog];
	uint32_t i;

	if (sub->fastcall_stack_off <= off || env->aux[insn_idx].fastcall_pattern)
		return;
	sub->fastcall_stack_off = INT16_MIN;
	for (i = sub->start; i < sub[1].start; i++) {
		env->aux[i].fastcall_spills = 0;
		env->aux[i].fastcall_pattern = false;
	}
}

/* ---- reading --------------------------------------------------------------------------------- */

static int bad_read(struct env *env, int64_t off, int64_t at, uint32_t size)
{
	verdict_span(env, UINT32_MAX, off, off + size);	/* the frame is the base register's */
	return verdict_reject(env, EACCES, CODE_STACK_UNINIT, "invalid read from stack off %lld+%lld size %u",
			      (long long)off, (long long)at, size);
}

struct counts {
	uint32_t spill, zero;
};

static int count_bytes(struct env *env, const struct slot *s, int64_t off, uint32_t size,
		       bool spill_ok, struct counts *ret)
{
	uint32_t i;
	uint8_t b;

	*ret = (struct counts){ 0 };
	for (i = 0; i < size; i++) {
		b = s->byte[(byte_of(off) - i) % 8];
		if (b == SLOT_SPILL && spill_ok)
			ret->spill++;
		else if (b == SLOT_ZERO)
			ret->zero++;
		else if (b != SLOT_MISC && !(b == SLOT_INVALID && env->allow_uninit_stack))
			return bad_read(env, off, i, size);
	}
	return 0;
}

static uint32_t spill_bytes(const struct slot *s)
{
	uint32_t n = 1;

	while (n < 8 && s->byte[7 - n] == SLOT_SPILL)
		n++;
	return n;
}

/* The bytes [min, max) of a frame into a register, which knows of them that all are zero, or nothing. */
static int read_bytes(struct env *env, uint32_t frameno, int64_t min, int64_t max, int dst_regno)
{
	const struct frame *f = env->cur->l[frameno].f;
	struct reg *dst = &env_regs(env)[dst_regno];
	uint64_t spilled = 0;
	int64_t at;
	int err = 0;

	for (at = min; at < max; at++) {
		const struct slot *s = frame_slot(f, spi_of(at));
		uint8_t b = s->byte[byte_of(at)];

		if (b == SLOT_SPILL && env->beh->spilled_zero_reads && reg_is_zero(&s->r))
			spilled |= 1ull << spi_of(at);
		else if (b != SLOT_ZERO)
			break;
	}
	if (at < max) {
		reg_set_unknown(dst);
		return 0;
	}
	reg_set_known(dst, 0);
	for (uint32_t spi = 0; spi < ENV_SLOTS && err >= 0; spi++)	/* that they are 0 is relied on from here on */
		if (spilled >> spi & 1)
			err = precise_mark_slot(env, frameno, spi);
	return err;
}

/* Part of a spilled scalar, or bytes around it. *keep: the spill itself came through. */
static int read_part(struct env *env, uint32_t frameno, const struct slot *s, int64_t off, uint32_t size,
		     int dst_regno, bool *keep)
{
	struct reg *dst = &env_regs(env)[dst_regno];
	struct counts c;
	int r;

	if (size <= spill_bytes(s) && off % 8 == 0 &&
	    !(env->beh->spill_bounded_only && size != spill_bytes(s))) {
		*dst = s->r;
		if (stack_reg_width(&s->r) > size * 8)
			link_drop(dst);
		return 0;
	}
	r = count_bytes(env, s, off, size, true, &c);
	if (r < 0)
		return r;
	if (c.spill == size && val_is(&s->r.v, 0)) {
		reg_set_known(dst, 0);
	} else {
		*keep = false;
		return read_bytes(env, frameno, off, off + size, dst_regno);
	}
	return 0;
}

static int read_spilled(struct env *env, uint32_t frameno, const struct slot *s, int64_t off,
			uint32_t size, int dst_regno, bool *keep)
{
	if (size != 8 || spill_bytes(s) != 8) {
		if (!reg_is_scalar(&s->r))
			return verdict_reject(env, EACCES, CODE_STACK_PARTIAL_POINTER,
					      "invalid size of register fill");
		if (dst_regno < 0) {
			*keep = false;
			return 0;
		}
		return read_part(env, frameno, s, off, size, dst_regno, keep);
	}
	if (dst_regno >= 0)
		env_regs(env)[dst_regno] = s->r;
	else if (!env->allow_ptr_leaks && !reg_is_scalar(&s->r))
		return verdict_reject(env, EACCES, CODE_PTR_LEAK, "leaking pointer from stack off %lld",
				      (long long)off);
	return 0;
}

static int read_fixed(struct env *env, uint32_t frameno, int64_t off, uint32_t size, int dst_regno)
{
	uint32_t spi = spi_of(off);
	const struct slot *s = frame_slot(env->cur->l[frameno].f, spi);
	bool keep = false;
	struct counts c;
	int r;

	note_access(env, env_top(env), env->insn_idx, (int32_t)off);
	r = slotlive_read(env, frameno, 1ull << spi);
	if (r < 0)
		return r;
	if (s->byte[7] == SLOT_SPILL) {
		keep = true;
		r = read_spilled(env, frameno, s, off, size, dst_regno, &keep);
	} else {
		r = count_bytes(env, s, off, size, false, &c);
		if (r >= 0 && dst_regno >= 0)
			r = read_bytes(env, frameno, off, off + size, dst_regno);
	}
	if (r < 0 || !keep)
		return r;
	return hist_push_stack(env, frameno, spi);
}

/* ---- regions, also at variable offsets ---------------------------------------------------------- */

static bool byte_readable(const struct env *env, uint8_t b)
{
	return b == SLOT_MISC || b == SLOT_ZERO || (b == SLOT_INVALID && env->allow_uninit_stack);
}

/* What a helper may have written: the byte is misc, a spill it touches is lost. */
static int clobber_byte(struct env *env, uint32_t frameno, int64_t off)
{
	struct frame *f = state_frame_mut(env, env->cur, frameno);
	struct slot *s = f ? frame_slot_mut(env, f, spi_of(off)) : NULL;
	uint32_t j;

	if (!s)
		return verdict_nomem(env);
	if (s->byte[7] == SLOT_SPILL && !byte_readable(env, s->byte[byte_of(off)])) {
		reg_set_unknown(&s->r);
		for (j = 0; j < 8; j++)
			if (s->byte[j] != SLOT_INVALID)
				s->byte[j] = SLOT_MISC;
	} else {
		s->byte[byte_of(off)] = SLOT_MISC;
	}
	return 0;
}

static int region_byte(struct env *env, uint32_t frameno, int64_t off, bool clobber)
{
	const struct slot *s = frame_slot(env->cur->l[frameno].f, spi_of(off));
	uint8_t b = s->byte[byte_of(off)];
	int r;

	if (!byte_readable(env, b) &&
	    !(s->byte[7] == SLOT_SPILL && (reg_is_scalar(&s->r) || env->allow_ptr_leaks)))
		return -EACCES;	/* the caller words the verdict */
	if (clobber && b != SLOT_MISC) {
		r = clobber_byte(env, frameno, off);
		if (r < 0)
			return r;
	}
	return slotlive_read(env, frameno, 1ull << spi_of(off));
}

static int region_raw(struct env *env, uint32_t regno, uint32_t size, const struct range *rg,
		      struct call_meta *meta)
{
	const struct frame *f = env->cur->l[env_regs(env)[regno].frame].f;
	int64_t off;

	for (off = rg->min; off < rg->max && !env->beh->args_old && !env->beh->raw_over_dynptr; off++)
		if (frame_slot(f, spi_of(off))->byte[byte_of(off)] == SLOT_DYNPTR)
			return verdict_reject(env, EACCES, CODE_DYNPTR_OVERWRITE,
					      "potential write to dynptr at off=%lld disallowed",
					      (long long)off);
	meta->access_size = (int32_t)size;
	meta->regno = regno;
	return 0;
}

static int check_region(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
			enum access access, bool by_helper, struct call_meta *meta)
{
	const struct reg *r = &env_regs(env)[regno];
	uint32_t frameno = r->frame;
	struct range rg;
	bool clobber = by_helper && (access == ACCESS_WRITE || !env->beh->helper_read_keeps_spills);
	int64_t at;
	int err;

	if (size == 0 && !zero_ok)
		return verdict_reject(env, EACCES, CODE_MEM_ZERO_SIZE, "invalid zero-sized read");
	err = check_bounds(env, regno, off, size, access, by_helper, &rg);
	if (err < 0)
		return err;
	if (!val_is_const(&r->v)) {
		if (!env->bypass_spec_v1)
			return verdict_reject(env, EACCES, CODE_STACK_VARIABLE,
					      "R%u variable offset stack access prohibited for !root",
					      regno);
		if (meta && meta->raw_mode)
			meta = NULL;
	}
	if (meta && meta->raw_mode)
		return region_raw(env, regno, size, &rg, meta);
	for (at = rg.min; at < rg.max; at++) {
		err = region_byte(env, frameno, at, clobber);
		if (err == -EACCES) {
			verdict_span(env, frameno, rg.min, rg.max);
			return verdict_reject(env, EACCES, CODE_STACK_UNINIT,
					      "invalid read from stack R%u off %lld+%lld size %u", regno,
					      (long long)rg.min, (long long)(at - rg.min), size);
		}
		if (err < 0)
			return err;
	}
	return 0;
}

int stack_check_region(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
		       enum access access, struct call_meta *meta)
{
	return check_region(env, regno, off, size, zero_ok, access, true, meta);
}

static int read_variable(struct env *env, uint32_t regno, int32_t off, uint32_t size, int dst_regno)
{
	const struct reg *r = &env_regs(env)[regno];
	int64_t min = r->v.sl + off, max = r->v.sh + off + size;
	uint32_t frameno = r->frame;
	int err = check_region(env, regno, off, size, false, ACCESS_READ, false, NULL);

	if (err < 0)
		return err;
	note_access(env, env->cur->l[frameno].f, env->insn_idx, (int32_t)min);
	return read_bytes(env, frameno, min, max, dst_regno);
}

int stack_read(struct env *env, const struct memop *op, int32_t off)
{
	const struct reg *r = &env_regs(env)[op->regno];
	struct range rg;
	int err = check_bounds(env, op->regno, off, op->size, ACCESS_READ, false, &rg);

	if (err < 0)
		return err;
	if (val_is_const(&r->v))
		return read_fixed(env, r->frame, rg.min, op->size, op->value_regno);
	if (op->value_regno < 0)
		return verdict_reject(env, EACCES, CODE_STACK_VARIABLE,
				      "variable offset stack pointer cannot be passed into helper function; off=%d size=%u",
				      off, op->size);
	return read_variable(env, op->regno, off, op->size, op->value_regno);
}

/* ---- writing ------------------------------------------------------------------------------------- */

/* What of a pointer is stored without its kind comes back as a number. */
static bool loses_kind(const struct env *env, const struct reg *r)
{
	return !env->beh->spill_any_pointer && (reg_base(r) == REG_DYNPTR || reg_base(r) == REG_TP_BUFFER || reg_base(r) == REG_INSN);
}

static bool spillable(const struct env *env, const struct reg *r)
{
	return r->type != REG_NOT_INIT && r->type != REG_SCALAR && !loses_kind(env, r) &&
	       reg_base(r) != REG_BASE_CNT;
}

/* The slot's other bytes keep their zeros, but not on kernels with the old spill rules. */
static void save(const struct env *env, struct slot *s, const struct reg *r, uint32_t size)
{
	bool keep_zero = !env->beh->spill_bounded_only;
	uint32_t i;

	s->r = *r;
	for (i = 8; i > 8 - size; i--)
		s->byte[i - 1] = SLOT_SPILL;
	for (; i; i--)
		if ((s->byte[i - 1] != SLOT_ZERO || !keep_zero) && s->byte[i - 1] != SLOT_INVALID)
			s->byte[i - 1] = SLOT_MISC;
}

/* Plain data over a spill, iterator or irq flag: what was there is gone. (Over a dynptr: dynslot_destroy().) */
static void scrub(struct slot *s)
{
	uint32_t i;
	uint8_t b = s->byte[7];

	reg_set_not_init(&s->r);
	if (b != SLOT_SPILL && b != SLOT_ITER && b != SLOT_IRQ_FLAG)
		return;
	for (i = 0; i < 8; i++)
		if (s->byte[i] != SLOT_INVALID)
			s->byte[i] = SLOT_MISC;
}

/* An instruction's own store of a constant, not a helper's write of unknown bytes. */
static bool is_st_imm(const struct env *env)
{
	const struct bpf_insn *i = &env->insns[env->insn_idx];

	return BPF_CLASS(i->code) == BPF_ST && BPF_MODE(i->code) == BPF_MEM;
}

static int write_bytes(struct env *env, struct slot *s, int64_t off, uint32_t size, int value_regno)
{
	const struct reg *r = value_regno >= 0 ? &env_regs(env)[value_regno] : NULL;
	uint8_t b = SLOT_MISC;
	uint32_t i;
	int err;

	scrub(s);
	if ((r && reg_is_zero(r)) || (!r && is_st_imm(env) && env->insns[env->insn_idx].imm == 0)) {
		if (r) {	/* bytes carry no mark: their being 0 is relied on from here on */
			err = precise_mark_reg(env, (uint32_t)value_regno);
			if (err < 0)
				return err;
		}
		b = SLOT_ZERO;
	}
	for (i = 0; i < size; i++)
		s->byte[(byte_of(off) - i) % 8] = b;
	return 0;
}

static bool scalar_spillable(const struct env *env, const struct reg *r)
{
	if (!env->beh->spill_bounded_only)
		return true;
	/* the old rule: bounded and not zero, which is kept as zero bytes */
	return !val_is_unknown(&r->v) && !reg_is_zero(r);
}

static int spill_scalar(struct env *env, struct slot *s, struct reg *r, uint32_t size)
{
	bool fits = stack_reg_width(r) <= 8 * size;

	if (fits && env->beh->link_spill)
		link_before_copy(env, r);
	save(env, s, r, size);
	if (!fits)
		link_drop(&s->r);
	return 0;
}

static int spill_pointer(struct env *env, struct frame *f, struct slot *s, const struct reg *r,
			 uint32_t size)
{
	if (size != 8)
		return verdict_reject(env, EACCES, CODE_STACK_PARTIAL_POINTER,
				      "invalid size of register spill");
	if (f != env_top(env) && r->type == REG_STACK)
		return verdict_reject(env, EINVAL, CODE_STACK_CALLER,
				      "cannot spill pointers to stack into stack frame of the caller");
	save(env, s, r, size);
	return 0;
}

static void note_unmasked(struct env *env, const struct slot *s, const struct reg *r, int64_t off,
			  uint32_t size)
{
	bool sanitize = r && spillable(env, r);
	uint32_t i;
	uint8_t b;

	for (i = 0; i < size && !sanitize; i++) {
		b = s->byte[(byte_of(off) - i) % 8];
		sanitize = b != SLOT_MISC && b != SLOT_ZERO;
	}
	if (sanitize)
		env_aux(env)->nospec_result = true;
}

static int write_fixed(struct env *env, uint32_t frameno, int64_t off, uint32_t size,
		       int value_regno)
{
	uint32_t spi = spi_of(off);
	struct frame *f = state_frame_mut(env, env->cur, frameno);
	struct slot *s = f ? frame_slot_mut(env, f, spi) : NULL;
	struct reg *r = value_regno >= 0 ? &env_regs(env)[value_regno] : NULL;
	struct reg imm;
	int err;

	if (!s)
		return verdict_nomem(env);
	if (!env->allow_ptr_leaks && s->byte[7] == SLOT_SPILL && !reg_is_scalar(&s->r) && size != 8)
		return verdict_reject(env, EACCES, CODE_STACK_CORRUPT,
				      "attempt to corrupt spilled pointer on stack");
	if (!env->allow_ptr_leaks && r && loses_kind(env, r))
		return verdict_reject(env, EACCES, CODE_LEAK, "R%d leaks addr into stack", value_regno);
	if (!env->bypass_spec_v4)
		note_unmasked(env, s, r, off, size);
	err = dynslot_destroy(env, f, spi);
	if (err < 0)
		return err;
	s = frame_slot_mut(env, f, spi);
	note_access(env, f, env->insn_idx, (int32_t)off);
	if (size == 8)
		slotlive_write(env, frameno, 1ull << spi);
	if (r && off % 8 == 0 && reg_is_scalar(r) && env->cap_bpf && scalar_spillable(env, r)) {
		err = spill_scalar(env, s, r, size);
		/* the old backtracking follows no spill that names another register than the frame's */
		if (!err && env->beh->prune_old && env->insns[env->insn_idx].dst_reg != BPF_REG_10)
			err = precise_mark_reg(env, (uint32_t)value_regno);
	} else if (!r && off % 8 == 0 && is_st_imm(env) && env->cap_bpf &&
		   (!env->beh->spill_bounded_only || env->insns[env->insn_idx].imm)) {
		reg_set_known(&imm, (uint64_t)(int64_t)env->insns[env->insn_idx].imm);
		save(env, s, &imm, size);
	} else if (r && spillable(env, r)) {
		err = spill_pointer(env, f, s, r, size);
	} else {
		return write_bytes(env, s, off, size, value_regno);
	}
	return err < 0 ? err : hist_push_stack(env, frameno, spi);
}

/* One byte that a store at an unknown place may hit. *zero_used: its being 0 was relied on. */
static int write_maybe(struct env *env, struct frame *f, int64_t at, bool zero, bool *zero_used)
{
	struct slot *s = frame_slot_mut(env, f, spi_of(at));
	uint8_t *b, was;

	if (!s)
		return verdict_nomem(env);
	b = &s->byte[byte_of(at)];
	was = *b;
	if (!env->allow_ptr_leaks && was != SLOT_MISC && was != SLOT_ZERO)
		return verdict_reject(env, EINVAL, CODE_STACK_VARIABLE,
				      "spilled ptr in range of var-offset stack write; insn %u, ptr off: %lld",
				      env->insn_idx, (long long)at);
	if (zero && was == SLOT_SPILL && s->byte[7] == SLOT_SPILL && reg_is_zero(&s->r)) {
		*zero_used = true;
		return 0;
	}
	if (env->beh->var_write_scrubs)
		scrub(s);
	else
		reg_set_not_init(&s->r);
	if (was == SLOT_INVALID && !env->allow_uninit_stack)
		return verdict_reject(env, EINVAL, CODE_STACK_UNINIT,
				      "uninit stack in range of var-offset write prohibited for !root; insn %u, off: %lld",
				      env->insn_idx, (long long)at);
	if (zero && was == SLOT_ZERO)
		*zero_used = true;
	*b = zero && was == SLOT_ZERO ? SLOT_ZERO : SLOT_MISC;
	return 0;
}

static int write_variable(struct env *env, const struct memop *op, int32_t off)
{
	const struct reg *p = &env_regs(env)[op->regno];
	const struct reg *v = op->value_regno >= 0 ? &env_regs(env)[op->value_regno] : NULL;
	bool zero = v ? reg_is_zero(v) : is_st_imm(env) && !env->insns[env->insn_idx].imm;
	int64_t at, min = p->v.sl + off, max = p->v.sh + off + op->size;
	struct frame *f = state_frame_mut(env, env->cur, p->frame);
	bool zero_used = false;
	int err = 0;

	if (!f)
		return verdict_nomem(env);
	/* where it lands is not known, so nothing there will count as a pointer */
	if (!env->allow_ptr_leaks && v && v->type != REG_NOT_INIT && !reg_is_scalar(v))
		return verdict_reject(env, EACCES, CODE_LEAK, "R%d leaks addr into stack", op->value_regno);
	for (at = min; at < max && err >= 0; at++)
		err = dynslot_destroy(env, f, spi_of(at));
	if (err < 0)
		return err;
	note_access(env, f, env->insn_idx, (int32_t)min);
	for (at = min; at < max && err >= 0; at++)
		err = write_maybe(env, f, at, zero, &zero_used);
	if (err >= 0 && zero_used && v)
		err = precise_mark_reg(env, (uint32_t)op->value_regno);
	return err;
}

int stack_write(struct env *env, const struct memop *op, int32_t off)
{
	const struct reg *r = &env_regs(env)[op->regno];
	struct range rg;
	int err = check_bounds(env, op->regno, off, op->size, ACCESS_WRITE, false, &rg);

	if (err < 0)
		return err;
	if (val_is_const(&r->v))
		return write_fixed(env, r->frame, rg.min, op->size, op->value_regno);
	return write_variable(env, op, off);
}
