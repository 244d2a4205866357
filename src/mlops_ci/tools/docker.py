"""Docker, asked which image a name means now."""

from mlops_ci import process
from mlops_ci.errors import NothingToJudge, ProgramFailed

_REMEDY = "Install Docker, or scan an archive of the image."


def image_id(reference: str) -> str:
    """Return the digest of the image that a reference names on this machine.

    Raises:
        NothingToJudge: there is no such image.
        ProgramMissing, ProgramFailed: Docker is not installed, or its engine does not answer.
    """
    docker = process.resolve("docker", remedy=_REMEDY)
    done = process.run([docker, "image", "inspect", "--format", "{{.Id}}", "--", reference], check=False, timeout=60)
    if done.code == 0:
        return done.stdout.strip()
    if "no such image" in done.stderr.casefold():
        raise NothingToJudge(f"Docker has no image {reference} on this machine. Build or pull it first.")
    raise ProgramFailed(process.failure(done))
