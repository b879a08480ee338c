/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging many programs at once. Promises that a program which kills its worker is reported as our
 * bug and costs no other program its verdict, and that results do not depend on the number of
 * workers. Workers share only a counter; each writes its results into a file in memory of its own,
 * and what a worker that died had not finished writing is dropped.
 */
#include "client/check/check.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "client/check/check_missing.h"
#include "client/check/check_model.h"
#include "client/check/check_object.h"
#include "client/check/check_target.h"
#include "client/check/varname.h"
#include "object/lineinfo.h"
#include "proto/own.h"
#include "verifier/state/diag.h"

#define KERNEL_NAME_LEN 15
#define PROGRESS_MS	1000

/* Shared by the parent and its workers. */
struct board {
	uint32_t items;
	_Atomic uint32_t next; /* the next item nobody took */
	_Atomic uint32_t done;
	_Atomic uint32_t taken[CHECK_WORKERS_MAX]; /* 1 + the item a worker is at */
};

struct job {
	const struct check_options *opts;
	const struct check_inputs *inputs;
	struct check_targets *targets;
	struct board *board;
	int results_fd;
	const struct check_kernel *kernel; /* the item's; NULL: no memory */
	struct needs *needs;		   /* of the object being judged; NULL: a bundle is */
	struct varname *names;		   /* of the object being judged; NULL: none are known */
	struct check_result result;	   /* being filled */
	char *model; /* of it, as JSON text; NULL: none */
};

/* ---- in a worker -------------------------------------------------------------------------- */

static void send_bytes(const struct job *job, const void *bytes, size_t cnt)
{
	ssize_t n;

	do
		n = write(job->results_fd, bytes, cnt);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)cnt)
		_exit(1); /* out of memory */
}

static void send_result(struct job *job)
{
	job->result.model_bytes = job->model ? strlen(job->model) : 0;
	send_bytes(job, &job->result, sizeof(job->result));
	if (job->model)
		send_bytes(job, job->model, job->result.model_bytes);
	free(job->model);
	job->model = NULL;
}

static void set_text(char *to, size_t to_bytes, const char *from)
{
	(void)snprintf(to, to_bytes, "%s", from ? from : "");
}

static void set_reference_message(struct check_result *result, const struct bundle_answer *answer)
{
	size_t bytes = 0;
	const char *text = answer->err ? bundle_answer_reason(answer, &bytes) : "";

	(void)snprintf(result->reference_message, sizeof(result->reference_message), "%.*s", (int)bytes,
		       text);
}

static void set_reference(struct check_result *result, const struct bundle_answer *answer)
{
	result->known = answer->known;
	if (!answer->known)
		return;
	result->reference_err = answer->err;
	result->reference_insns = answer->insn_processed;
	result->reference_states = answer->total_states;
	result->reference_peak_states = answer->peak_states;
	result->reference_time_ns = answer->verification_time_ns;
	set_reference_message(result, answer);
}

static void set_verdict(struct check_result *result, const struct bgv_result *verdict)
{
	result->verdict = verdict->verdict;
	result->err = (uint32_t)verdict->err;
	result->insn_idx = verdict->insn_idx;
	result->stats = verdict->stats;
	set_text(result->code, sizeof(result->code), verdict->code);
	set_text(result->message, sizeof(result->message), verdict->message);
	set_text(result->class_name, sizeof(result->class_name), verdict->class_name);
	set_text(result->cause, sizeof(result->cause), verdict->cause);
	set_text(result->way_out, sizeof(result->way_out), verdict->way_out);
}

static void set_model(struct job *job, const struct bgv_program *prog, const struct bgv_result *verdict)
{
	json_t *model = verdict->verdict == BGV_ACCEPT ? NULL : check_model(prog, verdict, job->names != NULL);

	job->model = model ? json_dumps(model, JSON_COMPACT) : NULL;
	json_decref(model);
}

