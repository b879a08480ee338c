/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of known programs, and the way into it. An offer goes: take its bytes, hash them, let a judge
 * read the signature, prove it, let another judge read the object, remember the digests. Judges are not
 * believed: the signature's fields only choose which key is tried, and what a judge says of an object
 * is filed under the signers of that very object. An object that nobody signed and no rule lists is
 * not read at all.
 */
#include "daemon/broker/signed/signed_objects.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "daemon/broker/work/broker.h"
#include "object/digest.h"
#include "policy/appended.h"
#include "policy/prove.h"
#include "policy/signer.h"
#include "proto/own.h"

#define PROGRAMS_MAX 4096	/* a megabyte; the oldest goes first */
#define SYMBOLIC_MAX 64		/* programs with addresses: another 128 KiB, and what one load looks through */
#define SYMBOLIC_TRIED_MAX 8	/* of that length, with zeroes in the same places: digests that one load costs */

struct known {
	struct signed_program program;
	TAILQ_ENTRY(known) link;
	TAILQ_ENTRY(known) symbolic;	/* where it has symbols */
	UT_hash_handle hh;
};

struct signed_objects {
	struct broker *broker;
	struct known *by_digest;
	TAILQ_HEAD(, known) by_age;
	TAILQ_HEAD(symbolic_head, known) symbolic;	/* newest first */
	size_t cnt, symbolic_cnt;
};

struct offer {
	struct signed_objects *objects;
	struct rules *rules;
	struct quota_charge bytes;
	struct quota_account *account;
	uint8_t *file, *sig;
	size_t object_bytes, sig_bytes;
	uint8_t sha256[32];
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	size_t proof_cnt;
	uint32_t program_cnt, unknown_cnt;
	struct elf_result unknown;	/* the first that has no digest */
	struct judge_call *call;
	char text[512];
	offer_done_fn on_done;
	void *ctx;
};

/* ---- the table ---- */

