/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose program, whose namespace, whose pin: what was decided is what is executed. Each attack
 * stands beside a control that differs only in what is refused. The daemon and its users live in a
 * network namespace of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "client/library/self.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"


#define WHOSE_RULE(name, user)                                                                                               \
	"{\"id\": \"" name "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"                              \
	" \"signed_by\": {\"unsigned\": true},\n"                                                                            \
	" \"programs\": {\"types\": {\"only\": [\"sched_cls\", \"cgroup_skb\", \"sk_skb\", \"flow_dissector\"]},\n"          \
	"  \"attach\": {\"tcx\": [\"lo\"], \"netkit\": [\"nk0\"], \"map\": [\"sockmap\"], \"flow_dissector\": [\"host\"],\n" \
	"   \"cgroup\": [\"" LIVE_CGROUP_ALONE "/bpfgate-whose\", \"" LIVE_CGROUP_HYBRID                                               \
	"/bpfgate-whose\"]}},\n"                                                                                             \
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\",\n"                                         \
	"  \"pin_under\": [\"/sys/fs/bpf/whose\"], \"share_with\": [\"user:65532:rw\"]}}"

static const char whose_policy[] =
	"{\"version\": 1, \"rules\": [\n" WHOSE_RULE("alice", "65531") ",\n" WHOSE_RULE(
		"bob", "65532") ",\n" WHOSE_RULE("carol", "65533") "\n]}\n";

/* Kernel 6.6's, which Debian 12's headers lack. */
enum {
	NETKIT_PRIMARY = 54,
	BY_LINK = 1 << 13,
	TCX_INGRESS = 46,
	SK_SKB_VERDICT = 38,
	BEFORE = 1 << 3,
	AFTER = 1 << 4,
	BY_ID = 1 << 5
};
enum { REPLACE = 1 << 2 };

#define LIVE_CAROL 65533 /* like Alice and Bob, and idle: no loader is hers */
#define STRANGER   65528 /* in no rule */

static struct live live;

static int call_sized(int cmd, void *attr, unsigned int bytes)
{
	int r = bpfgate_bpf(cmd, attr, bytes);

	r = r < 0 ? -errno : r;
	if (getenv("LIVE_VERBOSE"))
		fprintf(stderr, "    command %d: %d %s\n", cmd, r, bpfgate_last_reason());
	return r;
}

static int call(int cmd, union bpf_attr *attr)
{
	return call_sized(cmd, attr, sizeof(*attr));
}

/* An attr with fields that the build host's header may lack. */
static int call_bytes(int cmd, uint8_t attr[ATTR_BYTES])
{
	return call_sized(cmd, attr, ATTR_BYTES);
}

/* ---- what stands on the loopback interface ---- */

/* Where: the loopback interface, but for one test. */
static struct {
	uint32_t ifindex, type;
} place = { 1, TCX_INGRESS };

/* PROG_ATTACH or PROG_DETACH; prog 0: none is named. */
static void lo_fill(uint8_t attr[ATTR_BYTES], uint32_t prog, uint32_t flags, uint32_t anchor)
{
	memset(attr, 0, ATTR_BYTES);
	attr_put_u32(attr, ATTR_ATTACH_TARGET_IFINDEX, place.ifindex);
	attr_put_u32(attr, ATTR_ATTACH_BPF_FD, prog);
	attr_put_u32(attr, ATTR_ATTACH_TYPE, place.type);
	attr_put_u32(attr, ATTR_ATTACH_FLAGS, flags);
	attr_put_u32(attr, ATTR_ATTACH_RELATIVE_FD, anchor);
}

static int lo_do(int cmd, int prog, uint32_t flags, uint32_t anchor)
{
	uint8_t attr[ATTR_BYTES];

	lo_fill(attr, (uint32_t)prog, flags, anchor);
	return call_bytes(cmd, attr);
}

/* The same as root, past the daemon. */
static int lo_natively(int cmd, int prog)
{
	uint8_t attr[ATTR_BYTES];

	lo_fill(attr, (uint32_t)prog, 0, 0);
	return self_bpf((uint32_t)cmd, attr, ATTR_BYTES);
}

