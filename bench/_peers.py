"""The peers' own environment, made on first use: some of them need older libraries than we do."""

import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".bench" / "peers"


def python() -> str:
    """Return the interpreter that has every peer at its pinned version."""
    wanted, stamp, found = (HERE / "peers.txt").read_text(), VENV / "peers.txt", VENV / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        print("installing the peers into .bench/peers …", flush=True)
        uv = ROOT / ".setup" / "bin" / "uv"
        subprocess.run([uv, "venv", "--quiet", "--allow-existing", VENV], check=True)
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", found]
        subprocess.run([*install, "--requirements", HERE / "peers.txt"], check=True)
        stamp.write_text(wanted)
    return str(found)
