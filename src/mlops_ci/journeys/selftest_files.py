"""Files that `scan` must stop, each with the code of the finding that names it; harmless where they lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file with one defect."""

    defect: str
    group: str  # of scanners that look for it
    path: str
    content: bytes
    code: str

    def write(self, root: Path) -> None:
        """Write it into a repository."""
        path = root / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)


# Written apart, so that nobody finds a secret here.
_TOKEN = b"ghp" + b"_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
_TERRAFORM = b"""resource "aws_security_group" "open" {
  description = "Anyone may log in."
  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
_DOCKERFILE = b"""FROM python:3.12-slim
COPY . /app
USER root
CMD ["python", "-m", "app"]
"""
_WORKFLOW = b"""name: greet
on: pull_request_target
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "Thanks for ${{ github.event.pull_request.title }}"
"""
_PICKLE = b"cos\nsystem\n(S'echo loaded'\ntR."  # os.system("echo loaded"), when somebody loads it

BAD_FILES = (
    BadFile("vulnerable package", "dependencies", "selftest/requirements.txt", b"pyyaml==3.13\n", "MCI-SCAN-002"),
    BadFile("secret", "secrets", "selftest/token.txt", b"token: " + _TOKEN + b"\n", "MCI-SCAN-003"),
    BadFile("insecure Terraform", "iac", "selftest/main.tf", _TERRAFORM, "MCI-SCAN-005"),
    BadFile("Dockerfile as root", "iac", "selftest/Dockerfile", _DOCKERFILE, "MCI-SCAN-005"),
    BadFile("workflow injection", "workflows", ".github/workflows/selftest.yml", _WORKFLOW, "MCI-SCAN-006"),
    BadFile("malicious pickle", "models", "selftest/model.pkl", _PICKLE, "MCI-SCAN-007"),
)
