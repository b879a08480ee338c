/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpfgate-verifier: would this kernel load this program, and if not, why?
 *
 * A pure function of (program, shapes of its maps, BTF, target kernel). It makes no system calls
 * (but the clock, when a time budget is set), keeps no globals, and never trusts a byte of its
 * input: every blob may be hostile. Input structs are borrowed for the duration of the call.
 *
 * Strings and blobs are (pointer, length) or NUL-terminated as said; NULL means absent.
 */
#ifndef BPFGATE_VERIFIER_H
#define BPFGATE_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the target kernel ------------------------------------------------------------------- */

struct bgv_target;	/* a profile: version, behaviour bits, tables, vmlinux BTF; immutable */

struct bgv_target_spec {
	const char *version;		/* "6.18.44", "6.12.107", "6.1.192": names the profile */
	const void *vmlinux_btf;	/* raw BTF of the kernel; NULL: rules that need it are unsupported */
	size_t vmlinux_btf_bytes;
	uint32_t nr_cpus;		/* possible CPUs; 0: 1 */
	uint32_t flags;			/* BGV_TARGET_* */
	const char *machine;		/* as uname -m says; NULL: x86_64. Every program for another is unsupported */
};

#define BGV_TARGET_LOCKDOWN	(1u << 0)	/* lockdown=integrity or more: no probe_write_user */
#define BGV_TARGET_NO_JIT	(1u << 1)	/* JIT off: no kfuncs, no private stack, no arena */
#define BGV_TARGET_NO_DATA_SYMBOLS (1u << 3)	/* kallsyms has functions only: no kernel variable is found */
#define BGV_TARGET_MITIGATIONS_OFF (1u << 2)	/* no speculative paths without CAP_PERFMON */

/*
 * Parses the profile once; it may then serve any number of verifications, also in parallel.
 * 0 or -EINVAL (bad version or BTF), -ENOMEM. *ret_target is the caller's; bgv_target_free(NULL) is
 * fine. The BTF bytes are copied.
 */
int bgv_target_new(const struct bgv_target_spec *spec, struct bgv_target **ret_target);
void bgv_target_free(struct bgv_target *target);
/*
 * The series whose rules it has: "6.1", "6.12", "6.18", "7.0" to "7.3". A version between two has the older one's
 * until it is probed. Static storage.
 */
const char *bgv_target_profile(const struct bgv_target *target);

/* ---- the program ------------------------------------------------------------------------- */

struct bgv_blob {
	const void *data;
	size_t bytes;
};

/* Shape of a map, as MAP_CREATE was given it. */
struct bgv_map {
	uint32_t type, key_size, value_size, max_entries, map_flags;
	uint64_t map_extra;
	uint32_t btf_idx;		/* 1 + index into bgv_program.btfs; 0: no BTF */
	uint32_t btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	uint32_t inner_idx;		/* 1 + index into bgv_program.maps of the template; 0: none */
	uint8_t frozen;			/* MAP_FREEZE was done and no writable mapping is left */
	uint8_t has_excl_hash;
	uint8_t excl_hash[32];		/* excl_prog_hash */
	const void *contents;		/* frozen array map: value of its elements; NULL: unknown */
	size_t contents_bytes;
	char name[16];
};

/* Which of the kernel's rules: they depend on the capabilities of who loads. */
enum bgv_mode {
	BGV_MODE_FULL,		/* caller has CAP_BPF and CAP_PERFMON: the kernel's privileged rules */
	BGV_MODE_LEAK_RULES,	/* for a load with CAP_PERFMON: its loops, and nothing else that it unlocks */
	BGV_MODE_NO_PERFMON,	/* the kernel's own rules without CAP_PERFMON, speculation included */
};

#define BGV_CAP_BPF		(1u << 0)
#define BGV_CAP_PERFMON		(1u << 1)
#define BGV_CAP_NET_ADMIN	(1u << 2)
#define BGV_CAP_SYS_ADMIN	(1u << 3)
#define BGV_CAP_ALL		0xfu

/*
 * What PROG_LOAD was given. In insns, ld_imm64 with src_reg BPF_PSEUDO_MAP_FD, _MAP_VALUE, _MAP_IDX
 * and _MAP_IDX_VALUE hold, in imm, the *index into maps* (the kernel's fd or fd_array index already
 * replaced). BPF_PSEUDO_BTF_ID holds a BTF id in imm and, in the second imm, 0 for vmlinux or
 * 1 + index into btfs of a module's BTF. kfunc calls hold a BTF id in imm and in off 0 for vmlinux or
 * 1 + index into btfs of a module's BTF. An index out of range means the fd was bad: EBADF.
 */
