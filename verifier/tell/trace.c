/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a walk. The kernel writes, before each instruction, what the one before made of the registers and slots
 * that it touched, and writes it after that one where nothing came between. Promises to change nothing of the walk.
 * What the kernel writes about its own bookkeeping at level 2 (marks of precision, live slots) is left out.
 */
#include "verifier/tell/trace.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/pool.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/tell/insntext.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/statetext.h"

#define ALL_REGS  0x7ffu
#define ALL_SLOTS UINT64_MAX
/* Where the text after an instruction begins: at this column, or at the next multiple of the step. */
#define COLUMN	    40u
#define COLUMN_STEP 8u

struct trace {
	struct env_trace ops;	/* first: env->trace points here */
	bool every;		/* level 2 */
	bool resumed;		/* the path was just taken up */
	bool stepped;		/* last_insn and before are of this path */
	uint32_t last_insn;
	uint64_t insn_end;	/* of the log, after the last instruction's text; 0: something came after it */
	size_t insn_bytes;
	uint16_t regs;		/* to be told before the next instruction */
	uint64_t slots;
	struct statetext_frame before, now;
	struct srcline line;
	struct btf_view *view;
	struct statetext text;
};

static struct trace *trace_of(struct env *env)
{
	return (struct trace *)env->trace;
}

static void flush(struct env *env, struct trace *t)
{
	verdict_log_write(env, t->text.bytes, t->text.used);
	t->text.used = 0;
}

/* ---- what an instruction touches ---------------------------------------------------------------- */

static uint16_t reg_bit(uint32_t regno)
{
	return (uint16_t)(1u << regno);
}

static uint16_t jump_regs(const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);

	if (op == BPF_CALL || op == BPF_EXIT)
		return reg_bit(0);
	if (op == BPF_JA)
		return insn_is_gotox(i) ? reg_bit(i->dst_reg) : 0;
	if (insn_is_may_goto(i))
		return 0;
	return (uint16_t)(reg_bit(i->dst_reg) | (BPF_SRC(i->code) == BPF_X ? reg_bit(i->src_reg) : 0));
}

static uint16_t insn_regs(const struct bpf_insn *i)
{
	uint16_t both = (uint16_t)(reg_bit(i->dst_reg) | reg_bit(i->src_reg));

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return BPF_SRC(i->code) == BPF_X && BPF_OP(i->code) != BPF_END ? both : reg_bit(i->dst_reg);
	case BPF_LDX:
		return both;
	case BPF_STX:
		if (BPF_MODE(i->code) == BPF_ATOMIC && i->imm == BPF_CMPXCHG)
			return (uint16_t)(both | reg_bit(0));
		return both;
	case BPF_LD:
		if (insn_is_ldimm64(i))
			return reg_bit(i->dst_reg);
		return (uint16_t)(reg_bit(0) | reg_bit(6) | (BPF_MODE(i->code) == BPF_IND ? reg_bit(i->src_reg) : 0));
	case BPF_JMP:
	case BPF_JMP32:
		return jump_regs(i);
	default:
		return reg_bit(i->dst_reg);
	}
}

/* The slots that a load or store reaches by a pointer of known offset. */
static uint64_t insn_slots(const struct env *env, const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->code);
	const struct reg *r;
	int64_t off, end;
	uint64_t slots = 0;

	if (class != BPF_LDX && class != BPF_STX && class != BPF_ST)
		return 0;
	r = &env_top(env)->r[class == BPF_LDX ? i->src_reg : i->dst_reg];
	if (reg_base(r) != REG_STACK || r->v.tm)
		return 0;
	off = (int64_t)r->v.tv + r->off + i->off;
	end = off + insn_bytes(i);
	for (; off < end; off++)
		if (off < 0 && off >= -8 * (int64_t)ENV_SLOTS)
			slots |= 1ull << ((-off - 1) / 8);
	return slots;
}

