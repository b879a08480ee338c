/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the broker that need no daemon, with every type, at every boundary: what they say is
 * compared with the .golden files beside this one, or computed here another way. test-broker-parts
 * has the promises.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/peers/peer.h"
#include "daemon/broker/store/decision_log.h"
#include "daemon/broker/store/handles.h"
#include "daemon/broker/store/ident.h"
#include "daemon/broker/peers/judge_pool.h"
#include "daemon/broker/store/kinds.h"
#include "daemon/broker/work/log_buf.h"
#include "daemon/broker/store/mapsize.h"
#include "daemon/broker/store/people.h"
#include "daemon/broker/ask/call_form.h"
#include "daemon/broker/store/quota.h"
#include "daemon/broker/ask/scan.h"
#include "daemon/broker/peers/verdicts.h"
#include "daemon/broker/store/vmbtf.h"
#include "object/btfname.h"
#include "proto/codec.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/lib/golden.h"

/* ---- tables ---- */

START_TEST(what_each_type_of_program_and_map_needs)
{
	struct golden *golden = golden_begin("tests/daemon/caps.golden");

	for (uint32_t type = 0; type < 40; type++)
		golden_line(golden, "type %u: load %jx, attach %jx, map %jx%s%s", type,
			    (uintmax_t)caps_for_prog(type), (uintmax_t)caps_for_attach(type),
			    (uintmax_t)caps_for_map(type),
			    caps_prog_affects_others(type) ? ", affects others" : "",
			    mapsize_grows(type) ? ", grows" : "");
	for (uint64_t bit = 0; bit < 64; bit++)
		if (caps_to_bgv(1ull << bit))
			golden_line(golden, "capability %ju is %x", (uintmax_t)bit,
				    caps_to_bgv(1ull << bit));
	golden_line(golden, "all: %x", caps_to_bgv(UINT64_MAX));
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(what_each_map_is_charged)
{
	static const uint32_t sizes[] = { 0, 1, 7, 8, 9, 4096, UINT32_MAX };
	static const uint32_t entries[] = { 0, 1, 2, 4096, UINT32_MAX };
	const struct mapsize_world world = {
		.cpu_cnt = 3, .tasks = 11, .cgroups = 13, .inodes = 17, .sockets = 19
	};
	const struct mapsize_world huge = { .cpu_cnt = UINT32_MAX,
					    .tasks = UINT64_MAX,
					    .cgroups = UINT64_MAX,
					    .inodes = UINT64_MAX / 2,
					    .sockets = UINT64_MAX };
	struct golden *golden = golden_begin("tests/daemon/mapsize.golden");

	for (uint32_t type = 0; type < 36; type++)
		for (size_t e = 0; e < ARRAY_CNT(entries); e++) {
			uint64_t sum = GOLDEN_SUM;
			struct ledger_map map = { .type = type,
						  .key_size = 4,
						  .value_size = 8,
						  .max_entries = entries[e] };
			uint64_t plain = mapsize_of(&map, &world);

			for (size_t k = 0; k < ARRAY_CNT(sizes); k++)
				for (size_t v = 0; v < ARRAY_CNT(sizes); v++) {
					map.key_size = sizes[k];
					map.value_size = sizes[v];
					sum = golden_fold_u64(
						golden_fold_u64(sum, mapsize_of(&map, &world)),
						mapsize_of(&map, &huge));
				}
			golden_line(golden, "type %u, %u entries: %ju, all %016jx", type,
				    entries[e], (uintmax_t)plain, (uintmax_t)sum);
		}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(the_world_is_counted)
{
	struct mapsize_world world = { 0 };
	unsigned long long files = 0, inodes = 0;
	FILE *file;

	mapsize_look(&world);
	file = fopen("/proc/sys/fs/inode-nr", "re");
	ck_assert(file && fscanf(file, "%llu", &inodes) == 1 && fclose(file) == 0);
	file = fopen("/proc/sys/fs/file-nr", "re");
	ck_assert(file && fscanf(file, "%llu", &files) == 1 && fclose(file) == 0);
	ck_assert_uint_eq(world.cpu_cnt, (unsigned int)sysconf(_SC_NPROCESSORS_CONF));
	/* It moves on meanwhile: within a factor of two. */
	ck_assert(world.inodes > inodes / 2 && world.inodes < inodes * 2);
	ck_assert(world.sockets > files / 2 && world.sockets < files * 2 + 1000);
	ck_assert(world.tasks > 1 && world.tasks < 1000000);
	ck_assert(world.cgroups >= 1 && world.cgroups <= 65536);
}
END_TEST

START_TEST(each_log_request_and_each_length)
{
	struct golden *golden = golden_begin("tests/daemon/log-buf.golden");
	static const uint32_t sizes[] = {
		0, 1, 2, 10, 11, 12, UINT32_MAX >> 2, (UINT32_MAX >> 2) + 1, UINT32_MAX
	};

	for (uint32_t level = 0; level < 18; level++)
		for (int has = 0; has < 2; has++) {
			uint64_t sum = GOLDEN_SUM;
			char checks[64] = "";

			for (size_t i = 0; i < ARRAY_CNT(sizes); i++) {
				struct log_buf_want want = { level, sizes[i], has };

				(void)snprintf(checks + strlen(checks),
					       sizeof(checks) - strlen(checks), " %d",
					       log_buf_check(&want));
				for (size_t text = 0; text < 14; text++) {
					size_t start, bytes;
					uint32_t true_size;
					int r = log_buf_fit(&want, text, &start, &bytes,
							    &true_size);

					sum = golden_fold_u64(golden_fold_u64(sum, (uint64_t)r),
							      start * 1000000 + bytes * 1000 +
								      true_size);
				}
			}
			golden_line(golden, "level %u, buffer %d:%s, fit %016jx", level, has,
				    checks, (uintmax_t)sum);
		}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- calls ---- */

static int scan_one(struct bpf_insn insn, struct scan *ret_scan)
{
	return scan_calls((const uint8_t *)&insn, 1, ret_scan);
}

START_TEST(each_number_of_a_call)
{
	static const int32_t ids[] = { 0,	    1,
				       63,	    64,
				       65,	    511,
				       512,	    SCAN_POISON - 1,
				       SCAN_POISON, SCAN_POISON + 1,
				       INT32_MAX,   -1,
				       INT32_MIN };
	struct golden *golden = golden_begin("tests/daemon/scan.golden");

	for (size_t i = 0; i < ARRAY_CNT(ids); i++)
		for (uint8_t src = 0; src < 4; src++)
			for (int16_t off = 0; off < 2; off++) {
				struct scan scan;
				int r = scan_one((struct bpf_insn){ .code = 0x85,
								    .src_reg = src & 15,
								    .off = off,
								    .imm = ids[i] },
						 &scan);

				golden_line(
					golden,
					"call %d of %u at %d: %d, %016jx, beyond %d, modules %d, %u kfuncs %u",
					ids[i], src, off, r,
					(uintmax_t)golden_fold(GOLDEN_SUM, scan.helpers,
							       sizeof(scan.helpers)),
					scan.helper_beyond, scan.module_kfuncs, scan.kfunc_cnt,
					scan.kfuncs[0]);
			}
	for (unsigned int code = 0; code < 256; code++) {
		struct scan scan;

		ck_assert_int_eq(
			scan_one((struct bpf_insn){ .code = (uint8_t)code, .imm = 5 }, &scan), 0);
		ck_assert_int_eq(scan_has_helper(scan.helpers, 5), code == 0x85);
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- who ---- */

START_TEST(each_shape_of_a_cgroup_path)
{
	static const char *const heads[] = { "",	 "/",	      "//",
					     "/a.slice", "/a.slice/", "/a.slice/b.slice/",
					     "/.slice/", "/slice/",   "/x" };
	static const char *const names[] = { "a.service", "a.scope",  "a.socket",   "a.mount",
					     "a.swap",	  "a.target", "a.timer",    "a.slice",
					     "a.device",  ".service", "_a.service", "_",
					     "a",	  "service",  "a.serviceb" };
	struct golden *golden = golden_begin("tests/daemon/units.golden");

	for (size_t h = 0; h < ARRAY_CNT(heads); h++)
		for (size_t n = 0; n < ARRAY_CNT(names); n++) {
			char path[64], unit[IDENT_UNIT_BYTES], small[10];

			(void)snprintf(path, sizeof(path), "%s%s", heads[h], names[n]);
			ident_unit_of_cgroup(path, unit, sizeof(unit));
			ident_unit_of_cgroup(path, small, sizeof(small));
			golden_line(golden, "%s: \"%s\", in ten bytes \"%s\"", path, unit, small);
		}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_peer_is_who_the_kernel_says)
{
	struct ident *ident, *again;
	int sock[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	ck_assert_int_eq(ident_new(sock[0], &ident), 0);
	ck_assert(ident->uid == getuid() && ident->gid == getgid() && ident->pid == getpid());
	ck_assert(!ident->groups_unknown && (int)ident->group_cnt == getgroups(0, NULL));
	ck_assert(ident->netns_cookie != 0);
	again = ident_ref(ident);
	ck_assert_ptr_eq(again, ident);
	ck_assert_uint_eq(ident->ref_cnt, 2);
	ident_unref(again);
	ck_assert_uint_eq(ident->ref_cnt, 1);
	ident_unref(ident);
	ident_unref(NULL);
	ck_assert_int_eq(ident_new(STDIN_FILENO, &ident) < 0, 1);
	close(sock[0]);
	close(sock[1]);
}
END_TEST

static void people_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

START_TEST(each_form_of_a_line_that_lends)
{
	static const char *const lines[] = { "5:100:10\n",
					     "5:100:10",
					     "5:100:1\n",
					     "5:100:0\n",
					     "5:0:10\n",
					     "5:4294967295:1\n",
					     "5:4294967294:2\n",
					     "5:4294967295:2\n",
					     "5:4294967296:1\n",
					     "5:1:4294967295\n",
					     "5:1:4294967296\n",
					     "5:0:4294967296\n",
					     "5:9999999999:1\n",
					     "5:00000000100:1\n",
					     "5:0000000100:1\n",
					     ":100:10\n",
					     "5::10\n",
					     "5:100:\n",
					     "5:100\n",
					     "5\n",
					     "\n",
					     "",
					     "5:100:10x\n",
					     "5:100:10 \n",
					     " 5:100:10\n",
					     "5:/00:10\n",
					     "5:1:0:10\n",
					     "root:100:10\n",
					     "nobody-such:100:10\n",
					     "4294967294:100:10\n",
					     "4294967295:100:10\n",
					     "4294967296:100:10\n",
					     "#5:100:10\n" };
	struct golden *golden = golden_begin("tests/daemon/people.golden");
	char path[] = "/tmp/bpfgate-sweep-XXXXXX", none[] = "/tmp/bpfgate-no-such-file";
	static const uint32_t ids[] = { 0,   1,	  99,	       100,	    101,
					109, 110, 4294967293u, 4294967294u, 4294967295u };

	close(mkstemp(path));
	for (size_t i = 0; i < ARRAY_CNT(lines); i++) {
		struct people *people;
		char text[200] = "";

		people_write(path, lines[i]);
		ck_assert_int_eq(people_new(path, none, &people), 0);
		for (size_t k = 0; k < ARRAY_CNT(ids); k++) {
			uid_t owners[PEOPLE_OWNERS_MAX];

			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), " %u/%zu",
				       people_account_of(people, ids[k]),
				       people_owners_of(people, ids[k], 0, owners));
		}
		golden_line(golden, "%.*s:%s", (int)strcspn(lines[i], "\n"), lines[i], text);
		people_free(people);
	}
	(void)unlink(path);
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(ids_are_lent_on_eight_times_and_no_further)
{
	char path[] = "/tmp/bpfgate-sweep-XXXXXX", text[600] = "";
	uid_t owners[PEOPLE_OWNERS_MAX];
	struct people *people;

	for (int i = 0; i < 12; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d:%d:1\n",
			       1001 + i, 1000 + i);
	close(mkstemp(path));
	people_write(path, text);
	ck_assert_int_eq(people_new(path, path, &people), 0);
	ck_assert_uint_eq(people_owners_of(people, 1000, 0, owners), PEOPLE_OWNERS_MAX);
	for (size_t i = 0; i < PEOPLE_OWNERS_MAX; i++)
		ck_assert_uint_eq(owners[i], 1001 + i);
	ck_assert_uint_eq(people_account_of(people, 1000), 1000 + PEOPLE_OWNERS_MAX);
	ck_assert_uint_eq(people_owners_of(people, 1005, 0, owners), 7);
	/* By uid and by group together, each once. */
	ck_assert_uint_eq(people_owners_of(people, 1010, 1011, owners), 2);
	ck_assert_uint_eq(people_owners_of(people, 1011, 1009, owners), 2);
	ck_assert(owners[0] == 1012 && owners[1] == 1010);
	people_free(people);
	(void)unlink(path);
}
END_TEST

START_TEST(groups_are_remembered_for_a_minute)
{
	const uint64_t minute = 60ull * 1000000000u;
	const gid_t *groups, *again;
	struct people *people;
	size_t cnt;

	ck_assert_int_eq(
		people_new("/tmp/bpfgate-no-such-file", "/tmp/bpfgate-no-such-file", &people), 0);
	ck_assert_int_eq(people_groups_of(people, 0, 5, &groups, &cnt), 0);
	ck_assert_uint_ge(cnt, 1);
	ck_assert_int_eq(people_groups_of(people, 0, 5 + minute - 1, &again, &cnt), 0);
	ck_assert_ptr_eq(groups, again);
	ck_assert_int_eq(people_groups_of(people, 0, 5 + minute, &again, &cnt), 0);
	ck_assert(cnt >= 1 && again[0] == 0);
	for (uid_t uid = 4000000000u; uid < 4000000000u + 5000; uid++) {
		ck_assert_int_eq(people_groups_of(people, uid, 5, &groups, &cnt), 0);
		ck_assert_uint_eq(cnt, 0);
	}
	people_free(people);
	people_free(NULL);
}
END_TEST

/* ---- quotas ---- */

START_TEST(each_resource_at_its_limit)
{
	struct golden *golden = golden_begin("tests/daemon/quota.golden");
	struct quota_table *table;
	struct quota_account *account;

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &account), 0);
	for (enum quota_res res = 0; res < QUOTA_RES_CNT; res++) {
		uint64_t limit = quota_default_limits()->per_uid[res];
		struct quota_charge most = { 0 }, one = { 0 };

		golden_line(golden, "%s: %ju", quota_res_name(res), (uintmax_t)limit);
		ck_assert_int_eq(quota_charge(account, res, limit - 1, &most), 0);
		ck_assert_int_eq(quota_charge(account, res, 2, &one), -EDQUOT);
		ck_assert_int_eq(quota_charge(account, res, 1, &one), 0);
		quota_charge_done(&one);
		ck_assert_int_eq(quota_charge(account, res, 1, &one), 0);
		quota_charge_done(&one);
		quota_charge_done(&most);
		ck_assert_uint_eq(account->used[res], 0);
	}
	ck_assert_str_eq(quota_res_name(QUOTA_RES_CNT), "?");
	ck_assert_uint_eq(account->ref_cnt, 1);
	quota_account_unref(account);
	quota_table_free(table);
	quota_table_free(NULL);
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(loads_and_notes_by_the_minute)
{
	const uint64_t second = 1000000000u, minute = 60 * second;
	struct golden *golden = golden_begin("tests/daemon/loads.golden");
	struct quota_account *account;
	struct quota_table *table;

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &account), 0);
	for (uint64_t now = 10 * minute; now < 13 * minute; now += 7 * second) {
		if (now < 12 * minute)
			quota_note_load(account, now);
		golden_line(golden, "%ju s: %ju loads, note %d", (uintmax_t)(now / second),
			    (uintmax_t)quota_loads_per_minute(account, now),
			    quota_may_note(account, now));
	}
	golden_line(golden, "later: %ju", (uintmax_t)quota_loads_per_minute(account, 20 * minute));
	quota_account_unref(account);
	/* Its minute is the 20th: it goes at the 22nd. */
	quota_sweep(table, 22 * minute - 1);
	ck_assert_ptr_nonnull(quota_account_next(table, NULL));
	quota_sweep(table, 22 * minute);
	ck_assert_ptr_null(quota_account_next(table, NULL));
	quota_table_free(table);
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_rules_account_is_found_by_its_name_and_has_no_limit)
{
	char name[80];
	struct quota_account *a, *b, *user;
	struct quota_charge charge = { 0 };
	struct quota_table *table;

	memset(name, 'r', sizeof(name));
	name[79] = '\0';
	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_rule_get(table, "one", &a), 0);
	ck_assert_int_eq(quota_rule_get(table, "one", &b), 0);
	ck_assert_ptr_eq(a, b);
	ck_assert(a->uid == (uid_t)-1 && a->ref_cnt == 2 && !strcmp(a->rule, "one"));
	quota_account_unref(b);
	ck_assert_int_eq(quota_rule_get(table, name, &b), 0);
	ck_assert(a != b && strlen(b->rule) == QUOTA_RULE_BYTES - 1);
	/* What is charged to a rule is not counted a second time in all. */
	quota_charge_anyway(a, QUOTA_SLOTS, 50, &charge);
	ck_assert_int_eq(quota_account_get(table, 5, &user), 0);
	{
		struct quota_charge share[2] = { 0 };

		ck_assert_int_eq(quota_charge_share(user, QUOTA_SLOTS, 2, &share[0]), 0);
		ck_assert_int_eq(quota_charge_share(user, QUOTA_SLOTS, 2, &share[1]), -ENOSPC);
		quota_charge_done(&share[0]);
	}
	quota_charge_done(&charge);
	ck_assert_uint_eq(a->used[QUOTA_SLOTS], 0);
	ck_assert_ptr_eq(quota_account_next(table, NULL), user);
	ck_assert_ptr_null(quota_account_next(table, user));
	quota_account_unref(user);
	quota_account_unref(a);
	quota_account_unref(b);
	quota_sweep(table, UINT64_MAX);
	quota_table_free(table);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(each_kind_of_descriptor)
{
	int pair[2], pipes[2], udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int small = memfd_create("s", MFD_CLOEXEC | MFD_ALLOW_SEALING),
	    large = memfd_create("l", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
	    mnt = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
	    dir = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY),
	    epoll = epoll_create1(EPOLL_CLOEXEC);

	ck_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
		  pipe2(pipes, O_CLOEXEC) == 0);
	ck_assert_int_eq(kinds_of(pair[0]), KIND_UNIX);
	ck_assert_int_eq(kinds_of(pipes[0]), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(udp), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(netns), KIND_NETNS);
	ck_assert_int_eq(kinds_of(mnt), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(file), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(dir), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(epoll), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(small), KIND_MEMFD);
	ck_assert_int_eq(kinds_of(-1), KIND_STRANGE);
	ck_assert_int_eq(kinds_of(999999), KIND_STRANGE);
	/* Only what can grow no more is known to be small; a megabyte is. */
	ck_assert(!kinds_close_is_quick(small));
	ck_assert_int_eq(fcntl(small, F_ADD_SEALS, F_SEAL_GROW), 0);
	ck_assert(kinds_close_is_quick(small));
	ck_assert_int_eq(posix_fallocate(large, 0, 1 << 20), 0);
	ck_assert_int_eq(fcntl(large, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ck_assert(!kinds_close_is_quick(large));
	ck_assert_int_eq(fcntl(large, F_ADD_SEALS, F_SEAL_GROW), 0);
	ck_assert(kinds_close_is_quick(large));
	close(large);
	large = memfd_create("l", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ck_assert_int_eq(posix_fallocate(large, 0, (1 << 20) + 1), 0);
	ck_assert_int_eq(fcntl(large, F_ADD_SEALS, F_SEAL_GROW), 0);
	ck_assert(!kinds_close_is_quick(large));
	ck_assert(!kinds_close_is_quick(pair[0]) && !kinds_close_is_quick(netns) &&
		  !kinds_close_is_quick(pipes[0]));
	ck_assert(kinds_may_be_passed_on(netns));
	ck_assert(!kinds_may_be_passed_on(pair[0]) && !kinds_may_be_passed_on(small) &&
		  !kinds_may_be_passed_on(pipes[0]));
	for (int fd = 3; fd < 40; fd++)
		if (fd == pair[0] || fd == pair[1] || fd == pipes[0] || fd == pipes[1] ||
		    fd == udp || fd == small || fd == large || fd == netns || fd == mnt ||
		    fd == file || fd == dir || fd == epoll)
			close(fd);
}
END_TEST

/* ---- decisions ---- */

static uint64_t record(struct decision_log *decisions, uid_t uid, int number)
{
	struct decision decision = { .id = decision_log_next_id(decisions),
				     .uid = uid,
				     .account = uid,
				     .verdict = DECISION_REFUSED };

	(void)snprintf(decision.summary, sizeof(decision.summary), "%d", number);
	decision_log_add(decisions, &decision, true);
	return decision.id;
}

static unsigned int kept_of(const struct decision_log *decisions)
{
	const struct decision *decision = NULL;
	unsigned int cnt = 0;

	while ((decision = decision_log_next(decisions, decision)))
		cnt++;
	return cnt;
}

START_TEST(a_user_has_256_decisions_and_all_together_2048)
{
	struct decision_log *decisions;
	uint64_t first, second;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	first = record(decisions, 1, 0);
	second = record(decisions, 1, 1);
	for (int i = 2; i < 256; i++)
		(void)record(decisions, 1, i);
	ck_assert_uint_eq(kept_of(decisions), 256);
	ck_assert_ptr_nonnull(decision_log_find(decisions, first));
	(void)record(decisions, 1, 256);
	ck_assert_uint_eq(kept_of(decisions), 256);
	ck_assert_ptr_null(decision_log_find(decisions, first));
	ck_assert_ptr_nonnull(decision_log_find(decisions, second));
	for (uid_t uid = 2; uid < 9; uid++)
		for (int i = 0; i < 256; i++)
			(void)record(decisions, uid, i);
	ck_assert_uint_eq(kept_of(decisions), 2048);
	ck_assert_ptr_nonnull(decision_log_find(decisions, second));
	(void)record(decisions, 9, 0);
	ck_assert_uint_eq(kept_of(decisions), 2048);
	ck_assert_ptr_null(decision_log_find(decisions, second));
	ck_assert_uint_eq(decision_log_cnt(decisions, DECISION_REFUSED), 2048 + 2);
	ck_assert_uint_eq(decision_log_cnt(decisions, DECISION_ALLOWED), 0);
	decision_log_free(decisions);
	decision_log_free(NULL);
}
END_TEST

/* One field other: then it is another decision. */
START_TEST(what_makes_a_decision_the_same)
{
	for (int change = 0; change < 10; change++) {
		struct decision a = { .id = 5,
				      .uid = 1,
				      .account = 1,
				      .verdict = DECISION_REFUSED,
				      .err = 1,
				      .command = "C",
				      .rule = "r",
				      .summary = "s",
				      .unit = "u",
				      .code = "c",
				      .time_s = 60 };
		struct decision b = a;
		struct decision_log *decisions;
		bool same = change == 0 || change > 7;

		b.id = 6;
		b.uid += change == 1;
		b.verdict = change == 2 ? DECISION_ALLOWED : b.verdict;
		b.err += change == 3;
		b.command[0] += change == 4;
		b.rule[0] += change == 5;
		b.summary[0] += change == 6;
		b.unit[0] += change == 7;
		b.code[0] += change == 8;
		b.time_s += change == 9;
		ck_assert_int_eq(decision_log_new(&decisions), 0);
		a.text = strdup("first");
		b.text = strdup("second");
		decision_log_add(decisions, &a, true);
		decision_log_add(decisions, &b, true);
		ck_assert_uint_eq(kept_of(decisions), same ? 1 : 2);
		ck_assert_str_eq(decision_log_next(decisions, NULL)->text, "second");
		ck_assert_int_eq(decision_log_next(decisions, NULL)->time_s, change == 9 ? 61 : 60);
		ck_assert_uint_eq(decision_log_find(decisions, 6)->repeated, same);
		free(a.text);
		free(b.text);
		decision_log_free(decisions);
	}
}
END_TEST

START_TEST(each_byte_of_a_text_is_printable_or_a_question_mark)
{
	struct decision decision = { .id = 1, .verdict = DECISION_ALLOWED };
	struct decision_log *decisions;
	const struct decision *kept;
	char text[DECISION_ID_BYTES];
	char *long_text = calloc(1, 9000);

	for (int i = 1; i < 256; i++) {
		decision.summary[i - 1] = (char)i;
		long_text[i - 1] = (char)i;
	}
	strcpy(decision.unit, "a\nb");
	strcpy(decision.code, "a\tb");
	strcpy(decision.prog_name, "a\x7f"
				   "b");
	memset(long_text + 255, 'x', 8192 - 255 + 5);
	decision.text = long_text;
	ck_assert_int_eq(decision_log_new(&decisions), 0);
	decision_log_add(decisions, &decision, true);
	free(decision.text);
	kept = decision_log_find(decisions, 1);
	for (int i = 1; i < 256; i++) {
		char want = i < 32 || i > 126 ? '?' : (char)i;

		ck_assert_int_eq(kept->summary[i - 1], want);
		ck_assert_int_eq(kept->text[i - 1], i == '\n' || i == '\t' ? (char)i : want);
	}
	ck_assert_uint_eq(strlen(kept->text), 8192);
	ck_assert_str_eq(kept->unit, "a?b");
	ck_assert_str_eq(kept->code, "a?b");
	ck_assert_str_eq(kept->prog_name, "a?b");
	decision_log_free(decisions);
	decision_format_id(0x12ab, text);
	ck_assert_str_eq(text, "D-000000000012ab");
	ck_assert_str_eq(decision_verdict_name(DECISION_NONE), "none");
	ck_assert_str_eq(decision_verdict_name(DECISION_ALLOWED), "allowed");
	ck_assert_str_eq(decision_verdict_name(DECISION_REFUSED), "refused");
	ck_assert_str_eq(decision_verdict_name(DECISION_UNDECIDED), "undecided");
	ck_assert_str_eq(decision_verdict_name(DECISION_VERDICT_CNT), "?");
}
END_TEST

START_TEST(numbers_of_decisions_have_56_bits_and_are_never_zero)
{
	struct decision_log *decisions;
	uint64_t all = 0, last = 0;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	for (int i = 0; i < 400; i++) {
		uint64_t id = decision_log_next_id(decisions);

		ck_assert(id != 0 && id != last && id >> 56 == 0);
		all |= last = id;
	}
	ck_assert_uint_eq(all, UINT64_MAX >> 8);
	decision_log_free(decisions);
}
END_TEST

/* ---- handles ---- */

START_TEST(objects_and_their_handles)
{
	struct keep_tell tell = {
		.kind = TELL_KEPT, .keep_id = 5, .cookie = 100, .obj_kind = KEEP_PROG, .obj_id = 42
	};
	struct quota_charge charge = { 0 };
	struct quota_account *account;
	struct quota_table *table;
	struct handles *handles;

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1, &account), 0);
	ck_assert_int_eq(handles_new(&handles), 0);
	ck_assert_int_eq(handles_on_kept(handles, &tell), 0);
	ck_assert_int_eq(handles_on_kept(handles, &tell), 0);
	ck_assert_uint_eq(handles_cnt(handles), 1);
	tell = (struct keep_tell){
		.kind = TELL_KEPT, .keep_id = 6, .obj_kind = KEEP_LINK, .obj_id = 42
	};
	ck_assert_int_eq(handles_on_kept(handles, &tell), 0);
	ck_assert_uint_eq(handles_cnt(handles), 1);
	ck_assert_uint_eq(handles_find_obj(handles, KEEP_PROG, 42)->keep_id, 5);
	ck_assert_uint_eq(handles_find_obj(handles, KEEP_LINK, 42)->keep_id, 6);
	ck_assert_ptr_null(handles_find_obj(handles, KEEP_MAP, 42));
	ck_assert_uint_eq(handles_find_kept(handles, 6)->obj_kind, KEEP_LINK);
	ck_assert_ptr_null(handles_find_kept(handles, 7));
	ck_assert_int_eq(quota_charge(account, QUOTA_HANDLES, 1, &charge), 0);
	ck_assert_int_eq(handles_add(handles, 7, 200, &charge), -ENOENT);
	ck_assert_ptr_nonnull(charge.account);
	ck_assert_int_eq(handles_add(handles, 6, 200, &charge), 0);
	ck_assert_ptr_null(charge.account);
	ck_assert_uint_eq(account->used[QUOTA_HANDLES], 1);
	ck_assert_uint_eq(handles_cnt(handles), 2);
	/* Gone: the handle alone, then the object with all that it has. */
	tell = (struct keep_tell){ .kind = TELL_GONE, .keep_id = 6, .cookie = 200 };
	handles_on_gone(handles, &tell);
	ck_assert_uint_eq(account->used[QUOTA_HANDLES], 0);
	ck_assert_ptr_nonnull(handles_find_kept(handles, 6));
	ck_assert_int_eq(quota_charge(account, QUOTA_HANDLES, 1, &charge), 0);
	ck_assert_int_eq(handles_add(handles, 6, 201, &charge), 0);
	tell = (struct keep_tell){ .kind = TELL_GONE, .keep_id = 6, .flags = KEEP_LAST };
	handles_on_gone(handles, &tell);
	ck_assert_ptr_null(handles_find_kept(handles, 6));
	ck_assert_ptr_null(handles_find(handles, 201));
	ck_assert_uint_eq(account->used[QUOTA_HANDLES], 0);
	ck_assert_uint_eq(handles_find(handles, 100)->keep_id, 5);
	handles_on_gone(handles, &tell);
	handles_free(handles);
	handles_free(NULL);
	quota_account_unref(account);
	quota_sweep(table, UINT64_MAX);
	quota_table_free(table);
}
END_TEST

/* ---- what the kernel refuses for its form ---- */

static int call_form_of(uint32_t cmd, const uint8_t *attr, bool is_open)
{
	struct request req = { .row = cmd_row_of(cmd), .cmd = cmd, .attr_bytes = ATTR_BYTES };

	memcpy(req.attr, attr, ATTR_BYTES);
	if (is_open) {
		req.fd_cnt = 2;
		req.fd_numbers[0] = 3;
		req.fd_numbers[1] = 7;
	}
	return call_form_check(&req);
}

START_TEST(each_word_of_each_attr)
{
	static const uint32_t values[] = { 0,
					   1,
					   2,
					   3,
					   4,
					   7,
					   8,
					   30,
					   33,
					   40,
					   0x10,
					   0x18,
					   CMD_F_TOKEN_FD,
					   4 * 1024 * 1024 - 5,
					   4 * 1024 * 1024 - 4,
					   4 * 1024 * 1024,
					   INT32_MAX,
					   0x80000000 };
	struct golden *golden = golden_begin("tests/daemon/call-form.golden");

	for (uint32_t cmd = 0; cmd <= CMD_CNT; cmd++)
		for (uint32_t type = 0; type < 36;
		     type += cmd == CMD_MAP_CREATE || cmd == CMD_PROG_LOAD ? 1 : 40)
			for (uint32_t off = 0; off < ATTR_BYTES; off += 4) {
				uint8_t attr[ATTR_BYTES] = { 0 };
				char text[160] = "";
				bool any = false;

				if (cmd == CMD_MAP_CREATE || cmd == CMD_PROG_LOAD)
					attr_put_u32(attr, 0, type);
				if (cmd == CMD_MAP_CREATE)
					for (uint16_t o = 4; o < 16; o = (uint16_t)(o + 4))
						attr_put_u32(attr, o, 4);
				if (cmd == CMD_PROG_LOAD)
					attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, 1);
				if (cmd == CMD_BTF_LOAD)
					attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 1);
				for (size_t v = 0; cmd < CMD_CNT && v < ARRAY_CNT(values); v++) {
					int closed, open;

					attr_put_u32(attr, off, values[v]);
					closed = call_form_of(cmd, attr, false);
					open = call_form_of(cmd, attr, true);
					any = any || closed || open;
					(void)snprintf(text + strlen(text),
						       sizeof(text) - strlen(text), " %d/%d",
						       -closed, -open);
				}
				if (any)
					golden_line(golden, "%s %u at %u:%s", cmd_row_of(cmd)->name,
						    type, off, text);
			}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(types_of_a_maps_btf_go_together)
{
	struct golden *golden = golden_begin("tests/daemon/call-form-btf.golden");

	for (unsigned int bits = 0; bits < 64; bits++) {
		uint8_t attr[ATTR_BYTES] = { 0 };

		attr_put_u32(attr, ATTR_MAP_CREATE_TYPE,
			     bits & 8 ? BPF_MAP_TYPE_STRUCT_OPS : BPF_MAP_TYPE_HASH);
		attr_put_u32(attr, ATTR_MAP_CREATE_KEY_SIZE, 4);
		attr_put_u32(attr, ATTR_MAP_CREATE_VALUE_SIZE, 4);
		attr_put_u32(attr, ATTR_MAP_CREATE_MAX_ENTRIES, 1);
		attr_put_u32(attr, ATTR_MAP_CREATE_BTF_KEY_TYPE_ID, bits & 1);
		attr_put_u32(attr, ATTR_MAP_CREATE_BTF_VALUE_TYPE_ID, bits >> 1 & 1);
		attr_put_u32(attr, ATTR_MAP_CREATE_BTF_VMLINUX_VALUE_TYPE_ID, bits >> 2 & 1);
		attr_put_u32(attr, ATTR_MAP_CREATE_FLAGS,
			     (bits & 16 ? BPF_F_RDONLY : 0) | (bits & 32 ? BPF_F_WRONLY : 0));
		golden_line(golden, "%02x: %d", bits, call_form_of(CMD_MAP_CREATE, attr, false));
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- verdicts ---- */

START_TEST(each_part_of_a_job_is_in_its_key)
{
	uint8_t payload[4] = { 1, 2, 3, 4 }, plain[VERDICTS_KEY_BYTES], key[VERDICTS_KEY_BYTES];
	struct judge_call call = { .payload = payload,
				   .payload_bytes = 4,
				   .job = { .kind = 1,
					    .mode = 1,
					    .caps = 3,
					    .insns = 10,
					    .sandbox_needed = 4,
					    .nonce = 9,
					    .cpu_ns = 5,
					    .log_level = 1 } };

	ck_assert(verdicts_key(&call, plain));
#define IN_KEY(field, is)                                                                          \
	do {                                                                                       \
		call.field += 1;                                                                   \
		ck_assert(verdicts_key(&call, key));                                               \
		ck_assert_int_eq(memcmp(plain, key, sizeof(key)) != 0, (is));                      \
		call.field -= 1;                                                                   \
	} while (0)
	IN_KEY(job.kind, true);
	IN_KEY(job.mode, true);
	IN_KEY(job.caps, true);
	IN_KEY(job.insns, true);
	IN_KEY(job.sandbox_needed, true);
	IN_KEY(job.nonce, false);
	IN_KEY(job.cpu_ns, false);
	IN_KEY(job.log_level, false);
	call.payload_bytes = 3;
	ck_assert(verdicts_key(&call, key) && memcmp(plain, key, sizeof(key)));
	call.payload_bytes = 4;
	for (int i = 0; i < 4; i++) {
		payload[i]++;
		ck_assert(verdicts_key(&call, key) && memcmp(plain, key, sizeof(key)));
		payload[i]--;
	}
	call.payload = calloc(1, (1 << 20) + 1);
	call.payload_bytes = 1 << 20;
	ck_assert(verdicts_key(&call, key));
	call.payload_bytes++;
	ck_assert(!verdicts_key(&call, key));
	free(call.payload);
}
END_TEST

START_TEST(acceptances_are_remembered_1024_at_most)
{
	struct judge_verdict verdict = { .says = JUDGE_SAYS_ACCEPT };
	uint8_t key[VERDICTS_KEY_BYTES] = { 0 };
	struct verdicts *verdicts;

	ck_assert_int_eq(verdicts_new(&verdicts), 0);
	for (uint32_t i = 0; i < 1025; i++) {
		memcpy(key, &i, sizeof(i));
		ck_assert_ptr_null(verdicts_find(verdicts, key));
		verdict.insn_processed = i;
		verdicts_put(verdicts, key, &verdict);
		verdict.insn_processed = 5000;
		verdicts_put(verdicts, key, &verdict);
		ck_assert_uint_eq(verdicts_find(verdicts, key)->insn_processed, i);
		memset(key, 0, 4);
		ck_assert_int_eq(verdicts_find(verdicts, key) != NULL, i < 1024);
	}
	memset(key, 0xff, sizeof(key));
	for (uint32_t says = 0; says < 8; says++) {
		verdict.says = says;
		if (says != JUDGE_SAYS_ACCEPT)
			verdicts_put(verdicts, key, &verdict);
	}
	ck_assert_ptr_null(verdicts_find(verdicts, key));
	verdicts_free(verdicts);
	verdicts_free(NULL);
}
END_TEST

/* ---- the kernel's BTF ---- */

START_TEST(types_of_the_running_kernel)
{
	static const char *const functions[] = { "bpf_obj_get_user", "vfs_read", "vfs_write",
						 "do_exit", "kfree" };
	struct vmbtf *vmbtf;
	int id;

	ck_assert_int_eq(vmbtf_new(&vmbtf), 0);
	if (!vmbtf_names(vmbtf)) {
		printf("skipped: this kernel has no BTF\n");
		vmbtf_free(vmbtf);
		return;
	}
	for (int rest = 0; rest < 2; rest++) {
		for (size_t i = 0; i < ARRAY_CNT(functions); i++) {
			id = vmbtf_find(vmbtf, BTF_KIND_FUNC, functions[i]);
			if (id > 0)
				ck_assert_str_eq(vmbtf_name(vmbtf, (uint32_t)id), functions[i]);
		}
		id = vmbtf_find(vmbtf, BTF_KIND_STRUCT, "task_struct");
		ck_assert_int_gt(id, 0);
		ck_assert_str_eq(vmbtf_name(vmbtf, (uint32_t)id), "task_struct");
		ck_assert_int_eq(vmbtf_find(vmbtf, BTF_KIND_UNION, "task_struct"), -ENOENT);
		ck_assert_int_eq(vmbtf_find(vmbtf, BTF_KIND_STRUCT, "no_such_struct_here"),
				 -ENOENT);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "list_head", "next"), 0);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "list_head", "prev"), 8);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "list_head", "other"), -ENOENT);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "no_such_struct_here", "next"), -ENOENT);
		/* With bit fields in it: those on a byte have an offset, and those that are not
		 * have none. */
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "iphdr", "tos"), 1);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "iphdr", "ihl"), 0);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "iphdr", "version"), -ENOENT);
		ck_assert_int_eq(vmbtf_offset_of(vmbtf, "iphdr", "ttl"), 8);
		ck_assert_ptr_null(vmbtf_name(vmbtf, 0));
		ck_assert_ptr_null(vmbtf_name(vmbtf, UINT32_MAX));
		ck_assert_ptr_eq(btfname_get(vmbtf_names(vmbtf), (uint32_t)id),
				 vmbtf_name(vmbtf, (uint32_t)id));
		vmbtf_rest(vmbtf);
	}
	vmbtf_free(vmbtf);
	vmbtf_free(NULL);
}
END_TEST

