/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libbpf sees of a machine while an object is read: the files, the kernel and the answers of
 * the fake, and nothing else. Without a fake, what is there, for reading. Also which maps the fake
 * tells of, and what stands behind its descriptors.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "object/fakebpf.h"
#include "object/bpfattr.h"
#include "proto/cmd.h"
#include "proto/own.h"

#define VMLINUX "/sys/kernel/btf/vmlinux"
#define SYMBOLS "/proc/kallsyms"

struct gzFile_s;
struct gzFile_s *gzopen(const char *path, const char *mode);
struct gzFile_s *gzopen64(const char *path, const char *mode);
int gzclose(struct gzFile_s *file);
int gzgetc(struct gzFile_s *file);
FILE *fopen64(const char *path, const char *mode);

/* ---- files ---- */

static void see_text(FILE *file, const char *want)
{
	char text[256] = "";
	size_t n;

	ck_assert_msg(file, "%s: %m", want);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_str_eq(text, want);
}

static void see_none(FILE *file, int err)
{
	ck_assert(!file);
	ck_assert_int_eq(errno, err);
}

START_TEST(the_target_s_btf_is_the_only_btf)
{
	struct fakebpf *with = fakebpf_new("types", 5), *empty = fakebpf_new("", 0),
		       *without = fakebpf_new(NULL, 0);

	fakelibc_use(with);
	see_text(fopen(VMLINUX, "re"), "types");
	see_text(fopen64(VMLINUX, "re"), "types");
	ck_assert_int_eq(access(VMLINUX, R_OK), 0);
	ck_assert_int_eq(faccessat(AT_FDCWD, VMLINUX, R_OK, 0), 0);
	ck_assert_int_eq(access("/proc/self/stat", R_OK), -1);
	ck_assert_int_eq(errno, ENOENT);
	fakelibc_use(empty);
	see_none(fopen(VMLINUX, "re"), ENOENT);
	fakelibc_use(without);
	see_none(fopen(VMLINUX, "re"), ENOENT);
	ck_assert_int_eq(access(VMLINUX, R_OK), -1);
	ck_assert_int_eq(errno, ENOENT);
	fakelibc_use(NULL);
	fakebpf_free(with);
	fakebpf_free(empty);
	fakebpf_free(without);
}
END_TEST

START_TEST(the_target_s_symbols_are_the_only_symbols)
{
	static const struct {
		const char *names, *text;
	} rows[] = {
		{ "", "" },
		{ "one", "ffffffff81000000 T one\n" },
		{ "one\n", "ffffffff81000000 T one\n" },
		{ "one\nother\nx", "ffffffff81000000 T one\nffffffff81000000 T other\nffffffff81000000 T x\n" },
	};
	struct fakebpf *fake = fakebpf_new(NULL, 0);

	fakelibc_use(fake);
	see_none(fopen(SYMBOLS, "re"), ENOENT);
	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		fakebpf_pretend(fake, NULL, rows[i].names);
		see_text(fopen(SYMBOLS, "re"), rows[i].text);
	}
	fakelibc_use(NULL);
	fakebpf_free(fake);
}
END_TEST

START_TEST(no_other_file_is_there_and_none_is_written)
{
	static const char *const modes[] = { "w", "a", "we", "r+", "re+", "w+" };
	struct fakebpf *fake = fakebpf_new("types", 5);

	for (int used = 0; used < 2; used++) {
		fakelibc_use(used ? fake : NULL);
		for (size_t i = 0; i < ARRAY_CNT(modes); i++) {
			see_none(fopen(VMLINUX, modes[i]), EACCES);
			see_none(fopen64("/dev/null", modes[i]), EACCES);
		}
		ck_assert(!gzopen("/dev/null", "wb"));
		ck_assert_int_eq(errno, used ? ENOENT : EACCES);
	}
	see_none(fopen("/proc/self/comm", "re"), ENOENT);
	ck_assert(!gzopen("/proc/self/comm", "rb") && errno == ENOENT);
	ck_assert(!gzopen64("/proc/self/comm", "rb") && errno == ENOENT);
	fakelibc_use(NULL);
	fakebpf_free(fake);
}
END_TEST

/* The control: all this is there for whoever reads no object. */
START_TEST(without_an_object_files_are_read_as_they_are)
{
	struct gzFile_s *gz[2] = { gzopen("/proc/self/comm", "rb"), gzopen64("/proc/self/comm", "rb") };
	char comm[32] = "";
	OWN_FD int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);

	ck_assert_int_gt(read(fd, comm, sizeof(comm) - 1), 0);
	see_text(fopen("/proc/self/comm", "re"), comm);
	see_none(fopen("/no/such/file", "re"), ENOENT);
	ck_assert_int_eq(access("/proc/self/comm", R_OK), 0);
	ck_assert_int_eq(access("/no/such/file", R_OK), -1);
	ck_assert_int_eq(errno, ENOENT);
	for (int i = 0; i < 2; i++) {
		ck_assert(gz[i]);
		ck_assert_int_eq(gzgetc(gz[i]), comm[0]);
		ck_assert_int_eq(gzclose(gz[i]), 0);
	}
	ck_assert(!gzopen("/no/such/file", "rb") && errno == ENOENT);
}
END_TEST

/* ---- the kernel ---- */