struct bgv_program {
	const struct bpf_insn *insns;
	uint32_t insn_cnt;
	uint32_t prog_type;		/* enum bpf_prog_type, the target kernel's numbers */
	uint32_t expected_attach_type;
	uint32_t prog_flags;
	uint32_t prog_ifindex;
	const char *license;		/* NUL-terminated; NULL is "" */
	const char *name;

	const struct bgv_map *maps;	/* maps the instructions name, and inner templates */
	uint32_t map_cnt;
	uint32_t fd_array_cnt;		/* as in attr: maps [0, fd_array_cnt) are bound too */
	const struct bgv_blob *btfs;	/* raw BTF: the program's, the maps', modules' */
	uint32_t btf_cnt;

	uint32_t prog_btf_idx;		/* 1 + index into btfs; 0: none */
	struct bgv_blob func_info, line_info, core_relos;
	uint32_t func_info_rec_size, line_info_rec_size, core_relo_rec_size;
	uint32_t func_info_cnt, line_info_cnt, core_relo_cnt;

	uint32_t attach_btf_id;		/* in attach_btf; 0: none */
	uint32_t attach_btf_idx;	/* 0: the target's vmlinux; else 1 + index into btfs (module) */
	const char *attach_name;	/* name of the target; used when attach_btf_id is 0 */
	const struct bgv_program *attach_prog;	/* EXT, fentry of a program: the target program */

	enum bgv_mode mode;
	uint32_t caps;			/* BGV_CAP_*: what the loader will hold */
};

/* ---- what is asked and what is answered --------------------------------------------------- */

struct bgv_limits {		/* 0 in any: no budget beyond the kernel's own limits */
	uint64_t time_ns;	/* CPU time of this thread */
	uint64_t memory_bytes;
	uint32_t insns;
};

enum bgv_verdict {		/* 0 is none of them: memory that nobody wrote accepts nothing */
	BGV_ACCEPT = 1,
	BGV_REJECT = 2,		/* this kernel would refuse; err is its errno */
	BGV_UNSUPPORTED = 3,	/* this library cannot judge: reason in message, never "safe" */
	BGV_UNDECIDED = 4,	/* a budget ran out */
};

struct bgv_stats {
	uint64_t insn_processed;	/* equals the kernel's count where both accept */
	uint64_t total_states, peak_states, max_states_per_insn;
	uint64_t time_ns;		/* CPU time of this thread */
	uint64_t peak_bytes;
	uint32_t stack_depth[8];	/* per subprogram, as the kernel logs it; first 8 */
};

/* One step of a proof or of the path to a rejection (why.c). */
struct bgv_event {
	/*
	 * 0 needed, 1 proved, 2 lost, 3 branch, 4 call (origin), 5 tested, 6 missed (does not count), 7 cost,
	 * 8 created, 9 acquired, 10 released, 11 entered, 12 left, 13 copied, 14 spilled, 15 widened, 16 way,
	 * 17 narrowed
	 */
	uint32_t kind;
	uint32_t insn_idx;
	uint32_t regno;
	int64_t needed, proved;
	const char *text;	/* owned by the result */
	uint8_t aside;		/* bgv_explain() does not tell it: for who shows all that became of the value */
};

struct bgv_result {
	enum bgv_verdict verdict;
	int err;			/* positive errno of a rejection, else 0 */
	uint32_t insn_idx;		/* where; UINT32_MAX when no instruction is to blame */
	const char *code;		/* stable diagnostic code, "PKT-RANGE"; NULL on accept */
	char message[256];		/* one line, the kernel's class of message */
	struct bgv_stats stats;
	struct bgv_event *events;	/* heap; freed by bgv_result_done */
	uint32_t event_cnt;
	char *log;			/* heap, NUL-terminated: only when asked; freed by bgv_result_done */
	/* options.explain and a rejection; else "" and NULL */
	const char *class_name;		/* whose doing it is: "your code", "compiler lowering", "policy", … */
	char cause[256];		/* one sentence with names and numbers */
	char way_out[256];		/* one sentence; "": none is known */
	/* It was tried on the abstract program: removes this problem, and no refusal after it comes of it. */
	bool way_out_checked;
	char leave_if[192];		/* the way out in C: leave before leave_idx if this holds; "": not known */
	uint32_t leave_idx;
	/* The next problem of the program once this one is out of the way; heap, freed with this; NULL: none. */
	struct bgv_result *more;
};