static int load_natively(void)
{
	return live_load_natively(BPF_PROG_TYPE_SCHED_CLS, -1);
}

/* How many stand there; what is there is root's to see. */
static int lo_cnt(void)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r;

	attr_put_u32(attr, ATTR_QUERY_TARGET_IFINDEX, place.ifindex);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, place.type);
	r = self_bpf(BPF_PROG_QUERY, attr, ATTR_BYTES);
	return r < 0 ? r : (int)attr_u32(attr, ATTR_QUERY_COUNT);
}

static bool lo_is_empty(void *arg)
{
	return lo_cnt() == 0;
}

static int load_cls(int32_t ret)
{
	return live_prog(BPF_PROG_TYPE_SCHED_CLS, "cls", ret);
}

static bool part_attach_and_close(void *arg)
{
	int prog = load_cls(-1);

	return HOLDS(prog >= 0) && HOLDS(lo_do(BPF_PROG_ATTACH, prog, 0, 0) == 0);
}

static bool part_detach_others(void *arg)
{
	return HOLDS(lo_do(BPF_PROG_DETACH, 0, 0, 0) == -EPERM) &&
	       HOLDS(live_reason_has("another user's")) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER, 0) == -EPERM) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | BY_ID, *(uint32_t *)arg) == -EPERM);
}

static bool part_detach_own(void *arg)
{
	return lo_do(BPF_PROG_DETACH, 0, 0, 0) == 0;
}

static bool part_detach_first(void *arg)
{
	return lo_do(BPF_PROG_DETACH, 0, BEFORE, 0) == 0;
}

static bool part_find_nothing(void *arg)
{
	return lo_do(BPF_PROG_DETACH, 0, 0, 0) == -ENOENT;
}

/* Alice's below root's: the last is root's, the first hers. Her descriptor is closed already. */
static bool a_detach_that_names_nobody_takes_only_ones_own(void)
{
	OWN_FD int roots = load_natively();
	uint32_t id = live_id_of(roots);
	bool ok;

	ok = HOLDS(live_as(LIVE_ALICE, part_attach_and_close, NULL)) &&
	     HOLDS(lo_natively(BPF_PROG_ATTACH, roots) == 0) &&
	     HOLDS(live_as(LIVE_BOB, part_detach_others, &id)) &&
	     HOLDS(live_as(LIVE_ALICE, part_find_nothing, NULL) == false) && HOLDS(lo_cnt() == 2) &&
	     HOLDS(live_as(LIVE_ALICE, part_detach_first, NULL)) && HOLDS(lo_cnt() == 1);
	/* Where only hers is, it needs no word. */
	ok = HOLDS(lo_natively(BPF_PROG_DETACH, roots) == 0) && HOLDS(ok) &&
	     HOLDS(live_as(LIVE_ALICE, part_attach_and_close, NULL)) &&
	     HOLDS(live_as(LIVE_BOB, part_find_nothing, NULL) == false) &&
	     HOLDS(live_as(LIVE_ALICE, part_detach_own, NULL)) && HOLDS(lo_cnt() == 0);
	return HOLDS(ok) && HOLDS(live_as(LIVE_ALICE, part_find_nothing, NULL));
}

static bool part_anchors(void *arg)
{
	const uint32_t *roots = arg;
	int last = load_cls(-1), bad;

	/* After root's stands nobody yet: AFTER means root's own then, as in the kernel. */
	bad = lo_do(BPF_PROG_DETACH, 0, AFTER | BY_ID, *roots) == -EPERM ? 0 : 1;
	return HOLDS(last >= 0) &&
	       HOLDS(lo_do(BPF_PROG_ATTACH, last, AFTER | BY_ID, *roots) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BY_ID, *roots) == -EINVAL) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER | BY_ID, 0x7ffffff0) == -ENOENT) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | AFTER | BY_ID, *roots) == -ERANGE) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE, (uint32_t)last) == -EPERM) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER | BY_ID, *roots) == 0) && HOLDS(bad == 0);
}

