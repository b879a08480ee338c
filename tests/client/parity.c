/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks bpf(2) some hundred odd questions through libc's syscall() and prints one line each: the question and
 * the errno. test-parity runs it as root against the kernel and as nobody through bpfgate, and compares. No call
 * here can succeed in changing anything but objects that end with this process.
 */
#include "proto/cmd.h"
#include "proto/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NO_FD = 0x7fffff00, PAGE = 4096 };

struct answer {
	long result;
	int error;
};

static struct answer ask(uint32_t cmd, void *attr, unsigned int size)
{
	struct answer a;

	errno = 0;
	a.result = syscall(__NR_bpf, cmd, attr, size);
	a.error = a.result < 0 ? errno : 0;
	if (a.result > 2 && cmd_row_of(cmd) && cmd_row_of(cmd)->returns_fd)
		close((int)a.result);
	return a;
}

static void tell(uint32_t cmd, const char *what, struct answer a)
{
	const struct cmd_row *row = cmd_row_of(cmd);

	printf("%s %s: %s\n", row ? row->name : "UNKNOWN", what,
	       a.error ? strerrorname_np(a.error) : "ok");
}

/* Every fd of the command is the given number; all else is zero. */
static void fill_fds(const struct cmd_row *row, uint8_t *attr, uint32_t number)
{
	memset(attr, 0, PAGE + 200);
	for (int i = 0; i < row->fd_cnt; i++)
		if (row->fds[i].when == CMD_FD_ALWAYS)
			attr_put_u32(attr, row->fds[i].off, number);
}

static void ask_sizes(uint32_t cmd, uint8_t *attr)
{
	const struct cmd_row *row = cmd_row_of(cmd);

	fill_fds(row, attr, NO_FD);
	tell(cmd, "no such fd", ask(cmd, attr, row->attr_end));
	tell(cmd, "size 0", ask(cmd, attr, 0));
	tell(cmd, "size 4", ask(cmd, attr, 4));
	tell(cmd, "zero tail", ask(cmd, attr, ATTR_BYTES + 64));
	tell(cmd, "size above a page", ask(cmd, attr, PAGE + 100));
	attr[ATTR_BYTES + 32] = 1;
	tell(cmd, "tail not zero", ask(cmd, attr, ATTR_BYTES + 64));
	attr[ATTR_BYTES + 32] = 0;
	if (row->attr_end < ATTR_BYTES) {
		attr[row->attr_end] = 1;
		tell(cmd, "byte past the last field", ask(cmd, attr, ATTR_BYTES));
	}
	tell(cmd, "attr NULL", ask(cmd, NULL, 16));
	tell(cmd, "attr unreadable", ask(cmd, (void *)8, 16));
}

static void ask_fds(uint32_t cmd, uint8_t *attr)
{
	const struct cmd_row *row = cmd_row_of(cmd);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (row->fd_cnt) {
		fill_fds(row, attr, (uint32_t)null);
		tell(cmd, "fd of a file", ask(cmd, attr, row->attr_end));
		fill_fds(row, attr, (uint32_t)sock);
		tell(cmd, "fd of a socket", ask(cmd, attr, row->attr_end));
		fill_fds(row, attr, UINT32_MAX);
		tell(cmd, "fd -1", ask(cmd, attr, row->attr_end));
	}
	close(null);
	close(sock);
}

/* ---- programs ---- */

static const struct bpf_insn ret0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};

static void load_init(uint8_t *attr)
{
	memset(attr, 0, PAGE + 200);
	attr_put_u32(attr, ATTR_PROG_LOAD_TYPE, BPF_PROG_TYPE_SOCKET_FILTER);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, 2);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)ret0);
	attr_put_u64(attr, ATTR_PROG_LOAD_LICENSE, (uintptr_t) "GPL");
}

static void ask_load(const char *what, uint8_t *attr)
{
	tell(CMD_PROG_LOAD, what, ask(CMD_PROG_LOAD, attr, ATTR_BYTES));
	load_init(attr);
}

