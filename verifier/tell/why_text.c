/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and words for what the verifier knows of a value. Names are the program author's (debug info, source
 * lines): shown, and never concluded from.
 */
#include "verifier/tell/why_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/state/helper_allow.h"
#include "verifier/tell/srcline.h"

#define EVENTS_MAX 64u	/* branches beyond are the oldest, and told least */

static void add_event(struct why *w, struct bgv_event ev, const char *fmt, va_list ap)
{
	struct bgv_result *res = w->env->result;
	char text[WHY_TEXT_BYTES];
	struct bgv_event *grown;

	if (res->event_cnt == EVENTS_MAX)
		return;
	grown = reallocarray(res->events, res->event_cnt + 1, sizeof(*grown));
	if (!grown)
		return;
	res->events = grown;
	vsnprintf(text, sizeof(text), fmt, ap);
	ev.text = strdup(text);
	grown[res->event_cnt] = ev;
	if (ev.text)
		res->event_cnt++;
}

void why_event(struct why *w, enum why_kind kind, uint32_t insn_idx, int32_t regno, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_event(w, (struct bgv_event){ .kind = kind, .insn_idx = insn_idx,
					 .regno = regno < 0 ? UINT32_MAX : (uint32_t)regno }, fmt, ap);
	va_end(ap);
}

void why_aside(struct why *w, enum why_kind kind, uint32_t insn_idx, int32_t regno, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_event(w, (struct bgv_event){ .kind = kind, .insn_idx = insn_idx, .aside = 1,
					 .regno = regno < 0 ? UINT32_MAX : (uint32_t)regno }, fmt, ap);
	va_end(ap);
}

void why_event_numbers(struct why *w, int64_t needed, int64_t proved)
{
	struct bgv_result *res = w->env->result;

	if (!res->event_cnt)
		return;
	res->events[res->event_cnt - 1].needed = needed;
	res->events[res->event_cnt - 1].proved = proved;
}

static void say_once(char *text, size_t bytes, const char *fmt, va_list ap)
{
	if (!*text)
		vsnprintf(text, bytes, fmt, ap);
}

void why_cause(struct why *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_once(w->env->result->cause, sizeof(w->env->result->cause), fmt, ap);
	va_end(ap);
}

void why_way_out(struct why *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_once(w->env->result->way_out, sizeof(w->env->result->way_out), fmt, ap);
	va_end(ap);
}

/* The name of a variable that holds the packet's end; NULL: none is known. */
static const char *name_of_end(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES])
{
	uint32_t i;

	for (i = 0; w->now && i < ENV_REGS; i++)
		if (reg_base(w->now->r[i]) == REG_PKT_END && why_held_variable(w, insn_idx, i, buf))
			return buf;
	return NULL;
}

/* What is proposed, as a condition in C: only of variables that debug info says hold the value. */
static void write_condition(struct why *w, const struct assume *a)
{
	struct bgv_result *res = w->env->result;
	char name[WHY_NAME_BYTES], end[WHY_NAME_BYTES];

	if (*res->leave_if || !why_held_variable(w, a->insn_idx, a->regno, name))
		return;
	if (a->kind == ASSUME_NOT_NULL)
		snprintf(res->leave_if, sizeof(res->leave_if), "!%s", name);
	else if (a->kind == ASSUME_AT_MOST)
		snprintf(res->leave_if, sizeof(res->leave_if), "(__u64)%s > %llu", name, (unsigned long long)a->n);
	else if (a->kind == ASSUME_PACKET && name_of_end(w, a->insn_idx, end))
		snprintf(res->leave_if, sizeof(res->leave_if), "(void *)%.70s + %lld > (void *)%.70s", name,
			 (long long)a->n - w->now->r[a->regno]->off, end);
	res->leave_idx = a->insn_idx;
}

static void add_assume(struct proposal *p, enum assume_kind kind, uint32_t insn_idx, uint32_t regno, uint64_t n, uint64_t m)
{
	if (p->cnt < ASSUME_TOGETHER)
		p->a[p->cnt++] = (struct assume){ kind, insn_idx, regno, n, m };
}

