/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a client's descriptors to an offer. Only sealed memfds are read: nobody can change them while we
 * look, and reading them can neither block nor reach a file system of the client's making. The name
 * that the client gives is not used for anything.
 */
#include "daemon/broker/present.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/broker/answer.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/signed/signed_objects.h"
#include "daemon/broker/store/decision_log.h"
#include "daemon/broker/store/kinds.h"
#include "daemon/broker/work/work.h"
#include "proto/refusal.h"
#include "proto/whole.h"

/* A whole sealed memfd of at most `most` bytes. */
static int present_read(int fd, size_t most, uint8_t **ret_bytes, size_t *ret_cnt)
{
	struct stat st;
	int r;

	if (kinds_of(fd) != KIND_MEMFD || fstat(fd, &st) < 0 || st.st_size <= 0)
		return -EBADMSG;
	if ((uint64_t)st.st_size > most)
		return -EFBIG;
	if (channel_check_sealed(fd, (uint64_t)st.st_size) < 0)
		return -EBADMSG;
	r = whole_read(fd, most, ret_bytes, ret_cnt);
	return r < 0 && r != -ENOMEM ? -EBADMSG : r;
}

/* What became of it stands where decisions stand, so that a refusal later has its reason before it. */
static void present_note(struct session *session, int error, const char *text, const char *signers)
{
	struct broker *broker = session->broker;
	OWN_MEM struct decision *decision =
		work_new_decision(broker, session->ident, session->account, broker->rules->policy, "PRESENT_OBJECT");

	if (!decision)
		return;
	decision->verdict = error ? DECISION_REFUSED : DECISION_ALLOWED;
	decision->stage = DECISION_BY_BROKER;
	decision->err = -error;
	snprintf(decision->code, sizeof(decision->code), "%s", error ? refusal_code(REFUSAL_OBJECT) : "");
	snprintf(decision->summary, sizeof(decision->summary), "%.255s", text);
	snprintf(decision->signers, sizeof(decision->signers), "%s", signers);
	decision_log_add(broker->decisions, decision, false);
	free(decision->text);
}

static void present_note_outcome(struct session *session, const struct offer_outcome *outcome)
{
	char signers[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < outcome->proof_cnt && used < sizeof(signers); i++)
		used += (size_t)snprintf(signers + used, sizeof(signers) - used, "%s%s", i ? "," : "",
					 outcome->proofs[i].signer);
	present_note(session, outcome->error, outcome->text, signers);
}

static json_t *present_answer(const struct offer_outcome *outcome)
{
	json_t *signers = json_array();
	char hex[65] = "";

	for (size_t i = 0; i < sizeof(outcome->sha256); i++)
		snprintf(hex + 2 * i, 3, "%02x", outcome->sha256[i]);
	for (size_t i = 0; i < outcome->proof_cnt; i++)
		json_array_append_new(signers, json_string(outcome->proofs[i].signer));
	return json_pack("{s:s, s:{s:s, s:b, s:s, s:o, s:i, s:i}}", "schema_version", "1.1", "object",
			 "sha256", hex, "accepted", outcome->error == 0, "text", outcome->text,
			 "signers", signers, "programs", (int)outcome->program_cnt, "not_loadable",
			 (int)outcome->unknown_cnt);
}

static void present_on_done(void *ctx, const struct offer_outcome *outcome)
{
	struct session *session = ctx;
	json_t *answer = present_answer(outcome);
	uint64_t frame_id = session->offer_frame;

	session->offer = NULL;
	present_note_outcome(session, outcome);
	if (answer_send(session, frame_id, answer, outcome->error) < 0)
		session_hang_up(session);
	json_decref(answer);
}

/* Before anybody looked into it. Objects that nobody signed are presented in passing: nothing failed. */
static int present_refuse(struct session *session, int error)
{
	if (error != -ENOKEY)
		present_note(session, error, strerror(-error), "");
	return error;
}

int present_object(struct session *session, const struct message *msg)
{
	struct broker *broker = session->broker;
	uint8_t *file = NULL, *sig = NULL;
	size_t file_bytes = 0, sig_bytes = 0;
	int r;

	if (msg->fd_cnt < 1 || msg->fd_cnt > 2)
		return -EBADMSG;
	if (!decide_names(broker, session->ident))
		return -EPERM;
	r = present_read(msg->fds[0], SIGNED_OBJECT_BYTES_MAX, &file, &file_bytes);
	if (r >= 0 && msg->fd_cnt == 2)
		r = present_read(msg->fds[1], SIGNED_OBJECT_SIG_MAX, &sig, &sig_bytes);
	if (r < 0) {
		free(file);
		return present_refuse(session, r);
	}
	session->offer_frame = msg->head.id;
	r = signed_objects_offer(broker->objects, session->account, broker->rules, file,
				 file_bytes, sig, sig_bytes, present_on_done, session,
				 &session->offer);
	return r < 0 ? present_refuse(session, r) : r;
}