static void ask_load_words(uint8_t *attr)
{
	static const struct {
		const char *name;
		uint16_t off;
		uint32_t value;
	} words[] = {
		{ "insn_cnt 0", ATTR_PROG_LOAD_INSN_CNT, 0 },
		{ "insn_cnt 1", ATTR_PROG_LOAD_INSN_CNT, 1 },
		{ "insn_cnt a million and one", ATTR_PROG_LOAD_INSN_CNT, 1000001 },
		{ "insn_cnt max", ATTR_PROG_LOAD_INSN_CNT, UINT32_MAX },
		{ "unknown flag", ATTR_PROG_LOAD_FLAGS, 1u << 30 },
		{ "flag without its fd", ATTR_PROG_LOAD_FLAGS, CMD_F_TOKEN_FD },
		{ "unknown type", ATTR_PROG_LOAD_TYPE, 900 },
		{ "type 0", ATTR_PROG_LOAD_TYPE, 0 },
		{ "type max", ATTR_PROG_LOAD_TYPE, UINT32_MAX },
		{ "unknown attach type", ATTR_PROG_LOAD_EXPECTED_ATTACH_TYPE, 900 },
		{ "log level without buffer", ATTR_PROG_LOAD_LOG_LEVEL, 1 },
		{ "unknown log level", ATTR_PROG_LOAD_LOG_LEVEL, 64 },
		{ "log size without buffer", ATTR_PROG_LOAD_LOG_SIZE, 64 },
		{ "attach_btf_id alone", ATTR_PROG_LOAD_ATTACH_BTF_ID, 1 },
		{ "attach_prog_fd that is none", ATTR_PROG_LOAD_ATTACH_PROG_FD, NO_FD },
		{ "BTF fd that is none", ATTR_PROG_LOAD_PROG_BTF_FD, NO_FD },
		{ "func_info_cnt without func_info", ATTR_PROG_LOAD_FUNC_INFO_CNT, 1 },
		{ "line_info_cnt without line_info", ATTR_PROG_LOAD_LINE_INFO_CNT, 1 },
		{ "fd_array_cnt without fd_array", ATTR_PROG_LOAD_FD_ARRAY_CNT, 1 },
		{ "ifindex that is none", ATTR_PROG_LOAD_IFINDEX, 999999 },
		{ "kern_version", ATTR_PROG_LOAD_KERN_VERSION, 1 },
	};

	for (size_t i = 0; i < ARRAY_CNT(words); i++) {
		attr_put_u32(attr, words[i].off, words[i].value);
		ask_load(words[i].name, attr);
	}
}

static void ask_load_log(const char *what, uint8_t *attr, uint32_t level, void *buf, uint32_t size)
{
	attr_put_u32(attr, ATTR_PROG_LOAD_LOG_LEVEL, level);
	attr_put_u32(attr, ATTR_PROG_LOAD_LOG_SIZE, size);
	attr_put_u64(attr, ATTR_PROG_LOAD_LOG_BUF, (uintptr_t)buf);
	ask_load(what, attr);
}

/* A log larger than any message, of a program that loads all the same. */
static void ask_long_log(uint8_t *attr)
{
	enum { INSNS = 4000, LOG_BYTES = 1 << 20 };
	static struct bpf_insn insns[INSNS];
	static char log[LOG_BYTES];

	for (int i = 0; i < INSNS; i++)
		insns[i] = ret0[i == INSNS - 1];
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)insns);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, INSNS);
	ask_load_log("log of a third of a megabyte", attr, 2, log, sizeof(log));
	printf("PROG_LOAD that log's length: %s\n", strlen(log) > 300000 ? "as it should be" : "short");
}

static void ask_loads(uint8_t *attr)
{
	static const struct bpf_insn uninit[] = { { .code = BPF_JMP | BPF_EXIT } };
	const struct bpf_insn no_map[] = {
		{ .code = 0x18, .dst_reg = 1, .src_reg = 1, .imm = NO_FD }, { 0 }, ret0[0], ret0[1],
	};
	const struct bpf_insn bad_map[] = {
		{ .code = 0x18, .dst_reg = 1, .src_reg = 1, .imm = 0 }, { 0 }, ret0[0], ret0[1],
	};
	char log[PAGE];

	load_init(attr);
	ask_load("two instructions", attr);
	ask_load_words(attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, 8);
	ask_load("insns unreadable", attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, 0);
	ask_load("insns NULL", attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_LICENSE, 8);
	ask_load("license unreadable", attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_LICENSE, 0);
	ask_load("license NULL", attr);
	memcpy(attr + ATTR_PROG_LOAD_NAME, "a b", 3);
	ask_load("name with a blank", attr);
	memset(attr + ATTR_PROG_LOAD_NAME, 'a', 16);
	ask_load("name without end", attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)uninit);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, 1);
	ask_load("R0 not set", attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)no_map);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, 4);
	ask_load("map fd that is none", attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)bad_map);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, 4);
	ask_load("map fd of a file", attr);
	ask_load_log("log", attr, 1, log, sizeof(log));
	ask_load_log("log, statistics", attr, 4, log, sizeof(log));
	ask_load_log("log of one byte", attr, 1, log, 1);
	ask_load_log("log of ten bytes", attr, 2, log, 10);
	ask_load_log("log unreadable", attr, 1, (void *)8, 100);
	ask_load_log("log level 0 with buffer", attr, 0, log, sizeof(log));
	ask_load_log("log size too large", attr, 1, log, UINT32_MAX);
	ask_long_log(attr);
	attr_put_u64(attr, ATTR_PROG_LOAD_SIGNATURE, 8);
	attr_put_u32(attr, ATTR_PROG_LOAD_SIGNATURE_SIZE, 100000);
	ask_load("signature too long", attr);
}