void why_propose(struct why *w, enum assume_kind kind, uint32_t insn_idx, uint32_t regno, uint64_t n)
{
	struct proposals *all = w->env->propose;

	if (!all || all->cnt)
		return;
	add_assume(&all->p[all->cnt++], kind, insn_idx, regno, n, 0);
	all->p[0].whole = kind == ASSUME_SLEEPABLE || kind == ASSUME_STATIC;
	write_condition(w, &all->p[0].a[0]);
}

void why_propose_also(struct why *w, enum assume_kind kind, uint32_t insn_idx, uint32_t regno, uint64_t n, uint64_t m)
{
	struct proposals *all = w->env->propose;

	if (!all)
		return;
	if (!all->cnt)
		all->cnt++;
	add_assume(&all->p[all->cnt - 1], kind, insn_idx, regno, n, m);
}

struct proposal *why_propose_other(struct why *w, const char *fmt, ...)
{
	struct proposals *all = w->env->propose;
	struct proposal *p;
	va_list ap;

	if (!all || all->cnt == PROPOSAL_MAX)
		return NULL;
	p = &all->p[all->cnt++];
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	return p;
}

/* ---- names ------------------------------------------------------------------------------------- */

/* A macro or an inlined function has arguments of its own: the very name must stand there. */
static bool is_called_there(const struct why *w, uint32_t insn_idx, const struct srcline *line)
{
	char there[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	size_t len;

	if (!srcline_callee(line, there, sizeof(there)))
		return false;
	len = strlen(there);
	why_callee(w, insn_idx, callee);
	return !strncmp(callee, there, len) && !strcmp(callee + len, "()");
}

static bool name_by_line(const struct why *w, uint32_t insn_idx, uint32_t regno, char *buf)
{
	const struct bpf_insn *i = &w->env->insns[insn_idx];
	struct srcline line;

	if (!srcline_find(w->env->prog, w->view, insn_idx, &line))
		return false;
	if (insn_is_call(i))
		return regno >= 1 && regno <= BPF_REG_5 && is_called_there(w, insn_idx, &line) &&
		       srcline_argument(&line, regno - 1, buf, WHY_NAME_BYTES);
	if ((BPF_CLASS(i->code) == BPF_LDX && i->src_reg == regno) ||
	    ((BPF_CLASS(i->code) == BPF_STX || BPF_CLASS(i->code) == BPF_ST) && i->dst_reg == regno))
		return srcline_variable(&line, buf, WHY_NAME_BYTES);
	return false;
}

const char *why_held_variable(const struct why *w, uint32_t insn_idx, uint32_t regno, char buf[WHY_NAME_BYTES])
{
	const struct bgv_options *opt = w->env->opt;
	const char *name = opt->name_of ? opt->name_of(opt->name_ctx, insn_idx, regno) : NULL;

	return name && strlen(name) < WHY_NAME_BYTES ? strcpy(buf, name) : NULL;
}

bool why_stack_variable(const struct why *w, const struct tale *t, int64_t off, struct bgv_stack_name *ret_name)
{
	const struct bgv_options *opt = w->env->opt;

	memset(ret_name, 0, sizeof(*ret_name));
	return opt->stack_name_of &&
	       opt->stack_name_of(opt->name_ctx, t->insn_idx, (int32_t)off, ret_name) &&
	       off >= ret_name->off && off < (int64_t)ret_name->off + ret_name->bytes;
}

const char *why_near_variable(const struct why *w, uint32_t insn_idx, uint32_t regno, int32_t most, int32_t *ret_at,
			      char buf[WHY_NAME_BYTES])
{
	const struct bgv_options *opt = w->env->opt;
	const char *name = opt->near_name_of ? opt->near_name_of(opt->name_ctx, insn_idx, regno, most, ret_at) : NULL;

	if (name && strlen(name) < WHY_NAME_BYTES)
		return strcpy(buf, name);
	*ret_at = 0;
	return why_held_variable(w, insn_idx, regno, buf);
}

const char *why_variable(const struct why *w, uint32_t insn_idx, uint32_t regno, char buf[WHY_NAME_BYTES])
{
	/* What the line uses there is what people look at; a register may have several names. */
	if (name_by_line(w, insn_idx, regno, buf))
		return buf;
	return why_held_variable(w, insn_idx, regno, buf);
}

const char *why_name(const struct why *w, uint32_t insn_idx, uint32_t regno, char buf[WHY_NAME_BYTES])
{
	char name[WHY_NAME_BYTES];

	if (why_variable(w, insn_idx, regno, name))
		snprintf(buf, WHY_NAME_BYTES, "`%.*s`", WHY_NAME_BYTES - 3, name);
	else
		snprintf(buf, WHY_NAME_BYTES, "r%u", regno);
	return buf;
}

const char *why_name_pkt(const struct why *w, const struct tale *t, uint32_t regno, char buf[WHY_NAME_BYTES])
{
	const struct reg *of = t->r[regno], *r;
	char name[WHY_NAME_BYTES];
	uint32_t i;

	if (why_variable(w, t->insn_idx, regno, name))
		return why_name(w, t->insn_idx, regno, buf);
	for (i = 0; i < ENV_REGS; i++) {
		r = t->r[i];
		if (i == regno || r->type != of->type || r->id != of->id ||
		    !why_held_variable(w, t->insn_idx, i, name))
			continue;
		if (of->off == r->off)
			snprintf(buf, WHY_NAME_BYTES, "`%.60s`", name);
		else
			snprintf(buf, WHY_NAME_BYTES, "`%.60s + %d`", name, of->off - r->off);
		return buf;
	}
	return why_name(w, t->insn_idx, regno, buf);
}

const char *why_callee(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES])
{
	const struct bpf_insn *i = &w->env->insns[insn_idx];
	const struct kfunc *k = NULL;
	char name[WHY_NAME_BYTES - 2];
	struct srcline line;
	int sub;

	if (insn_is_helper_call(i)) {
		snprintf(buf, WHY_NAME_BYTES, "bpf_%s()", helper_tab_name(i->imm));
	} else if (insn_is_kfunc_call(i) && (k = kfunc_at(w->env, i))) {
		snprintf(buf, WHY_NAME_BYTES, "%s()", k->name);
	} else if (insn_is_subprog_call(i) &&
		   (sub = subprog_at(w->env, insn_idx + (uint32_t)i->imm + 1)) >= 0 &&
		   *w->env->subprogs[sub].name) {
		snprintf(buf, WHY_NAME_BYTES, "%s()", w->env->subprogs[sub].name);
	} else if (insn_is_call(i) && srcline_find(w->env->prog, w->view, insn_idx, &line) &&
		   srcline_callee(&line, name, sizeof(name))) {
		snprintf(buf, WHY_NAME_BYTES, "%s()", name);
	} else {
		snprintf(buf, WHY_NAME_BYTES, "%s", BPF_CLASS(i->code) == BPF_LD ? "a packet load" : "a call");
	}
	return buf;
}

