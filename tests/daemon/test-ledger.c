/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledgers that other versions wrote: each layout that ever was is written here number by number, as
 * its daemon laid it out, and so are some that do not exist yet. Each stands beside one of today.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/broker/store/ledger.h"
#include "daemon/parent/ledger_file.h"
#include "daemon/privsep.h"
#include "proto/own.h"

/* ---- a writer of ledgers --------------------------------------------------------------------- */

#define MAGIC 0x3172676465676c62ull

/* Numbers, not structs: what they were then does not change when the sources do. */
struct golden {
	const char *what;
	uint32_t rec_bytes, slot_cnt, version;
	uint32_t made_ns, name, rule, unit, body; /* offsets; made_ns 0: none */
	uint32_t handle;			  /* offset in the body of a program */
	bool first_links, has_pins;
};

static const struct golden goldens[] = {
	{ "of the first day", 1168, 16384, 0, 0, 32, 48, 112, 240, 24, true, false },
	{ "with links of today", 1168, 16384, 0, 0, 32, 48, 112, 240, 24, false, false },
	{ "with made_ns", 1176, 16384, 0, 32, 40, 56, 120, 248, 24, false, false },
	{ "with pins", 1184, 16384, 0, 32, 40, 56, 120, 248, 32, false, true },
	{ "of today", 1312, 32768, 2, 32, 40, 56, 120, 376, 32, false, true },
};

static void put_bytes(int fd, uint64_t at, const void *from, size_t bytes)
{
	ck_assert_int_eq(pwrite(fd, from, bytes, (off_t)at), (ssize_t)bytes);
}

static void put32(int fd, uint64_t at, uint32_t value)
{
	put_bytes(fd, at, &value, sizeof(value));
}

static void put64(int fd, uint64_t at, uint64_t value)
{
	put_bytes(fd, at, &value, sizeof(value));
}

static void put_text(int fd, uint64_t at, const char *text)
{
	put_bytes(fd, at, text, strlen(text));
}

static void put_header(int fd, const struct golden *g, uint32_t used_cnt)
{
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)(24 + (uint64_t)g->slot_cnt * g->rec_bytes)), 0);
	put64(fd, 0, MAGIC);
	put32(fd, 8, g->rec_bytes);
	put32(fd, 12, g->slot_cnt);
	put32(fd, 16, used_cnt);
	put32(fd, 20, g->version);
}

static uint64_t put_rec(int fd, const struct golden *g, uint32_t slot, uint32_t kind, uint32_t id)
{
	uint64_t at = 24 + (uint64_t)slot * g->rec_bytes;

	put32(fd, at, kind);
	put32(fd, at + 4, id);
	put32(fd, at + 8, 1000);
	if (g->version)
		put32(fd, at + 12, 1000);
	put64(fd, at + 16, 77);
	put64(fd, at + 24, 88);
	if (g->made_ns)
		put64(fd, at + g->made_ns, 99);
	put_text(fd, at + g->name, "count");
	put_text(fd, at + g->rule, "edge");
	put_text(fd, at + g->unit, "a.service");
	return at + g->body;
}

static void put_link(int fd, const struct golden *g, uint64_t body)
{
	put32(fd, body, 7);
	put32(fd, body + 4, 37);
	put32(fd, body + (g->first_links ? 8 : 12), 2);
	put32(fd, body + (g->first_links ? 12 : 8), 5);
	put_text(fd, body + (g->first_links ? 24 : 552), "eth0");
}

/* Slot 0 free; 1 a handle's program, 2 a program granted as itself, 3 a map, 4 a link, 5 BTF, 6 a
 * pin. */
static void put_ledger(int fd, const struct golden *g)
{
	uint64_t body;

	put_header(fd, g, g->has_pins ? 7 : 6);
	put_rec(fd, g, 0, LEDGER_FREE, 1);
	body = put_rec(fd, g, 1, LEDGER_PROG, 7);
	put32(fd, body, 6);
	put64(fd, body + g->handle, 4242);
	put64(fd, body + g->handle + 8, 0x123);
	body = put_rec(fd, g, 2, LEDGER_PROG, 8);
	if (g->handle == 32)
		put32(fd, body + 24, 1);
	body = put_rec(fd, g, 3, LEDGER_MAP, 7);
	put32(fd, body, 2);
	put64(fd, body + 32, 4096);
	put_link(fd, g, put_rec(fd, g, 4, LEDGER_LINK, 3));
	put32(fd, put_rec(fd, g, 5, LEDGER_BTF, 9), 512);
	if (!g->has_pins)
		return;
	body = put_rec(fd, g, 6, LEDGER_PIN, 1);
	put64(fd, body, 11);
	put32(fd, body + 8, KEEP_PROG);
	put32(fd, body + 12, 7);
	put_text(fd, body + 16, "/sys/fs/bpf/mine");
}