/* A byte of a function's stack frame by debug info: the variable it belongs to. */
struct bgv_stack_name {
	char variable[64];
	char path[96];	/* "key.port", "buf[3]": the innermost member there; "": padding */
	int32_t off;	/* where the variable begins: below r10 */
	uint32_t bytes;	/* of the variable */
};

#define BGV_LOG_HEAD	     8u
#define BGV_LOG_REFUSED_ONLY 16u

struct bgv_options {
	struct bgv_limits limits;
	/*
	 * The log that the kernel would write: 0 none, 1 the instructions and states of the path that is refused, 2 (or 3)
	 * those of every path, also of a program that is accepted unless BGV_LOG_REFUSED_ONLY is added. The program is
	 * walked again for it, within limits as well.
	 */
	uint32_t log_level;
	uint32_t log_bytes;	/* at most this much of it: the end, or with BGV_LOG_HEAD in log_level the beginning */
	/*
	 * Record events, cause and way out of a rejection by walking again, for each problem told twice: within
	 * limits.time_ns all in all, and limits.memory_bytes each time. The result's stats are of the first walk.
	 */
	uint8_t explain;
	/*
	 * What the variable is called that a register holds before an instruction; NULL: not known. The text
	 * is copied at once. For explanations; NULL: nobody knows names.
	 */
	const char *(*name_of)(void *ctx, uint32_t insn_idx, uint32_t regno);
	/* Likewise, of the variables that are its value + n, n from 0 to most: the one of the largest n. */
	const char *(*near_name_of)(void *ctx, uint32_t insn_idx, uint32_t regno, int32_t most, int32_t *ret_at);
	void *name_ctx;
	/* Likewise, with name_ctx, whose byte r10 + off is in the function of the instruction; false: not known. */
	bool (*stack_name_of)(void *ctx, uint32_t insn_idx, int32_t off, struct bgv_stack_name *ret_name);
};

/*
 * Judges one program. Returns 0 with *ret_result filled (whatever the verdict; never 0), or -ENOMEM when not
 * even a verdict could be made. Never crashes, whatever the input. opt may be NULL.
 */
int bgv_verify(const struct bgv_target *target, const struct bgv_program *prog,
	       const struct bgv_options *opt, struct bgv_result *ret_result);
void bgv_result_done(struct bgv_result *result);

/*
 * A result that is not an accept as text for people, several lines: what was needed and proved, the
 * source lines concerned (from the program's line info), the path. Better with options.explain set.
 * *ret_text is heap memory of the caller's. 0, -EINVAL (it was accepted), -ENOMEM.
 */
int bgv_explain(const struct bgv_program *prog, const struct bgv_result *result, char **ret_text);

/* The same in some five lines a problem, for a log that others read: what, where, whose, and the way out. */
int bgv_explain_short(const struct bgv_program *prog, const struct bgv_result *result, char **ret_text);

#define BGV_MODEL_NAMED	 (1u << 0)	/* options' name_of knew the program's variables */
#define BGV_MODEL_SOURCE (1u << 1)	/* with the lines of the refused function */

/*
 * The same as data: one line of JSON, {"debug_info", "problems"} as bpfgate check --json has them. flags: BGV_MODEL_*.
 * *ret_text is heap memory of the caller's. 0, -EINVAL (it was accepted), -ENOMEM (also: it is larger than 1 MiB).
 */
int bgv_explain_json(const struct bgv_program *prog, const struct bgv_result *result, uint32_t flags,
		     char **ret_text);

/*
 * Where in the source an instruction comes from, by the program's line info: "FILE:LINE:COLUMN", cut to
 * `bytes`, control bytes made "?". 0, -EINVAL (bytes is 0), -ENOENT (no line info says so; "" then).
 */
int bgv_place(const struct bgv_program *prog, uint32_t insn_idx, char *ret_place, size_t bytes);

/* Would BTF_LOAD of these bytes succeed? 0 or -errno as the kernel's; message (may be NULL) >= 256 bytes. */
int bgv_btf_check(const struct bgv_target *target, const void *btf, size_t btf_bytes, char *ret_message);

/*
 * Would MAP_CREATE of that shape succeed? inner: the template of a map of maps, else NULL. Limits of memory and of the
 * machine apart; fds and types of BTF are not looked at beyond that they are there. 0 or -errno as the kernel's; message
 * (may be NULL) >= 256 bytes, "" when it would.
 */
int bgv_map_check(const struct bgv_target *target, const struct bgv_map *map, const struct bgv_map *inner,
		  char *ret_message);

/* "accept"; never NULL. */
const char *bgv_verdict_name(enum bgv_verdict verdict);

#ifdef __cplusplus
}
#endif
#endif