const char *why_place(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES])
{
	struct srcline line;

	if (srcline_find(w->env->prog, w->view, insn_idx, &line) && line.line)
		snprintf(buf, WHY_NAME_BYTES, "line %u", line.line);
	else
		snprintf(buf, WHY_NAME_BYTES, "instruction %u", insn_idx);
	return buf;
}

const char *why_actor(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES])
{
	char place[WHY_NAME_BYTES];

	if (insn_is_call(&w->env->insns[insn_idx]) || BPF_CLASS(w->env->insns[insn_idx].code) == BPF_LD)
		return why_callee(w, insn_idx, buf);
	snprintf(buf, WHY_NAME_BYTES, "the %s on %.60s", why_verb(&w->env->insns[insn_idx]),
		 why_place(w, insn_idx, place));
	return buf;
}

const char *why_actor_at(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES])
{
	char who[WHY_NAME_BYTES], place[WHY_NAME_BYTES];

	why_actor(w, insn_idx, who);
	if (btf_text_ends(who, ")"))
		snprintf(buf, WHY_NAME_BYTES, "%.60s (%.30s)", who, why_place(w, insn_idx, place));
	else
		snprintf(buf, WHY_NAME_BYTES, "%s", who);
	return buf;
}

struct why_call why_call_of(const struct why *w, const struct bpf_insn *i)
{
	return (struct why_call){
		.helper = insn_is_helper_call(i) ? helper_proto_of(w->env, i->imm) : NULL,
		.kfunc = insn_is_kfunc_call(i) ? kfunc_at(w->env, i) : NULL,
	};
}