/* ---- channels ---- */

struct heard {
	sd_event *event;
	struct peer *peer;
	unsigned int cnt, fds, bytes, gone;
	int err;
	bool free_at_gone, in_order;
};

static void on_message(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds)
{
	struct heard *heard = ctx;
	uint32_t number = 0;

	memcpy(&number, bytes, len < 4 ? len : 4);
	heard->in_order = heard->in_order && number == heard->cnt;
	heard->cnt++;
	heard->bytes += (unsigned int)len;
	heard->fds += fds->cnt;
}

static void on_gone(void *ctx, int err)
{
	struct heard *heard = ctx;

	heard->gone++;
	heard->err = err;
	if (heard->free_at_gone)
		peer_free(heard->peer);
}

static void run_dry(sd_event *event)
{
	while (sd_event_run(event, 0) > 0)
		;
}

START_TEST(a_channel_keeps_order_for_a_slow_peer_and_takes_so_many_and_no_more)
{
	static uint8_t scratch[PACKET_BYTES_MAX];
	struct heard heard = { .in_order = true }, other = { .in_order = true };
	struct peer *sender, *receiver;
	uint32_t sent = 0, part[2] = { 0 };
	struct iovec parts[2] = { { &part[0], 4 }, { &part[1], 4 } };
	int sock[2], fd = STDIN_FILENO, r;

	ck_assert_int_eq(sd_event_new(&heard.event), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	ck_assert_int_eq(
		peer_new(heard.event, scratch, sock[0], on_message, on_gone, &other, &sender), 0);
	/* Until the socket is full, and then as many as may wait. */
	do {
		part[0] = sent;
		r = peer_send(sender, parts, 2, &fd, sent % 3 == 0);
		sent += r == 0;
	} while (r == 0);
	ck_assert_int_eq(r, -ENOBUFS);
	ck_assert_uint_gt(sent, 1024);
	ck_assert_int_eq(
		peer_new(heard.event, scratch, sock[1], on_message, on_gone, &heard, &receiver), 0);
	run_dry(heard.event);
	ck_assert_uint_eq(heard.cnt, sent);
	ck_assert(heard.in_order && heard.bytes == 8 * sent && heard.fds == (sent + 2) / 3);
	/* There is room again; and what comes after a rebind goes there. */
	peer_rebind(receiver, on_message, on_gone, &other);
	part[0] = 0;
	ck_assert_int_eq(peer_send(sender, parts, 2, NULL, 0), 0);
	run_dry(heard.event);
	ck_assert(other.cnt == 1 && heard.cnt == sent && !heard.gone && !other.gone);
	other.peer = receiver;
	other.free_at_gone = true;
	peer_free(sender);
	run_dry(heard.event);
	ck_assert(other.gone == 1 && other.err == 0 && heard.gone == 0);
	peer_free(NULL);
	sd_event_unref(heard.event);
}
END_TEST

START_TEST(a_channel_whose_peer_is_gone_takes_nothing)
{
	static uint8_t scratch[PACKET_BYTES_MAX];
	struct heard heard = { .in_order = true };
	uint32_t word = 0;
	struct iovec part = { &word, 4 };
	struct peer *peer;
	int sock[2];

	ck_assert_int_eq(sd_event_new(&heard.event), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	ck_assert_int_eq(
		peer_new(heard.event, scratch, sock[0], on_message, on_gone, &heard, &peer), 0);
	ck_assert_int_eq(packet_send(sock[1], &part, 1, NULL, 0, 0), 0);
	close(sock[1]);
	run_dry(heard.event);
	ck_assert(heard.cnt == 1 && heard.gone == 1 && heard.err == 0);
	ck_assert_int_eq(peer_send(peer, &part, 1, NULL, 0), -EPIPE);
	run_dry(heard.event);
	ck_assert_uint_eq(heard.gone, 1);
	peer_free(peer);
	sd_event_unref(heard.event);
}
END_TEST

static Suite *sweep_suite(void)
{
	Suite *suite = suite_create("daemon/sweep");
	TCase *tc = tcase_create("sweep");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_each_type_of_program_and_map_needs);
	tcase_add_test(tc, what_each_map_is_charged);
	tcase_add_test(tc, the_world_is_counted);
	tcase_add_test(tc, each_log_request_and_each_length);
	tcase_add_test(tc, each_number_of_a_call);
	tcase_add_test(tc, each_shape_of_a_cgroup_path);
	tcase_add_test(tc, a_peer_is_who_the_kernel_says);
	tcase_add_test(tc, each_form_of_a_line_that_lends);
	tcase_add_test(tc, ids_are_lent_on_eight_times_and_no_further);
	tcase_add_test(tc, groups_are_remembered_for_a_minute);
	tcase_add_test(tc, each_resource_at_its_limit);
	tcase_add_test(tc, loads_and_notes_by_the_minute);
	tcase_add_test(tc, a_rules_account_is_found_by_its_name_and_has_no_limit);
	tcase_add_test(tc, each_kind_of_descriptor);
	tcase_add_test(tc, a_user_has_256_decisions_and_all_together_2048);
	tcase_add_test(tc, what_makes_a_decision_the_same);
	tcase_add_test(tc, each_byte_of_a_text_is_printable_or_a_question_mark);
	tcase_add_test(tc, numbers_of_decisions_have_56_bits_and_are_never_zero);
	tcase_add_test(tc, objects_and_their_handles);
	tcase_add_test(tc, each_word_of_each_attr);
	tcase_add_test(tc, types_of_a_maps_btf_go_together);
	tcase_add_test(tc, each_part_of_a_job_is_in_its_key);
	tcase_add_test(tc, acceptances_are_remembered_1024_at_most);
	tcase_add_test(tc, types_of_the_running_kernel);
	tcase_add_test(tc, a_channel_keeps_order_for_a_slow_peer_and_takes_so_many_and_no_more);
	tcase_add_test(tc, a_channel_whose_peer_is_gone_takes_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(sweep_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
