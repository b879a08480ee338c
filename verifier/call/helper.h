/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_H
#define VERIFIER_HELPER_H

#include "verifier/state/env.h"
#include "verifier/kernel/helper_tab.h"

/* The files of a helper call: helper.c drives, each function is one step. */

/* Numbers of the helpers that have rules of their own. */
enum helper_id {
	HELPER_MAP_LOOKUP_ELEM = 1, HELPER_MAP_UPDATE_ELEM = 2, HELPER_MAP_DELETE_ELEM = 3,
	HELPER_GET_SMP_PROCESSOR_ID = 8, HELPER_TAIL_CALL = 12, HELPER_PROBE_READ_STR = 45,
	HELPER_PROBE_WRITE_USER = 36, HELPER_REDIRECT_MAP = 51, HELPER_GET_STACK = 67,
	HELPER_GET_STACKID = 27, HELPER_SETSOCKOPT = 49, HELPER_GETSOCKOPT = 57,
	HELPER_TCP_SEND_ACK = 116, HELPER_KTIME_GET_COARSE_NS = 160, HELPER_GET_LOCAL_STORAGE = 81, HELPER_SK_RELEASE = 86,
	HELPER_MAP_PUSH_ELEM = 87, HELPER_MAP_POP_ELEM = 88, HELPER_MAP_PEEK_ELEM = 89,
	HELPER_SPIN_LOCK = 93, HELPER_SPIN_UNLOCK = 94, HELPER_SK_STORAGE_GET = 107,
	HELPER_SK_STORAGE_DELETE = 108, HELPER_PROBE_READ_USER_STR = 114,
	HELPER_PROBE_READ_KERNEL_STR = 115, HELPER_GET_TASK_STACK = 141,
	HELPER_INODE_STORAGE_GET = 145, HELPER_D_PATH = 147, HELPER_PER_CPU_PTR = 153,
	HELPER_THIS_CPU_PTR = 154, HELPER_TASK_STORAGE_GET = 156, HELPER_IMA_INODE_HASH = 161,
	HELPER_FOR_EACH_MAP_ELEM = 164, HELPER_SNPRINTF = 165, HELPER_SYS_BPF = 166,
	HELPER_TIMER_SET_CALLBACK = 170, HELPER_GET_FUNC_IP = 173, HELPER_FIND_VMA = 180,
	HELPER_LOOP = 181, HELPER_GET_RETVAL = 186, HELPER_SET_RETVAL = 187, HELPER_IMA_FILE_HASH = 193,
	HELPER_KPTR_XCHG = 194, HELPER_MAP_LOOKUP_PERCPU_ELEM = 195, HELPER_DYNPTR_FROM_MEM = 197,
	HELPER_DYNPTR_READ = 201, HELPER_DYNPTR_WRITE = 202, HELPER_DYNPTR_DATA = 203,
	HELPER_USER_RINGBUF_DRAIN = 209, HELPER_CGRP_STORAGE_GET = 210,
};

/* Who asks for a helper: the program that is verified. */
struct helper_caller helper_caller_of(const struct env *env);
/* The prototype that this program gets of a helper; NULL: it may not have it. */
const struct helper_proto *helper_proto_of(const struct env *env, int32_t id);

/* helper_allow.c: the helper's own predicate about the attach target (fn->allowed). */
bool helper_allow_target(const struct env *env, uint32_t id);
/* … whether it is an iterator or hook where socket options may be used; */
bool helper_allow_sockopt(const struct env *env);
/* … and whether a struct_ops type or member is offered the helper at all. */
bool helper_allow_member(const struct env *env, uint32_t id);

/* helper_arg.c: check_func_arg() of argument arg (0..4). */
int helper_arg_check(struct env *env, const struct helper_proto *proto, uint32_t arg,
		     uint32_t insn_idx, struct call_meta *meta);

/* Is regs[regno], a map value, a constant string: a frozen map's bytes, NUL-terminated? (check_reg_const_str) */
int helper_check_const_str(struct env *env, uint32_t regno);

/* helper_special.c: what single helpers ask beside their prototype, after the arguments. */
int helper_special_check(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
			 struct call_meta *meta, bool *ret_changes_pkt);
/* … and after the result: map type, instruction pointer. */
int helper_special_after(struct env *env, const struct helper_proto *proto,
			 const struct call_meta *meta);

/* helper_ret.c: r0, references, ranges. */
int helper_ret_set(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
		   struct call_meta *meta);

/* helper_callback.c: the helpers that call back. */
int helper_callback_push(struct env *env, uint32_t id, uint32_t insn_idx,
			 const struct call_meta *meta);

/* helper_printf.c: does the format, NUL-terminated within bytes, fit that many arguments? */
bool helper_printf_ok(const uint8_t *format, size_t bytes, uint32_t arg_cnt);

#endif