int signed_objects_new(struct broker *broker, struct signed_objects **ret_objects)
{
	struct signed_objects *objects = calloc(1, sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	objects->broker = broker;
	TAILQ_INIT(&objects->by_age);
	TAILQ_INIT(&objects->symbolic);
	*ret_objects = objects;
	return 0;
}

static void known_drop(struct signed_objects *objects, struct known *known)
{
	HASH_DEL(objects->by_digest, known);
	TAILQ_REMOVE(&objects->by_age, known, link);
	objects->cnt--;
	if (known->program.symbols) {
		TAILQ_REMOVE(&objects->symbolic, known, symbolic);
		objects->symbolic_cnt--;
	}
	free(known->program.symbols);
	free(known);
}

void signed_objects_free(struct signed_objects *objects)
{
	struct known *known;

	if (!objects)
		return;
	while ((known = TAILQ_FIRST(&objects->by_age)))
		known_drop(objects, known);
	free(objects);
}

static struct known *known_find(const struct signed_objects *objects, const uint8_t digest[32])
{
	struct known *known;

	HASH_FIND(hh, objects->by_digest, digest, 32, known);
	return known;
}

const struct signed_program *signed_objects_find(const struct signed_objects *objects,
						 const uint8_t digest[32])
{
	struct known *known = known_find(objects, digest);

	return known ? &known->program : NULL;
}

static struct known *known_make(struct signed_objects *objects, const uint8_t digest[32])
{
	struct known *known = known_find(objects, digest);

	if (known) {
		TAILQ_REMOVE(&objects->by_age, known, link);
		TAILQ_INSERT_TAIL(&objects->by_age, known, link);
		return known;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	if (objects->cnt == PROGRAMS_MAX)
		known_drop(objects, TAILQ_FIRST(&objects->by_age));
	memcpy(known->program.digest, digest, 32);
	HASH_ADD(hh, objects->by_digest, program.digest, 32, known);
	TAILQ_INSERT_TAIL(&objects->by_age, known, link);
	objects->cnt++;
	return known;
}

static void known_add_proof(struct signed_program *program, const struct policy_proof *proof)
{
	struct ledger_proof *slot;

	for (uint32_t i = 0; i < program->proof_cnt; i++)
		if (strcmp(program->proofs[i].signer, proof->signer) == 0 &&
		    memcmp(program->proofs[i].cert_sha256, proof->cert_sha256, 32) == 0)
			return;
	if (program->proof_cnt == LEDGER_PROOFS_MAX ||
	    strlen(proof->signer) >= sizeof(program->proofs[0].signer))
		return;
	slot = &program->proofs[program->proof_cnt++];
	strcpy(slot->signer, proof->signer);
	memcpy(slot->cert_sha256, proof->cert_sha256, sizeof(slot->cert_sha256));
}

/* Do the instructions load zeroes where the source asks for addresses? */
static bool known_fits(const struct signed_program *known, const struct bgv_program *prog)
{
	if (known->insn_cnt != prog->insn_cnt)
		return false;
	for (uint32_t i = 0; i < known->symbol_cnt; i++) {
		uint32_t idx = known->symbols[i].insn_idx;

		if (idx + 1 >= prog->insn_cnt || prog->insns[idx].code != (BPF_LD | BPF_IMM | BPF_DW) ||
		    prog->insns[idx].src_reg || prog->insns[idx].imm || prog->insns[idx + 1].imm)
			return false;
	}
	return true;
}

static int known_digest(const struct signed_program *known, const struct bgv_program *prog,
			struct vmbtf *vmbtf, uint8_t ret_digest[32])
{
	struct digest_symbol symbols[ELF_SYMBOLS_MAX];
	struct digest_options opt = { .symbols = symbols, .symbol_cnt = known->symbol_cnt };
	int r;

	for (uint32_t i = 0; i < known->symbol_cnt; i++)
		symbols[i] = (struct digest_symbol){ known->symbols[i].insn_idx, known->symbols[i].name };
	r = digest_program(prog, &opt, ret_digest);
	if (r != -ENOENT || !vmbtf)
		return r;
	opt.vmlinux = vmbtf_names(vmbtf);
	return digest_program(prog, &opt, ret_digest);
}

int signed_objects_match_symbols(const struct signed_objects *objects, const struct bgv_program *prog,
				 struct vmbtf *vmbtf, uint8_t ret_digest[32])
{
	const struct known *known;
	unsigned int tried = 0;
	uint8_t digest[32];

	TAILQ_FOREACH(known, &objects->symbolic, symbolic) {
		if (!known_fits(&known->program, prog))
			continue;
		if (tried++ == SYMBOLIC_TRIED_MAX)
			return 0;
		if (known_digest(&known->program, prog, vmbtf, digest) < 0 ||
		    memcmp(digest, known->program.digest, sizeof(digest)) != 0)
			continue;
		memcpy(ret_digest, digest, sizeof(digest));
		return 1;
	}
	return 0;
}

static int known_set_symbols(struct signed_objects *objects, struct known *known, const struct elf_result *result)
{
	struct elf_symbol *symbols;

	known->program.insn_cnt = result->insn_cnt;
	if (!result->symbol_cnt || known->program.symbols)
		return 0;
	symbols = calloc(result->symbol_cnt, sizeof(*symbols));
	if (!symbols)
		return -ENOMEM;
	memcpy(symbols, result->symbols, result->symbol_cnt * sizeof(*symbols));
	for (uint32_t i = 0; i < result->symbol_cnt; i++)
		symbols[i].name[sizeof(symbols[i].name) - 1] = '\0';
	if (objects->symbolic_cnt == SYMBOLIC_MAX)
		known_drop(objects, TAILQ_LAST(&objects->symbolic, symbolic_head));
	known->program.symbols = symbols;
	known->program.symbol_cnt = result->symbol_cnt;
	TAILQ_INSERT_HEAD(&objects->symbolic, known, symbolic);
	objects->symbolic_cnt++;
	return 0;
}

/* A program of this offer's object. Another object that holds it, too, adds its signers. */
static int offer_add_program(struct offer *offer, const struct elf_result *result)
{
	struct known *known = known_make(offer->objects, result->digest);

	if (!known || known_set_symbols(offer->objects, known, result) < 0)
		return -ENOMEM;
	memcpy(known->program.object_sha256, offer->sha256, 32);
	for (size_t i = 0; i < offer->proof_cnt; i++)
		known_add_proof(&known->program, &offer->proofs[i]);
	offer->program_cnt++;
	return 0;
}

/* ---- the end of an offer ---- */

static void offer_free(struct offer *offer)
{
	judge_call_free(offer->call);
	free(offer->file);
	free(offer->sig);
	quota_charge_done(&offer->bytes);
	quota_account_unref(offer->account);
	rules_unref(offer->rules);
	free(offer);
}

__attribute__((format(printf, 3, 4))) static void offer_end(struct offer *offer, int error,
							    const char *format, ...)
{
	struct offer_outcome outcome = { .error = error, .text = offer->text,
					 .program_cnt = offer->program_cnt,
					 .unknown_cnt = offer->unknown_cnt,
					 .proofs = offer->proofs,
					 .proof_cnt = offer->proof_cnt };
	va_list args;

	va_start(args, format);
	vsnprintf(offer->text, sizeof(offer->text), format, args);
	va_end(args);
	memcpy(outcome.sha256, offer->sha256, sizeof(outcome.sha256));
	if (offer->on_done)
		offer->on_done(offer->ctx, &outcome);
	offer_free(offer);
}

void offer_forget(struct offer *offer)
{
	offer->on_done = NULL;
}

/* ---- the object ---- */

static int offer_submit(struct offer *offer, uint32_t kind, uint8_t *take_payload, size_t bytes,
			judge_done_fn on_done)
{
	struct judge_call *call = judge_call_new();

	if (!call) {
		free(take_payload);
		return -ENOMEM;
	}
	judge_call_free(offer->call);
	offer->call = call;
	call->job.kind = kind;
	call->payload = take_payload;
	call->payload_bytes = bytes;
	call->account = offer->account;
	call->on_done = on_done;
	call->ctx = offer;
	return judge_pool_submit(offer->objects->broker->judges, call);
}

static void offer_end_undecided(struct offer *offer, const char *what)
{
	const struct judge_verdict *verdict = &offer->call->verdict;

	if (verdict->says == JUDGE_SAYS_MALFORMED)
		offer_end(offer, -EBADMSG, "%s is malformed", what);
	else
		offer_end(offer, -EIO, "no judge could read %s", what);
}

/* One result of a judge: nothing in it is believed to end or to fit. */
static int offer_take_result(struct offer *offer, const struct judge_result *piece)
{
	struct elf_result result;

	if (piece->byte_cnt != sizeof(result))
		return -EBADMSG;
	memcpy(&result, piece->bytes, sizeof(result));
	if (result.symbol_cnt > ELF_SYMBOLS_MAX)
		return -EBADMSG;
	if (!result.err)
		return offer_add_program(offer, &result);
	if (!offer->unknown_cnt++)
		offer->unknown = result;
	return 0;
}

static void offer_end_read(struct offer *offer)
{
	const struct elf_result *unknown = &offer->unknown;

	if (!offer->unknown_cnt)
		offer_end(offer, 0, "%u programs known", offer->program_cnt);
	else
		offer_end(offer, 0, "%u programs known, %u that this kernel cannot load; %.64s: %.120s",
			  offer->program_cnt, offer->unknown_cnt, unknown->name, unknown->reason);
}

static void offer_on_object(void *ctx, struct judge_call *call)
{
	struct offer *offer = ctx;
	int r = 0;

	if (call->verdict.says != JUDGE_SAYS_ACCEPT) {
		offer_end_undecided(offer, "the object");
		return;
	}
	for (uint32_t i = 0; r == 0 && i < call->result_cnt; i++)
		r = offer_take_result(offer, &call->results[i]);
	if (r < 0)
		offer_end(offer, r, "the object's programs could not be remembered");
	else
		offer_end_read(offer);
}

/* Only what somebody vouches for is worth a judge. */
static void offer_read_object(struct offer *offer, const char *otherwise)
{
	uint8_t *file = TAKE_PTR(offer->file);
	int r;

	if (offer->proof_cnt == 0 && !policy_lists_digest(offer->rules->policy, offer->sha256)) {
		free(file);
		offer_end(offer, -EKEYREJECTED, "%s", otherwise);
		return;
	}
	r = offer_submit(offer, JUDGE_OBJECT, file, offer->object_bytes, offer_on_object);
	if (r < 0)
		offer_end(offer, r, "the object cannot be judged now: %s", strerror(-r));
}

/* ---- the signature ---- */

static const char *offer_note_text(const struct prove_note *notes, uint32_t cnt)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{ -EKEYREVOKED, "its signer is revoked" },
		{ -EKEYEXPIRED, "its signer has expired, or is not valid yet" },
		{ -EKEYREJECTED, "the signature does not fit these bytes: they were changed, or it is "
				 "another object's" },
		{ -EOPNOTSUPP, "the signature is not over SHA-256 with RSA or ECDSA" },
	};

	for (size_t i = 0; i < ARRAY_CNT(texts); i++)
		for (uint32_t j = 0; j < cnt; j++)
			if (notes[j].error == texts[i].error)
				return texts[i].text;
	return "nobody whom the policy names signed it";
}

