"""Gives a saved model the same bytes whenever it is the same model."""

import re
from pathlib import Path
from zipfile import ZipFile, ZipInfo

SCHEMA = "schema.json"
IDENTITY = re.compile(r'(?<="__id__": )\d+|\d+(?=\.npy")')


def rewrite(path: Path) -> None:
    """Rename the members of a skops archive by their order, and drop their times."""
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = members.pop(SCHEMA).decode()
    # skops names objects after their places in memory, which differ from one run to the next.
    found = dict.fromkeys(IDENTITY.findall(schema))
    numbers = {identity: str(number) for number, identity in enumerate(found)}
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(f"{numbers[Path(name).stem]}.npy"), content)
        archive.writestr(ZipInfo(SCHEMA), IDENTITY.sub(lambda old: numbers[old[0]], schema))