/* ---- maps ---- */

static void map_init(uint8_t *attr)
{
	memset(attr, 0, PAGE + 200);
	attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_ARRAY);
	attr_put_u32(attr, ATTR_MAP_CREATE_KEY_SIZE, 4);
	attr_put_u32(attr, ATTR_MAP_CREATE_VALUE_SIZE, 4);
	attr_put_u32(attr, ATTR_MAP_CREATE_MAX_ENTRIES, 1);
}

static void ask_maps(uint8_t *attr)
{
	static const struct {
		const char *name;
		uint16_t off;
		uint32_t value;
	} words[] = {
		{ "an array", ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_ARRAY },
		{ "a hash", ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_HASH },
		{ "unknown type", ATTR_MAP_CREATE_TYPE, 900 },
		{ "type 0", ATTR_MAP_CREATE_TYPE, 0 },
		{ "key of 3 bytes", ATTR_MAP_CREATE_KEY_SIZE, 3 },
		{ "no value", ATTR_MAP_CREATE_VALUE_SIZE, 0 },
		{ "no entries", ATTR_MAP_CREATE_MAX_ENTRIES, 0 },
		{ "value too large", ATTR_MAP_CREATE_VALUE_SIZE, UINT32_MAX },
		{ "unknown flag", ATTR_MAP_CREATE_FLAGS, 1u << 30 },
		{ "flag of hashes", ATTR_MAP_CREATE_FLAGS, 1 },
		{ "numa node without flag", ATTR_MAP_CREATE_NUMA_NODE, 1 },
		{ "array of maps without inner", ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_ARRAY_OF_MAPS },
		{ "BTF ids without BTF", ATTR_MAP_CREATE_BTF_KEY_TYPE_ID, 1 },
		{ "BTF fd that is none", ATTR_MAP_CREATE_BTF_FD, NO_FD },
		{ "vmlinux type alone", ATTR_MAP_CREATE_BTF_VMLINUX_VALUE_TYPE_ID, 1 },
		{ "ifindex", ATTR_MAP_CREATE_IFINDEX, 1 },
		{ "map_extra", ATTR_MAP_CREATE_EXTRA, 1 },
	};

	for (size_t i = 0; i < ARRAY_CNT(words); i++) {
		map_init(attr);
		attr_put_u32(attr, words[i].off, words[i].value);
		tell(CMD_MAP_CREATE, words[i].name, ask(CMD_MAP_CREATE, attr, ATTR_BYTES));
	}
	map_init(attr);
	memcpy(attr + ATTR_MAP_CREATE_NAME, "a/b", 3);
	tell(CMD_MAP_CREATE, "name with a slash", ask(CMD_MAP_CREATE, attr, ATTR_BYTES));
}

static void ask_btf(uint8_t *attr)
{
	static const uint8_t junk[64] = { 0x9f, 0xeb, 1 };

	memset(attr, 0, PAGE + 200);
	tell(CMD_BTF_LOAD, "nothing", ask(CMD_BTF_LOAD, attr, ATTR_BYTES));
	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, (uintptr_t)junk);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, sizeof(junk));
	tell(CMD_BTF_LOAD, "junk", ask(CMD_BTF_LOAD, attr, ATTR_BYTES));
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 17 << 20);
	tell(CMD_BTF_LOAD, "too large", ask(CMD_BTF_LOAD, attr, ATTR_BYTES));
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, sizeof(junk));
	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, 8);
	tell(CMD_BTF_LOAD, "unreadable", ask(CMD_BTF_LOAD, attr, ATTR_BYTES));
}

int main(void)
{
	static uint8_t attr[PAGE + 200];

	/* 0 is a file, whatever it was. */
	dup2(open("/dev/null", O_RDWR), 0);
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		ask_sizes(cmd, attr);
		ask_fds(cmd, attr);
	}
	tell(CMD_CNT, "the next command", ask(900, attr, ATTR_BYTES));
	ask_loads(attr);
	ask_maps(attr);
	ask_btf(attr);
	return 0;
}