static bool an_anchor_says_whose_program_goes(void)
{
	OWN_FD int roots = load_natively();
	uint32_t id = live_id_of(roots);
	bool ok = HOLDS(lo_natively(BPF_PROG_ATTACH, roots) == 0) &&
		  HOLDS(live_as(LIVE_ALICE, part_anchors, &id)) && HOLDS(lo_cnt() == 1);

	return HOLDS(lo_natively(BPF_PROG_DETACH, roots) == 0) && HOLDS(ok);
}

static bool part_replace(void *arg)
{
	uint8_t attr[ATTR_BYTES];
	int first = load_cls(-1), second = load_cls(0), foreign;

	lo_fill(attr, (uint32_t)second, REPLACE, 0);
	attr_put_u32(attr, ATTR_ATTACH_REPLACE_BPF_FD, *(uint32_t *)arg);
	foreign = call_bytes(BPF_PROG_ATTACH, attr);
	if (foreign != -EPERM || !live_reason_has("replaced"))
		return false;
	attr_put_u32(attr, ATTR_ATTACH_REPLACE_BPF_FD, (uint32_t)first);
	return HOLDS(lo_do(BPF_PROG_ATTACH, first, 0, 0) == 0) &&
	       HOLDS(call_bytes(BPF_PROG_ATTACH, attr) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, second, 0, 0) == 0);
}

/* Root's descriptor in Alice's hands is not a right to take root's program from its place. */
static bool a_replaced_program_is_ones_own(void)
{
	OWN_FD int roots = load_natively();
	uint32_t number = (uint32_t)roots;
	bool ok = HOLDS(lo_natively(BPF_PROG_ATTACH, roots) == 0) &&
		  HOLDS(live_as(LIVE_ALICE, part_replace, &number)) && HOLDS(lo_cnt() == 1);

	return HOLDS(lo_natively(BPF_PROG_DETACH, roots) == 0) && HOLDS(ok);
}

/* ---- two at a time ---- */

/* What one user holds while another tries to take it. */
struct gift {
	int sock[2];
	uint32_t id;
};

/* Tells the id, and waits until the other has tried; true: in vain. */
static bool hold(const struct gift *gift, uint32_t id)
{
	char done = 0;

	return HOLDS(id) && HOLDS(write(gift->sock[1], &id, sizeof(id)) == sizeof(id)) &&
	       HOLDS(read(gift->sock[1], &done, 1) == 1) && HOLDS(done == 'y');
}

/* Alice's part ends with hold(); Bob's gets the gift. */
static bool beside(live_part alices, live_part bobs)
{
	struct gift gift = { 0 };
	int status = 1;
	pid_t pid;
	bool ok;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gift.sock) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(gift.sock[0]);
		_exit(live_as(LIVE_ALICE, alices, &gift) ? 0 : 1);
	}
	close(gift.sock[1]);
	ok = HOLDS(read(gift.sock[0], &gift.id, sizeof(gift.id)) == sizeof(gift.id)) &&
	     HOLDS(live_as(LIVE_BOB, bobs, &gift));
	ok = HOLDS(write(gift.sock[0], ok ? "y" : "n", 1) == 1) && HOLDS(ok);
	close(gift.sock[0]);
	return HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) && HOLDS(ok);
}

/* ---- links ---- */

static int lo_link(int prog)
{
	return live_link(prog, TCX_INGRESS, 1);
}

static uint32_t revision_now(void)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_QUERY_TARGET_IFINDEX, 1);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, TCX_INGRESS);
	return self_bpf(BPF_PROG_QUERY, attr, ATTR_BYTES) < 0
		       ? 0
		       : (uint32_t)attr_u64(attr, ATTR_QUERY_REVISION);
}

static bool part_link_is_busy(void *arg)
{
	return lo_do(BPF_PROG_DETACH, 0, 0, 0) == -EBUSY;
}

/* As the kernel says it: a link's program goes with its link. Bob's is his own, and so it is for
 * Alice. */
static bool part_link_stays(void *arg)
{
	int prog = load_cls(-1), other = load_cls(0), link = lo_link(prog);
	uint8_t attr[ATTR_BYTES];

	lo_fill(attr, (uint32_t)other, REPLACE, 0);
	attr_put_u32(attr, ATTR_ATTACH_REPLACE_BPF_FD, (uint32_t)prog);
	return HOLDS(link >= 0) && HOLDS(lo_do(BPF_PROG_DETACH, 0, 0, 0) == -EBUSY) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, prog, 0, 0) == -EBUSY) &&
	       HOLDS(call_bytes(BPF_PROG_ATTACH, attr) == -EBUSY) &&
	       HOLDS(hold(arg, live_id_of(link)));
}