static uint64_t changed_slots(const struct trace *t)
{
	uint64_t slots = 0;

	for (uint32_t i = 0; i < ENV_SLOTS; i++)
		if (memcmp(&t->before.s[i], &t->now.s[i], sizeof(t->now.s[i])) != 0)
			slots |= 1ull << i;
	return slots;
}

/* ---- lines -------------------------------------------------------------------------------------- */

static void say_whole(struct env *env, struct trace *t, const struct statetext_frame *frame)
{
	statetext_add(env, frame, ALL_REGS, ALL_SLOTS, &t->text);
	flush(env, t);
}

/* After the instruction it comes of, or with a number of its own. */
static void say_touched(struct env *env, struct trace *t)
{
	size_t bytes = t->insn_bytes + 1, to = bytes + COLUMN_STEP / 2; /* with its newline */

	if (!t->regs && !t->slots)
		return;
	if (t->insn_end && verdict_log_pos(env) == t->insn_end) {
		to = to < COLUMN ? COLUMN : (to + COLUMN_STEP - 1) / COLUMN_STEP * COLUMN_STEP;
		verdict_log_reset(env, t->insn_end - 1);
		statetext_say(&t->text, "%*s;", (int)(to - bytes - 1), "");
	} else {
		statetext_say(&t->text, "%u:", env->insn_idx);
	}
	statetext_add(env, &t->now, t->regs, t->slots, &t->text);
	flush(env, t);
}

static void say_source(struct env *env, struct trace *t)
{
	struct srcline line;
	const char *text, *file;

	if (!srcline_find(env->prog, t->view, env->insn_idx, &line) ||
	    (line.text == t->line.text && line.line == t->line.line && line.col == t->line.col))
		return;
	t->line = line;
	text = line.text + strspn(line.text, " \t");
	file = strrchr(line.file, '/');
	statetext_say(&t->text, "; %.512s @ %.128s:%u\n", text, file ? file + 1 : line.file, line.line);
	flush(env, t);
}

static void say_insn(struct env *env, struct trace *t)
{
	char text[INSNTEXT_BYTES];

	insntext(env, env->insn_idx, text);
	statetext_say(&t->text, "%u: ", env->insn_idx);
	t->insn_bytes = t->text.used + strlen(text);
	statetext_say(&t->text, "%s\n", text);
	flush(env, t);
	t->insn_end = verdict_log_pos(env);
}

/* ---- calls -------------------------------------------------------------------------------------- */

static void say_entered(struct env *env, struct trace *t)
{
	verdict_log(env, "caller:\n");
	statetext_copy(env, t->now.frameno - 1, &t->before);
	say_whole(env, t, &t->before);
	verdict_log(env, "callee:\n");
	say_whole(env, t, &t->now);
}

static void say_left(struct env *env, struct trace *t)
{
	verdict_log(env, "returning from callee:\n");
	say_whole(env, t, &t->before);
	verdict_log(env, "to caller at %u:\n", env->insn_idx);
	say_whole(env, t, &t->now);
}

static void say_assumed(struct env *env, const struct trace *t)
{
	const struct bpf_insn *i = &env->insns[t->last_insn];
	int subprog = insn_is_subprog_call(i) ? subprog_at(env, insn_at(t->last_insn, i->imm) + 1) : -1;

	if (subprog > 0 && env->subprogs[subprog].is_global)
		verdict_log(env, "Func#%d ('%.128s') is global and assumed valid.\n", subprog,
			    env->subprogs[subprog].name);
}

/* What came of the instruction before this one. */
static void say_outcome(struct env *env, struct trace *t)
{
	const struct bpf_insn *last = &env->insns[t->last_insn];

	if (!t->stepped)
		return;
	if (t->now.frameno > t->before.frameno) {
		say_entered(env, t);
		t->regs = ALL_REGS;
	} else if (t->now.frameno < t->before.frameno) {
		say_left(env, t);
	} else {
		say_assumed(env, t);
		/* What a comparison taught of other registers and slots is not told. */
		if (!insn_is_jmp_class(last) || insn_is_call(last))
			t->slots |= changed_slots(t);
	}
}

