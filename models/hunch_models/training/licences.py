"""Which installed packages may be learnt from: those whose metadata names only permissive licences."""

from __future__ import annotations

import re
from importlib.metadata import PackageMetadata

#: SPDX-like names, lower case, that ask for no more than attribution.
PERMISSIVE = frozenset(
    {
        *("0bsd", "apache", "apache-2.0", "apache2", "bsd", "bsd-2-clause", "bsd-3-clause", "bsl-1.0", "cc0-1.0"),
        *("hpnd", "isc", "mit", "mit-0", "mit-cmu", "ncsa", "psf", "psf-2.0", "python-2.0", "unlicense", "zlib"),
        "zpl-2.1",
    }
)

#: What people write in the free-text field, as patterns over the whole (first) line.
FREE_TEXT = (
    (r"(the )?mit( license)?( \(mit\))?|expat( license)?", "MIT"),
    (r"apache( software)?( license)?,?( version)?[ -]?v?(2(\.0)?)?( license)?", "Apache-2.0"),
    (r"(new |modified |simplified |3-clause |2-clause )?bsd([ -][23][ -]clause)?( license)?", "BSD"),
    (r"isc( license)?( \(iscl\))?", "ISC"),
    (r"(psf|python software foundation)( license)?(-2\.0)?", "PSF-2.0"),
)

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "zlib/libpng License": "Zlib",
}


def permissive_licence(metadata: PackageMetadata) -> str | None:
    """The licence in SPDX words when every part of it is permissive, else None (unknown counts as no).

    Looks at `License-Expression`, then the classifiers, then the first line of `License`.
    """
    expression = _field(metadata, "License-Expression")
    if expression:
        return expression if expression_is_permissive(expression) else None
    classifiers = [
        value.rsplit(" :: ", 1)[-1]
        for value in metadata.get_all("Classifier") or []
        if value.startswith("License ::") and not value.endswith("OSI Approved")
    ]
    if classifiers:
        names = [CLASSIFIERS.get(name) for name in classifiers]
        known = [name for name in names if name is not None]
        return " AND ".join(sorted(set(known))) if len(known) == len(names) else None
    first_line = _field(metadata, "License").split("\n", 1)[0].strip().lower()
    for pattern, name in FREE_TEXT:
        if re.fullmatch(pattern, first_line):
            return name
    return first_line if first_line in PERMISSIVE else None


def _field(metadata: PackageMetadata, name: str) -> str:
    values = metadata.get_all(name) or [""]
    return str(values[0]).strip()


def expression_is_permissive(expression: str) -> bool:
    """Whether an SPDX expression can be met with permissive licences alone.

    `A OR B` needs one permissive side; `AND` needs all; an exception after `WITH` only widens rights.
    """
    flat = re.sub(r"\s+WITH\s+\S+", "", expression.replace("(", " ").replace(")", " "), flags=re.IGNORECASE)
    if "(" in expression:  # nested alternatives: ask that every name is permissive
        names = re.split(r"\s+(?:AND|OR)\s+", flat.strip(), flags=re.IGNORECASE)
        return all(name.strip().lower() in PERMISSIVE for name in names)
    return any(
        all(name.strip().lower() in PERMISSIVE for name in re.split(r"\s+AND\s+", side, flags=re.IGNORECASE))
        for side in re.split(r"\s+OR\s+", flat.strip(), flags=re.IGNORECASE)
    )
