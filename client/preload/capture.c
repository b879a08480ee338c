/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records PROG_LOADs. Promises that the caller sees exactly what bpf(2) would have said: its own
 * call is made first and unchanged, everything else happens afterwards with our own buffers and
 * fds. Trusts the kernel; reads the caller's memory only through it. Refuses nothing: what cannot
 * be described is not recorded.
 */
#include "client/preload/capture.h"
#include "client/preload/capture_source.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "object/rawcall.h"
#include "object/release.h"
#include "proto/own.h"

#define LOG_STATS	4u /* BPF_LOG_STATS: counters, no instructions */
#define LOG_PATH	1u /* BPF_LOG_LEVEL1: the path to the refusal */
#define LOG_BUF_BYTES	(16u << 20)
#define LOG_KEPT_BYTES	(32u << 10) /* the end of a log says why */
#define ATTR_LOG_END	40u	    /* the least attr that has log fields */

/* A program that loaded, so that a freplace or fentry program can name it as its target. */
struct seen_prog {
	struct seen_prog *next;
	uint32_t id;
	uint8_t *bytes;
	size_t bytes_cnt;
};

struct capture {
	capture_sink sink;
	void *sink_arg;
	const char *source;
	struct seen seen;
	struct seen_prog *progs;
	char *log; /* mapped: costs nothing until used */
	char release[96];
	uint32_t nr_cpus;
};

static uint32_t possible_cpus(void)
{
	OWN_FD int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	char text[256];
	const char *last;
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	text[n] = '\0';
	last = strrchr(text, '-');
	return (uint32_t)atoi(last ? last + 1 : text) + 1;
}

struct capture *capture_new(capture_sink sink, void *sink_arg)
{
	struct capture *cap = calloc(1, sizeof(*cap));

	if (!cap)
		return NULL;
	cap->sink = sink;
	cap->sink_arg = sink_arg;
	cap->log = mmap(NULL, LOG_BUF_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (cap->log == MAP_FAILED) {
		free(cap);
		return NULL;
	}
	release_running(cap->release, sizeof(cap->release));
	cap->nr_cpus = possible_cpus();
	return cap;
}

void capture_free(struct capture *cap)
{
	if (!cap)
		return;
	capture_seen_done(&cap->seen);
	for (struct seen_prog *prog = cap->progs, *next; prog; prog = next) {
		next = prog->next;
		free(prog->bytes);
		free(prog);
	}
	(void)munmap(cap->log, LOG_BUF_BYTES);
	free(cap);
}

void capture_set_source(struct capture *cap, const char *source)
{
	cap->source = source;
}

/* ---- the kernel's answer ------------------------------------------------------------------ */

/* The number after word in text, 0 when absent. */
static uint64_t log_number(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/* Loads once more with our log; -errno or 0. The log ends up NUL-terminated in cap->log. */
static int load_again(struct capture *cap, const void *attr, unsigned int attr_bytes, uint32_t level)
{
	unsigned int bytes = attr_bytes < ATTR_LOG_END ? ATTR_LOG_END : attr_bytes;
	uint8_t copy[4096] = { 0 };
	struct load_attr *load = (struct load_attr *)copy;
	OWN_FD int fd = -1;

	if (bytes > sizeof(copy))
		return -E2BIG;
	memcpy(copy, attr, attr_bytes);
	load->log_level = level;
	load->log_size = LOG_BUF_BYTES;
	load->log_buf = (uintptr_t)cap->log;
	cap->log[0] = '\0';
	fd = (int)capture_raw_bpf(BPF_PROG_LOAD, copy, bytes);
	cap->log[LOG_BUF_BYTES - 1] = '\0';
	return fd < 0 ? fd : 0;
}

static void answer_from_log(struct bundle_answer *answer, const char *log)
{
	const char *last = log;

	/* Programs may print: take the last line of that form, which is the verifier's. */
	for (const char *at = log; (at = strstr(at, "processed ")) != NULL; at++)
		last = at;
	answer->insn_processed = log_number(last, "processed ");
	answer->max_states_per_insn = log_number(last, "max_states_per_insn ");
	answer->total_states = log_number(last, "total_states ");
	answer->peak_states = log_number(last, "peak_states ");
	answer->verification_time_ns = 1000 * log_number(log, "verification time ");
}

static void ask_kernel(struct capture *cap, const void *attr, unsigned int attr_bytes, long result,
		       struct bundle_answer *answer)
{
	*answer = (struct bundle_answer){
		.source = cap->source,
		.known = true,
		.err = result < 0 ? (uint32_t)-result : 0,
		.nr_cpus = cap->nr_cpus,
		.release = cap->release,
	};
	(void)load_again(cap, attr, attr_bytes, LOG_STATS);
	answer_from_log(answer, cap->log);
	if (result < 0)
		(void)load_again(cap, attr, attr_bytes, LOG_PATH);
	answer->log = cap->log;
	answer->log_bytes = strlen(cap->log);
	if (answer->log_bytes > LOG_KEPT_BYTES) {
		answer->log += answer->log_bytes - LOG_KEPT_BYTES;
		answer->log_bytes = LOG_KEPT_BYTES;
	}
}

/* ---- the program -------------------------------------------------------------------------- */

static void gather_caps(struct bgv_program *prog)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t caps;

	(void)rawcall3(__NR_capget, (long)&head, (long)data, 0);
	caps = data[0].effective | (uint64_t)data[1].effective << 32;
	if (caps & 1ull << CAP_SYS_ADMIN)
		prog->caps = BGV_CAP_ALL; /* the kernel's bpf_capable() and its like accept it */
	if (caps & 1ull << CAP_BPF)
		prog->caps |= BGV_CAP_BPF;
	if (caps & 1ull << CAP_PERFMON)
		prog->caps |= BGV_CAP_PERFMON;
	if (caps & 1ull << CAP_NET_ADMIN)
		prog->caps |= BGV_CAP_NET_ADMIN;
	prog->mode = prog->caps & BGV_CAP_PERFMON ? BGV_MODE_FULL : BGV_MODE_NO_PERFMON;
}

static uint32_t prog_id_of_fd(int fd)
{
	struct bpf_prog_info info = { 0 };
	struct info_attr attr = { (uint32_t)fd, sizeof(info), (uintptr_t)&info };

	return capture_raw_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info.id;
}

static void remember_prog(struct capture *cap, int fd, const struct bgv_program *prog)
{
	struct seen_prog *seen;
	struct bgv_program alone = *prog;

	alone.attach_prog = NULL;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return;
	seen->id = prog_id_of_fd(fd);
	if (!seen->id || bundle_encode(&alone, NULL, &seen->bytes, &seen->bytes_cnt) < 0) {
		free(seen);
		return;
	}
	seen->next = cap->progs;
	cap->progs = seen;
}

/* The target of a freplace, fentry or fexit of a program, if it was loaded under our eyes. */
static struct bundle *find_target(const struct capture *cap, const struct load_attr *attr)
{
	struct bundle *target = NULL;
	uint32_t id;

