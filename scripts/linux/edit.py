# SPDX-License-Identifier: GPL-2.0-only
"""Edit scripts (core/linux/reverts/*/edit): changes to functions of a Linux tree, said by regular expressions, so that
nothing of Linux is in the repository. Works on texts; which files those are of is revert.py's business.

    in FILE FUNCTION            what follows is about this function
    replace REGEX => TEXT       the match; \\1 in TEXT is a group of it
    delete REGEX                the statement that the match is in
    before REGEX => TEXT        TEXT goes before that statement
    after REGEX => TEXT         TEXT goes behind it

A regular expression sees neither comments nor anything beyond the function, and must match once: what matches nothing,
or twice, is another tree than the one that the script was written for.
"""
import re

from errors import Failed

VERBS = ("replace", "delete", "before", "after")


class Operation:
    def __init__(self, file, function, verb, regex, text):
        self.file, self.function, self.verb, self.regex, self.text = file, function, verb, regex, text


def parse(script, name):
    """[Operation] of a script's text; name is for messages."""
    operations, place = [], None
    for number, line in enumerate(script.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        verb, _, rest = line.partition(" ")
        if verb == "in" and len(rest.split()) == 2:
            place = rest.split()
            continue
        regex, arrow, text = rest.partition(" => ")
        if verb not in VERBS or not regex or not place or bool(arrow) == (verb == "delete"):
            raise Failed(f"{name}:{number}: no operation: '{line}' (see scripts/linux/edit.py)")
        try:
            operations.append(Operation(*place, verb, re.compile(regex.strip(), re.S | re.M), text))
        except re.error as error:
            raise Failed(f"{name}:{number}: {error}: {regex}") from None
    if not operations:
        raise Failed(f"{name}: changes nothing")
    return operations


def without_comments(text):
    """The same text with spaces for what is in comments, so that positions stay."""
    def blank(match):
        return match[0] if match[0][0] in "\"'" else re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def span_of_function(code, function):
    """Where its definition begins and ends: by the kernel's style, at a name on a line that is not indented, and at the
    first brace in column 0. None: there is none, or there are several."""
    head = rf"^(?:[a-zA-Z_][^\n;{{}}=]*[\s*])?{re.escape(function)}\([^;{{}}]*\)"
    found = list(re.finditer(head + r"\s*\{.*?^\}", code, re.M | re.S))
    return found[0].span() if len(found) == 1 else None


def statement_around(code, start, end):
    """From behind the last ; or brace up to the ; that ends it, with what it depends on: "if (x) y();" is one."""
    code = re.sub(r'"(?:\\.|[^"\\\n])*"', lambda match: " " * len(match[0]), code)
    begin = max(code.rfind(mark, 0, start) for mark in ";{}") + 1
    begin += len(code[begin:]) - len(code[begin:].lstrip())
    return begin, code.index(";", end - 1) + 1


def apply(operation, text):
    """The text with the operation done; raises LookupError where it cannot be."""
    code = without_comments(text)
    span = span_of_function(code, operation.function)
    if not span:
        raise LookupError(f"no function {operation.function}() in {operation.file}")
    matches = list(operation.regex.finditer(code[:span[1]], span[0]))
    if len(matches) != 1:
        found = f"{len(matches)} matches" if matches else "nothing"
        raise LookupError(f"{found} of '{operation.regex.pattern}' in {operation.function}() of {operation.file}")
    match = matches[0]
    if operation.verb == "replace":
        begin, end = match.span()
        return text[:begin] + match.expand(operation.text) + text[end:]
    begin, end = statement_around(code, *match.span())
    if operation.verb == "delete":
        return text[:begin] + ";" + "\n" * text.count("\n", begin, end) + text[end:]
    at = begin if operation.verb == "before" else end
    return text[:at] + " " + operation.text + " " + text[at:]


def edited(operations, read):
    """{file: new text}; read gives the text of a file."""
    texts = {}
    for operation in operations:
        if operation.file not in texts:
            texts[operation.file] = read(operation.file)
        texts[operation.file] = apply(operation, texts[operation.file])
    return texts
