/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load-each [-c] [-t SECONDS] [-x EXCLUDE-FILE] [-i ONLY-FILE] [-a TARGETS-FILE] -o DIR|- OBJ|DIR...:
 * this kernel's verdict on each program; with -c, its verdict for a loader without CAP_PERFMON; with
 * -a, only on those programs that attach to programs, as that file says (targets.tsv), out of one DIR.
 *
 * Loads every program of every object alone, one at a time, in a process of its own, and records
 * it as DIR/OBJECT/PROGRAM.bpfb with the kernel's answer (client/preload/capture.c does the recording: this
 * binary defines syscall() itself, so it also works static, in a guest). DIR/results.tsv gets one
 * line a program and survives a crash of the machine: what was in flight then is never tried again.
 * With -o - both go to stdout as lines of text ("@@BUNDLE OBJECT PROGRAM base64(gzip)"), for guests
 * that have only a console; the kernel's BTF comes first, as "@@BTF RELEASE - ...".
 * Promises one program in the kernel at a time, and none for longer than the limit; trusts the
 * objects, which are the kernel's own tests or a distribution's programs.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <zlib.h>

#include "client/preload/capture.h"
#include "object/bpfattr.h"
#include "object/rawcall.h"
#include "object/release.h"
#include "proto/own.h"

#define NAMES_MAX	 4096
#define TYPE_STRUCT_OPS	 27u
#define REASON_BYTES	 256
#define PATH_BYTES	 4608
#define BTF_BYTES_MAX	 (16u << 20)
#define TASK_BYTES_MAX	 (64ull << 30) /* address space: an arena maps 4 GiB and more */

/* What the interposed syscall() must know; one process loads one program. */
static struct {
	struct capture *cap;
	const char *want; /* name of the program; NULL: just pass calls on */
	const char *label; /* what it is called in results: its name, or PROGRAM@OBJECT.TARGET.FUNCTION */
	bool target;	  /* recording the program to attach to: no result of its own */
	const char *dir, *object;
	char reason[REASON_BYTES];
	FILE *results;
	bool stream;	 /* no directory: everything to stdout */
	bool no_perfmon; /* load with CAP_BPF and CAP_NET_ADMIN only */
} self;

/* ---- recording ---------------------------------------------------------------------------- */

static void put_result(const char *prog, const char *verdict, unsigned int err, unsigned long long cnt,
		       unsigned long long time_us, const char *text)
{
	(void)fprintf(self.results, "%s%s\t%s\t%s\t%u\t%llu\t%llu\t%.200s\n",
		      self.stream ? "@@RESULT " : "", self.object, prog, verdict, err, cnt, time_us,
		      text);
	(void)fflush(self.results);
	(void)fdatasync(fileno(self.results));
}

/* What the kernel objects to, as one field of a line. */
static void log_reason(const struct bundle_answer *answer, char *text, size_t text_bytes)
{
	size_t bytes;
	const char *reason = bundle_answer_reason(answer, &bytes);

	(void)snprintf(text, text_bytes, "%.*s", (int)bytes, reason);
	for (char *c = text; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
}

static void put_base64(const uint8_t *bytes, size_t cnt)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < cnt; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		if (i + 1 < cnt)
			three |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < cnt)
			three |= bytes[i + 2];
		(void)putchar(digits[three >> 18]);
		(void)putchar(digits[three >> 12 & 63]);
		(void)putchar(i + 1 < cnt ? digits[three >> 6 & 63] : '=');
		(void)putchar(i + 2 < cnt ? digits[three & 63] : '=');
	}
}

static void stream_bytes(const char *kind, const char *name, const char *prog, const uint8_t *bytes,
			 size_t cnt)
{
	z_stream z = { .next_in = (Bytef *)bytes, .avail_in = (uInt)cnt };
	OWN_MEM uint8_t *packed = NULL;
	size_t room;

	/* 15 + 16: the largest window, gzip's frame */
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	room = deflateBound(&z, cnt);
	packed = malloc(room);
	z.next_out = packed;
	z.avail_out = (uInt)room;
	if (packed && deflate(&z, Z_FINISH) == Z_STREAM_END) {
		(void)printf("@@%s %s %s ", kind, name, prog);
		put_base64(packed, room - z.avail_out);
		(void)putchar('\n');
		(void)fflush(stdout);
	}
	(void)deflateEnd(&z);
}