static void offer_prove(struct offer *offer, const struct cms_answer *answer)
{
	struct prove_note notes[CMS_SIGNERS_MAX] = { 0 };
	int r;

	r = prove_cms(offer->rules->policy, offer->sig, offer->sig_bytes, &answer->fields,
		      offer->sha256, clock_now_s(), offer->proofs, &offer->proof_cnt, notes);
	for (size_t i = 0; r >= 0 && i < offer->proof_cnt; i++)
		offer->proofs[i].by_object = true;
	if (r < 0)
		offer_end(offer, r, "the signature was not read truthfully");
	else
		offer_read_object(offer, offer_note_text(notes, answer->fields.signer_cnt));
}

static void offer_on_cms(void *ctx, struct judge_call *call)
{
	struct offer *offer = ctx;
	struct cms_answer answer;

	if (call->verdict.says != JUDGE_SAYS_ACCEPT || call->result_cnt != 1 ||
	    call->results[0].byte_cnt != sizeof(answer)) {
		offer_end_undecided(offer, "the signature");
		return;
	}
	memcpy(&answer, call->results[0].bytes, sizeof(answer));
	if (answer.reason == CMS_OK)
		offer_prove(offer, &answer);
	else
		offer_end(offer, -EBADMSG, "%s", prove_cms_reason((enum cms_reason)answer.reason));
}