bool why_call_ends(const struct why *w, const struct bpf_insn *i, uint32_t kfunc_flags)
{
	struct why_call call = why_call_of(w, i);

	return (call.helper && (call.helper->flags & HELPER_F_RELEASE)) || (call.kfunc && (call.kfunc->flags & kfunc_flags));
}

/* ---- values ------------------------------------------------------------------------------------ */

const char *why_range(const struct reg *r, char buf[WHY_NAME_BYTES])
{
	const struct val *v = &r->v;

	if (v->tm == 0)
		snprintf(buf, WHY_NAME_BYTES, "%lld", (long long)v->tv);
	else if (v->sl == INT64_MIN && v->sh == INT64_MAX)
		snprintf(buf, WHY_NAME_BYTES, "any number");
	else if (v->sl < 0)
		snprintf(buf, WHY_NAME_BYTES, "%lld to %lld", (long long)v->sl, (long long)v->sh);
	else
		snprintf(buf, WHY_NAME_BYTES, "%llu to %llu", (unsigned long long)v->ul,
			 (unsigned long long)v->uh);
	return buf;
}

static const char *map_name(const struct why *w, const struct reg *r)
{
	const struct bgv_map *shape = r->map && r->map <= w->env->map_cnt ? w->env->maps[r->map - 1].shape : NULL;

	return shape && *shape->name ? shape->name : "?";
}

const char *why_map_type_name(uint32_t type)
{
	static const char *const names[MT_CNT] = {
#define MAP_TYPE(id, NAME, name, direct, sleepable, profiles) [id] = name,
#include "verifier/kernel/map_types.def"
#undef MAP_TYPE
	};

	return type < MT_CNT ? names[type] : NULL;
}

const char *why_map_type(const struct why *w, const struct reg *r)
{
	const struct bgv_map *shape = r->map && r->map <= w->env->map_cnt ? w->env->maps[r->map - 1].shape : NULL;
	const char *name = shape ? why_map_type_name(shape->type) : NULL;

	return name ? name : "?";
}

static const char *type_name(const struct why *w, const struct reg *r)
{
	const struct btf_view *view = btf_of(w->env, r->btf);

	return view ? btf_view_name(view, r->btf_id) : "";
}

static const char *const plain_names[REG_BASE_CNT] = {
	[REG_NOT_INIT] = "nothing",
	[REG_CTX] = "the context",
	[REG_STACK] = "a pointer to the stack",
	[REG_PKT_META] = "a pointer to packet metadata",
	[REG_PKT] = "a pointer into the packet",
	[REG_PKT_END] = "the end of the packet",
	[REG_FLOW_KEYS] = "the flow keys",
	[REG_SOCKET] = "a socket",
	[REG_SOCK_COMMON] = "a socket (common part)",
	[REG_TCP_SOCK] = "a TCP socket",
	[REG_TP_BUFFER] = "the tracepoint's record",
	[REG_XDP_SOCK] = "an XDP socket",
	[REG_MEM] = "a pointer to memory",
	[REG_ARENA] = "a pointer into the arena",
	[REG_BUF] = "a buffer",
	[REG_FUNC] = "a function",
	[REG_DYNPTR] = "a dynptr",
};

