/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that calls bpf(2) for others (pinfs.c names what bpfgated holds, kern_info.c looks). Promises that a call is
 * made with exactly the effective capabilities that its approval names, no more and no less: the kernel's
 * verifier asks for them (with CAP_PERFMON it skips its checks against pointer leaks). Trusts the approval;
 * what the kernel answers goes back as is.
 */
#include "daemon/loader/kern.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "proto/own.h"

#define AGAIN_MAX 5 /* as libbpf does: a signal may interrupt the verifier */

static __attribute__((noinline)) int kern_bpf(uint32_t cmd, void *attr, uint32_t bytes)
{
	unsigned int tries = 0;
	long r;

	do {
		r = syscall(__NR_bpf, cmd, attr, bytes);
	} while (r < 0 && errno == EAGAIN && cmd == BPF_PROG_LOAD && ++tries < AGAIN_MAX);
	return r < 0 ? -errno : (int)r;
}

int kern_set_caps(uint64_t effective)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	if (data[0].effective == (uint32_t)effective && data[1].effective == (uint32_t)(effective >> 32))
		return 0;
	data[0].effective = (uint32_t)effective;
	data[1].effective = (uint32_t)(effective >> 32);
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* What we computed, the kernel's work for us included; not what we waited. */
static uint64_t cpu_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int kern_run(struct approval *approval, struct kern_outcome *ret_outcome)
{
	struct door_ask *ask = &approval->ask;
	uint64_t start;
	int r;

	r = kern_set_caps(ask->caps);
	if (r < 0)
		return r;
	start = cpu_now_ns();
	r = kern_bpf(ask->cmd, ask->attr, ask->attr_bytes);
	ret_outcome->cpu_ns = cpu_now_ns() - start;
	ret_outcome->fd = -1;
	ret_outcome->result = r;
	if (r >= 0 && ask->result_fd != DOOR_FD_NONE) {
		ret_outcome->fd = r;
		ret_outcome->result = 0;
	}
	return 0;
}

int kern_iter_link(const struct bpf_insn *insns, uint32_t insn_cnt, uint32_t btf_id, int *ret_link)
{
	OWN_FD int prog = -1;
	union bpf_attr load, link;
	int r;

	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_TRACING;
	load.expected_attach_type = BPF_TRACE_ITER;
	load.attach_btf_id = btf_id;
	load.insns = (uint64_t)(uintptr_t)insns;
	load.insn_cnt = insn_cnt;
	load.license = (uint64_t)(uintptr_t)"GPL"; /* bpf_seq_write() asks for it */
	prog = kern_bpf(BPF_PROG_LOAD, &load, sizeof(load));
	if (prog < 0)
		return prog;
	memset(&link, 0, sizeof(link));
	link.link_create.prog_fd = (uint32_t)prog;
	link.link_create.attach_type = BPF_TRACE_ITER;
	r = kern_bpf(BPF_LINK_CREATE, &link, sizeof(link.link_create));
	if (r < 0)
		return r;
	*ret_link = r;
	return 0;
}

int kern_iter_open(int link_fd, int *ret_fd)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link_fd;
	r = kern_bpf(BPF_ITER_CREATE, &attr, sizeof(attr.iter_create));
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

int kern_next_btf(uint32_t after, uint32_t *ret_id)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = after;
	r = kern_bpf(BPF_BTF_GET_NEXT_ID, &attr, offsetof(union bpf_attr, open_flags));
	if (r == 0)
		*ret_id = attr.next_id;
	return r;
}
