"""What JSON Schema can't say: requests that the document's words forbid, though its schemas permit them.

Schemathesis sends none of them as permitted requests. What is excepted for a whole operation is in schemathesis.toml.
"""

import time

import schemathesis

# Schemas count code points; a name is limited in grapheme clusters, of which it never has more, and in bytes.
NAMES = {"display_name": (40, 256), "name": (80, 512)}


@schemathesis.hook
def filter_body(context, body):
    if not isinstance(body, dict):
        return True
    return all(is_short(body.get(field), *limits) for field, limits in NAMES.items())


@schemathesis.hook
def filter_case(context, case):
    return not isinstance(case.body, dict) or (ends_later(case.body) and has_use_for_password(case))


# A room has a password if that is what lets people in, and only then.
def has_use_for_password(case):
    if case.operation.path not in ("/rooms", "/rooms/{room_id}"):
        return True
    entry, has_password = case.body.get("entry"), isinstance(case.body.get("password"), str)
    return entry is None or has_password == (entry == "password")


# What ends has to do so in the future.
def ends_later(body):
    end = body.get("expires_at_ms")
    return not isinstance(end, int) or end > time.time() * 1000


def is_short(name, characters_max, bytes_max):
    if not isinstance(name, str):
        return True
    # Lone surrogates are no text.
    length = len(name.encode("utf-8", "surrogatepass"))
    return length > 2 * bytes_max or (len(name) <= characters_max and length <= bytes_max)