/* ---- a reader -------------------------------------------------------------------------------- */

static struct keep keep; /* of whoever starts */
static struct quota_table *quota;

static void set_up(void)
{
	keep_init(&keep, -1, NULL, 0);
	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
}

static void tear_down(void)
{
	keep_done(&keep);
	quota_table_free(quota);
}

static struct ledger *open_ledger(int fd)
{
	struct ledger *ledger = NULL;

	ck_assert_int_eq(ledger_open(fd, quota, &ledger), 0);
	return ledger;
}

static struct ledger_file inherit(int fd)
{
	struct ledger_file file = { .fd = fd };

	ck_assert_int_eq(ledger_file_open(NULL, &keep, &file), 0);
	return file;
}

static bool is_same(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_ino == two.st_ino;
}

static void check_common(const struct golden *g, const struct ledger_rec *rec)
{
	ck_assert_msg(rec != NULL, "%s: a record is missing", g->what);
	ck_assert_uint_eq(rec->uid, 1000);
	ck_assert_uint_eq(rec->account, 1000);
	ck_assert_uint_eq(rec->decision, 77);
	ck_assert_uint_eq(rec->made_s, 88);
	ck_assert_uint_eq(rec->made_ns, g->made_ns ? 99 : 0);
	ck_assert_str_eq(rec->name, "count");
	ck_assert_str_eq(rec->rule, "edge");
	ck_assert_str_eq(rec->unit, "a.service");
}

static void check_link(const struct golden *g, const struct ledger_rec *rec)
{
	check_common(g, rec);
	ck_assert_uint_eq(rec->link.prog_id, 7);
	ck_assert_uint_eq(rec->link.attach_type, 37);
	ck_assert_uint_eq(rec->link.ifindex, 2);
	ck_assert_uint_eq(rec->link.kind, 5);
	ck_assert_str_eq(rec->link.target, "eth0");
	ck_assert_uint_eq(rec->link.cgroup_cnt, 0);
}

static void check_ledger(const struct golden *g, const struct ledger *ledger)
{
	const struct ledger_rec *prog = ledger_find(ledger, LEDGER_PROG, 7);
	const struct ledger_rec *granted = ledger_find(ledger, LEDGER_PROG, 8);
	const struct ledger_rec *map = ledger_find(ledger, LEDGER_MAP, 7);
	const struct ledger_rec *btf = ledger_find(ledger, LEDGER_BTF, 9);
	const struct ledger_rec *pin = ledger_find(ledger, LEDGER_PIN, 1);

	check_common(g, prog);
	ck_assert_uint_eq(prog->prog.type, 6);
	ck_assert_uint_eq(prog->prog.handle, 4242);
	ck_assert_uint_eq(prog->prog.helpers[0], 0x123);
	ck_assert_uint_eq(prog->prog.granted_fd, 0);
	check_common(g, granted);
	ck_assert_uint_eq(granted->prog.granted_fd, 1);
	check_common(g, map);
	ck_assert_uint_eq(map->map.type, 2);
	ck_assert_uint_eq(map->map.bytes, 4096);
	check_link(g, ledger_find(ledger, LEDGER_LINK, 3));
	check_common(g, btf);
	ck_assert_uint_eq(btf->btf.bytes, 512);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PROG), 2);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PIN), g->has_pins);
	if (!g->has_pins)
		return;
	check_common(g, pin);
	ck_assert_uint_eq(pin->pin.keep_id, 11);
	ck_assert_uint_eq(pin->pin.obj_id, 7);
	ck_assert_str_eq(pin->pin.path, "/sys/fs/bpf/mine");
}

/* ---- the past -------------------------------------------------------------------------------- */

START_TEST(every_layout_that_ever_was_is_taken_over)
{
	const struct golden *g = &goldens[_i];
	OWN_FD int old = memfd_create("ledger", MFD_CLOEXEC);
	struct ledger_file file;
	struct ledger *ledger;

	put_ledger(old, g);
	file = inherit(dup(old));
	/* control: that of today is used where it lies */
	ck_assert_int_eq(is_same(old, file.fd), g->version == 2);
	ck_assert_uint_eq(file.set_aside, 0);
	ledger = open_ledger(file.fd);
	check_ledger(g, ledger);
	ledger_close(ledger);
	ledger_file_done(&file);
}
END_TEST