START_TEST(the_kernel_is_the_target_s)
{
	static const struct {
		const char *says, *release, *version;
	} rows[] = {
		{ "6.12.1", "6.12.1", "#1 SMP" },
		{ "6.1.0-44-amd64 (6.1.192)", "6.1.0-44-amd64", "#1 SMP Debian 6.1.192-1" },
		{ "6.1.0 (6.1.192", "6.1.0", "#1 SMP Debian 6.1.192-1" },
		{ "(", "(", "#1 SMP Debian -1" },
	};
	struct fakebpf *fake = fakebpf_new(NULL, 0);
	struct utsname here, un;

	ck_assert_int_eq(uname(&here), 0);
	fakelibc_use(fake);
	ck_assert_int_eq(uname(&un), 0);
	ck_assert_mem_eq(&un, &here, sizeof(un));
	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		fakebpf_pretend(fake, rows[i].says, NULL);
		ck_assert_int_eq(uname(&un), 0);
		ck_assert_str_eq(un.release, rows[i].release);
		ck_assert_str_eq(un.version, rows[i].version);
		ck_assert_str_eq(un.machine, here.machine);
	}
	ck_assert_int_eq(uname((struct utsname *)8), -1);
	ck_assert_int_eq(errno, EFAULT);
	fakelibc_use(NULL);
	ck_assert_int_eq(uname(&un), 0);
	ck_assert_str_eq(un.release, here.release);
	fakebpf_free(fake);
}
END_TEST

START_TEST(calls_that_are_not_bpf_answer_as_the_kernel_does)
{
	struct fakebpf *fake = fakebpf_new(NULL, 0);

	for (int used = 0; used < 2; used++) {
		fakelibc_use(used ? fake : NULL);
		ck_assert_int_eq(syscall(__NR_sched_yield), 0);
		ck_assert_int_eq(syscall(__NR_getpid), getpid());
		ck_assert_int_eq(syscall(__NR_close, -1), -1);
		ck_assert_int_eq(errno, EBADF);
		ck_assert_int_eq(syscall(__NR_bpf, 1000, NULL, 0), -1);
		ck_assert_int_eq(errno, used ? EINVAL : EPERM);
	}
	fakelibc_use(NULL);
	fakebpf_free(fake);
}
END_TEST

/* ---- the fake's objects ---- */

static int make(struct fakebpf *fake, uint32_t cmd, const void *attr, uint32_t bytes)
{
	int fd = (int)fakebpf_call(fake, cmd, (void *)attr, bytes);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static off_t room_behind(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	(void)close(fd);
	return st.st_size;
}

START_TEST(nothing_stands_behind_programs_and_types)
{
	const struct map_create_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct fakebpf *fake = fakebpf_new(NULL, 0);

	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, (uintptr_t)attr);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 8);
	ck_assert_int_eq(room_behind(make(fake, BPF_BTF_LOAD, attr, sizeof(attr))), 0);
	memset(attr, 0, sizeof(attr));
	ck_assert_int_eq(room_behind(make(fake, BPF_PROG_LOAD, attr, sizeof(attr))), 0);
	ck_assert_int_eq(room_behind(make(fake, BPF_MAP_CREATE, &map, sizeof(map))), 4096);
	fakebpf_free(fake);
}
END_TEST

static void count_map(void *arg, const struct bgv_map *map, const struct bgv_map *inner)
{
	ck_assert(!inner);
	ck_assert_str_ne(map->name, "libbpf_probe");
	++*(unsigned int *)arg;
}

static unsigned int told_of(const struct map_create_attr *one, const struct map_create_attr *other)
{
	struct fakebpf *fake = fakebpf_new(NULL, 0);
	unsigned int cnt = 0;

	(void)close(make(fake, BPF_MAP_CREATE, one, sizeof(*one)));
	(void)close(make(fake, BPF_MAP_CREATE, other, sizeof(*other)));
	fakebpf_maps(fake, count_map, &cnt);
	fakebpf_free(fake);
	return cnt;
}

/* An object is read several times: what is made again is no other map. */
START_TEST(a_map_is_told_of_once_and_each_that_differs)
{
	const struct map_create_attr map = { .map_type = BPF_MAP_TYPE_HASH,
					     .key_size = 4,
					     .value_size = 8,
					     .max_entries = 5,
					     .map_flags = 1,
					     .map_name = "counts",
					     .map_extra = 3 };
	struct map_create_attr others[] = { map, map, map, map, map, map, map };
	struct map_create_attr nameless = map, libbpfs = map;

	others[0].map_type = BPF_MAP_TYPE_LRU_HASH;
	others[1].key_size = 8;
	others[2].value_size = 16;
	others[3].max_entries = 6;
	others[4].map_flags = 0;
	others[5].map_name[5] = 'x';
	others[6].map_extra = 0;
	nameless.map_name[0] = '\0';
	strcpy(libbpfs.map_name, "libbpf_probe");
	ck_assert_uint_eq(told_of(&map, &map), 1);
	for (size_t i = 0; i < ARRAY_CNT(others); i++)
		ck_assert_msg(told_of(&map, &others[i]) == 2, "map %zu", i);
	ck_assert_uint_eq(told_of(&map, &nameless), 1);
	ck_assert_uint_eq(told_of(&libbpfs, &map), 1);
	ck_assert_uint_eq(told_of(&libbpfs, &nameless), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fakelibc");
	TCase *tc = tcase_create("fakelibc");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, the_target_s_btf_is_the_only_btf);
	tcase_add_test(tc, the_target_s_symbols_are_the_only_symbols);
	tcase_add_test(tc, no_other_file_is_there_and_none_is_written);
	tcase_add_test(tc, without_an_object_files_are_read_as_they_are);
	tcase_add_test(tc, the_kernel_is_the_target_s);
	tcase_add_test(tc, calls_that_are_not_bpf_answer_as_the_kernel_does);
	tcase_add_test(tc, nothing_stands_behind_programs_and_types);
	tcase_add_test(tc, a_map_is_told_of_once_and_each_that_differs);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
