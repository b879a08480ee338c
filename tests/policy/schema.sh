#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The schema and the parser agree: what ships passes both; what is mutated in a way that the schema
# can see is refused by both. Ends with "N passed, N failed".
set -u

bpfgate=${BPFGATE:-$(pwd)/client/bpfgate}
policy=$(cd "${srcdir:-.}" && pwd)/policy
python3 -c 'import jsonschema' 2>/dev/null || { echo "skipped: python3-jsonschema is not installed"; exit 77; }
[ -x "$bpfgate" ] || { echo "no command $bpfgate"; exit 1; }

exec python3 - "$bpfgate" "$policy" <<'PYTHON'
import copy, glob, json, os, re, subprocess, sys, tempfile
import jsonschema

bpfgate, policy = sys.argv[1:]
schema = json.load(open(os.path.join(policy, "schema.json")))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
passed = failed = 0

def note(ok, what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED:", what)

def parser_takes(document):
    """As `policy test` loads it: names and keys are assumed to be there."""
    with tempfile.TemporaryDirectory() as directory:
        files = {}
        for kind, content in (("policy", document), ("cases", {"version": 1, "cases": []})):
            files[kind] = os.path.join(directory, kind + ".json")
            with open(files[kind], "w") as out:
                json.dump(content, out)
        return subprocess.run([bpfgate, "policy", "test", files["policy"], files["cases"]],
                              capture_output=True).returncode == 0

shipped = sorted(glob.glob(os.path.join(policy, "examples", "*.json"))) + [os.path.join(policy, "default.json")]
merged = {"version": 1, "signers": {}, "sets": {}, "rules": []}
for path in shipped:
    document = json.load(open(path))
    note(validator.is_valid(document), path + " against the schema")
    merged["signers"].update(document.get("signers", {}))
    merged["sets"].update(document.get("sets", {}))
    merged["rules"] += document["rules"]
note(len(shipped) >= 6, "the examples are there")
note(validator.is_valid(merged) and parser_takes(merged), "all examples in one file")

def places(value, path=()):
    """Every place of a document."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, path + (key,))

def at(document, path):
    for key in path:
        document = document[key]
    return document

def mutants(document):
    """One thing changed: a key renamed, a value of another kind."""
    for path in places(document):
        if not path:
            continue
        parent, key = path[:-1], path[-1]
        for value in (None, 7.5, "", [], {}, "x y"):
            mutant = copy.deepcopy(document)
            at(mutant, parent)[key] = value
            yield path, value, mutant
        if isinstance(key, str):
            mutant = copy.deepcopy(document)
            at(mutant, parent)[key + "x"] = at(mutant, parent).pop(key)
            yield path, "renamed", mutant

# what the schema refuses, the parser refuses; the parser may know better, never worse
small = {"version": 1, "sets": merged["sets"], "signers": {"distro": merged["signers"]["distro"], "ops": merged["signers"]["ops"]},
         "rules": [rule for rule in merged["rules"] if rule["id"] in ("edge-xdp", "never-dangerous")]}
tried = 0
for path, value, mutant in mutants(small):
    if validator.is_valid(mutant) or path[0] == "sets":
        continue
    tried += 1
    note(not parser_takes(mutant), "the parser takes %r at %s" % (value, "/".join(map(str, path))))
note(tried > 100, "enough mutants were tried: %d" % tried)

# what the schema has from the tables is made from them
def made(folder):
    return subprocess.run([sys.executable, os.path.join(folder, "policy", "schema.py"), "--check"], capture_output=True).returncode == 0
note(made(os.path.dirname(policy)), "policy/schema.py has not been run")
with tempfile.TemporaryDirectory() as directory:
    for name in ("policy/schema.py", "policy/schema.json", "policy/programs.def", "proto/kernel_types.def"):
        os.makedirs(os.path.join(directory, os.path.dirname(name)), exist_ok=True)
        text = open(os.path.join(os.path.dirname(policy), name)).read()
        with open(os.path.join(directory, name), "w") as out:
            out.write(text.replace('PROGRAMS_FLAG(samples', 'PROGRAMS_FLAG(sample'))
    note(not made(directory), "control: a key that the schema lacks is noticed")

# every key is described
def keys(node):
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for child in node.values():
            yield from keys(child)
page = open(os.path.join(policy, "bpfgate-policy.5.scd")).read()
for key in sorted(set(keys(schema))):
    note("*%s*" % key in page, "bpfgate-policy(5) does not describe " + key)
note("*no_such_key*" not in page, "control: what is not there is not found")

# the tables of keys have just the schema's, and each condition of the table has a key that states it
rows = [row for path in glob.glob(os.path.join(policy, "read*.c"))
        for row in re.findall(r'\{ "(\w+)", [a-z]\w+((?:, [^{}"]*)?) \}', open(path).read())]
rows += [(key, ", POLICY_COND_" + cond if cond != "NONE" else "") for key, cond in re.findall(
    r"^PROGRAMS_\w+\((\w+), \w+, (\w+), .*\)(?: /\*.*)?$", open(os.path.join(policy, "programs.def")).read(), re.M)]
read = {name for name, _ in rows}
free = {"only", "any_except", "uses_any"} | {k for k in schema["$defs"]["attach"]["properties"]}    # read one by one
for key in sorted(read ^ (set(keys(schema)) - (free - read))):
    note(False, "%s is in %s only" % (key, "the schema" if key not in read else "the parser"))
stated = {(re.search(r"POLICY_COND_(\w+)", more).group(1), name) for name, more in rows if "POLICY_COND_" in more}
conditions = re.findall(r'^COND\((\w+), "(\w+)"', open(os.path.join(policy, "condition.def")).read(), re.M)
for name, key in conditions:
    note((name, key) in stated, "no key states the condition " + name)
note(len(conditions) >= 15, "the conditions are found")
note(stated - {("MAPS", "types")} == set(conditions), "keys state other conditions than there are")

print("%d passed, %d failed" % (passed, failed))
sys.exit(1 if failed else 0)
PYTHON
