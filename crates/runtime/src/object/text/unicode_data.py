"""Writes unicode_data.rs: what CPython 3.11 knows of each character, asked of it. Run it with that python3, in this folder."""

import unicodedata

FLAGS = ["alpha", "decimal", "digit", "numeric", "upper", "lower", "title", "space", "printable", "id_start",
         "id_continue", "assigned", "ignorable"]


def flags(code):
    if 0xD800 <= code < 0xE000:
        return 0
    s = chr(code)
    title = unicodedata.category(s) == "Lt"
    cased = s.isupper() or s.islower() or title
    # What lower() makes of a sigma tells which characters it overlooks.
    seen = (s + "\u03a3").lower()[-1] if cased else ("A\u03a3" + s + "A").lower()[1]
    properties = [
        s.isalpha(), s.isdecimal(), s.isdigit(), s.isnumeric(), s.isupper(), s.islower(), title, s.isspace(),
        s.isprintable(), s.isidentifier(), ("a" + s).isidentifier(), unicodedata.category(s) != "Cn", seen == "\u03c3",
    ]
    return sum(flag << at for at, flag in enumerate(properties))


def chars():
    return (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)


def rows(items, per_line):
    items = list(items)
    for at in range(0, len(items), per_line):
        yield "    " + ", ".join(items[at:at + per_line]) + ",\n"


def literal(text):
    return "".join("\\u{%x}" % ord(c) for c in text)


runs, classes = [], []
before = None
for code in range(0x110000):
    found = flags(code)
    if found != before:
        before = found
        if found not in classes:
            classes.append(found)
        runs.append(code << 8 | classes.index(found))

with open("unicode_data.rs", "w") as out:
    out.write("//! Made by unicode_data.py of what CPython 3.11 knows of characters (Unicode %s).\n"
              % unicodedata.unidata_version)
    out.write("//!\n//! For `super::unicode`, which says what the numbers mean.\n\n")
    out.write("/// The sets of properties that there are, as bits.\n#[rustfmt::skip]\n")
    out.write("pub(super) static CLASSES: [u16; %d] = [\n" % len(classes))
    out.writelines(rows(("0x%x" % c for c in classes), 12))
    out.write("];\n\n/// Where a run of characters begins, times 256, and the place of its set.\n#[rustfmt::skip]\n")
    out.write("pub(super) static RUNS: [u32; %d] = [\n" % len(runs))
    out.writelines(rows(("0x%x" % r for r in runs), 10))
    titles = [c for c in chars() if c.title() != c.upper()]
    folds = [c for c in chars() if c.casefold() != c.lower()]
    for name, doc, found, value in [
        ("TITLES", "Characters whose title case is not their upper case, and what it is.", titles, str.title),
        ("FOLDS", "Characters that are folded to something else than their lower case.", folds, str.casefold),
    ]:
        out.write("];\n\n/// %s\n#[rustfmt::skip]\npub(super) static %s: [(char, &str); %d] = [\n"
                  % (doc, name, len(found)))
        out.writelines(rows(("('%s', \"%s\")" % (literal(c), literal(value(c))) for c in found), 4))
    out.write("];\n")
