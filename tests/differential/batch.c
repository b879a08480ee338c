/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batch file: "bpfgbtch", then records of a kind (4 bytes), payload bytes (4) and the payload. It travels only
 * between the two halves of one run on one kind of machine, so numbers stand as the machine keeps them.
 */
#include "tests/differential/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

#define BATCH_MAGIC "bpfgbtch"
#define BATCH_BYTES_MAX (512u << 20)

enum { RECORD_BASE = 1, RECORD_PROGRAM = 2 };

struct record {
	uint32_t kind, bytes;
};

struct head {
	uint64_t id;
	uint32_t base, prog_type, attach_type, prog_flags, insn_cnt, func_cnt;
};

struct base {
	const uint8_t *bytes;
	size_t bytes_cnt;
	struct bundle *bundle;
};

struct batch {
	uint8_t *bytes;
	size_t bytes_cnt, at;
	struct base *bases;
	uint32_t base_cnt;	/* met so far */
	uint32_t passed;	/* base records after `at` */
};

int batch_begin(FILE *file)
{
	return fwrite(BATCH_MAGIC, 8, 1, file) == 1 ? 0 : -EIO;
}

int batch_put_base(FILE *file, const uint8_t *bundle, size_t bytes)
{
	struct record record = { RECORD_BASE, (uint32_t)bytes };

	return fwrite(&record, sizeof(record), 1, file) == 1 && fwrite(bundle, bytes, 1, file) == 1 ? 0 : -EIO;
}

int batch_put_program(FILE *file, const struct program *p)
{
	struct head head = { p->id, p->base, p->prog_type, p->attach_type, p->prog_flags, p->insn_cnt, p->func_cnt };
	size_t funcs = p->func_cnt * sizeof(*p->func_offs), insns = p->insn_cnt * sizeof(*p->insns);
	struct record record = { RECORD_PROGRAM, (uint32_t)(sizeof(head) + funcs + insns) };

	if (fwrite(&record, sizeof(record), 1, file) != 1 || fwrite(&head, sizeof(head), 1, file) != 1)
		return -EIO;
	return fwrite(p->func_offs, 1, funcs, file) == funcs && fwrite(p->insns, 1, insns, file) == insns ? 0 : -EIO;
}

static int read_whole(const char *path, uint8_t **ret_bytes, size_t *ret_cnt)
{
	FILE *file = fopen(path, "re");
	OWN_MEM uint8_t *bytes = NULL;
	long size;
	int r = -EBADMSG;

	if (!file)
		return -errno;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 8 && size <= (long)BATCH_BYTES_MAX) {
		rewind(file);
		bytes = malloc((size_t)size);
		r = bytes ? 0 : -ENOMEM;
		if (bytes && fread(bytes, (size_t)size, 1, file) != 1)
			r = -EIO;
	}
	(void)fclose(file);
	if (r < 0)
		return r;
	*ret_cnt = (size_t)size;
	*ret_bytes = TAKE_PTR(bytes);
	return 0;
}

int batch_open(const char *path, struct batch **ret_batch)
{
	OWN_BATCH struct batch *batch = calloc(1, sizeof(*batch));
	int r;

	if (!batch)
		return -ENOMEM;
	r = read_whole(path, &batch->bytes, &batch->bytes_cnt);
	if (r < 0)
		return r;
	if (memcmp(batch->bytes, BATCH_MAGIC, 8))
		return -EBADMSG;
	batch_rewind(batch);
	*ret_batch = TAKE_PTR(batch);
	return 0;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	for (uint32_t i = 0; i < batch->base_cnt; i++)
		bundle_free(batch->bases[i].bundle);
	free(batch->bases);
	free(batch->bytes);
	free(batch);
}

void batch_rewind(struct batch *batch)
{
	batch->at = 8;
	batch->passed = 0;
}

static int take_base(struct batch *batch, const uint8_t *at, size_t bytes)
{
	struct base *grown;

	if (batch->passed++ < batch->base_cnt)
		return 0;
	grown = realloc(batch->bases, (batch->base_cnt + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	batch->bases = grown;
	grown += batch->base_cnt;
	*grown = (struct base){ .bytes = at, .bytes_cnt = bytes };
	if (bundle_decode(at, bytes, &grown->bundle) < 0)
		return -EBADMSG;
	batch->base_cnt++;
	return 0;
}

static int take_program(const struct batch *batch, const uint8_t *at, size_t bytes, struct program *p)
{
	struct head head;
	size_t funcs;

	if (bytes < sizeof(head))
		return -EBADMSG;
	memcpy(&head, at, sizeof(head));
	if (head.insn_cnt > PROGRAM_INSNS_MAX || head.func_cnt > PROGRAM_FUNCS_MAX || head.base >= batch->base_cnt)
		return -EBADMSG;
	funcs = head.func_cnt * sizeof(*p->func_offs);
	if (bytes != sizeof(head) + funcs + head.insn_cnt * sizeof(*p->insns))
		return -EBADMSG;
	p->id = head.id;
	p->base = head.base;
	p->prog_type = head.prog_type;
	p->attach_type = head.attach_type;
	p->prog_flags = head.prog_flags;
	p->insn_cnt = head.insn_cnt;
	p->func_cnt = head.func_cnt;
	memcpy(p->func_offs, at + sizeof(head), funcs);
	memcpy(p->insns, at + sizeof(head) + funcs, head.insn_cnt * sizeof(*p->insns));
	return 1;
}

int batch_next(struct batch *batch, struct program *ret_program)
{
	while (batch->at + sizeof(struct record) <= batch->bytes_cnt) {
		const uint8_t *payload = batch->bytes + batch->at + sizeof(struct record);
		struct record record;
		int r;

		memcpy(&record, batch->bytes + batch->at, sizeof(record));
		if (record.bytes > batch->bytes_cnt - batch->at - sizeof(record))
			return -EBADMSG;
		batch->at += sizeof(record) + record.bytes;
		if (record.kind == RECORD_PROGRAM)
			return take_program(batch, payload, record.bytes, ret_program);
		r = record.kind == RECORD_BASE ? take_base(batch, payload, record.bytes) : -EBADMSG;
		if (r < 0)
			return r;
	}
	return 0;
}

const struct bgv_program *batch_base(const struct batch *batch, uint32_t base)
{
	return base < batch->base_cnt ? &batch->bases[base].bundle->prog : NULL;
}

const uint8_t *batch_base_bytes(const struct batch *batch, uint32_t base, size_t *ret_bytes)
{
	if (base >= batch->base_cnt)
		return NULL;
	*ret_bytes = batch->bases[base].bytes_cnt;
	return batch->bases[base].bytes;
}

const char *batch_base_source(const struct batch *batch, uint32_t base)
{
	const char *source = base < batch->base_cnt ? batch->bases[base].bundle->answer.source : NULL;

	return source ? source : "-";
}

uint32_t batch_base_cnt(const struct batch *batch)
{
	return batch->base_cnt;
}