START_TEST(what_looks_like_an_old_one_and_is_not_is_set_aside)
{
	const struct golden *g = &goldens[_i];
	OWN_FD int old = memfd_create("ledger", MFD_CLOEXEC);
	struct ledger_file file;
	struct ledger *ledger;

	put_ledger(old, g);
	ck_assert_int_eq(ftruncate(old, (off_t)(24 + (uint64_t)(g->slot_cnt - 1) * g->rec_bytes)),
			 0);
	file = inherit(dup(old));
	ck_assert_uint_eq(file.set_aside, 1);
	ck_assert(is_same(old, file.aside[0]) && !is_same(old, file.fd));
	ledger = open_ledger(file.fd);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PROG), 0);
	ledger_close(ledger);
	ledger_file_done(&file);
}
END_TEST

/* ---- the future ------------------------------------------------------------------------------ */

/* Version 5, which versions from 2 on may use as their own: larger records, more slots, an unknown
 * kind. */
static const struct golden kindred = {
	"of a newer daemon", 1400, 40000, 5 | 2u << 16, 32, 40, 56, 120, 376, 32, false, true
};
/* Version 5, which only version 5 reads. */
static const struct golden strange = {
	"of another world", 1400, 40000, 5, 32, 40, 56, 120, 376, 32, false, true
};

static uint32_t get32(int fd, uint64_t at)
{
	uint32_t value = 0;

	ck_assert_int_eq(pread(fd, &value, sizeof(value), (off_t)at), sizeof(value));
	return value;
}

static uint64_t slot_at(const struct golden *g, uint32_t slot)
{
	return 24 + (uint64_t)slot * g->rec_bytes;
}

START_TEST(a_newer_daemons_ledger_is_used_and_what_is_unknown_in_it_stays)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct ledger_rec rec = { .kind = LEDGER_PROG, .id = 20 };
	struct ledger_charge charge = { 0 };
	struct ledger_file file;
	struct ledger *ledger;

	put_ledger(fd, &kindred);
	put32(fd, 16, 8);
	put_rec(fd, &kindred, 7, 99, 1); /* a kind that we do not know */
	put32(fd, slot_at(&kindred, 1) + 1396,
	      0xabc); /* a field that we do not know, of program 7 */
	put32(fd, slot_at(&kindred, 2) + 1396, 0xdef); /* of program 8 */
	file = inherit(dup(fd));
	ck_assert(is_same(fd, file.fd) && file.set_aside == 0);
	ledger = open_ledger(file.fd);
	check_ledger(&kindred, ledger);
	ledger_remove(ledger, LEDGER_PROG, 8);
	for (; rec.id < 23; rec.id++) /* into slot 2, slot 0 and the next */
		ck_assert_int_eq(ledger_add(ledger, &rec, &charge), 0);
	ledger_close(ledger);
	ck_assert_uint_eq(get32(fd, slot_at(&kindred, 7)), 99);
	ck_assert_uint_eq(get32(fd, slot_at(&kindred, 1) + 1396), 0xabc);
	ck_assert_uint_eq(get32(fd, slot_at(&kindred, 2) + 4), 20); /* the slot was used again */
	ck_assert_uint_eq(get32(fd, slot_at(&kindred, 2) + 1396), 0);
	ck_assert_uint_eq(get32(fd, 20), kindred.version);
	ledger_file_done(&file);
}
END_TEST

static void keep_pinned(uint64_t keep_id, uint32_t obj_id, uint32_t pinned)
{
	struct kept like = { .keep_id = keep_id,
			     .kind = KEEP_PROG,
			     .obj_id = obj_id,
			     .uid = 1000,
			     .pinned = pinned };
	struct kept *kept;

	ck_assert_int_eq(keep_add(&keep, memfd_create("kept", MFD_CLOEXEC), &like, &kept), 0);
}

static uint32_t orphan_cnt(const struct ledger *ledger)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0, cnt = 0;

	while ((rec = ledger_walk(ledger, LEDGER_PIN, &cursor)))
		cnt += ledger_is_orphan(rec);
	return cnt;
}