/* Only a whole bundle gets the name: a run cut short leaves no half file behind. */
static int write_file(const uint8_t *bytes, size_t bytes_cnt)
{
	char path[4096], temp[4112];
	OWN_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", self.dir, self.object);
	(void)mkdir(path, 0777);
	(void)snprintf(path, sizeof(path), "%s/%s/%s.bpfb", self.dir, self.object, self.label);
	(void)snprintf(temp, sizeof(temp), "%s.new", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, bytes, bytes_cnt) != (ssize_t)bytes_cnt || rename(temp, path) < 0) {
		(void)snprintf(self.reason, sizeof(self.reason), "cannot write %.200s", path);
		return -EIO;
	}
	return 0;
}

static void keep_bundle(void *arg, const struct bgv_program *prog, const struct bundle_answer *answer,
			const uint8_t *bytes, size_t bytes_cnt)
{
	char text[REASON_BYTES];

	if (self.target)
		return;
	if (self.stream)
		stream_bytes("BUNDLE", self.object, self.label, bytes, bytes_cnt);
	else if (write_file(bytes, bytes_cnt) < 0)
		return;
	log_reason(answer, text, sizeof(text));
	put_result(self.label, answer->err ? "REJECT" : "ACCEPT", answer->err, answer->insn_processed,
		   answer->verification_time_ns / 1000, answer->err ? text : "");
	_exit(0);
}

static bool is_wanted(const void *attr, unsigned int attr_bytes)
{
	char name[16] = "";

	if (!self.want || attr_bytes < ATTR_END_PROG_LOAD_NAME)
		return false;
	(void)snprintf(name, sizeof(name), "%s", self.want);
	return !strncmp((const char *)attr + ATTR_PROG_LOAD_NAME, name, sizeof(name));
}

/*
 * Other programs of a struct_ops map load before or after the one we want, and may be refused:
 * they get a stand-in, since their verdicts are recorded in processes of their own.
 */
static bool is_sibling(const void *attr, unsigned int attr_bytes)
{
	return self.want && attr_bytes > ATTR_END_PROG_LOAD_NAME &&
	       attr_u32(attr, ATTR_PROG_LOAD_TYPE) == TYPE_STRUCT_OPS;
}

static long call_bpf(unsigned int cmd, void *attr, unsigned int attr_bytes)
{
	if (cmd == BPF_PROG_LOAD && !self.target && !is_wanted(attr, attr_bytes)) {
		if (is_sibling(attr, attr_bytes))
			return open("/dev/null", O_RDONLY | O_CLOEXEC);
		return rawcall3(__NR_bpf, (long)cmd, (long)attr, attr_bytes);
	}
	return capture_bpf(self.cap, cmd, attr, attr_bytes);
}

