/* SPDX-License-Identifier: Apache-2.0 */
/* Names of register types, as the kernel's log spells them. */
#include "verifier/kernel/regname.h"

#include <stdio.h>

static const char *const base_names[REG_BASE_CNT] = {
	[REG_NOT_INIT] = "?", [REG_SCALAR] = "scalar", [REG_CTX] = "ctx", [REG_MAP_PTR] = "map_ptr",
	[REG_MAP_VALUE] = "map_value", [REG_MAP_KEY] = "map_key", [REG_STACK] = "fp",
	[REG_PKT_META] = "pkt_meta", [REG_PKT] = "pkt", [REG_PKT_END] = "pkt_end",
	[REG_FLOW_KEYS] = "flow_keys", [REG_SOCKET] = "sock", [REG_SOCK_COMMON] = "sock_common",
	[REG_TCP_SOCK] = "tcp_sock", [REG_TP_BUFFER] = "tp_buffer", [REG_XDP_SOCK] = "xdp_sock",
	[REG_BTF_ID] = "ptr_", [REG_MEM] = "mem", [REG_ARENA] = "arena", [REG_BUF] = "buf",
	[REG_FUNC] = "func", [REG_DYNPTR] = "dynptr_ptr", [REG_INSN] = "insn",
};

const char *regname_type(uint32_t type, char buf[REGNAME_BYTES])
{
	uint32_t base = type & REG_BASE_MASK;
	const char *null = "";

	if (type & REG_F_MAYBE_NULL)
		null = base == REG_BTF_ID ? "or_null_" : "_or_null";
	snprintf(buf, REGNAME_BYTES, "%s%s%s%s%s%s%s%s%s%s",
		 type & REG_F_RDONLY ? "rdonly_" : "", type & REG_F_RINGBUF ? "ringbuf_" : "",
		 type & REG_F_USER ? "user_" : "", type & REG_F_PERCPU ? "percpu_" : "",
		 type & REG_F_UNTRUSTED ? "untrusted_" : "", type & REG_F_TRUSTED ? "trusted_" : "",
		 type & REG_F_RCU ? "rcu_" : "", type & REG_F_NON_OWN_REF ? "non_own_ref_" : "",
		 base < REG_BASE_CNT ? base_names[base] : "?", null);
	return buf;
}