/* Memory of no map, no packet and no stack: by where it came from. */
static const char *mem_kind(uint32_t type)
{
	if (type & REG_F_RINGBUF)
		return "memory reserved in a ring buffer";
	if (type & REG_F_DYNPTR_MASK)
		return "a slice of a dynptr";
	if (type & REG_F_UNTRUSTED)
		return "memory that may not be there";
	return type & REG_F_RDONLY ? "read-only memory" : plain_names[REG_MEM];
}

/* How far the kernel vouches for an object: the word before "pointer to struct". */
static const char *object_trust(uint32_t type)
{
	if (type & REG_F_UNTRUSTED)
		return "an untrusted ";
	if (type & REG_F_NON_OWN_REF)
		return "a borrowed (non-owning) ";
	if (type & REG_F_ALLOC)
		return type & REG_F_PERCPU ? "an own per-CPU " : "an own ";
	if (type & REG_F_PERCPU)
		return "a per-CPU ";
	if (type & REG_F_USER)
		return "a user-space ";
	if (type & REG_F_RCU)
		return "an RCU ";
	return type & REG_F_TRUSTED ? "a trusted " : "a ";
}

const char *why_type(uint32_t type)
{
	switch (type & REG_BASE_MASK) {
	case REG_SCALAR:
		return "a number";
	case REG_MAP_PTR:
		return "a map";
	case REG_MAP_VALUE:
		return "a map value";
	case REG_MAP_KEY:
		return "a map key";
	case REG_MEM:
		return mem_kind(type);
	case REG_BTF_ID:
		return type & REG_F_ALLOC ? "an own object" :
		       type & REG_F_PERCPU ? "a per-CPU kernel object" : "a kernel object";
	default:
		return plain_names[type & REG_BASE_MASK] ? plain_names[type & REG_BASE_MASK] : "?";
	}
}

/* Which of the kernel's objects, and how it is held. */
static void describe_object(const struct why *w, const struct reg *r, const char *null, char buf[WHY_NAME_BYTES])
{
	snprintf(buf, WHY_NAME_BYTES, "%spointer to struct %.40s%s%s", object_trust(r->type), type_name(w, r),
		 r->ref && !(r->type & REG_F_NON_OWN_REF) ? " (acquired)" : "", null);
}

const char *why_describe(const struct why *w, const struct reg *r, char buf[WHY_NAME_BYTES])
{
	const char *null = reg_maybe_null(r) ? ", or NULL" : "";
	char range[WHY_NAME_BYTES];

	switch (reg_base(r)) {
	case REG_SCALAR:
		if (reg_is_zero(r))
			snprintf(buf, WHY_NAME_BYTES, "0 (NULL)");
		else
			snprintf(buf, WHY_NAME_BYTES, "a number, %.60s", why_range(r, range));
		break;
	case REG_MAP_PTR:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
		snprintf(buf, WHY_NAME_BYTES, "%s %.40s%s",
			 reg_base(r) == REG_MAP_PTR ? "map" : reg_base(r) == REG_MAP_KEY ? "a key of map" :
			 "a value of map", map_name(w, r), null);
		break;
	case REG_BTF_ID:
		describe_object(w, r, null, buf);
		break;
	case REG_MEM:
		if (r->mem_size && !(r->type & (REG_F_RINGBUF | REG_F_DYNPTR_MASK)))
			snprintf(buf, WHY_NAME_BYTES, "a pointer to %u bytes of %smemory%s", r->mem_size,
				 r->type & REG_F_RDONLY ? "read-only " : "", null);
		else
			snprintf(buf, WHY_NAME_BYTES, "%s%s", mem_kind(r->type), null);
		break;
	default:
		snprintf(buf, WHY_NAME_BYTES, "%s%s", plain_names[reg_base(r)] ? plain_names[reg_base(r)] : "?",
			 null);
	}
	return buf;
}

/* ---- what an access needs ------------------------------------------------------------------------ */

const char *why_verb(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LDX:
		return "read";
	case BPF_ST:
	case BPF_STX:
		return "write";
	default:
		return "access";
	}
}