static bool a_link_is_no_program_to_detach_or_replace(void)
{
	return HOLDS(beside(part_link_stays, part_link_is_busy)) &&
	       HOLDS(live_until(lo_is_empty, NULL));
}

/* Before and after a link that is her own; one that is not, she has no descriptor of, but its id.
 */
static bool part_link_anchors(void *arg)
{
	int first = load_cls(-1), middle = load_cls(0), last = load_cls(-1), link = lo_link(middle);
	uint32_t id = live_id_of(link);

	return HOLDS(link >= 0) && HOLDS(id) &&
	       HOLDS(lo_do(BPF_PROG_ATTACH, last, AFTER | BY_LINK, (uint32_t)link) == 0) &&
	       HOLDS(lo_do(BPF_PROG_ATTACH, first, BEFORE | BY_LINK | BY_ID, id) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | BY_LINK | BY_ID, 0x7ffffff0) == -ENOENT) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | BY_LINK, 0) == -EINVAL) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER | BY_LINK, (uint32_t)link) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, last, 0, 0) == -ENOENT) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | BY_LINK | BY_ID, id) == 0) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, first, 0, 0) == -ENOENT);
}

static bool part_detach_around_link(void *arg)
{
	uint32_t id = ((const struct gift *)arg)->id;

	return HOLDS(lo_do(BPF_PROG_DETACH, 0, BEFORE | BY_LINK | BY_ID, id) == -EPERM) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, 0, AFTER | BY_LINK | BY_ID, id) == -EBUSY);
}

/* Alice's program stands before her link: Bob, who knows the link's id, takes away neither. */
static bool part_link_for_bob(void *arg)
{
	int first = load_cls(-1), middle = load_cls(0), link = lo_link(middle);

	return HOLDS(link >= 0) && HOLDS(lo_do(BPF_PROG_ATTACH, first, BEFORE, 0) == 0) &&
	       HOLDS(hold(arg, live_id_of(link))) &&
	       HOLDS(lo_do(BPF_PROG_DETACH, first, 0, 0) == 0);
}

static bool a_link_is_an_anchor_by_descriptor_and_by_id(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_link_anchors, NULL)) &&
	       HOLDS(live_until(lo_is_empty, NULL)) &&
	       HOLDS(beside(part_link_for_bob, part_detach_around_link)) &&
	       HOLDS(live_until(lo_is_empty, NULL));
}

/* ---- what changes meanwhile ---- */

enum { RACES = 150 };

enum { FLIPS = 200 }; /* of root's at a stretch */

struct race {
	_Atomic bool over;
	_Atomic int lost;   /* of root's programs that were gone */
	_Atomic int rounds; /* of hers that have begun */
	int roots;	    /* root's program */
	int cgroup;	    /* where, when it is about a cgroup */
};

/* Leaves her one whole round without a change: she gets what is hers, however fast root is. */
static void race_pause(struct race *race)
{
	int from = race->rounds;

	while (!race->over && race->rounds < from + 2)
		(void)sched_yield();
}

/* Root's program comes and goes, after whatever stands there. */
static void race_flip(struct race *race)
{
	for (int i = 1; !race->over; i++) {
		if (lo_natively(BPF_PROG_ATTACH, race->roots) != 0 ||
		    lo_natively(BPF_PROG_DETACH, race->roots) != 0)
			race->lost++;
		if (i % FLIPS == 0)
			race_pause(race);
	}
}

/* Hers alone is the last at times; when root's is, she is refused, and never is it root's that
 * goes. */
