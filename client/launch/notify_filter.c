/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which calls of a launched command wait for the launcher. Promises that those which are frequent and need nobody do not:
 * operations on map elements, looks at open files, opens that write or make a file.
 */
#include "client/launch/notify_filter.h"

#include "client/launch/notify_pins.h"
#include "proto/cmd.h"
#include "proto/own.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the architecture that this is built for; one that is not in the table is not built. */
enum {
#define KERNEL_ARCH(number, name, config, audit, ...) NOTIFY_ARCH_##name = (int)audit,
#include "proto/kernel_types.def"
};
#define NOTIFY_ARCH_OF(cpu) NOTIFY_ARCH_##cpu
#define NOTIFY_ARCH_OF_HOST(cpu) NOTIFY_ARCH_OF(cpu)
#define NOTIFY_ARCH ((uint32_t)NOTIFY_ARCH_OF_HOST(HOST_CPU))

#define LOAD_WORD(field)	 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define IF_HAS(bits, yes, no)	 BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (yes), (no))
#define ANSWER(action)		 BPF_STMT(BPF_RET | BPF_K, (action))

enum { NOTIFY_FILTER_MAX = 160 };

struct notify_filter {
	struct sock_filter insns[NOTIFY_FILTER_MAX];
	unsigned short cnt;
};

static void notify_add(struct notify_filter *filter, struct sock_filter insn)
{
	if (filter->cnt < NOTIFY_FILTER_MAX)
		filter->insns[filter->cnt++] = insn;
}

/* The number is in the register, before and after. */
static void notify_add_call(struct notify_filter *filter, uint32_t nr)
{
	if (nr == UINT32_MAX)
		return;
	notify_add(filter, (struct sock_filter)IF_EQUAL(nr, 0, 1));
	notify_add(filter, (struct sock_filter)ANSWER(SECCOMP_RET_USER_NOTIF));
}

/* Waits unless some of these bits are in the word at this offset. */
static void notify_add_unless(struct notify_filter *filter, uint32_t nr, size_t off, uint32_t bits)
{
	if (nr == UINT32_MAX)
		return;
	notify_add(filter, (struct sock_filter)IF_EQUAL(nr, 0, 4));
	notify_add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)off));
	notify_add(filter, (struct sock_filter)IF_HAS(bits, 0, 1));
	notify_add(filter, (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW));
	notify_add(filter, (struct sock_filter)ANSWER(SECCOMP_RET_USER_NOTIF));
}

/* Element operations need no privilege and are too frequent to wait for anybody. */
static void notify_add_bpf(struct notify_filter *filter, bool handles_in_maps)
{
	const struct sock_filter insns[] = {
		IF_EQUAL(__NR_bpf, 0, 11),
		LOAD_WORD(args[0]),
		IF_EQUAL(CMD_MAP_LOOKUP_ELEM, 8, 0),
		IF_EQUAL(CMD_MAP_DELETE_ELEM, 7, 0),
		IF_EQUAL(CMD_MAP_GET_NEXT_KEY, 6, 0),
		IF_EQUAL(CMD_MAP_LOOKUP_BATCH, 5, 0),
		IF_EQUAL(CMD_MAP_LOOKUP_AND_DELETE_BATCH, 4, 0),
		IF_EQUAL(CMD_MAP_DELETE_BATCH, 3, 0),
		IF_EQUAL(handles_in_maps ? UINT32_MAX : CMD_MAP_UPDATE_BATCH, 2, 0),
		IF_EQUAL(handles_in_maps ? UINT32_MAX : CMD_MAP_UPDATE_ELEM, 1, 0),
		ANSWER(SECCOMP_RET_USER_NOTIF),
		ANSWER(SECCOMP_RET_ALLOW),
		IF_EQUAL(__NR_ioctl, 0, 3),
		LOAD_WORD(args[1]),
		IF_EQUAL(PERF_EVENT_IOC_SET_BPF, 0, 1),
		ANSWER(SECCOMP_RET_USER_NOTIF),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	for (size_t i = 0; i < ARRAY_CNT(insns); i++)
		notify_add(filter, insns[i]);
}

/* An errno of 0 is a result of 0: root's number, without asking anybody. */
static void notify_add_root(struct notify_filter *filter)
{
	static const uint32_t who[] = { __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid };

	for (size_t i = 0; i < ARRAY_CNT(who); i++) {
		notify_add(filter, (struct sock_filter)IF_EQUAL(who[i], 0, 1));
		notify_add(filter, (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO));
	}
	notify_add_call(filter, __NR_capget);
}

/* The low halves of arguments come first: all our architectures are little-endian. */
static void notify_make_filter(struct notify_filter *filter, bool handles_in_maps, bool answers_as_root)
{
	uint32_t nr;

	notify_add(filter, (struct sock_filter)LOAD_WORD(arch));
	notify_add(filter, (struct sock_filter)IF_EQUAL(NOTIFY_ARCH, 1, 0));
	notify_add(filter, (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW));
	notify_add(filter, (struct sock_filter)LOAD_WORD(nr));
	/* Opens that write or make something show nothing, and a look at an open file has no path. */
	notify_add_unless(filter, __NR_openat, offsetof(struct seccomp_data, args[2]), O_ACCMODE | O_CREAT);
	notify_add_unless(filter, NOTIFY_OLD(open), offsetof(struct seccomp_data, args[1]), O_ACCMODE | O_CREAT);
	notify_add_unless(filter, __NR_newfstatat, offsetof(struct seccomp_data, args[3]), AT_EMPTY_PATH);
	notify_add_unless(filter, __NR_statx, offsetof(struct seccomp_data, args[2]), AT_EMPTY_PATH);
	for (size_t i = 0; (nr = notify_pins_call(i)) != 0; i++)
		notify_add_call(filter, nr);
	notify_add_call(filter, __NR_perf_event_open);
	notify_add_call(filter, __NR_readlinkat);
	notify_add_call(filter, NOTIFY_OLD(readlink));
	if (answers_as_root)
		notify_add_root(filter);
	notify_add_bpf(filter, handles_in_maps);
}

int notify_filter_set(bool handles_in_maps, bool answers_as_root)
{
	struct notify_filter filter = { .cnt = 0 };
	struct sock_fprog prog = { 0, filter.insns };

	notify_make_filter(&filter, handles_in_maps, answers_as_root);
	prog.len = filter.cnt;
	return (int)syscall(
		__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
}