	if (!attr->attach_fd)
		return NULL;
	id = prog_id_of_fd((int)attr->attach_fd);
	for (const struct seen_prog *prog = cap->progs; prog; prog = prog->next)
		if (id && prog->id == id) {
			(void)bundle_decode(prog->bytes, prog->bytes_cnt, &target);
			break;
		}
	return target;
}

static void record(struct capture *cap, const void *attr, unsigned int attr_bytes, long result)
{
	OWN_GATHER struct gather *g = gather_new(&capture_source, &cap->seen);
	OWN_BUNDLE struct bundle *target = NULL;
	OWN_MEM uint8_t *bytes = NULL;
	struct bundle_answer answer;
	size_t bytes_cnt;

	if (!g)
		return;
	memcpy(&g->attr, attr, attr_bytes < sizeof(g->attr) ? attr_bytes : sizeof(g->attr));
	if (gather_program(g) < 0)
		return;
	gather_caps(&g->prog);
	target = find_target(cap, &g->attr);
	g->prog.attach_prog = target ? &target->prog : NULL;
	ask_kernel(cap, attr, attr_bytes, result, &answer);
	if (bundle_encode(&g->prog, &answer, &bytes, &bytes_cnt) >= 0)
		cap->sink(cap->sink_arg, &g->prog, &answer, bytes, bytes_cnt);
	if (result >= 0)
		remember_prog(cap, (int)result, &g->prog);
}

long capture_bpf(struct capture *cap, unsigned int cmd, void *attr, unsigned int attr_bytes)
{
	uint8_t asked[4096] = { 0 };
	struct map_create_attr create = { 0 };
	long result;

	if ((cmd != BPF_PROG_LOAD && cmd != BPF_MAP_CREATE) || attr_bytes > sizeof(asked) ||
	    capture_copy(asked, (uintptr_t)attr, attr_bytes) < 0)
		return capture_raw_bpf(cmd, attr, attr_bytes);
	result = capture_raw_bpf(cmd, attr, attr_bytes);
	if (cmd == BPF_PROG_LOAD) {
		record(cap, asked, attr_bytes, result);
	} else if (result >= 0) {
		memcpy(&create, asked, attr_bytes < sizeof(create) ? attr_bytes : sizeof(create));
		capture_note_map(&cap->seen, (int)result, &create);
	}
	return result;
}
