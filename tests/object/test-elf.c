/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects become programs without the kernel: libbpf's calls are answered here, and only here. The
 * object is the one of the demo; where clang is missing there is none, and the test says so.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "object/elf.h"
#include "object/fakebpf.h"
#include "object/rawcall.h"
#include "proto/own.h"

static uint8_t *object;
static size_t object_bytes;
static uint8_t *externs;
static size_t externs_bytes;

struct seen {
	size_t cnt;
	char name[64], section[64];
	uint32_t prog_type, insn_cnt, map_cnt, map_type, caps;
	enum bgv_mode mode;
	uint8_t digest[DIGEST_BYTES];
};

static void see(void *arg, const struct elf_program *program)
{
	struct seen *seen = arg;
	struct elf_result result;

	elf_result_fill(program, NULL, &result);
	seen->cnt++;
	(void)snprintf(seen->name, sizeof(seen->name), "%s", program->name);
	(void)snprintf(seen->section, sizeof(seen->section), "%s", program->section);
	if (!program->prog)
		return;
	seen->prog_type = program->prog->prog_type;
	seen->mode = program->prog->mode;
	seen->caps = program->prog->caps;
	seen->insn_cnt = program->prog->insn_cnt;
	seen->map_cnt = program->prog->map_cnt;
	seen->map_type = program->prog->map_cnt ? program->prog->maps[0].type : 0;
	ck_assert_int_eq(result.err, 0);
	memcpy(seen->digest, result.digest, sizeof(seen->digest));
}

static struct seen read_object(void)
{
	const struct elf_options opt = { .caps = BGV_CAP_ALL };
	struct seen seen = { 0 };

	ck_assert_int_eq(elf_programs(object, object_bytes, &opt, see, &seen), 0);
	return seen;
}

START_TEST(an_object_becomes_its_programs)
{
	struct seen seen = read_object();

	ck_assert_uint_eq(seen.cnt, 1);
	ck_assert_str_eq(seen.section, "xdp");
	ck_assert_uint_eq(seen.prog_type, BPF_PROG_TYPE_XDP);
	ck_assert_uint_gt(seen.insn_cnt, 2);
	ck_assert_uint_eq(seen.map_cnt, 1);
}
END_TEST

START_TEST(programs_are_judged_as_was_asked)
{
	static const struct elf_options opts[] = {
		{ .mode = BGV_MODE_FULL, .caps = BGV_CAP_ALL },
		{ .mode = BGV_MODE_LEAK_RULES, .caps = BGV_CAP_ALL },
		{ .mode = BGV_MODE_NO_PERFMON, .caps = BGV_CAP_BPF },
		{ .mode = BGV_MODE_FULL, .caps = 0 },
	};

	for (size_t i = 0; i < ARRAY_CNT(opts); i++) {
		struct seen seen = { 0 };

		ck_assert_int_eq(elf_programs(object, object_bytes, &opts[i], see, &seen), 0);
		ck_assert_int_eq(seen.mode, opts[i].mode);
		ck_assert_uint_eq(seen.caps, opts[i].caps);
	}
}
END_TEST

START_TEST(the_same_object_has_the_same_digest)
{
	struct seen first = read_object(), second = read_object();

	ck_assert_mem_eq(first.digest, second.digest, DIGEST_BYTES);
}
END_TEST

START_TEST(one_changed_instruction_changes_the_digest)
{
	static const uint8_t pass[8] = { 0xb7, 0, 0, 0, 2, 0, 0, 0 }; /* r0 = XDP_PASS */
	struct seen before = read_object(), after;
	uint8_t *at = memmem(object, object_bytes, pass, sizeof(pass));

	ck_assert_ptr_nonnull(at);
	at[4] = 1;
	after = read_object();
	at[4] = 2;
	ck_assert_uint_eq(after.cnt, 1);
	ck_assert_mem_ne(before.digest, after.digest, DIGEST_BYTES);
}
END_TEST

START_TEST(no_bpf_call_leaves_this_binary)
{
	union bpf_attr attr = { .info.bpf_fd = 1 << 20 };

	/* The control asks the kernel: that fd is bad, which it tells anybody. */
	ck_assert_int_ne(rawcall3(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, (long)&attr, sizeof(attr)),
			 -EPERM);
	errno = 0;
	ck_assert_int_eq(syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(syscall(__NR_getpid), getpid()); /* all others do leave */
}
END_TEST

static int programs_of(const uint8_t *bytes, size_t cnt)
{
	const struct elf_options opt = { 0 };
	struct seen seen = { 0 };

	return elf_programs(bytes, cnt, &opt, see, &seen);
}

START_TEST(what_is_no_object_is_refused)
{
	static const uint8_t text[] = "#!/bin/sh\n";

	ck_assert_int_eq(programs_of(object, object_bytes), 0);
	ck_assert_int_eq(programs_of(text, sizeof(text)), -EBADMSG);
	ck_assert_int_eq(programs_of(object, 0), -EBADMSG);
	ck_assert_int_eq(programs_of(object, 40), -EBADMSG);
}
END_TEST

/* Reading ends, with or without programs; libbpf may die of it, which is why judges read objects.
 */
START_TEST(a_cut_object_ends_its_process_at_worst)
{
	for (size_t cnt = 64; cnt < object_bytes; cnt += 97) {
		int status;
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			(void)alarm(10);
			(void)programs_of(object, cnt);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM);
	}
}
END_TEST