static bool part_race(void *arg)
{
	struct race *race = arg;
	int prog = load_cls(-1), done = 0, refused = 0;

	for (int i = 0; i < RACES || (!refused && i < 20 * RACES); i++) {
		int r;

		race->rounds++;
		r = lo_do(BPF_PROG_ATTACH, prog, BEFORE, 0);

		if (r == 0)
			r = lo_do(BPF_PROG_DETACH, 0, 0, 0);
		done += r == 0;
		refused += r == -EPERM;
		if (r == 0)
			continue;
		if ((r != -EPERM && r != -ESTALE) || lo_do(BPF_PROG_DETACH, prog, 0, 0) != 0)
			return false;
	}
	if (getenv("LIVE_VERBOSE"))
		fprintf(stderr, "    %d done, %d refused\n", done, refused);
	return HOLDS(done > 0) && HOLDS(refused > 0);
}

/* Root does the one while she does the other; nothing of root's may be lost. */
static bool race_with(void (*root)(struct race *race), int roots, int cgroup, live_part hers)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1, lost;
	pid_t pid;
	bool ok;

	if (race == MAP_FAILED)
		return false;
	race->roots = roots;
	race->cgroup = cgroup;
	pid = fork();
	if (pid == 0) {
		root(race);
		_exit(0);
	}
	ok = live_as(LIVE_ALICE, hers, race);
	race->over = true;
	ok = HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) && HOLDS(ok);
	lost = race->lost;
	(void)munmap(race, sizeof(*race));
	return HOLDS(ok) && HOLDS(lost == 0);
}

static bool what_changes_between_look_and_deed_is_looked_at_again(void)
{
	OWN_FD int roots = load_natively();

	return HOLDS(race_with(race_flip, roots, -1, part_race)) && HOLDS(lo_cnt() == 0);
}

static bool part_revision(void *arg)
{
	int prog = load_cls(-1);
	uint8_t attr[ATTR_BYTES];
	uint32_t now;

	if (lo_do(BPF_PROG_ATTACH, prog, 0, 0) != 0)
		return false;
	now = *(uint32_t *)arg + 1;
	lo_fill(attr, 0, 0, 0);
	attr_put_u64(attr, ATTR_ATTACH_EXPECTED_REVISION, now + 7);
	if (call_bytes(BPF_PROG_DETACH, attr) != -ESTALE)
		return false;
	attr_put_u64(attr, ATTR_ATTACH_EXPECTED_REVISION, now);
	return call_bytes(BPF_PROG_DETACH, attr) == 0;
}

static bool a_revision_that_the_caller_names_is_kept(void)
{
	uint32_t now = revision_now();

	return HOLDS(now) && HOLDS(live_as(LIVE_ALICE, part_revision, &now));
}

/* ---- netkit ---- */

/* The whole again at another kind of interface, where there is one. */
static bool the_same_holds_at_netkit(void)
{
	uint32_t ifindex;
	bool ok;

	if (system("ip link add nk0 type netkit peer name nk1 2>/dev/null && ip link set nk0 up") !=
	    0) {
		printf("# no netkit in this kernel or iproute2: not tried\n");
		return true;
	}
	ifindex = if_nametoindex("nk0");
	place.ifindex = ifindex;
	place.type = NETKIT_PRIMARY;
	ok = HOLDS(ifindex) && HOLDS(a_detach_that_names_nobody_takes_only_ones_own()) &&
	     HOLDS(an_anchor_says_whose_program_goes()) && HOLDS(a_replaced_program_is_ones_own());
	place.ifindex = 1;
	place.type = TCX_INGRESS;
	return HOLDS(system("ip link del nk0") == 0) && HOLDS(ok);
}

/* ---- a network namespace ---- */

/* A flow dissector at the place that PROG_ATTACH means: the network namespace of the call. */
static int dissector_do(int cmd, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_FLOW_DISSECTOR;
	return call(cmd, &attr);
}

static int load_dissector(void)
{
	return live_prog(BPF_PROG_TYPE_FLOW_DISSECTOR, "flow", 0);
}

/* arg: another's dissector stands there, so nothing of this user's may. */
static bool part_dissect_after(void *arg)
{
	int own = load_dissector();

	return HOLDS(own >= 0) && HOLDS(dissector_do(BPF_PROG_ATTACH, own) == -EPERM) &&
	       HOLDS(live_reason_has("another user's program stands there")) &&
	       HOLDS(dissector_do(BPF_PROG_DETACH, own) == -ENOENT);
}