RAWCALL_VARARGS long syscall(long nr, ...)
{
	long arg[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_CNT(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == __NR_bpf && self.cap)
		ret = call_bpf((unsigned int)arg[0], (void *)arg[1], (unsigned int)arg[2]);
	else
		ret = rawcall(nr, arg);
	if (ret < 0 && ret >= -4095) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

/* ---- preparing an object, so that one program of it loads ---------------------------------- */

static int keep_reason(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char text[REASON_BYTES];

	if (level != LIBBPF_WARN)
		return 0;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	for (char *c = text; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	if (!self.reason[0])
		memcpy(self.reason, text, sizeof(self.reason));
	return 0;
}

static const struct {
	const char *prefix;
	enum bpf_prog_type type;
} types_by_section[] = {
	{ "xdp", BPF_PROG_TYPE_XDP },
	{ "socket", BPF_PROG_TYPE_SOCKET_FILTER },
	{ "sk_lookup", BPF_PROG_TYPE_SK_LOOKUP },
	{ "cgroup", BPF_PROG_TYPE_CGROUP_SKB },
	{ "classifier", BPF_PROG_TYPE_SCHED_CLS },
	{ "tc", BPF_PROG_TYPE_SCHED_CLS },
	{ "action", BPF_PROG_TYPE_SCHED_ACT },
	{ "kprobe", BPF_PROG_TYPE_KPROBE },
	{ "tracepoint", BPF_PROG_TYPE_TRACEPOINT },
}, types_by_ctx[] = {
	{ "xdp_md", BPF_PROG_TYPE_XDP },
	{ "__sk_buff", BPF_PROG_TYPE_SCHED_CLS },
	{ "bpf_sk_lookup", BPF_PROG_TYPE_SK_LOOKUP },
	{ "bpf_sock_addr", BPF_PROG_TYPE_CGROUP_SOCK_ADDR },
	{ "bpf_sock_ops", BPF_PROG_TYPE_SOCK_OPS },
	{ "sk_msg_md", BPF_PROG_TYPE_SK_MSG },
	{ "sk_reuseport_md", BPF_PROG_TYPE_SK_REUSEPORT },
	{ "bpf_sockopt", BPF_PROG_TYPE_CGROUP_SOCKOPT },
	{ "bpf_sysctl", BPF_PROG_TYPE_CGROUP_SYSCTL },
	{ "bpf_perf_event_data", BPF_PROG_TYPE_PERF_EVENT },
	{ "pt_regs", BPF_PROG_TYPE_KPROBE },
};

/* Name of the struct that the first argument points to; NULL when BTF does not say. */
static const char *ctx_struct_name(const struct bpf_object *obj, const char *prog_name)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *t;
	int id = btf ? btf__find_by_name_kind(btf, prog_name, BTF_KIND_FUNC) : -1;

	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type);
	if (!t || !btf_is_func_proto(t) || !btf_vlen(t))
		return NULL;
	t = btf__type_by_id(btf, btf_params(t)[0].type);
	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(btf, t->type);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_struct(t) ? btf__name_by_offset(btf, t->name_off) : NULL;
}

static void guess_type(const struct bpf_object *obj, struct bpf_program *prog)
{
	const char *ctx = ctx_struct_name(obj, bpf_program__name(prog));
	const char *sec = bpf_program__section_name(prog);

	for (size_t i = 0; i < ARRAY_CNT(types_by_section); i++)
		if (!strncmp(sec, types_by_section[i].prefix, strlen(types_by_section[i].prefix))) {
			(void)bpf_program__set_type(prog, types_by_section[i].type);
			return;
		}
	for (size_t i = 0; ctx && i < ARRAY_CNT(types_by_ctx); i++)
		if (!strcmp(ctx, types_by_ctx[i].prefix)) {
			(void)bpf_program__set_type(prog, types_by_ctx[i].type);
			return;
		}
}

/* Maps whose size is none of the loader's business; numbers, since headers may be older. */
static const unsigned int unsized_types[] = {
	19 /* cgroup storage */, 21 /* its per-CPU form */, 24 /* sk storage */, 26 /* struct_ops */,
	28 /* inode storage */,	 29 /* task storage */,	    32 /* cgrp storage */,
};

/* Sizes that the object leaves to its own loader. */
static void fill_map(struct bpf_map *map)
{
	unsigned int type = (unsigned int)bpf_map__type(map);
	bool ring = type == BPF_MAP_TYPE_RINGBUF || type == 31 /* user ring buffer */;

	(void)bpf_map__set_pin_path(map, NULL);
	for (size_t i = 0; i < ARRAY_CNT(unsized_types); i++)
		if (type == unsized_types[i])
			return;
	if ((type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS) &&
	    !bpf_map__inner_map(map))
		(void)bpf_map__set_inner_map_fd(
			map, bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, 4, 1, NULL));
	if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map))
		(void)bpf_map__set_value_size(map, 127 * sizeof(uint64_t));
	if (!bpf_map__max_entries(map))
		(void)bpf_map__set_max_entries(map, ring ? (uint32_t)getpagesize() : 1);
}

static const struct {
	const char *name;
	uint32_t flag;
} flag_tags[] = {
	{ "BPF_F_STRICT_ALIGNMENT", 1u << 0 },	 { "BPF_F_ANY_ALIGNMENT", 1u << 1 },
	{ "BPF_F_TEST_RND_HI32", 1u << 2 },	 { "BPF_F_TEST_STATE_FREQ", 1u << 3 },
	{ "BPF_F_SLEEPABLE", 1u << 4 },		 { "BPF_F_XDP_HAS_FRAGS", 1u << 5 },
	{ "BPF_F_TEST_REG_INVARIANTS", 1u << 7 },
};