static bool is_same_place(const struct why *w, uint32_t a, uint32_t b)
{
	struct srcline at, of;

	return srcline_find(w->env->prog, w->view, a, &at) && srcline_find(w->env->prog, w->view, b, &of) &&
	       at.line == of.line && at.col == of.col;
}

int64_t why_bytes_ahead(const struct why *w, uint32_t regno, int64_t needed, bool same_place)
{
	const struct env *env = w->env;
	uint32_t first = env->insn_idx, idx;
	int64_t most = needed, from = env->insns[first].off + (int64_t)insn_bytes(&env->insns[first]), reach;
	const struct bpf_insn *i;

	for (idx = first; idx < env->insn_cnt; idx++) {
		i = &env->insns[idx];
		if (insn_is_jmp_class(i) || BPF_CLASS(i->code) == BPF_LD)
			break;
		reach = needed + i->off + (int64_t)insn_bytes(i) - from;
		if (((BPF_CLASS(i->code) == BPF_LDX && i->src_reg == regno) ||
		     ((BPF_CLASS(i->code) == BPF_ST || BPF_CLASS(i->code) == BPF_STX) && i->dst_reg == regno)) &&
		    reach > most && (!same_place || is_same_place(w, first, idx)))
			most = reach;
		if (BPF_CLASS(i->code) != BPF_ST && BPF_CLASS(i->code) != BPF_STX && i->dst_reg == regno)
			break;
	}
	return most;
}

/* Which argument's memory, from where on, and how far the call would go. */
static void cause_need_of_call(struct why *w, bool packet)
{
	const struct env *env = w->env;
	char name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	uint32_t regno = env->need.regno;
	const struct reg *used = w->now ? w->now->r[regno] : NULL;
	int64_t from = used ? used->off : 0;

	if (!used)
		return;
	why_cause(w, "argument %d of %.40s, %.40s: %lld bytes at %soffset %lld need %lld bytes, but %s%lld are %s",
		  (int)regno, why_callee(w, env->insn_idx, callee), why_name(w, env->insn_idx, regno, name),
		  (long long)(env->need.needed - from), packet ? "packet " : "", (long long)from,
		  (long long)env->need.needed, env->need.proved ? "only " : "", (long long)env->need.proved,
		  packet ? "proved" : "there");
}

void why_cause_need(struct why *w)
{
	const struct env *env = w->env;
	const struct bpf_insn *i = &env->insns[env->insn_idx];
	bool packet = !strncmp(env->result->code, "PKT-", 4);
	char of[WHY_NAME_BYTES + 16] = "", operand[WHY_NAME_BYTES];
	int64_t bytes = insn_bytes(i), needed = env->need.needed, proved = env->need.proved;
	struct srcline line;
	int32_t at;

	if (!env->need.set || needed <= proved)
		return;
	if (insn_is_call(i)) {
		cause_need_of_call(w, packet);
		return;
	}
	if (insn_is_jmp_class(i))
		return;
	if (srcline_find(env->prog, w->view, env->insn_idx, &line) &&
	    srcline_operand(&line, operand, sizeof(operand)))
		snprintf(of, sizeof(of), "of `%s` ", operand);
	else if (w->regno >= 0 && why_near_variable(w, env->insn_idx, (uint32_t)w->regno, i->off, &at, operand))
		snprintf(of, sizeof(of), "through `%s` ", operand);
	if (w->regno >= 0) {
		bytes -= needed;
		needed = why_bytes_ahead(w, (uint32_t)w->regno, needed, true);
		bytes += needed;
	}
	why_cause(w, "%s %s(%lld bytes at %soffset %lld) needs %lld %sbytes, but %s%lld are %s", why_verb(i), of,
		  (long long)bytes, packet ? "packet " : "", (long long)(needed - bytes), (long long)needed,
		  packet ? "packet " : "", proved ? "only " : "", (long long)proved,
		  packet ? "proved" : "there");
}