static bool part_dissect_first(void *arg)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), prog = load_dissector(), next = load_dissector();

	/* Number 0 as the target is no descriptor, whatever is open there. */
	return HOLDS(netns >= 0 && prog >= 0 && next >= 0 && dup2(netns, 0) == 0) &&
	       HOLDS(dissector_do(BPF_PROG_ATTACH, prog) == 0) &&
	       HOLDS(dissector_do(BPF_PROG_ATTACH, next) == 0); /* control: one's own gives way */
}

static bool part_dissect_end(void *arg)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	int prog;

	attr_put_u32(attr, ATTR_ID_PROG_ID, *(uint32_t *)arg);
	prog = call_bytes(BPF_PROG_GET_FD_BY_ID, attr);
	return HOLDS(prog >= 0) && HOLDS(dissector_do(BPF_PROG_DETACH, prog) == 0);
}

static bool part_dissect_elsewhere(void *arg)
{
	int prog;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return true; /* this machine lets no user make namespaces */
	prog = load_dissector();
	return HOLDS(prog >= 0) && HOLDS(dissector_do(BPF_PROG_ATTACH, prog) == -EPERM) &&
	       HOLDS(live_reason_has("by a link"));
}

/* The program in this namespace's one place; 0: none. As root. */
static uint32_t dissector_id(void)
{
	OWN_FD int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	uint8_t attr[ATTR_BYTES] = { 0 };
	uint32_t id = 0;

	attr_put_u32(attr, ATTR_QUERY_TARGET_FD, (uint32_t)netns);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, BPF_FLOW_DISSECTOR);
	attr_put_u32(attr, ATTR_QUERY_PROG_CNT, 1);
	attr_put_u64(attr, ATTR_QUERY_PROG_IDS, (uintptr_t)&id);
	return self_bpf(BPF_PROG_QUERY, attr, ATTR_BYTES) < 0 ? 0 : id;
}

/* The same as root, past the daemon. */
static int dissector_natively(int cmd, int prog)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_ATTACH_BPF_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_ATTACH_TYPE, BPF_FLOW_DISSECTOR);
	return self_bpf((uint32_t)cmd, attr, ATTR_BYTES);
}

static bool roots_dissector_stays(void)
{
	OWN_FD int roots = live_load_natively(BPF_PROG_TYPE_FLOW_DISSECTOR, 0);
	bool held;

	if (FAILS(roots < 0 || dissector_natively(BPF_PROG_ATTACH, roots) < 0))
		return false;
	held = HOLDS(live_as(LIVE_ALICE, part_dissect_after, NULL)) && HOLDS(dissector_id() == live_id_of(roots));
	return dissector_natively(BPF_PROG_DETACH, roots) == 0 && held;
}

static bool a_flow_dissector_goes_by_its_own_users_word(void)
{
	uint32_t id;

	if (!roots_dissector_stays() || FAILS(!live_as(LIVE_ALICE, part_dissect_first, NULL)))
		return false;
	id = dissector_id();
	return HOLDS(id) && HOLDS(live_as(LIVE_BOB, part_dissect_after, NULL)) && HOLDS(dissector_id() == id) &&
	       HOLDS(live_as(LIVE_ALICE, part_dissect_end, &id)) && HOLDS(dissector_id() == 0) &&
	       HOLDS(live_as(LIVE_ALICE, part_dissect_elsewhere, NULL));
}

/* ---- a cgroup where one stands ---- */

static const char *cgroup_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/bpfgate-whose", live_cgroup_root());
	return path;
}

static bool part_stand(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "skb", 1);

	return HOLDS(prog >= 0) && HOLDS(live_egress(BPF_PROG_ATTACH, cgroup_path(), prog, *(uint32_t *)arg) == 0);
}

static bool part_push_aside(void *arg)
{
	return HOLDS(live_egress(BPF_PROG_DETACH, cgroup_path(), 0, 0) == -EPERM) &&
	       HOLDS(live_reason_has("another user's"));
}

static bool part_step_aside(void *arg)
{
	return HOLDS(live_egress(BPF_PROG_DETACH, cgroup_path(), 0, 0) == 0) &&
	       HOLDS(live_egress(BPF_PROG_DETACH, cgroup_path(), 0, 0) == -ENOENT);
}