/* The tests say with which load flags they are meant, in a BTF declaration tag. */
static void set_flags(const struct bpf_object *obj, struct bpf_program *prog)
{
	static const char prefix[] = "comment:test_prog_flags=";
	const struct btf *btf = bpf_object__btf(obj);
	uint32_t flags = bpf_program__flags(prog);
	int func = btf ? btf__find_by_name_kind(btf, bpf_program__name(prog), BTF_KIND_FUNC) : -1;

	for (uint32_t id = 1; func > 0 && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *tag;

		if (!btf_is_decl_tag(t) || t->type != (uint32_t)func)
			continue;
		tag = btf__name_by_offset(btf, t->name_off);
		if (strncmp(tag, prefix, sizeof(prefix) - 1))
			continue;
		for (size_t i = 0; i < ARRAY_CNT(flag_tags); i++)
			if (!strcmp(tag + sizeof(prefix) - 1, flag_tags[i].name))
				flags |= flag_tags[i].flag;
	}
	(void)bpf_program__set_flags(prog, flags);
}

static struct bpf_program *prepare(struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog, *wanted = NULL;
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		fill_map(map);
	bpf_object__for_each_program(prog, obj) {
		bool this = !strcmp(bpf_program__name(prog), name);

		(void)bpf_program__set_autoload(prog, this);
		if (this)
			wanted = prog;
	}
	if (!wanted)
		return NULL;
	if (bpf_program__type(wanted) == BPF_PROG_TYPE_UNSPEC)
		guess_type(obj, wanted);
	set_flags(obj, wanted);
	return wanted;
}

/* ---- one process a program ---------------------------------------------------------------- */

static struct bpf_object *open_object(const char *path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .relaxed_maps = true);
	struct bpf_object *obj = bpf_object__open_file(path, &opts);

	return libbpf_get_error(obj) ? NULL : obj;
}

static void drop_perfmon(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[CAP_NET_ADMIN / 32].effective |= 1u << CAP_NET_ADMIN % 32;
	data[CAP_BPF / 32].effective |= 1u << CAP_BPF % 32;
	data[0].permitted = data[0].effective;
	data[1].permitted = data[1].effective;
	if (rawcall3(__NR_capset, (long)&head, (long)data, 0) < 0)
		_exit(1);
}

/* One line of targets.tsv: a program, and the function of another one that it attaches to. */
struct target {
	char object[128], prog[128], on_object[128], on_prog[128];
	char func[128]; /* "-": its section's name says which */
	const char *dir;
};

/* Guests get objects stripped, under a shorter name. */
static void object_path(const char *dir, const char *object, char *path, size_t path_bytes)
{
	(void)snprintf(path, path_bytes, "%s/%s.o", dir, object);
	if (access(path, R_OK) < 0)
		(void)snprintf(path, path_bytes, "%s/%s.bpf.o", dir, object);
}

/* The program to attach to is loaded under the recorder's eyes, so that the bundle can carry it. */
static int load_target(const struct target *t)
{
	char path[PATH_BYTES];
	struct bpf_object *obj;
	struct bpf_program *prog;
	int r;

	object_path(t->dir, t->on_object, path, sizeof(path));
	obj = open_object(path);
	prog = obj ? prepare(obj, t->on_prog) : NULL;
	if (!prog)
		return -ENOENT;
	self.target = true;
	r = bpf_object__load(obj);
	self.target = false;
	return r < 0 ? r : bpf_program__fd(prog);
}

static int set_target(struct bpf_program *prog, const struct target *t)
{
	int fd = load_target(t);

	if (fd < 0)
		return fd;
	self.reason[0] = '\0';
	return bpf_program__set_attach_target(prog, fd, strcmp(t->func, "-") ? t->func : NULL);
}

static void not_loaded(void)
{
	put_result(self.label, "NOTLOADED", 0, 0, 0, self.reason);
	_exit(0);
}

/* t: what it attaches to; NULL for all others. */
static void child_load(const char *path, const char *name, const struct target *t)
{
	struct bpf_object *obj = open_object(path);
	struct bpf_program *prog = obj ? prepare(obj, name) : NULL;
	char source[512];

	if (!prog)
		not_loaded();
	(void)snprintf(source, sizeof(source), "%s:%s", self.object, self.label);
	self.cap = capture_new(keep_bundle, NULL);
	if (!self.cap)
		_exit(1);
	capture_set_source(self.cap, source);
	if (t && set_target(prog, t) < 0)
		not_loaded();
	if (self.no_perfmon)
		drop_perfmon();
	self.want = name;
	(void)bpf_object__load(obj);
	not_loaded(); /* it never reached the kernel, or could not be recorded */
}