/* ---- what the walk tells ------------------------------------------------------------------------ */

static void trace_step(struct env *env)
{
	struct trace *t = trace_of(env);

	statetext_copy(env, env->cur->curframe, &t->now);
	say_outcome(env, t);
	if (t->resumed && t->every) {
		verdict_log(env, "\nfrom %d to %u%s:", (int)env->prev_insn_idx, env->insn_idx,
			    env->cur->speculative ? " (speculative execution)" : "");
		say_whole(env, t, &t->now);
	}
	t->resumed = false;
	say_touched(env, t);
	say_source(env, t);
	say_insn(env, t);
	t->regs = insn_regs(&env->insns[env->insn_idx]);
	t->slots = insn_slots(env, &env->insns[env->insn_idx]);
	t->before = t->now;
	t->last_insn = env->insn_idx;
	t->stepped = true;
}

static void trace_equal(struct env *env)
{
	struct trace *t = trace_of(env);

	if (t->resumed)
		verdict_log(env, "\nfrom %d to %u%s: safe\n", (int)env->prev_insn_idx, env->insn_idx,
			    env->cur->speculative ? " (speculative execution)" : "");
	else
		verdict_log(env, "%u: safe\n", env->insn_idx);
}

static void trace_fresh(struct trace *t)
{
	t->stepped = false;
	t->insn_end = 0;
	t->regs = ALL_REGS;
	t->slots = ALL_SLOTS;
}

static void trace_resume(struct env *env, uint64_t log_pos)
{
	struct trace *t = trace_of(env);

	if (!t->every)
		verdict_log_reset(env, log_pos);
	trace_fresh(t);
	t->resumed = true;
}

static void trace_enter(struct env *env, uint32_t subprog)
{
	struct trace *t = trace_of(env);

	trace_fresh(t);
	t->resumed = false;
	if (subprog)
		verdict_log(env, "Validating %.128s() func#%u...\n", env->subprogs[subprog].name, subprog);
}

static void trace_leave(struct env *env, uint32_t subprog)
{
	if (!trace_of(env)->every)
		verdict_log_reset(env, 0);
	if (subprog)
		verdict_log(env, "Func#%u ('%.128s') is safe for any args that match its prototype\n", subprog,
			    env->subprogs[subprog].name);
}

/* ---- before the walk ---------------------------------------------------------------------------- */

static void say_live(struct env *env)
{
	char text[INSNTEXT_BYTES], regs[11] = "";

	verdict_log(env, "Live regs before insn:\n");
	for (uint32_t i = 0; i < env->insn_cnt; i += insn_len(&env->insns[i])) {
		for (uint32_t r = 0; r < 10; r++)
			regs[r] = env->aux[i].live_regs >> r & 1 ? (char)('0' + r) : '.';
		insntext(env, i, text);
		if (env->aux[i].scc)
			verdict_log(env, "%3u %3u: %s %s\n", env->aux[i].scc, i, regs, text);
		else
			verdict_log(env, "    %3u: %s %s\n", i, regs, text);
	}
}

static void trace_passed(struct env *env)
{
	if (!trace_of(env)->every)
		return;
	for (uint32_t i = 0; i < env->subprog_cnt; i++)
		verdict_log(env, "func#%u @%u\n", i, env->subprogs[i].start);
	say_live(env);
}

void trace_begin(struct env *env, uint32_t log_level)
{
	struct trace *t = pool_zalloc(env, sizeof(*t));

	if (!t)
		return;
	t->ops = (struct env_trace){ .begin = trace_passed, .step = trace_step, .equal = trace_equal, .resume = trace_resume,
				     .enter = trace_enter, .leave = trace_leave };
	t->every = log_level & 2;
	t->view = srcline_view(env->prog);
	env->trace = &t->ops;
}

void trace_end(struct env *env)
{
	if (env->trace)
		btf_view_free(trace_of(env)->view);
	env->trace = NULL;
}