static void set_place(struct check_result *result, const struct bgv_program *prog)
{
	struct lineinfo line = { .file = "", .text = "" };

	if (result->insn_idx != UINT32_MAX)
		(void)lineinfo_find(prog, result->insn_idx, &line);
	result->line = line.line;
	result->column = line.column;
	set_text(result->file, sizeof(result->file), line.file);
	set_text(result->line_text, sizeof(result->line_text), line.text);
	result->line_text[strcspn(result->line_text, "\n")] = '\0';
	for (char *c = result->line_text; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
}

static void set_digest(struct job *job, const struct bgv_program *prog)
{
	const struct digest_options opt = { .vmlinux = job->kernel->names };
	uint8_t digest[DIGEST_BYTES];

	job->result.digest[0] = '\0';
	if (digest_program(prog, &opt, digest) >= 0)
		digest_to_hex(digest, job->result.digest);
}

static void set_kernel(struct check_result *result, const struct check_kernel *kernel,
		       enum measured_confidence confidence)
{
	set_text(result->kernel, sizeof(result->kernel), kernel->name);
	set_text(result->rules, sizeof(result->rules), kernel->rules);
	set_text(result->confidence, sizeof(result->confidence), measured_name(confidence));
}

/* One program on one kernel: fills the verdict and sends the record. */
static void judge_on(struct job *job, const struct bgv_program *prog)
{
	const struct bgv_options options = {
		.limits = job->opts->limits,
		.explain = 1,
		.name_of = varname_find,
		.near_name_of = varname_find_near,
		.stack_name_of = varname_find_stack,
		.name_ctx = job->names,
	};
	struct check_result *result = &job->result;
	struct bgv_result verdict = { 0 };

	set_digest(job, prog);
	set_kernel(result, job->kernel, job->kernel->confidence);
	if (!job->kernel->target) {
		verdict.verdict = BGV_UNSUPPORTED;
		verdict.insn_idx = UINT32_MAX;
		set_text(verdict.message, sizeof(verdict.message), "no profile of this kernel");
	} else if (bgv_verify(job->kernel->target, prog, &options, &verdict) < 0) {
		verdict = (struct bgv_result){ .verdict = BGV_UNDECIDED, .insn_idx = UINT32_MAX };
		set_text(verdict.message, sizeof(verdict.message), "out of memory");
	}
	if (job->needs)
		check_missing_explain(job->needs, job->kernel, prog, &verdict);
	set_verdict(result, &verdict);
	set_model(job, prog, &verdict);
	if (result->verdict == BGV_ACCEPT)
		result->insn_idx = UINT32_MAX; /* nothing is to blame */
	set_place(result, prog);
	bgv_result_done(&verdict);
	send_result(job);
}

/* The kernel keeps 15 bytes of a name, so a bundle has no more; an object has all of it. */
static bool name_is_asked(const struct check_options *opts, const char *name)
{
	if (!opts->prog)
		return true;
	if (!name)
		return false;
	return !strcmp(opts->prog, name) ||
	       (strlen(name) == KERNEL_NAME_LEN && !strncmp(opts->prog, name, KERNEL_NAME_LEN));
}

static void judge(struct job *job, const char *name, const struct bgv_program *prog)
{
	struct bgv_program asked = *prog;

	if (job->opts->mode_given)
		asked.mode = job->opts->mode;
	varname_of_program(job->names, &asked, name);
	job->result.prog_type = prog->prog_type;
	job->result.insn_cnt = prog->insn_cnt;
	set_text(job->result.prog, sizeof(job->result.prog), name);
	judge_on(job, &asked);
}

/* No program gets as far as a verifier: the kernel lacks what the loader needs, or it is not known
 * whether it does. */
static void say_finding(struct job *job, const char *name, const struct check_finding *finding)
{
	struct check_result *result = &job->result;
	const struct diag *diag = diag_find(diag_code_name(finding->code));

	result->verdict = finding->refused ? BGV_REJECT : BGV_UNSUPPORTED;
	result->err = (uint32_t)finding->err;
	result->insn_idx = UINT32_MAX;
	result->stats = (struct bgv_stats){ 0 };
	result->digest[0] = result->file[0] = result->cause[0] = '\0';
	set_text(result->prog, sizeof(result->prog), name);
	set_kernel(result, job->kernel,
		   finding->refused ? job->kernel->confidence : MEASURED_FEATURES);
	set_text(result->code, sizeof(result->code), diag_code_name(finding->code));
	set_text(result->message, sizeof(result->message), finding->message);
	set_text(result->class_name, sizeof(result->class_name),
		 finding->refused ? diag_class_name(diag->cls) : "");
	set_text(result->way_out, sizeof(result->way_out), finding->refused ? diag->way_out : "");
	send_result(job);
}

/* A recorded program holds numbers of the types of the kernel that it was recorded on. */
static bool bundle_is_bound(const struct bgv_program *prog)
{
	if (prog->attach_btf_id)
		return true;
	for (uint32_t i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			if (insn->src_reg == BPF_PSEUDO_BTF_ID)
				return true;
			i++;
		} else if (insn->code == (BPF_JMP | BPF_CALL) &&
			   insn->src_reg == BPF_PSEUDO_KFUNC_CALL) {
			return true;
		}
	}
	return false;
}

