"""Restore a folder by its key, by the original's rules; on a push, whose entries all get, keep it where there is none.

The original keeps it when the job has ended. Here it is what stands there now.
"""

import os
import shutil
from pathlib import Path


def main() -> None:
    """Restore an entry of exactly this key, unless it is only looked for; of a home directory nothing is kept."""
    path, key = os.environ["INPUT_PATH"], os.environ["INPUT_KEY"]
    entry = Path(os.environ["STAND_IN_CACHE"]) / key.replace(":", "-")
    found = entry.is_dir()
    if found and os.environ["INPUT_LOOKUP"] != "true":
        shutil.copytree(entry, path, dirs_exist_ok=True)
        print(f"Cache restored from key: {key}")  # noqa: T201 - the job's log
    elif not found and os.environ["GITHUB_EVENT_NAME"] == "push" and Path(path).is_dir():
        shutil.copytree(path, entry)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.write(f"cache-hit={str(found).lower()}\n")


if __name__ == "__main__":
    main()
