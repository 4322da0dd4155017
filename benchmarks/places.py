"""Where things lie: the repository, the programs that are compared, the git-ignored scratch."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "benchmarks" / "programs"
SCRATCH = ROOT / ".run" / "bench"