static int judge_bundle(struct job *job, const uint8_t *bytes, size_t bytes_cnt)
{
	struct check_finding bound = { .code = CODE_NOT_CHECKED };
	OWN_BUNDLE struct bundle *bundle = NULL;
	int r = bundle_decode(bytes, bytes_cnt, &bundle);

	if (r < 0 || !name_is_asked(job->opts, bundle->prog.name))
		return r;
	set_text(job->result.source, sizeof(job->result.source), bundle->answer.source);
	if (!job->opts->kernel_cnt) {
		set_reference(&job->result, &bundle->answer);
		job->kernel = check_targets_get(job->targets, bundle->answer.release,
						bundle->answer.nr_cpus);
	}
	if (!job->kernel)
		return -ENOMEM;
	if (!strcmp(job->kernel->name, bundle->answer.release) || !bundle_is_bound(&bundle->prog)) {
		judge(job, bundle->prog.name, &bundle->prog);
		return 0;
	}
	if (!job->opts->kernel_cnt) { /* the release is its own, whatever the library calls it */
		judge(job, bundle->prog.name, &bundle->prog);
		return 0;
	}
	(void)snprintf(bound.message, sizeof(bound.message),
		       "recorded on %.80s: its numbers of types mean nothing on %.80s",
		       bundle->answer.release, job->kernel->name);
	say_finding(job, bundle->prog.name, &bound);
	return 0;
}

static void judge_one(void *arg, const struct check_object_program *program)
{
	struct job *job = arg;

	job->result.sub_idx = program->idx;
	if (!name_is_asked(job->opts, program->name))
		return;
	if (program->finding->code || !program->prog)
		say_finding(job, program->name, program->finding);
	else
		judge(job, program->name, program->prog);
}

static int judge_object(struct job *job, const uint8_t *bytes, size_t bytes_cnt, char *ret_reason)
{
	int r = -ENOMEM;

	if (!job->kernel)
		return -ENOMEM;
	job->needs = needs_new(bytes, bytes_cnt);
	job->names = varname_new(bytes, bytes_cnt);
	if (job->needs)
		r = check_object_programs(bytes, bytes_cnt, job->needs, job->kernel, judge_one, job,
					  ret_reason);
	varname_free(job->names);
	needs_free(job->needs);
	job->names = NULL;
	job->needs = NULL;
	return r;
}

/* How many kernels are asked about: 1 where each input says, or means, its own. */
static uint32_t kernels_asked(const struct check_options *opts)
{
	return opts->kernel_cnt ? (uint32_t)opts->kernel_cnt : 1;
}

/* An item of work is an input on one kernel; what is wrong with the input itself is said once. */
static void judge_item(struct job *job, uint32_t item)
{
	const struct check_result empty = { .input_idx = item / kernels_asked(job->opts),
					    .kernel_idx = item % kernels_asked(job->opts) };
	OWN_MEM uint8_t *bytes = NULL;
	char reason[CHECK_REASON_BYTES] = "";
	size_t bytes_cnt = 0;
	int r;

	job->result = empty;
	job->kernel = check_targets_get(
		job->targets, job->opts->kernel_cnt ? job->opts->kernels[empty.kernel_idx] : NULL,
		0);
	r = job->inputs->errs[empty.input_idx];
	if (r >= 0)
		r = check_read_file(job->inputs->paths[empty.input_idx], &bytes, &bytes_cnt);
	if (r >= 0 && bundle_is_bundle(bytes, bytes_cnt))
		r = judge_bundle(job, bytes, bytes_cnt);
	else if (r >= 0)
		r = judge_object(job, bytes, bytes_cnt, reason);
	if (r < 0 && !empty.kernel_idx) {
		job->result = empty;
		job->result.input_err = r;
		set_text(job->result.message, sizeof(job->result.message), reason);
		send_result(job);
	}
}

