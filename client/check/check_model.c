/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rejection as data, read from what the verifier writes of it. Names and source lines are the program author's: kept
 * as they are, and escaped by whoever prints them.
 */
#include "client/check/check_model.h"

#include <stdlib.h>

#include "client/shared/out.h"
#include "proto/own.h"

json_t *check_model_text(const char *text)
{
	json_t *value = json_string(text);
	char *clean;

	if (value)
		return value;
	clean = out_safe_text(text, true);
	value = clean ? json_string(clean) : NULL;
	free(clean);
	return value;
}

json_t *check_model(const struct bgv_program *prog, const struct bgv_result *result, bool named)
{
	OWN_MEM char *text = NULL, *data = NULL;
	json_t *model, *whole = json_object();

	(void)bgv_explain(prog, result, &text);
	if (bgv_explain_json(prog, result, BGV_MODEL_SOURCE | (named ? BGV_MODEL_NAMED : 0), &data) < 0)
		data = NULL;
	model = data ? json_loads(data, 0, NULL) : NULL;
	(void)json_object_set_new(whole, "explanation", text && *text ? check_model_text(text) : json_null());
	(void)json_object_update(whole, model);
	json_decref(model);
	return whole;
}