static int offer_read_signature(struct offer *offer)
{
	uint8_t *copy = malloc(offer->sig_bytes);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, offer->sig, offer->sig_bytes);
	return offer_submit(offer, JUDGE_CMS, copy, offer->sig_bytes, offer_on_cms);
}

/* ---- the beginning ---- */

/* Where object and signature are; one after the object goes before one beside it. */
static int offer_split(struct offer *offer, size_t file_bytes)
{
	size_t cms_bytes;
	int r = appended_split(offer->file, file_bytes, &offer->object_bytes, &cms_bytes);

	if (r <= 0)
		return r;
	free(offer->sig);
	offer->sig = malloc(cms_bytes);
	if (!offer->sig)
		return -ENOMEM;
	memcpy(offer->sig, offer->file + offer->object_bytes, cms_bytes);
	offer->sig_bytes = cms_bytes;
	return 0;
}

static int offer_begin(struct offer *offer, size_t file_bytes)
{
	int r;

	if (file_bytes > SIGNED_OBJECT_BYTES_MAX || offer->sig_bytes > SIGNED_OBJECT_SIG_MAX)
		return -EFBIG;
	r = quota_charge(offer->account, QUOTA_BYTES, file_bytes + offer->sig_bytes, &offer->bytes);
	if (r >= 0)
		r = offer_split(offer, file_bytes);
	if (r >= 0)
		r = signer_sha256(offer->file, offer->object_bytes, offer->sha256);
	if (r < 0)
		return r;
	if (offer->sig_bytes)
		return offer_read_signature(offer);
	/* Unsigned, but a rule may list its digest: then that is what vouches for it. */
	if (!policy_lists_digest(offer->rules->policy, offer->sha256))
		return -ENOKEY;
	return offer_submit(offer, JUDGE_OBJECT, TAKE_PTR(offer->file), offer->object_bytes,
			    offer_on_object);
}

int signed_objects_offer(struct signed_objects *objects, struct quota_account *account,
			 struct rules *rules, uint8_t *take_file, size_t file_bytes,
			 uint8_t *take_sig, size_t sig_bytes, offer_done_fn on_done, void *ctx,
			 struct offer **ret_offer)
{
	struct offer *offer = calloc(1, sizeof(*offer));
	int r;

	if (!offer) {
		free(take_file);
		free(take_sig);
		return -ENOMEM;
	}
	offer->objects = objects;
	offer->rules = rules_ref(rules);
	offer->account = account;
	account->ref_cnt++;
	offer->file = take_file;
	offer->sig = take_sig;
	offer->sig_bytes = sig_bytes;
	offer->on_done = on_done;
	offer->ctx = ctx;
	r = offer_begin(offer, file_bytes);
	if (r < 0) {
		offer_free(offer);
		return r;
	}
	if (ret_offer)
		*ret_offer = offer;
	return 0;
}
