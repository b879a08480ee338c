/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs for one PROG_LOAD. The canonical digest, which the broker computed itself from the bytes that will
 * be judged, is looked up among the programs of signed objects. A signature in the attr (Linux 6.18's format: detached
 * CMS over the instructions as the client passed them) is read by a judge and proved here, on kernels
 * that know it and on those that do not. Nothing of this grants anything: it adds facts.
 */
#include "daemon/broker/signed/signers.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "daemon/broker/signed/signed_objects.h"
#include "policy/prove.h"
#include "policy/signer.h"
#include "proto/refusal.h"

#define SIGNED_BYTES_MAX 8192	/* the kernel's own limit: EINVAL above */

static void signers_add_proof(struct ledger_prog *prog, const char *signer,
			      const uint8_t *cert_sha256, bool by_object)
{
	struct ledger_proof *proof;

	for (uint32_t i = 0; i < prog->proof_cnt; i++)
		if (strcmp(prog->proofs[i].signer, signer) == 0)
			return;
	if (prog->proof_cnt == LEDGER_PROOFS_MAX || strlen(signer) >= sizeof(proof->signer))
		return;
	prog->by_object |= (uint32_t)by_object << prog->proof_cnt;
	proof = &prog->proofs[prog->proof_cnt++];
	strcpy(proof->signer, signer);
	memcpy(proof->cert_sha256, cert_sha256, sizeof(proof->cert_sha256));
}

static void signers_add_digest(struct ledger_prog *prog, const uint8_t digest[32])
{
	if (prog->digest_cnt < LEDGER_DIGESTS_MAX)
		memcpy(prog->digests[prog->digest_cnt++], digest, 32);
}

/* The canonical digest is there (digests[0]) unless the program could not be described. */
static void signers_by_digest(struct work *work, struct ledger_prog *prog)
{
	const struct signed_program *known = NULL;

	if (prog->digest_cnt == 1)
		known = signed_objects_find(work->broker->objects, prog->digests[0]);
	if (!known)
		return;
	signers_add_digest(prog, known->object_sha256);
	for (uint32_t i = 0; i < known->proof_cnt; i++)
		signers_add_proof(prog, known->proofs[i].signer, known->proofs[i].cert_sha256,
				  true);
}

/* ---- the signature in the attr ---- */

static int signers_prove(struct work *work, struct ledger_prog *prog,
			 const struct cms_answer *answer)
{
	const struct request_ptr *insns = work_ptr(work, ATTR_PROG_LOAD_INSNS);
	const struct request_ptr *sig = work_ptr(work, ATTR_PROG_LOAD_SIGNATURE);
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	uint8_t sha256[SIGNER_SHA256_LEN];
	size_t proof_cnt = 0;
	int r;

	r = signer_sha256(insns->data, insns->bytes, sha256);
	if (r == 0)
		r = prove_cms(work->rules->policy, sig->data, sig->bytes, &answer->fields, sha256,
			      clock_now_s(), proofs, &proof_cnt, NULL);
	for (size_t i = 0; r == 0 && i < proof_cnt; i++)
		signers_add_proof(prog, proofs[i].signer, proofs[i].cert_sha256, false);
	if (r == 0 && proof_cnt == 0)
		r = -EKEYREJECTED;
	return r;
}

/* The errno are those of a kernel that checks signatures itself. */
static void signers_on_cms(void *ctx, struct judge_call *call)
{
	struct work *work = ctx;
	struct ledger_prog *prog = work_about(work);
	struct cms_answer answer;
	int r;

	if (call->verdict.says != JUDGE_SAYS_ACCEPT || call->result_cnt != 1 ||
	    call->results[0].byte_cnt != sizeof(answer)) {
		work_refuse(work, EBADMSG, DECISION_BY_BROKER, REFUSAL_SIGNATURE,
			    "no judge could read the signature");
		return;
	}
	memcpy(&answer, call->results[0].bytes, sizeof(answer));
	if (answer.reason != CMS_OK) {
		work_refuse(work, EBADMSG, DECISION_BY_BROKER, REFUSAL_SIGNATURE, "signature: %s",
			    prove_cms_reason((enum cms_reason)answer.reason));
		return;
	}
	r = signers_prove(work, prog, &answer);
	if (r == -EKEYREJECTED)
		work_refuse(work, EKEYREJECTED, DECISION_BY_BROKER, REFUSAL_SIGNATURE,
			    "the signature is not one of these instructions by a signer of the policy");
	else if (r < 0)
		work_refuse(work, -r, DECISION_BY_BROKER, REFUSAL_SIGNATURE,
			    "the signature could not be proved");
	else
		work_resume(work, 0);
}

static int signers_submit(struct work *work, const struct request_ptr *sig)
{
	struct judge_call *call = judge_call_new();

	if (!call)
		return -ENOMEM;
	judge_call_free(work->judge_call);
	work->judge_call = call;
	call->payload = malloc(sig->bytes);
	if (!call->payload)
		return -ENOMEM;
	memcpy(call->payload, sig->data, sig->bytes);
	call->payload_bytes = sig->bytes;
	call->job.kind = JUDGE_CMS;
	work_submit_judge(work, signers_on_cms);
	return 0;
}

void signers_find(struct work *work, struct ledger_prog *prog, work_then_fn then)
{
	const struct request_ptr *sig = work_ptr(work, ATTR_PROG_LOAD_SIGNATURE);
	int r;

	signers_by_digest(work, prog);
	work_then(work, then, prog);
	if (!sig || sig->state == WIRE_PTR_NULL) {
		work_resume(work, 0);
		return;
	}
	if (sig->state == WIRE_PTR_FAULT || sig->bytes == 0 || sig->bytes > SIGNED_BYTES_MAX) {
		work_reply(work, -EINVAL);
		return;
	}
	r = signers_submit(work, sig);
	if (r < 0)
		work_reply(work, r);
}