static bool part_not_among_many(void *arg)
{
	return live_egress(BPF_PROG_DETACH, cgroup_path(), 0, 0) == -EINVAL;
}

static bool the_one_at_a_cgroup_goes_by_its_own_users_word(void)
{
	uint32_t alone = 0, many = BPF_F_ALLOW_MULTI;
	bool ok;

	if (mkdir(cgroup_path(), 0755) < 0 && errno != EEXIST)
		return false;
	ok = HOLDS(live_as(LIVE_ALICE, part_stand, &alone)) &&
	     HOLDS(live_as(LIVE_BOB, part_push_aside, NULL)) &&
	     HOLDS(live_as(LIVE_ALICE, part_step_aside, NULL)) &&
	     HOLDS(live_as(LIVE_ALICE, part_stand, &many)) &&
	     HOLDS(live_as(LIVE_ALICE, part_not_among_many, NULL));
	return HOLDS(rmdir(cgroup_path()) == 0) && HOLDS(ok);
}

/* What root finds there; and the number of changes, where the kernel counts them (6.17). */
static uint32_t cgroup_stands(int cgroup, uint64_t *ret_revision)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	uint32_t ids[4] = { 0 };

	attr_put_u32(attr, ATTR_QUERY_TARGET_FD, (uint32_t)cgroup);
	attr_put_u32(attr, ATTR_QUERY_ATTACH_TYPE, BPF_CGROUP_INET_EGRESS);
	attr_put_u32(attr, ATTR_QUERY_PROG_CNT, ARRAY_CNT(ids));
	attr_put_u64(attr, ATTR_QUERY_PROG_IDS, (uintptr_t)ids);
	if (self_bpf(BPF_PROG_QUERY, attr, ATTR_BYTES) < 0)
		return 0;
	*ret_revision = attr_u64(attr, ATTR_QUERY_REVISION);
	return ids[0];
}

static int cgroup_natively(int cmd, int cgroup, int prog)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_ATTACH_TARGET_FD, (uint32_t)cgroup);
	attr_put_u32(attr, ATTR_ATTACH_BPF_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_ATTACH_TYPE, BPF_CGROUP_INET_EGRESS);
	return self_bpf((uint32_t)cmd, attr, ATTR_BYTES);
}

/* Root takes the place, whoever has it, finds itself there, and leaves. */
static void race_sit(struct race *race)
{
	uint32_t id = live_id_of(race->roots);
	uint64_t revision;

	for (int at = 1; !race->over; at++) {
		if (cgroup_natively(BPF_PROG_ATTACH, race->cgroup, race->roots) != 0)
			_exit(1);
		for (int i = 0; i < 20; i++)
			race->lost += cgroup_stands(race->cgroup, &revision) != id;
		if (cgroup_natively(BPF_PROG_DETACH, race->cgroup, race->roots) != 0)
			race->lost++;
		if (at % FLIPS == 0)
			race_pause(race);
	}
}

static bool part_race_for_seat(void *arg)
{
	struct race *race = arg;
	int prog = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "skb", 1), done = 0, refused = 0;

	for (int i = 0; i < RACES || (!refused && i < 20 * RACES); i++) {
		int r;

		race->rounds++;
		r = live_egress(BPF_PROG_ATTACH, cgroup_path(), prog, 0);

		done += r == 0;
		refused += r == -EPERM;
		if (r != 0 && r != -EPERM && r != -ESTALE)
			return false;
		r = live_egress(BPF_PROG_DETACH, cgroup_path(), 0, 0);
		if (r != 0 && r != -EPERM && r != -ESTALE && r != -ENOENT)
			return false;
	}
	if (getenv("LIVE_VERBOSE"))
		fprintf(stderr, "    %d done, %d refused\n", done, refused);
	return HOLDS(done > 0) && HOLDS(refused > 0);
}