static void worker_main(struct job *job, unsigned int slot)
{
	uint32_t item;

	while ((item = job->board->next++) < job->board->items) {
		job->board->taken[slot] = item + 1;
		judge_item(job, item);
		job->board->taken[slot] = 0;
		job->board->done++;
	}
	_exit(0);
}

/* ---- in the parent ------------------------------------------------------------------------ */

struct crew {
	struct job job;
	pid_t pids[CHECK_WORKERS_MAX];
	int files[CHECK_WORKERS_MAX]; /* results, of each worker its own; -1: none */
	unsigned int cnt;
	struct check_result *results;
	size_t result_cnt, room;
};

static int crew_spawn(struct crew *crew, unsigned int slot)
{
	pid_t pid;

	crew->files[slot] = memfd_create("results", MFD_CLOEXEC);
	if (crew->files[slot] < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		crew->job.results_fd = crew->files[slot];
		worker_main(&crew->job, slot);
	}
	crew->pids[slot] = pid;
	return 0;
}

static int crew_add(struct crew *crew, const struct check_result *result)
{
	struct check_result *grown;

	if (crew->result_cnt == crew->room) {
		crew->room = crew->room ? 2 * crew->room : 256;
		grown = reallocarray(crew->results, crew->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		crew->results = grown;
	}
	crew->results[crew->result_cnt++] = *result;
	return 0;
}

/* A worker has ended before its time: that is a result too. The others take what it left. */
static int crew_note_crash(struct crew *crew, unsigned int slot, int status)
{
	struct check_result crash = { .crashed = true, .sub_idx = UINT32_MAX };
	uint32_t taken = crew->job.board->taken[slot];

	crew->job.board->taken[slot] = 0;
	if (!taken)
		return 0;
	crash.input_idx = (taken - 1) / kernels_asked(crew->job.opts);
	crash.kernel_idx = (taken - 1) % kernels_asked(crew->job.opts);
	(void)snprintf(crash.message, sizeof(crash.message), "the verifier died: %s",
		       WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it gave up");
	return crew_add(crew, &crash);
}

/* The model after a record at `at`; NULL: it has none. 0, -ENODATA (it was cut off), -ENOMEM. */
static int read_model(int fd, off_t at, size_t bytes, json_t **ret_model)
{
	OWN_MEM char *text = NULL;

	*ret_model = NULL;
	if (!bytes)
		return 0;
	text = malloc(bytes);
	if (!text)
		return -ENOMEM;
	if (pread(fd, text, bytes, at) != (ssize_t)bytes)
		return -ENODATA;
	*ret_model = json_loadb(text, bytes, 0, NULL);
	return *ret_model ? 0 : -ENOMEM;
}

/* What the worker has written whole. */
static int crew_collect(struct crew *crew, unsigned int slot)
{
	OWN_FD int fd = TAKE_FD(crew->files[slot]);
	struct check_result result;
	off_t at = 0;
	int r = 0;

	while (fd >= 0 && r >= 0 && pread(fd, &result, sizeof(result), at) == (ssize_t)sizeof(result)) {
		at += (off_t)sizeof(result);
		r = read_model(fd, at, result.model_bytes, &result.model);
		at += (off_t)result.model_bytes;
		if (r == -ENODATA)
			return 0;
		if (r >= 0)
			r = crew_add(crew, &result);
		if (r < 0)
			json_decref(result.model);
	}
	return r;
}

/* A line on a terminal, from the first second on, until all workers have ended. */
static void crew_watch(const struct crew *crew)
{
	const struct board *board = crew->job.board;
	struct pollfd fds[CHECK_WORKERS_MAX];
	unsigned int left = 0;
	bool said = false;

	for (unsigned int i = 0; i < crew->cnt; i++) {
		fds[i] = (struct pollfd){ .fd = crew->pids[i] > 0 ? pidfd_open(crew->pids[i], 0) : -1,
					  .events = POLLIN };
		left += fds[i].fd >= 0;
	}
	while (left) {
		if (poll(fds, crew->cnt, PROGRESS_MS) == 0) {
			(void)fprintf(stderr, "\rchecked %u of %u ", board->done, board->items);
			said = true;
		}
		for (unsigned int i = 0; i < crew->cnt; i++)
			if (fds[i].fd >= 0 && fds[i].revents) {
				(void)close(fds[i].fd);
				fds[i].fd = -1;
				left--;
			}
	}
	if (said)
		(void)fputs("\r\033[K", stderr);
}

static int crew_wait(struct crew *crew, unsigned int slot)
{
	int r, status = 0;

	if (crew->pids[slot] > 0)
		while (waitpid(crew->pids[slot], &status, 0) < 0 && errno == EINTR)
			;
	crew->pids[slot] = 0;
	r = crew_collect(crew, slot);
	return r >= 0 && status ? crew_note_crash(crew, slot, status) : r;
}

/*
 * Starts all workers and waits for them. When all have died, inputs are left and the caller starts
 * another round.
 */
static int crew_round(struct crew *crew)
{
	int r = 0, one;

	for (unsigned int i = 0; i < crew->cnt; i++) {
		crew->files[i] = -1;
		crew->pids[i] = 0;
	}
	for (unsigned int i = 0; i < crew->cnt && r >= 0; i++)
		r = crew_spawn(crew, i);
	if (!crew->job.opts->quiet && isatty(STDERR_FILENO))
		crew_watch(crew);
	for (unsigned int i = 0; i < crew->cnt; i++) {
		one = crew_wait(crew, i);
		r = r < 0 ? r : one;
	}
	return r;
}

static int by_place(const void *a, const void *b)
{
	const struct check_result *x = a, *y = b;

	if (x->input_idx != y->input_idx)
		return x->input_idx < y->input_idx ? -1 : 1;
	if (x->sub_idx != y->sub_idx)
		return x->sub_idx < y->sub_idx ? -1 : 1;
	return (x->kernel_idx > y->kernel_idx) - (x->kernel_idx < y->kernel_idx);
}

/* Kernels are parsed once, before the workers start; only as many as there is work for. */
static void prepare_kernels(const struct check_options *opts, const struct check_inputs *inputs,
			    struct check_targets *targets)
{
	if (!opts->kernel_cnt)
		(void)check_targets_get(targets, NULL, 0);
	for (size_t i = 0; i < opts->kernel_cnt && inputs->cnt > 1; i++)
		(void)check_targets_get(targets, opts->kernels[i], 0);
}

void check_results_free(struct check_result *results, size_t result_cnt)
{
	for (size_t i = 0; i < result_cnt; i++)
		json_decref(results[i].model);
	free(results);
}

int check_run(const struct check_options *opts, const struct check_inputs *inputs,
	      struct check_targets *targets, struct check_result **ret_results,
	      size_t *ret_result_cnt)
{
	struct crew crew = { .job = { .opts = opts, .inputs = inputs, .targets = targets },
			     .cnt = opts->workers };
	uint32_t items;
	int r = 0;

	if (inputs->cnt > UINT32_MAX / 2 / CHECK_KERNELS_MAX)
		return -E2BIG;
	items = (uint32_t)inputs->cnt * kernels_asked(opts);
	crew.job.board = mmap(NULL, sizeof(*crew.job.board), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew.job.board == MAP_FAILED)
		return -errno;
	crew.job.board->items = items;
	prepare_kernels(opts, inputs, targets);
	if (crew.cnt > items)
		crew.cnt = items;
	while (r >= 0 && crew.job.board->next < items)
		r = crew_round(&crew);
	(void)munmap(crew.job.board, sizeof(*crew.job.board));
	if (r < 0) {
		check_results_free(crew.results, crew.result_cnt);
		return r;
	}
	if (crew.result_cnt)
		qsort(crew.results, crew.result_cnt, sizeof(*crew.results), by_place);
	*ret_results = crew.results;
	*ret_result_cnt = crew.result_cnt;
	return 0;
}