/* ---- what an object asks of a kernel beside its types ---- */

struct asked {
	uint32_t with_digest, without;
	struct elf_result symbol, weak_symbol, config; /* three of its programs */
};

static void see_asked(void *arg, const struct elf_program *program)
{
	struct asked *asked = arg;
	struct elf_result result;

	elf_result_fill(program, NULL, &result);
	if (result.err)
		asked->without++;
	else
		asked->with_digest++;
	if (!strcmp(program->name, "symbol"))
		asked->symbol = result;
	else if (!strcmp(program->name, "weak_symbol"))
		asked->weak_symbol = result;
	else if (!strcmp(program->name, "config"))
		asked->config = result;
}

static const struct btf_header no_types_header = { .magic = BTF_MAGIC, .version = BTF_VERSION,
						   .hdr_len = sizeof(struct btf_header), .str_len = 1 };

static struct asked ask(bool assume)
{
	uint8_t no_types[sizeof(no_types_header) + 1] = { 0 };
	struct elf_options opt = { .caps = BGV_CAP_ALL, .assume = assume, .vmlinux_btf = no_types,
				   .vmlinux_btf_bytes = sizeof(no_types) };
	struct asked asked = { 0 };

	memcpy(no_types, &no_types_header, sizeof(no_types_header));
	ck_assert_int_eq(elf_programs(externs, externs_bytes, &opt, see_asked, &asked), 0);
	return asked;
}

START_TEST(what_an_object_asks_for_is_there)
{
	struct asked asked = ask(true);

	ck_assert_uint_eq(asked.with_digest, 7);
	ck_assert_uint_eq(asked.without, 0);
	/* The control: nobody says what the kernel was built with, so libbpf loads none. */
	asked = ask(false);
	ck_assert_uint_eq(asked.with_digest, 0);
	ck_assert_str_ne(asked.config.reason, "");
}
END_TEST

START_TEST(a_symbol_counts_by_its_name)
{
	struct asked before = ask(true), after;
	uint8_t *at = externs;

	ck_assert_uint_eq(before.symbol.symbol_cnt, 1);
	ck_assert_str_eq(before.symbol.symbols[0].name, "_stext");
	ck_assert_uint_eq(before.weak_symbol.symbol_cnt, 1);
	ck_assert_uint_eq(before.config.symbol_cnt, 0);
	while ((at = memmem(at, externs_bytes - (size_t)(at - externs), "_stext", 7)))
		memcpy(at, "_etext", 7);
	after = ask(true);
	ck_assert_str_eq(after.symbol.symbols[0].name, "_etext");
	ck_assert_mem_ne(before.symbol.digest, after.symbol.digest, DIGEST_BYTES);
	ck_assert_mem_eq(before.weak_symbol.digest, after.weak_symbol.digest, DIGEST_BYTES);
}
END_TEST

static int load_object(const char *name, uint8_t **ret_bytes, size_t *ret_cnt)
{
	const char *dir = getenv("builddir");
	char path[4096];
	OWN_FD int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret_bytes = malloc(1 << 20);
	n = fd < 0 || !*ret_bytes ? -1 : read(fd, *ret_bytes, 1 << 20);
	*ret_cnt = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -ENOENT;
}

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tc = tcase_create("elf");
	SRunner *runner;
	int failed;

	if (load_object("client/examples/xdp_count.bpf.o", &object, &object_bytes) < 0 ||
	    load_object("tests/client/externs.bpf.o", &externs, &externs_bytes) < 0) {
		puts("no compiled object: clang was missing");
		return 77;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_object_becomes_its_programs);
	tcase_add_test(tc, programs_are_judged_as_was_asked);
	tcase_add_test(tc, the_same_object_has_the_same_digest);
	tcase_add_test(tc, one_changed_instruction_changes_the_digest);
	tcase_add_test(tc, no_bpf_call_leaves_this_binary);
	tcase_add_test(tc, what_is_no_object_is_refused);
	tcase_add_test(tc, a_cut_object_ends_its_process_at_worst);
	tcase_add_test(tc, what_an_object_asks_for_is_there);
	tcase_add_test(tc, a_symbol_counts_by_its_name);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(object);
	free(externs);
	return failed ? 1 : 0;
}
