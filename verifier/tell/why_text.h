/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_TEXT_H
#define VERIFIER_WHY_TEXT_H

#include "verifier/walk/assume.h"
#include "verifier/btf/btf.h"
#include "verifier/state/diag.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/why.h"

#define WHY_NAME_BYTES 96	/* longer names are not shown */
#define WHY_TEXT_BYTES 256

/* What one explanation is made of. */
struct why {
	struct env *env;
	struct btf_view *view;		/* of the program; NULL: none */
	const struct tale *now;		/* before the refused instruction; NULL: nothing was recorded */
	int32_t regno;			/* whose value it stumbled over; -1: none in particular */
	struct origin origin;		/* of that value, when now and regno are known */
	enum diag_class cls;
	bool told_need;			/* an event says already what was needed */
	const char *here;		/* what happens at the refused place; NULL: told by the value */
	const struct tale *number;	/* before that step the number that was added stands in number_regno; NULL: none */
	uint32_t number_regno;
	char subject[WHY_NAME_BYTES];	/* what the origin is told of, when not regno's value; "" else */
};

/* Adds an event; regno -1: about no register. Kept in the order they are added. */
void why_event(struct why *w, enum why_kind kind, uint32_t insn_idx, int32_t regno, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The same, of what stands aside: the text does not tell it. */
void why_aside(struct why *w, enum why_kind kind, uint32_t insn_idx, int32_t regno, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The last event's numbers. */
void why_event_numbers(struct why *w, int64_t needed, int64_t proved);
/* One sentence each; the first of a kind counts. */
void why_cause(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void why_way_out(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A way out that can be tried, as the way out's sentence says it; the first counts. */
void why_propose(struct why *w, enum assume_kind kind, uint32_t insn_idx, uint32_t regno, uint64_t n);
/* Together with what was proposed last. */
void why_propose_also(struct why *w, enum assume_kind kind, uint32_t insn_idx, uint32_t regno, uint64_t n, uint64_t m);
/* To be tried when that does not do, with words of its own ("": the way out's). NULL: nobody asks, or no room. */
struct proposal *why_propose_other(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What people call the value that regno holds before an instruction: a variable by debug info, else by the
 * source line where the instruction uses it, quoted; else "r3". Into buf, which it returns.
 */
const char *why_name(const struct why *w, uint32_t insn_idx, uint32_t regno, char buf[WHY_NAME_BYTES]);
/* The same of a packet pointer: what is called so moves with it (same id), at its very offset if possible. */
const char *why_name_pkt(const struct why *w, const struct tale *t, uint32_t regno, char buf[WHY_NAME_BYTES]);
/* Without quotes, for a line of source; NULL: it has no name but the register's. */
const char *why_variable(const struct why *w, uint32_t insn_idx, uint32_t regno, char buf[WHY_NAME_BYTES]);
/* The variable that holds this very value, by debug info only: what may be computed with. NULL: not known. */
const char *why_held_variable(const struct why *w, uint32_t insn_idx, uint32_t regno,
			      char buf[WHY_NAME_BYTES]);
/* The variable whose byte r10 + off of the step's frame is, by debug info; false: not known. */
bool why_stack_variable(const struct why *w, const struct tale *t, int64_t off, struct bgv_stack_name *ret_name);
/* The variable that is regno's value + *ret_at, *ret_at the largest up to most; of what moves with it. NULL: none. */
const char *why_near_variable(const struct why *w, uint32_t insn_idx, uint32_t regno, int32_t most, int32_t *ret_at,
			      char buf[WHY_NAME_BYTES]);
/* How the instruction touches memory: "read", "write", or "access" for a call. */
const char *why_verb(const struct bpf_insn *i);
/*
 * How far the instructions right after go through the same register and its value, at least needed; only those of
 * the same place of the source if same_place.
 */
int64_t why_bytes_ahead(const struct why *w, uint32_t regno, int64_t needed, bool same_place);
/* As a cause, with env's need: what the instruction touches, how many bytes that needs, and how many there are. */
void why_cause_need(struct why *w);
/* What is known of it: "a number, 0 to 64", "a pointer into the packet", "a value of map flows, or NULL". */
const char *why_describe(const struct why *w, const struct reg *r, char buf[WHY_NAME_BYTES]);
/* The range of a number: "5", "0 to 64", "any number". */
const char *why_range(const struct reg *r, char buf[WHY_NAME_BYTES]);
/* The type of the map that a pointer is about: "hash"; "?" where that is not known. Never NULL. */
const char *why_map_type(const struct why *w, const struct reg *r);
/* The name of a type of maps; NULL: there is none known. */
const char *why_map_type_name(uint32_t type);
/* The same of a type alone, for a list of types. Never NULL. */
const char *why_type(uint32_t type);
/* What a call instruction calls: "bpf_map_lookup_elem()". */
const char *why_callee(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES]);
/* Who changed something: what is called there, or "the write on line 12". */
const char *why_actor(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES]);
/* The same with its place: "bpf_spin_lock() (line 12)", "the write on line 12". */
const char *why_actor_at(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES]);
/* What the tables say of a call: its prototype, or its kernel function; NULL each where it is none, or not known. */
struct why_call {
	const struct helper_proto *helper;
	const struct kfunc *kfunc;
};
struct why_call why_call_of(const struct why *w, const struct bpf_insn *i);
/* Whether a call ends what it is given: a helper that releases, or a kfunc with one of these flags. */
bool why_call_ends(const struct why *w, const struct bpf_insn *i, uint32_t kfunc_flags);
/* "line 12", else "instruction 34". */
const char *why_place(const struct why *w, uint32_t insn_idx, char buf[WHY_NAME_BYTES]);

#endif
