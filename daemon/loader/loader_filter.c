/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loader does to take approvals, make calls and answer, and nothing else: it opens and looks up no file,
 * makes no process and no socket, maps nothing executable. Of paths it gives the kernel its own descriptors' (uprobes).
 */
#include "daemon/loader/loader_filter.h"

#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "config.h"
#include "proto/own.h"
#include "worker/filter.h"

#define ROW(call) { __NR_##call, 0, 0 }

static const struct filter_row loader_calls[] = {
	ROW(bpf),	   ROW(capget),	     ROW(capset),	  ROW(recvmsg),	 ROW(sendmsg),
	ROW(close),	   ROW(close_range), ROW(dup3),		  ROW(pread64),	 ROW(write),	 ROW(read),
	ROW(fcntl),	   ROW(lseek),	     ROW(brk),	 ROW(munmap),
	ROW(mremap),	   ROW(madvise),     ROW(memfd_create),	  ROW(futex),	 ROW(clock_gettime),
	ROW(perf_event_open), ROW(exit_group),   ROW(rt_sigreturn), ROW(restart_syscall), ROW(getrandom),
	ROW(ppoll),
	{ __NR_ioctl, FILTER_ARG1, SIOCGIFNAME },
	{ __NR_ioctl, FILTER_ARG1, PERF_EVENT_IOC_SET_BPF },
	{ __NR_mmap, FILTER_NO_EXEC, 0 },
	{ __NR_mprotect, FILTER_NO_EXEC, 0 },
#ifdef BPFGATE_ASAN
	/* its runtime: whenever a process ends, and to report */
	ROW(sigaltstack), ROW(getpid), ROW(gettid), ROW(tgkill), ROW(rt_sigaction), ROW(rt_sigprocmask),
	ROW(openat), ROW(readlink), ROW(newfstatat), ROW(sched_yield),
#endif
};

int loader_filter_install(void)
{
	struct sock_fprog filter = { 0 };
	int r = filter_build(loader_calls, ARRAY_CNT(loader_calls), &filter);

	if (r == 0)
		r = filter_install(&filter);
	free(filter.filter);
	return r;
}
