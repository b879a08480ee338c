/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a system call outside the list ends the process, whatever its arguments, on every
 * architecture ABI of this machine. Trusts libseccomp to write the filter; it is built once and then
 * only installed, so that a child that is about to read hostile bytes allocates nothing for it.
 */
#include "worker/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "proto/own.h"

#define FILTER_BYTES_MAX 65536

static void filter_release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int filter_add(scmp_filter_ctx ctx, const struct filter_row *row)
{
	struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp arg1 = SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)row->value, 0);
	struct scmp_arg_cmp no_fd = SCMP_A4(SCMP_CMP_MASKED_EQ, UINT32_MAX, UINT32_MAX);

	if (row->how & FILTER_ERRNO)
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)row->value), row->nr, 0);
	if ((row->how & FILTER_NO_EXEC) && (row->how & FILTER_NO_FD))
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, row->nr, 2, no_exec, no_fd);
	if (row->how & FILTER_NO_EXEC)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, row->nr, 1, no_exec);
	if (row->how & FILTER_ARG1)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, row->nr, 1, arg1);
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, row->nr, 0);
}

/* libseccomp writes to a descriptor only. */
static int filter_export(scmp_filter_ctx ctx, struct sock_fprog *ret_prog)
{
	OWN_FD int fd = memfd_create("bpfgate-filter", MFD_CLOEXEC);
	OWN_MEM struct sock_filter *insns = malloc(FILTER_BYTES_MAX);
	ssize_t got;
	int r;

	if (fd < 0)
		return -errno;
	if (!insns)
		return -ENOMEM;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	got = pread(fd, insns, FILTER_BYTES_MAX, 0);
	if (got < 0)
		return -errno;
	if (got == FILTER_BYTES_MAX || got % (ssize_t)sizeof(*insns))
		return -E2BIG;
	ret_prog->len = (unsigned short)((size_t)got / sizeof(*insns));
	ret_prog->filter = TAKE_PTR(insns);
	return 0;
}

int filter_build(const struct filter_row *rows, size_t cnt, struct sock_fprog *ret_prog)
{
	__attribute__((cleanup(filter_release))) scmp_filter_ctx ctx = NULL;
	size_t i;
	int r;

	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return -ENOMEM;
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (i = 0; i < cnt; i++) {
		if (rows[i].nr < 0)
			continue;
		r = filter_add(ctx, &rows[i]);
		if (r < 0)
			return r;
	}
	return filter_export(ctx, ret_prog);
}

int filter_install(const struct sock_fprog *prog)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prog) < 0 ? -errno : 0;
}
