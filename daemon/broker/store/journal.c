/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records for people and machines. Under systemd each goes to journald with its fields and a message
 * id. Who called stands in fields of our own: journald believes OBJECT_PID from root only, and the broker
 * is not root. Elsewhere one line goes to stderr. A record that cannot be written is lost: the daemon does
 * not stop for its log.
 */
#include "daemon/broker/store/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "daemon/broker/store/journal_ids.h"
#include "proto/own.h"

#define JOURNAL_FIELDS_MAX  32
#define JOURNAL_FIELD_BYTES 512

struct journal_record {
	struct iovec iov[JOURNAL_FIELDS_MAX];
	char text[JOURNAL_FIELDS_MAX][JOURNAL_FIELD_BYTES];
	int cnt;
};

static bool journal_is_there(void)
{
	/* Set by the service manager for units whose stderr is the journal. */
	return getenv("JOURNAL_STREAM") != NULL;
}

__attribute__((format(printf, 2, 3))) static void journal_add(struct journal_record *record,
							       const char *format, ...)
{
	va_list ap;
	int n;

	if (record->cnt == JOURNAL_FIELDS_MAX)
		return;
	va_start(ap, format);
	n = vsnprintf(record->text[record->cnt], JOURNAL_FIELD_BYTES, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	record->iov[record->cnt].iov_base = record->text[record->cnt];
	record->iov[record->cnt].iov_len = strlen(record->text[record->cnt]);
	record->cnt++;
}

static void journal_add_hex(struct journal_record *record, const char *field, const uint8_t *bytes,
			    size_t cnt)
{
	char hex[65] = "";

	for (size_t i = 0; i < cnt && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	journal_add(record, "%s=%s", field, hex);
}

static const char *journal_id_of(const struct decision *decision)
{
	static const char *const refused[DECISION_STAGE_CNT] = {
		[DECISION_BY_POLICY] = JOURNAL_ID_REFUSED_POLICY,
		[DECISION_BY_QUOTA] = JOURNAL_ID_QUOTA,
		[DECISION_BY_VERIFIER] = JOURNAL_ID_REFUSED_VERIFIER,
		[DECISION_BY_KERNEL] = JOURNAL_ID_KERNEL_DISAGREES,
		[DECISION_BY_BROKER] = JOURNAL_ID_REFUSED_POLICY,
	};

	if (decision->verdict == DECISION_ALLOWED)
		return JOURNAL_ID_ALLOWED;
	if (decision->verdict == DECISION_UNDECIDED)
		return JOURNAL_ID_UNDECIDED;
	return refused[decision->stage];
}

static void journal_format_line(const struct decision *decision, char *line, size_t bytes)
{
	char id[DECISION_ID_BYTES];

	decision_format_id(decision->id, id);
	snprintf(line, bytes, "%s uid %u pid %d%s%.64s: %s %s%s%s: %.240s", id, (unsigned int)decision->uid,
		 (int)decision->pid, decision->unit[0] ? " unit " : "", decision->unit,
		 decision->command, decision_verdict_name(decision->verdict),
		 decision->rule[0] ? " by rule " : "", decision->rule, decision->summary);
}

static void journal_add_program(struct journal_record *record, const struct decision *decision)
{
	const char *type = policy_prog_type_name(decision->prog_type);

	if (!decision->prog_type)
		return;
	journal_add(record, "BPFGATE_PROG_NAME=%s", decision->prog_name);
	journal_add(record, "BPFGATE_PROG_TYPE=%s", type ? type : "?");
	if (decision->prog_id)
		journal_add(record, "BPFGATE_PROG_ID=%u", decision->prog_id);
	if (decision->has_tag)
		journal_add_hex(record, "BPFGATE_PROG_TAG", decision->prog_tag, 8);
	if (decision->has_digest)
		journal_add_hex(record, "BPFGATE_OBJECT_SHA256", decision->digest, 32);
	if (decision->signers[0])
		journal_add(record, "BPFGATE_SIGNERS=%s", decision->signers);
	journal_add(record, "BPFGATE_INSNS=%llu", (unsigned long long)decision->insns);
	journal_add(record, "BPFGATE_STATES=%llu", (unsigned long long)decision->states);
	journal_add(record, "BPFGATE_VERIFY_USEC=%llu", (unsigned long long)decision->verify_us);
}

static void journal_add_decision(struct journal_record *record, const struct decision *decision)
{
	char id[DECISION_ID_BYTES];

	decision_format_id(decision->id, id);
	journal_add(record, "MESSAGE_ID=%s", journal_id_of(decision));
	journal_add(record, "PRIORITY=%d",
		    decision->verdict == DECISION_ALLOWED ? LOG_INFO : LOG_NOTICE);
	journal_add(record, "BPFGATE_PID=%d", (int)decision->pid);
	journal_add(record, "BPFGATE_DECISION_ID=%s", id);
	journal_add(record, "BPFGATE_COMMAND=%s", decision->command);
	journal_add(record, "BPFGATE_VERDICT=%s", decision_verdict_name(decision->verdict));
	journal_add(record, "BPFGATE_REASON_CODE=%s", decision->code);
	journal_add(record, "BPFGATE_RULE=%s", decision->rule);
	journal_add(record, "BPFGATE_PLACE=%s", decision->place);
	journal_add(record, "BPFGATE_UID=%u", (unsigned int)decision->uid);
	journal_add(record, "BPFGATE_UNIT=%s", decision->unit);
	journal_add(record, "BPFGATE_POLICY_DIGEST=%s", decision->policy_digest);
	if (decision->shadow_rule[0]) {
		journal_add(record, "BPFGATE_SHADOW_RULE=%s", decision->shadow_rule);
		journal_add(record, "BPFGATE_SHADOW_VERDICT=%s",
			    decision->shadow_allows ? "allowed" : "refused");
	}
	journal_add_program(record, decision);
}

/* All that the client was told: too long for the fields of fixed size. *ret_field is the caller's. */
static void journal_add_explanation(struct journal_record *record, const struct decision *decision,
				    char **ret_field)
{
	int len;

	if (!decision->text || record->cnt == JOURNAL_FIELDS_MAX)
		return;
	len = asprintf(ret_field, "BPFGATE_EXPLANATION=%s", decision->text);
	if (len < 0) {
		*ret_field = NULL;
		return;
	}
	record->iov[record->cnt].iov_base = *ret_field;
	record->iov[record->cnt].iov_len = (size_t)len;
	record->cnt++;
}

void journal_decision(const struct decision *decision)
{
	struct journal_record record = { .cnt = 0 };
	OWN_MEM char *explanation = NULL;
	char line[JOURNAL_FIELD_BYTES];

	journal_format_line(decision, line, sizeof(line));
	if (!journal_is_there()) {
		fprintf(stderr, "%s\n", line);
		return;
	}
	journal_add(&record, "MESSAGE=%s", line);
	journal_add_decision(&record, decision);
	journal_add_explanation(&record, decision, &explanation);
	(void)sd_journal_sendv(record.iov, record.cnt);
}

void journal_repeated(const struct decision *decision)
{
	char id[DECISION_ID_BYTES];

	decision_format_id(decision->id, id);
	journal_note(LOG_INFO, journal_id_of(decision), "uid %u: %s %s %u times more, last as %s",
		     (unsigned int)decision->uid, decision->command,
		     decision_verdict_name(decision->verdict), decision->repeated, id);
}

void journal_note(int priority, const char *id, const char *format, ...)
{
	struct journal_record record = { .cnt = 0 };
	char line[JOURNAL_FIELD_BYTES - 16];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (!journal_is_there()) {
		fprintf(stderr, "bpfgate-broker: %s\n", line);
		return;
	}
	journal_add(&record, "MESSAGE=%s", line);
	journal_add(&record, "PRIORITY=%d", priority);
	if (id)
		journal_add(&record, "MESSAGE_ID=%s", id);
	(void)sd_journal_sendv(record.iov, record.cnt);
}
