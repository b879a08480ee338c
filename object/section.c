/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Newer section names. Renaming only shortens a NUL-terminated string in place, so no length or
 * offset of the object changes; it trusts nothing of the object, since it looks at bytes only.
 */
#include "object/section.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/kernel_types.h"
#include "proto/own.h"

static const struct section_meaning meanings[] = {
	{ "tc/ingress", BPF_PROG_TYPE_SCHED_CLS, KERNEL_ATTACH_TCX_INGRESS, false },
	{ "tc/egress", BPF_PROG_TYPE_SCHED_CLS, KERNEL_ATTACH_TCX_EGRESS, false },
	{ "tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, KERNEL_ATTACH_TCX_INGRESS, false },
	{ "tcx/egress", BPF_PROG_TYPE_SCHED_CLS, KERNEL_ATTACH_TCX_EGRESS, false },
	{ "netkit/primary", BPF_PROG_TYPE_SCHED_CLS, KERNEL_ATTACH_NETKIT_PRIMARY, false },
	{ "netkit/peer", BPF_PROG_TYPE_SCHED_CLS, KERNEL_ATTACH_NETKIT_PEER, false },
	{ "netfilter", KERNEL_PROG_NETFILTER, KERNEL_ATTACH_NETFILTER, false },
	{ "kprobe.session/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_KPROBE_SESSION, false },
	{ "uprobe.multi/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_UPROBE_MULTI, false },
	{ "uretprobe.multi/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_UPROBE_MULTI, false },
	{ "uprobe.multi.s/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_UPROBE_MULTI, true },
	{ "uretprobe.multi.s/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_UPROBE_MULTI, true },
	{ "uprobe.session/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_UPROBE_SESSION, false },
	{ "uprobe.session.s/", BPF_PROG_TYPE_KPROBE, KERNEL_ATTACH_TRACE_UPROBE_SESSION, true },
	{ "usdt.s/", BPF_PROG_TYPE_KPROBE, 0, true },
	{ "tracepoint.s/", BPF_PROG_TYPE_TRACEPOINT, 0, true },
	{ "tp.s/", BPF_PROG_TYPE_TRACEPOINT, 0, true },
	{ "raw_tracepoint.s/", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, true },
	{ "raw_tp.s/", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, true },
	{ "tp_btf.s/", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, true, true },
	{ "fsession/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FSESSION, false, true },
	{ "fsession.s/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FSESSION, true, true },
	{ "fsession.multi/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FSESSION_MULTI, false },
	{ "fsession.multi.s/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FSESSION_MULTI, true },
	{ "fentry.multi/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FENTRY_MULTI, false },
	{ "fentry.multi.s/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FENTRY_MULTI, true },
	{ "fexit.multi/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FEXIT_MULTI, false },
	{ "fexit.multi.s/", BPF_PROG_TYPE_TRACING, KERNEL_ATTACH_TRACE_FEXIT_MULTI, true },
	{ "sk_skb/verdict", BPF_PROG_TYPE_SK_SKB, KERNEL_ATTACH_SK_SKB_VERDICT, false },
	{ "cgroup/connect_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, KERNEL_ATTACH_CGROUP_UNIX_CONNECT, false },
	{ "cgroup/sendmsg_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, KERNEL_ATTACH_CGROUP_UNIX_SENDMSG, false },
	{ "cgroup/recvmsg_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, KERNEL_ATTACH_CGROUP_UNIX_RECVMSG, false },
	{ "cgroup/getpeername_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, KERNEL_ATTACH_CGROUP_UNIX_GETPEERNAME,
	  false },
	{ "cgroup/getsockname_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, KERNEL_ATTACH_CGROUP_UNIX_GETSOCKNAME,
	  false },
};

static const struct {
	const char *from, *to;
} renames[] = {
	{ ".struct_ops.link", ".struct_ops" },
	{ "struct_ops.s/", "struct_ops/" },
};

const struct section_meaning *section_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_CNT(meanings); i++) {
		const struct section_meaning *one = &meanings[i];
		size_t len = strlen(one->prefix);

		if (one->prefix[len - 1] != '/'
			    ? !strcmp(name, one->prefix)
			    : !strncmp(name, one->prefix, len) ||
				      (!strncmp(name, one->prefix, len - 1) && !name[len - 1]))
			return one;
	}
	return NULL;
}

/* Where a string begins with from: a name is after a NUL, or after ".rel", whose tail it then is.
 */
static uint8_t *name_find(uint8_t *bytes, size_t cnt, size_t at, const char *from, bool whole)
{
	size_t len = strlen(from) + whole;
	uint8_t *hit;

	while (at < cnt && (hit = memmem(bytes + at, cnt - at, from, len))) {
		size_t pos = (size_t)(hit - bytes);

		if (pos && (!hit[-1] || (pos >= 4 && !memcmp(hit - 4, ".rel", 4))))
			return hit;
		at = pos + 1;
	}
	return NULL;
}

/* Shortens the name that stands there; false: it has no end. */
static bool name_replace(uint8_t *hit, const uint8_t *end, const char *from, const char *to)
{
	size_t from_len = strlen(from), to_len = strlen(to);
	const uint8_t *nul = memchr(hit, 0, (size_t)(end - hit));

	if (!nul)
		return false;
	memcpy(hit, to, to_len);
	memmove(hit + to_len, hit + from_len, (size_t)(nul - hit) - from_len + 1);
	return true;
}

static bool has_name(const uint8_t *bytes, size_t cnt, const char *name)
{
	return name_find((uint8_t *)(uintptr_t)bytes, cnt, 0, name, true);
}

uint8_t *section_rename(const void *object, size_t bytes)
{
	OWN_MEM uint8_t *copy = NULL;
	uint8_t *hit;

	for (size_t i = 0; i < ARRAY_CNT(renames); i++) {
		const char *from = renames[i].from;
		bool whole = from[strlen(from) - 1] != '/';

		if (!memmem(object, bytes, from, strlen(from)) ||
		    (whole && has_name(object, bytes, renames[i].to)))
			continue;
		if (!copy) {
			copy = malloc(bytes);
			if (!copy)
				return NULL;
			memcpy(copy, object, bytes);
		}
		for (size_t at = 0; (hit = name_find(copy, bytes, at, from, whole));
		     at = (size_t)(hit - copy) + 1)
			(void)name_replace(hit, copy + bytes, from, renames[i].to);
	}
	return TAKE_PTR(copy);
}

bool section_was_sleepable(const void *object, size_t bytes, const char *renamed)
{
	static const char prefix[] = "struct_ops/";
	char was[160];

	if (strncmp(renamed, prefix, strlen(prefix)) != 0)
		return false;
	(void)snprintf(was, sizeof(was), "struct_ops.s/%s", renamed + strlen(prefix));
	return has_name(object, bytes, was);
}