static bool who_attaches_to_a_cgroup_meanwhile_is_not_replaced(void)
{
	OWN_FD int roots = live_load_natively(BPF_PROG_TYPE_CGROUP_SKB, 1), cgroup = -1;
	uint64_t revision = 0;
	bool ok;

	if (mkdir(cgroup_path(), 0755) < 0 && errno != EEXIST)
		return false;
	cgroup = open(cgroup_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)cgroup_stands(cgroup, &revision);
	if (!revision)
		printf("# this kernel numbers no changes of a cgroup's programs: not tried\n");
	ok = !revision || race_with(race_sit, roots, cgroup, part_race_for_seat);
	return HOLDS(rmdir(cgroup_path()) == 0) && HOLDS(ok);
}

/* ---- a socket map, which has room for one ---- */

static int map_attach(int map, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)map;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = SK_SKB_VERDICT;
	return call(BPF_PROG_ATTACH, &attr);
}

static bool part_fill_place(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_SOCKMAP, 0);
	int first = live_prog(BPF_PROG_TYPE_SK_SKB, "first", 1);
	int second = live_prog(BPF_PROG_TYPE_SK_SKB, "second", 0);

	return HOLDS(map >= 0) && HOLDS(first >= 0) && HOLDS(map_attach(map, first) == 0) &&
	       HOLDS(hold(arg, live_id_of(map))) && HOLDS(map_attach(map, second) == 0);
}

static bool part_take_place(void *arg)
{
	const struct gift *gift = arg;
	union bpf_attr attr;
	int map, prog = live_prog(BPF_PROG_TYPE_SK_SKB, "bob", 0);

	memset(&attr, 0, sizeof(attr));
	attr.map_id = gift->id;
	map = call(BPF_MAP_GET_FD_BY_ID, &attr);
	return HOLDS(map >= 0) && HOLDS(prog >= 0) && HOLDS(map_attach(map, prog) == -EPERM) &&
	       HOLDS(live_reason_has("another user's"));
}

/* Bob may write this map: its descriptor is Alice's gift. */
static bool who_may_write_a_socket_map_does_not_replace_its_program(void)
{
	return beside(part_fill_place, part_take_place);
}

/* Who is named in no rule gets no loader to look for whose program stands there. */
static bool part_unnamed_by_rules(void *arg)
{
	return HOLDS(lo_do(BPF_PROG_DETACH, 0, 0, 0) == -EPERM) &&
	       HOLDS(live_reason_has("no rule"));
}

static bool no_loader_looks_for_whom_no_rule_names(void)
{
	unsigned int before = live_signal(&live, "bpfgate-loader", 0);
	bool ok = HOLDS(live_as(STRANGER, part_unnamed_by_rules, NULL)) &&
		  HOLDS(live_signal(&live, "bpfgate-loader", 0) <= before);

	/* control: named, one is started, and finds nothing */
	return HOLDS(live_as(LIVE_CAROL, part_find_nothing, NULL)) &&
	       HOLDS(live_signal(&live, "bpfgate-loader", 0) > 0) && HOLDS(ok);
}

static const struct attack_row rows[] = {
	ATTACK(a_detach_that_names_nobody_takes_only_ones_own),
	ATTACK(an_anchor_says_whose_program_goes),
	ATTACK(a_link_is_no_program_to_detach_or_replace),
	ATTACK(a_link_is_an_anchor_by_descriptor_and_by_id),
	ATTACK(what_changes_between_look_and_deed_is_looked_at_again),
	ATTACK(a_revision_that_the_caller_names_is_kept),
	ATTACK(a_replaced_program_is_ones_own),
	ATTACK(the_same_holds_at_netkit),
	ATTACK(the_one_at_a_cgroup_goes_by_its_own_users_word),
	ATTACK(who_attaches_to_a_cgroup_meanwhile_is_not_replaced),
	ATTACK(who_may_write_a_socket_map_does_not_replace_its_program),
	ATTACK(a_flow_dissector_goes_by_its_own_users_word),
	ATTACK(no_loader_looks_for_whom_no_rule_names),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB };

static const struct attack_plan plan = {
	.live = &live,
	.policy = whose_policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
};

int main(int argc, char **argv)
{
	if (getuid() == 0 && (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up") != 0)) {
		printf("WON: no network of its own\n0 passed, 1 failed\n");
		return 1;
	}
	return attack_main(&plan, argc, argv);
}