/* The child's end, or -1 when it had to be killed. SIGCHLD is blocked by main(). */
static int wait_child(pid_t pid, unsigned int limit_s)
{
	struct timespec limit = { .tv_sec = limit_s };
	sigset_t chld;
	int status;

	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	while (waitpid(pid, &status, WNOHANG) == 0)
		if (sigtimedwait(&chld, NULL, &limit) < 0 && errno == EAGAIN) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return -1;
		}
	return status;
}

static void load_one(const char *path, const char *name, const struct target *t, unsigned int limit_s)
{
	struct rlimit memory = { TASK_BYTES_MAX, TASK_BYTES_MAX };
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(8);
	}
	if (pid == 0) {
		(void)setrlimit(RLIMIT_AS, &memory);
		child_load(path, name, t);
	}
	status = wait_child(pid, limit_s);
	if (status)
		put_result(self.label, status < 0 ? "TIMEOUT" : "CRASHED", 0, 0, 0, "");
}

/* Is "object\tprog\t" the beginning of a line of text? */
static bool listed(const char *text, const char *prog)
{
	char want[1024];
	int n = snprintf(want, sizeof(want), "\n%s\t%s\t", self.object, prog);

	return text && (strstr(text, want) || !strncmp(text, want + 1, (size_t)n - 1));
}

static char *read_text(const char *path)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	char *text = NULL;
	size_t room = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		text = NULL;
	}
	(void)fclose(f);
	return text;
}

static void set_object_name(const char *path, char *name, size_t name_bytes)
{
	const char *base = strrchr(path, '/');
	char *end;

	(void)snprintf(name, name_bytes, "%s", base ? base + 1 : path);
	end = strstr(name, ".bpf.o");
	if (!end)
		end = strrchr(name, '.');
	if (end)
		*end = '\0';
	self.object = name;
}

/* Said before each load: after a crash of the machine it names the culprit. */
static void mark_inflight(const char *prog)
{
	char path[4096];
	FILE *f;

	if (self.stream) {
		(void)printf("@@INFLIGHT %s %s\n", self.object, prog);
		(void)fflush(stdout);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/inflight.tsv", self.dir);
	f = fopen(path, "we");
	if (!f)
		return;
	(void)fprintf(f, "%s\t%s\tINFLIGHT\n", self.object, prog);
	(void)fflush(f);
	(void)fdatasync(fileno(f));
	(void)fclose(f);
}

struct lists {
	char *skip, *only, *done, *inflight; /* text of files; NULL: no such list */
	const char *targets;		     /* path; NULL: programs that attach to no program */
};

static void load_program(const char *path, const char *name, const struct target *t, unsigned int limit_s,
			 const struct lists *lists)
{
	char label[4 * 128 + 4];

	if (t)
		(void)snprintf(label, sizeof(label), "%s@%s.%s.%s", name, t->on_object, t->on_prog, t->func);
	else
		(void)snprintf(label, sizeof(label), "%s", name);
	self.label = label;
	if (listed(lists->done, label) || (lists->only && !listed(lists->only, label)))
		return;
	self.reason[0] = '\0';
	if (listed(lists->skip, label)) {
		put_result(label, "SKIPPED", 0, 0, 0, "on the list of exclusions");
	} else if (listed(lists->inflight, label)) {
		put_result(label, "CRASHED", 0, 0, 0, "the machine went down");
	} else {
		mark_inflight(label);
		load_one(path, name, t, limit_s);
	}
}

static void load_object(const char *path, unsigned int limit_s, const struct lists *lists)
{
	char object[256], *names[NAMES_MAX];
	struct bpf_object *obj;
	struct bpf_program *prog;
	size_t cnt = 0;

	set_object_name(path, object, sizeof(object));
	self.reason[0] = '\0';
	obj = open_object(path);
	if (!obj) {
		if (!listed(lists->done, "-") && !lists->only)
			put_result("-", "NOTOPENED", 0, 0, 0, self.reason);
		return;
	}
	bpf_object__for_each_program(prog, obj)
		if (cnt < NAMES_MAX)
			names[cnt++] = strdup(bpf_program__name(prog));
	bpf_object__close(obj);
	for (size_t i = 0; i < cnt; i++) {
		load_program(path, names[i], NULL, limit_s, lists);
		free(names[i]);
	}
}

/* A directory stands for its objects: a guest's command line is short. */
static void load_path(const char *path, unsigned int limit_s, const struct lists *lists)
{
	char pattern[4096];
	glob_t found = { 0 };
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		load_object(path, limit_s, lists);
		return;
	}
	(void)snprintf(pattern, sizeof(pattern), "%s/*.o", path);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			load_object(found.gl_pathv[i], limit_s, lists);
	globfree(&found);
}