/* It comes back when a daemon of that version is there again: played by changing the version. */
START_TEST(a_ledger_that_cannot_be_read_is_set_aside_and_later_taken_over)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct ledger_rec rec = { .kind = LEDGER_PIN,
				  .id = 2,
				  .pin = { .keep_id = 13, .path = "/meanwhile" } };
	struct ledger_charge charge = { 0 };
	struct ledger_file file;
	struct ledger *ledger;

	put_ledger(fd, &strange);
	keep_pinned(11, 7, 1);
	keep_pinned(12, 8, 0); /* control: held by a handle, not pinned */
	file = inherit(dup(fd));
	ck_assert_uint_eq(file.set_aside, 1);
	ledger = open_ledger(file.fd);
	/* who owns it is not known: root's, and not let go */
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PIN), 1);
	ck_assert_uint_eq(orphan_cnt(ledger), 1);
	ck_assert_uint_eq(ledger_find(ledger, LEDGER_PIN, 1)->pin.keep_id, 11);
	ck_assert_uint_eq(ledger_find(ledger, LEDGER_PIN, 1)->uid, 0);
	ck_assert_int_eq(ledger_add(ledger, &rec, &charge), 0);
	ledger_close(ledger);
	/* still another's at the next start; no orphan is made twice */
	ck_assert_int_eq(ledger_file_open(NULL, &keep, &file), 0);
	ck_assert_uint_eq(file.set_aside, 1);

	put32(file.aside[0], 20, kindred.version);
	ck_assert_int_eq(ledger_file_open(NULL, &keep, &file), 0);
	ck_assert_uint_eq(file.set_aside, 0);
	ledger = open_ledger(file.fd);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PROG), 2);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PIN), 3);
	ck_assert_uint_eq(ledger_find(ledger, LEDGER_PIN, 2)->pin.keep_id, 13);
	/* number 1 was the orphan's: the pin that comes back has another */
	ck_assert_str_eq(ledger_find(ledger, LEDGER_PIN, 3)->pin.path, "/sys/fs/bpf/mine");
	ledger_close(ledger);
	ledger_file_done(&file);
}
END_TEST

START_TEST(no_ledger_at_all_is_set_aside_too)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct ledger_file file;

	put_text(fd, 0, "something that is no ledger of ours");
	file = inherit(dup(fd));
	ck_assert_uint_eq(file.set_aside, 1);
	ledger_file_done(&file);
	/* control: nothing at all is simply a new one */
	file = inherit(-1);
	ck_assert_uint_eq(file.set_aside, 0);
	ledger_file_done(&file);
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct ledger_file start_with(const char *path, int inherited)
{
	struct ledger_file file = { .fd = inherited };

	ck_assert_int_eq(ledger_file_open(path, &keep, &file), 0);
	return file;
}

START_TEST(a_file_is_replaced_whole_and_none_is_lost)
{
	char dir[] = "/dev/shm/bpfgate-ledger-XXXXXX", path[64], aside[80];
	struct ledger_file file;
	struct ledger *ledger;
	int fd;

	if (getuid() != 0)
		return; /* such a file is root's */
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ledger", dir);
	snprintf(aside, sizeof(aside), "%s.aside-1", path);
	fd = make_file(path);
	put_ledger(fd, &goldens[0]);
	file = start_with(path, fd);
	ledger = open_ledger(file.fd);
	check_ledger(&goldens[0], ledger);
	ledger_close(ledger);
	ledger_file_done(&file);

	/* One that cannot be read; the start that set it aside dies before it has another, and
	 * again. */
	fd = make_file(path);
	put_ledger(fd, &strange);
	ck_assert_int_eq(link(path, aside), 0);
	file = start_with(path, -1);
	ck_assert_uint_eq(file.set_aside, 1);
	ck_assert(is_same(open(aside, O_RDONLY | O_CLOEXEC), fd) && !is_same(file.fd, fd));
	ledger_file_done(&file);
	put32(fd, 20, kindred.version);
	own_close_fd(&fd);
	file = start_with(path, -1);
	ck_assert_uint_eq(file.set_aside, 0);
	ck_assert_int_eq(access(aside, F_OK), -1);
	ledger = open_ledger(file.fd);
	check_ledger(&kindred, ledger);
	ledger_close(ledger);
	ledger_file_done(&file);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tcase = tcase_create("layouts");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, every_layout_that_ever_was_is_taken_over, 0, ARRAY_CNT(goldens));
	tcase_add_loop_test(tcase, what_looks_like_an_old_one_and_is_not_is_set_aside, 0,
			    ARRAY_CNT(goldens));
	tcase_add_test(tcase, a_newer_daemons_ledger_is_used_and_what_is_unknown_in_it_stays);
	tcase_add_test(tcase, a_ledger_that_cannot_be_read_is_set_aside_and_later_taken_over);
	tcase_add_test(tcase, no_ledger_at_all_is_set_aside_too);
	tcase_add_test(tcase, a_file_is_replaced_whole_and_none_is_lost);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
