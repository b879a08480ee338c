/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaders show the end of the log, cut it at their buffer and read numbers from its last line, so a log
 * of ours is built like one of the kernel's: explanation first, then the classic message, then
 * "processed N insns". The decision's id stands at both ends, whatever gets cut.
 */
#include "daemon/broker/work/reply_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/work/scrub.h"

/* The loader sets this much aside for a log at most; the kernel's own logs stay below. */
#define LOGS_BYTES_MAX (16u << 20)
#define LOGS_LIMIT_INSNS 1000000

const struct reply_log_fields reply_log_prog_load = {
	ATTR_PROG_LOAD_LOG_BUF,	      ATTR_PROG_LOAD_LOG_SIZE,		ATTR_PROG_LOAD_LOG_LEVEL,
	ATTR_PROG_LOAD_LOG_TRUE_SIZE, ATTR_END_PROG_LOAD_LOG_TRUE_SIZE,
};
const struct reply_log_fields reply_log_btf_load = {
	ATTR_BTF_LOAD_LOG_BUF,	     ATTR_BTF_LOAD_LOG_SIZE,	      ATTR_BTF_LOAD_LOG_LEVEL,
	ATTR_BTF_LOAD_LOG_TRUE_SIZE, ATTR_END_BTF_LOAD_LOG_TRUE_SIZE,
};

int reply_log_read(const struct work *work, const struct reply_log_fields *fields,
		   struct log_buf_want *ret_want)
{
	*ret_want = (struct log_buf_want){
		.level = work_u32(work, fields->level),
		.size = work_u32(work, fields->size),
		.has_buf = work_ptr(work, fields->buf)->state != WIRE_PTR_NULL,
	};
	return log_buf_check(ret_want);
}

int reply_log_add_to_call(const struct work *work, const struct reply_log_fields *fields,
			  struct loader_call *call)
{
	uint32_t size = work_u32(work, fields->size);

	if (work_ptr(work, fields->buf)->state == WIRE_PTR_NULL)
		return 0;
	if (size > LOGS_BYTES_MAX) {
		size = LOGS_BYTES_MAX;
		attr_put_u32(call->ask.attr, fields->size, size);
	}
	return loader_add_out(call, fields->buf, size, PTR_TEXT);
}

/* Did the kernel drop the beginning, as kernels do that keep the end of a log? Then the area is full. */
static bool reply_log_is_cut(const struct work *work, const struct reply_log_fields *fields,
			     const struct loader_result *result, size_t text_bytes)
{
	uint32_t size = attr_u32(work->loader_call->ask.attr, fields->size), true_size = 0;

	if (result->answer->attr_bytes >= fields->true_size_end)
		true_size = attr_u32(result->answer->attr, fields->true_size);
	return !(work_u32(work, fields->level) & LOG_BUF_FIXED) &&
	       (true_size ? true_size > size : text_bytes + 1 >= size);
}

void reply_log_take_kernels(struct work *work, const struct reply_log_fields *fields,
			    const struct loader_result *result, unsigned int out_idx,
			    const struct bpf_insn *insns, size_t insn_cnt)
{
	uint32_t bytes = 0;
	const uint8_t *log;
	bool cut;

	if (result->answer->attr_bytes >= fields->true_size_end)
		reply_set_out(&work->reply, &work->req, fields->true_size,
			      attr_u32(result->answer->attr, fields->true_size));
	if (work_ptr(work, fields->buf)->state == WIRE_PTR_NULL)
		return;
	log = loader_result_out(work->loader_call, result, out_idx, &bytes);
	if (!log || bytes == 0)
		return;
	free(work->log);
	work->log = malloc(bytes);
	if (!work->log)
		return;
	memcpy(work->log, log, bytes);
	cut = reply_log_is_cut(work, fields, result, strnlen(work->log, bytes));
	scrub_log(work->log, bytes, cut, insns, insn_cnt);
	reply_set_buf(&work->reply, &work->req, fields->buf, work->log, bytes);
}

int reply_log_put(struct work *work, const struct reply_log_fields *fields, const char *text,
		  int err)
{
	struct log_buf_want want;
	size_t start, bytes;
	uint32_t true_size;
	int r;

	if (reply_log_read(work, fields, &want) < 0)
		return EINVAL;
	r = log_buf_fit(&want, strlen(text), &start, &bytes, &true_size);
	if (want.level)
		reply_set_out(&work->reply, &work->req, fields->true_size, true_size);
	if (want.has_buf && want.level) {
		free(work->log);
		work->log = strndup(text + start, bytes);
		if (!work->log)
			return ENOMEM;
		reply_set_buf(&work->reply, &work->req, fields->buf, work->log, bytes + 1);
	}
	return r < 0 ? ENOSPC : err;
}

char *reply_log_compose(const struct work *work, const char *verdict, const char *code,
			const char *explanation, const char *log, size_t log_bytes,
			const char *message, const struct judge_verdict *stats)
{
	static const struct judge_verdict none;
	char id[DECISION_ID_BYTES], *text = NULL;
	const struct judge_verdict *s = stats ? stats : &none;

	decision_format_id(work->decision->id, id);
	if (asprintf(&text,
		     "bpfgate %s %s %s%s%s (bpfgate why %s)\n%s%s%.*s%s%s%s"
		     "processed %llu insns (limit %d) max_states_per_insn %llu total_states %llu "
		     "peak_states %llu mark_read 0 bpfgate %s\n",
		     id, verdict, code, s->place[0] ? " " : "", s->place, id, explanation, explanation[0] ? "\n" : "", (int)log_bytes,
		     log ? log : "",
		     log_bytes && log[log_bytes - 1] != '\n' ? "\n" : "", message,
		     message[0] ? "\n" : "", (unsigned long long)s->insn_processed, LOGS_LIMIT_INSNS,
		     (unsigned long long)s->max_states_per_insn,
		     (unsigned long long)s->total_states, (unsigned long long)s->peak_states,
		     id) < 0)
		return NULL;
	return text;
}