/* Programs that attach to programs: the lines of a file. */
static int load_targets(const char *file, const char *dir, unsigned int limit_s, const struct lists *lists)
{
	char line[1024], path[PATH_BYTES], object[256];
	FILE *f = fopen(file, "re");
	struct target t = { .dir = dir };

	if (!f) {
		perror(file);
		return 8;
	}
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || sscanf(line, "%127s %127s %127s %127s %127s", t.object, t.prog, t.on_object,
					     t.on_prog, t.func) != 5)
			continue;
		object_path(dir, t.object, path, sizeof(path));
		set_object_name(path, object, sizeof(object));
		load_program(path, t.prog, &t, limit_s, lists);
	}
	(void)fclose(f);
	return 0;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: load-each [-c] [-t SECONDS] [-x EXCLUDE-FILE] [-i ONLY-FILE] "
			      "[-a TARGETS-FILE] -o DIR|- OBJ|DIR...\n");
	return 2;
}

static void stream_btf(void)
{
	char release[RELEASE_BYTES];
	OWN_MEM uint8_t *btf = malloc(BTF_BYTES_MAX);
	OWN_FD int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	size_t cnt = 0;
	ssize_t n;

	while (btf && fd >= 0 && (n = read(fd, btf + cnt, BTF_BYTES_MAX - cnt)) > 0)
		cnt += (size_t)n;
	release_running(release, sizeof(release));
	release[strcspn(release, " ")] = '\0';
	if (cnt)
		stream_bytes("BTF", release, "-", btf, cnt);
}

static int open_results(struct lists *lists)
{
	char path[4096];

	self.stream = !strcmp(self.dir, "-");
	if (self.stream) {
		self.results = stdout;
		stream_btf();
		return 0;
	}
	(void)mkdir(self.dir, 0777);
	(void)snprintf(path, sizeof(path), "%s/inflight.tsv", self.dir);
	lists->inflight = read_text(path);
	(void)snprintf(path, sizeof(path), "%s/results.tsv", self.dir);
	lists->done = read_text(path);
	self.results = fopen(path, "ae");
	if (!self.results)
		perror(path);
	return self.results ? 0 : -1;
}

static int parse_options(int argc, char **argv, struct lists *lists, unsigned int *limit_s)
{
	int opt;

	while ((opt = getopt(argc, argv, "ct:x:i:a:o:")) >= 0) {
		if (opt == 'c')
			self.no_perfmon = true;
		else if (opt == 't')
			*limit_s = (unsigned int)atoi(optarg);
		else if (opt == 'x')
			lists->skip = read_text(optarg);
		else if (opt == 'i')
			lists->only = read_text(optarg);
		else if (opt == 'a')
			lists->targets = optarg;
		else if (opt == 'o')
			self.dir = optarg;
		else
			return -1;
	}
	return self.dir && optind < argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct lists lists = { 0 };
	unsigned int limit_s = 6;
	sigset_t chld;

	if (parse_options(argc, argv, &lists, &limit_s) < 0)
		return usage();
	if (open_results(&lists) < 0)
		return 8;
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &chld, NULL);
	(void)libbpf_set_print(keep_reason);
	if (lists.targets)
		return load_targets(lists.targets, argv[optind], limit_s, &lists);
	for (int i = optind; i < argc; i++)
		load_path(argv[i], limit_s, &lists);
	free(lists.skip);
	free(lists.only);
	free(lists.done);
	free(lists.inflight);
	return 0;
}
