/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier is a pure function, so an acceptance of exactly these bytes stays true while this
 * broker and this kernel run. Refusals are not kept: they carry logs, and nobody hurries to be refused.
 */
#include "daemon/broker/peers/verdicts.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "policy/signer.h"

#define VERDICTS_MAX		1024u
/* Hashing more would delay others longer than a judge would. */
#define VERDICTS_PAYLOAD_MAX	(1u << 20)

struct verdict_entry {
	uint8_t key[VERDICTS_KEY_BYTES];
	struct judge_verdict verdict;
	UT_hash_handle hh;
	TAILQ_ENTRY(verdict_entry) link;
};

struct verdicts {
	struct verdict_entry *entries;
	TAILQ_HEAD(, verdict_entry) order;	/* oldest first */
	unsigned int cnt;
};

int verdicts_new(struct verdicts **ret_verdicts)
{
	struct verdicts *verdicts = calloc(1, sizeof(*verdicts));

	if (!verdicts)
		return -ENOMEM;
	TAILQ_INIT(&verdicts->order);
	*ret_verdicts = verdicts;
	return 0;
}

static void verdicts_drop(struct verdicts *verdicts, struct verdict_entry *entry)
{
	HASH_DELETE(hh, verdicts->entries, entry);
	TAILQ_REMOVE(&verdicts->order, entry, link);
	verdicts->cnt--;
	free(entry);
}

void verdicts_free(struct verdicts *verdicts)
{
	struct verdict_entry *entry;

	if (!verdicts)
		return;
	while ((entry = TAILQ_FIRST(&verdicts->order)))
		verdicts_drop(verdicts, entry);
	free(verdicts);
}

bool verdicts_key(const struct judge_call *call, uint8_t ret_key[VERDICTS_KEY_BYTES])
{
	struct {
		uint8_t payload[VERDICTS_KEY_BYTES];
		uint64_t payload_bytes;
		uint32_t kind, mode, caps, insns, sandbox_needed, unused;
	} all = { .payload_bytes = call->payload_bytes,
		  .kind = call->job.kind,
		  .mode = call->job.mode,
		  .caps = call->job.caps,
		  .insns = call->job.insns,
		  .sandbox_needed = call->job.sandbox_needed };

	return call->payload_bytes <= VERDICTS_PAYLOAD_MAX &&
	       signer_sha256(call->payload, call->payload_bytes, all.payload) == 0 &&
	       signer_sha256(&all, sizeof(all), ret_key) == 0;
}

const struct judge_verdict *verdicts_find(const struct verdicts *verdicts,
					  const uint8_t key[VERDICTS_KEY_BYTES])
{
	struct verdict_entry *entry;

	HASH_FIND(hh, verdicts->entries, key, VERDICTS_KEY_BYTES, entry);
	return entry ? &entry->verdict : NULL;
}

void verdicts_put(struct verdicts *verdicts, const uint8_t key[VERDICTS_KEY_BYTES],
		  const struct judge_verdict *verdict)
{
	struct verdict_entry *entry;

	if (verdict->says != JUDGE_SAYS_ACCEPT || verdicts_find(verdicts, key))
		return;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return;
	if (verdicts->cnt >= VERDICTS_MAX)
		verdicts_drop(verdicts, TAILQ_FIRST(&verdicts->order));
	memcpy(entry->key, key, VERDICTS_KEY_BYTES);
	entry->verdict = *verdict;
	HASH_ADD(hh, verdicts->entries, key, VERDICTS_KEY_BYTES, entry);
	TAILQ_INSERT_TAIL(&verdicts->order, entry, link);
	verdicts->cnt++;
}
