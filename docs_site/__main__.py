"""``python -m docs_site`` builds the site; a link that leads nowhere fails it."""

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build/docs"
EXECUTED = ROOT / ".build/notebooks"


def main() -> None:
    """Gather the pages, build, and say where the site is."""
    warnings.filterwarnings("ignore", message="Using typeguard < 3")  # of pandera, at import
    from docs_site.staging import stage

    source, site = BUILD / "source", BUILD / "site"
    stage(source, executed=EXECUTED)
    shutil.rmtree(site, ignore_errors=True)
    strict = ("--fail-on-warning", "--keep-going", "--quiet")
    command = [sys.executable, "-m", "sphinx", *strict, "--conf-dir", str(Path(__file__).parent)]
    done = subprocess.run([*command, "-d", str(BUILD / "doctrees"), str(source), str(site)], check=False)
    if done.returncode != 0:
        sys.exit("the site was not built: see the warnings above")
    without = "" if EXECUTED.is_dir() else ", without executed notebooks (`make notebooks` makes them)"
    print(f"the site is {site / 'index.html'}{without}")


if __name__ == "__main__":
    main()
